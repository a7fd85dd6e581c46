import { NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Language } from "../api/types";
import { currentLanguage, languages, setLanguage } from "../app/i18n";
import { isStaff, sessionQuery } from "../app/session";
import { renewSession } from "../app/session-state";
import { Door } from "./Door";
import { LoginForm } from "./LoginForm";
import classes from "./login.module.css";
import { doorQuery } from "./query";

export function LoginPage() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const client = useQueryClient();
  useDocumentTitle(t("login.submit"));
  return (
    <Door title={t("login.title")} foot={<LanguageChoice />}>
      <p className={classes.intro}>{t("login.intro")}</p>
      <LoginForm
        onDone={(me) => {
          client.removeQueries({ queryKey: sessionQuery.queryKey });
          renewSession();
          if (next) void navigate({ href: next, replace: true });
          else void navigate({ to: isStaff(me) ? "/queue" : "/", replace: true });
        }}
      />
      <Ways />
    </Door>
  );
}

/** For who cannot log in, as far as this portal has ways for them. */
function Ways() {
  const { t } = useTranslation();
  const door = useQuery(doorQuery);
  if (!door.data?.password_codes && !door.data?.sign_up) return null;
  return (
    <p className={classes.ways}>
      {door.data.password_codes && <Link to="/forgot-password">{t("login.forgot.link")}</Link>}
      {door.data.sign_up && <Link to="/sign-up">{t("login.sign_up.link")}</Link>}
    </p>
  );
}

function LanguageChoice() {
  const { t } = useTranslation();
  return (
    <NativeSelect
      className={classes.language}
      aria-label={t("login.language")}
      size="sm"
      variant="filled"
      value={currentLanguage()}
      onChange={(e) => void setLanguage(e.currentTarget.value as Language)}
      data={languages.map((l) => ({ value: l.code, label: l.name }))}
    />
  );
}

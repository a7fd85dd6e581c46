import { NativeSelect } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Language } from "../api/types";
import { Bell } from "../app/bell";
import { currentLanguage, languages, setLanguage } from "../app/i18n";
import { isStaff, sessionQuery } from "../app/session";
import { renewSession } from "../app/session-state";
import { LoginForm } from "./LoginForm";
import classes from "./login.module.css";

export function LoginPage() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const client = useQueryClient();
  useDocumentTitle(t("login.submit"));
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Bell size={44} />
        <h1 className={classes.title}>{t("login.title")}</h1>
        <p className={classes.intro}>{t("login.intro")}</p>
        <LoginForm
          onDone={(me) => {
            client.removeQueries({ queryKey: sessionQuery.queryKey });
            renewSession();
            if (next) void navigate({ href: next, replace: true });
            else void navigate({ to: isStaff(me) ? "/queue" : "/", replace: true });
          }}
        />
      </div>
      <NativeSelect
        className={classes.language}
        aria-label={t("login.language")}
        size="sm"
        variant="filled"
        value={currentLanguage()}
        onChange={(e) => void setLanguage(e.currentTarget.value as Language)}
        data={languages.map((l) => ({ value: l.code, label: l.name }))}
      />
    </main>
  );
}

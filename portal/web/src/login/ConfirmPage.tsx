import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type SignedUp, signUp } from "../api/people";
import { Refusal } from "../app/states";
import { Door } from "./Door";
import classes from "./login.module.css";
import { PasswordSet } from "./PasswordSet";
import { SetByToken } from "./SetPasswordPage";
import { useHashToken } from "./token";

/** Where the link of a sign-up leads. A press proves the address: programs that look at mails press nothing. */
export function ConfirmPage() {
  const { t } = useTranslation();
  const token = useHashToken();
  const confirm = useMutation({ mutationFn: () => signUp.confirm(token || "-") });
  const [done, setDone] = useState(false);
  useDocumentTitle(t("login.confirm.title"));
  return (
    <Door title={t(done ? "people.link.done_title" : "login.confirm.title")}>
      {done && <PasswordSet />}
      {!done && confirm.data && <Became what={confirm.data} onDone={() => setDone(true)} />}
      {!confirm.data && (
        <div className={classes.form}>
          <p className={classes.intro} style={{ marginBottom: 0 }}>
            {t("login.confirm.text")}
          </p>
          <Refusal error={confirm.error} />
          <Button size="md" fullWidth loading={confirm.isPending} onClick={() => confirm.mutate()}>
            {t("login.confirm.button")}
          </Button>
          {confirm.isError && <Link to="/login">{t("login.back")}</Link>}
        </div>
      )}
    </Door>
  );
}

function Became({ what, onDone }: { what: SignedUp; onDone: () => void }) {
  const { t } = useTranslation();
  const ticket = what.ticket_number ?? 0;
  if (what.outcome === "review") {
    return (
      <p className={classes.intro} role="status" data-outcome="review">
        {t("login.confirm.review")}
      </p>
    );
  }
  if (what.outcome === "known" || !what.token) {
    return (
      <>
        <p className={classes.intro} role="status" data-outcome="known">
          {t("login.confirm.known", { number: ticket })}
        </p>
        <Link to="/login">{t("login.back")}</Link>
      </>
    );
  }
  return (
    <div data-outcome="account">
      <p className={classes.intro} role="status" style={{ marginBottom: "0.6rem" }}>
        {t("login.confirm.account", { number: ticket })}
      </p>
      <SetByToken login={what.login ?? ""} token={what.token} onDone={onDone} />
    </div>
  );
}

import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { session } from "../api";
import type { Me } from "../api/types";
import { PasswordField } from "../app/PasswordField";
import { useLogOut } from "../app/session";
import { Refusal } from "../app/states";
import { Door } from "../login/Door";
import { FreshPassword, tooShort } from "../login/FreshPassword";
import classes from "../login/login.module.css";

/** Stands before everything else when staff asked for a password of the person's own. */
export function NewPassword({ me }: { me: Me }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const logOut = useLogOut();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [tried, setTried] = useState(false);
  useDocumentTitle(t("people.own_password.title"));
  const save = useMutation({
    mutationFn: () => session.updateMe({ password: { old, new: fresh } }),
    onSuccess: () => client.invalidateQueries(),
  });
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (old && !tooShort(fresh)) save.mutate();
  }
  return (
    <Door title={t("people.own_password.title")}>
      <p className={classes.intro}>{t("people.own_password.text")}</p>
      <form className={classes.form} onSubmit={submit} noValidate>
        <input type="text" autoComplete="username" value={me.login} hidden readOnly />
        <PasswordField
          label={t("people.own_password.given")}
          autoComplete="current-password"
          size="md"
          value={old}
          error={tried && !old && t("login.password_missing")}
          onChange={(e) => setOld(e.currentTarget.value)}
        />
        <FreshPassword size="md" value={fresh} onChange={setFresh} tried={tried} />
        <Refusal error={save.error} />
        <Button type="submit" size="md" fullWidth loading={save.isPending}>
          {t("people.own_password.save")}
        </Button>
        <Button variant="subtle" color="gray" onClick={() => void logOut()}>
          {t("common.nav.log_out")}
        </Button>
      </form>
    </Door>
  );
}

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { session } from "../api";
import type { Me } from "../api/types";
import { Refusal } from "../app/states";
import classes from "./login.module.css";

export function LoginForm(props: { login?: string; onDone: (me: Me) => void }) {
  const { t } = useTranslation();
  const [login, setLogin] = useState(props.login ?? "");
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState<{ login?: boolean; password?: boolean }>({});
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function submit(e: FormEvent) {
    e.preventDefault();
    const gaps = { login: !login.trim(), password: !password };
    setMissing(gaps);
    setError(undefined);
    if (gaps.login || gaps.password) return;
    setBusy(true);
    try {
      const { user } = await session.logIn(login.trim(), password);
      props.onDone(user);
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  }

  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput
        label={t("login.login")}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        size="md"
        value={login}
        onChange={(e) => setLogin(e.currentTarget.value)}
        error={missing.login && t("login.login_missing")}
        data-autofocus={props.login ? undefined : true}
      />
      <PasswordInput
        label={t("login.password")}
        name="password"
        autoComplete="current-password"
        size="md"
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        error={missing.password && t("login.password_missing")}
        data-autofocus={props.login ? true : undefined}
      />
      <Refusal error={error} />
      <Button type="submit" size="md" loading={busy} fullWidth>
        {t("login.submit")}
      </Button>
    </form>
  );
}

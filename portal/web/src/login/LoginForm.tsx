import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { digits } from "../actions/card";
import { session } from "../api";
import { asProblem } from "../api/problem";
import type { Me } from "../api/types";
import { PasswordField } from "../app/PasswordField";
import { Refusal } from "../app/states";
import classes from "./login.module.css";

/** User name and password; then, for who has an authenticator app, its code. */
export function LoginForm(props: { login?: string; onDone: (me: Me) => void }) {
  const { t } = useTranslation();
  const [login, setLogin] = useState(props.login ?? "");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string>(); // undefined: not asked for
  const [missing, setMissing] = useState<{ login?: boolean; password?: boolean; code?: boolean }>(
    {},
  );
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function submit(e: FormEvent) {
    e.preventDefault();
    const gaps = {
      login: !login.trim(),
      password: !password,
      code: code !== undefined && code.length < 6,
    };
    setMissing(gaps);
    setError(undefined);
    if (gaps.login || gaps.password || gaps.code) return;
    setBusy(true);
    try {
      const { user } = await session.logIn(login.trim(), password, code);
      props.onDone(user);
    } catch (err) {
      setBusy(false);
      const asked = asProblem(err).code === "code_needed";
      if (asked || code !== undefined) setCode("");
      if (!asked) setError(err);
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
        onChange={(e) => {
          setLogin(e.currentTarget.value);
          setCode(undefined);
        }}
        error={missing.login && t("login.login_missing")}
        data-autofocus={props.login ? undefined : true}
      />
      <PasswordField
        label={t("login.password")}
        name="password"
        autoComplete="current-password"
        size="md"
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        error={missing.password && t("login.password_missing")}
        data-autofocus={props.login ? true : undefined}
      />
      {code !== undefined && (
        <TextInput
          label={t("actions.code.label_app")}
          description={t("login.code_hint")}
          name="code"
          autoComplete="one-time-code"
          inputMode="numeric"
          autoFocus
          size="md"
          value={code}
          onChange={(e) => setCode(digits(e.currentTarget.value))}
          error={missing.code && t("actions.code.missing")}
        />
      )}
      <Refusal error={error} />
      <Button type="submit" size="md" loading={busy} fullWidth>
        {t("login.submit")}
      </Button>
    </form>
  );
}

import { Button, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { links } from "../api/people";
import { Refusal } from "../app/states";
import { Door } from "./Door";
import { FreshPassword, tooShort } from "./FreshPassword";
import classes from "./login.module.css";
import { PasswordSet } from "./PasswordSet";

/** A forgotten password: a code by mail, then another one. What is said is the same for every name. */
export function ForgotPage() {
  const { t } = useTranslation();
  const [login, setLogin] = useState("");
  const [step, setStep] = useState<"ask" | "code" | "done">("ask");
  useDocumentTitle(t("login.forgot.title"));
  return (
    <Door title={t(step === "done" ? "people.link.done_title" : "login.forgot.title")}>
      {step === "ask" && <Ask login={login} onChange={setLogin} onSent={() => setStep("code")} />}
      {step === "code" && (
        <ByCode login={login} onAgain={() => setStep("ask")} onDone={() => setStep("done")} />
      )}
      {step === "done" ? (
        <PasswordSet />
      ) : (
        <p className={classes.ways}>
          <Link to="/login">{t("login.back")}</Link>
        </p>
      )}
    </Door>
  );
}

function Ask(props: { login: string; onChange: (login: string) => void; onSent: () => void }) {
  const { t } = useTranslation();
  const [tried, setTried] = useState(false);
  const send = useMutation({
    mutationFn: () => links.forgot(props.login.trim()),
    onSuccess: props.onSent,
  });
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (props.login.trim()) send.mutate();
  }
  return (
    <>
      <p className={classes.intro}>{t("login.forgot.text")}</p>
      <form className={classes.form} onSubmit={submit} noValidate>
        <TextInput
          label={t("login.login")}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          size="md"
          value={props.login}
          error={tried && !props.login.trim() && t("login.login_missing")}
          onChange={(e) => props.onChange(e.currentTarget.value)}
        />
        <Refusal error={send.error} />
        <Button type="submit" size="md" fullWidth loading={send.isPending}>
          {t("login.forgot.send")}
        </Button>
      </form>
    </>
  );
}

function ByCode(props: { login: string; onAgain: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const [fresh, setFresh] = useState("");
  const [tried, setTried] = useState(false);
  const save = useMutation({
    mutationFn: () => links.setByCode(props.login.trim(), code.trim(), fresh),
    onSuccess: props.onDone,
  });
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (code.trim() && !tooShort(fresh)) save.mutate();
  }
  return (
    <>
      <p className={classes.intro} role="status">
        {t("login.forgot.sent")}
      </p>
      <form className={classes.form} onSubmit={submit} noValidate>
        <input type="text" autoComplete="username" value={props.login} hidden readOnly />
        <TextInput
          label={t("login.forgot.code")}
          description={t("login.forgot.code_hint")}
          name="code"
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          size="md"
          maxLength={40}
          value={code}
          error={tried && !code.trim() && t("login.forgot.code_missing")}
          onChange={(e) => setCode(e.currentTarget.value)}
        />
        <FreshPassword size="md" value={fresh} onChange={setFresh} tried={tried} />
        <Refusal error={save.error} />
        <Button type="submit" size="md" fullWidth loading={save.isPending}>
          {t("people.link.save")}
        </Button>
        <Button variant="subtle" color="gray" onClick={props.onAgain}>
          {t("login.forgot.again")}
        </Button>
      </form>
    </>
  );
}

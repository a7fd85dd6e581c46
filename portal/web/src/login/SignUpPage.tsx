import { Button, Textarea, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { signUp } from "../api/people";
import { Problem } from "../api/problem";
import { currentLanguage } from "../app/i18n";
import { Failed, Loading, Refusal } from "../app/states";
import { Door } from "./Door";
import classes from "./login.module.css";
import { doorQuery } from "./query";

const off = new Problem("policy", 403, { rule: "sign_up" });

/** The form for people without an account, where the portal has one. */
export function SignUpPage() {
  const { t } = useTranslation();
  const door = useQuery(doorQuery);
  const [sent, setSent] = useState("");
  useDocumentTitle(t("login.sign_up.title"));
  return (
    <Door title={t(sent ? "login.sign_up.sent_title" : "login.sign_up.title")}>
      {door.isPending && <Loading />}
      {door.isError && <Failed error={door.error} retry={() => void door.refetch()} />}
      {door.data && !door.data.sign_up && <Refusal error={off} />}
      {door.data?.sign_up && !sent && <Form onSent={setSent} />}
      {sent && (
        <p className={classes.intro} role="status">
          {t("login.sign_up.sent", { email: sent })}
        </p>
      )}
      <p className={classes.ways}>
        <Link to="/login">{t("login.back")}</Link>
      </p>
    </Door>
  );
}

function Form({ onSent }: { onSent: (email: string) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [text, setText] = useState("");
  const [tried, setTried] = useState(false);
  const send = useMutation({
    mutationFn: () =>
      signUp.send({
        name: name.trim(),
        email: email.trim(),
        text: text.trim(),
        language: currentLanguage(),
      }),
    onSuccess: () => onSent(email.trim()),
  });
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (name.trim() && email.trim() && text.trim()) send.mutate();
  }
  return (
    <>
      <p className={classes.intro}>{t("login.sign_up.text")}</p>
      <form className={classes.form} onSubmit={submit} noValidate>
        <TextInput
          label={t("people.field.name")}
          name="name"
          autoComplete="name"
          size="md"
          maxLength={120}
          value={name}
          error={tried && !name.trim() && t("login.sign_up.name_missing")}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <TextInput
          type="email"
          label={t("people.field.email")}
          description={t("login.sign_up.email_hint")}
          name="email"
          autoComplete="email"
          size="md"
          maxLength={254}
          value={email}
          error={tried && !email.trim() && t("login.sign_up.email_missing")}
          onChange={(e) => setEmail(e.currentTarget.value)}
        />
        <Textarea
          label={t("login.sign_up.what")}
          name="text"
          size="md"
          rows={5}
          maxLength={5000}
          value={text}
          error={tried && !text.trim() && t("login.sign_up.what_missing")}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        <Refusal error={send.error} />
        <Button type="submit" size="md" fullWidth loading={send.isPending}>
          {t("login.sign_up.send")}
        </Button>
      </form>
    </>
  );
}

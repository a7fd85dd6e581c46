import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { links } from "../api/people";
import { asProblem } from "../api/problem";
import { Failed, Loading, Refusal } from "../app/states";
import { Door } from "./Door";
import { FreshPassword, tooShort } from "./FreshPassword";
import classes from "./login.module.css";
import { PasswordSet } from "./PasswordSet";
import { useHashToken } from "./token";

/** Where the link of a welcome mail leads: a new password, without the old one. */
export function SetPasswordPage() {
  const { t } = useTranslation();
  const token = useHashToken();
  useDocumentTitle(t("people.own_password.title"));
  const owner = useQuery({
    queryKey: ["password-link", token],
    queryFn: () => links.owner(token || "-"),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const [done, setDone] = useState(false);
  return (
    <Door title={t(done ? "people.link.done_title" : "people.own_password.title")}>
      {done && <PasswordSet />}
      {!done && owner.isPending && <Loading />}
      {!done && owner.isError && <NoOwner error={owner.error} retry={() => void owner.refetch()} />}
      {!done && owner.data && (
        <SetByToken login={owner.data.login} token={token} onDone={() => setDone(true)} />
      )}
    </Door>
  );
}

/** A link that has run out stays so: there is another way to a password. */
function NoOwner({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation();
  if (asProblem(error).code !== "link_over") return <Failed error={error} retry={retry} />;
  return (
    <div className={classes.form}>
      <Refusal error={error} />
      <Link to="/forgot-password">{t("login.forgot.link")}</Link>
      <Link to="/login">{t("login.back")}</Link>
    </div>
  );
}

/** Sets the password of whom the token stands for. */
export function SetByToken(props: { login: string; token: string; onDone: () => void }) {
  const { t } = useTranslation();
  const [fresh, setFresh] = useState("");
  const [tried, setTried] = useState(false);
  const save = useMutation({
    mutationFn: () => links.use(props.token, fresh),
    onSuccess: props.onDone,
  });
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (!tooShort(fresh)) save.mutate();
  }
  return (
    <>
      <p className={classes.intro}>{t("people.link.text", { login: props.login })}</p>
      <form className={classes.form} onSubmit={submit} noValidate>
        <input type="text" autoComplete="username" value={props.login} hidden readOnly />
        <FreshPassword size="md" value={fresh} onChange={setFresh} tried={tried} />
        <Refusal error={save.error} />
        <Button type="submit" size="md" fullWidth loading={save.isPending}>
          {t("people.link.save")}
        </Button>
      </form>
    </>
  );
}

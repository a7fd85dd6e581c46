import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { links } from "../api/people";
import { Bell } from "../app/bell";
import { Failed, Loading, Refusal } from "../app/states";
import { FreshPassword, tooShort } from "./FreshPassword";
import classes from "./login.module.css";

/** Where the link of a welcome mail leads: a new password, without the old one. */
export function SetPasswordPage() {
  const { t } = useTranslation();
  // After the #: it is sent to no server by itself, and leaves the address bar and the history here.
  const [token] = useState(() => location.hash.slice(1));
  useEffect(() => {
    history.replaceState(history.state, "", location.pathname);
  }, []);
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
    <main className={classes.page}>
      <div className={classes.card}>
        <Bell size={44} />
        <h1 className={classes.title}>
          {t(done ? "people.link.done_title" : "people.own_password.title")}
        </h1>
        {done && <Done />}
        {!done && owner.isPending && <Loading />}
        {!done && owner.isError && (
          <Failed error={owner.error} retry={() => void owner.refetch()} />
        )}
        {!done && owner.data && (
          <Form login={owner.data.login} token={token} onDone={() => setDone(true)} />
        )}
      </div>
    </main>
  );
}

function Done() {
  const { t } = useTranslation();
  return (
    <>
      <p className={classes.intro} role="status">
        {t("people.link.done")}
      </p>
      <Button size="md" fullWidth renderRoot={(props) => <Link to="/login" {...props} />}>
        {t("login.submit")}
      </Button>
    </>
  );
}

function Form(props: { login: string; token: string; onDone: () => void }) {
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

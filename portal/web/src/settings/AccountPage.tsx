import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { session } from "../api";
import type { Language } from "../api/types";
import { SchemeChoice } from "../app/account-menu";
import { languages } from "../app/i18n";
import { PasswordField } from "../app/PasswordField";
import page from "../app/page.module.css";
import { useChangeLanguage, useMe } from "../app/session";
import { Refusal } from "../app/states";
import { SingleKeys } from "../keys/SingleKeys";
import { show } from "../keys/state";
import { FreshPassword, tooShort } from "../login/FreshPassword";
import { FactList } from "../manage/FactList";
import { SecondFactor } from "./Factors";
import { Sessions } from "./Sessions";
import classes from "./settings.module.css";

/** What a person sets for themselves. */
export function AccountPage() {
  const { t } = useTranslation();
  useDocumentTitle(t("account.title"));
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <h1 className={page.title}>{t("account.title")}</h1>
      <Known />
      <LanguageChoice />
      <section className={page.section} aria-labelledby="looks">
        <h2 id="looks" className={page.sectionTitle}>
          {t("common.scheme.label")}
        </h2>
        <SchemeChoice />
      </section>
      <Keyboard />
      <Name />
      <Password />
      <SecondFactor />
      <Sessions />
    </div>
  );
}

/** What the portal knows of the person, and the person does not change. */
function Known() {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <div className={`${page.card} ${classes.known}`} data-known>
      <FactList
        facts={[
          [t("people.field.login"), me.login],
          [t("people.field.email"), me.email || t("account.no_email")],
          [t("people.field.company"), me.company?.name],
          [t("people.field.role"), t(`common.role.${me.role}`)],
        ]}
      />
      <p className={page.hint}>{t("account.known_hint")}</p>
    </div>
  );
}

function Keyboard() {
  const { t } = useTranslation();
  return (
    <section className={page.section} aria-labelledby="keyboard">
      <h2 id="keyboard" className={page.sectionTitle}>
        {t("keys.singles.title")}
      </h2>
      <SingleKeys />
      <Button mt="sm" variant="default" onClick={() => show("sheet")}>
        {t("keys.sheet.title")}
      </Button>
    </section>
  );
}

function LanguageChoice() {
  const { t } = useTranslation();
  const me = useMe();
  const change = useMutation({ mutationFn: useChangeLanguage() });
  return (
    <section className={page.section} aria-labelledby="language">
      <h2 id="language" className={page.sectionTitle}>
        {t("login.language")}
      </h2>
      <NativeSelect
        className={classes.field}
        aria-labelledby="language"
        description={t("account.language_hint")}
        value={me.language}
        onChange={(e) => change.mutate(e.currentTarget.value as Language)}
        data={languages.map((l) => ({ value: l.code, label: l.name }))}
      />
      <Refusal error={change.error} />
    </section>
  );
}

function Name() {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const [name, setName] = useState(me.name);
  const save = useMutation({
    mutationFn: () => session.updateMe({ name: name.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["session"] });
      notifications.show({ message: t("account.saved") });
    },
  });
  return (
    <section className={page.section} aria-labelledby="name">
      <h2 id="name" className={page.sectionTitle}>
        {t("account.name")}
      </h2>
      <form
        className={classes.inline}
        onSubmit={(e) => {
          e.preventDefault();
          if (name.trim() && name.trim() !== me.name) save.mutate();
        }}
      >
        <TextInput
          className={classes.field}
          aria-labelledby="name"
          autoComplete="name"
          maxLength={100}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={save.isPending}>
          {t("common.action.save")}
        </Button>
      </form>
      <Refusal error={save.error} />
    </section>
  );
}

function Password() {
  const { t } = useTranslation();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [tried, setTried] = useState(false);
  const save = useMutation({
    mutationFn: () => session.updateMe({ password: { old, new: fresh } }),
    onSuccess: () => {
      setOld("");
      setFresh("");
      setTried(false);
      notifications.show({ message: t("account.password_saved") });
    },
  });
  function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (old && !tooShort(fresh)) save.mutate();
  }
  return (
    <section className={page.section} aria-labelledby="password">
      <h2 id="password" className={page.sectionTitle}>
        {t("account.password")}
      </h2>
      <form className={page.form} onSubmit={submit} noValidate>
        <input type="text" autoComplete="username" hidden readOnly />
        <PasswordField
          className={classes.field}
          label={t("account.password_old")}
          autoComplete="current-password"
          value={old}
          error={tried && !old && t("login.password_missing")}
          onChange={(e) => setOld(e.currentTarget.value)}
        />
        <FreshPassword className={classes.field} value={fresh} onChange={setFresh} tried={tried} />
        <Refusal error={save.error} />
        <div>
          <Button type="submit" variant="default" loading={save.isPending}>
            {t("account.password_save")}
          </Button>
        </div>
      </form>
    </section>
  );
}

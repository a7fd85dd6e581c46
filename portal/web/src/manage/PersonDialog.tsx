import { Button, Checkbox, NativeSelect, Select, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { roles, users } from "../api/people";
import type { Language, Person, Role } from "../api/types";
import { Dialog } from "../app/Dialog";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Refusal } from "../app/states";
import classes from "./manage.module.css";
import { companiesQuery, useSavedPerson } from "./queries";

interface Props {
  opened: boolean;
  person?: Person; // none: a new one
  company?: string; // of a new one
  onClose: () => void;
}

/** Creates an account, or changes one. */
export function PersonDialog({ opened, onClose, ...rest }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t(rest.person ? "people.edit_title" : "people.add")}
    >
      <Form {...rest} onClose={onClose} />
    </Dialog>
  );
}

interface Draft {
  name: string;
  email: string;
  login: string;
  phone: string;
  role: Role;
  company: string | null;
  language: Language | "";
  mustChange: boolean;
}

const draftOf = (p: Person | undefined, company: string | undefined): Draft => ({
  name: p?.name ?? "",
  email: p?.email ?? "",
  login: p?.login ?? "",
  phone: "",
  role: p?.role ?? "contact",
  company: p?.company?.id ?? company ?? null,
  language: (p?.language as Language | undefined) ?? "",
  mustChange: false,
});

const staff = (role: Role) => role === "technician" || role === "admin";

function useSave(d: Draft, person: Person | undefined, onClose: () => void) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const saved = useSavedPerson();
  const company = staff(d.role) ? "" : (d.company ?? "");
  return useMutation({
    mutationFn: () =>
      person
        ? users.change(person.id, person.version, {
            name: d.name.trim(),
            email: d.email.trim(),
            login: d.login.trim(),
            role: d.role,
            company_id: company,
            language: d.language || undefined,
          })
        : users.create({
            name: d.name.trim(),
            email: d.email.trim() || undefined,
            login: d.login.trim() || undefined,
            phone: d.phone.trim() || undefined,
            role: d.role,
            company_id: company || undefined,
            language: d.language || undefined,
            must_change: d.mustChange || undefined,
          }),
    onSuccess: (p) => {
      saved(p);
      void client.invalidateQueries({ queryKey: companiesQuery.queryKey }); // they count people
      notifications.show({ message: t(person ? "people.saved" : "people.created") });
      onClose();
      if (!person) void navigate({ to: "/manage/people/$user", params: { user: p.id } });
    },
  });
}

function Form({ person, company, onClose }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const [d, setDraft] = useState(() => draftOf(person, company));
  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  const save = useSave(d, person, onClose);
  return (
    <form
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (d.name.trim()) save.mutate();
      }}
    >
      <TextInput
        label={t("people.field.name")}
        value={d.name}
        maxLength={120}
        autoComplete="off"
        onChange={(e) => set({ name: e.currentTarget.value })}
        data-autofocus
      />
      <TextInput
        type="email"
        label={t("people.field.email")}
        value={d.email}
        autoComplete="off"
        onChange={(e) => set({ email: e.currentTarget.value })}
      />
      <Belongs draft={d} set={set} own={person?.id} />
      <div className={classes.pair}>
        <TextInput
          label={t("people.field.login")}
          placeholder={person ? undefined : t("people.field.login_made")}
          value={d.login}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={(e) => set({ login: e.currentTarget.value })}
        />
        <NativeSelect
          label={t("login.language")}
          value={d.language}
          onChange={(e) => set({ language: e.currentTarget.value as Language | "" })}
          data={[
            ...(person ? [] : [{ value: "", label: t("people.field.language_portal") }]),
            ...languages.map((l) => ({ value: l.code, label: l.name })),
          ]}
        />
      </div>
      {!person && (
        <>
          <TextInput
            type="tel"
            label={t("people.field.phone")}
            description={t("manage.factors.number_hint")}
            value={d.phone}
            autoComplete="off"
            onChange={(e) => set({ phone: e.currentTarget.value })}
          />
          <Checkbox
            label={t("people.must_change")}
            description={t("people.must_change_hint")}
            checked={d.mustChange}
            onChange={(e) => set({ mustChange: e.currentTarget.checked })}
          />
        </>
      )}
      <Refusal error={save.error} />
      <div className={page.actions}>
        <Button type="submit" loading={save.isPending} disabled={!d.name.trim()}>
          {t(person ? "common.action.save" : "people.create")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}

/** Role and company go together: users have one, staff have none. */
function Belongs(props: { draft: Draft; set: (c: Partial<Draft>) => void; own?: string }) {
  const { t } = useTranslation();
  const me = useMe();
  const companies = useQuery(companiesQuery);
  const { draft: d, set } = props;
  const offered = me.role === "admin" ? roles : roles.filter((r) => !staff(r));
  return (
    <div className={classes.pair}>
      <NativeSelect
        label={t("people.field.role")}
        description={t(`people.role_hint.${d.role}`)}
        value={d.role}
        disabled={props.own === me.id}
        onChange={(e) => set({ role: e.currentTarget.value as Role })}
        data={offered.map((r) => ({ value: r, label: t(`common.role.${r}`) }))}
      />
      {!staff(d.role) && (
        <Select
          label={t("people.field.company")}
          description={t("people.field.company_hint")}
          searchable
          clearable={!props.own}
          value={d.company}
          onChange={(company) => set({ company })}
          nothingFoundMessage={t("manage.none_title")}
          data={(companies.data ?? []).map((c) => ({ value: c.id, label: c.name }))}
          error={companies.isError}
        />
      )}
    </div>
  );
}

import { Button, MultiSelect, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type CatalogueEntry, catalogue } from "../api/manage";
import { Dialog } from "../app/Dialog";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { draftOf, type EntryForm, formOf } from "../manage/catalogue";
import { PeoplePicker } from "../manage/PeoplePicker";
import { companiesQuery } from "../manage/queries";
import classes from "./admin.module.css";
import { IconField } from "./IconField";
import { PackageFields } from "./PackageFields";
import { SaveForm } from "./SaveForm";

interface Props {
  opened: boolean;
  entry?: CatalogueEntry; // none: a new one
  onClose: () => void;
}

export function EntryDialog({ opened, entry, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="xl"
      title={entry ? entry.name : t("admin.software.new_title")}
    >
      <Form entry={entry} onClose={onClose} />
    </Dialog>
  );
}

function Form({ entry, onClose }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [form, setForm] = useState<EntryForm>(() => formOf(entry));
  const [removing, setRemoving] = useState(false);
  const set = (change: Partial<EntryForm>) => setForm((f) => ({ ...f, ...change }));
  const done = async (message: string) => {
    await client.invalidateQueries({ queryKey: ["manage", "software"] });
    notifications.show({ message });
    onClose();
  };
  const save = useMutation({
    mutationFn: () =>
      entry
        ? catalogue.change(entry.id, draftOf(form), entry.version)
        : catalogue.create(draftOf(form)),
    onSuccess: () => done(t("admin.software.saved")),
  });
  const remove = useMutation({
    mutationFn: () => catalogue.remove(entry?.id ?? ""),
    onSuccess: () => done(t("admin.software.removed")),
  });
  const packaged = draftOf(form).packages?.length;
  const ready = Boolean(form.name.trim() && packaged);
  const aside =
    entry &&
    (removing ? (
      <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
        {t("admin.software.remove_sure")}
      </Button>
    ) : (
      <Button variant="subtle" color="red" onClick={() => setRemoving(true)}>
        {t("admin.software.remove")}
      </Button>
    ));
  return (
    <SaveForm save={save} ready={ready} refused={remove.error} aside={aside}>
      <div className={classes.pair}>
        <TextInput
          label={t("admin.software.name")}
          required
          maxLength={100}
          value={form.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
          data-autofocus
        />
        <TextInput
          label={t("admin.software.publisher")}
          maxLength={100}
          value={form.publisher}
          onChange={(e) => set({ publisher: e.currentTarget.value })}
        />
      </div>
      <Textarea
        label={t("admin.software.description")}
        rows={2}
        maxLength={1000}
        value={form.description}
        onChange={(e) => set({ description: e.currentTarget.value })}
      />
      <IconField program={form.name} value={form.icon} onChange={(icon) => set({ icon })} />
      {(["windows", "macos"] as const).map((system) => (
        <PackageFields
          key={system}
          system={system}
          value={form[system]}
          onChange={(p) => set({ [system]: p })}
        />
      ))}
      <ForWhom form={form} set={set} />
      {!packaged && <p className={page.hint}>{t("admin.software.one_system")}</p>}
    </SaveForm>
  );
}

function ForWhom(props: { form: EntryForm; set: (change: Partial<EntryForm>) => void }) {
  const { t } = useTranslation();
  const { form, set } = props;
  const companies = useQuery({ ...companiesQuery, enabled: form.mode === "companies" });
  return (
    <>
      <NativeSelect
        label={t("admin.software.for_whom")}
        value={form.mode}
        onChange={(e) => set({ mode: e.currentTarget.value as EntryForm["mode"] })}
        data={(["everyone", "companies", "users"] as const).map((m) => ({
          value: m,
          label: t(`admin.software.audience.${m}`),
        }))}
      />
      {form.mode === "companies" && (
        <MultiSelect
          label={t("admin.software.companies")}
          searchable
          value={form.companies}
          onChange={(ids) => set({ companies: ids })}
          data={(companies.data ?? []).map((c) => ({ value: c.id, label: c.name }))}
        />
      )}
      {form.mode !== "everyone" && (
        <PeoplePicker
          label={t(form.mode === "users" ? "admin.policies.users" : "admin.software.users_besides")}
          value={form.users}
          onChange={(ids) => set({ users: ids })}
        />
      )}
      <Refusal error={companies.error} />
    </>
  );
}

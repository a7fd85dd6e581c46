import { Button, NativeSelect, Tabs, Textarea } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Macro, type MacroChanges, macros } from "../api/macros";
import type { FieldInfo, Priority } from "../api/types";
import { Dialog } from "../app/Dialog";
import { languages } from "../app/i18n";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { priorities } from "../staff/filter";
import { column, formQuery } from "../tickets/fields";
import { useStatuses } from "../tickets/statuses";
import classes from "./admin.module.css";
import { type NameMap, Names } from "./Names";

interface Props {
  opened: boolean;
  macro?: Macro; // none: a new one
  onClose: () => void;
  onSaved: () => void;
}

const variables = [
  "contact_name",
  "contact_first_name",
  "company",
  "ticket_number",
  "ticket_subject",
  "technician_name",
];

export function MacroDialog({ opened, onClose, ...props }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="lg"
      title={props.macro?.name ?? t("queue.macro.add")}
    >
      <Form onClose={onClose} {...props} />
    </Dialog>
  );
}

function Form({ macro, onClose, onSaved }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const [names, setNames] = useState<NameMap>(macro?.names ?? {});
  const [texts, setTexts] = useState<NameMap>(macro?.texts ?? {});
  const [changes, setChanges] = useState<MacroChanges>(macro?.changes ?? {});
  const done = () => {
    onSaved();
    onClose();
  };
  const save = useMutation({
    mutationFn: () =>
      macro
        ? macros.change(macro.id, { names, texts, changes })
        : macros.add({ names, texts, changes }),
    onSuccess: done,
  });
  const [sure, setSure] = useState(false);
  const remove = useMutation({
    mutationFn: () => macros.remove(macro?.id ?? ""),
    onSuccess: done,
  });
  const named = Object.values(names).some((n) => n.trim());
  return (
    <form
      className={page.form}
      style={{ maxWidth: "none" }}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        if (named) save.mutate();
      }}
    >
      <Names
        label={t("statuses.names")}
        hint={t("statuses.names_hint")}
        value={names}
        onChange={setNames}
      />
      <Texts value={texts} onChange={setTexts} />
      <Changes value={changes} onChange={setChanges} />
      <Refusal error={save.error ?? remove.error} />
      <div className={classes.spread}>
        <Button type="submit" loading={save.isPending} disabled={!named}>
          {t("common.action.save")}
        </Button>
        {macro && (
          <Button
            variant={sure ? "filled" : "subtle"}
            color="red"
            loading={remove.isPending}
            onClick={() => (sure ? remove.mutate() : setSure(true))}
          >
            {t(sure ? "statuses.remove_sure" : "statuses.remove")}
          </Button>
        )}
      </div>
    </form>
  );
}

function Texts({ value, onChange }: { value: NameMap; onChange: (v: NameMap) => void }) {
  const { t, i18n } = useTranslation();
  const [lang, setLang] = useState<string | null>(i18n.language);
  return (
    <fieldset className={classes.system}>
      <legend>{t("queue.macro.text")}</legend>
      <p className={classes.fieldHint}>{t("queue.macro.text_hint")}</p>
      <Tabs value={lang} onChange={setLang} keepMounted={false}>
        <Tabs.List aria-label={t("queue.macro.text")}>
          {languages.map((l) => (
            <Tabs.Tab key={l.code} value={l.code} lang={l.code}>
              {l.name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {languages.map((l) => (
          <Tabs.Panel key={l.code} value={l.code} pt="sm">
            <Textarea
              aria-label={`${t("queue.macro.text")} (${l.name})`}
              lang={l.code}
              rows={6}
              maxLength={5000}
              value={value[l.code] ?? ""}
              onChange={(e) => onChange({ ...value, [l.code]: e.currentTarget.value })}
            />
          </Tabs.Panel>
        ))}
      </Tabs>
      <p className={classes.fieldHint}>
        {t("queue.macro.variables")} {variables.map((v) => `{{${v}}}`).join(" ")}
      </p>
    </fieldset>
  );
}

interface ChangesProps {
  value: MacroChanges;
  onChange: (v: MacroChanges) => void;
}

function Changes({ value, onChange }: ChangesProps) {
  const { t } = useTranslation();
  const { list: statuses } = useStatuses();
  const form = useQuery(formQuery).data ?? [];
  const staff = column(form, "assignee")?.options ?? [];
  const keep = { value: "", label: t("work.bulk.keep") };
  const set = (part: Partial<MacroChanges>) => onChange({ ...value, ...part });
  return (
    <fieldset className={classes.system}>
      <legend>{t("queue.macro.changes_label")}</legend>
      <div className={classes.pair}>
        <NativeSelect
          label={t("tickets.status")}
          value={value.status ?? ""}
          onChange={(e) => set({ status: e.currentTarget.value || undefined })}
          data={[keep, ...statuses.map((s) => ({ value: s.key, label: s.name }))]}
        />
        <NativeSelect
          label={t("staff.priority")}
          value={value.priority ?? ""}
          onChange={(e) => set({ priority: (e.currentTarget.value || undefined) as Priority })}
          data={[keep, ...priorities.map((p) => ({ value: p, label: t(`common.priority.${p}`) }))]}
        />
        <NativeSelect
          label={t("staff.assignee")}
          value={value.assignee ?? ""}
          onChange={(e) => set({ assignee: e.currentTarget.value || undefined })}
          data={[
            keep,
            { value: "me", label: t("queue.macro.me") },
            { value: "nobody", label: t("tickets.unassigned") },
            ...staff.map((o) => ({ value: o.id, label: o.name })),
          ]}
        />
        {form.filter(isSimple).map((f) => (
          <NativeSelect
            key={f.id}
            label={f.name}
            value={String(value.fields?.[f.id] ?? "")}
            onChange={(e) => {
              const { [f.id]: _, ...rest } = value.fields ?? {};
              const chosen = e.currentTarget.value;
              set({ fields: chosen ? { ...rest, [f.id]: chosen } : rest });
            }}
            data={[keep, ...f.options.map((o) => ({ value: o.id, label: o.name }))]}
          />
        ))}
      </div>
    </fieldset>
  );
}

// What a macro sets is one of few: the other kinds of fields are about a single ticket.
const isSimple = (f: FieldInfo) => f.kind === "choice" && f.options.length > 0;

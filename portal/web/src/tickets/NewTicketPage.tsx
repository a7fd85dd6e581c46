import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { FieldInfo, Priority } from "../api/types";
import { keep, kept } from "../app/keep";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Empty, Failed, Loading, Refusal } from "../app/states";
import { AddFiles } from "../files/AddFiles";
import { Tray } from "../files/Tray";
import { useDropped } from "../files/useDropped";
import { useUploads } from "../files/useUploads";
import { FieldInput } from "./FieldInput";
import { changed, column, type Filled, formQuery, isColumn, missing } from "./fields";

interface Draft {
  subject: string;
  description: string;
  priority?: Priority;
  assignee?: string;
  fields?: Filled;
}

/** A ticket by hand, where the portal allows it. */
export function NewTicketPage() {
  const { t } = useTranslation();
  const me = useMe();
  const form = useQuery({ ...formQuery, enabled: me.policies.ticketing });
  useDocumentTitle(t("tickets.new"));
  if (!me.policies.manual_tickets || !me.policies.ticketing) {
    return (
      <Empty
        title={t("tickets.new")}
        action={
          <Button component={Link} to="/">
            {t("tickets.ask")}
          </Button>
        }
      >
        {t(`errors.policy_rule.${me.policies.ticketing ? "manual_tickets" : "ticketing"}`)}
      </Empty>
    );
  }
  if (form.isPending) return <Loading />;
  if (form.isError) return <Failed whole error={form.error} retry={() => void form.refetch()} />;
  return <Form form={form.data} />;
}

function Form({ form }: { form: FieldInfo[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft>(
    () => kept<Draft>("draft.new-ticket") ?? { subject: "", description: "" },
  );
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    keep("draft.new-ticket", draft.subject || draft.description ? draft : undefined);
  }, [draft]);
  const uploads = useUploads("new-ticket");
  const dropped = useDropped(uploads.add);
  const filled = draft.fields ?? {};
  const lacking = missing(form, filled);
  const needs = { subject: column(form, "subject"), description: column(form, "description") };
  const complete =
    (!needs.subject || draft.subject.trim()) &&
    (!needs.description || draft.description.trim()) &&
    lacking.length === 0;

  async function submit(e: FormEvent) {
    e.preventDefault();
    setTried(true);
    if (!complete || uploads.sending) return;
    setBusy(true);
    setError(undefined);
    try {
      const made = await tickets.create(
        {
          subject: needs.subject ? draft.subject.trim() : undefined,
          description: needs.description ? draft.description.trim() : undefined,
          priority: editable("priority") ? draft.priority : undefined,
          assignee_id: (editable("assignee") && draft.assignee) || undefined,
          fields: changed({}, filled),
        },
        uploads.sent,
      );
      keep("draft.new-ticket", undefined);
      uploads.clear();
      void client.invalidateQueries({ queryKey: ["tickets"] });
      await navigate({ to: "/tickets/$ticket", params: { ticket: made.id }, replace: true });
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  }

  const editable = (key: string) => column(form, key)?.mode === "edit";
  return (
    <div className={`${page.page} ${page.narrow}`}>
      <h1 className={page.title}>{t("tickets.new")}</h1>
      <p className={page.lead}>{t("tickets.form.lead")}</p>
      <form className={page.form} onSubmit={submit} noValidate {...dropped.handlers}>
        {needs.subject && (
          <TextInput
            label={t("tickets.form.subject")}
            value={draft.subject}
            maxLength={200}
            error={tried && !draft.subject.trim() && t("tickets.form.subject_missing")}
            onChange={(e) => setDraft({ ...draft, subject: e.currentTarget.value })}
          />
        )}
        {needs.description && (
          <Textarea
            label={t("tickets.form.description")}
            description={t("tickets.form.description_hint")}
            rows={7}
            autosize={false}
            value={draft.description}
            maxLength={8000}
            error={tried && !draft.description.trim() && t("tickets.form.description_missing")}
            onChange={(e) => setDraft({ ...draft, description: e.currentTarget.value })}
          />
        )}
        {editable("priority") && (
          <NativeSelect
            label={t("staff.priority")}
            value={draft.priority ?? "normal"}
            onChange={(e) => setDraft({ ...draft, priority: e.currentTarget.value as Priority })}
            data={(["low", "normal", "high", "urgent"] as const).map((p) => ({
              value: p,
              label: t(`common.priority.${p}`),
            }))}
          />
        )}
        {editable("assignee") && (
          <NativeSelect
            label={t("staff.assignee")}
            value={draft.assignee ?? ""}
            onChange={(e) => setDraft({ ...draft, assignee: e.currentTarget.value })}
            data={[
              { value: "", label: t("fields.nothing") },
              ...(column(form, "assignee")?.options ?? []).map((o) => ({
                value: o.id,
                label: o.name,
              })),
            ]}
          />
        )}
        {form
          .filter((f) => !isColumn(f) && f.mode === "edit")
          .map((f) => (
            <FieldInput
              key={f.id}
              field={f}
              value={filled[f.id]}
              error={tried && lacking.includes(f) && t("fields.missing")}
              onChange={(v) => setDraft({ ...draft, fields: { ...filled, [f.id]: v } })}
            />
          ))}
        <Tray uploads={uploads} />
        <Refusal error={error} />
        <div className={page.actions}>
          <Button type="submit" loading={busy || uploads.sending}>
            {t("tickets.form.submit")}
          </Button>
          <AddFiles uploads={uploads} />
          <Button component={Link} to="/tickets" variant="subtle" color="gray">
            {t("common.action.cancel")}
          </Button>
        </div>
      </form>
    </div>
  );
}

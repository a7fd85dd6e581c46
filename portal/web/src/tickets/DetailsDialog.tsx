import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { FieldInfo, Priority, TicketDetail } from "../api/types";
import { Dialog } from "../app/Dialog";
import page from "../app/page.module.css";
import { FieldInput } from "./FieldInput";
import { changed, column, filledOf, formQuery, isColumn } from "./fields";
import { ticketQuery } from "./queries";
import { Stale } from "./Stale";

const priorities: Priority[] = ["low", "normal", "high", "urgent"];

/** Opens the ticket's details for those who may change any of them. */
export function ChangeDetails({ ticket: x, staff }: { ticket: TicketDetail; staff?: boolean }) {
  const { t } = useTranslation();
  const form = useQuery(formQuery).data;
  const [open, setOpen] = useState(false);
  // Status is changed elsewhere, and so are, by staff, priority and technician.
  const elsewhere = staff ? ["status", "priority", "assignee"] : ["status"];
  const editable = form?.filter((f) => f.mode === "edit" && !elsewhere.includes(f.key ?? "")) ?? [];
  if (editable.length === 0) return null;
  return (
    <>
      <Button
        variant="subtle"
        {...(staff ? { size: "compact-md" } : { mb: "lg" })}
        onClick={() => setOpen(true)}
      >
        {t("fields.change")}
      </Button>
      <Dialog
        opened={open}
        onClose={() => setOpen(false)}
        size="lg"
        title={t("fields.change_title", { number: x.number })}
      >
        <Form ticket={x} form={editable} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

const partsOf = (x: TicketDetail) => ({
  subject: x.subject ?? "",
  description: x.description ?? "",
  priority: x.priority ?? ("normal" as Priority),
  assignee_id: x.assignee?.id ?? "",
  fields: filledOf(x.fields),
});

type Parts = ReturnType<typeof partsOf>;

/** What is mine: all that differs from what I began with. */
function mine(before: Parts, now: Parts): Partial<Parts> {
  const fields = changed(before.fields, now.fields);
  return {
    ...(now.subject !== before.subject && { subject: now.subject.trim() }),
    ...(now.description !== before.description && { description: now.description }),
    ...(now.priority !== before.priority && { priority: now.priority }),
    ...(now.assignee_id !== before.assignee_id && { assignee_id: now.assignee_id }),
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}

function Form(props: { ticket: TicketDetail; form: FieldInfo[]; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { ticket: x, form } = props;
  // Somebody else's change may come in while the form is open: it is not taken for mine.
  const [base, setBase] = useState(x);
  const [now, setNow] = useState<Parts>(() => partsOf(x));
  const set = (part: Partial<Parts>) => setNow((p) => ({ ...p, ...part }));
  const save = useMutation({
    mutationFn: ({ change, version }: { change: Partial<Parts>; version: number }) =>
      tickets.change(x.id, change, version),
    onSuccess: props.onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  const submit = () => save.mutate({ change: mine(partsOf(base), now), version: base.version });
  async function repeat() {
    const latest = await client.fetchQuery({ ...ticketQuery(x.id), staleTime: 0 });
    const change = mine(partsOf(base), now);
    const theirs = partsOf(latest);
    setBase(latest);
    setNow({ ...theirs, ...change, fields: { ...theirs.fields, ...change.fields } });
    save.mutate({ change, version: latest.version });
  }
  const assignees = column(form, "assignee");
  return (
    <form
      className={page.form}
      style={{ maxWidth: "none" }}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        submit();
      }}
    >
      {column(form, "subject") && (
        <TextInput
          label={t("tickets.form.subject")}
          value={now.subject}
          maxLength={200}
          onChange={(e) => set({ subject: e.currentTarget.value })}
          data-autofocus
        />
      )}
      {column(form, "description") && (
        <Textarea
          label={t("fields.description")}
          rows={5}
          value={now.description}
          maxLength={8000}
          onChange={(e) => set({ description: e.currentTarget.value })}
        />
      )}
      {column(form, "priority") && (
        <NativeSelect
          label={t("staff.priority")}
          value={now.priority}
          onChange={(e) => set({ priority: e.currentTarget.value as Priority })}
          data={priorities.map((p) => ({ value: p, label: t(`common.priority.${p}`) }))}
        />
      )}
      {assignees && (
        <NativeSelect
          label={t("staff.assignee")}
          value={now.assignee_id}
          onChange={(e) => set({ assignee_id: e.currentTarget.value })}
          data={[
            { value: "", label: t("tickets.unassigned") },
            ...assignees.options.map((o) => ({ value: o.id, label: o.name })),
          ]}
        />
      )}
      {form
        .filter((f) => !isColumn(f))
        .map((f) => (
          <FieldInput
            key={f.id}
            field={f}
            value={now.fields[f.id]}
            onChange={(v) => setNow((p) => ({ ...p, fields: { ...p.fields, [f.id]: v } }))}
          />
        ))}
      <Stale error={save.error} busy={save.isPending} onRepeat={() => void repeat()} />
      <div className={page.actions}>
        <Button type="submit" loading={save.isPending}>
          {t("common.action.save")}
        </Button>
        <Button variant="subtle" color="gray" onClick={props.onDone}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}

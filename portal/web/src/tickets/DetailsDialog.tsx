import { Button, Modal, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { FieldInfo, Priority, TicketDetail } from "../api/types";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import { FieldInput } from "./FieldInput";
import { changed, column, type Filled, filledOf, formQuery, isColumn } from "./fields";

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
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        size="lg"
        title={t("fields.change_title", { number: x.number })}
        closeButtonProps={{ "aria-label": t("common.action.close") }}
      >
        <Form ticket={x} form={editable} onDone={() => setOpen(false)} />
      </Modal>
    </>
  );
}

function Form(props: { ticket: TicketDetail; form: FieldInfo[]; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { ticket: x, form } = props;
  const [subject, setSubject] = useState(x.subject ?? "");
  const [description, setDescription] = useState(x.description ?? "");
  const [priority, setPriority] = useState<Priority>(x.priority ?? "normal");
  const [assignee, setAssignee] = useState(x.assignee?.id ?? "");
  const before = filledOf(x.fields);
  const [filled, setFilled] = useState<Filled>(before);
  const save = useMutation({
    mutationFn: () =>
      tickets.change(
        x.id,
        {
          subject: subject !== x.subject ? subject.trim() : undefined,
          description: description !== x.description ? description : undefined,
          priority: priority !== x.priority ? priority : undefined,
          assignee_id: assignee !== (x.assignee?.id ?? "") ? assignee : undefined,
          fields: changed(before, filled),
        },
        x.version,
      ),
    onSuccess: props.onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  const assignees = column(form, "assignee");
  return (
    <form
      className={page.form}
      style={{ maxWidth: "none" }}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        save.mutate();
      }}
    >
      {column(form, "subject") && (
        <TextInput
          label={t("tickets.form.subject")}
          value={subject}
          maxLength={200}
          onChange={(e) => setSubject(e.currentTarget.value)}
          data-autofocus
        />
      )}
      {column(form, "description") && (
        <Textarea
          label={t("fields.description")}
          rows={5}
          value={description}
          maxLength={8000}
          onChange={(e) => setDescription(e.currentTarget.value)}
        />
      )}
      {column(form, "priority") && (
        <NativeSelect
          label={t("staff.priority")}
          value={priority}
          onChange={(e) => setPriority(e.currentTarget.value as Priority)}
          data={priorities.map((p) => ({ value: p, label: t(`common.priority.${p}`) }))}
        />
      )}
      {assignees && (
        <NativeSelect
          label={t("staff.assignee")}
          value={assignee}
          onChange={(e) => setAssignee(e.currentTarget.value)}
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
            value={filled[f.id]}
            onChange={(v) => setFilled((now) => ({ ...now, [f.id]: v }))}
          />
        ))}
      <Refusal error={save.error} />
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

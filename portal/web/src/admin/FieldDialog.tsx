import { Button, NativeSelect, Switch } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type FieldRow, fields } from "../api/tickets";
import { Dialog } from "../app/Dialog";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";
import classes from "./admin.module.css";
import { Choices, type DraftChoice, sendable } from "./Choices";
import { type NameMap, Names } from "./Names";
import { SaveForm } from "./SaveForm";

interface Props {
  opened: boolean;
  field?: FieldRow; // none: a new one
  onClose: () => void;
  onSaved: () => void;
}

const kinds = ["text", "long_text", "number", "date", "yes_no", "choice", "choices"] as const;
type Kind = FieldRow["kind"];

export function FieldDialog({ opened, onClose, ...props }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="lg"
      title={props.field?.name ?? t("fields.new_title")}
    >
      <Form onClose={onClose} {...props} />
    </Dialog>
  );
}

function Form({ field, onClose, onSaved }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<Kind>(field?.kind ?? "text");
  const [names, setNames] = useState<NameMap>(field?.names ?? {});
  const [mode, setMode] = useState<FieldRow["mode"]>(field?.mode ?? "edit");
  const [required, setRequired] = useState(field?.required ?? false);
  const [choices, setChoices] = useState<DraftChoice[]>(
    () => field?.options.map((o) => ({ ...o, draft: o.id })) ?? [],
  );
  const chooses = kind === "choice" || kind === "choices";
  const done = () => {
    onSaved();
    onClose();
  };
  const save = useMutation({
    mutationFn: () => {
      const options = chooses ? sendable(choices) : undefined;
      return field
        ? fields.change(field.id, { names, mode, required, options })
        : fields.add({ kind, names, mode, required, options });
    },
    onSuccess: done,
  });
  const named = field?.key || Object.values(names).some((n) => n.trim());
  const ready = Boolean(named && (!chooses || field?.key || sendable(choices).length > 0));
  return (
    <SaveForm
      save={save}
      ready={ready}
      aside={field && !field.key && <Remove field={field} onDone={done} />}
    >
      {!field && (
        <NativeSelect
          label={t("fields.kind_label")}
          value={kind}
          onChange={(e) => setKind(e.currentTarget.value as Kind)}
          data={kinds.map((k) => ({ value: k, label: t(`fields.kind.${k}`) }))}
        />
      )}
      <Names
        label={t("statuses.names")}
        hint={t(field?.key ? "statuses.names_built_in" : "statuses.names_hint")}
        value={names}
        onChange={setNames}
      />
      <NativeSelect
        label={t("fields.mode_label")}
        description={t(`fields.mode_hint.${mode}`)}
        value={mode}
        onChange={(e) => setMode(e.currentTarget.value as FieldRow["mode"])}
        data={(["edit", ...(field?.key ? ["read_only" as const] : []), "hidden"] as const).map(
          (m) => ({ value: m, label: t(`fields.mode.${m}`) }),
        )}
      />
      {kind !== "column" && (
        <Switch
          checked={required}
          label={t("fields.required")}
          description={t("fields.required_hint")}
          classNames={{ track: classes.track }}
          onChange={(e) => setRequired(e.currentTarget.checked)}
        />
      )}
      {chooses && <Choices value={choices} onChange={setChoices} />}
    </SaveForm>
  );
}

/** What tickets have is archived and keeps its values; what none has is removed. */
function Remove({ field, onDone }: { field: FieldRow; onDone: () => void }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const archive = useMutation({
    mutationFn: (archived: boolean) => fields.change(field.id, { archived }),
    onSuccess: onDone,
  });
  const remove = useMutation({ mutationFn: () => fields.remove(field.id), onSuccess: onDone });
  return (
    <div className={page.actions}>
      <Button
        variant="subtle"
        loading={archive.isPending}
        onClick={() => archive.mutate(!field.archived)}
      >
        {t(field.archived ? "fields.restore" : "fields.archive")}
      </Button>
      <Button
        variant={asked ? "filled" : "subtle"}
        color="red"
        loading={remove.isPending}
        onClick={() => (asked ? remove.mutate() : setAsked(true))}
      >
        {t(asked ? "fields.remove_sure" : "fields.remove")}
      </Button>
      <Refusal error={archive.error ?? remove.error} />
    </div>
  );
}

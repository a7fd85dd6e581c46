import { Button, NativeSelect, Switch } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import { type StatusRow, statuses } from "../api/tickets";
import type { StatusKind } from "../api/types";
import { Dialog } from "../app/Dialog";
import { Refusal } from "../app/states";
import classes from "./admin.module.css";
import { type NameMap, Names } from "./Names";
import { SaveForm } from "./SaveForm";

interface Props {
  opened: boolean;
  status?: StatusRow; // none: a new one
  others: StatusRow[]; // where its tickets may go
  onClose: () => void;
  onSaved: () => void;
}

const kinds: StatusKind[] = ["new", "open", "pending", "resolved", "closed"];
const colors = ["grey", "blue", "green", "yellow", "orange", "red", "violet"] as const;
type Color = (typeof colors)[number];

export function StatusDialog({ opened, onClose, ...props }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="lg"
      title={props.status?.name ?? t("statuses.new_title")}
    >
      <Form onClose={onClose} {...props} />
    </Dialog>
  );
}

function Form({ status, others, onClose, onSaved }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const [names, setNames] = useState<NameMap>(status?.names ?? {});
  const [kind, setKind] = useState<StatusKind>(status?.kind ?? "pending");
  const [color, setColor] = useState<Color>(status?.color ?? "grey");
  const [visible, setVisible] = useState(status?.visible ?? true);
  const done = () => {
    onSaved();
    onClose();
  };
  const save = useMutation({
    mutationFn: () =>
      status
        ? statuses.change(status.key, { names, color, visible })
        : statuses.add({ kind, names, color, visible }),
    onSuccess: done,
  });
  const named = status?.built_in || Object.values(names).some((n) => n.trim());
  const remove = status && !status.built_in && (
    <Remove status={status} others={others} onDone={done} />
  );
  return (
    <SaveForm save={save} ready={named} aside={remove}>
      {!status && (
        <NativeSelect
          label={t("statuses.kind_label")}
          description={t("statuses.kind_hint")}
          value={kind}
          onChange={(e) => setKind(e.currentTarget.value as StatusKind)}
          data={kinds.map((k) => ({ value: k, label: t(`statuses.kind.${k}`) }))}
        />
      )}
      <Names
        label={t("statuses.names")}
        hint={status?.built_in ? t("statuses.names_built_in") : t("statuses.names_hint")}
        value={names}
        onChange={setNames}
      />
      <NativeSelect
        label={t("statuses.color_label")}
        value={color}
        onChange={(e) => setColor(e.currentTarget.value as Color)}
        data={colors.map((c) => ({ value: c, label: t(`statuses.color.${c}`) }))}
      />
      <Switch
        checked={visible}
        label={t("statuses.visible")}
        description={t("statuses.visible_hint")}
        classNames={{ track: classes.track }}
        onChange={(e) => setVisible(e.currentTarget.checked)}
      />
    </SaveForm>
  );
}

/** Asks where the tickets go, as soon as the server says that there are some. */
function Remove(props: { status: StatusRow; others: StatusRow[]; onDone: () => void }) {
  const { t } = useTranslation();
  const { status, others } = props;
  const [asked, setAsked] = useState(false);
  const [to, setTo] = useState<string>(status.kind);
  const remove = useMutation({
    mutationFn: (replacement?: string) => statuses.remove(status.key, replacement),
    onSuccess: props.onDone,
  });
  const inUse = status.tickets > 0 || asProblem(remove.error ?? undefined).code === "in_use";
  if (!asked) {
    return (
      <Button variant="subtle" color="red" onClick={() => setAsked(true)}>
        {t("statuses.remove")}
      </Button>
    );
  }
  return (
    <div className={classes.removing}>
      {inUse && (
        <NativeSelect
          label={t("statuses.replacement", {
            count: Number(asProblem(remove.error ?? undefined).params.tickets ?? status.tickets),
          })}
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
          data={others.map((o) => ({ value: o.key, label: o.name }))}
        />
      )}
      <Button
        color="red"
        loading={remove.isPending}
        onClick={() => remove.mutate(inUse ? to : undefined)}
      >
        {t(inUse ? "statuses.remove_move" : "statuses.remove_sure")}
      </Button>
      {!inUse && <Refusal error={remove.error} />}
    </div>
  );
}

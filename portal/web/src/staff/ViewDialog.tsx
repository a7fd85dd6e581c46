import { Button, Checkbox, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type SavedView, savedViews } from "../api/queue";
import { Dialog } from "../app/Dialog";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Refusal } from "../app/states";
import type { savedOf } from "./filter";

interface Props {
  opened: boolean;
  onClose: () => void;
  view?: SavedView; // to rename and share; without one a new one is saved
  filter?: ReturnType<typeof savedOf>;
}

/** The name of a saved view, and, by admins, whether everybody has it. */
export function ViewDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Dialog
      opened={props.opened}
      onClose={props.onClose}
      title={t(props.view ? "queue.views.rename" : "queue.views.save")}
    >
      <Form {...props} />
    </Dialog>
  );
}

function Form({ view, filter, onClose }: Props) {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const [name, setName] = useState(view?.name ?? "");
  const [shared, setShared] = useState(view?.shared ?? false);
  const save = useMutation({
    mutationFn: () =>
      view
        ? savedViews.change(view.id, { name: name.trim(), shared })
        : savedViews.add({ name: name.trim(), shared, filter: filter ?? {} }),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: ["views"] }),
  });
  return (
    <form
      className={page.form}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        save.mutate();
      }}
    >
      <TextInput
        label={t("queue.views.name")}
        value={name}
        maxLength={60}
        onChange={(e) => setName(e.currentTarget.value)}
        data-autofocus
      />
      {me.role === "admin" && (
        <Checkbox
          label={t("queue.views.share")}
          checked={shared}
          onChange={(e) => setShared(e.currentTarget.checked)}
        />
      )}
      <Refusal error={save.error} />
      <div className={page.actions}>
        <Button type="submit" loading={save.isPending} disabled={!name.trim()}>
          {t("common.action.save")}
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          {t("common.action.cancel")}
        </Button>
      </div>
    </form>
  );
}

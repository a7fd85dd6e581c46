import { Button, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import page from "../app/page.module.css";
import { Refusal } from "../app/states";

interface Verdict {
  state: "open" | "done";
  note: string;
}

/** A note for colleagues, and whether the matter is closed. */
export function VerdictForm(props: {
  now: Verdict;
  doneBy?: string;
  save: (verdict: Verdict) => Promise<unknown>;
  children?: React.ReactNode;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [note, setNote] = useState(props.now.note);
  const save = useMutation({
    mutationFn: props.save,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["articles", "editor"] });
      notifications.show({ message: t("knowledge.review.saved") });
    },
  });
  const done = props.now.state === "done";
  return (
    <form
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ state: done ? "open" : "done", note });
      }}
    >
      <Textarea
        label={t("knowledge.review.note")}
        description={
          done && props.doneBy ? t("knowledge.review.done_by", { name: props.doneBy }) : undefined
        }
        autosize
        minRows={1}
        maxRows={8}
        maxLength={2000}
        value={note}
        onChange={(e) => setNote(e.currentTarget.value)}
      />
      <Refusal error={save.error} />
      <div className={page.actions}>
        <Button
          type="submit"
          size="sm"
          loading={save.isPending}
          variant={done ? "default" : "filled"}
        >
          {t(done ? "knowledge.review.reopen" : "knowledge.review.done")}
        </Button>
        {note !== props.now.note && (
          <Button
            size="sm"
            variant="default"
            disabled={save.isPending}
            onClick={() => save.mutate({ state: props.now.state, note })}
          >
            {t("knowledge.review.save")}
          </Button>
        )}
        {props.children}
      </div>
    </form>
  );
}

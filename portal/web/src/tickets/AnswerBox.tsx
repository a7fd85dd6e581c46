import { Button, Textarea } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import type { Attachment } from "../api/files";
import { Refusal } from "../app/states";
import { AddFiles } from "../files/AddFiles";
import { Tray } from "../files/Tray";
import { useDropped } from "../files/useDropped";
import { useUploads } from "../files/useUploads";
import classes from "./tickets.module.css";
import { type DraftPlace, useDraft } from "./useDraft";

interface Props {
  draftKey: string;
  place?: DraftPlace; // where the server keeps what is not sent yet
  label: string;
  button: string;
  tone?: "internal";
  onSend: (text: string, attachments: Attachment[]) => Promise<void>;
  onTyping?: (first: boolean) => void;
  above?: (text: string, setText: (text: string) => void) => ReactNode;
  children?: ReactNode;
}

/** A field whose text and files survive a reload and a refusal. */
export function AnswerBox(props: Props) {
  const { text, setText, sent } = useDraft(props.draftKey, props.place);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const uploads = useUploads(props.draftKey);
  const dropped = useDropped(uploads.add);

  async function submit(e: FormEvent) {
    e.preventDefault();
    if ((!text.trim() && uploads.sent.length === 0) || uploads.sending) return;
    setBusy(true);
    setError(undefined);
    try {
      await props.onSend(text.trim(), uploads.sent);
      sent();
      uploads.clear();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      className={classes.answerBox}
      data-tone={props.tone}
      data-over={dropped.over || undefined}
      onSubmit={submit}
      {...dropped.handlers}
    >
      {props.above?.(text, setText)}
      <Textarea
        label={props.label}
        rows={3}
        autosize={false}
        styles={{ input: { resize: "vertical" } }}
        value={text}
        maxLength={8000}
        onChange={(e) => {
          props.onTyping?.(text === "");
          setText(e.currentTarget.value);
        }}
      />
      <Tray uploads={uploads} />
      <Refusal error={error} />
      <div className={classes.answerRow}>
        <span className={classes.send}>
          <Button type="submit" loading={busy || uploads.sending}>
            {props.button}
          </Button>
          <AddFiles uploads={uploads} />
        </span>
        {props.children}
      </div>
    </form>
  );
}

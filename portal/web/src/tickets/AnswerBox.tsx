import { Button, Textarea } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { Refusal } from "../app/states";
import classes from "./tickets.module.css";
import { type DraftPlace, useDraft } from "./useDraft";

interface Props {
  draftKey: string;
  place?: DraftPlace; // where the server keeps what is not sent yet
  label: string;
  button: string;
  tone?: "internal";
  onSend: (text: string) => Promise<void>;
  onTyping?: (first: boolean) => void;
  above?: (text: string, setText: (text: string) => void) => ReactNode;
  children?: ReactNode;
}

/** A field whose text survives a reload and a refusal. */
export function AnswerBox(props: Props) {
  const { text, setText, sent } = useDraft(props.draftKey, props.place);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  async function submit(e: FormEvent) {
    e.preventDefault();
    if (!text.trim()) return;
    setBusy(true);
    setError(undefined);
    try {
      await props.onSend(text.trim());
      sent();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className={classes.answerBox} data-tone={props.tone} onSubmit={submit}>
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
      <Refusal error={error} />
      <div className={classes.answerRow}>
        <Button type="submit" loading={busy}>
          {props.button}
        </Button>
        {props.children}
      </div>
    </form>
  );
}

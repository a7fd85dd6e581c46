import { Button, Textarea } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { keep, kept } from "../app/keep";
import { Refusal } from "../app/states";
import classes from "./tickets.module.css";

interface Props {
  draftKey: string;
  label: string;
  button: string;
  tone?: "internal";
  onSend: (text: string) => Promise<void>;
  onTyping?: () => void;
  children?: ReactNode;
}

/** A field whose text survives a reload and a refusal. */
export function AnswerBox(props: Props) {
  const key = `draft.${props.draftKey}`;
  const [text, setText] = useState(() => kept<string>(key) ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => keep(key, text), [key, text]);

  async function submit(e: FormEvent) {
    e.preventDefault();
    if (!text.trim()) return;
    setBusy(true);
    setError(undefined);
    try {
      await props.onSend(text.trim());
      setText("");
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className={classes.answerBox} data-tone={props.tone} onSubmit={submit}>
      <Textarea
        label={props.label}
        rows={3}
        autosize={false}
        styles={{ input: { resize: "vertical" } }}
        value={text}
        maxLength={8000}
        onChange={(e) => {
          setText(e.currentTarget.value);
          props.onTyping?.();
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

import { Button } from "@mantine/core";
import { IconArrowUp, IconPlayerStopFilled } from "@tabler/icons-react";
import {
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "../api/files";
import { keep, kept } from "../app/keep";
import { AddFiles } from "../files/AddFiles";
import { Tray } from "../files/Tray";
import { useDropped } from "../files/useDropped";
import { useUploads } from "../files/useUploads";
import { useShortcuts } from "../keys/shortcuts";
import classes from "./composer.module.css";
import { maxText } from "./protocol";

export interface PutBack {
  n: number;
  text: string;
  attachments?: Attachment[];
}

interface Props {
  draftKey: string;
  onSend: (text: string, attachments: Attachment[]) => void;
  onTyping?: () => void;
  answering?: boolean;
  stopping?: boolean;
  onStop?: () => void;
  placeholder: string;
  /** What was put back to be edited; its number changes with each. */
  putBack?: PutBack;
  autoFocus?: boolean;
}

/** The field and one button: Send, which is Stop while an answer runs. */
export function Composer(props: Props) {
  const { t } = useTranslation();
  const key = `draft.${props.draftKey}`;
  const [text, setText] = useState(() => kept<string>(key) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  const over = text.trim().length - maxText;
  const uploads = useUploads(props.draftKey);
  const dropped = useDropped(uploads.add);
  const { restore } = uploads;

  useEffect(() => keep(key, text), [key, text]);

  useEffect(() => {
    if (!props.putBack) return;
    setText(props.putBack.text);
    restore(props.putBack.attachments ?? []);
    field.current?.focus();
  }, [props.putBack, restore]);

  useEffect(() => {
    // On a phone the keyboard would cover the page before anybody has read it.
    if (props.autoFocus && matchMedia("(pointer: fine)").matches) {
      field.current?.focus({ preventScroll: true });
    }
  }, [props.autoFocus]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const el = field.current;
    if (!el) return;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, 220)}px`;
  }, [text]);

  const something = text.trim().length > 0 || uploads.sent.length > 0;
  const ready = something && over <= 0 && !props.answering && !uploads.sending;

  useShortcuts([
    { key: "r", name: "write", run: () => field.current?.focus() },
    ...(props.answering && !props.stopping && props.onStop
      ? [{ key: "s", name: "stop", run: props.onStop } as const]
      : []),
  ]);

  function submit(e?: FormEvent) {
    e?.preventDefault();
    if (!ready) return;
    props.onSend(text.trim(), uploads.sent);
    setText("");
    uploads.clear();
    field.current?.focus();
  }

  function onKeyDown(e: KeyboardEvent) {
    if (e.key !== "Enter" || e.shiftKey || e.nativeEvent.isComposing) return;
    if (matchMedia("(pointer: coarse)").matches) return; // there Enter is a new line
    e.preventDefault();
    submit();
  }

  return (
    <form
      className={classes.composer}
      data-over={dropped.over || undefined}
      onSubmit={submit}
      {...dropped.handlers}
    >
      <Tray uploads={uploads} className={classes.tray} />
      <AddFiles uploads={uploads} className={classes.add} />
      <textarea
        ref={field}
        rows={1}
        className={classes.field}
        aria-label={t("chat.composer.label")}
        aria-describedby="composer-hint"
        aria-invalid={over > 0 || undefined}
        placeholder={props.placeholder}
        value={text}
        onChange={(e) => {
          setText(e.currentTarget.value);
          props.onTyping?.();
        }}
        onKeyDown={onKeyDown}
      />
      <span id="composer-hint" className={over > 0 ? classes.over : "sr-only"}>
        {over > 0 ? t("chat.composer.too_long", { count: over }) : t("chat.composer.hint")}
      </span>
      {props.answering ? (
        <Button
          key="stop"
          type="button"
          variant="default"
          radius="xl"
          className={classes.button}
          disabled={props.stopping}
          onClick={props.onStop}
          leftSection={<IconPlayerStopFilled size={15} aria-hidden="true" />}
        >
          {props.stopping ? t("chat.composer.stopping") : t("chat.composer.stop")}
        </Button>
      ) : (
        <Button
          key="send"
          type="submit"
          radius="xl"
          className={classes.button}
          aria-disabled={!ready || undefined}
          data-quiet={!ready || undefined}
          leftSection={<IconArrowUp size={17} aria-hidden="true" />}
        >
          <span className={classes.label}>{t("chat.composer.send")}</span>
        </Button>
      )}
    </form>
  );
}

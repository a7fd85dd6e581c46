import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Log } from "./log";

/** Tells screen readers that an answer begins and ends, or a person wrote, and nothing in between. */
export function Announcer(props: {
  running?: string;
  log?: Log;
  of?: "staff_message" | "user_message"; // whose words are news here
  name?: string; // who writes them, where the event does not say
}) {
  const { running, log, of = "staff_message", name } = props;
  const { t } = useTranslation();
  const before = useRef<string | undefined>(undefined);
  const [text, setText] = useState("");
  useEffect(() => {
    const was = before.current;
    before.current = running;
    if (running && running !== was) setText(t("chat.status.working"));
    else if (!running && was) {
      const end = log?.events.findLast((e) => e.kind === "turn_ended" && e.body?.turn === was);
      const reason = end?.kind === "turn_ended" ? end.body?.reason : undefined;
      setText(reason === "answered" ? t("chat.status.done") : t("chat.status.stopped"));
    }
  }, [running, log, t]);
  const last = log?.events.at(-1);
  useEffect(() => {
    if (last?.kind !== of || !last.body) return;
    const who = "name" in last.body ? String(last.body.name) : name;
    if (who) setText(t("chat.status.written", { name: who }));
  }, [last, of, name, t]);
  return (
    <div className="sr-only" role="status" data-testid="chat-status">
      {text}
    </div>
  );
}

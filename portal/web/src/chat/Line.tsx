import { IconArrowBackUp, IconNote, IconTicket, IconUserCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Trans, useTranslation } from "react-i18next";
import type { LogEvent } from "../api/types";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import { useStatuses } from "../tickets/statuses";
import classes from "./thread.module.css";

/** One quiet line for what happened around the talk: a ticket, a handoff, a note. */
export function Line({
  event,
  ticketPath = "/tickets/$ticket",
}: {
  event: LogEvent;
  ticketPath?: "/tickets/$ticket" | "/queue/$ticket";
}) {
  const format = useFormat();
  const body = useLine(event, ticketPath);
  if (!body) return null;
  return (
    <p className={classes.line} data-kind={event.kind}>
      {body.icon}
      <span>{body.text}</span>
      <time dateTime={event.at} title={format.full(event.at)}>
        {format.short(event.at)}
      </time>
    </p>
  );
}

function useLine(e: LogEvent, ticketPath: "/tickets/$ticket" | "/queue/$ticket") {
  const { t, i18n } = useTranslation();
  const say = useErrorText();
  const { find } = useStatuses();
  if (!e.body) return undefined;
  switch (e.kind) {
    case "ticket": {
      const { change, number, status, ticket_id, into, into_number } = e.body;
      const key =
        change === "opened" || change === "replied" || change === "unmerged"
          ? change
          : change === "merged" && into
            ? "merged"
            : change === "status" && status
              ? "status"
              : "changed";
      const label = status ? find(status).name : "";
      return {
        icon: <IconTicket size={17} stroke={1.6} aria-hidden="true" />,
        text: (
          <Trans
            t={t}
            i18nKey={`chat.line.ticket_${key}`}
            values={{ number: `#${number}`, status: label, into: `#${into_number}` }}
            components={{
              a: <Link to={ticketPath} params={{ ticket: ticket_id }} />,
              b: <Link to={ticketPath} params={{ ticket: into ?? ticket_id }} />,
            }}
          />
        ),
      };
    }
    case "handoff": {
      const { state, name } = e.body;
      const icon =
        state === "released" ? (
          <IconArrowBackUp size={17} stroke={1.6} aria-hidden="true" />
        ) : (
          <IconUserCheck size={17} stroke={1.6} aria-hidden="true" />
        );
      if (state === "taken") {
        return {
          icon,
          text: name
            ? t("chat.line.handoff_taken", { name })
            : t("chat.line.handoff_taken_unknown"),
        };
      }
      return { icon, text: t(`chat.line.handoff_${state}`) };
    }
    case "note": {
      const icon = <IconNote size={17} stroke={1.6} aria-hidden="true" />;
      const text = noteText(e.body, t as (key: string) => string, say, (key) => i18n.exists(key));
      return { icon, text };
    }
    default:
      return undefined;
  }
}

const notes = ["assistant_off", "waits_for_person", "person_will_reply", "code_masked"] as const;

// A note is a code: one of the chat's own, or one that also refuses things.
function noteText(
  note: { code: string; params?: Record<string, unknown> },
  t: (key: string) => string,
  say: (refusal: unknown) => string,
  exists: (key: string) => boolean,
): string {
  if (note.code === "is_it_fixed") return t("work.fixed.line");
  if (note.code === "is_it_fixed_assistant") return t("queue.assistant_asks");
  const own = notes.find((n) => n === note.code);
  if (own) return t(`chat.note.${own}`);
  return exists(`errors.${note.code}`) ? say(note) : t("chat.line.note");
}

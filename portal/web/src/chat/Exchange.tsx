import { Button } from "@mantine/core";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { ActionCard } from "../actions/ActionCard";
import type { Attachment } from "../api/files";
import type { Citation, LogEvent } from "../api/types";
import { useErrorText } from "../app/errors";
import { useFormat } from "../app/format";
import { Initials } from "../app/initials";
import { Attachments } from "../files/Attachments";
import { FixedQuestion } from "../tickets/FixedQuestion";
import { Answer } from "./Answer";
import { Line } from "./Line";
import { Markdown } from "./Markdown";
import { Steps } from "./Steps";
import type { Question as Asked, Part, Exchange as View } from "./thread";
import classes from "./thread.module.css";

export interface Doing {
  open(c: Citation): void;
  rate(seq: number, rating: "up" | "down", reason?: string): void;
  retry(text: string): void;
  again(id: string): void;
  edit(id: string, text: string, attachments?: Attachment[]): void;
  drop(id: string): void;
}

/** One question with its steps, answers and what happened around them. */
export const Exchange = memo(function Exchange(props: {
  view: View;
  doing: Doing;
  last: boolean;
  connected: boolean;
}) {
  const { view, doing } = props;
  const writing = view.parts.some((p) => p.kind === "partial");
  const now = view.running ? (writing ? undefined : waitingFor(view)) : undefined;
  const answered = view.parts.findIndex((p) => p.kind === "answer" || p.kind === "partial");
  const before = answered < 0 ? view.parts : view.parts.slice(0, answered);
  const after = answered < 0 ? [] : view.parts.slice(answered);
  const part = (p: Part, i: number) => (
    <PartView key={i} part={p} view={view} doing={doing} last={props.last} />
  );
  return (
    <>
      {view.question && <Question q={view.question} doing={doing} connected={props.connected} />}
      <Steps steps={view.steps} now={now} />
      {before.map(part)}
      {after.map((p, i) => part(p, before.length + i))}
    </>
  );
});

// Between the steps and the first word something is still going on; say which.
function waitingFor(view: View): "waiting" | "writing" {
  return view.steps.length > 0 && view.steps.every((s) => s.done) ? "writing" : "waiting";
}

function Question({ q, doing, connected }: { q: Asked; doing: Doing; connected: boolean }) {
  const { t } = useTranslation();
  const say = useErrorText();
  const format = useFormat();
  return (
    <div className={classes.question} data-state={q.state}>
      <article className={classes.bubble} aria-label={t("chat.you")}>
        {q.text || (!q.attachments?.length && <em>{t("chat.erased")}</em>)}
        <Attachments list={q.attachments} />
      </article>
      {q.at && (
        <time className={classes.time} dateTime={q.at} title={format.full(q.at)}>
          {format.short(q.at)}
        </time>
      )}
      {q.state === "sending" && (
        <span className={classes.time}>
          {connected ? t("chat.pending.sending") : t("chat.pending.waiting")}
        </span>
      )}
      {q.state === "failed" && (
        <div className={classes.failed} role="alert">
          <span>
            <strong>{t("chat.pending.failed")}.</strong>{" "}
            {say({ code: q.code ?? "internal", params: q.params })}
          </span>
          <span className={classes.row}>
            <Button size="compact-sm" variant="default" onClick={() => doing.again(q.id)}>
              {t("chat.pending.again")}
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              onClick={() => doing.edit(q.id, q.text, q.attachments)}
            >
              {t("chat.pending.edit")}
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              onClick={() => doing.drop(q.id)}
            >
              {t("chat.pending.drop")}
            </Button>
          </span>
        </div>
      )}
    </div>
  );
}

function PartView(props: { part: Part; view: View; doing: Doing; last: boolean }) {
  const { part, doing, view } = props;
  switch (part.kind) {
    case "answer":
      return (
        <Answer
          seq={part.seq}
          at={part.at}
          body={part.body}
          rating={part.rating}
          onOpen={doing.open}
          onRate={doing.rate}
        />
      );
    case "partial":
      return <Growing part={part} onOpen={doing.open} />;
    case "staff":
      return <StaffMessage part={part} />;
    case "line":
      return (
        <>
          <Line event={part.event} />
          <Fixed event={part.event} />
        </>
      );
    case "action":
      return <ActionCard id={part.action} version={part.seq} calls={props.last} />;
    case "ended":
      return <Ended part={part} question={view.question?.text} doing={doing} last={props.last} />;
  }
}

// Who asks whether it is fixed.
const fixed = new Set(["is_it_fixed", "is_it_fixed_assistant"]);

function Fixed({ event: e }: { event: LogEvent }) {
  if (e.kind !== "note" || !e.body?.params || !fixed.has(e.body.code)) return null;
  return <FixedQuestion ticket={String(e.body.params.ticket)} />;
}

/** An answer while it is written. */
export function Growing(props: {
  part: Part & { kind: "partial" };
  onOpen: (c: Citation) => void;
}) {
  const { text, citations } = props.part;
  return (
    <div className={classes.answer} data-partial>
      <Markdown text={text} citations={citations} onOpen={props.onOpen} growing />
    </div>
  );
}

export function StaffMessage({ part }: { part: Part & { kind: "staff" } }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <article className={classes.staff} aria-label={t("chat.staff")}>
      <Initials name={part.body.name} staff />
      <div>
        <p className={classes.by}>
          <strong>{part.body.name}</strong> <span>{t("chat.staff")}</span>{" "}
          <time dateTime={part.at} title={format.full(part.at)}>
            {format.short(part.at)}
          </time>
        </p>
        {part.body.text && <div className={classes.staffText}>{part.body.text}</div>}
        <Attachments list={part.body.attachments} />
      </div>
    </article>
  );
}

function Ended(props: {
  part: Part & { kind: "ended" };
  question?: string;
  doing: Doing;
  last: boolean;
}) {
  const { t } = useTranslation();
  const say = useErrorText();
  const { reason, code } = props.part.body;
  if (reason === "answered" || reason === "handoff") return null;
  return (
    <div className={classes.ended} data-reason={reason}>
      <span>
        {reason === "stopped" ? t("chat.ended.stopped") : t("chat.ended.failed")}
        {reason === "failed" && code && <> {say({ code })}</>}
      </span>
      {props.last && props.question && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => props.doing.retry(props.question ?? "")}
        >
          {t("chat.ended.retry")}
        </Button>
      )}
    </div>
  );
}

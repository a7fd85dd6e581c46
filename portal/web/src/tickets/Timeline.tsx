import { IconAlertTriangle, IconShieldCheck } from "@tabler/icons-react";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { ActionCard } from "../actions/ActionCard";
import type { Attachment } from "../api/files";
import type { TicketEdit } from "../api/tickets";
import type { Action, Citation, Reply } from "../api/types";
import { useFormat } from "../app/format";
import { Initials } from "../app/initials";
import { Answer } from "../chat/Answer";
import { Growing, StaffMessage } from "../chat/Exchange";
import { Line } from "../chat/Line";
import type { Log } from "../chat/log";
import type { Exchange } from "../chat/thread";
import thread from "../chat/thread.module.css";
import { Attachments } from "../files/Attachments";
import { EditLine } from "./EditLine";
import { StepDetails } from "./StepDetails";
import classes from "./tickets.module.css";
import { dayOf, keyOf, timeline } from "./timeline";

interface Props {
  log: Log;
  replies: Reply[];
  actions: Action[];
  edits?: TicketEdit[]; // for staff: what was changed, and by whom
  requester: string;
  staff: boolean; // staff also see each step with what went in and came out
  onOpen: (c: Citation) => void;
}

/** What was said and done, in one line of time, as the log has it. */
export function Timeline({ log, replies, actions, edits, requester, staff, onOpen }: Props) {
  const format = useFormat();
  const entries = timeline(log, replies, actions, edits);
  return (
    <ol className={classes.timeline}>
      {entries.map((e, i) => {
        const before = entries[i - 1];
        const newDay = !before || dayOf(before.at) !== dayOf(e.at);
        return (
          <li key={keyOf(e)}>
            {newDay && <div className={classes.day}>{format.date(e.at)}</div>}
            {e.kind === "reply" && <ReplyView reply={e.reply} />}
            {e.kind === "edit" && <EditLine edit={e.edit} />}
            {e.kind === "action" && <ActionCard id={e.action} />}
            {e.kind === "exchange" && (
              <Said view={e.view} requester={requester} staff={staff} onOpen={onOpen} />
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Said({
  view,
  requester,
  staff,
  onOpen,
}: Pick<Props, "requester" | "staff" | "onOpen"> & { view: Exchange }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      {view.question && (
        <article className={classes.reply} aria-label={requester} data-kind="user_message">
          <Initials name={requester} />
          <div className={classes.replyBody}>
            <p className={classes.by}>
              <strong>{requester}</strong>{" "}
              {view.question.at && (
                <time dateTime={view.question.at} title={format.full(view.question.at)}>
                  {format.short(view.question.at)}
                </time>
              )}
            </p>
            <Words text={view.question.text} files={view.question.attachments} />
          </div>
        </article>
      )}
      {view.steps.map((s) => (
        <StepDetails key={s.call} step={s} staff={staff} onOpen={onOpen} />
      ))}
      {view.parts.map((p, i) => (
        <Fragment key={i}>
          {p.kind === "answer" && (
            <Answer seq={p.seq} at={p.at} body={p.body} rating={p.rating} onOpen={onOpen} />
          )}
          {p.kind === "partial" && <Growing part={p} onOpen={onOpen} />}
          {p.kind === "staff" && <StaffMessage part={p} />}
          {p.kind === "action" && <ActionCard id={p.action} version={p.seq} />}
          {p.kind === "line" && (
            <Line event={p.event} ticketPath={staff ? "/queue/$ticket" : "/tickets/$ticket"} />
          )}
          {p.kind === "ended" && p.body.reason === "stopped" && (
            <p className={thread.ended}>{t("tickets.stopped_by_user")}</p>
          )}
          {p.kind === "ended" && p.body.reason === "failed" && (
            <p className={thread.ended} data-reason="failed">
              {t("chat.ended.failed")}
            </p>
          )}
        </Fragment>
      ))}
    </>
  );
}

/** What somebody wrote, with the files beside it; neither means that it was erased. */
function Words({ text, files }: { text: string; files?: Attachment[] | null }) {
  const { t } = useTranslation();
  return (
    <>
      {(text || !files?.length) && (
        <div className={classes.text}>{text || <em>{t("chat.erased")}</em>}</div>
      )}
      <Attachments list={files} />
    </>
  );
}

function ReplyView({ reply }: { reply: Reply }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <article
      className={classes.reply}
      data-internal={reply.internal || undefined}
      aria-label={
        reply.internal ? t("tickets.internal_by", { name: reply.author.name }) : reply.author.name
      }
    >
      <Initials name={reply.author.name} staff={reply.author.staff} />
      <div className={classes.replyBody}>
        <p className={classes.by}>
          <strong>{reply.author.name}</strong>{" "}
          {reply.internal ? (
            <span className={classes.tag}>{t("tickets.internal")}</span>
          ) : (
            <span>{reply.author.staff ? t("chat.staff") : ""}</span>
          )}{" "}
          <time dateTime={reply.at} title={format.full(reply.at)}>
            {format.short(reply.at)}
          </time>
        </p>
        <Words text={reply.text} files={reply.attachments} />
      </div>
    </article>
  );
}

/** Whether the chain of hashes over the transcript holds. */
export function Verified({ ok }: { ok: boolean }) {
  const { t } = useTranslation();
  return (
    <p className={classes.verified} data-ok={ok}>
      {ok ? (
        <IconShieldCheck size={18} stroke={1.7} aria-hidden="true" />
      ) : (
        <IconAlertTriangle size={18} aria-hidden="true" />
      )}
      {ok ? t("tickets.verified") : t("tickets.not_verified")}
    </p>
  );
}

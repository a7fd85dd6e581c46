import { Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { TicketEdit } from "../api/tickets";
import type { LogEvent, TicketDetail } from "../api/types";
import { Failed } from "../app/states";
import { PassageHost } from "../articles/PassageHost";
import { Announcer } from "../chat/Announcer";
import { emptyLog, recorded, runningTurn } from "../chat/log";
import { Notices } from "../chat/Notices";
import { useChat } from "../chat/useChat";
import { Attachments } from "../files/Attachments";
import { titleOf } from "../tickets/fields";
import { Joined } from "../tickets/Joined";
import { MergedNotice } from "../tickets/MergedNotice";
import { editsQuery, ticketQuery, transcriptQuery } from "../tickets/queries";
import { Timeline, Verified } from "../tickets/Timeline";
import tickets from "../tickets/tickets.module.css";
import { Earlier, useEarlier } from "../tickets/useEarlier";
import { usePassage } from "../tickets/usePassage";
import { useSeen } from "../tickets/useSeen";
import { Answering } from "./Answering";
import { Facts } from "./Facts";
import { Unmerge } from "./Merge";
import classes from "./staff.module.css";

/** A ticket for those who work on it: the record in the middle, the facts at the right. */
export function StaffTicketPage() {
  const { t } = useTranslation();
  const { ticket: id } = useParams({ from: "/shell/queue/$ticket" });
  const ticket = useQuery({ ...ticketQuery(id), refetchInterval: 15_000 });
  const edits = useQuery(editsQuery(id)).data;
  const passage = usePassage();
  useSeen(ticket.data);
  const earlier = useEarlier(ticket.data);
  useDocumentTitle(
    ticket.data ? `#${ticket.data.number} ${titleOf(t, ticket.data)}` : t("staff.title"),
  );
  if (ticket.isPending) return <Waiting />;
  if (ticket.isError)
    return <Failed whole error={ticket.error} retry={() => void ticket.refetch()} />;
  const x = { ...ticket.data, replies: earlier.replies };
  return (
    <div className={classes.ticket} data-passage={passage.shown ? true : undefined}>
      <div className={classes.record}>
        <Link to="/queue" search={(s: object) => s} className={classes.toQueue}>
          <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("staff.title")}
        </Link>
        <h1 className={classes.subject}>{titleOf(t, x)}</h1>
        <p className={classes.number}>#{x.number}</p>
        {x.is_merged && (
          <MergedNotice ticket={x} path="/queue/$ticket" fields={["reply", "note"]}>
            <Unmerge ticket={x} />
          </MergedNotice>
        )}
        <Joined ticket={x} staff onOpen={passage.open} />
        <Earlier list={earlier} />
        {x.conversation_id ? (
          <Spoken
            key={x.conversation_id}
            ticket={x}
            edits={edits}
            conversation={x.conversation_id}
          />
        ) : (
          <>
            {x.description && <div className={tickets.description}>{x.description}</div>}
            <Attachments list={x.attachments} />
            <Timeline
              log={emptyLog}
              replies={x.replies}
              actions={x.actions}
              edits={edits}
              requester={x.requester.name}
              staff
              onOpen={passage.open}
            />
            {!x.is_merged && <Answering ticket={x} />}
          </>
        )}
      </div>
      {passage.shown ? (
        <PassageHost shown={passage.shown} onClose={passage.close} className={tickets.pane} />
      ) : (
        <Facts ticket={x} />
      )}
    </div>
  );
}

interface SpokenProps {
  edits?: TicketEdit[];
  ticket: TicketDetail;
  conversation: string;
}

/** The record of a conversation: read whole once, and live from there. */
function Spoken(props: SpokenProps) {
  const transcript = useQuery(transcriptQuery(props.ticket.id));
  if (transcript.isPending) return <Skeleton height={120} radius="lg" mb="md" />;
  if (transcript.isError) {
    return (
      <>
        <Failed error={transcript.error} retry={() => void transcript.refetch()} />
        {!props.ticket.is_merged && <Answering ticket={props.ticket} />}
      </>
    );
  }
  return <Live {...props} start={transcript.data.events} verified={transcript.data.verified} />;
}

function Live(props: SpokenProps & { start: LogEvent[]; verified: boolean }) {
  const { ticket: x, conversation } = props;
  const [chat, state] = useChat(conversation, props.start) ?? [];
  const passage = usePassage();
  const client = useQueryClient();
  const log = state?.phase === "ready" ? state.log : recorded(props.start);
  // Status, technician and the seal of the record follow what is said.
  const milestones = log.events.filter((e) => milestone.has(e.kind)).length;
  const before = useRef(milestones);
  useEffect(() => {
    if (before.current === milestones) return;
    before.current = milestones;
    void client.invalidateQueries({ queryKey: ["tickets"] });
  }, [milestones, client]);
  const end = useStayAtEnd(log.events.length + (log.inflight?.text.length ?? 0));
  return (
    <>
      <Timeline
        log={log}
        replies={x.replies}
        actions={x.actions}
        edits={props.edits}
        requester={x.requester.name}
        staff
        onOpen={passage.open}
      />
      <Announcer running={runningTurn(log)} log={log} of="user_message" name={x.requester.name} />
      <Notices state={state} onDismiss={() => chat?.dismiss()} />
      <Verified ok={props.verified} />
      {!x.is_merged && <Answering ticket={x} live={chat && state && { chat, state }} />}
      <span ref={end} />
    </>
  );
}

const milestone = new Set(["ticket", "handoff", "turn_ended", "staff_message", "action"]);

/** Who stands at the end of the record stays there while it grows. */
function useStayAtEnd(length: number) {
  const end = useRef<HTMLSpanElement>(null);
  const atEnd = useRef(false);
  useEffect(() => {
    const box = scrollerOf(end.current);
    if (!box) return;
    const look = () => {
      atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
    };
    box.addEventListener("scroll", look, { passive: true });
    return () => box.removeEventListener("scroll", look);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each growth may move the end
  useLayoutEffect(() => {
    const box = scrollerOf(end.current);
    if (box && atEnd.current) box.scrollTo({ top: box.scrollHeight });
  }, [length]);
  return end;
}

function scrollerOf(el: Element | null): Element | null {
  for (let box = el?.parentElement; box; box = box.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(box).overflowY)) return box;
  }
  return null;
}

function Waiting() {
  return (
    <div className={classes.record} aria-busy="true">
      <Skeleton height={30} width="60%" mb={20} />
      <Skeleton height={80} mb={16} radius="lg" />
      <Skeleton height={120} mb={16} radius="lg" />
    </div>
  );
}

import { Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failed } from "../app/states";
import { PassageHost } from "../articles/PassageHost";
import { ticketQuery, transcriptQuery } from "../tickets/queries";
import { Timeline, Verified } from "../tickets/Timeline";
import tickets from "../tickets/tickets.module.css";
import { usePassage } from "../tickets/usePassage";
import { Answering } from "./Answering";
import { Facts } from "./Facts";
import classes from "./staff.module.css";

/** A ticket for those who work on it: the record in the middle, the facts at the right. */
export function StaffTicketPage() {
  const { t } = useTranslation();
  const { ticket: id } = useParams({ from: "/shell/queue/$ticket" });
  const first = useQuery(ticketQuery(id));
  // While a person is wanted or speaks, the conversation is live.
  const live = first.data !== undefined && first.data.handoff !== "none";
  const pace = live ? 3000 : 15_000;
  const ticket = useQuery({ ...ticketQuery(id), refetchInterval: pace });
  const transcript = useQuery({
    ...transcriptQuery(id),
    enabled: Boolean(ticket.data?.conversation_id),
    refetchInterval: pace,
  });
  const passage = usePassage();
  useDocumentTitle(
    ticket.data ? `#${ticket.data.number} ${ticket.data.subject}` : t("staff.title"),
  );
  if (ticket.isPending) return <Waiting />;
  if (ticket.isError) return <Failed error={ticket.error} retry={() => void ticket.refetch()} />;
  const x = ticket.data;
  return (
    <div className={classes.ticket} data-passage={passage.shown ? true : undefined}>
      <div className={classes.record}>
        <Link to="/queue" search={(s: object) => s} className={classes.toQueue}>
          <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("staff.title")}
        </Link>
        <h2 className={classes.subject}>{x.subject}</h2>
        <p className={classes.number}>#{x.number}</p>
        {!x.conversation_id && x.description && (
          <div className={tickets.description}>{x.description}</div>
        )}
        {transcript.isError && (
          <Failed error={transcript.error} retry={() => void transcript.refetch()} />
        )}
        {x.conversation_id && transcript.isPending && <Skeleton height={120} radius="lg" mb="md" />}
        <Timeline
          events={transcript.data?.events ?? []}
          replies={x.replies}
          requester={x.requester.name}
          staff
          onOpen={passage.open}
        />
        {transcript.data && <Verified ok={transcript.data.verified} />}
        <Answering ticket={x} />
      </div>
      {passage.shown ? (
        <PassageHost shown={passage.shown} onClose={passage.close} className={tickets.pane} />
      ) : (
        <Facts ticket={x} />
      )}
    </div>
  );
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

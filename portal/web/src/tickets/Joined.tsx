import { Skeleton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Citation, Ticket, TicketDetail } from "../api/types";
import { Failed } from "../app/states";
import { recorded } from "../chat/log";
import { titleOf } from "./fields";
import { ticketQuery, transcriptQuery } from "./queries";
import { Timeline, Verified } from "./Timeline";
import classes from "./tickets.module.css";

interface Props {
  ticket: TicketDetail;
  staff?: boolean;
  onOpen: (c: Citation) => void;
}

/** What was merged into this ticket: each with its own record, read when it is opened. */
export function Joined({ ticket, staff = false, onOpen }: Props) {
  const { t } = useTranslation();
  if (ticket.joined.length === 0) return null;
  return (
    <section className={classes.joined} aria-label={t("queue.merge.joined")}>
      {ticket.joined.map((x) => (
        <One key={x.id} ticket={x as Ticket} staff={staff} onOpen={onOpen} />
      ))}
    </section>
  );
}

function One({
  ticket: x,
  staff,
  onOpen,
}: {
  ticket: Ticket;
  staff: boolean;
  onOpen: Props["onOpen"];
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <IconChevronRight size={16} aria-hidden="true" />
        {t("queue.merge.one", { number: `#${x.number}`, title: titleOf(t, x) })}
      </summary>
      {open && <Record ticket={x} staff={staff} onOpen={onOpen} />}
    </details>
  );
}

function Record({
  ticket: x,
  staff,
  onOpen,
}: {
  ticket: Ticket;
  staff: boolean;
  onOpen: Props["onOpen"];
}) {
  const { t } = useTranslation();
  const ticket = useQuery(ticketQuery(x.id));
  const transcript = useQuery({ ...transcriptQuery(x.id), enabled: Boolean(x.conversation_id) });
  if (ticket.isPending || transcript.isLoading) return <Skeleton height={80} radius="lg" my="sm" />;
  const failed = ticket.isError ? ticket : transcript.isError ? transcript : undefined;
  if (failed || !ticket.data)
    return <Failed error={failed?.error} retry={() => void failed?.refetch()} />;
  return (
    <>
      {!x.conversation_id && ticket.data.description && (
        <div className={classes.description}>{ticket.data.description}</div>
      )}
      <Timeline
        log={recorded(transcript.data?.events)}
        replies={ticket.data.replies}
        actions={ticket.data.actions}
        requester={x.requester.name}
        staff={staff}
        onOpen={onOpen}
      />
      {staff && transcript.data && <Verified ok={transcript.data.verified} />}
      {ticket.data.earlier && (
        <p>
          <Link to={staff ? "/queue/$ticket" : "/tickets/$ticket"} params={{ ticket: x.id }}>
            {t("queue.merge.whole", { number: `#${x.number}` })}
          </Link>
        </p>
      )}
    </>
  );
}

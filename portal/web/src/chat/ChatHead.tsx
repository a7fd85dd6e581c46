import { ActionIcon } from "@mantine/core";
import { IconHistory, IconTicket, IconUserCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Conversation } from "../api/types";
import { isStaff, useMe } from "../app/session";
import { StatusMark } from "../tickets/StatusMark";
import { handoffState, type Log } from "./log";
import classes from "./page.module.css";

/** What this conversation is about, its ticket, and who speaks in it. */
export function ChatHead(props: {
  title: string;
  info?: Conversation;
  log?: Log;
  onShowSide: () => void;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const handoff = props.log ? handoffState(props.log) : "none";
  const ticket = props.info?.ticket;
  const seen = me.policies.ticketing || isStaff(me);
  return (
    <header className={classes.head}>
      <ActionIcon
        className={classes.onlyNarrow}
        variant="subtle"
        color="gray"
        size={38}
        aria-label={t("chat.side.show")}
        onClick={props.onShowSide}
      >
        <IconHistory size={21} stroke={1.6} aria-hidden="true" />
      </ActionIcon>
      <h1 className={classes.headTitle}>{props.title}</h1>
      <div className={classes.headFacts}>
        {handoff !== "none" && (
          <span className={classes.chip} data-tone={handoff}>
            <IconUserCheck size={16} stroke={1.7} aria-hidden="true" />
            {handoff === "requested" ? t("chat.person.waiting") : t("common.handoff.taken_short")}
          </span>
        )}
        {ticket && seen && (
          <Link
            to={isStaff(me) ? "/queue/$ticket" : "/tickets/$ticket"}
            params={{ ticket: ticket.id }}
            className={classes.chip}
          >
            <IconTicket size={16} stroke={1.7} aria-hidden="true" />
            <span className="sr-only">{t("chat.ticket_link")}</span>#{ticket.number}
            {ticket.status && (
              <>
                {" "}
                · <StatusMark status={ticket.status} />
              </>
            )}
          </Link>
        )}
      </div>
    </header>
  );
}

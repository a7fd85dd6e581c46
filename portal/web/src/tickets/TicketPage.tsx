import { Button, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft, IconMessageCircle } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { tickets } from "../api";
import type { TicketDetail } from "../api/types";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { useMe } from "../app/session";
import { Failed, Refusal } from "../app/states";
import { PassageHost } from "../articles/PassageHost";
import { recorded } from "../chat/log";
import { AnswerBox } from "./AnswerBox";
import { ticketQuery, transcriptQuery } from "./queries";
import { StatusMark } from "./StatusMark";
import { isDone } from "./statuses";
import { Timeline } from "./Timeline";
import classes from "./tickets.module.css";
import { usePassage } from "./usePassage";

/** A ticket as its owner sees it: what was said, and a field to answer. */
export function TicketPage() {
  const { t } = useTranslation();
  const { ticket: id } = useParams({ from: "/shell/tickets/$ticket" });
  const ticket = useQuery(ticketQuery(id));
  const transcript = useQuery({
    ...transcriptQuery(id),
    enabled: Boolean(ticket.data?.conversation_id),
  });
  const passage = usePassage();
  useDocumentTitle(
    ticket.data ? `#${ticket.data.number} ${ticket.data.subject}` : t("tickets.title"),
  );
  return (
    <div className={classes.split} data-passage={passage.shown ? true : undefined}>
      <div className={classes.pageScroll}>
        <div className={`${page.page} ${page.narrow}`}>
          <Link to="/tickets" className={classes.back}>
            <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("tickets.title")}
          </Link>
          {ticket.isPending && <Waiting />}
          {ticket.isError && <Failed error={ticket.error} retry={() => void ticket.refetch()} />}
          {ticket.data && (
            <>
              <Head ticket={ticket.data} />
              {transcript.isError && (
                <Failed error={transcript.error} retry={() => void transcript.refetch()} />
              )}
              <Timeline
                log={recorded(transcript.data?.events)}
                replies={ticket.data.replies}
                actions={ticket.data.actions}
                requester={ticket.data.requester.name}
                staff={false}
                onOpen={passage.open}
              />
              <Below ticket={ticket.data} />
            </>
          )}
        </div>
      </div>
      <PassageHost shown={passage.shown} onClose={passage.close} className={classes.pane} />
    </div>
  );
}

function Head({ ticket: x }: { ticket: TicketDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  return (
    <>
      <h1 className={page.title}>{x.subject}</h1>
      <div className={classes.facts}>
        <span>#{x.number}</span>
        <StatusMark status={x.status} />
        <span>
          {x.assignee ? t("tickets.with", { name: x.assignee.name }) : t("tickets.unassigned")}
        </span>
        <time dateTime={x.created_at}>
          {t("tickets.opened", { when: format.full(x.created_at) })}
        </time>
      </div>
      {x.conversation_id && x.requester.id === me.id && (
        <Button
          renderRoot={(props) => (
            <Link
              to="/c/$conversation"
              params={{ conversation: x.conversation_id ?? "" }}
              {...props}
            />
          )}
          variant="light"
          mb="lg"
          leftSection={<IconMessageCircle size={18} stroke={1.7} aria-hidden="true" />}
        >
          {t("tickets.continue")}
        </Button>
      )}
      {!x.conversation_id && x.description && (
        <div className={classes.description}>{x.description}</div>
      )}
    </>
  );
}

// What one may still do: answer, say that it is solved, open it again.
function Below({ ticket: x }: { ticket: TicketDetail }) {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (status: string) => tickets.change(x.id, { status }),
    onSettled: () => client.invalidateQueries({ queryKey: ["tickets"] }),
  });
  const done = isDone(x.status_kind);
  return (
    <>
      {!done && (
        <AnswerBox
          draftKey={`ticket.${x.id}`}
          label={t("tickets.reply.label")}
          button={t("tickets.reply.send")}
          onSend={async (text) => {
            await tickets.reply(x.id, text, false);
            await client.invalidateQueries({ queryKey: ["tickets"] });
          }}
        >
          <Button
            variant="subtle"
            loading={change.isPending}
            onClick={() => change.mutate("resolved")}
          >
            {t("tickets.solved")}
          </Button>
        </AnswerBox>
      )}
      {done && (
        <div className={classes.answerBox}>
          <p className={page.hint}>
            {t(me.policies.reopen ? "tickets.done" : "tickets.done_for_good")}
          </p>
          <div className={page.actions}>
            {me.policies.reopen && (
              <Button
                variant="default"
                loading={change.isPending}
                onClick={() => change.mutate("open")}
              >
                {t("tickets.reopen")}
              </Button>
            )}
            <Button component={Link} to="/" variant="subtle">
              {t("tickets.ask")}
            </Button>
          </div>
        </div>
      )}
      <Refusal error={change.error} />
    </>
  );
}

function Waiting() {
  return (
    <div aria-busy="true">
      <Skeleton height={34} width="65%" mb={16} />
      <Skeleton height={15} width="45%" mb={36} />
      <Skeleton height={90} mb={18} radius="lg" />
      <Skeleton height={60} width="80%" radius="lg" />
    </div>
  );
}

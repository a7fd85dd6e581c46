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
import { Attachments } from "../files/Attachments";
import { AnswerBox } from "./AnswerBox";
import { ChangeDetails } from "./DetailsDialog";
import { FieldList } from "./FieldList";
import { FixedQuestion } from "./FixedQuestion";
import { column, formQuery, titleOf } from "./fields";
import { Joined } from "./Joined";
import { MergedNotice } from "./MergedNotice";
import { ticketQuery, transcriptQuery } from "./queries";
import { StatusMark } from "./StatusMark";
import { isDone } from "./statuses";
import { Timeline } from "./Timeline";
import classes from "./tickets.module.css";
import { Earlier, useEarlier } from "./useEarlier";
import { usePassage } from "./usePassage";
import { useSeen } from "./useSeen";

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
  useSeen(ticket.data);
  const earlier = useEarlier(ticket.data);
  useDocumentTitle(
    ticket.data ? `#${ticket.data.number} ${titleOf(t, ticket.data)}` : t("tickets.title"),
  );
  return (
    <div className={classes.split} data-passage={passage.shown ? true : undefined}>
      <div className={classes.pageScroll}>
        <div className={`${page.page} ${page.narrow}`}>
          <Link to="/tickets" className={classes.back}>
            <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {t("tickets.title")}
          </Link>
          {ticket.isPending && <Waiting />}
          {ticket.isError && (
            <Failed whole error={ticket.error} retry={() => void ticket.refetch()} />
          )}
          {ticket.data && (
            <>
              <Head ticket={ticket.data} />
              {transcript.isError && (
                <Failed error={transcript.error} retry={() => void transcript.refetch()} />
              )}
              <Joined ticket={ticket.data} onOpen={passage.open} />
              <Earlier list={earlier} />
              <Timeline
                log={recorded(transcript.data?.events)}
                replies={earlier.replies}
                actions={ticket.data.actions}
                requester={ticket.data.requester.name}
                staff={false}
                onOpen={passage.open}
              />
              <FixedQuestion ticket={ticket.data.id} />
              {ticket.data.is_merged ? (
                <MergedNotice ticket={ticket.data} path="/tickets/$ticket" fields={["ticket"]} />
              ) : (
                <Below ticket={ticket.data} />
              )}
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
  const form = useQuery(formQuery).data;
  return (
    <>
      <h1 className={page.title}>{titleOf(t, x)}</h1>
      <div className={classes.facts}>
        <span>#{x.number}</span>
        {x.status && <StatusMark status={x.status} />}
        {column(form, "assignee") && (
          <span>
            {x.assignee ? t("tickets.with", { name: x.assignee.name }) : t("tickets.unassigned")}
          </span>
        )}
        {x.resolution && <span>{t(`work.resolution.${x.resolution}`)}</span>}
        {x.priority && x.priority !== "normal" && <span>{t(`common.priority.${x.priority}`)}</span>}
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
      <Attachments list={x.attachments} />
      {x.fields.length > 0 && (
        <dl className={classes.fieldList}>
          <FieldList values={x.fields} />
        </dl>
      )}
      {x.requester.id === me.id && !x.is_merged && <ChangeDetails ticket={x} />}
    </>
  );
}

// What one may still do: answer, say that it is solved, open it again.
function Below({ ticket: x }: { ticket: TicketDetail }) {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const moves = column(useQuery(formQuery).data, "status")?.mode === "edit";
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
          place={{ ticket: x.id, kind: "reply" }}
          label={t("tickets.reply.label")}
          button={t("tickets.reply.send")}
          onSend={async (text, attachments) => {
            try {
              await tickets.reply(x.id, { text, attachments });
            } finally {
              await client.invalidateQueries({ queryKey: ["tickets"] });
            }
          }}
        >
          {moves && (
            <Button
              variant="subtle"
              loading={change.isPending}
              onClick={() => change.mutate("resolved")}
            >
              {t("tickets.solved")}
            </Button>
          )}
        </AnswerBox>
      )}
      {done && (
        <div className={classes.answerBox}>
          <p className={page.hint}>
            {t(me.policies.reopen ? "tickets.done" : "tickets.done_for_good")}
          </p>
          <div className={page.actions}>
            {me.policies.reopen && moves && (
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

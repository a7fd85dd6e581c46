import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { conversations } from "../api";
import { useFormat } from "../app/format";
import page from "../app/page.module.css";
import { Failed, Loading } from "../app/states";
import { PassageHost } from "../articles/PassageHost";
import { recorded } from "../chat/log";
import { Timeline } from "../tickets/Timeline";
import tickets from "../tickets/tickets.module.css";
import { usePassage } from "../tickets/usePassage";
import classes from "./manage.module.css";

/** A conversation as it was, for staff: also one that no ticket came of. */
export function ConversationPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { conversation: id } = useParams({ from: "/shell/manage/conversations/$conversation" });
  const head = useQuery({
    queryKey: ["manage", "conversation", id],
    queryFn: () => conversations.get(id),
  });
  const events = useQuery({
    queryKey: ["manage", "conversation", id, "events"],
    queryFn: () => conversations.record(id),
  });
  const passage = usePassage();
  const c = head.data;
  const title = c?.title || t("chat.side.untitled");
  useDocumentTitle(title);
  const failed = head.isError ? head : events.isError ? events : undefined;
  return (
    <div className={tickets.split} data-passage={passage.shown ? true : undefined}>
      <div className={tickets.pageScroll}>
        <div className={`${page.page} ${page.narrow}`}>
          {c && (
            <Link to="/manage/people/$user" params={{ user: c.user.id }} className={classes.back}>
              <IconArrowLeft size={18} stroke={1.7} aria-hidden="true" /> {c.user.name}
            </Link>
          )}
          {(head.isPending || events.isPending) && !failed && <Loading />}
          {failed && <Failed whole error={failed.error} retry={() => void failed.refetch()} />}
          {c && events.data && (
            <>
              <h1 className={page.title}>{title}</h1>
              <p className={page.lead}>
                {t("manage.conversation.lead", {
                  name: c.user.name,
                  when: format.full(c.created_at),
                })}
              </p>
              {c.ticket && (
                <Button
                  variant="light"
                  mb="lg"
                  renderRoot={(props) => (
                    <Link to="/queue/$ticket" params={{ ticket: c.ticket?.id ?? "" }} {...props} />
                  )}
                >
                  {t("manage.conversation.ticket", { number: c.ticket.number })}
                </Button>
              )}
              <Timeline
                log={recorded(events.data)}
                replies={[]}
                actions={[]}
                requester={c.user.name}
                staff
                onOpen={passage.open}
              />
            </>
          )}
        </div>
      </div>
      <PassageHost shown={passage.shown} onClose={passage.close} className={tickets.pane} />
    </div>
  );
}

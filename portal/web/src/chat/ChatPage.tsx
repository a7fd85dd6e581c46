import { Drawer, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { conversations } from "../api";
import type { Citation } from "../api/types";
import { Failed } from "../app/states";
import { PassageHost } from "../articles/PassageHost";
import { usePassage } from "../tickets/usePassage";
import { Announcer } from "./Announcer";
import { ChatHead } from "./ChatHead";
import { Composer, type PutBack } from "./Composer";
import type { Doing } from "./Exchange";
import { Foot } from "./Foot";
import { firstSeq, handoffState, runningTurn } from "./log";
import { Notices } from "./Notices";
import { OfflineNotice } from "./OfflineNotice";
import classes from "./page.module.css";
import { Side } from "./Side";
import { Thread } from "./Thread";
import { Typing } from "./Typing";
import { exchanges } from "./thread";
import { useChat } from "./useChat";

export { HomePage } from "./HomePage";

/** A conversation. Without one, the home page stands here. */
export function ChatPage() {
  const { conversation } = useParams({ from: "/shell/c/$conversation" });
  return <Talk key={conversation} id={conversation} />;
}

function Talk({ id }: { id: string }) {
  const { t } = useTranslation();
  const opened = useChat(id);
  const client = useQueryClient();
  const [side, setSide] = useState(false);
  const [putBack, setPutBack] = useState<PutBack>();
  const info = useQuery({
    queryKey: ["conversations", id],
    queryFn: () => conversations.get(id),
    enabled: opened?.[1].phase === "ready",
    staleTime: 10_000,
  });
  const passage = usePassage();
  const state = opened?.[1];
  const chat = opened?.[0];
  const views = useMemo(() => (state ? exchanges(state.log, state.pending) : []), [state]);
  const title = info.data?.title || views[0]?.question?.text || t("chat.side.untitled");
  useDocumentTitle(title);

  // Tickets and titles beside the chat follow what happens in it.
  const milestones =
    state?.log.events.filter((e) => e.kind === "ticket" || e.kind === "turn_ended").length ?? 0;
  useEffect(() => {
    if (milestones === 0) return;
    void client.invalidateQueries({ queryKey: ["conversations"] });
    void client.invalidateQueries({ queryKey: ["tickets"] });
  }, [milestones, client]);

  const doing = useDoing(chat, passage.open, setPutBack);

  if (state?.phase === "failed") {
    return <Failed whole error={state.problem} retry={() => chat?.reload()} />;
  }
  const ready = state?.phase === "ready";
  const running = state ? runningTurn(state.log) : undefined;
  const handoff = state ? handoffState(state.log) : "none";
  return (
    <div className={classes.page} data-passage={passage.shown ? true : undefined}>
      <aside className={classes.aside} aria-label={t("chat.side.label")}>
        <Side current={id} />
      </aside>
      <section className={classes.main} aria-label={t("chat.title")}>
        <ChatHead
          title={title}
          info={info.data}
          log={state?.log}
          onShowSide={() => setSide(true)}
        />
        {ready && state ? (
          <Thread
            views={views}
            doing={doing}
            connected={state.status === "open"}
            hasEarlier={firstSeq(state.log) > 1}
            loadingEarlier={state.loadingEarlier}
            withPerson={handoff !== "none"}
            onEarlier={() => void chat?.earlier()}
          >
            {firstSeq(state.log) <= 1 && <OfflineNotice />}
            {views.length === 0 && <p className={classes.nothing}>{t("chat.empty")}</p>}
          </Thread>
        ) : (
          <div className={classes.threadFrame}>
            <div className={classes.column} aria-hidden="true">
              <Skeleton height={44} width="55%" ml="auto" mb={28} radius="lg" />
              <Skeleton height={16} mb={12} />
              <Skeleton height={16} mb={12} width="92%" />
              <Skeleton height={16} width="70%" />
            </div>
          </div>
        )}
        <Announcer running={running} log={state?.log} />
        <div className={classes.foot}>
          <Notices state={state} onDismiss={() => chat?.dismiss()} />
          <Typing who={state?.typing} />
          <Composer
            draftKey={id}
            placeholder={
              handoff === "none"
                ? t("chat.composer.placeholder")
                : t("chat.composer.placeholder_staff")
            }
            onSend={(text, attachments) => chat?.say(text, attachments)}
            onTyping={() => chat?.typing()}
            answering={Boolean(running)}
            stopping={Boolean(state?.stopping)}
            onStop={() => chat?.stop()}
            putBack={putBack}
            autoFocus
          />
          <Foot
            handoff={handoff}
            onPerson={(reason) => conversations.handOff(id, reason || undefined)}
          />
        </div>
      </section>
      <PassageHost shown={passage.shown} onClose={passage.close} className={classes.passage} />
      <Drawer
        opened={side}
        onClose={() => setSide(false)}
        title={t("chat.side.label")}
        size="20rem"
        closeButtonProps={{ "aria-label": t("common.action.close") }}
      >
        <Side current={id} onGo={() => setSide(false)} />
      </Drawer>
    </div>
  );
}

type Chat = NonNullable<ReturnType<typeof useChat>>[0];

function useDoing(
  chat: Chat | undefined,
  open: (c: Citation) => void,
  setPutBack: (p: PutBack) => void,
): Doing {
  const count = useRef(0);
  return useMemo(
    () => ({
      open,
      rate: (seq, rating, reason) => chat?.rate(seq, rating, reason),
      retry: (text) => chat?.say(text),
      again: (message) => chat?.again(message),
      edit: (message, text, attachments) => {
        count.current += 1;
        chat?.drop(message);
        setPutBack({ n: count.current, text, attachments });
      },
      drop: (message) => chat?.drop(message),
    }),
    [chat, open, setPutBack],
  );
}

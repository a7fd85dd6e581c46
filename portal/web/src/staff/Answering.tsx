import { Button, NativeSelect, Tabs } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { conversations, tickets } from "../api";
import type { TicketDetail } from "../api/types";
import { Refusal } from "../app/states";
import { handoffState } from "../chat/log";
import type { Chat, ChatState } from "../chat/store";
import { Typing } from "../chat/Typing";
import { AnswerBox } from "../tickets/AnswerBox";
import { useStatuses } from "../tickets/statuses";
import { MacroPick } from "./MacroPick";
import { type Chosen, MacroPreview, withChanges } from "./MacroPreview";
import { Presence } from "./Presence";
import classes from "./staff.module.css";
import { presenceKey, useAttend } from "./useAttend";
import { useClaimed } from "./useClaimed";
import { useWriteKeys } from "./useWriteKeys";

/** The conversation over the socket, once it is open. */
export interface Live {
  chat: Chat;
  state: ChatState;
}

/** Three ways to write, never mixed up: into the chat, a reply in the ticket, an internal note. */
export function Answering({ ticket: x, live }: { ticket: TicketDetail; live?: Live }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const chat = x.conversation_id;
  const [tab, setTab] = useState<string | null>(chat && x.handoff !== "none" ? "chat" : "reply");
  const box = useWriteKeys(setTab, Boolean(chat));
  const [status, setStatus] = useState("");
  const [macro, setMacro] = useState<Chosen>();
  const { list: statuses } = useStatuses();
  const refresh = () => client.invalidateQueries({ queryKey: ["tickets"] });
  const { onClaim, mayClaim } = useClaimed(x);
  const { others, types } = useAttend(x.id, onClaim);
  const attended = live?.state.attended;
  // Over the socket at once; without one at the next beat.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each word of a colleague
  useEffect(() => {
    if (attended) void client.invalidateQueries({ queryKey: presenceKey(x.id) });
  }, [attended]);
  return (
    <>
      <Presence others={others} />
      <Tabs
        ref={box}
        value={tab}
        onChange={setTab}
        className={classes.answering}
        keepMounted={false}
      >
        <Tabs.List aria-label={t("staff.write.label")}>
          {chat && <Tabs.Tab value="chat">{t("staff.write.chat")}</Tabs.Tab>}
          <Tabs.Tab value="reply">{t("staff.write.reply")}</Tabs.Tab>
          <Tabs.Tab value="note">{t("staff.write.note")}</Tabs.Tab>
        </Tabs.List>
        {chat && (
          <Tabs.Panel value="chat" pt="sm">
            <InChat ticket={x} conversation={chat} live={live} onDone={refresh} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="reply" pt="sm">
          <AnswerBox
            draftKey={`reply.${x.id}`}
            place={{ ticket: x.id, kind: "reply" }}
            onTyping={(first) => types("reply", first && mayClaim())}
            label={t("staff.write.reply_label", { name: x.requester.name })}
            above={(text, setText) => (
              <>
                <MacroPick
                  ticket={x}
                  onPick={(name, prepared) => {
                    // What was written already stays in front of it.
                    if (prepared.text)
                      setText(
                        text.trim() ? `${text.trimEnd()}\n\n${prepared.text}` : prepared.text,
                      );
                    setMacro({ name, prepared });
                    if (prepared.changes.status) setStatus(prepared.changes.status);
                  }}
                />
                {macro && (
                  <MacroPreview
                    chosen={macro}
                    onDrop={() => {
                      setMacro(undefined);
                      setStatus("");
                    }}
                  />
                )}
              </>
            )}
            button={t("tickets.reply.send")}
            onSend={async (text, attachments) => {
              try {
                await tickets.reply(x.id, {
                  text,
                  attachments,
                  ...(macro && withChanges(macro)),
                  status: status || undefined,
                });
                setStatus("");
                setMacro(undefined);
              } finally {
                await refresh();
              }
            }}
          >
            <NativeSelect
              aria-label={t("work.reply_status")}
              value={status}
              onChange={(e) => setStatus(e.currentTarget.value)}
              data={[
                { value: "", label: t("work.reply_keep") },
                ...statuses.map((s) => ({ value: s.key, label: `→ ${s.name}` })),
              ]}
            />
          </AnswerBox>
        </Tabs.Panel>
        <Tabs.Panel value="note" pt="sm">
          <AnswerBox
            draftKey={`note.${x.id}`}
            place={{ ticket: x.id, kind: "note" }}
            onTyping={() => types("note", false)}
            tone="internal"
            label={t("staff.write.note_label")}
            button={t("staff.write.note_send")}
            onSend={async (text, attachments) => {
              try {
                await tickets.reply(x.id, { text, attachments, internal: true });
              } finally {
                await refresh();
              }
            }}
          />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function InChat(props: {
  ticket: TicketDetail;
  conversation: string;
  live?: Live;
  onDone: () => Promise<void>;
}) {
  const { t } = useTranslation();
  const { ticket: x, conversation } = props;
  const take = useMutation({
    mutationFn: () => conversations.take(conversation),
    onSettled: props.onDone,
  });
  const release = useMutation({
    mutationFn: () => conversations.release(conversation),
    onSettled: props.onDone,
  });
  // The log knows first.
  const handoff = props.live ? handoffState(props.live.state.log) : x.handoff;
  return (
    <>
      {handoff !== "taken" && (
        <div className={classes.take}>
          <p>
            {t(handoff === "requested" ? "staff.take.wanted" : "staff.take.quiet", {
              name: x.requester.name,
            })}{" "}
            {t("work.first_letter")}
          </p>
          <Button variant="default" loading={take.isPending} onClick={() => take.mutate()}>
            {t("staff.take.button")}
          </Button>
          <Refusal error={take.error} />
        </div>
      )}
      <Typing who={props.live?.state.typing} />
      <AnswerBox
        draftKey={`chat.${conversation}`}
        label={t("staff.write.chat_label", { name: x.requester.name })}
        button={t("chat.composer.send")}
        onTyping={() => props.live?.chat.typing()}
        onSend={async (text, attachments) => {
          await conversations.write(conversation, text, attachments);
          await props.onDone();
        }}
      >
        {handoff === "taken" && (
          <Button variant="subtle" loading={release.isPending} onClick={() => release.mutate()}>
            {t("staff.take.release")}
          </Button>
        )}
      </AnswerBox>
      <Refusal error={release.error} />
    </>
  );
}

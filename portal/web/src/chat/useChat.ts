import { useEffect, useState } from "react";
import { useStore } from "zustand";
import type { LogEvent } from "../api/types";
import { useSessionState } from "../app/session-state";
import { type Chat, type ChatState, openChat } from "./store";

/** The conversation of this page: open while the page shows it, anew after a new log-in. */
export function useChat(id: string, start?: LogEvent[]): [Chat, ChatState] | undefined {
  const renewals = useSessionState((s) => s.renewals);
  const [chat, setChat] = useState<Chat>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new log-in needs a new socket; start is only where it starts
  useEffect(() => {
    const opened = openChat(id, start);
    setChat(opened);
    return () => opened.close();
  }, [id, renewals]);
  const state = useStore(chat?.store ?? blank);
  return chat && state && state.id === id ? [chat, state] : undefined;
}

const blank = {
  getState: () => undefined,
  getInitialState: () => undefined,
  subscribe: () => () => {},
} as unknown as Chat["store"];

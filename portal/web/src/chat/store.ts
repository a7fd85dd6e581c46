import { createStore, type StoreApi } from "zustand/vanilla";
import { conversations, session } from "../api";
import { type Attachment, idsOf } from "../api/files";
import { asProblem, Problem } from "../api/problem";
import type { LogEvent } from "../api/types";
import { newID } from "../app/id";
import { keep, kept } from "../app/keep";
import { expireSession } from "../app/session-state";
import { Connection, type Status } from "./connection";
import {
  addDelta,
  append,
  emptyLog,
  firstSeq,
  type Log,
  lastSeq,
  prepend,
  runningTurn,
} from "./log";
import type { ServerFrame } from "./protocol";
import type { Pending } from "./thread";

export interface ChatState {
  id: string;
  phase: "loading" | "ready" | "failed";
  problem?: Problem; // why loading failed
  log: Log;
  pending: Pending[];
  status: Status;
  notice?: { code: string; params?: Record<string, unknown> }; // a refusal that belongs to no message
  stopping?: string; // the turn that Stop was pressed for
  loadingEarlier: boolean;
  typing?: { user: string; name: string }; // who else is writing just now
  attended: number; // how often colleagues came to or left a ticket of this conversation
}

export interface Chat {
  store: StoreApi<ChatState>;
  say(text: string, attachments?: Attachment[]): void;
  /** Tells the others that one writes; more often than needed does no harm. */
  typing(): void;
  again(id: string): void;
  drop(id: string): void;
  stop(): void;
  rate(seq: number, rating: "up" | "down", reason?: string): void;
  earlier(): Promise<void>;
  reload(): void;
  dismiss(): void;
  close(): void;
}

const pageSize = 50;
const typingEvery = 2500; // the server passes on one in two seconds
const typingLasts = 6000;
const outboxKey = (conversation: string) => `outbox.${conversation}`;

interface Kept {
  id: string;
  text: string;
  attachments?: Attachment[];
}

const begun = new Set<string>(); // made on this page and not yet known to the server

/** Puts a first message where the conversation's page will find and send it. */
export function leaveFirstMessage(conversation: string, text: string, attachments?: Attachment[]) {
  begun.add(conversation);
  keep(outboxKey(conversation), [{ id: newID(), text, attachments }]);
}

/**
 * Opens a conversation: history by REST, then the socket from there on. Who has
 * the log already gives it, and it is not read again.
 */
export function openChat(id: string, start?: LogEvent[]): Chat {
  const store = createStore<ChatState>(() => ({
    id,
    phase: "loading",
    log: emptyLog,
    pending: (kept<Kept[]>(outboxKey(id)) ?? []).map((m) => ({ ...m, state: "sending" })),
    status: "connecting",
    loadingEarlier: false,
    attended: 0,
  }));
  const { getState: get, setState: set } = store;
  let connection: Connection | undefined;
  let closed = false;
  let base = 0; // what stands before the first event we hold
  let typedAt = 0;
  let typingTimer = 0;

  const after = () => lastSeq(get().log) || base;
  const setPending = (pending: Pending[]) => {
    set({ pending });
    const unsent = pending.filter((p) => p.state === "sending");
    const again = ({ id, text, attachments }: Pending): Kept => ({ id, text, attachments });
    keep(outboxKey(id), unsent.length ? unsent.map(again) : undefined);
  };
  const mark = (message: string, change: Partial<Pending>) =>
    setPending(get().pending.map((p) => (p.id === message ? { ...p, ...change } : p)));
  const open = () => connection?.send({ type: "open", conversation: id, after: after() });

  function apply(batch: ServerFrame[]) {
    let log = get().log;
    let opened = false;
    for (const frame of batch) {
      switch (frame.type) {
        case "opened":
          opened = true;
          log = { ...log, inflight: null, gap: false };
          break;
        case "event":
          log = append(log, [frame as LogEvent], lastSeq(log) || base);
          break;
        case "delta":
          log = addDelta(log, frame);
          break;
        case "resync": // the log is another one than ours; it follows from there by itself
          base = frame.after;
          log = emptyLog;
          break;
        case "presence":
          if (frame.state === "typing") others(frame);
          else if (frame.ticket) set({ attended: get().attended + 1 });
          break;
        case "error":
          refused(frame);
          break;
      }
    }
    const { typing } = get();
    if (typing && wrote(batch, typing.user)) quiet();
    const reopen = log.gap;
    if (log.gap) log = { ...log, gap: false };
    set({ log });
    settle(log);
    if (reopen) open();
    if (opened) for (const p of get().pending) if (p.state === "sending") send(p);
  }

  function others({ user, name }: { user: string; name: string }) {
    window.clearTimeout(typingTimer);
    typingTimer = window.setTimeout(quiet, typingLasts);
    set({ typing: { user, name } });
  }

  function quiet() {
    window.clearTimeout(typingTimer);
    set({ typing: undefined });
  }

  // A message that is in the log is no longer ours to keep.
  function settle(log: Log) {
    const stored = new Set<string>();
    for (const e of log.events) if (e.kind === "user_message" && e.body) stored.add(e.body.id);
    const left = get().pending.filter((p) => !stored.has(p.id));
    if (left.length !== get().pending.length) setPending(left);
    if (get().stopping && runningTurn(log) !== get().stopping) set({ stopping: undefined });
  }

  function refused(frame: { code: string; id?: string; params?: Record<string, unknown> }) {
    if (frame.code === "session_expired" || frame.code === "unauthenticated") expireSession();
    const { code, params } = frame;
    if (frame.id && get().pending.some((p) => p.id === frame.id)) {
      mark(frame.id, { state: "failed", code, params });
    } else set({ notice: { code, params } });
  }

  const send = ({ id, text, attachments = [] }: Pending) =>
    connection?.send({ type: "say", id, text, attachments: idsOf(attachments) });

  function connect() {
    if (closed) return;
    connection = new Connection(
      {
        frames: apply,
        status: (status) => set({ status }),
        up: open,
        fault: (code) => {
          const waiting = get().pending.filter((p) => p.state === "sending");
          for (const p of waiting) mark(p.id, { state: "failed", code });
          if (waiting.length === 0) set({ notice: { code } });
        },
        expired: expireSession,
      },
      stillLoggedIn,
    );
  }

  async function load() {
    set({ phase: "loading", problem: undefined });
    try {
      const { events, from } = start
        ? { events: start, from: (start[0]?.seq ?? 1) - 1 }
        : await latest(id, get().pending.length > 0);
      if (closed) return;
      base = from;
      set({ phase: "ready", log: append(emptyLog, events, from) });
      settle(get().log);
      connect();
    } catch (err) {
      if (!closed) set({ phase: "failed", problem: asProblem(err) });
    }
  }

  void load();

  return {
    store,
    say(text, attachments) {
      const p: Pending = { id: newID(), text, attachments, state: "sending" };
      setPending([...get().pending, p]);
      set({ notice: undefined });
      send(p);
    },
    typing() {
      if (Date.now() - typedAt < typingEvery) return;
      if (connection?.send({ type: "typing" })) typedAt = Date.now();
    },
    again(message) {
      mark(message, { state: "sending", code: undefined });
      const p = get().pending.find((x) => x.id === message);
      if (p) send(p);
    },
    drop: (message) => setPending(get().pending.filter((p) => p.id !== message)),
    stop() {
      const turn = runningTurn(get().log);
      if (turn && connection?.send({ type: "stop", turn })) set({ stopping: turn });
    },
    rate(seq, rating, reason) {
      if (!connection?.send({ type: "rate", seq, rating, reason })) {
        set({ notice: { code: "offline" } });
      }
    },
    async earlier() {
      const first = firstSeq(get().log);
      if (first <= 1 || get().loadingEarlier) return;
      set({ loadingEarlier: true });
      try {
        const from = Math.max(0, first - 1 - pageSize);
        const page = await conversations.events(id, from, first - 1 - from);
        set({ log: prepend(get().log, page.events) });
      } catch (err) {
        set({ notice: { code: asProblem(err).code } });
      } finally {
        set({ loadingEarlier: false });
      }
    },
    reload: () => void load(),
    dismiss: () => set({ notice: undefined }),
    close() {
      closed = true;
      window.clearTimeout(typingTimer);
      connection?.close();
    },
  };
}

// Whose message has come does not write it any more.
function wrote(batch: ServerFrame[], user: string): boolean {
  return batch.some(
    (f) =>
      f.type === "event" &&
      (f.kind === "staff_message" || f.kind === "user_message") &&
      f.body?.author === user,
  );
}

/** The newest page of the log. A conversation with nothing but our unsent message is made now. */
async function latest(
  id: string,
  hasUnsent: boolean,
): Promise<{ events: LogEvent[]; from: number }> {
  if (begun.has(id)) {
    await conversations.create(id);
    begun.delete(id);
    return { events: [], from: 0 };
  }
  try {
    const head = await conversations.events(id, 0, pageSize);
    if (head.last <= pageSize) return { events: head.events, from: 0 };
    const from = head.last - pageSize;
    const page = await conversations.events(id, from, pageSize);
    return { events: page.events, from };
  } catch (err) {
    if (!hasUnsent || !(err instanceof Problem) || err.code !== "not_found") throw err;
    await conversations.create(id);
    return { events: [], from: 0 };
  }
}

async function stillLoggedIn(): Promise<boolean> {
  try {
    await session.get();
    return true;
  } catch (err) {
    if (err instanceof Problem && err.status === 401) {
      expireSession();
      return false;
    }
    return true; // the server is away: that is not our session's fault
  }
}

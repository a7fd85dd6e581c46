import type { Attachment } from "../api/files";
import type { BodyOf, Citation, LogEvent } from "../api/types";
import type { Log } from "./log";

export interface Step {
  call: string;
  name: string;
  done: boolean;
  ok: boolean;
  found: number; // passages, for a search
  event: LogEvent & { kind: "tool_call" };
  result?: LogEvent & { kind: "tool_result" };
}

export type Rated = Pick<BodyOf<"rating">, "rating" | "reason">;

export type Part =
  | {
      kind: "answer";
      seq: number;
      at: string;
      body: BodyOf<"assistant_message">;
      rating?: Rated;
    }
  | { kind: "partial"; text: string; citations: Citation[] }
  | { kind: "staff"; seq: number; at: string; body: BodyOf<"staff_message"> }
  | { kind: "line"; seq: number; at: string; event: LogEvent }
  | { kind: "action"; seq: number; at: string; action: string } // seq of its newest event
  | { kind: "ended"; seq: number; body: BodyOf<"turn_ended"> };

export interface Question {
  id: string;
  text: string;
  attachments?: Attachment[];
  at?: string;
  state: "stored" | "sending" | "failed";
  code?: string;
  params?: Record<string, unknown>;
}

/** One question and all that answers it; or what came before any question. */
export interface Exchange {
  key: string;
  turn?: string;
  running: boolean;
  question?: Question;
  steps: Step[];
  parts: Part[];
}

export interface Pending {
  id: string;
  text: string;
  attachments?: Attachment[];
  state: "sending" | "failed";
  code?: string;
  params?: Record<string, unknown>;
}

/** The view of the log that the thread draws. Events of a turn stand with its question. */
export function exchanges(log: Log, pending: Pending[] = []): Exchange[] {
  const list: Exchange[] = [];
  const byTurn = new Map<string, Exchange>();
  const known = new Set<string>();
  const ratings = ratingsOf(log.events);
  for (const event of log.events) place(event, list, byTurn, known, ratings);
  if (log.inflight?.text) {
    const host = byTurn.get(log.inflight.turn) ?? list.at(-1);
    host?.parts.push({ kind: "partial", text: log.inflight.text, citations: found(host) });
  }
  for (const p of pending) {
    if (known.has(p.id)) continue;
    const question: Question = { ...p };
    list.push({ key: p.id, running: false, question, steps: [], parts: [] });
  }
  return list;
}

function place(
  e: LogEvent,
  list: Exchange[],
  byTurn: Map<string, Exchange>,
  known: Set<string>,
  ratings: Map<number, Rated>,
) {
  if (e.kind === "user_message") {
    const id = e.body?.id ?? `erased-${e.seq}`;
    known.add(id);
    const turn = e.body?.turn || undefined;
    const { text = "", attachments } = e.body ?? {};
    const question: Question = { id, text, attachments, at: e.at, state: "stored" };
    const x: Exchange = { key: id, turn, running: Boolean(turn), question, steps: [], parts: [] };
    if (turn) byTurn.set(turn, x);
    list.push(x);
    return;
  }
  if (e.kind === "rating") return;
  const turn = e.body && "turn" in e.body ? e.body.turn : undefined;
  if (e.kind === "action" && e.body && newer(list, e.body.action_id, e.seq)) return;
  const host = (turn && byTurn.get(turn)) || list.at(-1) || opening(list);
  addTo(host, e, ratings);
}

function addTo(host: Exchange, e: LogEvent, ratings: Map<number, Rated>) {
  switch (e.kind) {
    case "tool_call":
      if (e.body) {
        const { call, name } = e.body;
        host.steps.push({ call, name, done: false, ok: false, found: 0, event: e });
      }
      return;
    case "tool_result": {
      const step = host.steps.find((s) => s.call === e.body?.call);
      if (!step || !e.body) return;
      step.done = true;
      step.ok = e.body.ok;
      step.found = e.body.citations?.length ?? 0;
      step.result = e;
      return;
    }
    case "assistant_message":
      if (e.body)
        host.parts.push({
          kind: "answer",
          seq: e.seq,
          at: e.at,
          body: e.body,
          rating: ratings.get(e.seq),
        });
      return;
    case "staff_message":
      if (e.body) host.parts.push({ kind: "staff", seq: e.seq, at: e.at, body: e.body });
      return;
    case "turn_ended":
      host.running = false;
      for (const step of host.steps) step.done = true;
      if (e.body) host.parts.push({ kind: "ended", seq: e.seq, body: e.body });
      return;
    case "action":
      if (e.body)
        host.parts.push({ kind: "action", seq: e.seq, at: e.at, action: e.body.action_id });
      return;
    case "ticket":
    case "handoff":
    case "note":
      host.parts.push({ kind: "line", seq: e.seq, at: e.at, event: e });
  }
}

// One action is one card, where it began; what follows only says that the card is to look again.
function newer(list: Exchange[], action: string, seq: number): boolean {
  for (const x of list) {
    const card = x.parts.find((p) => p.kind === "action" && p.action === action);
    if (card?.kind === "action") {
      card.seq = seq;
      return true;
    }
  }
  return false;
}

// A conversation may begin with something else than a question.
function opening(list: Exchange[]): Exchange {
  const x: Exchange = { key: "opening", running: false, steps: [], parts: [] };
  list.push(x);
  return x;
}

/** What the turn's searches have found: the passages that [n] may mean while it streams. */
function found(x: Exchange): Citation[] {
  const byNumber = new Map<number, Citation>();
  for (const s of x.steps)
    for (const c of s.result?.body?.citations ?? []) if (!byNumber.has(c.n)) byNumber.set(c.n, c);
  return [...byNumber.values()];
}

function ratingsOf(events: LogEvent[]): Map<number, Rated> {
  const m = new Map<number, Rated>();
  for (const e of events) if (e.kind === "rating" && e.body) m.set(e.body.rated, e.body);
  return m;
}

import type { LogEvent } from "../api/types";

/** The answer in flight: text that no event holds yet. */
export interface Inflight {
  turn: string;
  attempt: number;
  text: string;
  end: number; // offset after the text, in UTF-8 bytes as the server counts
}

/**
 * A conversation as this page knows it: a stretch of the log without gaps,
 * and the answer in flight. Pure: every change is a new value.
 */
export interface Log {
  events: LogEvent[];
  inflight: Inflight | null;
  gap: boolean; // something is missing: open again after the last event
}

export const emptyLog: Log = { events: [], inflight: null, gap: false };

/** A log as it was read, with no answer in flight. */
export const recorded = (events: LogEvent[] = []): Log => ({ ...emptyLog, events });

export const firstSeq = (log: Log) => log.events[0]?.seq ?? 0;
export const lastSeq = (log: Log) => log.events.at(-1)?.seq ?? 0;

/** Appends what follows; duplicates are dropped, a hole is reported and not filled. */
export function append(log: Log, events: LogEvent[], from = lastSeq(log)): Log {
  let last = from;
  let { inflight, gap } = log;
  const fresh: LogEvent[] = [];
  for (const e of events) {
    if (e.seq <= last) continue;
    if (e.seq !== last + 1) {
      gap = true;
      break;
    }
    last = e.seq;
    fresh.push(e);
    if (inflight && ends(e, inflight.turn)) inflight = null;
  }
  if (fresh.length === 0 && gap === log.gap) return log;
  return { events: [...log.events, ...fresh], inflight, gap };
}

/** The final message replaces its deltas; so does the end of the turn. */
function ends(e: LogEvent, turn: string): boolean {
  return (e.kind === "assistant_message" || e.kind === "turn_ended") && e.body?.turn === turn;
}

/** Puts an older stretch in front. It must end right before the first event. */
export function prepend(log: Log, older: LogEvent[]): Log {
  const first = firstSeq(log);
  const fitting = older.filter((e) => first === 0 || e.seq < first);
  if (fitting.length === 0) return log;
  return { ...log, events: [...fitting, ...log.events] };
}

/**
 * Adds a delta. A higher attempt discards the text so far; a repeated stretch
 * is dropped; after a hole the text waits for the replay from offset 0.
 */
export function addDelta(
  log: Log,
  d: { turn: string; attempt: number; offset: number; text: string },
): Log {
  if (log.events.some((e) => ends(e, d.turn))) return log; // late: the event has it all
  let { inflight } = log;
  if (!inflight || inflight.turn !== d.turn || d.attempt > inflight.attempt) {
    inflight = { turn: d.turn, attempt: d.attempt, text: "", end: 0 };
  }
  if (d.attempt < inflight.attempt) return log;
  if (d.offset > inflight.end) return { ...log, inflight, gap: true };
  const bytes = new TextEncoder().encode(d.text);
  const known = inflight.end - d.offset;
  if (known >= bytes.length) return inflight === log.inflight ? log : { ...log, inflight };
  const text = known === 0 ? d.text : new TextDecoder().decode(bytes.subarray(known));
  const end = d.offset + bytes.length;
  return { ...log, inflight: { ...inflight, text: inflight.text + text, end } };
}

/** The turn that runs now: the oldest that has not ended, for a second question waits. */
export function runningTurn(log: Log): string | undefined {
  const ended = new Set<string>();
  for (const e of log.events) if (e.kind === "turn_ended" && e.body) ended.add(e.body.turn);
  for (const e of log.events) {
    if (e.kind === "user_message" && e.body?.turn && !ended.has(e.body.turn)) return e.body.turn;
  }
  return undefined;
}

/** Who speaks for the house now, by the last handoff event. */
export function handoffState(log: Log): "none" | "requested" | "taken" {
  for (let i = log.events.length - 1; i >= 0; i--) {
    const e = log.events[i];
    if (e?.kind === "handoff" && e.body) return e.body.state === "released" ? "none" : e.body.state;
  }
  return "none";
}

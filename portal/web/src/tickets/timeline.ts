import type { Reply } from "../api/types";
import type { Log } from "../chat/log";
import { type Exchange, exchanges } from "../chat/thread";

export type Entry =
  | { kind: "exchange"; at: string; view: Exchange }
  | { kind: "reply"; at: string; reply: Reply };

/** Transcript and replies as one line in time. A question keeps its answer with it. */
export function timeline(log: Log, replies: Reply[]): Entry[] {
  const entries: Entry[] = [];
  for (const view of exchanges(log)) {
    entries.push({ kind: "exchange", at: startOf(view), view });
  }
  for (const reply of replies) entries.push({ kind: "reply", at: reply.at, reply });
  // Stable: what happened in the same instant keeps its order in the log.
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function startOf(view: Exchange): string {
  const part = view.parts.find((p) => "at" in p);
  return view.question?.at ?? (part && "at" in part ? part.at : (view.steps[0]?.event.at ?? ""));
}

/** The day of an entry in the reader's time, to draw a line between days. */
export const dayOf = (at: string) => new Date(at).toDateString();

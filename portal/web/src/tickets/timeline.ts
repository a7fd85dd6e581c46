import type { TicketEdit } from "../api/tickets";
import type { Action, Reply } from "../api/types";
import type { Log } from "../chat/log";
import { type Exchange, exchanges } from "../chat/thread";

export type Entry =
  | { kind: "exchange"; at: string; view: Exchange }
  | { kind: "reply"; at: string; reply: Reply }
  | { kind: "action"; at: string; action: string }
  | { kind: "edit"; at: string; edit: TicketEdit };

/**
 * Transcript, replies, actions and changes as one line in time. A question keeps its
 * answer with it, and an action that the transcript tells of stands there.
 */
export function timeline(
  log: Log,
  replies: Reply[],
  actions: Action[],
  edits: TicketEdit[] = [],
): Entry[] {
  const entries: Entry[] = [];
  const told = new Set<string>();
  for (const view of exchanges(log)) {
    entries.push({ kind: "exchange", at: startOf(view), view });
    for (const p of view.parts) if (p.kind === "action") told.add(p.action);
  }
  for (const a of actions)
    if (!told.has(a.id)) entries.push({ kind: "action", at: a.proposed_at, action: a.id });
  for (const edit of edits) entries.push({ kind: "edit", at: edit.at, edit });
  for (const reply of replies) entries.push({ kind: "reply", at: reply.at, reply });
  // Stable: what happened in the same instant keeps its order in the log.
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function startOf(view: Exchange): string {
  const part = view.parts.find((p) => "at" in p);
  return view.question?.at ?? (part && "at" in part ? part.at : (view.steps[0]?.event.at ?? ""));
}

/** What an entry is known by, however many stand before it. */
export function keyOf(e: Entry): string {
  if (e.kind === "exchange") return e.view.key;
  if (e.kind === "edit") return `edit ${e.at}`;
  return e.kind === "reply" ? e.reply.id : e.action;
}

/** The day of an entry in the reader's time, to draw a line between days. */
export const dayOf = (at: string) => new Date(at).toDateString();

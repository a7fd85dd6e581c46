import type { Priority } from "../api/types";
import { oneOf } from "../app/one-of";

export const priorities = ["low", "normal", "high", "urgent"] as const satisfies Priority[];
export const views = ["queue", "handoff", "mine"] as const;
export type View = (typeof views)[number];

/** What stands in the queue's address: whoever opens it sees the same list. */
export interface QueueSearch {
  view?: View;
  status?: string;
  q?: string;
  company?: string;
  priority?: Priority;
  assignee?: string; // an id, or nobody
  unread?: true;
  field?: string[]; // id:value
  updated_from?: string; // days, in the reader's time
  updated_to?: string;
  created_from?: string;
  created_to?: string;
}

const text = (v: unknown) => (typeof v === "string" && v ? v : undefined);
const day = (v: unknown) =>
  typeof v === "string" && /^\d{4}-\d{2}-\d{2}$/.test(v) && !Number.isNaN(Date.parse(v))
    ? v
    : undefined;

export function readSearch(s: Record<string, unknown>): QueueSearch {
  const field = (Array.isArray(s.field) ? s.field : [s.field]).filter(
    (f): f is string => typeof f === "string" && f.includes(":"),
  );
  return {
    view: oneOf(views, s.view),
    status: text(s.status),
    q: text(s.q) ?? (typeof s.q === "number" ? String(s.q) : undefined),
    company: text(s.company),
    priority: oneOf(priorities, s.priority),
    assignee: text(s.assignee),
    unread: s.unread === true ? true : undefined,
    field: field.length > 0 ? field : undefined,
    updated_from: day(s.updated_from),
    updated_to: day(s.updated_to),
    created_from: day(s.created_from),
    created_to: day(s.created_to),
  };
}

/** The beginning of a day as the reader's clock has it; of the next one, to include the day. */
export function moment(day: string | undefined, next = false): string | undefined {
  if (!day) return undefined;
  const at = new Date(`${day}T00:00:00`);
  if (next) at.setDate(at.getDate() + 1);
  return at.toISOString();
}

/** The search as the server takes it. */
export function queryOf(s: QueueSearch) {
  return {
    view: s.view ?? ("queue" as const),
    status: s.status ? [s.status] : undefined,
    q: s.q,
    company: s.company ? [s.company] : undefined,
    priority: s.priority ? [s.priority] : undefined,
    assignee: s.assignee ? [s.assignee] : undefined,
    unread: s.unread,
    field: s.field,
    updated_from: moment(s.updated_from),
    updated_to: moment(s.updated_to, true),
    created_from: moment(s.created_from),
    created_to: moment(s.created_to, true),
  };
}

export const split = (field: string) => {
  const at = field.indexOf(":");
  return { id: field.slice(0, at), value: field.slice(at + 1) };
};

/** The search as a saved view keeps it. */
export function savedOf(s: QueueSearch) {
  const q = queryOf(s);
  return {
    view: q.view,
    status: q.status,
    q: q.q,
    company: q.company,
    priority: q.priority,
    assignee: s.assignee && s.assignee !== "nobody" ? [s.assignee] : undefined,
    unassigned: s.assignee === "nobody" || undefined,
    unread: s.unread,
    fields: s.field?.map((f) => ({ field: split(f).id, value: split(f).value })),
    updated_from: q.updated_from,
    updated_to: q.updated_to,
    created_from: q.created_from,
    created_to: q.created_to,
  };
}

export interface Saved {
  view?: string;
  status?: string[] | null;
  q?: string;
  company?: string[] | null;
  priority?: string[] | null;
  assignee?: string[] | null;
  unassigned?: boolean;
  unread?: boolean;
  fields?: { field: string; value: string }[] | null;
  updated_from?: string;
  updated_to?: string;
  created_from?: string;
  created_to?: string;
}

/** The day of a moment in the reader's time; what ends before midnight ends on the day before. */
function dayOf(at: string | undefined, last = false): string | undefined {
  if (!at) return undefined;
  const d = new Date(Date.parse(at) - (last ? 1 : 0));
  const two = (n: number) => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** A saved view as the address that shows it. */
export function searchOf(f: Saved): QueueSearch {
  return readSearch({
    view: f.view === "queue" ? undefined : f.view,
    status: f.status?.[0],
    q: f.q,
    company: f.company?.[0],
    priority: f.priority?.[0],
    assignee: f.unassigned ? "nobody" : f.assignee?.[0],
    unread: f.unread || undefined,
    field: f.fields?.map((x) => `${x.field}:${x.value}`),
    updated_from: dayOf(f.updated_from),
    updated_to: dayOf(f.updated_to, true),
    created_from: dayOf(f.created_from),
    created_to: dayOf(f.created_to, true),
  });
}

/** Only what is set, in one order: two searches for the same list are equal. */
export const keyOf = (s: QueueSearch) =>
  JSON.stringify(
    Object.entries(readSearch(s as Record<string, unknown>)).filter(([, v]) => v !== undefined),
  );

export const isNarrow = (s: QueueSearch) => {
  const { view: _, ...rest } = readSearch(s as Record<string, unknown>);
  return Object.values(rest).some((v) => v !== undefined);
};

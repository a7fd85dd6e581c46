import { queryOptions } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { fields } from "../api/tickets";
import type { FieldInfo, FieldValue, Ticket, TicketDetail } from "../api/types";

/** The fields that this viewer meets; what an admin changes holds at the next look. */
export const formQuery = queryOptions({
  queryKey: ["fields"],
  queryFn: fields.form,
  staleTime: 30_000,
});

/** What is in a form: by the field's id, as the server takes it. */
export type Filled = Record<string, unknown>;

export const isColumn = (f: FieldInfo) => f.kind === "column";
export const column = (form: FieldInfo[] | undefined, key: string) =>
  form?.find((f) => f.key === key);

/** What a ticket has, as the form holds it. */
export function filledOf(values: FieldValue[]): Filled {
  const out: Filled = {};
  for (const v of values) out[v.field_id] = rawOf(v);
  return out;
}

function rawOf(v: FieldValue): unknown {
  switch (v.kind) {
    case "number":
      return v.number;
    case "date":
      return v.date;
    case "yes_no":
      return v.yes;
    case "choice":
      return v.options?.[0]?.id;
    case "choices":
      return v.options?.map((o) => o.id);
    default:
      return v.text;
  }
}

const blank = (v: unknown) =>
  v === undefined || v === null || v === "" || (Array.isArray(v) && v.length === 0);

/** The fields that a form needs and that are empty still. */
export const missing = (form: FieldInfo[], filled: Filled) =>
  form.filter((f) => f.required && f.mode === "edit" && !isColumn(f) && blank(filled[f.id]));

/** Only what differs is sent, and an empty field as null. */
export function changed(before: Filled, after: Filled): Filled {
  const out: Filled = {};
  for (const [id, value] of Object.entries(after)) {
    const [a, b] = [before[id], value].map((v) => (blank(v) ? null : v));
    if (JSON.stringify(a) !== JSON.stringify(b)) out[id] = b;
  }
  return out;
}

/** What a ticket is called where the portal hides subjects. */
export const titleOf = (t: TFunction, x: Ticket | TicketDetail) =>
  x.subject ?? t("fields.untitled", { number: x.number });

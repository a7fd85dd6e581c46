import type { Attachment } from "./files";
import type { components } from "./schema";

type Schemas = components["schemas"];

// The document writes plain strings where the server knows a few words, and
// null where a list is empty. Here they are what the screens need; a field
// that the document does not have cannot be named.
type Narrow<T, K extends Partial<Record<keyof T, unknown>>> = Omit<T, keyof K> & K;

export type Language = "en" | "es" | "de" | "fr" | "it";
export type Role = "contact" | "main_contact" | "technician" | "admin";
export type FieldInfo = Schemas["FieldInfo"];
export type FieldValue = Schemas["FieldValue"];
export type StatusInfo = Schemas["StatusInfo"];
export type StatusKind = StatusInfo["kind"];
export type Priority = "low" | "normal" | "high" | "urgent";
type HandoffState = "none" | "requested" | "taken";

export interface Page<T> {
  items: T[];
  next?: string | null;
}

export type Me = Narrow<Schemas["Me"], { role: Role; language: Language }>;
export type Session = Schemas["Session"];
export type Reply = Schemas["Reply"];

interface TicketWords {
  status_kind?: StatusKind; // absent, like any field, where the portal hides it
  priority?: Priority;
  origin: "chat" | "manual" | "handoff" | "action";
  handoff: HandoffState;
}
export type Ticket = Narrow<Schemas["ShownTicket"], TicketWords>;
export type TicketDetail = Narrow<
  Schemas["TicketDetail"],
  TicketWords & { replies: Reply[]; joined: Schemas["ShownTicket"][] }
>;

export type ArticleHit = Narrow<Schemas["FoundArticle"], { lang: Language }>;
export type Article = Narrow<Schemas["ArticleBody"], { lang: Language; langs: Language[] }>;

export type Conversation = Narrow<
  Schemas["Conversation"],
  { handoff: HandoffState; ticket?: Schemas["TicketRef"] }
>;

export type Audience = Narrow<Schemas["Audience"], { users?: string[] | null }>;
export type Policies = Schemas["Switches"];
export type Person = Schemas["Person"];

// ---- devices, actions and what is needed for them

/** An action as the ledger renders it for this reader: the words are in their language already. */
export type Action = Schemas["Action"];
export type Operation = Action["operation"];
export type ActionState = Action["state"];
export type ActionStep = Action["next"][number];
export type System = Action["device"]["system"];

export type Device = Schemas["Device"];
export type Software = Schemas["Shelved"];
export type SoftwareState = Schemas["OnDevice"];
export type Factors = Schemas["MyFactors"];

// ---- the conversation's log

export interface Citation {
  n: number;
  article: string;
  lang: Language;
  title: string;
  heading?: string;
  anchor: string;
  quote: string;
}

interface Bodies {
  user_message: {
    id: string;
    text: string;
    author: string;
    turn?: string;
    attachments?: Attachment[];
  };
  assistant_message: {
    turn: string;
    text: string;
    citations: Citation[] | null;
    model: string;
    offline?: boolean;
  };
  staff_message: { text: string; author: string; name: string; attachments?: Attachment[] };
  tool_call: { turn: string; call: string; step: number; name: string; arguments: unknown };
  tool_result: {
    turn: string;
    call: string;
    name: string;
    ok: boolean;
    code?: string;
    content: string;
    citations?: Citation[] | null;
  };
  action: { action_id: string; operation: Operation; device: string; state: ActionState };
  ticket: {
    ticket_id: string;
    number: number;
    change: string;
    status?: string;
    into?: string; // where it was merged into
    into_number?: number;
  };
  handoff: {
    state: "requested" | "taken" | "released";
    reason?: string;
    by?: string;
    name?: string;
  };
  rating: { rated: number; rating: "up" | "down" | "none"; reason?: string };
  note: { code: string; params?: Record<string, unknown> };
  turn_ended: {
    turn: string;
    reason: "answered" | "stopped" | "handoff" | "failed";
    code?: string;
  };
}

export type Kind = keyof Bodies;

/** One entry of the log. The body is null after the person was erased. */
export type LogEvent = {
  [K in Kind]: { seq: number; at: string; kind: K; body: Bodies[K] | null };
}[Kind];

export type BodyOf<K extends Kind> = Bodies[K];

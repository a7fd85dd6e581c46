import type { components } from "./schema";

type Schemas = components["schemas"];

// The document writes plain strings where the server knows a few words, and
// null where a list is empty. Here they are what the screens need; a field
// that the document does not have cannot be named.
type Narrow<T, K extends Partial<Record<keyof T, unknown>>> = Omit<T, keyof K> & K;

export type Language = "en" | "es" | "de" | "fr" | "it";
export type Role = "contact" | "main_contact" | "technician" | "admin";
export type TicketStatus = "new" | "open" | "pending" | "resolved" | "closed";
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
  status: TicketStatus;
  priority: Priority;
  origin: "chat" | "manual" | "handoff" | "action";
  handoff: HandoffState;
}
export type Ticket = Narrow<Schemas["Ticket"], TicketWords>;
export type TicketDetail = Narrow<Schemas["TicketDetail"], TicketWords & { replies: Reply[] }>;

export type ArticleHit = Narrow<Schemas["FoundArticle"], { lang: Language }>;
export type Article = Narrow<Schemas["ArticleBody"], { lang: Language; langs: Language[] }>;
export type ArticleRow = Narrow<Schemas["ArticleRow"], { langs: Language[] }>;

export type Conversation = Narrow<
  Schemas["Conversation"],
  { handoff: HandoffState; ticket?: Narrow<Schemas["TicketRef"], { status: TicketStatus }> }
>;

export type Audience = Narrow<Schemas["Audience"], { users?: string[] | null }>;
export type Policies = Schemas["Switches"];
export type Person = Schemas["Person"];
export type ImportReport = Narrow<
  Schemas["ImportReport"],
  { problems: Schemas["ImportProblem"][] }
>;

// ---- devices, actions and what is needed for them

export type Operation =
  | "restart"
  | "lock"
  | "shutdown"
  | "logout"
  | "reset_password"
  | "install_software";
export type System = "windows" | "macos" | "linux";

export type ActionState =
  | "proposed"
  | "confirmed"
  | "verified"
  | "queued"
  | "delivered"
  | "running"
  | "succeeded"
  | "failed"
  | "unknown"
  | "declined"
  | "refused"
  | "expired"
  | "cancelled";
export type ActionStep = "confirm" | "decline" | "send_code" | "verify" | "cancel" | "retry";

/** An action as the ledger renders it for this reader: the words are in their language already. */
export interface Action {
  id: string;
  operation: Operation;
  state: ActionState;
  device: { id: string; name: string; system: System; online: boolean };
  software?: { id: string; name: string; version?: string; icon?: string };
  account?: string;
  requester: { id: string; name: string };
  source: string;
  conversation_id?: string;
  ticket?: { id: string; number: number };
  proposed_at: string;
  deadline?: string;
  ended_at?: string;
  outcome?: "device_verified" | "assumed" | "none";
  code?: string;
  rule?: string;
  next: ActionStep[] | null;
  factor?: {
    phone_masked?: string;
    phone_verified: boolean;
    totp: boolean;
    resend_at?: string;
    attempts_left?: number;
  };
  text: {
    title: string;
    effect: string;
    state: string;
    detail?: string;
    buttons: Partial<Record<ActionStep, string>> | null;
  };
  history: { state: string; at: string; by?: string; code?: string; text: string }[] | null;
}

export interface Device {
  id: string;
  name: string;
  system: System;
  system_version?: string;
  online: boolean;
  last_seen_at?: string;
  account?: string;
  operations: { operation: Operation; allowed: boolean; rule?: string }[] | null;
}

export interface Software {
  id: string;
  name: string;
  publisher?: string;
  description?: string;
  icon?: string;
  version?: string;
  states: SoftwareState[] | null;
}
export interface SoftwareState {
  device_id: string;
  state: "available" | "pending" | "installing" | "installed" | "failed" | "unsupported";
  installed_version?: string;
  code?: string;
  action_id?: string;
}
export interface SoftwareRequest {
  id: string;
  name: string;
  reason?: string;
  state: "open" | "approved" | "declined";
  answer?: string;
  ticket?: { id: string; number: number };
  created_at: string;
}

export interface Factors {
  sms?: boolean;
  phone?: {
    number_masked: string;
    verified: boolean;
    waits_until?: string;
    delete_after?: string;
  } | null;
  totp: { enabled: boolean; waits_until?: string };
  sent?: { old_code: boolean }; // a code went to the number on file: with it a change counts at once
}

export interface OutboxItem {
  id: string;
  channel: "sms" | "mail";
  to: string;
  subject?: string;
  text: string;
  at: string;
}

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
  user_message: { id: string; text: string; author: string; turn?: string };
  assistant_message: {
    turn: string;
    text: string;
    citations: Citation[] | null;
    model: string;
    offline?: boolean;
  };
  staff_message: { text: string; author: string; name: string };
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
  ticket: { ticket_id: string; number: number; change: string; status?: TicketStatus };
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

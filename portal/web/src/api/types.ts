// The words of the REST interface. The shapes are those of the OpenAPI
// document; names here are what the screens speak of.

export type Language = "en" | "es" | "de" | "fr" | "it";
export type Role = "contact" | "main_contact" | "technician" | "admin";

export interface Me {
  id: string;
  name: string;
  login: string;
  email: string;
  role: Role;
  language: Language;
  company?: { id: string; name: string };
  tenant: { name: string; slug: string; accent?: string };
  policies: {
    ticketing: boolean;
    knowledge_base: boolean;
    self_service: boolean;
    assistant: boolean;
    assistant_tickets: boolean;
    manual_tickets: boolean;
    reopen: boolean;
  };
  assistant: { offline: boolean; model: string };
}

export interface Session {
  id: string;
  current: boolean;
  created_at: string;
  last_seen_at: string;
  user_agent: string;
  ip: string;
}

export interface Page<T> {
  items: T[];
  next?: string | null;
}

export type TicketStatus = "new" | "open" | "pending" | "resolved" | "closed";
export type Priority = "low" | "normal" | "high" | "urgent";

export interface Ticket {
  id: string;
  number: number;
  subject: string;
  status: TicketStatus;
  priority: Priority;
  origin: "chat" | "manual" | "handoff";
  requester: { id: string; name: string; company?: string };
  assignee?: { id: string; name: string };
  company?: { id: string; name: string };
  conversation_id?: string;
  handoff: "none" | "requested" | "taken";
  created_at: string;
  updated_at: string;
  description: string;
}

export interface Reply {
  id: string;
  author: { id: string; name: string; staff: boolean };
  text: string;
  internal: boolean;
  at: string;
}

export interface TicketDetail extends Ticket {
  replies: Reply[];
}

export interface ArticleHit {
  id: string;
  key: string;
  lang: Language;
  title: string;
  summary: string;
  heading?: string;
  anchor?: string;
  snippet?: string;
}

export interface Article {
  id: string;
  key: string;
  lang: Language;
  title: string;
  summary: string;
  html: string;
  langs: Language[];
  updated_at: string;
}

export interface Conversation {
  id: string;
  title: string;
  created_at: string;
  last_at: string;
  ticket?: { id: string; number: number; status: TicketStatus };
  handoff: "none" | "requested" | "taken";
}

export interface Audience {
  mode: "off" | "everyone" | "selected";
  users?: string[];
}

export interface Policies {
  ticketing: Audience;
  knowledge_base: Audience;
  assistant: boolean;
  assistant_tickets: boolean;
  manual_tickets: boolean;
}

export interface Person {
  id: string;
  name: string;
  login: string;
  email: string;
  role: Role;
  company?: { id: string; name: string };
}

export interface ImportReport {
  created: number;
  updated: number;
  unchanged: number;
  problems: { name: string; code: string; params?: Record<string, unknown> }[];
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
  action: { action_id: string; operation: string; device: string; state: string };
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

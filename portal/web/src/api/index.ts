import { call } from "./client";
import type {
  Article,
  ArticleHit,
  Conversation,
  ImportReport,
  Language,
  LogEvent,
  Me,
  Page,
  Person,
  Policies,
  Reply,
  Session,
  Ticket,
  TicketDetail,
} from "./types";

export const session = {
  get: () => call<{ user: Me; sessions: Session[] }>("GET", "/session", { quiet: true }),
  logIn: (login: string, password: string) =>
    call<{ user: Me }>("POST", "/session", { body: { login, password }, quiet: true }),
  logOut: () => call<void>("DELETE", "/session"),
  revoke: (id: string) => call<void>("DELETE", `/sessions/${id}`),
  updateMe: (change: {
    language?: Language;
    name?: string;
    password?: { old: string; new: string };
  }) => call<Me>("PATCH", "/me", { body: change }),
};

export interface TicketQuery {
  status?: string;
  q?: string;
  view?: string;
  cursor?: string;
}

export const tickets = {
  list: (query: TicketQuery) => call<Page<Ticket>>("GET", "/tickets", { query: { ...query } }),
  get: (id: string) => call<TicketDetail>("GET", `/tickets/${id}`),
  create: (subject: string, description: string) =>
    call<Ticket>("POST", "/tickets", { body: { subject, description } }),
  change: (id: string, change: { status?: string; priority?: string; assignee_id?: string }) =>
    call<Ticket>("PATCH", `/tickets/${id}`, { body: change }),
  reply: (id: string, text: string, internal: boolean) =>
    call<Reply>("POST", `/tickets/${id}/replies`, { body: { text, internal } }),
  transcript: (id: string) =>
    call<{ events: LogEvent[]; verified: boolean }>("GET", `/tickets/${id}/transcript`),
};

export const articles = {
  search: (query: string, lang: Language, cursor?: string, signal?: AbortSignal) =>
    call<Page<ArticleHit>>("GET", "/articles", { query: { query, lang, cursor }, signal }),
  get: (id: string, lang?: string) => call<Article>("GET", `/articles/${id}`, { query: { lang } }),
};

export const conversations = {
  list: () => call<Page<Conversation>>("GET", "/conversations"),
  get: (id: string) => call<Conversation>("GET", `/conversations/${id}`),
  create: (id: string) => call<Conversation>("POST", "/conversations", { body: { id } }),
  events: (id: string, after: number, limit: number) =>
    call<{ events: LogEvent[]; last: number }>("GET", `/conversations/${id}/events`, {
      query: { after, limit },
    }),
  handOff: (id: string, reason?: string) =>
    call<void>("POST", `/conversations/${id}/handoff`, { body: { reason } }),
  take: (id: string) => call<void>("POST", `/conversations/${id}/take`, { body: {} }),
  release: (id: string) => call<void>("POST", `/conversations/${id}/release`, { body: {} }),
  write: (id: string, text: string) =>
    call<void>("POST", `/conversations/${id}/messages`, { body: { text } }),
};

export const admin = {
  policies: () => call<Policies>("GET", "/admin/policies"),
  setPolicies: (change: Partial<Policies>) =>
    call<Policies>("PATCH", "/admin/policies", { body: change }),
  articles: (cursor?: string) =>
    call<Page<ArticleHit & { langs?: Language[]; updated_at?: string }>>("GET", "/admin/articles", {
      query: { cursor },
    }),
  importArticles: (files: File[]) => {
    const form = new FormData();
    for (const file of files) form.append("files", file);
    return call<ImportReport>("POST", "/admin/articles/import", { form });
  },
  deleteArticle: (id: string) => call<void>("DELETE", `/admin/articles/${id}`),
  users: () => call<Page<Person>>("GET", "/admin/users"),
};

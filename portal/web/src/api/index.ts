import { api, ok } from "./client";
import { type Attachment, idsOf } from "./files";
import { by, page } from "./page";
import type { paths } from "./schema";
import type {
  Article,
  ArticleHit,
  Conversation,
  Language,
  LogEvent,
  Me,
  Page,
  Policies,
  Priority,
  Session,
  Ticket,
  TicketDetail,
} from "./types";

// Where the document's plain strings become the words of types.ts.
const pageAs = <T>(p: { items: unknown[] | null; next?: string | null }) => page(p) as Page<T>;

export const session = {
  async get() {
    const s = await ok(api.GET("/api/v1/session"), { quiet: true });
    return { user: s.user as Me, sessions: (s.sessions ?? []) as Session[] };
  },
  async logIn(login: string, password: string, code?: string) {
    const body = { login, password, code: code || undefined };
    const s = await ok(api.POST("/api/v1/session", { body }), { quiet: true });
    return { user: s.user as Me };
  },
  logOut: () => ok(api.DELETE("/api/v1/session")),
  revoke: (id: string) => ok(api.DELETE("/api/v1/sessions/{id}", { params: by(id) })),
  async updateMe(change: {
    language?: Language;
    name?: string;
    password?: { old: string; new: string };
  }) {
    return (await ok(api.PATCH("/api/v1/me", { body: change }))) as Me;
  },
};

export type TicketQuery = NonNullable<paths["/api/v1/tickets"]["get"]["parameters"]["query"]>;

interface TicketDraft {
  subject?: string;
  description?: string;
  priority?: Priority;
  assignee_id?: string;
  fields?: Record<string, unknown>;
}

type TicketChange = TicketDraft & { status?: string };

type Answer = Omit<TicketChange, "subject" | "description"> & {
  text: string;
  internal?: boolean;
  attachments?: Attachment[];
};

export const tickets = {
  async list(query: TicketQuery) {
    return pageAs<Ticket>(await ok(api.GET("/api/v1/tickets", { params: { query } })));
  },
  async get(id: string) {
    const t = await ok(api.GET("/api/v1/tickets/{id}", { params: by(id) }));
    return {
      ...t,
      replies: t.replies ?? [],
      fields: t.fields ?? [],
      joined: t.joined ?? [],
    } as TicketDetail;
  },
  create: (draft: TicketDraft, attachments: Attachment[] = []) =>
    ok(api.POST("/api/v1/tickets", { body: { ...draft, attachments: idsOf(attachments) } })),
  /** With the version that was seen, somebody else's change meanwhile is not overwritten. */
  change: (id: string, change: TicketChange, version?: number) =>
    ok(
      api.PATCH("/api/v1/tickets/{id}", {
        params: { ...by(id), header: version ? { "If-Match": `"${version}"` } : undefined },
        body: change,
      }),
    ),
  changeMany: async (
    ids: string[],
    change: { status?: string; priority?: Priority; assignee_id?: string; macro_id?: string },
  ) => (await ok(api.POST("/api/v1/tickets/bulk", { body: { ids, ...change } }))).items ?? [],
  changes: async (id: string) =>
    (await ok(api.GET("/api/v1/tickets/{id}/changes", { params: by(id) }))).items ?? [],
  askFixed: (id: string) => ok(api.POST("/api/v1/tickets/{id}/ask-fixed", { params: by(id) })),
  fixed: (id: string, fixed: boolean) =>
    ok(api.POST("/api/v1/tickets/{id}/fixed", { params: by(id), body: { fixed } })),
  reply: (id: string, { attachments = [], ...answer }: Answer) =>
    ok(
      api.POST("/api/v1/tickets/{id}/replies", {
        params: by(id),
        body: { ...answer, attachments: idsOf(attachments) },
      }),
    ),
  merge: (id: string, into: string) =>
    ok(api.POST("/api/v1/tickets/{id}/merge", { params: by(id), body: { into } })),
  unmerge: (id: string) => ok(api.DELETE("/api/v1/tickets/{id}/merge", { params: by(id) })),
  earlier: async (id: string, cursor: string) =>
    page(
      await ok(
        api.GET("/api/v1/tickets/{id}/replies", { params: { ...by(id), query: { cursor } } }),
      ),
    ),
  // Kept alive: who looks and leaves at once has seen it all the same.
  seen: (id: string, until: string) =>
    ok(
      api.POST("/api/v1/tickets/{id}/seen", {
        params: by(id),
        body: { until },
        keepalive: true,
      }),
    ),
  async transcript(id: string) {
    const t = await ok(api.GET("/api/v1/tickets/{id}/transcript", { params: by(id) }));
    return { events: (t.events ?? []) as LogEvent[], verified: t.verified };
  },
};

export const articles = {
  async search(
    query: string,
    category: string | undefined,
    lang: Language,
    signal?: AbortSignal,
    limit = 200,
  ) {
    const params = { query: { query, lang, category, limit } };
    return pageAs<ArticleHit>(await ok(api.GET("/api/v1/articles", { params, signal })));
  },
  async get(id: string, lang: Language) {
    const params = { ...by(id), query: { lang } };
    const a = await ok(api.GET("/api/v1/articles/{id}", { params }));
    return { ...a, langs: a.langs ?? [] } as Article;
  },
};

export const shelves = async (lang: Language) =>
  (await ok(api.GET("/api/v1/categories", { params: { query: { lang } } }))).items ?? [];

export const conversations = {
  list: async () => pageAs<Conversation>(await ok(api.GET("/api/v1/conversations"))),
  /** Somebody else's, for staff. */
  of: async (user: string, cursor?: string) =>
    pageAs<Conversation>(
      await ok(
        api.GET("/api/v1/conversations", { params: { query: { user, cursor, limit: 10 } } }),
      ),
    ),
  get: async (id: string) =>
    (await ok(api.GET("/api/v1/conversations/{id}", { params: by(id) }))) as Conversation,
  create: (id: string) => ok(api.POST("/api/v1/conversations", { body: { id } })),
  async events(id: string, after: number, limit: number) {
    const params = { ...by(id), query: { after, limit } };
    const e = await ok(api.GET("/api/v1/conversations/{id}/events", { params }));
    return { events: (e.events ?? []) as LogEvent[], last: e.last };
  },
  /** All of it, from its beginning. */
  async record(id: string) {
    const all: LogEvent[] = [];
    for (;;) {
      const { events, last } = await conversations.events(id, all.at(-1)?.seq ?? 0, 200);
      all.push(...events);
      if (events.length === 0 || events.at(-1)?.seq === last) return all;
    }
  },
  handOff: (id: string, reason?: string) =>
    ok(api.POST("/api/v1/conversations/{id}/handoff", { params: by(id), body: { reason } })),
  take: (id: string) => ok(api.POST("/api/v1/conversations/{id}/take", { params: by(id) })),
  release: (id: string) => ok(api.POST("/api/v1/conversations/{id}/release", { params: by(id) })),
  write: (id: string, text: string, attachments: Attachment[] = []) =>
    ok(
      api.POST("/api/v1/conversations/{id}/messages", {
        params: by(id),
        body: { text, attachments: idsOf(attachments) },
      }),
    ),
};

export const admin = {
  assistant: () => ok(api.GET("/api/v1/admin/assistant")),
  policies: (): Promise<Policies> => ok(api.GET("/api/v1/admin/policies")),
  setPolicies: (change: Partial<Policies>): Promise<Policies> =>
    ok(api.PATCH("/api/v1/admin/policies", { body: change as Policies })),
};

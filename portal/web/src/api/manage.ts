import { api, ok } from "./client";
import type { components } from "./schema";
import type { Page } from "./types";

type Schemas = components["schemas"];

// What staff see of devices, software, actions and people.

export type System = "windows" | "macos" | "linux";
export const operations = [
  "restart",
  "lock",
  "shutdown",
  "logout",
  "reset_password",
  "install_software",
] as const;
export type Operation = (typeof operations)[number];
export const actionStates = [
  "proposed",
  "confirmed",
  "verified",
  "queued",
  "delivered",
  "running",
  "succeeded",
  "failed",
  "unknown",
  "declined",
  "refused",
  "expired",
  "cancelled",
] as const;
export type ActionState = (typeof actionStates)[number];

interface Ref {
  id: string;
  name: string;
}

export interface ManagedDevice {
  id: string;
  name: string;
  system: System;
  system_version?: string;
  agent_version?: string;
  online: boolean;
  last_seen_at?: string;
  booted_at?: string;
  created_at: string;
  suspect_at?: string;
  revoked_at?: string;
  company?: Ref;
  simulated?: boolean;
  assignments: { user: Ref; account: string; at?: string }[] | null;
  accounts?: { name: string; kind: "local" | "domain" | "cloud"; logged_in: boolean }[] | null;
  packages?: { manager: string; id: string; version: string }[] | null;
}

export interface EnrolToken {
  token: string;
  expires_at: string;
  commands?: { system: System; command: string }[] | null;
}

export interface LedgerAction {
  id: string;
  operation: Operation;
  state: ActionState;
  device: Ref & { system: System; online: boolean };
  software?: Ref & { version?: string };
  account?: string;
  requester: Ref;
  source: string;
  ticket?: { id: string; number: number };
  proposed_at: string;
  deadline?: string;
  ended_at?: string;
  outcome?: "device_verified" | "assumed" | "none";
  code?: string;
  rule?: string;
  next: string[] | null;
  text: { title: string; effect: string; state: string; detail?: string };
  evidence?: Record<string, unknown>;
  history: { state: string; at: string; by: string; name?: string; text: string }[] | null;
}

export type Wanted = Schemas["Request"];
export type CataloguePackage = Schemas["PackageSpec"];
export type CatalogueDraft = Schemas["RowDraft"];
export type CatalogueEntry = Schemas["Row"];
export type SoftwareSource = Schemas["PackageSource"];

export interface Explained {
  allowed: boolean;
  rule?: string;
  lines: { rule: string; allowed: boolean; switch: string; text?: string }[] | null;
}

type Call = (
  path: string,
  options?: object,
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

async function call<T>(
  method: Method,
  path: string,
  options: { body?: object; query?: object } = {},
): Promise<T> {
  const { body, query } = options;
  const send = api[method] as unknown as Call;
  return (await ok(send(`/api/v1${path}`, { body, params: query && { query } }))) as T;
}

async function list<T>(path: string, query?: object): Promise<Page<T>> {
  const p = await call<Page<T> & { items: T[] | null }>("GET", path, { query });
  return { items: p.items ?? [], next: p.next || null };
}

// All pages at once: what is filtered here and not on the server must be whole.
async function whole<T>(path: string, limit: number): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const p = await list<T>(path, { limit, cursor });
    items.push(...p.items);
    cursor = p.next ?? undefined;
  } while (cursor && items.length < 5000);
  return items;
}

export const devices = {
  all: () => whole<ManagedDevice>("/admin/devices", 200),
  get: (id: string) => call<ManagedDevice>("GET", `/admin/devices/${id}`),
  token: (to: { company_id?: string; user_id?: string }) =>
    call<EnrolToken>("POST", "/admin/devices/tokens", { body: to }),
  assign: (id: string, user: string, account: string) =>
    call("POST", `/admin/devices/${id}/assignments`, { body: { user_id: user, account } }),
  unassign: (id: string, user: string) =>
    call("DELETE", `/admin/devices/${id}/assignments/${user}`),
  revoke: (id: string) => call("POST", `/admin/devices/${id}/revoke`),
  trust: (id: string) => call("POST", `/admin/devices/${id}/trust`),
};

export const ledger = {
  list: (query: { device?: string; user?: string; state?: string; cursor?: string }) =>
    list<LedgerAction>("/actions", query),
  get: (id: string) => call<LedgerAction>("GET", `/actions/${id}`),
  cancel: (id: string) => call<LedgerAction>("POST", `/actions/${id}/cancel`),
};

const by = (id: string) => ({ params: { path: { id } } });

export const wanted = {
  async list(query: { state?: Wanted["state"]; cursor?: string }): Promise<Page<Wanted>> {
    const p = await ok(api.GET("/api/v1/software/requests", { params: { query } }));
    return { items: p.items ?? [], next: p.next || null };
  },
  approve: (id: string, software: string) =>
    ok(
      api.POST("/api/v1/admin/software/requests/{id}/approve", {
        ...by(id),
        body: { software_id: software },
      }),
    ),
  decline: (id: string, answer: string) =>
    ok(api.POST("/api/v1/admin/software/requests/{id}/decline", { ...by(id), body: { answer } })),
};

export const catalogue = {
  all: async () => (await ok(api.GET("/api/v1/admin/software"))).items ?? [],
  create: (draft: CatalogueDraft) => ok(api.POST("/api/v1/admin/software", { body: draft })),
  change: (id: string, draft: CatalogueDraft, version: number) =>
    ok(
      api.PATCH("/api/v1/admin/software/{id}", {
        // Two who edit the same row: the second is told.
        params: { path: { id }, header: { "If-Match": `"${version}"` } },
        body: draft,
      }),
    ),
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/software/{id}", by(id))),
};

export const sources = {
  list: async () => (await ok(api.GET("/api/v1/admin/software/sources"))).items ?? [],
  create: (draft: Schemas["SourceDraft"]) =>
    ok(api.POST("/api/v1/admin/software/sources", { body: draft })),
  change: (id: string, change: Schemas["SourceChange"]) =>
    ok(api.PATCH("/api/v1/admin/software/sources/{id}", { ...by(id), body: change })),
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/software/sources/{id}", by(id))),
};

export const people = {
  removePhone: (id: string) => call("DELETE", `/admin/users/${id}/phone`),
  removeTotp: (id: string) => call("DELETE", `/admin/users/${id}/totp`),
  setPhone: (id: string, number: string) =>
    call("PUT", `/admin/users/${id}/phone`, { body: { number } }),
  companies: async () => (await list<Ref>("/admin/companies", { limit: 200 })).items,
  explain: (query: { user: string; device?: string; operation: string; software?: string }) =>
    call<Explained>("GET", "/admin/explain", { query }),
};

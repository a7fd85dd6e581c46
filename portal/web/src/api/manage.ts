import { api, ok } from "./client";
import type { Page } from "./types";

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

export interface Wanted {
  id: string;
  name: string;
  reason?: string;
  state: "open" | "approved" | "declined";
  requester: Ref & { company?: string };
  device?: Ref & { system: System };
  ticket?: { id: string; number: number };
  software?: Ref;
  action_id?: string;
  answer?: string;
  decided_by?: Ref;
  decided_at?: string;
  created_at: string;
}

export interface CataloguePackage {
  system: "windows" | "macos";
  manager: "chocolatey" | "homebrew_formula" | "homebrew_cask";
  package: string;
  version?: string;
  source_id?: string;
}
export interface CatalogueDraft {
  name: string;
  publisher?: string;
  description?: string;
  icon?: string;
  audience: {
    mode: "everyone" | "companies" | "users";
    companies?: string[] | null;
    users?: string[] | null;
  };
  packages: CataloguePackage[] | null;
}
export type CatalogueEntry = CatalogueDraft & { id: string; version: number; updated_at: string };

export interface SoftwareSource {
  id: string;
  manager: "chocolatey" | "homebrew";
  name: string;
  url: string;
  has_credentials: boolean;
  used_by: number;
}
export interface SourceDraft {
  manager?: SoftwareSource["manager"];
  name?: string;
  url?: string;
  credentials?: { user: string; password: string };
}

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

export const wanted = {
  list: (query: { state?: string; cursor?: string }) => list<Wanted>("/software/requests", query),
  approve: (id: string, software: string) =>
    call("POST", `/admin/software/requests/${id}/approve`, { body: { software_id: software } }),
  decline: (id: string, answer: string) =>
    call("POST", `/admin/software/requests/${id}/decline`, { body: { answer } }),
};

export const catalogue = {
  all: () => whole<CatalogueEntry>("/admin/software", 200),
  get: (id: string) => call<CatalogueEntry>("GET", `/admin/software/${id}`),
  create: (draft: CatalogueDraft) =>
    call<CatalogueEntry>("POST", "/admin/software", { body: draft }),
  change: (id: string, draft: CatalogueDraft, version: number) =>
    call<CatalogueEntry>("PATCH", `/admin/software/${id}`, { body: { ...draft, version } }),
  remove: (id: string) => call("DELETE", `/admin/software/${id}`),
};

export const sources = {
  list: async () => (await list<SoftwareSource>("/admin/software/sources")).items,
  create: (draft: SourceDraft) => call("POST", "/admin/software/sources", { body: draft }),
  change: (id: string, draft: SourceDraft) =>
    call("PATCH", `/admin/software/sources/${id}`, { body: draft }),
  remove: (id: string) => call("DELETE", `/admin/software/sources/${id}`),
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

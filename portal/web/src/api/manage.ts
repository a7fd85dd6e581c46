import { api, ok } from "./client";
import { by, page, whole } from "./page";
import type { components, operations as routes } from "./schema";
import type { ActionState, Operation } from "./types";

type Schemas = components["schemas"];

// What staff see of devices, software, actions and people.

export const operations = [
  "restart",
  "lock",
  "shutdown",
  "logout",
  "reset_password",
  "install_software",
] as const satisfies Operation[];
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
] as const satisfies ActionState[];

export type ManagedDevice = Schemas["Managed"];
export type EnrolToken = Schemas["EnrolmentToken"];
export type AgentDownload = Schemas["Download"];
export type Explained = Schemas["Explanation"];
export type Contact = Schemas["Contact"];
export type SecondFactor = Schemas["Rules"];
export type Wanted = Schemas["Request"];
export type CataloguePackage = Schemas["PackageSpec"];
export type CatalogueDraft = Schemas["RowDraft"];
export type CatalogueEntry = Schemas["Row"];
export type SoftwareSource = Schemas["PackageSource"];

export type Question = routes["get-admin-explain"]["parameters"]["query"];

export const devices = {
  all: () =>
    whole(async (cursor) => {
      const query = { limit: 200, cursor };
      return page(await ok(api.GET("/api/v1/admin/devices", { params: { query } })));
    }),
  get: (id: string) => ok(api.GET("/api/v1/admin/devices/{id}", { params: by(id) })),
  agents: async () => (await ok(api.GET("/api/v1/admin/agents"))).items,
  token: async (to: { company_id?: string; user_id?: string }): Promise<EnrolToken> =>
    ok(api.POST("/api/v1/admin/devices/tokens", { body: to })),
  assign: (id: string, user: string, account: string) =>
    ok(
      api.POST("/api/v1/admin/devices/{id}/assignments", {
        params: by(id),
        body: { user_id: user, account },
      }),
    ),
  unassign: (id: string, user: string) =>
    ok(
      api.DELETE("/api/v1/admin/devices/{id}/assignments/{user}", {
        params: { path: { id, user } },
      }),
    ),
  revoke: (id: string) => ok(api.POST("/api/v1/admin/devices/{id}/revoke", { params: by(id) })),
  trust: (id: string) => ok(api.POST("/api/v1/admin/devices/{id}/trust", { params: by(id) })),
};

export const wanted = {
  list: async (query: { state?: Wanted["state"]; cursor?: string }) =>
    page(await ok(api.GET("/api/v1/software/requests", { params: { query } }))),
  approve: (id: string, software: string) =>
    ok(
      api.POST("/api/v1/admin/software/requests/{id}/approve", {
        params: by(id),
        body: { software_id: software },
      }),
    ),
  decline: (id: string, answer: string) =>
    ok(
      api.POST("/api/v1/admin/software/requests/{id}/decline", {
        params: by(id),
        body: { answer },
      }),
    ),
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
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/software/{id}", { params: by(id) })),
};

export const sources = {
  list: async () => (await ok(api.GET("/api/v1/admin/software/sources"))).items ?? [],
  create: (draft: Schemas["SourceDraft"]) =>
    ok(api.POST("/api/v1/admin/software/sources", { body: draft })),
  change: (id: string, change: Schemas["SourceChange"]) =>
    ok(api.PATCH("/api/v1/admin/software/sources/{id}", { params: by(id), body: change })),
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/software/sources/{id}", { params: by(id) })),
};

export const people = {
  factors: (id: string) => ok(api.GET("/api/v1/admin/users/{id}/factors", { params: by(id) })),
  release: (id: string) =>
    ok(api.POST("/api/v1/admin/users/{id}/factors/release", { params: by(id) })),
  removePhone: (id: string) => ok(api.DELETE("/api/v1/admin/users/{id}/phone", { params: by(id) })),
  removeTotp: (id: string) => ok(api.DELETE("/api/v1/admin/users/{id}/totp", { params: by(id) })),
  setPhone: (id: string, number: string) =>
    ok(api.PUT("/api/v1/admin/users/{id}/phone", { params: by(id), body: { number } })),
  explain: (query: Question) => ok(api.GET("/api/v1/admin/explain", { params: { query } })),
};

export const secondFactor = {
  get: () => ok(api.GET("/api/v1/admin/second-factor")),
  set: (rules: SecondFactor) => ok(api.PUT("/api/v1/admin/second-factor", { body: rules })),
};

import { api, ok } from "./client";
import { by, page, whole } from "./page";
import type { components, operations } from "./schema";
import type { Role } from "./types";

type Schemas = components["schemas"];

// What staff see and change of companies and of those who use the portal.

export type Company = Schemas["Company"];
export type CompanyDetail = Schemas["CompanyPage"];
export type AccessLine = Schemas["AccessLine"];
export type CompanyDraft = { name: string; domains: string[] };

/** The ETag of a version: two who edit the same thing, and the second is told. */
const seen = (version: number) => ({ "If-Match": `"${version}"` });

export const companies = {
  all: () =>
    whole(async (cursor) =>
      page(await ok(api.GET("/api/v1/admin/companies", { params: { query: { cursor } } }))),
    ),
  get: (id: string) => ok(api.GET("/api/v1/admin/companies/{id}", { params: by(id) })),
  create: (draft: CompanyDraft) => ok(api.POST("/api/v1/admin/companies", { body: draft })),
  change: (id: string, draft: CompanyDraft, version: number) =>
    ok(
      api.PATCH("/api/v1/admin/companies/{id}", {
        params: { ...by(id), header: seen(version) },
        body: draft,
      }),
    ),
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/companies/{id}", { params: by(id) })),
};

export const roles = ["contact", "main_contact", "technician", "admin"] as const satisfies Role[];
export const personStates = ["active", "waiting", "disabled"] as const;

type Query = NonNullable<operations["get-admin-users"]["parameters"]["query"]>;
export type PeopleFilter = Pick<Query, "q" | "company" | "role" | "state">;

export const users = {
  list: async (query: Query) =>
    page(await ok(api.GET("/api/v1/admin/users", { params: { query } }))),
  get: (id: string) => ok(api.GET("/api/v1/admin/users/{id}", { params: by(id) })),
  create: (body: Schemas["NewUserBody"]) => ok(api.POST("/api/v1/admin/users", { body })),
  change: (id: string, version: number, body: Schemas["ChangeUserBody"]) =>
    ok(
      api.PATCH("/api/v1/admin/users/{id}", {
        params: { ...by(id), header: seen(version) },
        body,
      }),
    ),
  firstPassword: (id: string) =>
    ok(api.GET("/api/v1/admin/users/{id}/password", { params: by(id) })),
  givePassword: (id: string, body: Schemas["GivePasswordBody"]) =>
    ok(api.PUT("/api/v1/admin/users/{id}/password", { params: by(id), body })),
  access: (id: string) => ok(api.GET("/api/v1/admin/users/{id}/access", { params: by(id) })),
  select: (id: string, on: Schemas["SelectUserBody"]) =>
    ok(api.PATCH("/api/v1/admin/users/{id}/access", { params: by(id), body: on })),
};

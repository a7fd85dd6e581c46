import { api, ok } from "./client";
import { by, page, whole } from "./page";
import type { components } from "./schema";

type Schemas = components["schemas"];

// What staff see and change of companies and of those who use the portal.

export type Company = Schemas["Company"];
export type CompanyDetail = Schemas["CompanyPage"];
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

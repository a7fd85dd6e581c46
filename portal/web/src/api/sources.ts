import { api, ok } from "./client";
import { by } from "./page";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Source = Schemas["Source"];
export type SourcePage = Schemas["SourcePage"];
export type NewSource = Schemas["NewSource"];

export const sources = {
  list: async () => (await ok(api.GET("/api/v1/admin/sources"))).items ?? [],
  add: (source: NewSource) => ok(api.POST("/api/v1/admin/sources", { body: source })),
  pages: async (id: string) =>
    (await ok(api.GET("/api/v1/admin/sources/{id}/pages", { params: by(id) }))).items ?? [],
  sync: (id: string) => ok(api.POST("/api/v1/admin/sources/{id}/sync", { params: by(id) })),
  remove: (id: string, articles: "keep" | "withdraw") =>
    ok(
      api.DELETE("/api/v1/admin/sources/{id}", {
        params: { ...by(id), query: { articles } },
      }),
    ),
};

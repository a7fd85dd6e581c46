import { api, ok } from "./client";
import { mustFit } from "./files";
import { by, page } from "./page";
import type { components } from "./schema";
import type { Language } from "./types";

type Schemas = components["schemas"];

export type ArticleText = Schemas["Text"];
export type EditedArticle = Schemas["EditedArticle"];
export type ArticleLanguage = Schemas["ArticleLanguage"];
export type EditorRow = Schemas["EditorRow"];
export type Category = Schemas["ArticleCategory"];

export type ImportReport = Schemas["ImportReport"];

export interface EditorFilter {
  state?: "all" | "draft" | "due";
  category?: string;
  q?: string;
}

// Who saves says which text was seen: the second of two editors is told.
const seen = (version: number) => ({ "If-Match": `"${version}"` });
const textOf = (id: string, lang: Language, version: number) => ({
  path: { id, lang },
  header: seen(version),
});

export const editor = {
  list: async (query: EditorFilter & { cursor?: string }) =>
    page(await ok(api.GET("/api/v1/admin/articles", { params: { query } }))),
  waiting: () => ok(api.GET("/api/v1/admin/articles/waiting")),
  get: (id: string) => ok(api.GET("/api/v1/admin/articles/{id}", { params: by(id) })),
  create: (article: Schemas["NewArticle"]) =>
    ok(api.POST("/api/v1/admin/articles", { body: article })),
  set: (
    id: string,
    version: number,
    change: { company_id?: string; category_id?: string; review_on?: string },
  ) =>
    ok(
      api.PATCH("/api/v1/admin/articles/{id}", {
        params: { path: { id }, header: seen(version) },
        body: change,
      }),
    ),
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/articles/{id}", { params: by(id) })),
  preview: async (text: ArticleText) =>
    (await ok(api.POST("/api/v1/admin/articles/preview", { body: text }))).html,
  save: (id: string, lang: Language, version: number, text: ArticleText) =>
    ok(
      api.PUT("/api/v1/admin/articles/{id}/texts/{lang}", {
        params: textOf(id, lang, version),
        body: text,
      }),
    ),
  publish: (id: string, lang: Language, version: number) =>
    ok(
      api.POST("/api/v1/admin/articles/{id}/texts/{lang}/publish", {
        params: textOf(id, lang, version),
      }),
    ),
  withdraw: (id: string, lang: Language, version: number) =>
    ok(
      api.POST("/api/v1/admin/articles/{id}/texts/{lang}/withdraw", {
        params: textOf(id, lang, version),
      }),
    ),
  discard: (id: string, lang: Language, version: number) =>
    ok(
      api.DELETE("/api/v1/admin/articles/{id}/texts/{lang}/draft", {
        params: textOf(id, lang, version),
      }),
    ),
  removeLanguage: (id: string, lang: Language, version: number) =>
    ok(
      api.DELETE("/api/v1/admin/articles/{id}/texts/{lang}", {
        params: textOf(id, lang, version),
      }),
    ),
  revisions: async (id: string, lang: Language) =>
    (
      await ok(
        api.GET("/api/v1/admin/articles/{id}/texts/{lang}/revisions", {
          params: { path: { id, lang } },
        }),
      )
    ).items ?? [],
  revision: (id: string, lang: Language, change: number) =>
    ok(
      api.GET("/api/v1/admin/articles/{id}/texts/{lang}/revisions/{change}", {
        params: { path: { id, lang, change } },
      }),
    ),
  restore: (id: string, lang: Language, version: number, change: number) =>
    ok(
      api.POST("/api/v1/admin/articles/{id}/texts/{lang}/revisions/{change}/restore", {
        params: { path: { id, lang, change }, header: seen(version) },
      }),
    ),
  async importFiles(files: File[], company?: string) {
    mustFit(files, 32 * 1024 * 1024);
    const form = new FormData();
    for (const file of files) form.append("files", file);
    return ok(
      api.POST("/api/v1/admin/articles/import", {
        params: { query: { company } },
        body: { files: [] },
        bodySerializer: () => form,
      }),
    );
  },
};

type Names = Category["names"];

export const categories = {
  list: async () => (await ok(api.GET("/api/v1/admin/categories"))).items ?? [],
  create: (names: Names) => ok(api.POST("/api/v1/admin/categories", { body: { names } })),
  change: (id: string, version: number, names: Names) =>
    ok(
      api.PUT("/api/v1/admin/categories/{id}", {
        params: { path: { id }, header: seen(version) },
        body: { names },
      }),
    ),
  order: (ids: string[]) => ok(api.PUT("/api/v1/admin/categories", { body: { ids } })),
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/categories/{id}", { params: by(id) })),
};

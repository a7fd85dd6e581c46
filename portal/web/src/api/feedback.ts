import { api, ok } from "./client";
import { by, page } from "./page";
import type { components } from "./schema";
import type { ArticleHit, Language, Page } from "./types";

type Schemas = components["schemas"];

export type Review = Schemas["Review"];
export type UnansweredQuestion = Schemas["UnansweredQuestion"];
type Verdict = Schemas["Verdict"];
type Rating = Schemas["ArticleRating"];

export const reviewStates = ["open", "done"] as const;
export const reviewKinds = ["answer", "article"] as const;

export interface ReviewFilter {
  state?: (typeof reviewStates)[number];
  kind?: (typeof reviewKinds)[number];
  company?: string;
  person?: string;
  /** Who closed it. */
  closed_by?: string;
}

export const feedback = {
  /** What this reader thinks of the text that was published as change. */
  rate: (id: string, lang: Language, change: number, rating: Rating) =>
    ok(
      api.PUT("/api/v1/articles/{id}/feedback", {
        params: by(id),
        body: { lang, change, ...rating },
      }),
    ),
  async related(id: string, lang: Language) {
    const params = { ...by(id), query: { lang } };
    const found = page(await ok(api.GET("/api/v1/articles/{id}/related", { params })));
    return (found as Page<ArticleHit>).items;
  },
  reviews: async (query: ReviewFilter & { cursor?: string }) =>
    page(await ok(api.GET("/api/v1/admin/feedback", { params: { query } }))),
  close: (id: string, verdict: Verdict) =>
    ok(api.PUT("/api/v1/admin/feedback/{id}", { params: by(id), body: verdict })),
  unanswered: async (query: { state: (typeof reviewStates)[number]; cursor?: string }) =>
    page(await ok(api.GET("/api/v1/admin/unanswered", { params: { query } }))),
  closeQuestion: (key: string, verdict: Verdict) =>
    ok(
      api.PUT("/api/v1/admin/unanswered/{key}", {
        params: { path: { key } },
        body: verdict,
      }),
    ),
};

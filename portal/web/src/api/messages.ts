import { api, ok } from "./client";
import { by, page } from "./page";
import type { components } from "./schema";
import type { Language } from "./types";

type Schemas = components["schemas"];

// What the portal sends: how each message fared, and the texts of all of them.

export type Sent = Schemas["Sent"];
export type TemplateInfo = Schemas["TemplateInfo"];
export type Template = Schemas["Template"];
export type TemplateWords = Schemas["TemplateWords"];

export const sentStates = [
  "queued",
  "retrying",
  "sent",
  "delivered",
  "undelivered",
  "failed",
  "withheld",
] as const satisfies Sent["state"][];
export const channels = ["mail", "sms"] as const satisfies Sent["channel"][];

export interface SentFilter {
  state?: Sent["state"];
  channel?: Sent["channel"];
  user?: string;
}

export const messages = {
  list: async (query: SentFilter & { cursor?: string }) =>
    page(await ok(api.GET("/api/v1/admin/messages", { params: { query } }))),
  again: (id: string) => ok(api.POST("/api/v1/admin/messages/{id}/again", { params: by(id) })),
};

const of = (name: string, language: Language) => ({ path: { name, language } });

export const templates = {
  all: async () => (await ok(api.GET("/api/v1/admin/templates"))).items,
  get: (name: string, language: Language) =>
    ok(api.GET("/api/v1/admin/templates/{name}/{language}", { params: of(name, language) })),
  /** With the version that was seen, somebody else's text is not overwritten. */
  set: (name: string, language: Language, words: TemplateWords, version: number) =>
    ok(
      api.PUT("/api/v1/admin/templates/{name}/{language}", {
        params: of(name, language),
        body: { ...words, version },
      }),
    ),
  restore: (name: string, language: Language, version: number) =>
    ok(
      api.DELETE("/api/v1/admin/templates/{name}/{language}", {
        params: { ...of(name, language), query: { version } },
      }),
    ),
  preview: (name: string, language: Language, words: TemplateWords) =>
    ok(
      api.POST("/api/v1/admin/templates/{name}/{language}/preview", {
        params: of(name, language),
        body: words,
      }),
    ),
  test: (name: string, language: Language, words: TemplateWords) =>
    ok(
      api.POST("/api/v1/admin/templates/{name}/{language}/test", {
        params: of(name, language),
        body: words,
      }),
    ),
};

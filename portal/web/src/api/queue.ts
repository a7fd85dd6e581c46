import { api, ok } from "./client";
import { by } from "./page";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type SavedView = Schemas["SavedView"];

// Saved views of the queue: one's own, and those that all staff share.
export const savedViews = {
  list: async (): Promise<SavedView[]> => (await ok(api.GET("/api/v1/views"))).items ?? [],
  add: (body: Schemas["NewViewBody"]) => ok(api.POST("/api/v1/views", { body })),
  change: (id: string, body: Schemas["ChangeViewBody"]) =>
    ok(api.PATCH("/api/v1/views/{id}", { params: by(id), body })),
  remove: (id: string) => ok(api.DELETE("/api/v1/views/{id}", { params: by(id) })),
};

// What is begun and not sent.
export const drafts = {
  list: async (ticket: string) =>
    (await ok(api.GET("/api/v1/tickets/{id}/drafts", { params: by(ticket) }))).items ?? [],
  keep: (ticket: string, kind: "reply" | "note", text: string) =>
    ok(
      api.PUT("/api/v1/tickets/{id}/drafts/{kind}", {
        params: { path: { id: ticket, kind } },
        body: { text },
      }),
    ),
};

export type Present = Schemas["Present"];
export type PresenceState = "looking" | "reply" | "note" | "left";

/** Says what one does with a ticket, and answers who else is there. */
export const attend = (ticket: string, state: PresenceState, claim = false) =>
  ok(api.PUT("/api/v1/tickets/{id}/presence", { params: by(ticket), body: { state, claim } }));

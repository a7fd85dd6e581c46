import { api, ok } from "./client";
import { by } from "./page";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Macro = Schemas["Macro"];
export type Prepared = Schemas["Prepared"];
export type MacroChanges = Schemas["MacroChanges"];

// Canned replies with the changes that go with them.
export const macros = {
  list: async (): Promise<Macro[]> => (await ok(api.GET("/api/v1/macros"))).items ?? [],
  prepare: (ticket: string, macro: string): Promise<Prepared> =>
    ok(api.GET("/api/v1/tickets/{id}/macros/{macro}", { params: { path: { id: ticket, macro } } })),
  add: (body: Schemas["MacroBody"]) => ok(api.POST("/api/v1/admin/macros", { body })),
  change: (id: string, body: Schemas["MacroBody"]) =>
    ok(api.PATCH("/api/v1/admin/macros/{id}", { params: by(id), body })),
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/macros/{id}", { params: by(id) })),
};

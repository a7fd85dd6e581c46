import { api, ok } from "./client";
import { by } from "./page";
import type { components } from "./schema";
import type { FieldInfo, StatusInfo } from "./types";

type Schemas = components["schemas"];

// How tickets work in this portal: statuses, fields, and what staff keep for themselves.

export type StatusRow = Schemas["StatusRow"];
type NewStatus = Schemas["NewStatusBody"];
export type FieldRow = Schemas["FieldRow"];
export type TicketEdit = Schemas["TicketEdit"];

const key = (k: string) => ({ path: { key: k } });

export const statuses = {
  list: async (): Promise<StatusInfo[]> => (await ok(api.GET("/api/v1/statuses"))).items ?? [],
  all: async (): Promise<StatusRow[]> => (await ok(api.GET("/api/v1/admin/statuses"))).items ?? [],
  add: (body: NewStatus) => ok(api.POST("/api/v1/admin/statuses", { body })),
  change: (k: string, body: Partial<Omit<NewStatus, "kind">>) =>
    ok(api.PATCH("/api/v1/admin/statuses/{key}", { params: key(k), body })),
  order: async (keys: string[]): Promise<StatusRow[]> =>
    (await ok(api.PUT("/api/v1/admin/statuses", { body: { keys } }))).items ?? [],
  remove: (k: string, replacement?: string) =>
    ok(
      api.DELETE("/api/v1/admin/statuses/{key}", {
        params: { ...key(k), query: { replacement } },
      }),
    ),
};

export const fields = {
  form: async (): Promise<FieldInfo[]> => (await ok(api.GET("/api/v1/fields"))).items ?? [],
  all: async (): Promise<FieldRow[]> => (await ok(api.GET("/api/v1/admin/fields"))).items ?? [],
  add: (body: Schemas["NewFieldBody"]) => ok(api.POST("/api/v1/admin/fields", { body })),
  change: (id: string, body: Schemas["ChangeFieldBody"]) =>
    ok(api.PATCH("/api/v1/admin/fields/{id}", { params: by(id), body })),
  order: async (ids: string[]): Promise<FieldRow[]> =>
    (await ok(api.PUT("/api/v1/admin/fields", { body: { ids } }))).items ?? [],
  remove: (id: string) => ok(api.DELETE("/api/v1/admin/fields/{id}", { params: by(id) })),
};

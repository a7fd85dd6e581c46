import { api, ok } from "./client";
import { by, page } from "./page";
import type { components } from "./schema";

export type LogEntry = components["schemas"]["LogEntry"];

export interface AuditFilter {
  actor?: string;
  action?: string;
  group?: string;
  object?: string;
  from?: string;
  to?: string;
}

const query = ({ action, ...rest }: AuditFilter) => ({
  ...rest,
  action: action ? [action] : undefined,
});

export const audit = {
  list: async (filter: AuditFilter, cursor?: string, limit = 50) =>
    page(
      await ok(
        api.GET("/api/v1/admin/audit", { params: { query: { ...query(filter), cursor, limit } } }),
      ),
    ),
  actions: async () => (await ok(api.GET("/api/v1/admin/audit/actions"))).actions,
  undo: (id: string) => ok(api.POST("/api/v1/admin/audit/{id}/undo", { params: by(id) })),
};

/** Where the entries that fit are as a file; the browser saves it. */
export function auditFile(filter: AuditFilter, format: "csv" | "jsonl"): string {
  const given = Object.entries(filter).filter(([, v]) => v) as [string, string][];
  return `/api/v1/admin/audit/export?${new URLSearchParams([...given, ["format", format]])}`;
}

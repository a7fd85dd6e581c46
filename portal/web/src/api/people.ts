import { api, ok } from "./client";
import { mustFit } from "./files";
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

export type ImportReport = Schemas["TableReport"];
export type ImportLine = Schemas["TableLine"];
export type ImportField = Schemas["TableColumn"]["field"];
export interface ImportChoice {
  columns?: ImportField[];
  company?: string;
  duplicates: "skip" | "update";
  whole: boolean;
  must_change?: boolean;
}
export const importFields = [
  "",
  "name",
  "first_name",
  "last_name",
  "email",
  "login",
  "company",
  "phone",
  "language",
  "role",
] as const satisfies ImportField[];

type Query = NonNullable<operations["get-admin-users"]["parameters"]["query"]>;
export type PeopleFilter = Pick<Query, "q" | "company" | "role" | "state">;

export const users = {
  list: async (query: Query) =>
    page(await ok(api.GET("/api/v1/admin/users", { params: { query } }))),
  /** Those of the ids, however many: the server takes a hundred at a time. */
  async named(ids: string[]) {
    const parts = Array.from({ length: Math.ceil(ids.length / 100) }, (_, i) =>
      ids.slice(100 * i, 100 * (i + 1)),
    );
    const pages = await Promise.all(parts.map((ids) => users.list({ ids, limit: 100 })));
    return pages.flatMap((p) => p.items);
  },
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
  async importTable(file: File, { columns, ...choice }: ImportChoice, commit: boolean) {
    mustFit([file], 10 * 1024 * 1024);
    const form = new FormData();
    form.append("file", file);
    return ok(
      api.POST("/api/v1/admin/users/import", {
        params: { query: { ...choice, columns, commit } },
        body: { file: "" },
        bodySerializer: () => form,
      }),
    );
  },
  welcome: (id: string) => ok(api.POST("/api/v1/admin/users/{id}/welcome", { params: by(id) })),
  access: (id: string) => ok(api.GET("/api/v1/admin/users/{id}/access", { params: by(id) })),
  select: (id: string, on: Schemas["SelectUserBody"]) =>
    ok(api.PATCH("/api/v1/admin/users/{id}/access", { params: by(id), body: on })),
};

/** The link or the code of a mail stands for its person, who cannot log in. */
export const links = {
  owner: (token: string) =>
    ok(api.POST("/api/v1/password-link", { body: { token } }), { quiet: true }),
  use: (token: string, password: string) =>
    ok(api.POST("/api/v1/password-link/use", { body: { token, password } }), { quiet: true }),
  forgot: (login: string) =>
    ok(api.POST("/api/v1/password-code", { body: { login } }), { quiet: true }),
  setByCode: (login: string, code: string, password: string) =>
    ok(api.POST("/api/v1/password-code/use", { body: { login, code, password } }), { quiet: true }),
};

/** What everybody may know of the portal, before a log-in. */
export const door = () => ok(api.GET("/api/v1/portal"), { quiet: true });

export type SignedUp = Schemas["SignedUp"];

/** For people without an account: their words, then the link that proves the address. */
export const signUp = {
  send: (body: Schemas["SignUpBody"]) => ok(api.POST("/api/v1/sign-up", { body }), { quiet: true }),
  confirm: (token: string) =>
    ok(api.POST("/api/v1/sign-up/confirm", { body: { token } }), { quiet: true }),
};

export type Newcomer = Schemas["Newcomer"];

/** The review list: who wrote and belongs to no company. */
export const newcomers = {
  list: async (query: { decided?: boolean; cursor?: string }) =>
    page(await ok(api.GET("/api/v1/admin/newcomers", { params: { query } }))),
  assign: (id: string, company_id: string) =>
    ok(api.POST("/api/v1/admin/newcomers/{id}/assign", { params: by(id), body: { company_id } })),
  dismiss: (id: string) => ok(api.POST("/api/v1/admin/newcomers/{id}/dismiss", { params: by(id) })),
};

/** Where the people that fit are as a table; the browser saves it. */
export function exportAddress(filter: PeopleFilter): string {
  const given = Object.entries(filter).filter(([, v]) => v) as [string, string][];
  const query = new URLSearchParams(given).toString();
  return `/api/v1/admin/users/export${query && `?${query}`}`;
}

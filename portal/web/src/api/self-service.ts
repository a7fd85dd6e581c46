import { api, ok } from "./client";
import type {
  Action,
  Device,
  Factors,
  Operation,
  OutboxItem,
  Page,
  Software,
  SoftwareRequest,
} from "./types";

// The document does not know these routes yet; the shapes are in types.ts.
type Call = (
  path: string,
  options?: object,
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
const call = (method: "GET" | "POST" | "DELETE", path: string, body?: object, query?: object) =>
  ok(
    (api[method] as unknown as Call)(`/api/v1${path}`, {
      body,
      params: query && { query },
    }),
  );

async function list<T>(path: string, query?: object): Promise<Page<T>> {
  const p = (await call("GET", path, undefined, query)) as Page<T>;
  return { items: p.items ?? [], next: p.next || null };
}

export const actions = {
  get: async (id: string) => (await call("GET", `/actions/${id}`)) as Action,
  list: (query: { device?: string; cursor?: string; limit?: number } = {}) =>
    list<Action>("/actions", query),
  propose: async (device: string, operation: Operation, software?: string) =>
    (await call("POST", "/actions", {
      device_id: device,
      operation,
      software_id: software,
    })) as Action,
  move: async (id: string, step: "confirm" | "decline" | "cancel" | "retry") =>
    (await call("POST", `/actions/${id}/${step}`)) as Action,
  sendCode: async (id: string, phone?: string) =>
    (await call("POST", `/actions/${id}/code`, { phone })) as Action,
  verify: async (id: string, code: string) =>
    (await call("POST", `/actions/${id}/verify`, { code })) as Action,
};

export const devices = {
  mine: () => list<Device>("/devices"),
};

export const software = {
  list: () => list<Software>("/software"),
  requests: () => list<SoftwareRequest>("/software/requests"),
  request: async (name: string, reason: string, device?: string) =>
    (await call("POST", "/software/requests", {
      name,
      reason,
      device_id: device,
    })) as SoftwareRequest,
};

export const factors = {
  get: async () => (await call("GET", "/me/factors")) as Factors,
  sendPhoneCode: async (phone: string) =>
    (await call("POST", "/me/phone/code", { phone })) as Factors,
  verifyPhone: async (codes: Codes) => (await call("POST", "/me/phone/verify", codes)) as Factors,
  deletePhone: async (code?: string) => (await call("DELETE", "/me/phone", { code })) as Factors,
  startTotp: async () =>
    (await call("POST", "/me/totp")) as { secret: string; uri: string; old_code?: boolean },
  verifyTotp: async (codes: Codes) => (await call("POST", "/me/totp/verify", codes)) as Factors,
  deleteTotp: (code: string) => call("DELETE", "/me/totp", { code }),
};

/** The new factor's code, and the old one's, with which the change counts at once. */
interface Codes {
  code: string;
  old_code?: string;
}

export const outbox = {
  list: () => list<OutboxItem>("/outbox"),
};

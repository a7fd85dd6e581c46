import { api, ok } from "./client";
import { by, page } from "./page";
import type { ActionState, ActionStep, Operation } from "./types";

/** The new factor's code, and the old one's, with which the change counts at once. */
interface Codes {
  code: string;
  old_code?: string;
}

/** Whose actions are meant; only staff find those of others. */
export interface ActionFilter {
  device?: string;
  user?: string;
  state?: ActionState[];
}

/** The steps that need nothing but the person's press. */
export type MoveStep = Exclude<ActionStep, "send_code" | "verify">;

export const actions = {
  get: (id: string) => ok(api.GET("/api/v1/actions/{id}", { params: by(id) })),
  list: async (query: ActionFilter & { cursor?: string; limit?: number } = {}) =>
    page(await ok(api.GET("/api/v1/actions", { params: { query } }))),
  propose: (device: string, operation: Operation, software?: string) =>
    ok(
      api.POST("/api/v1/actions", {
        body: { device_id: device, operation, software_id: software },
      }),
    ),
  move: (id: string, step: MoveStep) =>
    ok(api.POST(`/api/v1/actions/{id}/${step}`, { params: by(id) })),
  sendCode: (id: string, phone?: string) =>
    ok(api.POST("/api/v1/actions/{id}/code", { params: by(id), body: { phone } })),
  verify: (id: string, code: string) =>
    ok(api.POST("/api/v1/actions/{id}/verify", { params: by(id), body: { code } })),
};

export const devices = {
  mine: async () => page(await ok(api.GET("/api/v1/devices"))),
};

export const software = {
  list: async () => page(await ok(api.GET("/api/v1/software"))),
  requests: async () => page(await ok(api.GET("/api/v1/software/requests"))),
  request: (name: string, reason: string, device?: string) =>
    ok(api.POST("/api/v1/software/requests", { body: { name, reason, device_id: device } })),
};

export const factors = {
  get: () => ok(api.GET("/api/v1/me/factors")),
  sendPhoneCode: (phone: string) => ok(api.POST("/api/v1/me/phone/code", { body: { phone } })),
  verifyPhone: (codes: Codes) => ok(api.POST("/api/v1/me/phone/verify", { body: codes })),
  deletePhone: (code?: string) => ok(api.DELETE("/api/v1/me/phone", { body: { code } })),
  startTotp: () => ok(api.POST("/api/v1/me/totp")),
  verifyTotp: (codes: Codes) => ok(api.POST("/api/v1/me/totp/verify", { body: codes })),
  deleteTotp: (code: string) => ok(api.DELETE("/api/v1/me/totp", { body: { code } })),
};

export const outbox = {
  list: async () => page(await ok(api.GET("/api/v1/outbox"))),
};

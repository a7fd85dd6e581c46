import type { LogEvent } from "../api/types";

export const subprotocol = "conserje.v1";
export const maxText = 8000;

/** What the server sends. Unknown types are ignored: an older page meets a newer server. */
export type ServerFrame =
  | { type: "opened"; conversation: string; last: number }
  | ({ type: "event" } & LogEvent)
  | { type: "ack"; id: string; seq: number }
  | { type: "delta"; turn: string; attempt: number; offset: number; text: string }
  | { type: "resync"; after: number }
  | {
      type: "presence";
      user: string;
      name: string;
      staff?: boolean;
      state: string;
      ticket?: string; // told to colleagues: what somebody does with it
    }
  | { type: "reconnect"; in_ms: number }
  | { type: "error"; code: string; message: string; id?: string; params?: Record<string, unknown> }
  | { type: "pong" };

export type ClientFrame =
  | { type: "open"; conversation: string; after: number }
  | { type: "say"; id: string; text: string; attachments?: string[] }
  | { type: "stop"; turn: string }
  | { type: "rate"; seq: number; rating: "up" | "down"; reason?: string }
  | { type: "typing" }
  | { type: "ping" };

export function parseFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame = JSON.parse(data) as { type?: unknown };
    return typeof frame?.type === "string" ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What a close code means for us. "resume" reconnects without a word,
 * "session" asks to log in again, the others say their code and stop or go on.
 */
export function closeMeaning(
  code: number,
): { code: string; retry: boolean } | "resume" | "session" {
  switch (code) {
    case 4401:
      return "session";
    case 1007:
      return { code: "invalid_utf8", retry: true };
    case 1009:
      return { code: "frame_too_large", retry: true };
    case 1002:
    case 1003:
    case 4400:
      return { code: "bad_frame", retry: true };
    case 1008:
    case 4403:
      return { code: "forbidden", retry: false };
    case 4404:
      return { code: "not_found", retry: false };
    case 4429:
      return { code: "rate_limited", retry: true };
    default:
      return "resume"; // 1001, 1006, 1011, 1012, 1013, 4408 and what we do not know
  }
}

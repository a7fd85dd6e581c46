import type { Action, ActionState, ActionStep } from "../api/types";

export type Tone = "ask" | "wait" | "busy" | "good" | "bad" | "warn" | "off";

const tones: Record<ActionState, Tone> = {
  proposed: "ask",
  confirmed: "ask",
  verified: "wait",
  queued: "wait",
  delivered: "busy",
  running: "busy",
  succeeded: "good",
  failed: "bad",
  unknown: "warn",
  declined: "off",
  refused: "warn",
  expired: "off",
  cancelled: "off",
};

/** How a state looks. Only an end looks like one: what is queued never looks done. */
export const toneOf = (a: Pick<Action, "state">): Tone => tones[a.state] ?? "off";

const ends: ActionState[] = ["succeeded", "failed", "declined", "refused", "expired", "cancelled"];

/** Whether nothing more will happen by itself. "Unknown" may still be cleared up. */
export const isOver = (a: Pick<Action, "state">) => ends.includes(a.state);

export const may = (a: Pick<Action, "next">, step: ActionStep) => (a.next ?? []).includes(step);

/** What the second factor needs next from the person, if anything. */
export type Need = "phone" | "send" | "code" | "app";

export function needOf(a: Action, byApp: boolean): Need | undefined {
  if (a.state !== "confirmed") return undefined;
  if (may(a, "verify") && (byApp || codeIsOut(a))) return "code";
  if (!may(a, "send_code")) return undefined;
  if (!a.factor?.sms) return "app";
  return a.factor?.phone_verified ? "send" : "phone";
}

/** A code for this action is out and still counts. */
const codeIsOut = (a: Action) => a.factor?.attempts_left !== undefined;

/** How often the ledger is asked while no event tells of a change, in ms. */
export function askAgain(a: Action | undefined): number | false {
  if (!a || isOver(a)) return false;
  if (a.state === "proposed" || a.state === "confirmed") return 15_000;
  return a.state === "unknown" ? 10_000 : 2500;
}

/** What may stand in the field of a code: digits, however they were grouped. */
export const digits = (text: string) => text.replace(/\D/g, "").slice(0, 10);

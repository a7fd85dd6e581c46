import { describe, expect, it } from "vitest";
import { actionStates as states } from "../api/manage";
import type { Action } from "../api/types";
import { askAgain, digits, isOver, needOf, toneOf } from "./card";

const confirmed = (factor: Partial<Action["factor"]>) =>
  ({
    state: "confirmed",
    next: ["send_code", "verify", "cancel"],
    factor: { sms: true, ...factor },
  }) as Action;

it("only what succeeded looks like success", () => {
  expect(states.filter((state) => toneOf({ state }) === "good")).toEqual(["succeeded"]);
});

it("what is over is asked for no more, and everything else is", () => {
  for (const state of states) {
    const every = askAgain({ state } as Action);
    expect(every === false, state).toBe(isOver({ state }));
  }
  expect(isOver({ state: "unknown" })).toBe(false);
});

describe("the second factor", () => {
  it("asks for the number the first time", () => {
    expect(needOf(confirmed({ phone_verified: false, totp: false }), false)).toBe("phone");
  });

  it("sends to the verified number only when the person asks for it", () => {
    const a = confirmed({ phone_verified: true, phone_masked: "•••• 12", totp: false });
    expect(needOf(a, false)).toBe("send");
  });

  it("asks for the code once one is out, the first one too", () => {
    const out = { totp: false, attempts_left: 5 };
    expect(needOf(confirmed({ phone_verified: false, ...out }), false)).toBe("code");
    expect(needOf(confirmed({ phone_verified: true, ...out }), false)).toBe("code");
  });

  it("does not take the wait for the next code for a code that is out", () => {
    const waits = { totp: false, resend_at: "2026-03-01T12:00:00Z" };
    expect(needOf(confirmed({ phone_verified: true, ...waits }), false)).toBe("send");
    expect(needOf(confirmed({ phone_verified: false, ...waits }), false)).toBe("phone");
  });

  it("leads to an app where no text messages are sent", () => {
    expect(needOf(confirmed({ phone_verified: false, totp: false, sms: false }), false)).toBe(
      "app",
    );
  });

  it("takes a code of the app at once", () => {
    expect(needOf(confirmed({ phone_verified: true, totp: true }), true)).toBe("code");
  });

  it("asks for nothing in any other state", () => {
    for (const state of states.filter((s) => s !== "confirmed")) {
      const a = { ...confirmed({ phone_verified: true, totp: true }), state };
      expect(needOf(a, true), state).toBeUndefined();
    }
  });

  it("takes digits, however they were grouped", () => {
    expect(digits("123 456")).toBe("123456");
    expect(digits("  12-34-56 x")).toBe("123456");
  });
});

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Action, Language } from "../api/types";
import { setLanguage, startI18n } from "../app/i18n";
import { draw } from "../test-draw";
import { ActionCard } from "./ActionCard";

const ledger = vi.hoisted(() => ({
  action: undefined as unknown,
  calls: [] as unknown[][],
}));

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { children: React.ReactNode }) => <a href="/x">{children}</a>,
}));
vi.mock("../app/session", () => ({
  useMe: () => ({ id: "me", role: "contact", policies: { ticketing: true } }),
  isStaff: () => false,
}));
vi.mock("../api/self-service", async () => {
  const { Problem } = await import("../api/problem");
  const step =
    (name: string) =>
    async (...args: unknown[]) => {
      ledger.calls.push([name, ...args]);
      return ledger.action;
    };
  return {
    actions: {
      get: step("get"),
      list: async () => ({ items: [] }),
      move: step("move"),
      sendCode: step("sendCode"),
      verify: async (...args: unknown[]) => {
        ledger.calls.push(["verify", ...args]);
        throw new Problem("code_wrong", 403);
      },
    },
    outbox: {
      list: async () => {
        throw new Problem("not_found", 404);
      },
    },
  };
});

const base: Action = {
  id: "a1",
  operation: "restart",
  state: "proposed",
  device: { id: "d1", name: "LAPTOP-7", system: "windows", online: true },
  requester: { id: "me", name: "Ana" },
  source: "assistant",
  proposed_at: "2026-11-23T10:00:00Z",
  deadline: new Date(Date.now() + 600_000).toISOString(),
  next: ["confirm", "decline"],
  text: {
    title: "Restart LAPTOP-7",
    effect: "The computer restarts after a warning.",
    state: "Waiting for your yes",
    buttons: { confirm: "Yes, do it", decline: "No" },
  },
  history: [],
};

const settle = () => act(() => new Promise<void>((r) => setTimeout(r, 30)));

async function card(change: Partial<Action>): Promise<HTMLElement> {
  ledger.action = { ...base, ...change };
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const host = draw(
    <QueryClientProvider client={client}>
      <MantineProvider env="test">
        <ActionCard id="a1" />
      </MantineProvider>
    </QueryClientProvider>,
  );
  await settle();
  return host;
}

const buttons = (el: HTMLElement) =>
  [...el.querySelectorAll("button[data-step]")].map((b) => b.getAttribute("data-step"));

function type(el: HTMLElement, name: string, text: string) {
  const input = el.querySelector<HTMLInputElement>(`input[name=${name}]`);
  if (!input) throw new Error(`no field ${name}`);
  act(() => {
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
    set?.call(input, text);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

async function press(el: HTMLElement, step: string) {
  await act(async () => el.querySelector<HTMLElement>(`[data-step=${step}]`)?.click());
  await settle();
}

beforeAll(() => startI18n("en"));
beforeEach(async () => {
  ledger.calls = [];
  await setLanguage("en");
});

describe("the card", () => {
  it("says what, on which device, what it will do and until when, with the ledger's words", async () => {
    const el = await card({});
    for (const text of [
      "Restart LAPTOP-7",
      "Windows",
      "after a warning",
      "Open until",
      "Yes, do it",
    ])
      expect(el.textContent).toContain(text);
    expect(buttons(el)).toEqual(["confirm", "decline"]);
    await press(el, "confirm");
    expect(ledger.calls).toContainEqual(["move", "a1", "confirm"]);
  });

  it("offers nothing that the ledger does not offer", async () => {
    const states = ["verified", "delivered", "running", "succeeded", "declined"] as const;
    for (const state of states) expect(buttons(await card({ state, next: [] })), state).toEqual([]);
  });

  it("says until when somebody at the device put it off", async () => {
    const text = { ...base.text, state: "Postponed on the device" };
    const soon = new Date(Date.now() + 300_000).toISOString();
    const el = await card({ state: "running", next: [], text, postponed_until: soon });
    expect(el.textContent).toContain("Next warning on the device:");
    expect((await card({ state: "running", next: [], text })).textContent).not.toContain(
      "warning on",
    );
  });

  it("never lets what is queued read as done", async () => {
    const queued = { ...base.text, state: "Waiting for the device" };
    const el = await card({ state: "queued", next: ["cancel"], text: queued });
    expect(el.textContent).not.toMatch(/verified|done/i);
    expect(el.textContent).toContain("or not at all");
    expect(buttons(el)).toEqual(["cancel"]);
  });

  it("says whether the device itself shows the effect", async () => {
    const done: Partial<Action> = { state: "succeeded", next: [] };
    const seen = await card({ ...done, outcome: "device_verified" });
    expect(seen.querySelector("[data-outcome=device_verified]")?.textContent).not.toContain(
      "could",
    );
    const assumed = await card({ ...done, outcome: "assumed" });
    expect(assumed.querySelector("[data-outcome]")?.textContent).toContain("could not be verified");
  });

  it("names the rule that refused", async () => {
    const el = await card({ state: "refused", next: ["retry"], rule: "self_service" });
    expect(el.textContent).toContain("Self-service is switched off");
    expect(buttons(el)).toEqual(["retry"]);
  });

  it("has no step of the owner's for anybody else", async () => {
    const other = { id: "other", name: "Ben" };
    const el = await card({ requester: other, next: ["confirm", "verify", "cancel"] });
    expect(buttons(el)).toEqual(["cancel"]);
  });
});

describe("the code", () => {
  const sent = () => ledger.calls.filter(([step]) => step === "sendCode");
  const confirmed = {
    state: "confirmed",
    next: ["send_code", "verify", "cancel"],
  } as Partial<Action>;

  it("needs a number the first time, saved and used in one press", async () => {
    const el = await card({
      ...confirmed,
      factor: { sms: true, phone_verified: false, totp: false },
    });
    expect(el.querySelector("input[name=code]")).toBeNull();
    type(el, "phone", "+34 600 000 000");
    await act(async () => el.querySelector<HTMLFormElement>("form")?.requestSubmit());
    expect(ledger.calls).toContainEqual(["sendCode", "a1", "+34 600 000 000"]);
  });

  it("goes to REST, is refused in words, and does not stay in the field", async () => {
    const factor = { sms: true, phone_verified: true, totp: false, attempts_left: 4 };
    const el = await card({ ...confirmed, factor });
    const field = el.querySelector<HTMLInputElement>("input[name=code]");
    expect(field?.autocomplete).toBe("one-time-code");
    expect(field?.inputMode).toBe("numeric");
    type(el, "code", "123 456");
    await act(async () => el.querySelector<HTMLFormElement>("form")?.requestSubmit());
    await settle();
    expect(ledger.calls).toContainEqual(["verify", "a1", "123456"]);
    expect(el.querySelector("[role=alert]")?.textContent).toBeTruthy();
    expect(el.textContent).toContain("4 attempts left");
    expect(field?.value).toBe("");
  });

  it("can be sent once more to the number typed, or to another, while none is on file", async () => {
    const first = { sms: true, phone_verified: false, totp: false };
    const el = await card({ ...confirmed, factor: { ...first, attempts_left: 5 } });
    await act(async () => el.querySelector<HTMLElement>("[data-step=resend]")?.click());
    expect(el.querySelector("input[name=phone]")).not.toBeNull();
    expect(sent()).toEqual([]);
  });

  it("counts down for the eyes only, and cannot be asked for until then", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
    const resend_at = new Date(Date.now() + 42_000).toISOString();
    const factor = { sms: true, phone_verified: true, totp: false, resend_at };
    const el = await card({ ...confirmed, factor });
    const send = el.querySelector<HTMLElement>("[data-step=send_code]");
    const name = () => {
      const heard = send?.cloneNode(true) as HTMLElement;
      for (const hidden of heard.querySelectorAll("[aria-hidden]")) hidden.remove();
      return heard.textContent;
    };
    const before = name();
    expect(before).toBe("Send the code");
    expect(send?.textContent).toContain("42");
    expect(send?.getAttribute("aria-disabled")).toBe("true");
    expect(el.querySelector(`[id="${send?.getAttribute("aria-describedby")}"]`)).not.toBeNull();
    send?.focus();
    await act(async () => send?.click());
    expect(sent()).toEqual([]);
    await act(async () => vi.advanceTimersByTime(2000));
    expect(send?.textContent).toContain("40");
    expect(name()).toBe(before);
    await act(async () => vi.advanceTimersByTime(40_000));
    expect(send?.hasAttribute("aria-disabled")).toBe(false);
    expect(document.activeElement).toBe(send);
    vi.useRealTimers();
    await act(async () => send?.click());
    expect(sent()).toEqual([["sendCode", "a1", undefined]]);
  });

  it("that did not go out says so, and whose fault it is", async () => {
    const factor = { sms: true, phone_verified: true, totp: false, attempts_left: 5 };
    const el = await card({
      ...confirmed,
      factor: { ...factor, sms_state: "failed", sms_reason: "provider_down" },
    });
    expect(el.querySelector("[data-not-sent=provider]")?.getAttribute("role")).toBe("alert");
    expect(el.querySelector("[data-step=resend]")).not.toBeNull();
  });

  it("may come from the app instead", async () => {
    const el = await card({
      ...confirmed,
      factor: { sms: true, phone_verified: true, totp: true },
    });
    expect(el.textContent).toContain("authenticator app");
    expect(el.querySelector("input[name=code]")).not.toBeNull();
  });
});

it.each(["en", "es", "de", "fr", "it"] as Language[])(
  "has its own words in %s",
  async (language) => {
    await act(() => setLanguage(language));
    const el = await card({
      state: "confirmed",
      next: ["send_code"],
      text: { ...base.text, buttons: {} },
      factor: { sms: true, phone_verified: true, phone_masked: "•• 12", totp: false },
    });
    expect(el.textContent).not.toMatch(/actions\.|common\.|\{\{/);
  },
);

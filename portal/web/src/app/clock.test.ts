import { afterEach, expect, it, vi } from "vitest";
import { hear, serverNow } from "./clock";

afterEach(() => {
  vi.useRealTimers();
  hear(new Date().toUTCString());
});

it("a clock that is wrong here moves no deadline", () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:05:00Z") });
  hear("Sun, 01 Mar 2026 12:00:00 GMT");
  expect(new Date(serverNow()).toISOString()).toBe("2026-03-01T12:00:00.000Z");
});

it("a clock that is right within the precision of the answer is left alone", () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:01.600Z") });
  hear("Sun, 01 Mar 2026 12:00:00 GMT");
  expect(serverNow()).toBe(Date.now());
  hear(null);
  expect(serverNow()).toBe(Date.now());
});

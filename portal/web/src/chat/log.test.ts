import { describe, expect, it } from "vitest";
import type { LogEvent } from "../api/types";
import {
  addDelta,
  append,
  emptyLog,
  handoffState,
  type Log,
  lastSeq,
  prepend,
  runningTurn,
} from "./log";

const at = "2026-11-23T10:00:00Z";
const user = (seq: number, turn?: string): LogEvent => ({
  seq,
  at,
  kind: "user_message",
  body: { id: `m${seq}`, text: "hello", author: "u", turn },
});
const answer = (seq: number, turn: string): LogEvent => ({
  seq,
  at,
  kind: "assistant_message",
  body: { turn, text: "final", citations: [], model: "x" },
});
const ended = (seq: number, turn: string): LogEvent => ({
  seq,
  at,
  kind: "turn_ended",
  body: { turn, reason: "answered" },
});
const handoff = (seq: number, state: "requested" | "taken" | "released"): LogEvent => ({
  seq,
  at,
  kind: "handoff",
  body: { state },
});

describe("events", () => {
  it("are kept once, whatever comes twice", () => {
    const log = append(append(emptyLog, [user(1), user(2)]), [user(1), user(2), user(3)]);
    expect(log.events.map((e) => e.seq)).toEqual([1, 2, 3]);
  });

  it("are never put behind a hole; the hole is reported", () => {
    const log = append(append(emptyLog, [user(1)]), [user(3)]);
    expect(lastSeq(log)).toBe(1);
    expect(log.gap).toBe(true);
  });

  it("may begin in the middle, and an older stretch goes in front", () => {
    const log = append(emptyLog, [user(51), user(52)], 50);
    expect(prepend(log, [user(49), user(50)]).events.map((e) => e.seq)).toEqual([49, 50, 51, 52]);
  });
});

describe("deltas", () => {
  const delta = (offset: number, text: string, attempt = 1) => ({
    turn: "t",
    attempt,
    offset,
    text,
  });
  const all = (...d: ReturnType<typeof delta>[]): Log => d.reduce(addDelta, emptyLog);

  it("add up, counted in UTF-8 bytes", () => {
    expect(all(delta(0, "Dé"), delta(3, "jà 🙂"), delta(11, "!")).inflight?.text).toBe("Déjà 🙂!");
  });

  it("drop what is already there", () => {
    expect(all(delta(0, "abc"), delta(1, "bcd")).inflight?.text).toBe("abcd");
    expect(all(delta(0, "abc"), delta(0, "ab")).inflight?.text).toBe("abc");
  });

  it("report a hole and wait for the replay", () => {
    const log = all(delta(0, "ab"), delta(5, "fg"));
    expect(log.gap).toBe(true);
    expect(log.inflight?.text).toBe("ab");
  });

  it("of a new attempt discard the text so far, and those of an old one are ignored", () => {
    const log = all(delta(0, "first"), delta(0, "second", 2), delta(5, "late", 1));
    expect(log.inflight?.text).toBe("second");
  });

  it("end with the message that replaces them, and never come back", () => {
    const log = append(all(delta(0, "draft")), [user(1, "t"), answer(2, "t")]);
    expect(log.inflight).toBeNull();
    expect(addDelta(log, delta(0, "draft")).inflight).toBeNull();
  });

  it("cut at any byte give the same text", () => {
    const bytes = new TextEncoder().encode("abcdefghij [1] klm");
    const text = (a: number, b: number) => new TextDecoder().decode(bytes.subarray(a, b));
    for (let cut = 0; cut <= bytes.length; cut++) {
      for (let overlap = 0; overlap <= cut; overlap++) {
        const log = all(delta(0, text(0, cut)), delta(cut - overlap, text(cut - overlap, 99)));
        expect(log.inflight?.text).toBe("abcdefghij [1] klm");
      }
    }
  });
});

describe("the running turn", () => {
  it.each([
    ["none before a question", [], undefined],
    ["the one that has not ended", [user(1, "a")], "a"],
    ["none after its end", [user(1, "a"), answer(2, "a"), ended(3, "a")], undefined],
    ["the older one while a second question waits", [user(1, "a"), user(2, "b")], "a"],
    ["the waiting one after the older has ended", [user(1, "a"), user(2, "b"), ended(3, "a")], "b"],
    ["none while a technician has the conversation", [user(1)], undefined],
  ] as [string, LogEvent[], string | undefined][])("is %s", (_, events, want) => {
    expect(runningTurn(append(emptyLog, events))).toBe(want);
  });
});

it("the last handoff event says who speaks", () => {
  expect(handoffState(emptyLog)).toBe("none");
  expect(handoffState(append(emptyLog, [handoff(1, "requested")]))).toBe("requested");
  expect(handoffState(append(emptyLog, [handoff(1, "requested"), handoff(2, "taken")]))).toBe(
    "taken",
  );
  expect(handoffState(append(emptyLog, [handoff(1, "taken"), handoff(2, "released")]))).toBe(
    "none",
  );
});

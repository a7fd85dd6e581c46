import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LogEvent } from "../api/types";
import { kept } from "../app/keep";
import { useSessionState } from "../app/session-state";
import { type Chat, leaveFirstMessage, openChat } from "./store";

const server = vi.hoisted(() => ({
  events: [] as unknown[],
  created: [] as string[],
  missing: false,
  loggedIn: true,
}));

vi.mock("../api", async () => {
  const { Problem } = await import("../api/problem");
  return {
    session: {
      get: async () => {
        if (!server.loggedIn) throw new Problem("session_expired", 401);
        return {};
      },
    },
    conversations: {
      create: async (id: string) => void server.created.push(id),
      events: async (_: string, after: number, limit: number) => {
        if (server.missing) throw new Problem("not_found", 404);
        return { events: server.events.slice(after, after + limit), last: server.events.length };
      },
    },
  };
});

/** The other end of the line, in the test's hands. */
class Line extends EventTarget {
  static all: Line[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  constructor(readonly url: string) {
    super();
    Line.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close(code = 1000) {
    this.drop(code);
  }
  up() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  drop(code: number) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "", wasClean: true }));
  }
  say(frame: object) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
}

const at = "2026-11-23T10:00:00Z";
const question = (seq: number, id: string, turn = "t"): LogEvent => ({
  seq,
  at,
  kind: "user_message",
  body: { id, text: "q", author: "u", turn },
});

let chat: Chat;
const state = () => chat.store.getState();
const line = () => {
  const last = Line.all.at(-1);
  if (!last) throw new Error("nobody has called");
  return last;
};
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const says = () => line().sent.filter((f) => f.type === "say");

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal(
    "WebSocket",
    Object.assign(Line, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 }),
  );
  Line.all = [];
  Object.assign(server, { events: [], created: [], missing: false, loggedIn: true });
  localStorage.clear();
  useSessionState.setState({ expired: false, renewals: 0 });
});

afterEach(() => {
  chat?.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function connected(id = "c1") {
  chat = openChat(id);
  await wait(10);
  line().up();
  await wait(10);
}

it("a first message makes the conversation and goes out once it is open", async () => {
  leaveFirstMessage("c1", "hello");
  await connected();
  expect(server.created).toEqual(["c1"]);
  expect(line().sent).toEqual([{ type: "open", conversation: "c1", after: 0 }]);
  line().say({ type: "opened", conversation: "c1", last: 0 });
  await wait(60);
  expect(says()).toMatchObject([{ text: "hello" }]);
});

it("an unsent message goes again after a cut, with the same id, until the log has it", async () => {
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 0 });
  await wait(60);
  chat.say("hello");
  const id = says()[0]?.id as string;
  line().drop(1006);
  await wait(5000);
  expect(Line.all.length).toBe(2);
  line().up();
  line().say({ type: "opened", conversation: "c1", last: 0 });
  await wait(60);
  expect(says()).toEqual([{ type: "say", id, text: "hello" }]);
  line().say({ type: "event", ...question(1, id) });
  await wait(60);
  expect(state().pending).toEqual([]);
  expect(kept("outbox.c1")).toBeUndefined();
});

it("resumes after the last event that it has", async () => {
  server.events = [question(1, "a"), question(2, "b")];
  await connected();
  expect(line().sent[0]).toMatchObject({ after: 2 });
  line().say({ type: "opened", conversation: "c1", last: 3 });
  line().say({ type: "event", ...question(3, "c") });
  await wait(60);
  line().drop(1013);
  await wait(5000);
  line().up();
  expect(line().sent[0]).toMatchObject({ type: "open", after: 3 });
});

it("shows the newest page of a long conversation and fetches the one before on demand", async () => {
  server.events = Array.from({ length: 120 }, (_, i) => question(i + 1, `m${i + 1}`));
  await connected();
  expect(state().log.events[0]?.seq).toBe(71);
  expect(line().sent[0]).toMatchObject({ after: 120 });
  await chat.earlier();
  expect(state().log.events[0]?.seq).toBe(21);
  await chat.earlier();
  expect(state().log.events.map((e) => e.seq)).toEqual(server.events.map((_, i) => i + 1));
});

it("asks for the replay when a delta is missing", async () => {
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 0 });
  line().say({ type: "event", ...question(1, "a") });
  line().say({ type: "delta", turn: "t", attempt: 1, offset: 0, text: "ab" });
  line().say({ type: "delta", turn: "t", attempt: 1, offset: 5, text: "f" });
  await wait(60);
  expect(line().sent.at(-1)).toEqual({ type: "open", conversation: "c1", after: 1 });
  line().say({ type: "opened", conversation: "c1", last: 1 });
  line().say({ type: "delta", turn: "t", attempt: 1, offset: 0, text: "abcdef" });
  await wait(60);
  expect(state().log.inflight?.text).toBe("abcdef");
});

it("applies what comes within 50 ms as one change", async () => {
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 0 });
  line().say({ type: "event", ...question(1, "a") });
  await wait(60);
  let changes = 0;
  chat.store.subscribe(() => changes++);
  for (let i = 0; i < 200; i++)
    line().say({ type: "delta", turn: "t", attempt: 1, offset: i, text: "x" });
  await wait(60);
  expect(state().log.inflight?.text.length).toBe(200);
  expect(changes).toBeLessThanOrEqual(2);
});

it("a refused message stays with its reason, and goes again with the same id", async () => {
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 0 });
  await wait(60);
  chat.say("hello");
  const id = says()[0]?.id as string;
  line().say({
    type: "error",
    code: "rate_limited",
    message: "",
    id,
    params: { retry_after_seconds: 3 },
  });
  await wait(60);
  expect(state().pending).toMatchObject([{ id, state: "failed", code: "rate_limited" }]);
  chat.again(id);
  expect(says().map((f) => f.id)).toEqual([id, id]);
});

it("a frame that is too large is put into words at its message", async () => {
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 0 });
  await wait(60);
  chat.say("x".repeat(10));
  line().drop(1009);
  await wait(5000);
  expect(state().pending).toMatchObject([{ state: "failed", code: "frame_too_large" }]);
  expect(Line.all.length).toBe(2); // and the line is back
});

it("an ended session stops the line and keeps what is unsent", async () => {
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 0 });
  await wait(60);
  chat.say("hello");
  line().drop(4401);
  await wait(20_000);
  expect(useSessionState.getState().expired).toBe(true);
  expect(Line.all.length).toBe(1);
  expect(kept<{ text: string }[]>("outbox.c1")?.[0]?.text).toBe("hello");
});

it("a refused upgrade is asked about: without a session it ends, with one it goes on", async () => {
  await connected();
  server.loggedIn = false;
  line().drop(1006);
  await wait(1500);
  line().drop(1006); // never came up
  await wait(20_000);
  expect(useSessionState.getState().expired).toBe(true);
});

it("a conversation that is not there says so", async () => {
  server.missing = true;
  chat = openChat("c9");
  await wait(10);
  expect(state()).toMatchObject({ phase: "failed", problem: { code: "not_found" } });
  expect(Line.all).toEqual([]);
});

it("Stop names the turn that runs", async () => {
  server.events = [question(1, "a", "turn-1")];
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 1 });
  await wait(60);
  chat.stop();
  expect(line().sent.at(-1)).toEqual({ type: "stop", turn: "turn-1" });
  expect(state().stopping).toBe("turn-1");
  line().say({
    type: "event",
    seq: 2,
    at,
    kind: "turn_ended",
    body: { turn: "turn-1", reason: "stopped" },
  });
  await wait(60);
  expect(state().stopping).toBeUndefined();
});

it("drops its log when the server says so, takes the one that follows, and does not open again", async () => {
  server.events = [question(1, "a"), question(2, "b"), question(3, "c")];
  await connected();
  line().say({ type: "opened", conversation: "c1", last: 1 });
  line().say({ type: "resync", after: 0 });
  await wait(60);
  expect(state().log.events).toEqual([]);
  line().say({ type: "event", ...question(1, "z") });
  await wait(60);
  expect(state().log.events).toMatchObject([question(1, "z")]);
  expect(line().sent.filter((f) => f.type === "open")).toHaveLength(1);
});

it("who has the log already reads it from nowhere else and follows from its end", async () => {
  server.missing = true; // reading would fail
  chat = openChat("c1", [question(1, "a"), question(2, "b")]);
  await wait(10);
  line().up();
  await wait(10);
  expect(state().phase).toBe("ready");
  expect(line().sent).toEqual([{ type: "open", conversation: "c1", after: 2 }]);
});

it("shows who is typing until the message is there, or some seconds have gone by", async () => {
  await connected();
  const typing = { type: "presence", user: "u", name: "Ana", state: "typing" };
  line().say(typing);
  await wait(60);
  expect(state().typing).toEqual({ user: "u", name: "Ana" });
  line().say({ type: "event", ...question(1, "a") });
  await wait(60);
  expect(state().typing).toBeUndefined();
  line().say(typing);
  await wait(3000);
  expect(state().typing?.name).toBe("Ana");
  await wait(4000);
  expect(state().typing).toBeUndefined();
});

it("tells that one types, but not with every key", async () => {
  await connected();
  for (let i = 0; i < 20; i++) {
    chat.typing();
    await wait(200);
  }
  expect(line().sent.filter((f) => f.type === "typing")).toHaveLength(2);
});

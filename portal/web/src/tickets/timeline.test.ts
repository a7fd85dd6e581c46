import { expect, it } from "vitest";
import type { Action, LogEvent, Reply } from "../api/types";
import { emptyLog } from "../chat/log";
import { timeline } from "./timeline";

const action = (id: string, at: string) => ({ id, proposed_at: at }) as Action;
const told: LogEvent = {
  seq: 1,
  at: "2026-11-23T10:00:00Z",
  kind: "action",
  body: { action_id: "chat", operation: "restart", device: "d", state: "proposed" },
};

it("an action stands once in the record: where the transcript tells of it, else at its time", () => {
  const reply = { id: "r", at: "2026-11-23T11:30:00Z" } as Reply;
  const actions = [
    action("chat", "2026-11-23T10:00:00Z"),
    action("page", "2026-11-23T11:00:00Z"),
    action("later", "2026-11-23T12:00:00Z"),
  ];
  const line = timeline({ ...emptyLog, events: [told] }, [reply], actions);
  expect(line.map((e) => (e.kind === "action" ? e.action : e.kind))).toEqual([
    "exchange",
    "page",
    "reply",
    "later",
  ]);
});

import { expect, it } from "vitest";
import { linesOf } from "./detail";

it.each([
  [
    "a switch",
    { name: "reopen", old: true, new: false },
    [
      { name: "name", now: "reopen" },
      { name: "", old: "true", now: "false" },
    ],
  ],
  [
    "only what differs",
    { old: { mode: "off", users: [] }, new: { mode: "everyone", users: [] } },
    [{ name: "mode", old: "off", now: "everyone" }],
  ],
  ["a part that came", { old: { a: 1 }, new: { a: 1, b: 2 } }, [{ name: "b", old: "", now: "2" }]],
  [
    "a pair of a ticket",
    { status: ["open", "closed"], number: 7 },
    [
      { name: "status", old: "open", now: "closed" },
      { name: "number", now: "7" },
    ],
  ],
  ["nothing", {}, []],
  ["no object", null, []],
])("shows of an entry's particulars %s", (_, detail, lines) => {
  expect(linesOf(detail)).toEqual(lines);
});

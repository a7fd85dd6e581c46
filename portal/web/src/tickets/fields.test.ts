import { expect, it } from "vitest";
import type { FieldInfo } from "../api/types";
import { changed, filledOf, missing } from "./fields";

it("only what differs is sent, and an empty field as null", () => {
  const before = { a: "x", b: ["1", "2"], c: false, d: 3 };
  expect(changed(before, { a: "", b: ["1", "2"], c: true, d: 3, e: "", f: 0 })).toEqual({
    a: null,
    c: true,
    f: 0,
  });
});

it("a form holds what the ticket has", () => {
  const base = { key: "", name: "" };
  expect(
    filledOf([
      { ...base, field_id: "n", kind: "number", number: 0 },
      { ...base, field_id: "y", kind: "yes_no", yes: false },
      { ...base, field_id: "c", kind: "choice", options: [{ id: "o", name: "O" }] },
      { ...base, field_id: "m", kind: "choices", options: [{ id: "o", name: "O" }] },
    ]),
  ).toEqual({ n: 0, y: false, c: "o", m: ["o"] });
});

it("no is an answer to a question that must be answered", () => {
  const field = (id: string, mode: "edit" | "read_only"): FieldInfo => ({
    id,
    kind: "yes_no",
    name: id,
    mode,
    required: true,
    options: [],
  });
  const form = [field("a", "edit"), field("b", "edit"), field("c", "read_only")];
  expect(missing(form, { a: false, b: "" }).map((f) => f.id)).toEqual(["b"]);
});

import { expect, it } from "vitest";
import { readable } from "./readable";

it.each([
  [{ query: "VPN" }, "query: VPN"],
  ["plain words", "plain words"],
  [
    '<untrusted label="x">\n{"number":7,"replies":["a","b"]}\n</untrusted>',
    "number: 7\nreplies:\n  - a\n  - b",
  ],
  [{ a: { b: 1, c: null } }, "a:\n  b: 1\n  c: "],
  [undefined, ""],
])("%j reads as people write", (value, text) => expect(readable(value)).toBe(text));

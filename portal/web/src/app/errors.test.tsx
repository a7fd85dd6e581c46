import { act } from "react";
import { beforeAll, expect, it } from "vitest";
import { mustFit } from "../api/files";
import { type Problem, problemOf } from "../api/problem";
import { draw } from "../test-draw";
import { useErrorText } from "./errors";
import { languages, setLanguage, startI18n } from "./i18n";

beforeAll(() => startI18n("en"));

let say: (refusal: unknown) => string = () => "";

function Reader() {
  say = useErrorText();
  return null;
}

async function reader(lang: (typeof languages)[number]["code"]) {
  await act(() => setLanguage(lang));
  draw(<Reader />);
}

const refusals: [string, unknown, RegExp][] = [
  [
    "a status in use",
    { code: "in_use", params: { what: "status", name: "Waits", tickets: 3 } },
    /“Waits”: 3\. Choose the status/,
  ],
  [
    "a field in use",
    { code: "in_use", params: { what: "field", name: "Room", tickets: 1 } },
    /“Room”: 1\. Archive the field/,
  ],
  [
    "a choice in use",
    { code: "in_use", params: { what: "choice", name: "Blue", tickets: 2 } },
    /“Blue”: 2\. Switch “Offered” off/,
  ],
  ["a merged ticket", { code: "ticket_merged", params: { number: 7 } }, /into ticket #7/],
  ["one that is merged out of sight", { code: "ticket_merged" }, /another one.*ask in the chat/],
  ["too much", { code: "too_large", params: { max: 10 * 1024 * 1024 } }, /at most 10 MB/],
  ["too much for a proxy", problemOf(413, "<html>"), /too large to be sent\. Make it smaller/],
];

it.each(refusals)(
  "%s says what is wrong and what to do, in each language",
  async (_, refusal, english) => {
    for (const { code } of languages) {
      await reader(code);
      expect(say(refusal), code).toMatch(/^\S.*[.:;] \S.*\.$/);
      expect(say(refusal), code).not.toMatch(/\{\{|undefined| {2}|\(\)/);
      if (code === "en") expect(say(refusal)).toMatch(english);
    }
  },
);

it("more than an address takes is refused before it is sent", () => {
  const file = (size: number) => ({ size }) as File;
  expect(() => mustFit([file(4_000), file(4_000)], 10_000)).toThrow();
  expect(() => mustFit([file(4_000), file(4_000)], 11_000)).not.toThrow();
  try {
    mustFit([file(4_000)], 2_000);
  } catch (err) {
    expect((err as Problem).params.max).toBe(2_000);
  }
});

import { describe, expect, it } from "vitest";
import { applied, type Tool } from "./markdown";

// «[» and «]» in the texts stand for the ends of the selection.
function press(tool: Tool, marked: string) {
  const start = marked.indexOf("[");
  const end = marked.indexOf("]") - 1;
  const text = marked.replace("[", "").replace("]", "");
  const e = applied(tool, { text, start, end }, "text");
  const out = text.slice(0, e.from) + e.insert + text.slice(e.to);
  return `${out.slice(0, e.start)}‹${out.slice(e.start, e.end)}›${out.slice(e.end)}`;
}

describe("the toolbar", () => {
  it.each<[Tool, string, string]>([
    ["bold", "a [word] b", "a **‹word›** b"],
    ["bold", "a **[word]** b", "a ‹word› b"],
    ["bold", "a [] b", "a **‹text›** b"],
    ["italic", "[word]", "_‹word›_"],
    ["code", "run [ipconfig]", "run `‹ipconfig›`"],
    ["heading", "one\ntw[]o\nthree", "one\n## two‹›\nthree"],
    ["heading", "### on[]e", "one‹›"],
    ["list", "[one\ntwo]", "‹- one\n- two›"],
    ["list", "[- one\n- two]", "‹one\ntwo›"],
    ["steps", "x\n[one\ntwo]\ny", "x\n‹1. one\n2. two›\ny"],
    ["steps", "[1. one\n2. two]", "‹one\ntwo›"],
    ["quote", "[]", "> ‹›"],
    ["link", "see [here] now", "see [here](‹https://›) now"],
    ["link", "see []", "see [text](‹https://›)"],
  ])("%s on %j makes %j", (tool, before, after) => expect(press(tool, before)).toBe(after));
});

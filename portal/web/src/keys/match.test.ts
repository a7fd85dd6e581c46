import { expect, it } from "vitest";
import { beside, matching, rank } from "./match";

it.each([
  ["Ajustes", "ajus", 3],
  ["Gérer les articles", "GERER", 3],
  ["Políticas del portal", "portal poli", 2],
  ["Audit log", "udit", 1],
  ["Audit log", "audit people", 0],
  ["Language", "an", 0],
  ["Queue", "", 3],
])("%s fits “%s” by %i, whatever its accents, capitals and order", (text, query, want) => {
  expect(rank(text, query)).toBe(want);
});

it("a name that fits stands before one whose surroundings fit, and what does not fit is left out", () => {
  const list = [
    { label: "Companies", detail: "Manage people" },
    { label: "All people" },
    { label: "People", detail: "Manage" },
    { label: "Queue" },
  ];
  expect(matching(list, "people").map((x) => x.label)).toEqual([
    "People",
    "All people",
    "Companies",
  ]);
});

it.each([
  ["a", 1, "b"],
  ["c", 1, "a"],
  ["a", -1, "c"],
  [undefined, 1, "a"],
  [undefined, -1, "c"],
  ["gone", 1, "a"],
] as const)("from %s by %i one comes to %s", (from, by, want) => {
  expect(beside(["a", "b", "c"], from, by)).toBe(want);
});

it("in an empty list there is nothing to choose", () => {
  expect(beside([], undefined, 1)).toBeUndefined();
  expect(beside([], "gone", -1)).toBeUndefined();
});

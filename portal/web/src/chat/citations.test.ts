import { expect, it } from "vitest";
import { asShown } from "./citations";

const passages = [1, 2, 3, 7].map((n) => ({ n, title: `passage ${n}` }));
const numbers = (text: string) => [...asShown(text, passages)].map(([n, c]) => [n, c.n, c.title]);

it("numbers what a growing answer cites from 1, in the order of the text", () => {
  expect(numbers("see [7], then [2], again [7] and [3]")).toEqual([
    [7, 1, "passage 7"],
    [2, 2, "passage 2"],
    [3, 3, "passage 3"],
  ]);
});

it("counts neither code nor what was not found", () => {
  expect(numbers("`a[1]` and\n```\nb[2]\n```\n[9] but [3]; ```c[7]")).toEqual([
    [3, 1, "passage 3"],
    [7, 2, "passage 7"],
  ]);
  expect(numbers("open:\n```\nb[2]")).toEqual([]);
});

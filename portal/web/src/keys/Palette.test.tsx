import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { startI18n } from "../app/i18n";
import { draw, redraw } from "../test-draw";
import type { Entry } from "./commands";
import Palette from "./Palette";
import { useKeyState } from "./state";

const known = vi.hoisted(() => ({
  commands: [] as unknown[],
  found: { entries: [] as unknown[], searching: false, failed: false },
}));
vi.mock("../app/session", () => ({ useMe: () => ({}) }));
vi.mock("./commands", () => ({ useCommands: () => known.commands }));
vi.mock("./useFound", () => ({ useFound: () => known.found }));

let done: string[];
let closed: number;

const entry = (id: string, group: Entry["group"], label: string, asked?: boolean): Entry => ({
  id,
  group,
  icon: () => null,
  label,
  asked,
  run: () => done.push(id),
});

const onClose = (then?: () => void) => {
  closed++;
  then?.();
};

const palette = () => (
  <MantineProvider env="test">
    <Palette onClose={onClose} />
  </MantineProvider>
);

beforeAll(() => startI18n("en"));

beforeEach(() => {
  done = [];
  closed = 0;
  Element.prototype.scrollIntoView ??= () => {};
  known.commands = [
    entry("page", "page", "Audit log"),
    entry("new", "command", "New ticket"),
    entry("dark", "command", "Appearance: Dark", true),
  ];
  known.found = { entries: [], searching: false, failed: false };
  draw(palette());
});

const field = () => document.querySelector<HTMLInputElement>("[role=combobox]") as HTMLInputElement;
const options = () => [...document.querySelectorAll("[role=option]")].map((o) => o.textContent);
const chosen = () => document.getElementById(field().getAttribute("aria-activedescendant") ?? "");

function press(key: string, more: KeyboardEventInit = {}) {
  act(
    () => void field().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more })),
  );
}

function type(text: string) {
  act(() => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field(), text);
    field().dispatchEvent(new Event("input", { bubbles: true }));
  });
}

it("the first line is chosen, and says so to a screen reader", () => {
  expect(options()).toEqual(["New ticket", "Audit log"]);
  expect(chosen()?.textContent).toBe("New ticket");
  expect(chosen()?.getAttribute("aria-selected")).toBe("true");
  expect(document.getElementById(field().getAttribute("aria-controls") ?? "")?.role).toBe(
    "listbox",
  );
});

it("the arrows go round, and Enter does what is chosen, once", () => {
  press("ArrowUp");
  expect(chosen()?.textContent).toBe("Audit log");
  press("ArrowDown");
  press("ArrowDown");
  press("Enter");
  expect(done).toEqual(["page"]);
  expect(closed).toBe(1);
});

it("what is many of a kind appears when it is searched for", () => {
  type("dark");
  expect(options()).toEqual(["Appearance: Dark"]);
  press("Enter");
  expect(done).toEqual(["dark"]);
});

it("an answer that comes late does not move what is chosen", () => {
  type("a"); // fits all three
  press("ArrowDown");
  press("ArrowDown");
  const before = chosen()?.textContent;
  known.found = { entries: [entry("t", "ticket", "A ticket")], searching: false, failed: false };
  redraw(palette());
  expect(options()).toContain("A ticket");
  expect(chosen()?.textContent).toBe(before);
});

it("what was found for fewer letters is not chosen for more of them", () => {
  known.commands = [];
  known.found = { entries: [entry("t", "ticket", "Printer")], searching: true, failed: false };
  type("pri");
  expect(options()).toEqual(["Printer"]);
  type("prix");
  expect(options()).toEqual([]);
  press("Enter");
  expect(done).toEqual([]);
});

it("Enter within a word that is being composed chooses nothing", () => {
  press("Enter", { isComposing: true });
  expect(closed).toBe(0);
});

it("a search that fails is not shown as one that finds nothing", () => {
  known.found = { entries: [], searching: false, failed: true };
  type("zzz");
  expect(document.querySelector("[role=status]")?.textContent).toContain("could be searched");
});

it("nothing that fits leaves nothing to choose", () => {
  type("zzz");
  expect(options()).toEqual([]);
  expect(field().getAttribute("aria-expanded")).toBe("false");
  expect(field().hasAttribute("aria-activedescendant")).toBe(false);
  press("Enter");
  expect(closed).toBe(0);
});

it("begins with what was typed before it was there, and has the focus at once", () => {
  draw(null);
  useKeyState.setState({ early: "vp" });
  draw(palette());
  useKeyState.setState({ early: "" });
  const field = document.querySelector<HTMLInputElement>("[role=combobox]");
  expect(field?.value).toBe("vp");
  expect(document.activeElement).toBe(field);
});

import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { draw, redraw } from "../test-draw";
import { Keys } from "./Keys";
import { useShortcuts } from "./shortcuts";
import { goBack, hide, setSingles, show, useKeyState } from "./state";

vi.mock("./Palette", () => ({ default: () => <div role="dialog" aria-modal="true" /> }));
vi.mock("./Sheet", () => ({ default: () => <div role="dialog" aria-modal="true" /> }));

let done: string[];

function Page({ chat }: { chat?: boolean }) {
  useShortcuts([
    { key: "r", name: "reply", run: () => done.push("reply") },
    { key: "j", name: "next", moves: true, run: () => done.push("next") },
    ...(chat ? [{ key: "c", name: "chat", run: () => done.push("chat") } as const] : []),
  ]);
  return (
    <main id="content">
      <button type="button">A</button>
      <input type="checkbox" />
      <input type="text" />
      <textarea />
      <select />
      <div contentEditable suppressContentEditableWarning />
      <div role="menu" tabIndex={-1} />
    </main>
  );
}

const withKeys = (page: React.ReactNode) => (
  <>
    {page}
    <Keys />
  </>
);

beforeEach(() => {
  done = [];
  draw(withKeys(<Page />));
});

afterEach(() => {
  act(() => {
    hide();
    setSingles(true);
  });
});

const at = (selector: string) => {
  const el = document.querySelector<HTMLElement>(selector);
  if (!el) throw new Error(selector);
  return el;
};

function press(key: string, on: Element = document.body, more: KeyboardEventInit = {}) {
  const e = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  act(() => void on.dispatchEvent(e));
  return e.defaultPrevented;
}

const shown = () => useKeyState.getState().shown;

it("what is typed before the palette is there is kept for it", () => {
  press("k", document.body, { ctrlKey: true });
  expect(press("v")).toBe(true);
  press("p", document.body, { shiftKey: true });
  press("n");
  press("r", document.body, { ctrlKey: true });
  expect(useKeyState.getState().early).toBe("vpn");
  expect(done).toEqual([]);
  act(hide);
  press("k", document.body, { ctrlKey: true });
  expect(useKeyState.getState().early).toBe("");
});

it("a letter does what the page offers, from wherever nothing is written", () => {
  press("r");
  press("r", at("button"));
  press("R", at("[type=checkbox]")); // caps lock
  expect(done).toEqual(["reply", "reply", "reply"]);
});

it.each(["[type=text]", "textarea", "select", "[contenteditable]", "[role=menu]"])(
  "no letter is a command in %s",
  (field) => {
    for (const key of ["r", "j", "?", "/"]) expect(press(key, at(field))).toBe(false);
    expect(done).toEqual([]);
    expect(shown()).toBeUndefined();
  },
);

it("a letter with another key held is the browser's", () => {
  for (const held of ["ctrlKey", "metaKey", "altKey", "shiftKey", "isComposing"] as const)
    expect(press("r", document.body, { [held]: true })).toBe(false);
  expect(done).toEqual([]);
});

it("what is held down goes on only where it moves", () => {
  press("r", document.body, { repeat: true });
  press("j", document.body, { repeat: true });
  expect(done).toEqual(["next"]);
});

it("what the page no longer offers is no command any more", () => {
  press("c");
  redraw(withKeys(<Page chat />));
  press("c");
  redraw(withKeys(<p />));
  press("c");
  press("r");
  expect(done).toEqual(["chat"]);
});

it("below a dialog nothing moves, and there is one palette at most", () => {
  const dialog = document.createElement("div");
  dialog.setAttribute("aria-modal", "true");
  document.body.append(dialog);
  press("r");
  expect(press("k", document.body, { ctrlKey: true })).toBe(true);
  expect(done).toEqual([]);
  expect(shown()).toBeUndefined();
});

it("the palette opens even out of a field, and the list of shortcuts by its mark", () => {
  expect(press("k", at("textarea"), { ctrlKey: true })).toBe(true);
  expect(shown()).toBe("palette");
  act(hide);
  press("?", document.body, { shiftKey: true });
  expect(shown()).toBe("sheet");
});

it("switched off, single keys do nothing and the palette still opens", () => {
  act(() => setSingles(false));
  for (const key of ["r", "j", "?", "/", "Escape"]) press(key);
  expect(done).toEqual([]);
  expect(shown()).toBeUndefined();
  expect(localStorage.getItem("conserje.keys")).toBe("off");
  press("k", document.body, { ctrlKey: true });
  expect(shown()).toBe("palette");
});

it("Escape leaves a field, but not one whose list is open", () => {
  const field = at("[type=text]");
  field.focus();
  field.setAttribute("aria-expanded", "true");
  press("Escape", field);
  expect(document.activeElement).toBe(field);
  field.setAttribute("aria-expanded", "false");
  press("Escape", field);
  expect(document.activeElement).toBe(document.body);
});

it("the focus goes back to where it was", () => {
  at("textarea").focus();
  act(() => show("palette"));
  at("button").focus();
  act(hide);
  expect(document.activeElement).toBe(at("textarea"));
  at("button").focus();
  goBack();
  expect(document.activeElement).toBe(at("button"));
});

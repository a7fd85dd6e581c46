import { useEffect, useRef } from "react";
import type { Name } from "./words";

/** What can be done by one key on the page that is shown. */
export interface Shortcut {
  key: string;
  name: Name;
  run: () => void;
  /** Goes on while the key is held down, and is no command to choose by its name. */
  moves?: boolean;
}

const layers: { readonly current: Shortcut[] }[] = [];

/** The page offers these for as long as it is shown; what is newer goes first. */
export function useShortcuts(list: Shortcut[]) {
  const layer = useRef(list);
  layer.current = list;
  useEffect(() => {
    layers.unshift(layer);
    return () => void layers.splice(layers.indexOf(layer), 1);
  }, []);
}

export const offered = (): Shortcut[] => layers.flatMap((l) => l.current);

// Where a letter is a letter, or chooses from a list by its beginning.
const takesLetters =
  "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false]), [role=menu], [role=listbox], [role=combobox]";

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest(takesLetters) !== null;

/** A dialog is a page of its own: nothing below it may move. */
export const hasDialog = (): boolean => document.querySelector("[aria-modal=true]") !== null;

/** The letter or mark that was pressed by itself, if it may mean a command. */
export function singleKey(e: KeyboardEvent): string | undefined {
  if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return undefined;
  const key = e.key.toLowerCase();
  const letter = /^\p{L}$/u.test(key);
  if (key.length !== 1 || (letter && e.shiftKey)) return undefined; // marks may need Shift to be typed
  return isTyping(e.target) || hasDialog() ? undefined : key;
}

/** Does what the page offers for a key; true when there was something. */
export function runShortcut(key: string, repeated: boolean): boolean {
  const found = offered().find((s) => s.key === key);
  if (!found || (repeated && !found.moves)) return false;
  found.run();
  return true;
}

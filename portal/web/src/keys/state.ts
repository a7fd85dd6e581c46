import { create } from "zustand";

// Outside of what a log-out forgets: it is about the keyboard and not about the person.
const stored = "conserje.keys";

function readSingles(): boolean {
  try {
    return localStorage.getItem(stored) !== "off";
  } catch {
    return true;
  }
}

export type Over = "palette" | "sheet";

interface State {
  /** What lies over the page. */
  shown?: Over;
  /** Where the focus was before that, and goes back to. */
  from?: Element | null;
  /** What was typed for what is shown before it was there. */
  early: string;
  /** Whether a single letter does something (WCAG 2.1.4 wants a way to switch that off). */
  singles: boolean;
}

export const useKeyState = create<State>(() => ({ early: "", singles: readSingles() }));

export function show(shown: Over) {
  const from = document.activeElement;
  useKeyState.setState({ shown, from, early: "" });
  // What is typed before it is there must not land in the field below.
  if (from instanceof HTMLElement) from.blur();
}
export const hide = () => useKeyState.setState({ shown: undefined });

/** The focus to where it was, once nothing lies over it any more. */
export function goBack() {
  const { from } = useKeyState.getState();
  if (from instanceof HTMLElement) from.focus();
  useKeyState.setState({ from: undefined });
}

export function setSingles(singles: boolean) {
  useKeyState.setState({ singles });
  try {
    if (singles) localStorage.removeItem(stored);
    else localStorage.setItem(stored, "off");
  } catch {} // it holds until the page is left
}

export const isApple = () => /mac|iphone|ipad/i.test(navigator.platform);

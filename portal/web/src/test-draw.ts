import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach } from "vitest";

let root: Root | undefined;

/** Takes down what was drawn: what stays has timers, and they go off when the page is gone. */
function takeDown() {
  act(() => root?.unmount());
  root = undefined;
}
afterEach(takeDown);

/** Draws an element as the only one of the page, and gives the element that it is in. */
export function draw(element: ReactNode): HTMLElement {
  takeDown();
  const host = document.createElement("div");
  document.body.replaceChildren(host);
  root = createRoot(host);
  redraw(element);
  return host;
}

/** Gives what is drawn its new state. */
export function redraw(element: ReactNode) {
  act(() => root?.render(element));
}

import { useRef } from "react";
import { useShortcuts } from "../keys/shortcuts";

/** Through the queue by j and k; Enter opens what has the focus, as it does with any link. */
export function useRowKeys() {
  const list = useRef<HTMLUListElement>(null);
  const go = (by: 1 | -1) => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const focused = rows.indexOf(document.activeElement as HTMLElement);
    const from =
      focused >= 0 ? focused : rows.findIndex((r) => r.getAttribute("aria-current") === "true");
    const next = rows[from < 0 ? 0 : Math.min(Math.max(from + by, 0), rows.length - 1)];
    next?.focus();
    // Where there is room for one of both only, the list is out of sight: on to the ticket itself.
    if (next !== document.activeElement) next?.click();
  };
  useShortcuts([
    { key: "j", name: "next", moves: true, run: () => go(1) },
    { key: "k", name: "previous", moves: true, run: () => go(-1) },
  ]);
  return list;
}

import { useEffect, useRef, useState } from "react";
import type { Action } from "../api/types";

/**
 * The cards of a place: what was begun here stays, so that its end is seen;
 * what is under way from before is shown too. A new card gets the focus.
 */
export function useShown() {
  const [begun, setBegun] = useState<string[]>([]);
  const box = useRef<HTMLDivElement>(null);
  const newest = begun[0];
  useEffect(() => {
    if (!newest) return;
    const card = box.current?.querySelector<HTMLElement>(`[data-action="${newest}"]`);
    card?.scrollIntoView({ block: "nearest" });
    card?.querySelector<HTMLElement>("[data-step]")?.focus({ preventScroll: true });
  }, [newest]);
  return {
    box,
    add: (id: string) => setBegun((ids) => [id, ...ids.filter((x) => x !== id)]),
    with: (open: Action[]) => [
      ...begun,
      ...open.map((a) => a.id).filter((id) => !begun.includes(id)),
    ],
  };
}

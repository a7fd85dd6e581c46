import { useLocation } from "@tanstack/react-router";
import { type ReactNode, useLayoutEffect, useRef } from "react";
import classes from "./parts.module.css";

/** The way between the parts of a room: on a phone one line that moves, and shows where one is. */
export function Parts({ label, children }: { label: string; children: ReactNode }) {
  const line = useRef<HTMLElement>(null);
  const path = useLocation({ select: (l) => l.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page stands elsewhere in it
  useLayoutEffect(() => {
    const here = line.current?.querySelector<HTMLElement>("[aria-current=page]");
    if (!here || !line.current) return;
    line.current.scrollLeft = here.offsetLeft - (line.current.clientWidth - here.offsetWidth) / 2;
  }, [path]);
  return (
    <nav ref={line} className={classes.nav} aria-label={label}>
      {children}
    </nav>
  );
}

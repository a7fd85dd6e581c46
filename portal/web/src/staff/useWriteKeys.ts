import { useEffect, useRef, useState } from "react";
import { useShortcuts } from "../keys/shortcuts";

/** A letter for each way to write, which leads into its field. */
export function useWriteKeys(choose: (tab: string) => void, chat: boolean) {
  const box = useRef<HTMLDivElement>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    // The field is there only now: each way has one of its own.
    if (asked > 0) box.current?.querySelector("textarea")?.focus();
  }, [asked]);
  const write = (tab: string) => () => {
    choose(tab);
    setAsked((n) => n + 1);
  };
  useShortcuts([
    { key: "r", name: "reply", run: write("reply") },
    { key: "n", name: "note", run: write("note") },
    ...(chat ? [{ key: "c", name: "chat", run: write("chat") } as const] : []),
  ]);
  return box;
}

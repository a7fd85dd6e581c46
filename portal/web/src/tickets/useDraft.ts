import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { drafts } from "../api/queue";
import { keep, kept } from "../app/keep";

export interface DraftPlace {
  ticket: string;
  kind: "reply" | "note";
}

const restsFor = 800;

/**
 * A text that survives a reload here and, in a ticket, goes on at another device. What was typed
 * here and is not on the server yet always wins; else the server's text does, also an empty one.
 */
export function useDraft(name: string, place?: DraftPlace) {
  const key = `draft.${name}`;
  const [text, setText] = useState(() => kept<string>(key) ?? "");
  const latest = useRef(text);
  latest.current = text;
  const synced = useRef(kept<string>(`${key}.synced`) ?? "");
  const settle = (at: string) => {
    synced.current = at;
    keep(`${key}.synced`, at);
  };
  useEffect(() => keep(key, text), [key, text]);

  const { data } = useQuery({
    queryKey: ["drafts", place?.ticket],
    queryFn: () => drafts.list(place?.ticket ?? ""),
    enabled: place !== undefined,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what the server says may replace the text
  useEffect(() => {
    if (!data || latest.current !== synced.current) return;
    const theirs = data.find((d) => d.kind === place?.kind)?.text ?? "";
    settle(theirs);
    setText(theirs);
  }, [data]);

  const { ticket, kind } = place ?? {};
  // biome-ignore lint/correctness/useExhaustiveDependencies: settle is of this field
  useEffect(() => {
    if (!ticket || !kind || text === synced.current) return;
    const timer = window.setTimeout(() => {
      drafts
        .keep(ticket, kind, text)
        .then(() => settle(text))
        .catch(() => {}); // it is kept here, and goes with the next letter
    }, restsFor);
    return () => window.clearTimeout(timer);
  }, [ticket, kind, text]);

  return {
    text,
    setText,
    /** It was sent: the server has forgotten it by that. */
    sent: () => {
      settle("");
      setText("");
    },
  };
}

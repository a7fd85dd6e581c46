import type { Page } from "./types";

/** A page of a list; an empty list may come as null. */
export const page = <T>(p: { items: T[] | null; next?: string | null }): Page<T> => ({
  items: p.items ?? [],
  next: p.next || null,
});

/** The one id in a path. */
export const by = (id: string) => ({ path: { id } });

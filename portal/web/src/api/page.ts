import type { Page } from "./types";

/** A page of a list; an empty list may come as null. */
export const page = <T>(p: { items: T[] | null; next?: string | null }): Page<T> => ({
  items: p.items ?? [],
  next: p.next || null,
});

/** The one id in a path. */
export const by = (id: string) => ({ path: { id } });

/** All pages at once: what is filtered here and not on the server must be whole. */
export async function whole<T>(get: (cursor?: string) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const p = await get(cursor);
    items.push(...p.items);
    cursor = p.next ?? undefined;
  } while (cursor && items.length < 5000);
  return items;
}

/** Without accents and capitals: nobody types them to search. */
export const plain = (text: string): string =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** How well a text fits what was typed: nothing when a word of it is missing. */
export function rank(text: string, query: string): number {
  const have = plain(text);
  const words = plain(query).split(/\s+/).filter(Boolean);
  const starts = have.split(/[^\p{L}\p{N}]+/u);
  const begins = (w: string) => starts.some((s) => s.startsWith(w));
  // Two letters are in the middle of nearly everything.
  if (!words.every((w) => begins(w) || (w.length > 2 && have.includes(w)))) return 0;
  if (have.startsWith(words.join(" "))) return 3;
  return words.every(begins) ? 2 : 1;
}

interface Named {
  label: string;
  detail?: string;
}

/** What fits, the best first; a name counts for more than what stands beside it. */
export function matching<T extends Named>(list: T[], query: string): T[] {
  const of = (x: T) => 2 * rank(x.label, query) || rank(`${x.label} ${x.detail ?? ""}`, query);
  return list
    .map((x) => ({ x, rank: of(x) }))
    .filter((m) => m.rank > 0)
    .sort((a, b) => b.rank - a.rank)
    .map((m) => m.x);
}

/** The one after the chosen, or before it; round at the ends. */
export function beside(ids: string[], chosen: string | undefined, by: 1 | -1): string | undefined {
  const at = chosen === undefined ? -1 : ids.indexOf(chosen);
  if (at < 0) return by > 0 ? ids[0] : ids.at(-1);
  return ids[(at + by + ids.length) % ids.length];
}

/** One line of an entry's particulars; a change has both sides. */
export interface Line {
  name: string;
  old?: string;
  now: string;
}

const text = (v: unknown): string =>
  typeof v === "string" ? v : v === undefined || v === null ? "" : JSON.stringify(v);

const object = (v: unknown): v is Record<string, unknown> =>
  typeof v === "object" && v !== null && !Array.isArray(v);

/** An entry's particulars as lines: of a change only what differs. */
export function linesOf(detail: unknown): Line[] {
  if (!object(detail)) return [];
  const { old, new: now, ...rest } = detail;
  const lines: Line[] = Object.entries(rest)
    .filter(([, v]) => v !== null && v !== "" && text(v) !== "[]")
    // A ticket's changes are pairs.
    .map(([name, v]) =>
      Array.isArray(v) && v.length === 2
        ? { name, old: text(v[0]), now: text(v[1]) }
        : { name, now: text(v) },
    );
  if (old === undefined && now === undefined) return lines;
  if (!object(old) && !object(now)) return [...lines, { name: "", old: text(old), now: text(now) }];
  const a = object(old) ? old : {};
  const b = object(now) ? now : {};
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (text(a[name]) !== text(b[name]))
      lines.push({ name, old: text(a[name]), now: text(b[name]) });
  }
  return lines;
}

/** Where a link of an answer may lead: into our own pages, or out with its host in sight. */
export type Target =
  | { kind: "inside"; href: string }
  | { kind: "outside"; href: string; host: string };

const inside = /^\/(articles|tickets|c)\/[\w-]+(\?[^#\s]*)?(#[\w-]+)?$/;

export function targetOf(href: string | undefined): Target | undefined {
  if (!href) return undefined;
  if (inside.test(href)) return { kind: "inside", href };
  if (!/^https?:\/\//i.test(href)) return undefined;
  try {
    const url = new URL(href);
    if (url.username || url.password) return undefined; // https://bank.example@evil.example
    return { kind: "outside", href: url.href, host: url.host };
  } catch {
    return undefined;
  }
}

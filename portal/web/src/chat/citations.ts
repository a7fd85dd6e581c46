// A remark plugin: [1] in the text becomes a reference of our own, which the
// thread draws as a link to the passage. Only text counts; code stays code.

interface Node {
  type: string;
  value?: string;
  children?: Node[];
  data?: { hName: string; hProperties: Record<string, string> };
  label?: string;
}

const mark = /\[(\d{1,2})\]/g;

const reference = (n: string): Node => ({
  type: "citation",
  data: { hName: "cite-ref", hProperties: { n } },
  children: [],
});

const code = /^[ \t]*```[\s\S]*?(?:^[ \t]*```|$(?![\s\S]))|`[^`\n]+`/gm;

/**
 * The passages of a text that is still being written, by the numbers that stand
 * in it. They are shown as the finished message will number them: from 1, in the
 * order in which the text names them.
 */
export function asShown<C extends { n: number }>(text: string, found: C[]): Map<number, C> {
  const known = new Map(found.map((c) => [c.n, c]));
  const shown = new Map<number, C>();
  for (const [, digits] of text.replace(code, "").matchAll(mark)) {
    const n = Number(digits);
    const c = known.get(n);
    if (c && !shown.has(n)) shown.set(n, { ...c, n: shown.size + 1 });
  }
  return shown;
}

export function remarkCitations() {
  return (tree: Node) => walk(tree);
}

function walk(node: Node) {
  if (!node.children) return;
  node.children = node.children.flatMap((child) => {
    if (child.type === "text" && child.value) return split(child.value);
    // `[1]: https://…` in an answer must not turn our numbers into its links.
    if (child.type === "linkReference" && /^\d{1,2}$/.test(child.label ?? "")) {
      return [reference(child.label ?? "")];
    }
    walk(child);
    return [child];
  });
}

function split(text: string): Node[] {
  const parts: Node[] = [];
  let from = 0;
  for (const m of text.matchAll(mark)) {
    if (m.index > from) parts.push({ type: "text", value: text.slice(from, m.index) });
    parts.push(reference(m[1] ?? ""));
    from = m.index + m[0].length;
  }
  if (from < text.length) parts.push({ type: "text", value: text.slice(from) });
  return parts;
}

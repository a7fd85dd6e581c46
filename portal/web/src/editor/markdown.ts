// What the toolbar does to a Markdown text: given the text and what is
// selected in it, the piece to put in and what is selected afterwards.

export interface Selection {
  text: string;
  start: number;
  end: number;
}

export interface Edit {
  from: number;
  to: number;
  insert: string;
  start: number;
  end: number;
}

export type Tool = "bold" | "italic" | "code" | "heading" | "list" | "steps" | "quote" | "link";

const around: Partial<Record<Tool, string>> = { bold: "**", italic: "_", code: "`" };
const before: Partial<Record<Tool, string>> = {
  heading: "## ",
  list: "- ",
  steps: "1. ",
  quote: "> ",
};

export function applied(tool: Tool, s: Selection, placeholder: string): Edit {
  const mark = around[tool];
  if (mark) return wrapped(s, mark, mark, placeholder);
  if (tool === "link") {
    const said = s.text.slice(s.start, s.end) || placeholder;
    const at = s.start + said.length + 3;
    return {
      from: s.start,
      to: s.end,
      insert: `[${said}](https://)`,
      start: at,
      end: at + "https://".length,
    };
  }
  return prefixed(s, tool);
}

function wrapped(s: Selection, open: string, close: string, placeholder: string): Edit {
  const said = s.text.slice(s.start, s.end);
  const outside =
    s.text.slice(s.start - open.length, s.start) === open &&
    s.text.slice(s.end, s.end + close.length) === close;
  if (outside && said) {
    const from = s.start - open.length;
    return { from, to: s.end + close.length, insert: said, start: from, end: from + said.length };
  }
  const inner = said || placeholder;
  const start = s.start + open.length;
  return {
    from: s.start,
    to: s.end,
    insert: open + inner + close,
    start,
    end: start + inner.length,
  };
}

// Every line of the selection gets the mark, or loses it where all have it.
function prefixed(s: Selection, tool: Tool): Edit {
  const mark = before[tool] ?? "";
  const from = s.text.lastIndexOf("\n", s.start - 1) + 1;
  const end = s.text.indexOf("\n", s.end);
  const to = end < 0 ? s.text.length : end;
  const lines = s.text.slice(from, to).split("\n");
  const known = tool === "steps" ? /^\d+\. / : tool === "heading" ? /^#{1,6} / : undefined;
  const has = (line: string) => (known ? known.test(line) : line.startsWith(mark));
  const bare = (line: string) =>
    known ? line.replace(known, "") : line.startsWith(mark) ? line.slice(mark.length) : line;
  const all = lines.every((l) => has(l));
  const insert = lines
    .map((l, i) => (all ? bare(l) : (tool === "steps" ? `${i + 1}. ` : mark) + bare(l)))
    .join("\n");
  const one = lines.length === 1;
  return { from, to, insert, start: one ? from + insert.length : from, end: from + insert.length };
}

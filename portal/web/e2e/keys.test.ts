import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessible, answered, ask, logIn, shot, speak } from "./browser";
import { stage } from "./stage";

const demo = stage();

const focused = (page: Page) =>
  page.evaluate(
    () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.id,
  );

const palette = (page: Page) => page.getByRole("dialog", { name: "Search and commands" });
const field = (page: Page) => palette(page).getByRole("combobox");
const option = (page: Page, name: string | RegExp) => palette(page).getByRole("option", { name });

async function opened(page: Page, subject: string): Promise<{ id: string; number: number }> {
  const answer = await page.request.post("/api/v1/tickets", {
    headers: { Origin: demo.server.url },
    data: { subject, description: "It does not work." },
  });
  expect(answer.status()).toBe(201);
  return answer.json();
}

it("one comes to a page, an article and a ticket by the keyboard alone, and axe finds nothing", async () => {
  const { page, context, complaints } = await demo.visit();
  await logIn(page, "ben");
  const subject = `Palette ${Date.now()}`;
  const ticket = await opened(page, subject);

  // Out of the field of the chat, which has the focus from the start.
  await page.goto("/");
  await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
  await page.keyboard.press("Control+k");
  await field(page).waitFor();
  await option(page, subject).waitFor();
  await accessible(page);
  await shot(page, "palette");
  await page.keyboard.type(subject);
  await option(page, subject).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/tickets/${ticket.id}`);
  await expect.poll(() => focused(page)).toBe("content");

  await page.keyboard.press("Control+k");
  await field(page).waitFor();
  await page.keyboard.type("vpn");
  const article = palette(page)
    .getByRole("group", { name: "Articles" })
    .getByRole("option")
    .first();
  await article.waitFor();
  const title = await article.textContent();
  for (let i = 0; i < 30 && (await article.getAttribute("aria-selected")) !== "true"; i++)
    await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/articles/*");
  await page.waitForSelector(`h1:has-text("${title}")`);

  await page.keyboard.press("Control+k");
  await field(page).waitFor();
  await page.keyboard.type("self");
  await option(page, "Self-service").waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/self-service");

  // What is not for users is not offered to them.
  await page.keyboard.press("Control+k");
  await field(page).waitFor();
  await page.keyboard.type("audit log");
  await palette(page)
    .getByRole("status")
    .filter({ hasText: /result|Nothing/ })
    .waitFor();
  expect(await option(page, /Audit log/).count()).toBe(0);
  await accessible(page);
  await page.keyboard.press("Escape");
  await palette(page).waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
  await context.close();
});

it("commands do what they say: theme, language, a new ticket, log out", async () => {
  const { page, context, complaints } = await demo.visit({
    width: 375,
    height: 740,
  });
  await logIn(page, "ben");
  const run = async (words: string, name: string | RegExp) => {
    await page.getByRole("button", { name: /^(Search|Suchen)$/ }).click();
    await page.getByRole("combobox").fill(words);
    await page.getByRole("option", { name }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  await run("dark", "Appearance: Dark");
  await page.waitForSelector("html[data-mantine-color-scheme=dark]");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await option(page, "New conversation").waitFor();
  await shot(page, "palette-phone-dark");
  await accessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide).toBeLessThanOrEqual(0);
  await palette(page).getByRole("button", { name: "Close" }).click();
  await run("deut", "Language: Deutsch");
  await page.waitForSelector("html[lang=de]");
  await run("neues ticket", "Neues Ticket");
  await page.waitForURL("**/tickets/new");
  await speak(page, "en");
  await run("log out", "Log out");
  await page.waitForURL("**/login");
  expect(complaints).toEqual([]);
  await context.close();
});

it("a technician works through the queue without a mouse", async () => {
  const user = await demo.visit();
  await logIn(user.page, "ana");
  const stamp = Date.now();
  const older = await opened(user.page, `Keys older ${stamp}`);
  const newer = await opened(user.page, `Keys newer ${stamp}`);

  const { page, context, complaints } = await demo.visit();
  await logIn(page, "tess");
  await page.goto(`/queue?q=${stamp}`);
  await page.waitForSelector(`a[href*="${older.id}"]`);
  const here = () => page.evaluate(() => document.activeElement?.getAttribute("href") ?? "");
  await page.keyboard.press("j");
  expect(await here()).toContain(newer.id);
  await page.keyboard.press("j");
  expect(await here()).toContain(older.id);
  await page.keyboard.press("k");
  expect(await here()).toContain(newer.id);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/queue/${newer.id}*`);
  await page.getByRole("textbox", { name: /Reply to Ana/ }).waitFor();
  await page.keyboard.press("a");
  const assignee = async () =>
    (await (await page.request.get(`/api/v1/tickets/${newer.id}`)).json()).assignee?.name;
  await expect.poll(assignee).toContain("Tess");

  await page.keyboard.press("n");
  const note = page.getByRole("textbox", { name: /Note for colleagues/ });
  await expect.poll(() => note.evaluate((el) => el === document.activeElement)).toBe(true);
  await page.keyboard.type("just a jar of rain"); // every letter of it would be a command
  expect(await note.inputValue()).toBe("just a jar of rain");
  expect(new URL(page.url()).pathname).toBe(`/queue/${newer.id}`);
  await page.keyboard.press("Escape");
  await page.keyboard.press("r");
  const reply = page.getByRole("textbox", { name: /Reply to Ana/ });
  await expect.poll(() => reply.evaluate((el) => el === document.activeElement)).toBe(true);
  expect(await reply.inputValue()).toBe("");

  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  const search = page.getByRole("searchbox", { name: "Search" });
  await expect.poll(() => search.evaluate((el) => el === document.activeElement)).toBe(true);
  expect(await search.inputValue()).toBe(String(stamp));
  expect(complaints).toEqual([]);
  await context.close();
  await user.context.close();
});

it("the list of shortcuts opens by ?, and single keys can be switched off on this device", async () => {
  const { page, context, complaints } = await demo.visit();
  await logIn(page, "tess");
  await page.goto("/queue");
  await page.waitForSelector("[data-row]");
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.waitFor();
  await shot(page, "shortcuts");
  await accessible(page);
  await sheet.getByRole("switch", { name: "Single-key shortcuts" }).click();
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.keyboard.press("j");
  expect(await page.locator("[data-row]:focus").count()).toBe(0);
  expect(await page.getByRole("dialog").count()).toBe(0);

  // It is a setting of the device: a reload keeps it, and the profile has it too.
  await page.goto("/account");
  const off = page.getByRole("switch", { name: "Single-key shortcuts" });
  expect(await off.isChecked()).toBe(false);
  await page.keyboard.press("Control+k");
  await field(page).waitFor();
  await page.keyboard.press("Escape");
  await off.click();
  await page.goto("/queue");
  await page.waitForSelector("[data-row]");
  await page.keyboard.press("j");
  await page.waitForSelector("[data-row]:focus");
  expect(complaints).toEqual([]);
  await context.close();
});

it("in the chat a letter leads into the field, and in the field it is a letter", async () => {
  const { page, context, complaints } = await demo.visit();
  await logIn(page, "ben");
  await ask(page, "The VPN does not connect");
  await answered(page);
  await page.locator("form textarea").press("Escape");
  expect(await page.locator("form textarea:focus").count()).toBe(0);
  await page.keyboard.press("r");
  await page.waitForSelector("form textarea:focus");
  await page.keyboard.type("r");
  expect(await page.inputValue("form textarea")).toBe("r");
  await page.keyboard.press("Escape");
  await page.keyboard.press("p");
  await page.getByRole("dialog", { name: /person/i }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

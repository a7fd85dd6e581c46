import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessible, answered, logIn, shot } from "./browser";
import { stage } from "./stage";

const demo = stage({ CONSERJE_FILES_MAX_MB: "1" });

/** Puts a screenshot into the field as the keys for it do: a picture without a name. */
async function paste(page: Page, title: string) {
  await page.evaluate(async (words) => {
    const canvas = document.createElement("canvas");
    canvas.width = 900;
    canvas.height = 560;
    const c = canvas.getContext("2d");
    if (!c) throw new Error("no canvas");
    c.fillStyle = "#1f5ea8";
    c.fillRect(0, 0, 900, 560);
    c.fillStyle = "#fff";
    c.font = "42px sans-serif";
    c.fillText(words, 60, 120);
    const blob = await new Promise<Blob | null>((r) => canvas.toBlob(r, "image/png"));
    const data = new DataTransfer();
    data.items.add(new File([blob ?? ""], "image.png", { type: "image/png" }));
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
    document.querySelector("form textarea")?.dispatchEvent(event);
  }, title);
}

/** The picture is not only there: the browser has drawn it. */
async function drawn(page: Page, selector: string) {
  const img = page.locator(`${selector} img`).first();
  await img.waitFor();
  await expect.poll(() => img.evaluate((i: HTMLImageElement) => i.naturalWidth)).toBeGreaterThan(0);
}

// Holds P11, R24, R25.
it("a screenshot pasted into the chat stands in the ticket as the technician sees it", async () => {
  const user = await demo.visit();
  await logIn(user.page, "ben");
  const words = `Blue screen ${Date.now()}`;
  await paste(user.page, words);
  await drawn(user.page, "form li");
  await user.page.fill("form textarea", words);
  await shot(user.page, "files-draft");
  await accessible(user.page);
  await user.page.reload();
  await drawn(user.page, "form li"); // and it survives a reload, with the words
  expect(await user.page.inputValue("form textarea")).toBe(words);
  await user.page.click("form button[type=submit]");
  await answered(user.page);
  await drawn(user.page, "[data-last] article ul");
  await user.page.waitForSelector("[data-last]:has-text('I cannot look into files or pictures')");
  await shot(user.page, "files-chat");
  await accessible(user.page);
  await user.page.reload(); // replayed from the log
  await drawn(user.page, "[data-last] article ul");

  const tech = await demo.visit();
  await logIn(tech.page, "tess");
  await tech.page.click(`a:has-text("${words}") >> nth=0`);
  await drawn(tech.page, "article[data-kind=user_message]");
  await shot(tech.page, "files-ticket-staff");
  await accessible(tech.page);
  await tech.page.getByRole("button", { name: "Show Screenshot.png large" }).click();
  const large = tech.page.getByRole("dialog").locator("img");
  await expect
    .poll(() => large.evaluate((i: HTMLImageElement) => i.naturalWidth))
    .toBeGreaterThan(800);
  await shot(tech.page, "files-large");
  await tech.page.keyboard.press("Escape");
  expect([...user.complaints, ...tech.complaints]).toEqual([]);

  // Staff delete it; whoever looks is told so, and the bytes are gone.
  const path = await user.page.locator("[data-last] article ul img").first().getAttribute("src");
  await tech.page.getByRole("button", { name: "Delete Screenshot.png" }).click();
  await tech.page.getByRole("dialog").getByRole("button", { name: "Delete the file" }).click();
  await tech.page.waitForSelector("text=Screenshot.png was deleted");
  expect((await user.page.request.get(path ?? "")).status()).toBe(404);
  await user.context.close();
  await tech.context.close();
});

// Holds R24.
it("a reply carries a file, an internal note's file is the staff's, and a refused one says why", async () => {
  const user = await demo.visit();
  await logIn(user.page, "ben");
  await user.page.goto("/tickets/new");
  const subject = `Scanner ${Date.now()}`;
  await user.page.getByLabel("Subject").fill(subject);
  await user.page.getByLabel("What happens?").fill("It scans in stripes.");
  const choose = (page: Page, name: string, text: string) =>
    page
      .locator("input[type=file]")
      .setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  await choose(user.page, "scan.log", "stripes\n");
  await user.page.waitForSelector("form li[data-state=sent]");
  await user.page.getByRole("button", { name: "Open ticket" }).click();
  await user.page.waitForURL(/tickets\/[0-9a-f-]{36}/);
  await user.page.waitForSelector("a[download='scan.log']");

  // Too large, and a program: the words stay, and say what to do.
  const answer = user.page.getByLabel("Your reply");
  await answer.fill("One more thing");
  await choose(user.page, "huge.log", "x".repeat(1_100_000));
  await user.page.waitForSelector(
    "li [role=alert]:has-text('“huge.log” is too large: a file may have at most 1 MB.')",
  );
  await choose(user.page, "setup.exe", "MZ");
  await user.page.waitForSelector("li [role=alert]:has-text('is a program')");
  await shot(user.page, "files-refused");
  await accessible(user.page);
  expect(await answer.inputValue()).toBe("One more thing");
  await choose(user.page, "more.log", "more\n");
  await user.page.waitForSelector("form li[data-state=sent]");
  await user.page.getByRole("button", { name: "Send reply" }).click();
  await user.page.waitForSelector("article:has-text('One more thing') a[download='more.log']");
  const download = user.page.waitForEvent("download");
  await user.page.click("a[download='more.log']");
  expect((await download).suggestedFilename()).toBe("more.log");

  const tech = await demo.visit();
  await logIn(tech.page, "tess");
  await tech.page.click(`a:has-text("${subject}") >> nth=0`);
  await tech.page.waitForSelector("a[download='scan.log']");
  await tech.page.getByRole("tab", { name: "Internal note" }).click();
  await choose(tech.page, "inside.txt", "for us\n");
  await tech.page.waitForSelector("form li[data-state=sent]");
  await tech.page.getByRole("textbox").last().fill("Known defect.");
  await tech.page.getByRole("button", { name: "Save note" }).click();
  await tech.page.waitForSelector("[data-internal] a[download='inside.txt']");
  await shot(tech.page, "files-note");
  const inside = await tech.page.locator("a[download='inside.txt']").getAttribute("href");
  await user.page.reload();
  await user.page.waitForSelector("a[download='more.log']");
  expect(await user.page.locator("a[download='inside.txt']").count()).toBe(0);
  expect((await user.page.request.get(inside ?? "")).status()).toBe(404);
  await user.context.close();
  await tech.context.close();
});

it("files look right on a phone and in the dark", async () => {
  for (const look of [
    { width: 375, height: 740 },
    { width: 1280, height: 800, dark: true },
  ]) {
    const { page, context, complaints } = await demo.visit(look);
    await logIn(page, "ben");
    await paste(page, "The printer says E-52");
    await drawn(page, "form li");
    await page.fill("form textarea", "The printer says this");
    const name = look.width < 500 ? "phone" : "dark";
    await shot(page, `files-draft-${name}`);
    await accessible(page);
    await page.click("form button[type=submit]");
    await answered(page);
    await drawn(page, "[data-last] article ul");
    await shot(page, `files-chat-${name}`);
    await accessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
    await context.close();
  }
});

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accessible, ask, launch, logIn, shot, speak, visit } from "./browser";
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

const laptop = "LAPTOP-ANA-WIN";

/** The newest code in the outbox page, as the person reads it there. */
async function codeFrom(page: Page, after: string[]): Promise<string> {
  const outbox = await page.context().newPage();
  await outbox.goto("/outbox");
  let code = "";
  await expect
    .poll(
      async () => {
        const texts = await outbox.locator("[data-channel=sms] > p:last-child").allTextContents();
        code =
          texts.map((t) => /\b\d{6}\b/.exec(t)?.[0] ?? "").find((c) => c && !after.includes(c)) ??
          "";
        return code;
      },
      { timeout: 20_000 },
    )
    .toMatch(/^\d{6}$/);
  await shot(outbox, "outbox");
  await outbox.close();
  after.push(code);
  return code;
}

const used: string[] = [];

// Holds R13, R17, R23, B4.
it("a restart by chat: confirmed, verified by phone, and shown by the device itself", async () => {
  const { page, context, complaints } = await visit(browser, server.url);
  await logIn(page, "ana");
  await speak(page, "en");
  await ask(page, `Please restart ${laptop}`);
  const card = page.locator("article[data-action]").last();
  await card.locator("[data-step=confirm]").click();
  await card.locator("input[name=phone]").fill("+34 600 123 456");
  await shot(page, "action-phone");
  await accessible(page);
  await card.locator("[data-step=send_code]").click();
  await card.locator("input[name=code]").fill(await codeFrom(page, used));
  await card.locator("[data-step=verify]").click();
  await page.waitForSelector("article[data-state=succeeded] [data-outcome=device_verified]", {
    timeout: 50_000,
  });
  // A tip of the button under the pointer would stand outside of all landmarks.
  await page.mouse.move(0, 0);
  await page.waitForSelector("[role=tooltip]", { state: "detached" });
  await page.waitForSelector(".mantine-Notification-root", { state: "detached" });
  await shot(page, "action-verified");
  await accessible(page);
  expect(complaints).toEqual([]);
  await context.close();
});

// Holds R12, R14.
it("the same by the self-service page, by keyboard, with the number on file", async () => {
  const { page, context } = await visit(browser, server.url);
  await logIn(page, "ana");
  await page.goto("/self-service");
  const device = page.locator(`article[data-device]:has(h3:text-is("${laptop}"))`);
  await device.locator("[data-operation=lock]").focus();
  await page.keyboard.press("Enter");
  const card = device.locator("article[data-action]").first();
  await card.waitFor();
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-step")))
    .toBe("confirm");
  await page.keyboard.press("Enter");
  // One code a minute to one number: the card says so, and the person waits.
  await expect
    .poll(
      async () => {
        const send = card.locator("[data-step=send_code]:not([data-loading])");
        if (await send.isVisible()) await send.click();
        return card.locator("input[name=code]").isVisible();
      },
      { timeout: 75_000, interval: 3000 },
    )
    .toBe(true);
  await card.locator("input[name=code]").fill(await codeFrom(page, used));
  await page.keyboard.press("Enter");
  await device.locator("article[data-state=succeeded]").waitFor({ timeout: 50_000 });
  await shot(page, "self-service-done");
  await context.close();
}, 180_000);

// Holds R23.
it("a card speaks the reader's language, whichever it is", async () => {
  const { page, context } = await visit(browser, server.url);
  await logIn(page, "ana");
  const devices = (await (await page.request.get("/api/v1/devices")).json()) as {
    items: { id: string; name: string }[];
  };
  const id = devices.items.find((d) => d.name === laptop)?.id;
  const made = await page.request.post("/api/v1/actions", {
    data: { device_id: id, operation: "logout" },
  });
  expect(made.status()).toBe(201);
  const seen = new Set<string>();
  for (const language of ["en", "es", "de", "fr", "it"]) {
    await speak(page, language);
    await page.goto("/self-service");
    const button = page.locator("article[data-state=proposed] [data-step=confirm]").first();
    seen.add((await button.textContent()) ?? "");
    await shot(page, `action-${language}`);
    await accessible(page);
  }
  expect(seen.size).toBe(5);
  await context.close();
});

// Holds B10.
it("a refusal names its rule: on the page, and for a request past it", async () => {
  const admin = await visit(browser, server.url);
  await logIn(admin.page, "adam");
  const { page, context } = await visit(browser, server.url);
  await logIn(page, "chloe");
  await page.goto("/self-service");
  const device = (await page.locator("article[data-device]").getAttribute("data-device")) ?? "";
  await page.waitForSelector("[data-software] [data-state=unsupported]");
  const off = { self_service: { mode: "off", users: [] } };
  const on = { self_service: { mode: "everyone", users: [] } };
  const set = (data: object) => admin.page.request.patch("/api/v1/admin/policies", { data });
  expect((await set(off)).ok()).toBe(true);
  try {
    const refused = await page.request.post("/api/v1/actions", {
      data: { device_id: device, operation: "restart" },
    });
    expect(await refused.json()).toMatchObject({
      code: "policy",
      params: { rule: "self_service" },
    });
    await page.locator("[data-operation=restart]").click();
    await page.waitForSelector("[role=alert]:has-text('libre-service')");
    await page.reload();
    await page.waitForSelector("#content h1");
    expect(await page.locator("[data-operation]").count()).toBe(0);
    await accessible(page);
    await shot(page, "self-service-off");
  } finally {
    await set(on);
  }
  await context.close();
  await admin.context.close();
});

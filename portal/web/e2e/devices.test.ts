import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Computer, computer } from "./agent";
import { Authenticator } from "./authenticator";
import { accessible, launch, logIn, shot, type Visit, visit } from "./browser";
import { type Portal, portal } from "./server";

// One person, one computer of their own, and an authenticator app: each test goes on from there.
let browser: Browser;
let server: Portal;
let ben: Visit;
let tess: Visit;
let device: Computer;
let app: Authenticator;

beforeAll(async () => {
  server = await portal({ CONSERJE_ACTION_WAIT: "15s" });
  browser = await launch();
  tess = await visit(browser, server.url);
  await logIn(tess.page, "tess");
  const flags = ["--simulate-takes", "500ms", "--simulate-restart-for", "3s"];
  flags.push("--simulate-fails-once", "vlc");
  device = await computer(server.url, tess.page.request, "ben", "BEN-WIN", flags);
  ben = await visit(browser, server.url);
  await logIn(ben.page, "ben");
});

afterAll(async () => {
  await device?.remove();
  await browser?.close();
  await server?.stop();
});

const section = (page: Page) => page.locator(`[data-device="${device.id}"]`);

const online = (page: Page, is: boolean) =>
  section(page).locator(`header [data-online=${is}]`).waitFor({ timeout: 40_000 });

it("an authenticator app is set up in the settings, and its first code switches it on", async () => {
  const { page } = ben;
  await page.goto("/account");
  const totp = page.locator("[data-factor=totp]");
  await totp.getByRole("button", { name: "Set up an app" }).click();
  await totp.locator("svg[role=img]").waitFor();
  app = new Authenticator(
    ((await totp.locator("[data-secret]").textContent()) ?? "").replace(/ /g, ""),
  );
  await accessible(page);
  await totp.locator("input[name=code]").fill(await app.next());
  await shot(page, "authenticator-setup");
  await page.keyboard.press("Enter");
  await totp.getByRole("button", { name: "Remove the app" }).waitFor();
  await accessible(page);
  expect(ben.complaints).toEqual([]);
});

it("a restart by the self-service page, by keyboard alone and with a code of the app", async () => {
  const { page } = ben;
  await page.goto("/self-service");
  await online(page, true);
  const focused = (data: string) =>
    page.evaluate((d) => document.activeElement?.getAttribute(d) ?? "", data);
  for (let i = 0; i < 60 && (await focused("data-operation")) !== "restart"; i++)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(() => focused("data-step")).toBe("confirm");
  await page.keyboard.press("Enter");
  await expect.poll(() => focused("name")).toBe("code");
  await page.keyboard.type(await app.next());
  await shot(page, "action-app-code");
  await accessible(page);
  await page.keyboard.press("Enter");
  const card = section(page).locator("article[data-action]").first();
  await card.locator("[data-online=false]").waitFor();
  await section(page)
    .locator("[data-state=succeeded] [data-outcome=device_verified]")
    .waitFor({ timeout: 40_000 });
  const within = await card.evaluate((c) => c.contains(document.activeElement));
  expect(within).toBe(true); // and not at the top of the page
  const id = await card.getAttribute("data-action");
  const { evidence } = await (await page.request.get(`/api/v1/actions/${id}`)).json();
  expect(evidence.boot_after).toBeTruthy();
  expect(evidence.boot_after).not.toBe(evidence.boot_before);
  expect(device.effects()).toEqual([`restart ${id}`]);
  await shot(page, "self-service-done");
  await accessible(page);

  await card.locator("footer a").click();
  await page.waitForURL("**/tickets/*");
  const kept = page.locator("article[data-action][data-state=succeeded]");
  await kept.locator("summary").click();
  expect(await kept.locator("details li").count()).toBeGreaterThan(5);
  expect(ben.complaints).toEqual([]);
});

it("what a computer that is off would have done ends at its deadline, and never happens", async () => {
  const { page } = ben;
  await device.unplug();
  await page.goto("/self-service");
  await online(page, false);
  await section(page).locator("[data-operation=lock]").click();
  const card = section(page).locator("article[data-action]").first();
  await card.locator("[data-step=confirm]").click();
  await card.locator("input[name=code]").fill(await app.next());
  await page.keyboard.press("Enter");
  await section(page).locator("article[data-state=queued]").waitFor();
  const id = await card.getAttribute("data-action");
  await shot(page, "action-offline");
  await accessible(page);
  await section(page).locator("article[data-state=expired]").waitFor({ timeout: 45_000 });
  expect(await card.textContent()).toContain("nothing was done");
  await shot(page, "action-expired");
  await accessible(page);
  device.plug();
  await page.reload();
  await online(page, true);
  await page.waitForTimeout(1500); // what is late would be delivered now
  expect(device.effects().filter((e) => e.startsWith("lock"))).toEqual([]);
  const now = await (await page.request.get(`/api/v1/actions/${id}`)).json();
  expect(now.state).toBe("expired");
  expect(ben.complaints).toEqual([]);
}, 120_000);

it("an installation that fails says why, and Retry installs it", async () => {
  const { page } = ben;
  await page.goto("/self-service");
  await online(page, true);
  const row = page.locator("[data-name=VLC]");
  await row.getByRole("button", { name: /Install VLC/ }).click();
  const go = async (state: string) => {
    const card = row.locator("article[data-action]").first();
    await card.locator("[data-step=confirm]").click();
    await card.locator("input[name=code]").fill(await app.next());
    await page.keyboard.press("Enter");
    await row.locator(`article[data-state=${state}]`).first().waitFor({ timeout: 40_000 });
  };
  await go("failed");
  const why = "could not reach the source of the software";
  await row.locator(`article:has-text("${why}")`).waitFor();
  await page.waitForSelector(`[data-name=VLC][data-state=failed]`);
  await shot(page, "install-failed");
  await accessible(page);
  await row.locator("[data-step=retry]").click();
  await go("succeeded");
  await page.waitForSelector(`[data-name=VLC][data-state=installed]`, { timeout: 30_000 });
  await shot(page, "install-retried");
  await accessible(page);
  expect(device.effects().filter((e) => e.startsWith("install"))).toHaveLength(1);
  expect(ben.complaints).toEqual([]);
}, 120_000);

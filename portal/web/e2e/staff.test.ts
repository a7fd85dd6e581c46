import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { accessible, answered, ask, logIn, shot } from "./browser";
import { carryOut } from "./ledger";
import { stage } from "./stage";

const demo = stage();

describe("a technician in the chat", () => {
  // Holds P3, P4.
  it("joins it live: both see that the other writes, and each word without a reload", async () => {
    const user = await demo.visit();
    await logIn(user.page, "ben");
    const question = `The VPN does not connect, live ${Date.now()}`;
    await ask(user.page, question);
    await answered(user.page);

    const tech = await demo.visit();
    await logIn(tech.page, "tess");
    await tech.page.click(`a:has-text("${question.slice(0, 30)}") >> nth=0`);
    await tech.page.waitForSelector(`article[data-kind=user_message]:has-text("${question}")`);
    await tech.page.getByRole("tab", { name: "In the chat" }).click();
    await tech.page.getByRole("button", { name: "Take over the conversation" }).click();
    await user.page.waitForSelector("p[data-kind=handoff]");

    const field = tech.page.getByRole("textbox", { name: /in the chat/ });
    await field.pressSequentially("Hello Ben", { delay: 20 });
    await user.page.waitForSelector("[data-typing]:has-text('Tess')");
    await shot(user.page, "typing-user");
    await tech.page.getByRole("button", { name: "Send", exact: true }).click();
    await user.page.waitForSelector("article:has-text('Hello Ben')");
    await user.page.waitForSelector("[data-typing]", { state: "detached" });

    await user.page.locator("form textarea").pressSequentially("Thank", { delay: 20 });
    await tech.page.waitForSelector("[data-typing]:has-text('Ben')");
    await shot(tech.page, "typing-staff");
    await accessible(tech.page);
    const sent = Date.now();
    await user.page.locator("form textarea").press("Enter");
    await tech.page.waitForSelector("article[data-kind=user_message]:has-text('Thank')");
    expect(Date.now() - sent).toBeLessThan(2000); // by the socket, and not by asking now and then
    expect([...user.complaints, ...tech.complaints]).toEqual([]);
    await user.context.close();
    await tech.context.close();
  });
});

// Holds R10.
it("what somebody asked stands under that person, also where chats open no tickets", async () => {
  const admin = await demo.visit();
  await logIn(admin.page, "adam");
  const tickets = async (on: boolean) =>
    admin.page.request.patch("/api/v1/admin/policies", {
      headers: { Origin: demo.server.url },
      data: { assistant_tickets: on },
    });
  expect((await tickets(false)).status()).toBe(200);
  const user = await demo.visit();
  await logIn(user.page, "ben");
  const question = `How do I install the VPN, quietly ${Date.now()}`;
  await ask(user.page, question);
  await answered(user.page);
  const tech = await demo.visit();
  await logIn(tech.page, "tess");
  await tech.page.goto("/manage/people");
  await tech.page.click("#content a:has-text('Ben')");
  await tech.page.getByRole("link", { name: question.slice(0, 30) }).click();
  await tech.page.waitForSelector(`article[data-kind=user_message]:has-text("${question}")`);
  await tech.page.waitForSelector("article[data-seq], [data-source]");
  await shot(tech.page, "conversation-of-person");
  await accessible(tech.page);
  expect((await tickets(true)).status()).toBe(200);
  expect([...user.complaints, ...tech.complaints]).toEqual([]);
  for (const v of [admin, user, tech]) await v.context.close();
});

describe("a technician decides", () => {
  // Holds B11.
  it("approves a wish for software by an entry of the catalogue", async () => {
    const admin = await demo.visit();
    await logIn(admin.page, "adam");
    const entry = `Drawing ${Date.now()}`;
    await admin.page.goto("/admin/software");
    await admin.page.getByRole("button", { name: "Add a program" }).click();
    const form = admin.page.getByRole("dialog");
    await form.getByLabel("Name").fill(entry);
    await form.getByLabel("Package id").first().fill("inkscape");
    await form.getByLabel("Package id").last().fill("inkscape");
    await form.getByRole("button", { name: "Save" }).click();
    await admin.page.click(`button:has-text("${entry}")`);
    await form.getByTitle("Pictures").click();
    await form.getByLabel("What it is for").fill("Draws");
    await shot(admin.page, "catalogue-entry");
    await accessible(admin.page);
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });

    const user = await demo.visit();
    await logIn(user.page, "ana");
    const wish = `Sketcher ${Date.now()}`;
    const origin = { Origin: demo.server.url };
    const mine = await (await user.page.request.get("/api/v1/devices")).json();
    const device = mine.items.find((d: { system: string }) => d.system !== "linux");
    const asked = await user.page.request.post("/api/v1/software/requests", {
      headers: origin,
      data: { name: wish, reason: "for the brochure", device_id: device.id },
    });
    expect(asked.status()).toBe(201);

    const tech = await demo.visit();
    await logIn(tech.page, "tess");
    await tech.page.goto("/manage/requests");
    const card = tech.page.locator(`[data-request="${wish}"]`);
    await card.waitFor();
    await shot(tech.page, "requests");
    await accessible(tech.page);
    await card.getByRole("button", { name: "Approve" }).click();
    const dialog = tech.page.getByRole("dialog");
    await dialog.getByRole("combobox", { name: "From the catalogue" }).fill(entry);
    await tech.page.getByRole("option", { name: entry }).click();
    await dialog.getByRole("button", { name: "Approve" }).click();
    await card.waitFor({ state: "detached" });
    const after = await (await user.page.request.get("/api/v1/software/requests")).json();
    const approved = after.items.find((r: { name: string }) => r.name === wish);
    expect(approved).toMatchObject({ state: "approved", software: { name: entry } });
    const shelf = await (await user.page.request.get("/api/v1/software")).json();
    const shelved = shelf.items.find((s: { name: string }) => s.name === entry);
    expect(shelved).toMatchObject({ icon: "photo", description: "Draws" });
    await carryOut(user.page, approved.action_id);
    // The simulated installation takes its time; the rest of the way is the same.
    if (process.env.E2E_FULL) await installed(user.page, entry, device.id);
    expect([...admin.complaints, ...tech.complaints]).toEqual([]);
    for (const v of [admin, user, tech]) await v.context.close();
  }, 120_000);

  it("sees why not, and revokes a device: its owner has it no more", async () => {
    const tech = await demo.visit();
    await logIn(tech.page, "tess");
    await tech.page.goto("/manage/devices");
    await tech.page.click("a:has-text('CHLOE-LINUX')");
    await tech.page.waitForSelector("[data-assigned]");
    await shot(tech.page, "device");
    await accessible(tech.page);

    await tech.page.goto("/manage/people");
    await tech.page.click("#content a:has-text('Chloe'), #content a:has-text('Chloé')");
    await tech.page.getByRole("link", { name: "Why can’t they?" }).click();
    await tech.page.getByRole("combobox", { name: "Device" }).click();
    await tech.page.getByRole("option", { name: "CHLOE-LINUX" }).click();
    await tech.page.getByLabel("Wants to").selectOption("install_software");
    await tech.page.waitForSelector("[data-rule=install_linux][data-decided]");
    await shot(tech.page, "why");
    await accessible(tech.page);

    await tech.page.goto("/manage/devices");
    await tech.page.click("a:has-text('CHLOE-LINUX')");
    await tech.page.getByRole("button", { name: "Revoke" }).click();
    await tech.page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await tech.page.waitForSelector("text=This device was revoked");

    const user = await demo.visit();
    await logIn(user.page, "chloe");
    const left = await (await user.page.request.get("/api/v1/devices")).json();
    expect(left.items.map((d: { name: string }) => d.name)).not.toContain("CHLOE-LINUX");
    expect([...tech.complaints, ...user.complaints]).toEqual([]);
    for (const v of [tech, user]) await v.context.close();
  });
});

/** The device itself reports the program, and the shelf says so. */
async function installed(page: Page, name: string, device: string) {
  const state = async () => {
    const shelf = await (await page.request.get("/api/v1/software")).json();
    const row = shelf.items.find((s: { name: string }) => s.name === name);
    return row.states.find((s: { device_id: string }) => s.device_id === device)?.state;
  };
  await expect.poll(state, { timeout: 60_000, interval: 1000 }).toBe("installed");
}

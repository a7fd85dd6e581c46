import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { Authenticator } from "./authenticator";
import { accessible, logIn, shot } from "./browser";
import { stage } from "./stage";

const demo = stage();
let desk: Page; // a technician's
let outbox: Page; // an admin's: there the demo shows what goes to people outside

beforeAll(async () => {
  desk = (await demo.visit()).page;
  await logIn(desk, "tess");
  outbox = (await demo.visit()).page;
  await logIn(outbox, "adam");
});

/** What the newest mail to the address has that looks like this, as the outbox page shows it. */
async function mailed(to: string, what: RegExp, besides: string[] = []): Promise<string> {
  let found = "";
  await outbox.goto("/outbox");
  await expect
    .poll(
      async () => {
        const mails = await outbox
          .locator(`[data-channel=mail]:has-text("${to}")`)
          .allTextContents();
        const all = mails.map((m) => what.exec(m)?.[1] ?? "");
        found = all.find((m) => m && !besides.includes(m)) ?? "";
        return found;
      },
      { timeout: 20_000 },
    )
    .not.toBe("");
  besides.push(found);
  return found;
}

const code = /\b([a-z2-9]{4}-[a-z2-9]{4})\b/;
const link = /(\/sign-up\/confirm#\S+)/;

async function enter(page: Page, user: string, password: string) {
  await page.goto("/login");
  await page.fill("input[name=username]", user);
  await page.fill("input[name=password]", password);
  await page.click("button[type=submit]");
}

it("R4: a forgotten password is set by the code of a mail", async () => {
  const { page, context, complaints } = await demo.visit({ width: 375 });
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByRole("heading", { name: "Set another password" }).waitFor(); // both pages ask for a login
  await page.fill("input[name=username]", "ben@acme.example");
  await shot(page, "forgot-ask");
  await accessible(page);
  await page.click("button[type=submit]");
  await page.locator("input[name=code]").waitFor();
  await page.fill("input[name=code]", await mailed("ben@acme.example", code));
  await page.fill("input[name=new-password]", "quite another one");
  await shot(page, "forgot-code");
  await accessible(page);
  await page.click("button[type=submit]");
  await page.getByRole("heading", { name: "Done" }).waitFor();
  await accessible(page);
  await enter(page, "ben", "quite another one");
  await page.waitForSelector("#content");

  // Whoever asks for a name that nobody has sees the same.
  const other = await demo.visit();
  await other.page.goto("/forgot-password");
  await other.page.fill("input[name=username]", "nobody@nowhere.example");
  await other.page.click("button[type=submit]");
  await other.page.getByText("If there is such an account").waitFor();
  expect(complaints).toEqual([]);
  await other.context.close();
  await context.close();
});

/** Writes by the form, proves the address, and returns the page that says what became of it. */
async function signUp(email: string) {
  const v = await demo.visit({ dark: true });
  await v.page.goto("/login");
  await v.page.getByRole("link", { name: "Write to us" }).click();
  await v.page.fill("input[name=name]", "Nora New");
  await v.page.fill("input[name=email]", email);
  await v.page.fill("textarea[name=text]", "My screen stays dark.\nSince this morning.");
  await shot(v.page, "sign-up");
  await accessible(v.page);
  await v.page.click("button[type=submit]");
  await v.page.getByText(`We have sent a mail to ${email}`).waitFor();
  await accessible(v.page);
  const proof = await demo.visit();
  await proof.page.goto(await mailed(email, link));
  await proof.page.getByRole("button", { name: "This is my address" }).click();
  await proof.page.locator("[data-outcome]").waitFor();
  await accessible(proof.page);
  await v.context.close();
  return proof;
}

it("R6: a stranger from a company's domain gets an account and a ticket, another waits until staff decide", async () => {
  const admin = await demo.visit();
  await logIn(admin.page, "adam");
  await admin.page.goto("/admin");
  await admin.page.locator("[data-policy=sign_up] input").click();
  await admin.page.getByRole("button", { name: "Undo" }).waitFor();
  await shot(admin.page, "policies-people");

  const known = await signUp("nora@acme.example");
  await shot(known.page, "sign-up-account");
  await known.page.fill("input[name=new-password]", "nora's own one");
  await known.page.click("button[type=submit]");
  await known.page.getByRole("heading", { name: "Done" }).waitFor();
  await enter(known.page, "nora@acme.example", "nora's own one");
  await known.page.waitForSelector("#content");
  await known.page.goto("/tickets");
  await known.page.getByText("My screen stays dark.").waitFor();

  const unknown = await signUp("nora@elsewhere.example");
  await shot(unknown.page, "sign-up-review");
  expect(await unknown.page.locator("[data-outcome]").getAttribute("data-outcome")).toBe("review");
  await desk.goto("/manage/newcomers");
  const line = desk.locator("[data-newcomer='nora@elsewhere.example']");
  await line.waitFor();
  await shot(desk, "newcomers");
  await accessible(desk);
  await line.getByRole("button", { name: "Put into a company" }).click();
  await desk.getByRole("combobox", { name: "Company" }).click();
  await desk.getByRole("option", { name: "Globex" }).click();
  const dialog = desk.getByRole("dialog");
  await shot(desk, "newcomer-assign");
  await dialog.getByRole("button", { name: "Put into a company" }).click();
  await line.waitFor({ state: "detached" });
  await mailed("nora@elsewhere.example", /User name: (\S+)/);
  await desk.goto("/queue");
  await desk.getByText("My screen stays dark.").first().waitFor();
  expect([...admin.complaints, ...known.complaints, ...unknown.complaints]).toEqual([]);
  for (const v of [admin, known, unknown]) await v.context.close();
}, 120_000);

it("R18: who was given a password waits with a first phone, until an admin releases it", async () => {
  const ana = await demo.visit();
  await logIn(ana.page, "ana");
  const { user } = await (await ana.page.request.get("/api/v1/session")).json();
  const given = await desk.request.put(`/api/v1/admin/users/${user.id}/password`, {
    data: { password: "given by staff" },
  });
  expect(given.ok()).toBe(true);
  await enter(ana.page, "ana", "given by staff");
  await ana.page.waitForSelector("#content");
  await ana.page.request.patch("/api/v1/me", { data: { language: "en" } });
  await ana.page.goto("/self-service");
  await ana.page.locator("[data-operation=lock]").first().click();
  const card = ana.page.locator("article[data-action]").first();
  await card.locator("[data-step=confirm]").click();
  await card.locator("input[name=phone]").fill("+34 600 123 456");
  await card.locator("[data-step=send_code]").click();
  const sms = async () =>
    (await (await ana.page.request.get("/api/v1/outbox")).json()).items
      .filter((m: { channel: string }) => m.channel === "sms")
      .map((m: { text: string }) => /\b\d{6}\b/.exec(m.text)?.[0] ?? "")[0] ?? "";
  await expect.poll(sms, { timeout: 20_000 }).toMatch(/^\d{6}$/);
  await card.locator("input[name=code]").fill(await sms());
  await card.locator("[data-step=verify]").click();
  await card.locator("[data-waits]").waitFor();
  await shot(ana.page, "factor-held");
  await accessible(ana.page);

  await desk.goto(`/manage/people/${user.id}`);
  await desk.locator("[data-waits]:has-text('An administrator can release it')").waitFor();
  const admin = await demo.visit();
  await logIn(admin.page, "adam");
  await admin.page.goto(`/manage/people/${user.id}`);
  await admin.page.getByRole("button", { name: "Let it count at once" }).click();
  const dialog = admin.page.getByRole("dialog");
  await shot(admin.page, "factor-release");
  await accessible(admin.page);
  await dialog.getByRole("button", { name: "Let it count at once" }).click();
  await admin.page.locator("[data-waits]").waitFor({ state: "detached" });
  await ana.page.reload();
  await ana.page.locator("[data-step=send_code]").first().waitFor();
  expect(await ana.page.locator("[data-waits]").count()).toBe(0);
  for (const v of [admin, ana]) await v.context.close();
}, 120_000);

it("P13: staff with an authenticator show its code at the log-in; required, the others set one up first", async () => {
  await desk.goto("/account");
  await shot(desk, "account-staff");
  const totp = desk.locator("[data-factor=totp]");
  await totp.getByRole("button", { name: "Set up an app" }).click();
  const secret = async (page: Page) =>
    ((await page.locator("[data-secret]").textContent()) ?? "").replace(/ /g, "");
  const app = new Authenticator(await secret(desk));
  await totp.locator("input[name=code]").fill(await app.next());
  await totp.getByRole("button", { name: "Check and switch on" }).click();
  await totp.getByRole("button", { name: "Remove the app" }).waitFor();

  const { page, context, complaints } = await demo.visit({ width: 375 });
  await enter(page, "tess", "demo-tess");
  await page.locator("input[name=code]").waitFor();
  expect((await page.request.get("/api/v1/session")).status()).toBe(401);
  await shot(page, "login-code");
  await accessible(page);
  await page.fill("input[name=code]", "000000");
  await page.click("button[type=submit]");
  await page.getByRole("alert").waitFor();
  await page.fill("input[name=code]", await app.next());
  await page.click("button[type=submit]");
  await page.waitForSelector("#content");

  const admin = await demo.visit({ dark: true });
  await logIn(admin.page, "adam");
  const set = (on: boolean) =>
    admin.page.request.patch("/api/v1/admin/policies", { data: { staff_totp: on } });
  expect((await set(true)).ok()).toBe(true);
  expect((await admin.page.request.get("/api/v1/admin/users")).status()).toBe(403);
  await admin.page.goto("/queue");
  await admin.page.getByRole("heading", { name: "Protect your account" }).waitFor();
  await admin.page.getByRole("button", { name: "Set up an app" }).click();
  await admin.page.locator("[data-secret]").waitFor();
  await shot(admin.page, "enrol-first");
  await accessible(admin.page);
  const own = new Authenticator(await secret(admin.page));
  await admin.page.locator("input[name=code]").fill(await own.next());
  await admin.page.getByRole("button", { name: "Check and switch on" }).click();
  await admin.page.waitForSelector("#content");
  expect((await set(false)).ok()).toBe(true);
  expect(complaints.filter((c) => !c.includes("422"))).toEqual([]); // the wrong code
  for (const c of [context, admin.context]) await c.close();
}, 120_000);

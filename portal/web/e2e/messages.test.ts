import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessible, logIn, shot } from "./browser";
import { stage } from "./stage";

const demo = stage();

const as = async (user: string, look = {}) => {
  const v = await demo.visit(look);
  await logIn(v.page, user);
  return v;
};

const mails = async (page: Page): Promise<{ subject: string; text: string; to: string }[]> =>
  (await (await page.request.get("/api/v1/outbox")).json()).items.filter(
    (m: { channel: string }) => m.channel === "mail",
  );

it("an admin writes a text, sees how it looks, and the next mail has it", async () => {
  const { page, context, complaints } = await as("adam");
  await page.goto("/admin/templates");
  await shot(page, "templates");
  await accessible(page);
  await page.click("[data-template=ticket_opened]");
  const subject = page.getByLabel("Subject", { exact: true });
  const text = page.getByLabel("Text", { exact: true });
  const was = await text.inputValue();
  await text.fill("{{7*7}}\n{{link}}");
  await page.getByText("there is no variable “7*7” here").waitFor();
  expect(await page.getByRole("button", { name: "Save", exact: true }).isEnabled()).toBe(false);
  await subject.fill("Got it: {{subject}}");
  await text.fill(`${was}\nBest wishes from the help desk, `);
  await page.getByRole("button", { name: "Insert portal" }).click();
  await page.locator("[data-preview]").getByText("Best wishes from the help desk").waitFor();
  await page.locator("[data-preview]").getByText("Formatted").click();
  const frame = page.frameLocator("[data-preview] iframe");
  await frame.getByText("Best wishes from the help desk").waitFor();
  await shot(page, "template");
  await accessible(page);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("The next message will use it").waitFor();

  const ben = await as("ben");
  const made = await ben.page.request.post("/api/v1/tickets", {
    data: { subject: "My chair squeaks", description: "Since Monday." },
  });
  expect(made.status()).toBe(201);
  await expect
    .poll(async () => (await mails(ben.page)).map((m) => m.subject), { timeout: 20_000 })
    .toContain("Got it: My chair squeaks");
  const mail = (await mails(ben.page)).find((m) => m.subject === "Got it: My chair squeaks");
  expect(mail?.text).toContain("Best wishes from the help desk");
  expect(mail?.text).toContain(`/tickets/${(await made.json()).id}`);

  await page.goto("/manage/messages?channel=mail");
  await page.locator("[data-message=sent]").first().waitFor();
  expect(await page.locator("main").textContent()).not.toContain("squeaks");
  await shot(page, "messages");
  await accessible(page);
  expect([...complaints, ...ben.complaints].filter((c) => !c.includes("422"))).toEqual([]);
  for (const c of [context, ben.context]) await c.close();
});

it("the audit log is filtered and saved, and a change of a setting is taken back", async () => {
  const { page, context, complaints } = await as("adam");
  await page.goto("/admin");
  const reopen = async () =>
    (await (await page.request.get("/api/v1/admin/policies")).json()).manual_tickets;
  const before = await reopen();
  await page.locator("[data-policy=manual_tickets]").getByRole("switch").click();
  await expect.poll(reopen).toBe(!before);
  await page.goto("/admin/audit");
  await page.getByLabel("About what").selectOption("policy");
  await page.waitForURL(/group=policy/);
  const line = page.locator("[data-action='policy.changed']").first();
  await line.waitFor();
  await expect.poll(() => page.locator("[data-action='session.opened']").count()).toBe(0);
  await line.getByText("Particulars").click();
  await shot(page, "audit");
  await accessible(page);
  const download = page.waitForEvent("download");
  await page.getByText("Save as a table (CSV)").click();
  const file = await (await download).createReadStream();
  let table = "";
  for await (const part of file) table += part;
  expect(table).toContain("policy.changed");
  expect(table).not.toContain("session.opened");
  const lines = await page.request.get("/api/v1/admin/audit/export?format=jsonl&group=audit");
  expect(JSON.parse((await lines.text()).trim().split("\n")[0] ?? "").action).toBe(
    "audit.exported",
  );
  await line.getByRole("button", { name: /^Undo/ }).click();
  await page.getByText("Taken back.").waitFor();
  expect(await reopen()).toBe(before);

  // From the page of the settings too, and not over what came after.
  await page.goto("/admin");
  await page.locator("[data-policy=manual_tickets]").getByRole("switch").click();
  await expect.poll(reopen).toBe(!before);
  await page.reload();
  const change = page.locator("[data-changes] li").first();
  await change.waitFor();
  await page.request.patch("/api/v1/admin/policies", { data: { manual_tickets: before } });
  await change.getByRole("button", { name: /^Undo/ }).click();
  await page.getByText("This has been changed again since").waitFor();
  expect(await reopen()).toBe(before);
  expect(complaints.filter((c) => !c.includes("409"))).toEqual([]);
  await context.close();
});

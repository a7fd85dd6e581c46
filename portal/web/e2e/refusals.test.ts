import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { accessible, logIn, shot } from "./browser";
import { stage } from "./stage";

const demo = stage();
let adam: Page;
let tess: Page;
let complaints: string[];

beforeAll(async () => {
  const [a, b] = [await demo.visit(), await demo.visit()];
  adam = a.page;
  tess = b.page;
  complaints = a.complaints;
  await logIn(adam, "adam");
  await logIn(tess, "tess");
});

// What the server refuses on purpose is no complaint of the page.
const unexpected = () => complaints.filter((c) => !/409|413|422/.test(c));

const origin = () => ({ Origin: demo.server.url });

async function posted(page: Page, path: string, data: object) {
  const answer = await page.request.post(`/api/v1${path}`, { headers: origin(), data });
  expect(answer.status(), path).toBe(201);
  return answer.json();
}

it("a taken user name is refused in the form, which keeps what was typed", async () => {
  await tess.goto("/manage/people");
  await tess.getByRole("button", { name: "Add a person" }).click();
  const form = tess.getByRole("dialog");
  await form.getByLabel("Name", { exact: true }).fill("Anabel Again");
  await form.getByLabel("User name").fill("ana");
  await form.getByLabel("Mail address").fill("anabel@acme.example"); // names the company
  await form.getByRole("button", { name: "Create the account" }).click();
  await form.getByRole("alert").getByText("The user name ana is taken. Choose another").waitFor();
  expect(await form.getByLabel("Name", { exact: true }).inputValue()).toBe("Anabel Again");
  await accessible(tess);
  await form.getByLabel("User name").fill("anabel2");
  await form.getByRole("button", { name: "Create the account" }).click();
  await tess.getByRole("heading", { name: "Anabel Again" }).waitFor();
});

it("another company's mail domain is refused by the name of that company", async () => {
  await posted(adam, "/admin/companies", { name: "Umbra", domains: ["umbra.example"] });
  await adam.goto("/manage/companies");
  await adam.getByRole("button", { name: "Add a company" }).click();
  const form = adam.getByRole("dialog");
  await form.getByLabel("Name", { exact: true }).fill("Penumbra");
  const domains = form.getByLabel("Mail domains").first();
  await domains.fill("umbra.example");
  await domains.press("Enter");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("umbra.example belongs to Umbra. Remove it there first").waitFor();
  expect(await form.getByLabel("Name", { exact: true }).inputValue()).toBe("Penumbra");
  await form.getByText("umbra.example", { exact: true }).waitFor();
  await shot(adam, "refused-domain");
});

it("a table's broken row says its line and why, and the good rows are imported", async () => {
  await tess.goto("/manage/people/import");
  const table =
    'name,email,company\nUna One,una@acme.test,Acme\n"Two Broken,two@acme.test,Acme\nTria Three,tria@acme.test,Acme\nFour,four@,Acme\n';
  await tess.setInputFiles("input[type=file]", {
    name: "people.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(table),
  });
  await tess.getByRole("button", { name: "Look at it" }).click();
  await tess.getByText("The quotation marks of this row do not fit.").waitFor();
  await tess.getByText("This is not a mail address.").waitFor();
  expect(await tess.locator("[data-count=created] dd").textContent()).toBe("2");
  expect(await tess.locator("[data-count=broken] dd").textContent()).toBe("2");
  await shot(tess, "refused-rows");
  await accessible(tess);
  await tess.getByRole("button", { name: "Import 2 people" }).click();
  await tess.getByText("New: 2, changed: 0").waitFor();
});

it("a field that tickets have is not removed, and the way out stands beside the reason", async () => {
  const field = await posted(adam, "/admin/fields", { kind: "text", names: { en: "Room" } });
  await posted(adam, "/tickets", { subject: "Lamp", fields: { [field.id]: "B 12" } });
  await adam.goto("/admin/fields");
  await adam.locator(`[data-field-row="${field.id}"]`).locator("button:has-text('Room')").click();
  const form = adam.getByRole("dialog");
  await form.getByRole("button", { name: "Remove", exact: true }).click();
  await form.getByRole("button", { name: "Remove for good" }).click();
  await form.getByText("“Room”: 1. Archive the field instead").waitFor();
  await accessible(adam);
  await form.getByRole("button", { name: "Archive" }).click();
  await adam.getByRole("heading", { name: "Archived" }).waitFor();
});

it("a status that tickets have asks where they go, and moves them", async () => {
  const status = await posted(adam, "/admin/statuses", {
    kind: "open",
    names: { en: "At the vendor" },
  });
  await adam.goto("/admin/statuses");
  await adam.locator(`[data-status-row="${status.key}"] button:has-text("At the vendor")`).click();
  const form = adam.getByRole("dialog");
  await form.getByRole("button", { name: "Remove", exact: true }).waitFor();
  // A ticket comes there while the dialog is open.
  const ticket = await posted(adam, "/tickets", { subject: "Lens" });
  const moved = await adam.request.patch(`/api/v1/tickets/${ticket.id}`, {
    headers: origin(),
    data: { status: status.key },
  });
  expect(moved.status()).toBe(200);
  await form.getByRole("button", { name: "Remove", exact: true }).click();
  await form.getByRole("button", { name: "Remove for good" }).click();
  await form.getByLabel("1 ticket has this status. It goes to").selectOption("pending");
  await shot(adam, "refused-status");
  await form.getByRole("button", { name: "Move the tickets and remove" }).click();
  await form.waitFor({ state: "detached" });
  const after = await (await adam.request.get(`/api/v1/tickets/${ticket.id}`)).json();
  expect(after.status).toBe("pending");
});

it("two who edit one article: the second sees both texts and chooses", async () => {
  const article = await posted(adam, "/admin/articles", {
    lang: "en",
    title: "Projectors",
    summary: "",
    markdown: "As it was.",
  });
  const other = await demo.visit();
  await logIn(other.page, "adam");
  await adam.goto(`/admin/articles/${article.id}`);
  await other.page.goto(`/admin/articles/${article.id}`);
  const text = (page: Page) => page.getByLabel("Text (Markdown)");
  await text(other.page).fill("What the second wrote.");
  await text(adam).fill("What the first wrote.");
  await adam.getByRole("button", { name: "Save draft" }).click();
  await adam.getByRole("button", { name: "Save draft" }).isDisabled();
  await expect
    .poll(async () => (await adam.request.get(`/api/v1/admin/articles/${article.id}`)).text())
    .toContain("What the first wrote.");
  await other.page.getByRole("button", { name: "Save draft" }).click();
  const choice = other.page.getByRole("dialog", { name: "Two people have written here" });
  await choice.getByText("has saved another text").waitFor();
  await shot(other.page, "refused-article");
  await accessible(other.page);
  await choice.getByRole("button", { name: "Decide later" }).click();
  expect(await text(other.page).inputValue()).toBe("What the second wrote.");
  await other.page.reload(); // and it survives that
  await choice.waitFor();
  await choice.getByRole("button", { name: "Save mine as the draft" }).click();
  await choice.waitFor({ state: "detached" });
  await expect
    .poll(async () => (await adam.request.get(`/api/v1/admin/articles/${article.id}`)).text())
    .toContain("What the second wrote.");
  await other.context.close();
});

it("two who edit one mail text: the second reads the other's and keeps their own", async () => {
  const path = "/api/v1/admin/templates/ticket_status/en";
  const now = await (await adam.request.get(path)).json();
  await adam.goto("/admin/templates/ticket_status?lang=en");
  const text = adam.getByLabel("Text", { exact: true });
  await text.fill(`${now.text}\nWhat the second wrote.`);
  const first = await adam.request.put(path, {
    headers: origin(),
    data: {
      subject: now.subject,
      text: `${now.text}\nWhat the first wrote.`,
      version: now.version,
    },
  });
  expect(first.status()).toBe(200);
  await adam.getByRole("button", { name: "Save", exact: true }).click();
  const notice = adam
    .getByRole("alert")
    .filter({ hasText: "Somebody else has changed this text." });
  await notice.getByText("Compare").click();
  await notice.getByText("What the first wrote.").waitFor();
  expect(await text.inputValue()).toContain("What the second wrote.");
  await shot(adam, "refused-template");
  await accessible(adam);
  await adam.getByRole("button", { name: "Save", exact: true }).click();
  await adam.getByText("The next message will use it").waitFor();
  expect((await (await adam.request.get(path)).json()).text).toContain("What the second wrote.");
});

it("files that are more than an import takes are refused before they are sent", async () => {
  await adam.goto("/admin/articles");
  await adam.getByRole("button", { name: "Import" }).click();
  const folder = mkdtempSync(join(tmpdir(), "conserje-e2e-"));
  const files = ["one.md", "two.md"].map((name) => join(folder, name));
  for (const file of files) writeFileSync(file, Buffer.alloc(17 * 1024 * 1024, "x"));
  await adam.setInputFiles("input[type=file]", files);
  await adam.getByText("This is too large: at most 32 MB can be sent.").waitFor();
  rmSync(folder, { recursive: true });
  await shot(adam, "refused-import");
  expect(unexpected()).toEqual([]);
});

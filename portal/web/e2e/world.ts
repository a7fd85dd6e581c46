import { crc32, deflateSync } from "node:zlib";
import type { APIRequestContext, Browser, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { answered, ask, logIn, type Visit, visit } from "./browser";
import { people, type Who } from "./routes";

/** The demo with something in every corner, its people logged in, and what stands where. */
export interface World {
  as: Record<Who, Visit>;
  /** What the parameters of an address stand for, by their names; of a conversation, everybody's own. */
  ids: Record<string, string>;
  conversations: Record<Who, string>;
  /** The device that is in use, and who uses it. */
  device: string;
  user: string;
}

type Data = Record<string, unknown>;

async function send(r: APIRequestContext, method: string, path: string, data?: Data) {
  const answer = await r.fetch(`/api/v1${path}`, { method, data });
  const text = await answer.text();
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${text}`).toBe(true);
  return text ? JSON.parse(text) : {};
}

const items = async (r: APIRequestContext, path: string) => (await send(r, "GET", path)).items;

/** A picture of one colour, as large as a screenshot. */
function picture(width = 640, height = 400): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 0], 8); // eight bits of grey
  const rows = Buffer.alloc((width + 1) * height, 0x70);
  for (let y = 0; y < height; y++) rows[y * (width + 1)] = 0; // no filter
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export async function furnish(browser: Browser, url: string): Promise<World> {
  const as = {} as Record<Who, Visit>;
  for (const who of [...people, "nobody"] as const) {
    as[who] = await visit(browser, url);
    if (who !== "nobody") await logIn(as[who].page, who);
  }
  const { ben, tess, adam } = as;
  const request = { ben: ben.page.request, tess: tess.page.request, adam: adam.page.request };
  await settings(request.adam);
  const conversations = {
    ben: await conversation(ben.page, "The VPN does not connect"),
    tess: await conversation(tess.page, "How do I change my password?"),
    adam: await conversation(adam.page, "The Wi-Fi is slow"),
    nobody: "",
  };
  await conversation(ben.page, "Where does the moon sleep?"); // nothing answers that
  const ticket = await wholeTicket(request, conversations.ben);
  const shelf = await knowledge(request);
  const devices = await items(request.tess, "/admin/devices");
  const device = devices.find((d: { name: string }) => d.name === "LAPTOP-ANA-WIN");
  const action = await ofAna(browser, url, device.id);
  const users = await items(request.tess, "/admin/users?limit=200");
  const user = users.find((u: { login: string }) => u.login === "ana").id;
  const newcomer = await send(request.tess, "POST", "/admin/users", {
    name: "Nora Núñez",
    email: "nora@acme.example",
    role: "contact",
    phone: "+34 600 111 222",
  });
  await unknownPerson(request.adam);
  const [company] = await items(request.tess, "/admin/companies");
  return {
    as,
    conversations,
    device: device.id,
    user,
    ids: {
      ticket,
      article: shelf.article,
      device: device.id,
      action,
      user: newcomer.id,
      company: company.id,
      template: "ticket_replied",
    },
  };
}

async function conversation(page: Page, question: string): Promise<string> {
  await page.goto("/");
  await ask(page, question);
  await answered(page);
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}

/** The form for everybody, fields of every kind, a status, a private repository, a view. */
async function settings(adam: APIRequestContext) {
  await send(adam, "PATCH", "/admin/policies", { sign_up: true });
  const names = (en: string) => ({ names: { en, de: `${en} (de)` } });
  for (const kind of ["text", "long_text", "number", "date", "yes_no", "choice", "choices"]) {
    const options = kind.startsWith("choice") ? [names("Lisbon"), names("Porto")] : undefined;
    await send(adam, "POST", "/admin/fields", {
      kind,
      mode: "edit",
      options,
      ...names(`My ${kind}`),
    });
  }
  await send(adam, "POST", "/admin/statuses", {
    kind: "pending",
    color: "violet",
    ...names("Ordered"),
  });
  await send(adam, "POST", "/admin/software/sources", {
    manager: "chocolatey",
    name: "Our own",
    url: "https://packages.acme.example/nuget",
    credentials: { user: "reader", password: "not-so-secret" },
  });
  await send(adam, "POST", "/views", {
    name: "Nobody’s yet",
    shared: true,
    filter: { unassigned: true },
  });
}

type Requests = Record<(typeof people)[number], APIRequestContext>;

/** The ticket of a conversation, with all that a ticket can hold; returns its id. */
async function wholeTicket(r: Requests, conversation: string): Promise<string> {
  const { id } = (await send(r.ben, "GET", `/conversations/${conversation}`)).ticket;
  const files: string[] = [];
  for (const file of [
    { name: "screen.png", mimeType: "image/png", buffer: picture() },
    { name: "steps.txt", mimeType: "text/plain", buffer: Buffer.from("It began on Monday.\n") },
  ]) {
    const answer = await r.ben.post("/api/v1/files", { multipart: { file } });
    expect(answer.ok(), await answer.text()).toBe(true);
    files.push((await answer.json()).id);
  }
  await send(r.ben, "POST", `/tickets/${id}/replies`, {
    text: "Here is how it looks.",
    attachments: files,
  });
  await send(r.tess, "POST", `/tickets/${id}/replies`, {
    text: "Thank you, I am looking at it.",
    status: "open",
  });
  await send(r.tess, "POST", `/tickets/${id}/replies`, {
    text: "His certificate is old.",
    internal: true,
  });
  const fields = await items(r.tess, "/fields");
  const text = fields.find((f: { kind: string; archived?: boolean }) => f.kind === "text");
  await send(r.tess, "PATCH", `/tickets/${id}`, {
    priority: "high",
    fields: text ? { [text.id]: "Lisbon office" } : undefined,
  });
  const double = await send(r.ben, "POST", "/tickets", {
    subject: "VPN again",
    description: "Still no VPN.",
  });
  await send(r.tess, "POST", `/tickets/${double.id}/merge`, { into: id });
  await send(r.tess, "POST", `/tickets/${id}/ask-fixed`);
  return id;
}

/** A draft, a category, a source that cannot be reached, and a bad word. */
async function knowledge(r: Requests): Promise<{ article: string }> {
  const category = await send(r.adam, "POST", "/admin/categories", { names: { en: "Network" } });
  await send(r.adam, "POST", "/admin/articles", {
    lang: "en",
    title: "How to book a room",
    summary: "Rooms and screens.",
    markdown:
      "## Before\n\n1. Open the calendar.\n2. Choose a room.\n\n> A room is free until taken.\n",
    category_id: category.id,
  });
  await send(r.adam, "POST", "/admin/sources", {
    kind: "page",
    lang: "en",
    url: "https://handbook.invalid/vpn",
  });
  const found = (await items(r.ben, "/articles?q=vpn"))[0];
  const article = await send(r.ben, "GET", `/articles/${found.id}`);
  await send(r.ben, "PUT", `/articles/${found.id}/feedback`, {
    lang: "en",
    change: article.change,
    rating: "down",
    reason: "The pictures are of the old version.",
  });
  return { article: found.id };
}

/** An action that waits for its person, of somebody with devices; returns its id. */
async function ofAna(browser: Browser, url: string, device: string): Promise<string> {
  const ana = await visit(browser, url);
  await logIn(ana.page, "ana");
  const { id } = await send(ana.page.request, "POST", "/actions", {
    device_id: device,
    operation: "restart",
  });
  await ana.context.close();
  return id;
}

/** Somebody whose mail domain belongs to no company has written, and waits to be put into one. */
async function unknownPerson(adam: APIRequestContext) {
  const email = "olga@nowhere.example";
  await send(adam, "POST", "/sign-up", { name: "Olga Ort", email, text: "My screen stays dark." });
  const token = await vi.waitUntil(
    async () => {
      const mails = await items(adam, "/outbox");
      const mail = mails.find((m: { to: string }) => m.to === email);
      return /confirm#(\S+)/.exec(mail?.text ?? "")?.[1];
    },
    { timeout: 20_000, interval: 300 },
  );
  await send(adam, "POST", "/sign-up/confirm", { token });
}

/** The addresses of a pattern: as it is, and where a filter shows another state of it. */
export function addressesOf(w: World, who: Who, pattern: string): string[] {
  const path = pattern.replace(/\$(\w+)/g, (_, name: string) => {
    const id = name === "conversation" ? w.conversations[who] : w.ids[name];
    if (!id) throw new Error(`${pattern} has no content: give it some in world.ts`);
    return id;
  });
  return [path, ...(states(w)[pattern] ?? []).map((s) => path + s)];
}

// Nothing found, nothing there, and what only a filter shows.
const states = (w: World): Record<string, string[]> => ({
  "/set-password": ["#no-such-token"],
  "/sign-up/confirm": ["#no-such-token"],
  "/articles": ["?q=vpn", "?q=xyzzy"],
  "/tickets": ["?q=xyzzy", "?view=company"],
  "/queue": ["?q=xyzzy", "?assignee=nobody&priority=high"],
  "/manage/devices": ["?q=xyzzy"],
  "/manage/actions": ["?state=unknown"],
  "/manage/requests": ["?state=declined"],
  "/manage/people": ["?q=xyzzy", "?state=waiting"],
  "/manage/newcomers": ["?decided=true"],
  "/manage/companies": ["?q=xyzzy"],
  "/manage/messages": ["?state=failed"],
  "/manage/why": [`?user=${w.user}&device=${w.device}&operation=restart`],
  "/admin/articles": ["?state=draft", "?q=xyzzy"],
  "/admin/articles/review": ["?state=done"],
  "/admin/articles/unanswered": ["?state=done"],
  "/admin/templates/$template": ["?lang=fr"],
  "/admin/audit": ["?group=session", "?from=2001-01-01&to=2001-01-02"],
});

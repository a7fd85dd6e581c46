import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, answered, ask, launch, logIn, shot, visit } from "./browser";
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

describe("a technician in the chat", () => {
  it("joins it live: both see that the other writes, and each word without a reload", async () => {
    const user = await visit(browser, server.url);
    await logIn(user.page, "ben");
    const question = `The VPN does not connect, live ${Date.now()}`;
    await ask(user.page, question);
    await answered(user.page);

    const tech = await visit(browser, server.url);
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

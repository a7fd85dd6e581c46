import type { Page } from "playwright-core";
import { expect } from "vitest";

/** The person goes through with an action of theirs: confirms, and verifies by the text message. */
export async function carryOut(page: Page, action: string, phone = "+34 600 222 333") {
  const post = async (step: string, data?: object) => {
    const answer = await page.request.post(`/api/v1/actions/${action}/${step}`, { data });
    expect(answer.ok(), `${step}: ${await answer.text()}`).toBe(true);
  };
  await post("confirm");
  await post("code", { phone });
  let code = "";
  await expect
    .poll(async () => {
      const sent = await (await page.request.get("/api/v1/outbox")).json();
      const texts = sent.items.filter((m: { channel: string }) => m.channel === "sms");
      code = /\b\d{6}\b/.exec(texts[0]?.text ?? "")?.[0] ?? "";
      return code;
    })
    .not.toBe("");
  await post("verify", { code });
}

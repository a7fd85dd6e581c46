import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { answered, ask } from "./browser";

const words: Record<string, string> = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tools/actions/words/en.json"), "utf8"),
);

/** The states of a card, with the server's own words, and what asks for one. */
const states = [
  { state: "proposed", ask: "Please restart LAPTOP-ANA-WIN" },
  {
    state: "confirmed",
    ask: "Please lock LAPTOP-ANA-WIN",
    next: ["send_code", "verify", "cancel"],
    factor: { sms: true, phone_verified: true, phone: "••••456", attempts_left: 4 },
  },
  {
    state: "queued",
    ask: "Please shut down LAPTOP-ANA-WIN",
    next: ["cancel"],
    detail: "detail.offline",
  },
  { state: "running", ask: "Please restart MAC-ANA", next: [] },
  {
    state: "succeeded",
    ask: "Please lock MAC-ANA",
    next: [],
    word: "state.succeeded.verified",
    outcome: "device_verified",
  },
  { state: "failed", ask: "Please shut down MAC-ANA", next: ["retry"], detail: "code.timeout" },
  { state: "expired", ask: "Log me out of MAC-ANA", next: ["retry"], detail: "detail.expired" },
] as const;

/** Asks for one action after the other, and leaves a card in each state on the page. */
export async function cardsInEveryState(page: Page): Promise<string[]> {
  for (const s of states) {
    await ask(page, s.ask);
    await page.waitForSelector(`[data-last]:has-text("${s.ask}")`);
    await answered(page);
  }
  const cards = page.locator("article[data-action]");
  const ids = await cards.evaluateAll((all) => all.map((c) => c.getAttribute("data-action") ?? ""));
  await page.route(/\/api\/v1\/actions\/[^/]+$/, async (route) => {
    const answer = await route.fetch();
    const real = await answer.json();
    const s = states[ids.indexOf(real.id)];
    if (!s) return route.fulfill({ response: answer });
    const { ask: _, ...shown } = s;
    const text = {
      ...real.text,
      state: words["word" in s ? s.word : `state.${s.state}`],
      detail: "detail" in s ? words[s.detail] : undefined,
    };
    await route.fulfill({ response: answer, json: { ...real, ...shown, text } });
  });
  return states.map((s) => s.state);
}

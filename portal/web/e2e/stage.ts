import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { type Look, launch, type Visit, visit } from "./browser";
import { type Portal, portal } from "./server";

export interface Stage {
  browser: Browser;
  server: Portal;
  /** A fresh browser profile on the portal, without a session. */
  visit(look?: Look): Promise<Visit>;
}

/** The browser and the server of one file of tests, from its first test to its last. */
export function stage(env: Record<string, string> = {}): Stage {
  const it = {
    visit: (look?: Look) => visit(it.browser, it.server.url, look),
  } as Stage;
  beforeAll(async () => {
    it.server = await portal(env);
    it.browser = await launch();
  });
  afterAll(async () => {
    await it.browser?.close();
    await it.server?.stop();
  });
  return it;
}

import type { Page } from "playwright-core";
import { expect } from "vitest";
import { faults, shot, type Visit } from "./browser";

/** `make e2e-full`: everything, in every look and language. */
export const full = Boolean(process.env.E2E_FULL);

const sizes = [
  { name: "wide", width: 1280, height: 800 },
  { name: "phone", width: 375, height: 740 },
];
const schemes = ["light", "dark"] as const;

/** How far the page can be scrolled sideways; 0 is right. */
const sticksOut = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

export async function nothingSticksOut(page: Page) {
  expect(await sticksOut(page)).toBeLessThanOrEqual(0);
}

/** Waits until a page shows what it has. */
export async function settled(page: Page) {
  await page.waitForSelector("main h1", { state: "attached" });
  await page.waitForLoadState("networkidle");
  await expect.poll(() => page.locator("main [role=status] .mantine-Loader-root").count()).toBe(0);
}

const wear = (page: Page, colorScheme: (typeof schemes)[number]) =>
  page.emulateMedia({ colorScheme, reducedMotion: "reduce" });

/**
 * Looks at something in every look: wide and narrow, light and dark; on the narrow
 * one also whether it fits into 320 px. `open` brings it about, once for each size.
 */
export async function inEveryLook(v: Visit, name: string, open: (page: Page) => Promise<void>) {
  const found: string[] = [];
  const before = v.complaints.length;
  for (const size of sizes) {
    await v.page.setViewportSize(size);
    await wear(v.page, "light");
    await open(v.page);
    for (const scheme of schemes) {
      await wear(v.page, scheme);
      await v.page.waitForSelector(`html[data-mantine-color-scheme=${scheme}]`);
      const look = `${size.name}-${scheme}`;
      await shot(v.page, `looks/${name}-${look}`);
      found.push(...(await faults(v.page)).map((f) => `${look}: ${f}`));
    }
    for (const width of size.name === "phone" ? [375, 320] : [size.width]) {
      await v.page.setViewportSize({ width, height: size.height });
      const over = await sticksOut(v.page);
      if (over > 0) found.push(`${width} px: sticks out by ${over} px`);
    }
  }
  expect([...found, ...v.complaints.slice(before)]).toEqual([]);
}

/** A name for a picture of an address. */
export const nameOf = (who: string, at: string) =>
  `${who}${at.replace(/[?#].*/, (s) => `-${s.slice(1, 24)}`).replace(/[^\w-]+/g, "-")}`;

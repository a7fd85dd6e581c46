import type { Page } from "playwright-core";
import { expect } from "vitest";
import { web } from "../src/test-catalogues";
import type { Who } from "./routes";

/** What is pressed on a page until a dialog or a menu is open: keys of the catalogue. */
export interface Way {
  who: Who;
  at: string;
  press: string[];
}

const way = (who: Who, at: string, ...press: string[]): Way => ({ who, at, press });

export const ways: Way[] = [
  way("ben", "/", "common.nav.menu"),
  way("ben", "/c/$conversation", "chat.person.ask"),
  way("ben", "/tickets/$ticket", "fields.change"),
  way("tess", "/queue", "queue.filter.more"),
  way("tess", "/queue?assignee=nobody&priority=high", "queue.views.save"),
  way("tess", "/queue/$ticket", "fields.change"),
  way("tess", "/queue/$ticket", "queue.merge.button"),
  way("tess", "/queue/$ticket", "files.delete"),
  way("tess", "/queue/$ticket", "files.enlarge"),
  way("tess", "/queue/$ticket", "staff.write.reply", "queue.macro.choose"),
  way("tess", "/manage/devices", "manage.enrol.button", "manage.enrol.make"),
  way("tess", "/manage/devices/$device", "manage.device.revoke"),
  way("tess", "/manage/requests", "manage.requests.approve"),
  way("tess", "/manage/requests", "manage.requests.decline"),
  way("tess", "/manage/people", "people.add"),
  way("tess", "/manage/people/$user", "people.edit"),
  way("tess", "/manage/people/$user", "people.password.give"),
  way("tess", "/manage/people/$user", "people.disable"),
  way("tess", "/manage/newcomers", "people.newcomers.assign"),
  way("tess", "/manage/newcomers", "people.newcomers.dismiss"),
  way("adam", "/manage/companies", "people.companies.add"),
  way("adam", "/manage/companies/$company", "people.edit"),
  way("adam", "/admin/articles", "editor.new.open"),
  way("adam", "/admin/articles", "editor.import.open"),
  way("adam", "/admin/articles/$article", "editor.history.open"),
  way("adam", "/admin/articles/$article", "editor.more"),
  way("adam", "/admin/articles/$article", "editor.more", "editor.withdraw"),
  way("adam", "/admin/articles/categories", "editor.category.add"),
  way("adam", "/admin/articles/sources", "knowledge.sources.add"),
  way("adam", "/admin/articles/sources", "knowledge.sources.remove"),
  way("adam", "/admin/statuses", "statuses.add"),
  way("adam", "/admin/fields", "fields.add"),
  way("adam", "/admin/macros", "queue.macro.add"),
  way("adam", "/admin/software", "admin.software.add"),
  way("adam", "/admin/software", "admin.sources.add"),
];

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A text of the catalogue, whatever stands in its placeholders. */
function said(key: string, as: (text: string) => string): RegExp {
  const text = web.texts.en.get(key);
  if (!text) throw new Error(`the catalogue has no ${key}`);
  return new RegExp(
    `^${as(text)
      .split(/\{\{\w+\}\}/)
      .map(literal)
      .join(".*")}$`,
  );
}

/** Presses its way to what opens; `as` is how the page writes the catalogue's words. */
export async function follow(page: Page, press: string[], as = (text: string) => text) {
  for (const key of press) {
    const name = said(key, as);
    await page
      .getByRole("button", { name })
      .or(page.getByRole("tab", { name }))
      .or(page.getByRole("menuitem", { name }))
      .first()
      .click();
  }
  await expect
    .poll(() => page.locator("[role=dialog], [role=menu], [aria-expanded=true]").count())
    .toBeGreaterThan(0);
  await page.waitForLoadState("networkidle");
}

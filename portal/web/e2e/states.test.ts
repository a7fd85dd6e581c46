import type { Browser, Page, Route } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { web } from "../src/test-catalogues";
import { logIn, speak, type Visit, visit } from "./browser";
import { cardsInEveryState } from "./cards";
import { full, inEveryLook, nameOf, settled } from "./looks";
import { patternsOf, people } from "./routes";
import { stage } from "./stage";
import { addressesOf, furnish, type World } from "./world";

// What a page shows when it is not simply full, in every look. Only in `make e2e-full`.
describe.runIf(full)("in every look", () => {
  const demo = stage();
  let world: World;

  beforeAll(async () => {
    world = await furnish(demo.browser, demo.server.url);
  });

  describe.each(people)("when the server cannot answer %s", (who) => {
    it.each(patternsOf(who))(
      "%s says so",
      async (pattern) => {
        const [at = pattern] = addressesOf(world, who, pattern);
        const v = world.as[who];
        let asked = false;
        const refuse = (route: Route) => {
          asked = true;
          return route.fulfill({ status: 400, json: { code: "unavailable" } });
        };
        await v.page.route(failing, refuse);
        try {
          await inEveryLook(quiet(v), `failed-${nameOf(who, at)}`, async (page) => {
            await page.goto("about:blank");
            await page.goto(at);
            await settled(page);
            if (!asked) return;
            const said = page.locator("main").getByText(trouble);
            await expect.poll(() => said.count()).toBeGreaterThan(0);
            // On a phone what the home page lacks stands in the drawer, behind its button.
            if (pattern !== "/") await said.filter({ visible: true }).first().waitFor();
          });
        } finally {
          await v.page.unroute(failing, refuse);
        }
      },
      120_000,
    );
  });

  it("of somebody who has nothing yet, every page says what to do", async () => {
    const v = await somebodyNew(demo.browser, demo.server.url, world);
    for (const pattern of patternsOf("ben").filter((p) => !p.includes("$")))
      await inEveryLook(v, `empty-${nameOf("new", pattern)}`, async (page) => {
        await page.goto(pattern);
        await settled(page);
      });
    await v.context.close();
  }, 240_000);

  it("cards in the chat, from a proposal to every end", async () => {
    const v = await demo.visit();
    await logIn(v.page, "ana");
    await speak(v.page, "en");
    const states = await cardsInEveryState(v.page);
    await inEveryLook(v, "cards", async (page) => {
      await page.reload();
      await page.waitForSelector("article[data-action][data-state=expired]");
      const earlier = page.getByRole("button", { name: web.texts.en.get("chat.earlier") });
      if (await earlier.isVisible()) await earlier.click();
      const cards = page.locator("article[data-action]");
      const shown = () => cards.evaluateAll((all) => all.map((c) => c.getAttribute("data-state")));
      await expect.poll(shown).toEqual(states);
    });
    await v.context.close();
  }, 240_000);
});

// Who it is and which portal this is still come: without them there is no page.
const failing = /\/api\/v1\/(?!session$|me$|portal$)/;

const trouble = web.texts.en.get("errors.unavailable") ?? "";

/** A visit whose complaints about what we refuse on purpose are no faults. */
const quiet = (v: Visit): Visit => ({
  ...v,
  get complaints() {
    return v.complaints.filter((c) => !c.includes("status of 400"));
  },
});

async function somebodyNew(browser: Browser, url: string, world: World): Promise<Visit> {
  const staff = world.as.adam.page.request;
  const companies = await (await staff.get("/api/v1/admin/companies")).json();
  const made = await staff.post("/api/v1/admin/users", {
    data: { name: "Nils Neu", email: "nils@acme.example", company_id: companies.items[0].id },
  });
  const { id, login } = await made.json();
  const { password } = await (await staff.get(`/api/v1/admin/users/${id}/password`)).json();
  const v = await visit(browser, url);
  await enter(v.page, login, password);
  return v;
}

async function enter(page: Page, login: string, password: string) {
  await page.goto("/login");
  await page.fill("input[name=username]", login);
  await page.fill("input[name=password]", password);
  await page.click("button[type=submit]");
  await page.waitForSelector("main h1");
}

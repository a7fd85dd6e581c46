import { beforeAll, describe, expect, it } from "vitest";
import { accessible, answered, ask, logIn, shot, speak } from "./browser";
import { follow, ways } from "./dialogs";
import { full, inEveryLook, nameOf, nothingSticksOut, settled } from "./looks";
import { everyPattern, pageless, patternsOf, people } from "./routes";
import { stage } from "./stage";
import { addressesOf, furnish, type World } from "./world";

const demo = stage();

it("every page of the router is visited by somebody", () => {
  const visited = new Set([...people, "nobody" as const].flatMap(patternsOf));
  expect([...visited, ...pageless].sort()).toEqual(everyPattern().sort());
});

// The everyday run: one path for each role, at one size.
const path: Record<string, string[]> = {
  ben: ["/", "/tickets", "/tickets/new", "/articles", "/self-service", "/account"],
  tess: ["/queue", "/manage/devices", "/manage/people", "/admin/articles"],
  adam: ["/admin", "/admin/software", "/admin/templates", "/admin/audit"],
};

describe.runIf(!full).each(people)("the path of %s", (user) => {
  it("has nothing that axe finds, and fits into 320 px", async () => {
    const { page, context, complaints } = await demo.visit();
    await logIn(page, user);
    for (const at of path[user] ?? []) {
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto(at);
      await settled(page);
      await shot(page, nameOf(user, at));
      await accessible(page);
      await page.setViewportSize({ width: 320, height: 640 });
      await nothingSticksOut(page);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});

it("axe finds nothing on a conversation and an open passage", async () => {
  const { page, context } = await demo.visit();
  await logIn(page, "ben");
  await ask(page, "The VPN does not connect");
  await answered(page);
  await page.waitForSelector("[data-source]");
  await shot(page, "chat");
  await accessible(page);
  await nothingSticksOut(page);
  await page.locator("[data-citation]").first().click();
  await page.waitForSelector("article[data-article] [data-passage]");
  await page.waitForTimeout(400);
  await shot(page, "passage");
  await accessible(page);
  await context.close();
});

it("an address that leads nowhere says so, with 404, in each language", async () => {
  const { page, context } = await demo.visit();
  await logIn(page, "tess");
  const said = new Set<string | null>();
  for (const language of ["en", "es", "de", "fr", "it"]) {
    await speak(page, language);
    for (const path of ["/docs", "/manage/nowhere"]) {
      expect((await page.goto(path))?.status()).toBe(404);
      await page.waitForSelector(`html[lang=${language}] main h1`);
      await page.locator("header nav a[href='/queue']").waitFor();
      said.add(await page.locator("main h1").textContent());
      await accessible(page);
    }
  }
  expect(said.size).toBe(5);
  await speak(page, "en");
  await context.close();
});

it("for who is not logged in, such an address has no way to the inside", async () => {
  const { page, context } = await demo.visit();
  expect((await page.goto("/docs"))?.status()).toBe(404);
  await page.waitForSelector("main h1");
  expect(await page.locator("nav").count()).toBe(0);
  await accessible(page);
  await context.close();
});

describe.runIf(full)("in every look", () => {
  let world: World;

  beforeAll(async () => {
    world = await furnish(demo.browser, demo.server.url);
  });

  describe.each([...people, "nobody"] as const)("the pages of %s", (who) => {
    it.each(patternsOf(who))(
      "%s",
      async (pattern) => {
        for (const at of addressesOf(world, who, pattern))
          await inEveryLook(world.as[who], nameOf(who, at), async (page) => {
            await page.goto("about:blank"); // a mere change of what stands behind # loads nothing
            await page.goto(at);
            await settled(page);
            expect(new URL(page.url()).pathname).toBe(at.replace(/[?#].*/, ""));
          });
      },
      120_000,
    );
  });

  it.each(ways)(
    "on $at, $who opens $press",
    async ({ who, at, press }) => {
      const [address = at] = addressesOf(world, who, at);
      const name = `open-${nameOf(who, at)}-${press.at(-1)}`;
      await inEveryLook(world.as[who], name, async (page) => {
        await page.goto("about:blank");
        await page.goto(address);
        await settled(page);
        await follow(page, press);
      });
    },
    120_000,
  );
});

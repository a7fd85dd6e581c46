import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { follow, ways } from "./dialogs";
import { full, settled } from "./looks";
import { buildPseudo, type Pseudo, pseudo, readable, type Said } from "./pseudo";
import { patternsOf, people, type Who } from "./routes";
import { stage } from "./stage";
import { addressesOf, furnish, type World } from "./world";

// Names that stand as they are in every language.
const names = [
  "English",
  "Español",
  "Deutsch",
  "Français",
  "Italiano",
  "Windows",
  "macOS",
  "Linux",
];
// And what shows how an address looks, and the browser of these tests.
names.push(
  "Chocolatey",
  "Homebrew",
  "Intel",
  "AMD",
  "ARM",
  "https://",
  "example.com",
  "Chrome · Linux",
);

// Under these names the server sends what people wrote, or made: words of theirs, not of the page.
const keysOfData = new Set(
  "name names title subject text quote description login email phone publisher markdown html summary snippet heading reason answer question host url to version agent_version system_version account key example package id domains en es de fr it".split(
    " ",
  ),
);

// What the server words itself: its own English catalogue, with anything in its placeholders.
const file = (path: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../../..", path), "utf8"));
const escaped = (s: string) => s.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
const servers = ["tools/actions/words/en.json", "prompts/lang/en/texts.json"]
  .flatMap((path) => Object.values(file(path) as Record<string, string>))
  .map((s) => new RegExp(`^${escaped(s).replace(/\{\{.*?\}\}|\{\w+\}/g, "[^]*")}$`));

/** Gathers what the page gets from the server, and keeps what is somebody's own words. */
function listen(page: Page): Set<string> {
  const data = new Set<string>(names);
  const take = (value: unknown, key = "") => {
    if (typeof value === "string" && keysOfData.has(key)) {
      data.add(value.trim());
      if (key === "name") data.add(value.split(" ")[0] ?? ""); // as a greeting has it
    } else if (Array.isArray(value)) for (const v of value) take(v, key);
    else if (value && typeof value === "object")
      for (const [k, v] of Object.entries(value)) take(v, k);
  };
  page.on("response", async (r) => {
    if (!r.url().includes("/api/")) return;
    take(await r.json().catch(() => undefined));
  });
  page.on("websocket", (socket) =>
    socket.on("framereceived", (f) => {
      try {
        take(JSON.parse(f.payload.toString()));
      } catch {
        // a frame that is no JSON has no words
      }
    }),
  );
  return data;
}

/** What stands in plain letters and is neither data nor the server's words. */
function outside(said: Said[], data: Set<string>): string[] {
  const list = [...data].filter((d) => d.length > 1).sort((a, b) => b.length - a.length);
  const initials = new Set(list.map(initialsOf));
  const bodies = list.filter((d) => d.length > 60).map(flat);
  return said
    .filter(({ text, written }) => {
      const t = text.trim();
      if (initials.has(t) || servers.some((s) => s.test(t))) return false;
      let rest = t;
      for (const d of list) rest = rest.split(d).join("");
      rest = rest
        .replace(/\{\{\w+\}\}/g, "") // the variables of messages and macros
        .replace(/(?<=⟧ )[A-Z](?=\)$)/, ""); // the letter of a key, after the name of another
      if (!/[A-Za-z]/.test(rest)) return false;
      return !(written && bodies.some((b) => b.includes(flat(t))));
    })
    .map(({ where, text }) => `${where}: ${text.trim()}`);
}

/** The two letters that stand for a person. */
function initialsOf(name: string): string {
  const words = name.split(/\s+/);
  const last = words.length > 1 ? (words.at(-1)?.[0] ?? "") : "";
  return ((words[0]?.[0] ?? "") + last).toUpperCase();
}

/** Letters and digits only: what is left of a text after Markdown or HTML has been drawn. */
const flat = (s: string) =>
  s
    .replace(/<[^>]*>|&\w+;/g, " ")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

describe.runIf(full)("no text stands outside of the catalogues", () => {
  const demo = stage();
  let pseudoPages: Pseudo;
  let world: World;
  const data = {} as Record<Who, Set<string>>;

  beforeAll(async () => {
    world = await furnish(demo.browser, demo.server.url);
    pseudoPages = await buildPseudo();
    for (const who of [...people, "nobody"] as const) {
      data[who] = listen(world.as[who].page);
      await pseudoPages.serve(world.as[who].context);
    }
  }, 300_000);

  afterAll(() => pseudoPages?.remove());

  describe.each([...people, "nobody"] as const)("on the pages of %s", (who) => {
    it.each(patternsOf(who))(
      "%s",
      async (pattern) => {
        for (const at of addressesOf(world, who, pattern)) {
          const { page } = world.as[who];
          await page.goto("about:blank");
          await page.goto(at);
          await settled(page);
          const said = await readable(page);
          expect(said.some((s) => s.text.includes("⟦"))).toBe(true);
          expect(outside(said, data[who])).toEqual([]);
        }
      },
      60_000,
    );
  });

  it.each(ways)("on $at, where $who opens $press", async ({ who, at, press }) => {
    const [address = at] = addressesOf(world, who, at);
    const { page } = world.as[who];
    await page.goto("about:blank");
    await page.goto(address);
    await settled(page);
    await follow(page, press, pseudo);
    expect(outside(await readable(page), data[who])).toEqual([]);
  });
});

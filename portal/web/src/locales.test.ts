import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { base, english, everything, form, type Texts, translations, web } from "./test-catalogues";

/** Keys whose English has plural forms; only there is a suffix a form. */
const counted = new Set(
  [...web.texts.en.keys()].filter((k) => form(k) === "one").map((k) => base(k)),
);
const nameOf = (key: string) => (counted.has(base(key)) ? base(key) : key);

// The same word in both languages, and rightly so.
const sameWord: Record<string, string[]> = {
  es: [
    "Chat",
    "Macro",
    "Macros",
    "No",
    "Normal",
    "Portal",
    "Software",
    "Ticket",
    "Ticket {{number}}",
    "Tickets",
    "{{count}} ticket",
    "{{count}} tickets",
  ],
  de: [
    "Administrator",
    "Agent",
    "Chat",
    "Link",
    "Name",
    "Normal",
    "Offline",
    "Online",
    "Orange",
    "Person",
    "Portal",
    "Software",
    "Status",
    "Support",
    "System",
    "Text",
    "Ticket",
    "Ticket {{number}}",
    "Tickets",
    "Version",
  ],
  fr: [
    "1 minute",
    "Actions",
    "Agent",
    "Articles",
    "Assistant",
    "Conversation",
    "Conversations",
    "Date",
    "Description",
    "Documents",
    "Impact",
    "Macro",
    "Macros",
    "Orange",
    "Sessions",
    "Source",
    "Sources",
    "Suggestions",
    "Support",
    "Ticket",
    "Ticket {{number}}",
    "Tickets",
    "Type",
    "Version",
    "Violet",
    "{n} minutes",
    "{{count}} page",
    "{{count}} pages",
    "{{count}} ticket",
    "{{count}} tickets",
  ],
  it: [
    "Account",
    "Account {{name}}",
    "App (cask)",
    "Chat",
    "Database",
    "Macro",
    "No",
    "Offline",
    "Online",
    "Password",
    "Self-service",
    "Software",
    "Ticket",
    "Ticket {{number}}",
    "{{count}} ticket",
  ],
};

// Names of things that no language changes, and texts that are all placeholders.
const everywhere = ["Ctrl", "ARM", "Intel", "Apple silicon"];

const marks = (text: string) =>
  [...text.matchAll(/\{\{.*?\}\}|\{\w+\}|<\/?\w+>/g)].map((m) => m[0]).sort();
const hasWords = (text: string) => /\p{L}/u.test(text.replace(/\{\{.*?\}\}|\{\w+\}/g, ""));

describe.each(everything)("the catalogue of $name", (catalogue) => {
  describe.each(translations)("in %s", (lang) => {
    const ours = catalogue.texts[lang];

    it("has every key of the English one and no other", () => {
      const names = (m: Texts) => [...new Set([...m.keys()].map(nameOf))].sort();
      expect(names(ours)).toEqual(names(catalogue.texts.en));
    });

    it("keeps every placeholder and every tag", () => {
      for (const [key, text] of ours)
        expect(marks(text), key).toEqual(marks(english(catalogue, key)));
    });

    it("leaves nothing untranslated", () => {
      const rightly = [...everywhere, ...(sameWord[lang] ?? [])];
      const left = [...ours].filter(
        ([key, text]) =>
          catalogue.texts.en.get(key) === text && hasWords(text) && !rightly.includes(text),
      );
      expect(left).toEqual([]);
    });
  });

  it("has no text with stray spaces", () => {
    for (const [lang, texts] of Object.entries(catalogue.texts))
      for (const [key, text] of texts)
        if (text !== "" || catalogue.texts.en.get(key) !== "")
          expect(text.replace(/\n$/, ""), `${lang} ${key}`).toMatch(/^\S[\s\S]*\S$|^\S$/);
  });
});

it.each(translations)("%s has the plural forms that the language needs, and no others", (lang) => {
  const needed = new Intl.PluralRules(lang).resolvedOptions().pluralCategories;
  for (const name of counted) {
    const forms = [...web.texts[lang].keys()].filter((k) => base(k) === name && form(k));
    expect(forms.map((k) => form(k)).sort(), name).toEqual([...needed].sort());
  }
});

it("a rightful equal is one that stands in a catalogue", () => {
  for (const lang of translations)
    for (const text of sameWord[lang] ?? [])
      expect(
        everything.some((c) =>
          [...c.texts[lang]].some(([k, v]) => v === text && c.texts.en.get(k) === v),
        ),
        `${lang} ${text}`,
      ).toBe(true);
});

it("every error code of the server has a text", () => {
  const go = readFileSync(join(import.meta.dirname, "../../desk/errors.go"), "utf8");
  const codes = [...go.matchAll(/^\s+Code\w+\s+Code = "(\w+)"/gm)].map((m) => m[1] ?? "");
  expect(codes.length).toBeGreaterThan(20);
  const texts = web.texts.en;
  expect(codes.filter((c) => !texts.has(`errors.${c}`))).toEqual([]);
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import de from "./locales/de";
import en from "./locales/en";
import es from "./locales/es";
import fr from "./locales/fr";
import it_ from "./locales/it";

type Catalogue = { [key: string]: string | Catalogue };
const translations: Record<string, Catalogue> = { es, de, fr, it: it_ };
const all: Record<string, Catalogue> = { en, ...translations };

function flat(c: Catalogue, path = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(c)) {
    if (typeof value === "string") out.set(path + key, value);
    else for (const [k, v] of flat(value, `${path}${key}.`)) out.set(k, v);
  }
  return out;
}

const plural = /_(zero|one|two|few|many|other)$/;
const base = (key: string) => key.replace(plural, "");

/** Keys whose English has plural forms; only there is a suffix a form. */
const counted = new Set([...flat(en).keys()].filter((k) => k.endsWith("_one")).map((k) => base(k)));
const nameOf = (key: string) => (counted.has(base(key)) ? base(key) : key);

// The same word in both languages, and rightly so.
const sameWord: Record<string, string[]> = {
  es: [
    "Macro",
    "Macros",
    "Chat",
    "Tickets",
    "Normal",
    "Ticket",
    "Ticket {{number}}",
    "Portal",
    "Software",
    "{{count}} ticket",
    "{{count}} tickets",
    "No",
  ],
  de: [
    "Orange",
    "Text",
    "Chat",
    "Tickets",
    "Normal",
    "Administrator",
    "Support",
    "Ticket",
    "Status",
    "Name",
    "Portal",
    "Online",
    "Offline",
    "Software",
    "Ticket {{number}}",
    "Agent",
    "Offline",
    "Online",
    "Person",
    "System",
    "Version",
  ],
  fr: [
    "Macro",
    "Macros",
    "Orange",
    "Date",
    "Description",
    "Violet",
    "{{count}} ticket",
    "{{count}} tickets",
    "Articles",
    "Tickets",
    "Sources",
    "Source",
    "Conversations",
    "Ticket",
    "Ticket {{number}}",
    "Assistant",
    "Suggestions",
    "Conversation",
    "Actions",
    "Agent",
    "Version",
  ],
  it: [
    "Macro",
    "No",
    "{{count}} ticket",
    "Chat",
    "Password",
    "Ticket",
    "Note",
    "Knowledge base",
    "App (cask)",
    "Ticket {{number}}",
    "Software",
    "Account {{name}}",
    "Offline",
    "Online",
    "Self-service",
  ],
};

// Names of things that no language changes.
const everywhere = ["ARM", "Intel", "Apple silicon", "{{name}}:"];

const marks = (text: string) =>
  [...text.matchAll(/\{\{(\w+)\}\}|<\/?\w+>/g)].map((m) => m[0]).sort();

describe.each(Object.keys(translations))("the catalogue %s", (lang) => {
  const ours = flat(translations[lang] ?? {});
  const english = flat(en);

  it("has every key of the English one and no other", () => {
    const names = (m: Map<string, string>) => [...new Set([...m.keys()].map(nameOf))].sort();
    expect(names(ours)).toEqual(names(english));
  });

  it("has the plural forms that the language needs, and no others", () => {
    const needed = new Intl.PluralRules(lang).resolvedOptions().pluralCategories;
    for (const name of counted) {
      const forms = [...ours.keys()].filter((k) => base(k) === name && plural.test(k));
      expect(forms.map((k) => plural.exec(k)?.[1]).sort(), name).toEqual([...needed].sort());
    }
  });

  it("keeps every placeholder and every tag", () => {
    for (const [key, text] of ours) {
      const source = english.get(key) ?? english.get(`${base(key)}_other`) ?? "";
      expect(marks(text), key).toEqual(marks(source));
    }
  });

  it("leaves nothing untranslated", () => {
    const left = [...ours].filter(
      ([key, text]) =>
        english.get(key) === text && !sameWord[lang]?.includes(text) && !everywhere.includes(text),
    );
    expect(left).toEqual([]);
  });
});

it("no text is empty or has stray spaces", () => {
  for (const [lang, c] of Object.entries(all))
    for (const [key, text] of flat(c)) expect(text, `${lang} ${key}`).toMatch(/^\S[\s\S]*\S$|^\S$/);
});

it("every error code of the server has a text", () => {
  const go = readFileSync(join(import.meta.dirname, "../../desk/errors.go"), "utf8");
  const codes = [...go.matchAll(/^\s+Code\w+\s+Code = "(\w+)"/gm)].map((m) => m[1] ?? "");
  expect(codes.length).toBeGreaterThan(20);
  const texts = flat(en.errors as Catalogue);
  expect(codes.filter((c) => !texts.has(c))).toEqual([]);
});

import { describe, expect, it } from "vitest";
import glossary from "./locales/glossary.json";
import { english, everything, translations, words } from "./test-catalogues";

/** A term and what each language calls it, as patterns; `never` is what it must not be called. */
interface Term {
  en: string;
  es: string;
  de: string;
  fr: string;
  it: string;
  never?: { [language: string]: string | undefined };
}

const terms: Term[] = glossary;

// What would speak to the reader as to a friend, and, in Italian, as in an old letter.
const informal = {
  es: /(?<!\p{L})(tú|tus?|te|ti|contigo|vosotros|vuestr[oa]s?|tienes|puedes|quieres)(?!\p{L})/iu,
  de: /(?<!\p{L})(du|dich|dir|dein(e[mnrs]?)?|euch|euer)(?!\p{L})/iu,
  fr: /(?<!\p{L})(tu|te|ton|ta|tes|toi)(?!\p{L})/iu,
  it: /(?<!\p{L})(tu|ti|tuo|tua|tuoi|tue)(?!\p{L})|(?<=[\p{Ll},;:] )(Lei|Suo|Sua|Suoi|Sue)(?!\p{L})/u,
};

// Marks that the language does not set so: straight quotes everywhere, and its neighbours' ways.
const typography = {
  en: /["'`«»„]|\.\.\./,
  es: /["'`“”„]|\.\.\.|[¿¡]\s|^[^¿]*\?|^[^¡]*!/,
  de: /["'`«»]|\.\.\.|(?<![\s\u00a0])…|“(?=\p{L})/u,
  fr: /["'`“”„]|\.\.\.|[^\u202f][;!?»]|«[^\u202f]|[^\u00a0]:(?=\s|$)/u,
  it: /["'`“”„]|\.\.\./,
};

const everyText = everything.flatMap((catalogue) =>
  (["en", ...translations] as const).flatMap((lang) =>
    [...catalogue.texts[lang]].map(([key, text]) => ({
      lang,
      text,
      at: `${lang}, ${catalogue.name}, ${key}: ${text}`,
      source: english(catalogue, key),
    })),
  ),
);

describe.each(translations)("in %s", (lang) => {
  const ours = everyText.filter((t) => t.lang === lang);

  it.each(terms)("'$en' has the glossary's word", (term) => {
    const spoken = new RegExp(`\\b(${term.en})\\b`, "i");
    const right = new RegExp(term[lang], "i");
    const wrong = ours.filter((t) => spoken.test(words(t.source)) && !right.test(words(t.text)));
    expect(wrong.map((t) => t.at)).toEqual([]);
    const never = term.never?.[lang];
    if (never) {
      const bad = new RegExp(never, "i");
      expect(ours.filter((t) => bad.test(words(t.text))).map((t) => t.at)).toEqual([]);
    }
  });

  it("the reader is spoken to formally", () => {
    expect(ours.filter((t) => informal[lang].test(words(t.text))).map((t) => t.at)).toEqual([]);
  });
});

it("each language sets its own quotation marks, spaces and dots", () => {
  const wrong = everyText.filter((t) => typography[t.lang].test(words(t.text)));
  expect(wrong.map((t) => t.at)).toEqual([]);
});

it("every term of the glossary is one that the product uses", () => {
  for (const term of terms) {
    const spoken = new RegExp(`\\b(${term.en})\\b`, "i");
    expect(
      everyText.some((t) => t.lang === "en" && spoken.test(words(t.text))),
      term.en,
    ).toBe(true);
  }
});

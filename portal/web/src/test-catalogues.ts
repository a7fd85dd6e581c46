import { readFileSync } from "node:fs";
import { join } from "node:path";
import de from "./locales/de";
import en from "./locales/en";
import es from "./locales/es";
import fr from "./locales/fr";
import it from "./locales/it";

export const translations = ["es", "de", "fr", "it"] as const;
type Language = "en" | (typeof translations)[number];
export type Texts = Map<string, string>;

export interface Catalogue {
  name: string;
  texts: Record<Language, Texts>;
}

type Nested = { [key: string]: string | Nested };

function flat(nested: Nested, path = ""): Texts {
  const out: Texts = new Map();
  for (const [key, value] of Object.entries(nested)) {
    if (typeof value === "string") out.set(path + key, value);
    else for (const [k, v] of flat(value, `${path}${key}.`)) out.set(k, v);
  }
  return out;
}

const root = join(import.meta.dirname, "../../..");

function server(name: string, file: (language: Language) => string): Catalogue {
  const read = (l: Language) => flat(JSON.parse(readFileSync(join(root, file(l)), "utf8")));
  return {
    name,
    texts: { en: read("en"), es: read("es"), de: read("de"), fr: read("fr"), it: read("it") },
  };
}

export const web: Catalogue = {
  name: "web",
  texts: { en: flat(en), es: flat(es), de: flat(de), fr: flat(fr), it: flat(it) },
};

/** Whatever the product says in its five languages, in the browser and from the server. */
export const everything: Catalogue[] = [
  web,
  server("mails and text messages", (l) => `portal/notify/texts/${l}.json`),
  server("examples in mails", (l) => `portal/notify/examples/${l}.json`),
  server("cards", (l) => `tools/actions/words/${l}.json`),
  server("warnings on devices", (l) => `tools/agent/words/${l}.json`),
  server("notices", (l) => `prompts/lang/${l}/texts.json`),
  server("built-in model", (l) => `assistant/offline/lang/${l}/texts.json`),
];

const plural = /_(zero|one|two|few|many|other)$/;
export const form = (key: string) => plural.exec(key)?.[1];
export const base = (key: string) => key.replace(plural, "");

/** The English text of a key; a form that English lacks has that of its many. */
export const english = (c: Catalogue, key: string) =>
  c.texts.en.get(key) ?? c.texts.en.get(`${base(key)}_other`) ?? "";

/** Text without placeholders and tags. */
export const words = (text: string) =>
  text.replace(/\{\{.*?\}\}|\{\w+\}|<\/?\w+>/g, "").replaceAll("article:", "");

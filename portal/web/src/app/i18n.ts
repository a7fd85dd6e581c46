import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Language } from "../api/types";
import { keep, kept } from "./keep";

/** In the order in which they are offered, each by its own name. */
export const languages: { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "es", name: "Español" },
  { code: "de", name: "Deutsch" },
  { code: "fr", name: "Français" },
  { code: "it", name: "Italiano" },
];

const load: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import("../locales/en"),
  es: () => import("../locales/es"),
  de: () => import("../locales/de"),
  fr: () => import("../locales/fr"),
  it: () => import("../locales/it"),
};

const known = (code: string | undefined): Language | undefined =>
  languages.find((l) => l.code === code)?.code;

/** Before anybody has logged in: what was chosen here last, else what the browser asks for. */
export function guessLanguage(): Language {
  const chosen = known(kept<string>("language"));
  if (chosen) return chosen;
  for (const wish of navigator.languages) {
    const match = known(wish.toLowerCase().split("-")[0]);
    if (match) return match;
  }
  return "en";
}

export async function startI18n(lang: Language) {
  await i18next.use(initReactI18next).init({
    lng: lang,
    resources: {},
    ns: ["t"],
    defaultNS: "t",
    fallbackLng: false, // a missing key is a failing test, never a foreign sentence
    interpolation: { escapeValue: false }, // React escapes
    returnNull: false,
  });
  await setLanguage(lang);
}

export async function setLanguage(lang: Language) {
  if (!i18next.hasResourceBundle(lang, "t")) {
    const catalogue = await load[lang]();
    i18next.addResourceBundle(lang, "t", catalogue.default);
  }
  await i18next.changeLanguage(lang);
  document.documentElement.lang = lang;
  keep("language", lang);
}

export const currentLanguage = (): Language => known(i18next.language) ?? "en";

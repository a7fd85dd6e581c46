import type { Category } from "../api/editor";
import type { Language } from "../api/types";
import { languages } from "../app/i18n";

/** A category's name in this language, else in the first that has one. */
export function nameOf(c: Pick<Category, "names">, lang: Language): string {
  const names: Partial<Record<string, string>> = c.names;
  return names[lang] ?? languages.map((l) => names[l.code]).find(Boolean) ?? "";
}

import type { MantineColorScheme, MantineColorSchemeManager } from "@mantine/core";

// The same key as public/scheme.js, which reads it before the first paint.
const key = "conserje.scheme";

/** Remembers light, dark or the system's choice on this machine. */
export function schemeManager(): MantineColorSchemeManager {
  let listener: ((e: StorageEvent) => void) | undefined;
  const parse = (v: string | null): MantineColorScheme =>
    v === "light" || v === "dark" ? v : "auto";
  return {
    get(fallback) {
      try {
        return parse(localStorage.getItem(key));
      } catch {
        return fallback;
      }
    },
    set(value) {
      try {
        localStorage.setItem(key, value);
      } catch {}
    },
    subscribe(onUpdate) {
      listener = (e) => e.key === key && onUpdate(parse(e.newValue));
      window.addEventListener("storage", listener);
    },
    unsubscribe() {
      if (listener) window.removeEventListener("storage", listener);
    },
    clear() {
      try {
        localStorage.removeItem(key);
      } catch {}
    },
  };
}

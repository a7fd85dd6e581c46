import { useMemo } from "react";
import { useTranslation } from "react-i18next";

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** Dates and numbers as the reader's language writes them. */
export function useFormat() {
  const { i18n } = useTranslation();
  return useMemo(() => formatter(i18n.language), [i18n.language]);
}

// The reader's own country's way, when the browser names one for the language.
const regional = (lang: string) =>
  navigator.languages.find((l) => l.toLowerCase().split("-")[0] === lang) ?? lang;

export function formatter(language: string) {
  const lang = regional(language);
  const number = new Intl.NumberFormat(lang);
  const time = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" });
  const full = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
  const second = new Intl.NumberFormat(lang, { style: "unit", unit: "second" });
  const minute = new Intl.NumberFormat(lang, { style: "unit", unit: "minute" });
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  return {
    number: (n: number) => number.format(n),
    full: (at: string) => full.format(new Date(at)),
    date: (at: string) => new Intl.DateTimeFormat(lang, { dateStyle: "long" }).format(new Date(at)),
    /** The time today, the day before that. */
    short(at: string, now = new Date()) {
      const d = new Date(at);
      return d.toDateString() === now.toDateString() ? time.format(d) : day.format(d);
    },
    ago(at: string, now = Date.now()) {
      const seconds = (new Date(at).getTime() - now) / 1000;
      const unit = units.find(([, size]) => Math.abs(seconds) >= size);
      return unit
        ? relative.format(Math.round(seconds / unit[1]), unit[0])
        : relative.format(0, "second");
    },
    inSeconds(seconds: number) {
      return seconds < 90
        ? relative.format(Math.max(1, Math.ceil(seconds)), "second")
        : relative.format(Math.ceil(seconds / 60), "minute");
    },
    /** The time today, day and time otherwise. */
    moment(at: string, now = new Date()) {
      const d = new Date(at);
      return d.toDateString() === now.toDateString() ? time.format(d) : full.format(d);
    },
    /** The time to the second, today. */
    clock: (at: string) =>
      new Intl.DateTimeFormat(lang, { timeStyle: "medium" }).format(new Date(at)),
    /** For a label that counts down. */
    countdown: (seconds: number) =>
      seconds < 90 ? second.format(seconds) : minute.format(Math.ceil(seconds / 60)),
    /** How long something still lasts: seconds only when few are left. */
    left(seconds: number) {
      return seconds < 5400
        ? this.inSeconds(seconds)
        : relative.format(Math.round(seconds / 3600), "hour");
    },
    bytes(n: number) {
      const mb = n / 1_048_576;
      const [value, unit] = mb >= 1 ? [mb, "megabyte"] : [n / 1024, "kilobyte"];
      return new Intl.NumberFormat(lang, { style: "unit", unit, maximumFractionDigits: 0 }).format(
        value,
      );
    },
  };
}

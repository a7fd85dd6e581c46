import { redirect } from "@tanstack/react-router";
import type { Language, Me } from "../../api/types";
import { languages } from "../i18n";
import { isStaff } from "../session";

// What routes check before they open: who it is, and what stands in the address.

export const staffOnly = ({ context }: { context: { user: Me } }) => {
  if (!isStaff(context.user)) throw redirect({ to: "/" });
};

export const adminsOnly = ({ context }: { context: { user: Me } }) => {
  if (context.user.role !== "admin") throw redirect({ to: "/" });
};

export const language = (v: unknown) => languages.find((l) => l.code === v)?.code;
export const text = (v: unknown) => (typeof v === "string" && v ? v : undefined);

export interface PassageSearch {
  article?: string;
  lang?: Language;
  at?: string;
}

/** The passage of an article that lies open beside the page. */
export const passage = (s: Record<string, unknown>): PassageSearch => ({
  article: text(s.article),
  lang: language(s.lang),
  at: text(s.at),
});

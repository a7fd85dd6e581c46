import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Language } from "../api/types";
import { setLanguage, startI18n } from "../app/i18n";
import { draw } from "../test-draw";
import { Foot } from "./Foot";

const portal = vi.hoisted(() => ({ assistant: true }));
vi.mock("../app/session", () => ({
  useMe: () => ({ policies: { assistant: portal.assistant } }),
}));

function line(assistant: boolean, handoff: "none" | "requested" | "taken"): string {
  portal.assistant = assistant;
  const host = draw(
    <MantineProvider env="test">
      <Foot handoff={handoff} onPerson={async () => {}} />
    </MantineProvider>,
  );
  return host.querySelector("[data-disclosure]")?.textContent ?? "";
}

beforeAll(() => startI18n("en"));

// The words by which each language says that an AI answers, and that a person does.
const words: Record<Language, { ai: RegExp; person: RegExp }> = {
  en: { ai: /\bAI answers\b/, person: /person|technician/ },
  es: { ai: /\bIA\b/, person: /persona|técnico/ },
  de: { ai: /\bKI\b/, person: /Mensch|Person|Techniker/ },
  fr: { ai: /\bIA\b/, person: /personne|technicien/ },
  it: { ai: /\b(IA|AI|intelligenza artificiale)\b/i, person: /persona|tecnico/ },
};

describe.each(Object.entries(words))("in %s", (language, { ai, person }) => {
  it("P19: a fixed line says that an AI answers, and only while one does", async () => {
    await act(() => setLanguage(language as Language));
    expect(line(true, "none")).toMatch(ai);
    for (const [assistant, handoff] of [
      [true, "requested"],
      [true, "taken"],
      [false, "none"],
      [false, "requested"],
      [false, "taken"],
    ] as const) {
      const text = line(assistant, handoff);
      expect(text, `assistant ${assistant}, ${handoff}`).toMatch(person);
      expect(text, `assistant ${assistant}, ${handoff}`).not.toMatch(ai);
    }
  });
});

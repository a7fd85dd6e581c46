import { expect, it } from "vitest";
import type { CatalogueEntry } from "../api/manage";
import { draftOf, formOf, offered } from "./catalogue";

const entry: CatalogueEntry = {
  id: "e",
  version: 3,
  created_at: "2026-11-23T10:00:00Z",
  updated_at: "2026-11-23T10:00:00Z",
  name: "Inkscape",
  publisher: "",
  description: "Draws",
  icon: "photo",
  audience: { mode: "companies", companies: ["c"], users: ["u"] },
  packages: [{ system: "windows", manager: "chocolatey", package: "inkscape", version: "1.4" }],
};

it("what comes out of the form is what went in", () => {
  const { id: _, version: __, created_at: ___, updated_at: ____, ...draft } = entry;
  expect(draftOf(formOf(entry))).toEqual(draft);
});

it("a system without a package id is left out, and Homebrew has no version", () => {
  const form = formOf();
  form.name = " X ";
  form.macos = { manager: "homebrew_formula", package: " x ", version: "1", source: "s" };
  expect(draftOf(form)).toMatchObject({
    name: "X",
    audience: { mode: "everyone" },
    packages: [{ system: "macos", manager: "homebrew_formula", package: "x", source_id: "s" }],
  });
});

it("an audience sends nothing of what another mode had", () => {
  const form = formOf(entry);
  form.mode = "everyone";
  expect(draftOf(form).audience).toEqual({ mode: "everyone" });
  form.mode = "users";
  expect(draftOf(form).audience).toEqual({ mode: "users", users: ["u"] });
});

it("offers for a device only what its system has", () => {
  expect(offered([entry], "windows")).toEqual([entry]);
  expect(offered([entry], "macos")).toEqual([]);
  expect(offered([entry], undefined)).toEqual([entry]);
});

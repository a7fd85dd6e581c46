import { expect, it } from "vitest";
import type { ManagedDevice } from "../api/manage";
import { fitting, likelyAccount, stateOf } from "./filter";

const at = "2026-11-23T10:00:00Z";
const device = (name: string, more: Partial<ManagedDevice> = {}): ManagedDevice => ({
  id: name,
  name,
  system: "windows",
  system_version: "11",
  agent_version: "1",
  online: false,
  simulated: false,
  suspect: false,
  operations: [],
  created_at: at,
  assignments: [],
  ...more,
});
const all = [
  device("LAPTOP", {
    online: true,
    assignments: [{ user: { id: "a", name: "Ana Torres" }, account: "ana", at }],
  }),
  device("MAC", { system: "macos", company: { id: "c", name: "Acme" } }),
  device("CLONED", { online: true, suspect_at: at }),
  device("OLD", { online: true, suspect_at: at, revoked_at: at }),
];
const names = (f: Parameters<typeof fitting>[1]) => fitting(all, f).map((d) => d.name);

it("a revoked device is nothing else, and a suspect one is not simply online", () => {
  expect(all.map(stateOf)).toEqual(["online", "offline", "suspect", "revoked"]);
});

it("lists what is in service, and revoked devices only when asked for", () => {
  expect(names({})).toEqual(["LAPTOP", "MAC", "CLONED"]);
  expect(names({ state: "revoked" })).toEqual(["OLD"]);
});

it("filters by state, system, and words in name, company and person", () => {
  expect(names({ state: "online" })).toEqual(["LAPTOP"]);
  expect(names({ state: "unassigned" })).toEqual(["MAC", "CLONED"]);
  expect(names({ system: "macos" })).toEqual(["MAC"]);
  expect(names({ q: "torres lap" })).toEqual(["LAPTOP"]);
  expect(names({ q: "acme" })).toEqual(["MAC"]);
});

it("suggests an account only where there is no doubt", () => {
  const account = (name: string, kind: "local" | "domain" = "local") => ({
    name,
    kind,
    logged_in: false,
  });
  const of = (...accounts: ReturnType<typeof account>[]) =>
    likelyAccount(device("D", { accounts }), "Ana Torres");
  expect(of(account("admin"), account("ana.t"))).toBe("ana.t");
  expect(of(account("office"))).toBe("office");
  expect(of(account("x"), account("y"))).toBe("");
  expect(of(account("ana", "domain"))).toBe("");
});

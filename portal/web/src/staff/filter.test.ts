import { describe, expect, it } from "vitest";
import { isNarrow, keyOf, queryOf, readSearch, savedOf, searchOf } from "./filter";

describe("the queue's address", () => {
  it("keeps what it understands and nothing else", () => {
    const s = readSearch({
      view: "all",
      priority: "loud",
      q: 12,
      field: ["a:b", 7, "none"],
      updated_from: "2026-02-30x",
      created_to: "2026-11-05",
      unread: "yes",
    });
    expect(JSON.parse(JSON.stringify(s))).toEqual({
      q: "12",
      field: ["a:b"],
      created_to: "2026-11-05",
    });
  });

  it("includes the last day whole", () => {
    const q = queryOf({ updated_from: "2026-11-05", updated_to: "2026-11-05" });
    expect(Date.parse(q.updated_to ?? "") - Date.parse(q.updated_from ?? "")).toBe(86_400_000);
  });

  it("comes back from a saved view as it was", () => {
    const s = readSearch({
      view: "mine",
      status: "open",
      q: "vpn",
      company: "c",
      priority: "high",
      assignee: "nobody",
      unread: true,
      field: ["f:x:y"],
      updated_from: "2026-11-01",
      updated_to: "2026-11-05",
      created_from: "2026-03-29",
      created_to: "2026-10-25",
    });
    expect(keyOf(searchOf(savedOf(s)))).toBe(keyOf(s));
  });

  it("knows whether anything but the view was chosen", () => {
    expect(isNarrow({ view: "mine" })).toBe(false);
    expect(isNarrow({ view: "mine", assignee: "nobody" })).toBe(true);
  });
});

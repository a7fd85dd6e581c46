import type { ManagedDevice } from "../api/manage";

export const deviceStates = ["online", "offline", "suspect", "revoked", "unassigned"] as const;

/** What a device is first of all: what needs somebody's attention comes before whether it is on. */
export function stateOf(d: ManagedDevice): "online" | "offline" | "suspect" | "revoked" {
  if (d.revoked_at) return "revoked";
  if (d.suspect_at) return "suspect";
  return d.online ? "online" : "offline";
}

export interface DeviceFilter {
  q?: string;
  state?: string;
  system?: string;
}

/** Devices that fit. Who was taken out of service is shown only when asked for. */
export function fitting(list: ManagedDevice[], f: DeviceFilter): ManagedDevice[] {
  const words = (f.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter((d) => {
    const state = stateOf(d);
    if (f.state === "unassigned") {
      if (state === "revoked" || (d.assignments ?? []).length > 0) return false;
    } else if (f.state ? state !== f.state : state === "revoked") return false;
    if (f.system && d.system !== f.system) return false;
    const text = [d.name, d.company?.name, ...(d.assignments ?? []).map((a) => a.user.name)]
      .join(" ")
      .toLowerCase();
    return words.every((w) => text.includes(w));
  });
}

/** The account that a person most likely has on a device: its only local one, or one named alike. */
export function likelyAccount(d: ManagedDevice, person: string): string {
  const local = (d.accounts ?? []).filter((a) => a.kind === "local");
  const first = person.toLowerCase().split(/\s+/)[0] ?? "";
  const alike = local.filter((a) => first && a.name.toLowerCase().includes(first));
  if (alike.length === 1) return alike[0]?.name ?? "";
  return local.length === 1 ? (local[0]?.name ?? "") : "";
}

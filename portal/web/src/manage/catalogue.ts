import type { CatalogueDraft, CatalogueEntry, CataloguePackage } from "../api/manage";
import type { System } from "../api/types";

/** What of the catalogue can be installed on a system; without one, all of it. */
export function offered(list: CatalogueEntry[], system: System | undefined): CatalogueEntry[] {
  if (!system) return list;
  return list.filter((e) => (e.packages ?? []).some((p) => p.system === system));
}

/** What stands in the form of an entry. An empty package id: not on that system. */
export interface EntryForm {
  name: string;
  publisher: string;
  description: string;
  icon: string;
  mode: "everyone" | "companies" | "users";
  companies: string[];
  users: string[];
  windows: PackageForm;
  macos: PackageForm;
}
export interface PackageForm {
  manager: CataloguePackage["manager"];
  package: string;
  version: string;
  source: string;
}

const none = (manager: PackageForm["manager"]): PackageForm => ({
  manager,
  package: "",
  version: "",
  source: "",
});

export function formOf(e?: CatalogueDraft): EntryForm {
  const find = (system: System, manager: PackageForm["manager"]): PackageForm => {
    const p = e?.packages?.find((x) => x.system === system);
    if (!p) return none(manager);
    return {
      manager: p.manager,
      package: p.package,
      version: p.version ?? "",
      source: p.source_id ?? "",
    };
  };
  return {
    name: e?.name ?? "",
    publisher: e?.publisher ?? "",
    description: e?.description ?? "",
    icon: e?.icon ?? "",
    mode: e?.audience.mode ?? "everyone",
    companies: e?.audience.companies ?? [],
    users: e?.audience.users ?? [],
    windows: find("windows", "chocolatey"),
    macos: find("macos", "homebrew_cask"),
  };
}

export function draftOf(f: EntryForm): CatalogueDraft {
  const packages = (["windows", "macos"] as const).flatMap((system) => {
    const p = f[system];
    if (!p.package.trim()) return [];
    // Homebrew always installs the newest: it has no versions to ask for.
    const version = system === "windows" ? p.version.trim() : "";
    return [
      {
        system,
        manager: p.manager,
        package: p.package.trim(),
        ...(version && { version }),
        ...(p.source && { source_id: p.source }),
      },
    ];
  });
  return {
    name: f.name.trim(),
    publisher: f.publisher.trim(),
    description: f.description.trim(),
    icon: f.icon,
    audience: {
      mode: f.mode,
      ...(f.mode === "companies" && { companies: f.companies }),
      ...(f.mode !== "everyone" && { users: f.users }),
    },
    packages,
  };
}

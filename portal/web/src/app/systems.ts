import type { System } from "../api/types";

/** Their makers' names, the same in every language. */
export const systemNames: Record<System, string> = {
  windows: "Windows",
  macos: "macOS",
  linux: "Linux",
};

/** A system by name and version; most name themselves in their version already. */
export const systemOf = (device: { system: System; system_version: string }): string => {
  const name = systemNames[device.system];
  const version = device.system_version;
  return version.includes(name) ? version : `${name} ${version}`.trim();
};

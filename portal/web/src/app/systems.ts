import type { System } from "../api/types";

/** Their makers' names, the same in every language. */
export const systemNames: Record<System, string> = {
  windows: "Windows",
  macos: "macOS",
  linux: "Linux",
};

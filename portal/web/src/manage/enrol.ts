import type { EnrolToken } from "../api/manage";
import type { System } from "../api/types";

/** What to run on a new device. The server's own lines, where it gives them. */
export function commandsFor(
  token: EnrolToken,
  server: string,
): { system: System; command: string }[] {
  const given = token.commands ?? [];
  if (given.length > 0) return given;
  const join = `enrol ${server} --token ${token.token}`;
  const unix = `sudo ./conserje-agent ${join} && sudo ./conserje-agent install`;
  return [
    {
      system: "windows",
      command: `.\\conserje-agent.exe ${join}; .\\conserje-agent.exe install`,
    },
    { system: "macos", command: unix },
    { system: "linux", command: unix },
  ];
}

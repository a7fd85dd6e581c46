import type { EnrolToken, System } from "../api/manage";

/** What to run on a new device. The server's own lines, where it gives them. */
export function commandsFor(
  token: EnrolToken,
  server: string,
): { system: System; command: string }[] {
  const given = token.commands ?? [];
  if (given.length > 0) return given;
  const line = (run: string) => `${run} enrol --server ${server} --token ${token.token}`;
  return [
    { system: "windows", command: line(".\\conserje-agent.exe") },
    { system: "macos", command: line("sudo ./conserje-agent") },
    { system: "linux", command: line("sudo ./conserje-agent") },
  ];
}

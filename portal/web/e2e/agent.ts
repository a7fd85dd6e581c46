import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { APIRequestContext } from "playwright-core";
import { expect } from "vitest";

export interface Computer {
  id: string;
  name: string;
  /** Takes it off the network: its agent is gone, as at a pulled plug. */
  unplug(): Promise<void>;
  plug(): void;
  /** What was really done on it, a line each: the operation and the action's id. */
  effects(): string[];
  remove(): Promise<void>;
}

/**
 * A computer of its own beside the demo's: the agent's program enrolled by a token that staff made,
 * assigned to the person with their local account. Only what it does to the machine is pretended.
 */
export async function computer(
  url: string,
  staff: APIRequestContext,
  owner: string,
  name: string,
  flags: string[] = [],
): Promise<Computer> {
  const server = process.env.CONSERJE_BIN;
  if (!server) throw new Error("set CONSERJE_BIN: the agent stands beside it");
  const program = join(dirname(server), "conserje-agent");
  const dir = mkdtempSync(join(tmpdir(), "conserje-agent-"));
  const pretend = ["--dir", dir, "--simulate", "windows", "--log-level", "error"];
  pretend.push("--simulate-name", name, "--simulate-account", owner, ...flags);

  const people = await (await staff.get("/api/v1/admin/users?limit=200")).json();
  const user = people.items.find((p: { login: string }) => p.login === owner)?.id;
  const made = await staff.post("/api/v1/admin/devices/tokens", { data: { user_id: user } });
  expect(made.ok(), await made.text()).toBe(true);
  const { token } = await made.json();
  const said = execFileSync(program, [...pretend, "enrol", url, "--token", token]).toString();
  const id = /This device is (\S+)/.exec(said)?.[1] ?? "";
  const assigned = await staff.post(`/api/v1/admin/devices/${id}/assignments`, {
    data: { user_id: user, account: owner },
  });
  expect(assigned.ok(), await assigned.text()).toBe(true);

  let agent: ChildProcess | undefined;
  const unplug = async () => {
    if (!agent) return;
    const gone = new Promise((resolve) => agent?.once("exit", resolve));
    agent.kill("SIGKILL");
    await gone;
    agent = undefined;
  };
  const plug = () => {
    agent = spawn(program, [...pretend, "run"], { stdio: "ignore" });
  };
  plug();
  return {
    id,
    name,
    unplug,
    plug,
    effects: () => JSON.parse(readFileSync(join(dir, "simulated.json"), "utf8")).effects ?? [],
    async remove() {
      await unplug();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";

export interface Portal {
  url: string;
  stop(): Promise<void>;
}

/**
 * The portal to test: the one at CONSERJE_URL, or one of our own, started from
 * CONSERJE_BIN with the demo as demo.ts left it.
 */
export async function portal(env: Record<string, string> = {}): Promise<Portal> {
  const given = process.env.CONSERJE_URL;
  if (given) return { url: given, stop: async () => {} };
  const data = freshFolder();
  execFileSync("cp", ["-a", `${inject("demo")}/.`, data]); // with its owners, which node would not keep
  const server = await serve(data, env);
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A folder for a server's data: in memory where Linux has room there, like the database of the other tests. */
export function freshFolder(): string {
  const data = mkdtempSync(join(roomInMemory() ? "/dev/shm" : tmpdir(), "conserje-e2e-"));
  chmodSync(data, 0o711); // as root, the user that runs Postgres must pass through
  return data;
}

function roomInMemory(): boolean {
  try {
    const fs = statfsSync("/dev/shm");
    return fs.blocks * fs.bsize >= 4 * 2 ** 30;
  } catch {
    return false;
  }
}

/** Starts a server with the demo in a folder. */
export async function serve(data: string, env: Record<string, string> = {}): Promise<Portal> {
  const bin = process.env.CONSERJE_BIN;
  if (!bin) throw new Error("set CONSERJE_URL, or CONSERJE_BIN to start one");
  const port = await freePort();
  const child = spawn(bin, ["serve", "--demo", "--data", data, "--addr", `127.0.0.1:${port}`], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-8000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const url = `http://localhost:${port}`;
  try {
    await ready(url, child);
  } catch (err) {
    child.kill("SIGKILL");
    throw new Error(`${String(err)}\n${output}`);
  }
  return {
    url,
    async stop() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
    },
  };
}

async function ready(url: string, child: ChildProcess) {
  const until = Date.now() + 170_000;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((r) => setTimeout(r, 200));
  }
  throw new Error("the server was not ready in time");
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Portal {
  url: string;
  stop(): Promise<void>;
}

/**
 * The portal to test: the one at CONSERJE_URL, or one of our own, started from
 * CONSERJE_BIN with the demo in a fresh folder.
 */
export async function portal(env: Record<string, string> = {}): Promise<Portal> {
  const given = process.env.CONSERJE_URL;
  if (given) return { url: given, stop: async () => {} };
  const bin = process.env.CONSERJE_BIN;
  if (!bin) throw new Error("set CONSERJE_URL, or CONSERJE_BIN to start one");
  const data = mkdtempSync(join(roomInMemory() ? "/dev/shm" : tmpdir(), "conserje-e2e-"));
  chmodSync(data, 0o711); // as root, the user that runs Postgres must pass through
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
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Whether Linux has room in memory for the data of two servers, as for the database of the other tests. */
function roomInMemory(): boolean {
  try {
    const fs = statfsSync("/dev/shm");
    return fs.blocks * fs.bsize >= 4 * 2 ** 30;
  } catch {
    return false;
  }
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

import { rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { freshFolder, serve } from "./server";

declare module "vitest" {
  export interface ProvidedContext {
    demo: string;
  }
}

/** Makes the demo once: each file of tests starts its server with a copy of it. */
export default async function demo(project: TestProject) {
  if (process.env.CONSERJE_URL) return;
  const data = freshFolder();
  const server = await serve(data);
  await server.stop();
  project.provide("demo", data);
  return () => rmSync(data, { recursive: true, force: true });
}

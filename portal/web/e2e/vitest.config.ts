import { defineConfig } from "vitest/config";

// Each file has a browser and a server of its own, so two run at once; with one server that is given, one after the other.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    environment: "node",
    include: ["*.test.ts"],
    setupFiles: ["setup.ts"],
    fileParallelism: !process.env.CONSERJE_URL,
    maxWorkers: 2,
    testTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } }, // as patient as a page that is waited for
    hookTimeout: 180_000,
  },
});

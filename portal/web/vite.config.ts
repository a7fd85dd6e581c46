import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The server sends these beside the originals and never compresses by itself.
function precompress(): Plugin {
  return {
    name: "conserje-precompress",
    apply: "build",
    closeBundle() {
      const dir = join(import.meta.dirname, "dist");
      for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg|json)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const data = readFileSync(path);
        if (data.length < 1024) continue;
        writeFileSync(`${path}.gz`, gzipSync(data, { level: 9 }));
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
        );
      }
      // emptyOutDir has removed it, and go:embed needs the folder in a fresh clone.
      writeFileSync(join(dir, ".keep"), "");
    },
  };
}

const backend = process.env.CONSERJE_URL ?? "http://localhost:8080";

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the policy allows fonts from ourselves only
    reportCompressedSize: false,
    sourcemap: false,
  },
  server: {
    proxy: { "/api": { target: backend, ws: true, changeOrigin: false } },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    silent: "passed-only", // a failure prints all that it said
  },
});

// Completes a package-lock.json: node .tools/complete-lock.mjs portal/web/package-lock.json
// npm drops optional packages of other platforms that the registry at hand does not carry, and `npm ci` then refuses
// the lock everywhere. They are added with what their names say, so that the lock serves every platform.
import { readFileSync, writeFileSync } from "node:fs";

const systems = ["darwin", "linux", "win32", "android", "freebsd", "openbsd", "netbsd", "sunos", "aix", "openharmony"];
const processors = ["x64", "arm64", "arm", "ia32", "ppc64", "s390x", "riscv64", "loong64", "mips64el", "wasm32"];

const file = process.argv[2];
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = [];

for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(parent.optionalDependencies ?? {})) {
    if (lock.packages[`${path}/node_modules/${name}`] || lock.packages[`node_modules/${name}`]) continue;
    const words = name.split(/[/-]/);
    const entry = { version: range.replace(/^[\^~]/, "") };
    const os = name === "fsevents" ? "darwin" : systems.find((s) => words.includes(s));
    const cpu = processors.find((p) => words.includes(p) || words.includes("ppc64le") && p === "ppc64");
    if (!os && !cpu) throw new Error(`${name}: its name does not tell a platform`);
    if (cpu) entry.cpu = [cpu];
    if (parent.dev) entry.dev = true;
    if (os === "linux" && words.includes("musl")) entry.libc = ["musl"];
    if (os === "linux" && words.includes("gnu")) entry.libc = ["glibc"];
    entry.optional = true;
    if (os) entry.os = [os];
    lock.packages[`node_modules/${name}`] = entry;
    added.push(name);
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added.length} packages of other platforms added`);

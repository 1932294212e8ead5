// Imports every file of the collection, applies it to a sandbox, applies it again, destroys it, and prints a table.
// node scripts/coverage.mjs [PART OF A PATH]; FABRIK_SPECS names another collection.
import { spawnSync } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const folder = await mkdtemp(join(tmpdir(), "fabrik-coverage-"))
const bundle = join(folder, "coverage.mjs")
try {
  await build({
    absWorkingDir: root,
    entryPoints: ["test/coverage/Coverage.ts"],
    outfile: bundle,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: "warning"
  })
  const { status } = spawnSync(process.execPath, [bundle, ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit"
  })
  process.exitCode = status ?? 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

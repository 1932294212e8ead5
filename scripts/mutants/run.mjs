// Takes one protection out of the source at a time, in a copy, and shows that a test notices.
// node scripts/mutants/run.mjs [--check] [part of a name ...]
// --check only looks whether what each of them takes out still stands in its file, once.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { causes } from "./causes.mjs"
import { core } from "./core.mjs"
import { dns } from "./dns.mjs"
import { files } from "./files.mjs"
import { batches } from "./batch.mjs"
import { imports } from "./import.mjs"
import { machines } from "./machines.mjs"
import { moments } from "./moments.mjs"
import { records } from "./records.mjs"
import { secrets } from "./secrets.mjs"
import { team } from "./team.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** `find` must stand in `file` exactly once; the first of `tests` that fails is enough. */
const mutants = [
  ...batches,
  ...causes,
  ...core,
  ...dns,
  ...files,
  ...imports,
  ...machines,
  ...moments,
  ...records,
  ...secrets,
  ...team
]

const wanted = process.argv.slice(2).filter((word) => word !== "--check")
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))

/** The text without the protection; fails when what is to be taken out does not stand in it exactly once. */
const mutate = ({ name, file, find, put, find2, put2 }, text) => {
  const once = (from, to, part) => {
    if (from.split(part).length !== 2)
      throw new Error(`${name}: what it takes out does not stand in ${file} once`)
    return from.replace(part, () => to)
  }
  const mutated = once(text, put, find)
  return find2 === undefined ? mutated : once(mutated, put2, find2)
}

if (process.argv.includes("--check")) {
  const amiss = chosen.flatMap((mutant) => {
    try {
      mutate(mutant, readFileSync(join(root, mutant.file), "utf8"))
      const lost = mutant.tests.filter((test) => !existsSync(join(root, test)))
      return lost.map((test) => `${mutant.name}: there is no ${test}`)
    } catch (cause) {
      return [cause.code === "ENOENT" ? `${mutant.name}: there is no ${mutant.file}` : cause.message]
    }
  })
  for (const line of amiss) console.error(line)
  process.exit(amiss.length === 0 ? 0 : 1)
}

const dir = mkdtempSync(join(tmpdir(), "fabrik-mutants-"))
const copied = [
  "src",
  "test",
  "fixtures",
  "scripts",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
  "README.md",
  "docs"
]
let caught = 0
try {
  for (const name of [...copied, ".npmrc", "package-lock.json"])
    cpSync(join(root, name), join(dir, name), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"))
  for (const mutant of chosen) {
    const { name, file, tests } = mutant
    const path = join(dir, file)
    const text = readFileSync(path, "utf8")
    writeFileSync(path, mutate(mutant, text))
    const report = join(dir, "report.json")
    const began = Date.now()
    const by = tests.find((test) => {
      rmSync(report, { force: true })
      spawnSync("npx", ["vitest", "run", "--bail=1", "--reporter=json", `--outputFile=${report}`, test], {
        cwd: dir,
        encoding: "utf8"
      })
      const { numFailedTests, numTotalTests } = JSON.parse(readFileSync(report, "utf8"))
      // A file that cannot even be loaded notices nothing.
      if (numTotalTests === 0) throw new Error(`${name}: ${test} did not run`)
      return numFailedTests > 0
    })
    writeFileSync(path, text)
    if (by !== undefined) caught += 1
    const seconds = `${((Date.now() - began) / 1000).toFixed(0)} s`
    console.log(
      `${by === undefined ? "SURVIVED" : "caught  "}  ${name} (${by ?? tests.join(", ")}, ${seconds})`
    )
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
console.log(`${caught} of ${chosen.length} mutants caught`)
process.exit(caught === chosen.length ? 0 : 1)

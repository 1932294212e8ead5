/** Eight machines at once that need one new project and one new environment. Only the world is shared. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { buildFabrik, type BuiltFabrik } from "./BuiltFabrik.ts"
import { isFull, note, part } from "./Scale.ts"

const count = 8

let fabrik: BuiltFabrik
let machines: ReadonlyArray<string> = []
beforeAll(async () => {
  if (!isFull) return
  fabrik = buildFabrik()
  machines = Array.from({ length: count }, () => mkdtempSync(join(tmpdir(), "fabrik-machine-")))
  await fabrik.begin(["sandbox"], "Ctrl-C")
  // A machine knows where the world is, and has journals, secrets and locks of its own.
  for (const machine of machines) {
    for (const file of ["server.json", "sandbox.json"])
      copyFileSync(join(fabrik.cwd, ".fabrik/sandbox", file), join(machine, file))
  }
})
afterAll(async () => {
  if (!isFull) return
  await fabrik.end()
  fabrik.dispose()
  for (const machine of machines) rmSync(machine, { recursive: true, force: true })
})

const specOf = (index: number, environment: string): string => `name: web${index}
domain: web${index}.example.com
project: shop
environment: ${environment}
source: { image: "nginx:1.27" }
port: 80
healthcheck: { path: /, settle: 0 }
`

if (!isFull) process.stderr.write("EightSpecs: skipped, it is for the full suite\n")

describe.skipIf(!isFull)("specs at once", () => {
  it("end up in one new place, converge, and leave nothing", async () => {
    const rounds = part(Array.from({ length: 50 }, (_, round) => round))
    for (const round of rounds) {
      const environment = round % 2 === 0 ? "staging" : "production"
      const files = machines.map((_, index) => `${round}-${index}.yaml`)
      files.forEach((file, index) => writeFileSync(join(fabrik.cwd, file), specOf(index, environment)))
      /** Each with a folder of its own for the lock that the processes of a machine have. */
      const all = (command: string) =>
        Promise.all(
          files.map((file, index) =>
            fabrik.run(
              [command, file, "--yes", "--sandbox", "--sandbox-dir", machines[index] ?? "", "--no-color"],
              { TMPDIR: machines[index] ?? "" }
            )
          )
        )
      for (const { status, stderr, stdout } of await all("apply")) {
        assert.strictEqual(status, 0, `${stdout}\n${stderr}`)
      }
      const listed = await fabrik.run(["list", "--sandbox", "--json"])
      assert.strictEqual(listed.status, 0, listed.stderr)
      const managed = listed.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { readonly project: string; readonly environment: string })
      assert.lengthOf(managed, count, listed.stdout)
      for (const one of managed) assert.include(one, { project: "shop", environment })
      const scanned = await fabrik.run(["recover", "--scan", "--sandbox", "--json"])
      assert.lengthOf(scanned.stdout.match(/"kind":"project"/g) ?? [], 1, scanned.stdout)
      for (const { status, stdout, stderr } of await all("apply")) {
        assert.strictEqual(status, 0, stderr)
        assert.isFalse(
          /\+ (?:project|environment|application)/.test(stdout),
          `it had converged:\n${stdout}\n${stderr}`
        )
      }
      for (const { status, stdout, stderr } of await all("destroy")) {
        assert.strictEqual(status, 0, `${stdout}\n${stderr}`)
      }
      const left = await fabrik.run(["recover", "--scan", "--sandbox", "--json"])
      assert.strictEqual(left.stdout.trim(), "", "nothing of fabrik's is left")
    }
    note({ suite: "eight specs at once", runs: rounds.length, invariants: "I1 I6" })
  })
})

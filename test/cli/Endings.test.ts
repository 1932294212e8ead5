/**
 * Every command with every kind of failure: its exit code and its words say no more than what the sandbox's record of
 * requests shows to have happened.
 */
import { it } from "@effect/vitest"
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { startHere } from "../support/InThisProcess.ts"

const root = mkdtempSync(join(tmpdir(), "fabrik-endings-"))
const base = join(root, "base")
const spec = join(root, "app.yaml")
const newer = join(root, "newer.yaml")

const specText = (tag: string) =>
  [
    "name: shop",
    "domain: shop.example.com",
    "server: vps1",
    `source: { image: "nginx:${tag}" }`,
    "port: 8080",
    "env: { GREETING: hello }",
    "healthcheck: { path: /, startPeriod: 0, settle: 0, interval: 1, retries: 2, container: true }",
    ""
  ].join("\n")

const fabrik = async (dir: string, ...args: ReadonlyArray<string>) => {
  const { done, output } = startHere([...args, "--sandbox", "--sandbox-dir", dir])
  return { code: await done, stdout: output.out, stderr: output.err.replace(/\s+/g, " ") }
}

interface Entry {
  readonly method: string
  readonly path: string
  readonly status: number
}

const requests = (dir: string): ReadonlyArray<Entry> => {
  const file = join(dir, "requests.ndjson")
  return existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line): Entry => JSON.parse(line))
    : []
}

/** The requests that took effect: none of a GET, and none of what was refused or never got there. */
const effects = (entries: ReadonlyArray<Entry>) =>
  entries.filter(
    ({ method, path, status }) =>
      (method !== "GET" || /\/deploy\?|\/(?:start|stop|restart)\b/.test(path)) &&
      status >= 200 &&
      status < 300
  )

let cases = 0
/** Runs a command in a copy of the world in which the application is up. */
const run = async (args: ReadonlyArray<string>, faults: ReadonlyArray<string>) => {
  const dir = join(root, `case-${(cases += 1)}`)
  cpSync(base, dir, { recursive: true })
  const before = requests(dir).length
  const ended = await fabrik(dir, ...args, ...faults.flatMap((fault) => ["--sandbox-fault", fault]))
  const sent = requests(dir).slice(before)
  rmSync(dir, { recursive: true, force: true })
  return { ...ended, sent, effects: effects(sent) }
}

beforeAll(async () => {
  writeFileSync(spec, specText("1.27"))
  writeFileSync(newer, specText("1.28"))
  // The first one is there to go back to.
  for (const file of [newer, spec]) {
    const { code, stderr } = await fabrik(base, "apply", "--yes", file)
    assert.strictEqual(code, 0, stderr)
  }
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

const reading: ReadonlyArray<readonly [name: string, args: ReadonlyArray<string>]> = [
  ["plan", ["plan", newer]],
  ["apply --dry-run", ["apply", "--dry-run", newer]],
  ["status", ["status", spec]],
  ["list", ["list"]],
  ["logs", ["logs", spec]],
  ["verify", ["verify", spec]],
  ["adopt without a file", ["adopt", "shop"]],
  ["recover --scan", ["recover", "--scan"]],
  ["recover --dry-run", ["recover", "--dry-run"]],
  ["rollback --list", ["rollback", "--list", spec]]
]

const readFaults = ["coolify GET * status=401", "dns GET * status=401"]

describe("a command that only reads", () => {
  for (const [name, args] of reading) {
    it(`says of itself neither that it put anything back nor that it was refused: ${name}`, async () => {
      for (const fault of readFaults) {
        const { code, stderr, effects } = await run(args, [fault])
        const where = `${name}, ${fault}: ${code} ${stderr}`
        assert.deepEqual(effects, [], where)
        assert.include([0, 3, 5, 6], code, where)
        assert.notMatch(stderr, /put back|Restored|Removed again|rolled? ?back|was sent/i, where)
      }
    })
  }

  it("finds an application that does not answer to be wrong, and puts nothing back", async () => {
    const { code, stderr } = await run(["verify", "none.example.com"], [])
    assert.strictEqual(code, 6, stderr)
  })
})

const writeFaults = [
  ...readFaults,
  "coolify PATCH * status=403",
  "coolify PATCH * status=422",
  "coolify PATCH /envs status=409",
  "coolify DELETE * status=403",
  "coolify DELETE /projects status=403",
  "dns PATCH * status=401",
  "dns PATCH * status=422"
]

interface Changing {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly faults: ReadonlyArray<string>
}

const changing: ReadonlyArray<Changing> = [
  { name: "apply of a newer version", args: ["apply", "--yes", newer], faults: writeFaults },
  { name: "destroy", args: ["destroy", "--yes", spec], faults: writeFaults },
  // An apply, so that the first refusals of each kind are enough.
  {
    name: "rollback",
    args: ["rollback", "--yes", spec],
    faults: ["coolify GET * status=401", "coolify PATCH * status=422"]
  },
  {
    name: "stop",
    args: ["stop", "--yes", spec],
    faults: ["coolify GET * status=401", "coolify * /stop status=403", "coolify * /stop reset after x1"]
  },
  {
    name: "restart",
    args: ["restart", "--yes", spec],
    faults: ["coolify GET * status=401", "coolify * /restart status=403", "coolify * /restart reset after x1"]
  }
]

describe("a command that changes something", () => {
  for (const { args, faults, name } of changing) {
    it(`says what the requests show: ${name}`, async () => {
      for (const fault of faults) {
        const { code, stderr, effects } = await run(args, [fault])
        const where = `${name}, ${fault}: ${code} ${stderr}\n${JSON.stringify(effects)}`
        assert.notMatch(stderr, /could not \w*[A-Z]/, where)
        if (code === 0) continue
        if (effects.length === 0) {
          assert.notInclude([11, 12], code, where)
          assert.notMatch(stderr, /Restored:|Removed again:|Deleted,/, where)
        } else {
          assert.include([10, 11], code, where)
          assert.notMatch(stderr, /Nothing was changed|Nothing was sent/, where)
        }
        if (/ MissingAbility|\b40[13]\b/.test(stderr) && effects.length === 0)
          assert.strictEqual(code, 5, where)
      }
    })
  }

  it("has deleted what it has deleted: a destroy that fails in the middle says what is gone and what is left", async () => {
    const { code, stderr, effects } = await run(["destroy", "--yes", spec], ["dns PATCH * status=422"])
    assert.strictEqual(code, 11, stderr)
    assert.isTrue(effects.some(({ method, path }) => method === "DELETE" && path.includes("/applications/")))
    assert.include(stderr, "Deleted, and gone for good: application shop.")
    assert.match(stderr, /record shop\.example\.com A: it was not deleted/)
    assert.match(stderr, /project fabrik: not deleted yet/)
    assert.include(stderr, "it goes on from there")
    assert.notMatch(stderr, /Nothing was changed|put back|Provision/)
  })

  it("is refused by its cause when its first request is: nothing was changed", async () => {
    const { code, stderr, effects } = await run(["destroy", "--yes", spec], ["coolify DELETE * status=403"])
    assert.deepEqual(effects, [])
    assert.strictEqual(code, 5, stderr)
    assert.include(stderr, "Nothing was changed.")
  })

  it("tells what it made from what it changed when it puts both back", async () => {
    const { code, stderr } = await run(
      ["apply", "--yes", newer],
      ["coolify POST /deploy status=403 x1", "coolify GET /deploy status=403 x1"]
    )
    assert.strictEqual(code, 10, stderr)
    assert.match(stderr, /Restored: .*settings of shop/)
    assert.notInclude(stderr, "Removed again")
  })

  it("leaves DNS alone where the spec says `dns: none`", async () => {
    const elsewhere = join(root, "elsewhere.yaml")
    writeFileSync(elsewhere, `${specText("1.28")}dns: none\n`)
    const { code, effects, sent, stderr } = await run(["apply", "--yes", elsewhere], ["dns * * status=500"])
    assert.strictEqual(code, 0, stderr)
    assert.isTrue(effects.some(({ path }) => path.includes("/deploy")))
    assert.deepStrictEqual(
      sent.filter(({ path }) => path.includes("/zones")),
      []
    )
  })

  it("does not call an application live that it did not look at", async () => {
    const dir = join(root, "skip")
    const { code, stderr, stdout } = await fabrik(dir, "apply", "--yes", "--skip-deploy", spec)
    const sent = effects(requests(dir))
    rmSync(dir, { recursive: true, force: true })
    assert.strictEqual(code, 0, stderr)
    assert.notMatch(stderr, /live|verified|answers/)
    assert.include(stderr, "the application was not looked at")
    assert.notInclude(stdout.split("\n").at(-2) ?? "", "https://")
    // Its record is there, and nothing was deployed.
    assert.isTrue(sent.some(({ method, path }) => method === "PATCH" && path.includes("/zones/")))
    assert.isFalse(sent.some(({ path }) => path.includes("/deploy")))
  })
})

/** Several specs in one command of the built file, as a user runs them against a sandbox. */
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { builtFabrik } from "../support/Built.ts"

let program = ""
let cwd = ""

/** As the parts of a compose file are called whose folder has that name. */
const api = "compose-api"

const spec = (name: string, more = "", file = name) => {
  writeFileSync(
    join(cwd, "specs", `${file}.yaml`),
    `name: ${name}\ndomain: ${name}.example.com\nsource: { image: "nginx:1.27" }\nport: 80\nhealthcheck: { path: /, settle: 0, startPeriod: 0, interval: 1, retries: 2 }\n${more}`
  )
}

const env = { PATH: process.env["PATH"], LANG: "C.UTF-8", FABRIK_LATE_EFFECTS: "5" }

const fabrik = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly status: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, [program, ...args, "--sandbox"], { cwd, env }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr })
    )
  })

/** Without what depends on the machine: how long it took, the sandbox's port, and the room for both. */
const untimed = (text: string) =>
  text
    .replace(/(?:\d+ min )?\d+(?:\.\d)? s\b/g, "TIME")
    .replace(/:\d+\//g, "/")
    .replace(/ +/g, " ")

beforeAll(() => {
  program = builtFabrik()
  cwd = mkdtempSync(join(tmpdir(), "fabrik-batch-"))
  mkdirSync(join(cwd, "specs"))
  spec("web", "needs: [api]\n")
  spec("api", "", api)
  writeFileSync(join(cwd, "specs", "docker-compose.yml"), "services: {}\n")
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

describe("a folder of specs", () => {
  it("is applied as one, told in a table, and then up to date", async () => {
    const first = await fabrik("apply", "specs", "--yes")
    assert.strictEqual(first.status, 0, first.stderr)
    assert.strictEqual(
      untimed(first.stdout.slice(first.stdout.indexOf("NAME"))),
      [
        "NAME RESULT TIME WHERE",
        "api live TIME https://api.example.com/",
        "web live TIME https://web.example.com/",
        ""
      ].join("\n")
    )
    assert.match(first.stderr, /^api {2}\+ application api$/m)
    assert.isBelow(first.stderr.indexOf("application api"), first.stderr.indexOf("application web"))
    assert.match(first.stderr, /2 specs: 2 live/)

    const again = await fabrik("apply", "specs/*.yaml", "--yes", "--json")
    const events = again.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepInclude(events.at(-1), { type: "BatchFinished", exit: 0 })
    assert.deepStrictEqual(
      events
        .filter(({ type }) => type === "RunFinished")
        .map(({ outcome, spec }) => `${spec} ${outcome}`)
        .toSorted(),
      ["api unchanged", "web unchanged"]
    )
  })

  it("tells each fault of each file, and sends nothing", async () => {
    spec("bad", "needs: 3\n")
    spec("worse", "prot: 80\n")
    const { status, stderr, stdout } = await fabrik("plan", "specs")
    rmSync(join(cwd, "specs", "bad.yaml"))
    rmSync(join(cwd, "specs", "worse.yaml"))
    assert.strictEqual(status, 4)
    assert.strictEqual(stdout, "")
    assert.match(stderr, /^specs\/bad\.yaml:6:8: /m)
    assert.match(stderr, /^specs\/worse\.yaml:6:1: /m)
  })

  it("goes on past one that fails, skips what needs it, and says so", async () => {
    spec("late", "needs: [sick]\n")
    spec("sick", "env: { SANDBOX_APP: 'status:500' }\n")
    const { status, stderr, stdout } = await fabrik("apply", "specs", "--yes", "-k")
    assert.strictEqual(status, 10, stderr)
    assert.match(stdout, /^late +skipped +needs sick, which does not stand$/m)
    assert.match(stdout, /^sick +rolled back .* s +at \[5\/5\] Verify$/m)
    assert.match(stdout, /^web +up to date/m)
    assert.match(stderr, /4 specs: 2 up to date, 1 skipped and 1 rolled back/)
  })

  it("may have a database that one makes and another uses", async () => {
    rmSync(join(cwd, "specs", "late.yaml"))
    rmSync(join(cwd, "specs", "sick.yaml"))
    const url = "env: { DATABASE_URL: '${databases.main.url}' }"
    spec("api", `databases: { main: "postgres:17" }\n${url}\n`, api)
    spec("web", `databases: { main: { use: api-main } }\n${url}\n`)
    const { status, stderr, stdout } = await fabrik("apply", "specs", "--yes")
    assert.strictEqual(status, 0, stderr)
    assert.include(stderr, "Planned once the databases are there that they use: web")
    assert.match(stdout, /Plan for web:[^]*DATABASE_URL[^]*web +live/)
  })

  it("is destroyed, what needs another before it", async () => {
    spec("never", "")
    const { status, stderr, stdout } = await fabrik("destroy", "specs", "--yes")
    assert.strictEqual(status, 0, stderr)
    assert.match(stdout, /^web +gone/m)
    assert.match(stdout, /^never +not there/m)
    assert.isBelow(stderr.indexOf("- application web"), stderr.indexOf("- application api"))
  })
})

describe("a spec with processes", () => {
  const written = (processes: string) =>
    writeFileSync(
      join(cwd, "app.yaml"),
      `name: shop\ndomain: shop.example.com\nsource: { image: "nginx:1.27" }\nport: 80\nprocesses: ${processes}\n` +
        "healthcheck: { settle: 0, startPeriod: 0 }\nsecrets: { KEY: generate }\n"
    )
  const quick = "healthcheck: { settle: 0 }"

  it("is one thing to plan, apply and destroy, and what it has no more goes", async () => {
    written(`{ web: {}, worker: { ${quick} } }`)
    const first = await fabrik("apply", "app.yaml", "--yes")
    assert.strictEqual(first.status, 0, first.stderr)
    assert.match(first.stdout, /^shop +live .*\nshop-worker +runs/m)
    assert.match(first.stderr, /2 applications: 1 live and 1 runs/)

    written(`{ web: {}, clock: { ${quick} } }`)
    const plan = await fabrik("plan", "app.yaml")
    assert.match(
      plan.stdout,
      /Plan for shop-worker:[^]*- application +shop-worker[^]*which the spec\s+does not have/
    )
    assert.match(plan.stdout, /^KEY|KEY +as the other processes have it/m)
    const records = await fabrik("plan", "app.yaml", "--skip-deploy")
    assert.notInclude(records.stdout, "shop-worker")
    const next = await fabrik("apply", "app.yaml", "--yes", "--json")
    const { exit, specs } = JSON.parse(next.stdout.trim().split("\n").at(-1) ?? "")
    assert.strictEqual(exit, 0, next.stderr)
    assert.deepStrictEqual(
      specs.map(({ name, result }: Record<string, unknown>) => `${name} ${result}`),
      ["shop up to date", "shop-clock runs", "shop-worker gone"]
    )

    const status = await fabrik("status", "app.yaml", "--json")
    assert.deepStrictEqual(
      status.stdout
        .trim()
        .split("\n")
        .map((line) => {
          const { name, ok, process } = JSON.parse(line)
          return [name, process, ok]
        }),
      [
        ["shop", "web", true],
        ["shop-clock", "clock", true]
      ],
      status.stdout
    )
    const logs = await fabrik("logs", "app.yaml", "-n", "1")
    assert.match(logs.stdout, /^web {3}\| .*\nclock \| .*\n$/)
    const kept = await fabrik("apply", "app.yaml", "--yes", "--keep-failed")
    assert.strictEqual(kept.status, 4)
    assert.include(kept.stderr.replaceAll(/\s+/g, " "), "the processes of a spec go back together")
    const none = await fabrik("logs", "app.yaml", "--process", "clok")
    assert.deepStrictEqual([none.status, none.stdout], [4, ""])
    assert.include(none.stderr, "did you mean clock?")

    // What was recorded with `web`, which did not change, is the history of all.
    const back = await fabrik("rollback", "app.yaml", "--yes")
    assert.strictEqual(back.status, 0, back.stderr)
    assert.match(back.stdout, /^shop +up to date .*\nshop-worker +runs .*\nshop-clock +gone/m)

    const end = await fabrik("destroy", "app.yaml", "--yes")
    assert.strictEqual(end.status, 0, end.stderr)
    assert.match(end.stderr, /applications: .*gone/)
    assert.strictEqual((await fabrik("list")).stdout, "")
  })
})

/** logs, list, rollback, status and adopt as a user runs them against a sandbox, in this process but for the signals. */
import { it } from "@effect/vitest"
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { assertNoSecret } from "../reliability/Leak.ts"
import { builtFabrik } from "../support/Built.ts"
import { runHere, startHere } from "../support/InThisProcess.ts"

const root = process.cwd()
let program = ""
let cwd = ""
const children: Array<ChildProcess> = []

const specText = (tag: string) =>
  [
    "name: shop",
    "domain: shop.example.com",
    "server: vps1",
    `source: { image: "nginx:${tag}" }`,
    "port: 8080",
    "env: { GREETING: hello }",
    "healthcheck: { path: /, startPeriod: 0, settle: 0, interval: 1, retries: 3, container: true }",
    ""
  ].join("\n")

const env = { PATH: process.env["PATH"], LANG: "C.UTF-8", FABRIK_LATE_EFFECTS: "5" }

const fabrik = async (...args: ReadonlyArray<string>) => {
  const ran = await runHere([...args, "--sandbox"], env)
  assertNoSecret(join(cwd, ".fabrik"), ran.stdout + ran.stderr)
  return ran
}

/** A process to send signals to. */
const begin = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [program, ...args], { cwd, env })
  children.push(child)
  const output = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text))
  const ended = new Promise<number | null>((resolve) =>
    child.on("close", (code) => {
      assertNoSecret(join(cwd, ".fabrik"), output.stdout + output.stderr)
      resolve(code)
    })
  )
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (output.stdout.includes(text)) resolve()
      }
      child.stdout.on("data", look)
      void ended.then(() => reject(new Error(`ended without "${text}": ${output.stderr}`)))
      look()
    })
  return { child, output, ended, until }
}

/** Has a sandbox in this process meanwhile, which the commands share. */
const inSandbox = async (body: () => Promise<void>) => {
  const { done, interrupt, until } = startHere(["sandbox"], { env })
  await until("Stop it with Ctrl-C.")
  try {
    await body()
  } finally {
    interrupt("SIGINT")
    await done
  }
}

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length))

const lines = (text: string) => text.trimEnd().split("\n")

beforeAll(() => {
  program = builtFabrik()
  cwd = mkdtempSync(join(tmpdir(), "fabrik-cwd-"))
  process.chdir(cwd)
})
afterAll(() => {
  process.chdir(root)
  for (const child of children) child.kill("SIGKILL")
  rmSync(cwd, { recursive: true, force: true })
})

describe("what runs already", () => {
  it("has no log, is in no list and has no release to go back to, before it is deployed", async () => {
    writeFileSync(join(cwd, "app.yaml"), specText("1.27"))
    const logs = await fabrik("logs", "app.yaml")
    assert.strictEqual(logs.status, 3)
    assert.include(logs.stderr, "there is no application shop")
    const list = await fabrik("list")
    assert.deepStrictEqual([list.status, list.stdout], [0, ""])
    assert.include(list.stderr, "manages nothing")
    const rollback = await fabrik("rollback", "app.yaml", "--yes")
    assert.strictEqual(rollback.status, 3)
    assert.include(rollback.stderr, "no release of this spec was recorded here")
    assert.strictEqual((await fabrik("rollback", "app.yaml", "--list")).status, 0)
  })

  it("goes back to the release before, and forward again", async () => {
    const first = await fabrik("apply", "app.yaml", "--yes")
    assert.strictEqual(first.status, 0, first.stderr)
    assert.strictEqual((await fabrik("rollback", "app.yaml", "--yes")).status, 3)
    writeFileSync(join(cwd, "app.yaml"), specText("1.28"))
    assert.strictEqual((await fabrik("apply", "app.yaml", "--yes", "--quiet")).status, 0)

    const listed = (await fabrik("rollback", "app.yaml", "--list")).stdout
    assert.match(listed, /nginx:1\.28 \(present\)\n.*nginx:1\.27 \(`fabrik rollback` goes here\)\n$/)
    const unasked = await fabrik("rollback", "app.yaml")
    assert.strictEqual(unasked.status, 4)
    assert.include(unasked.stdout, "nginx:1.28 -> nginx:1.27")
    const planned = await fabrik("rollback", "app.yaml", "--dry-run")
    assert.strictEqual(planned.status, 0, planned.stderr)
    const back = await fabrik("rollback", "app.yaml", "--yes")
    assert.strictEqual(back.status, 0, back.stderr)
    assert.include(back.stderr, "app.yaml was not changed")
    assert.isAtMost(widest(back.stdout + listed), 80)

    const releases = lines((await fabrik("rollback", "app.yaml", "--list", "--json")).stdout).map((line) =>
      JSON.parse(line)
    )
    assert.deepStrictEqual(
      releases.map(({ type, text, backTo }) => [type, /nginx:[\d.]+/.exec(text)?.[0], typeof backTo]),
      [
        ["Release", "nginx:1.27", "string"],
        ["Release", "nginx:1.28", "undefined"],
        ["Release", "nginx:1.27", "undefined"]
      ]
    )
    const forward = await fabrik("rollback", "app.yaml", "--yes", "--to", releases[1].release.slice(0, 8))
    assert.include(forward.stdout, "nginx:1.27 -> nginx:1.28")
    assert.strictEqual((await fabrik("rollback", "app.yaml", "--yes", "--to", "nothing")).status, 3)
  })

  it("keeps the history when a deployment fails", async () => {
    const before = (await fabrik("rollback", "app.yaml", "--list", "--json")).stdout
    writeFileSync(join(cwd, "app.yaml"), specText("1.29"))
    const failed = await fabrik(
      "apply",
      "app.yaml",
      "--yes",
      "--sandbox-fault",
      "coolify POST /deploy status=422"
    )
    assert.notStrictEqual(failed.status, 0)
    assert.strictEqual((await fabrik("rollback", "app.yaml", "--list", "--json")).stdout, before)
  })

  it("is listed, as a table and as JSON, under both names of the command", async () => {
    const { stdout, status } = await fabrik("list")
    assert.strictEqual(status, 0)
    assert.match(stdout, /^NAME +WHERE +STATUS +URL\nshop +fabrik\/production +running:\S+ +https:\/\/shop/)
    const [one] = lines((await fabrik("projects", "--json")).stdout).map((line) => JSON.parse(line))
    assert.include(one, { type: "Managed", name: "shop", project: "fabrik", server: "vps1", ours: true })
  })

  it("shows its log, piped and as JSON", async () => {
    const all = await fabrik("logs", "app.yaml")
    assert.strictEqual(all.status, 0, all.stderr)
    assert.include(all.stdout, "shop starts from nginx:1.28\n")
    assert.strictEqual(all.stderr, "")
    assert.deepStrictEqual(
      lines((await fabrik("logs", "app.yaml", "-n", "1")).stdout),
      lines(all.stdout).slice(-1)
    )
    assert.strictEqual((await fabrik("logs", "app.yaml", "-n", "0")).stdout, "")
    const objects = lines((await fabrik("logs", "app.yaml", "--json")).stdout).map((line) => JSON.parse(line))
    assert.deepStrictEqual(
      objects.map(({ text }) => text),
      lines(all.stdout)
    )
    for (const { type, at } of objects) assert.isTrue(type === "LogLine" && !Number.isNaN(Date.parse(at)))
    const stamped = lines((await fabrik("logs", "app.yaml", "-t")).stdout)
    assert.match(stamped[0] ?? "", /^\d{4}-\d\d-\d\dT\S+Z shop starts/)
    assert.strictEqual((await fabrik("logs", "app.yaml", "-n", "many")).status, 4)
  })

  it("is followed until interrupted, quietly", async () => {
    const { child, ended, output, until } = begin("logs", "app.yaml", "-f", "--sandbox")
    await until("shop starts from")
    child.kill("SIGINT")
    assert.strictEqual(await ended, 130)
    assert.strictEqual(output.stderr, "")
  })

  it("is followed until nobody reads any more", () =>
    inSandbox(async () => {
      const { child, ended, until } = begin("logs", "app.yaml", "-f", "--json", "--sandbox")
      await until("shop starts from")
      child.stdout.destroy()
      // The next line finds nobody, and only another container has one.
      const again = await fabrik("apply", "app.yaml", "--yes")
      assert.strictEqual(again.status, 0, again.stderr)
      assert.strictEqual(await ended, 0)
    }))
})

describe("status --watch", () => {
  it("shows what stands, then each change, and ends quietly", () =>
    inSandbox(async () => {
      const { child, ended, output, until } = begin("status", "app.yaml", "--watch", "--sandbox")
      await until("Everything is as the spec says.\n")
      const gone = await fabrik("destroy", "app.yaml", "--yes", "--keep-dns")
      assert.strictEqual(gone.status, 0, gone.stderr)
      await until("Coolify      there is no such application")
      child.kill("SIGINT")
      assert.strictEqual(await ended, 130)
      assert.strictEqual(output.stderr, "")
      assert.isAtLeast(output.stdout.split("\n\nshop on vps1").length, 2)
      const back = await fabrik("apply", "app.yaml", "--yes")
      assert.strictEqual(back.status, 0, back.stderr)
    }))
})

describe("adopt", () => {
  it("writes a spec on stdout and changes nothing", async () => {
    const { status, stdout, stderr } = await fabrik("adopt", "shop")
    assert.strictEqual(status, 0, stderr)
    assert.include(stdout, "name: shop\ndomain: shop.example.com\n")
    assert.include(stderr, "Nothing was changed.")
    assert.isAtMost(widest(stdout), 80)
    const [json] = lines((await fabrik("adopt", "shop", "--json")).stdout).map((line) => JSON.parse(line))
    assert.deepStrictEqual([json.type, json.text], ["Spec", stdout])
  })

  it("writes the spec of what is fabrik's already, into a new file only", async () => {
    const written = await fabrik("adopt", "shop", "-o", "again.yaml")
    assert.strictEqual(written.status, 0, written.stderr)
    const text = readFileSync(join(cwd, "again.yaml"), "utf8")
    const plan = await fabrik("plan", "again.yaml", "--detailed-exitcode")
    assert.strictEqual(plan.status, 0, plan.stdout)
    const twice = await fabrik("adopt", "shop", "-o", "again.yaml", "--yes")
    assert.strictEqual(twice.status, 4)
    assert.include(twice.stderr, "again.yaml exists already")
    assert.strictEqual(readFileSync(join(cwd, "again.yaml"), "utf8"), text)
  })

  it("leaves no file behind when it is not told yes, or finds nothing", async () => {
    assert.strictEqual((await fabrik("adopt", "nobody", "-o", "nobody.yaml", "--yes")).status, 3)
    assert.isFalse(existsSync(join(cwd, "nobody.yaml")))
  })
})

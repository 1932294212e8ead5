/** Coolifys by name; and two of them from one folder, as a user switches between them. In the process of the test. */
import { it } from "@effect/vitest"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { runHere, startHere } from "../support/InThisProcess.ts"

const tokens = { prod: "1|prod-token-of-nobody", cloud: "2|cloud-token-of-nobody" }

const home = () => {
  const root = mkdtempSync(join(tmpdir(), "fabrik-home-"))
  const cli = join(root, ".config/coolify/config.json")
  mkdirSync(dirname(cli), { recursive: true })
  const text = JSON.stringify({
    instances: [
      { name: "cloud", fqdn: "https://app.coolify.io", token: tokens.cloud, default: true },
      { name: "empty", fqdn: "http://localhost:8000", token: "" }
    ],
    lastUpdateCheckTime: "2026-01-01T00:00:00Z"
  })
  writeFileSync(cli, text, { mode: 0o600 })
  const own = join(root, ".config/fabrik/config.json")
  const run = async (args: ReadonlyArray<string>, options: Parameters<typeof startHere>[1] = {}) => {
    const { done, output } = startHere(args, { ...options, env: { HOME: root, ...options.env } })
    const code = await done
    for (const token of Object.values(tokens)) assert.notInclude(output.out + output.err, token)
    return { code, out: output.out, err: output.err.replace(/\s+/g, " ") }
  }
  return { root, cli, text, own, run, end: () => rmSync(root, { recursive: true, force: true }) }
}

describe("contexts", () => {
  const { cli, end, own, run, text } = home()
  afterAll(end)
  const show = async (env: Readonly<Record<string, string>> = {}) =>
    JSON.parse((await run(["context", "show", "--json"], { env })).out)

  it("are coolify-cli's before fabrik has any, and none is taken by itself", async () => {
    const { code, out } = await run(["context", "list"])
    assert.strictEqual(code, 0)
    assert.match(out, /^ +NAME +ADDRESS +FROM\n +cloud +https:\/\/app\.coolify\.io +coolify-cli\n +empty /)
    assert.deepStrictEqual(await show(), { type: "ContextShown", name: null, address: null, by: null })
    assert.deepStrictEqual([existsSync(own), readFileSync(cli, "utf8")], [false, text])
  })

  it("are added with a token from stdin, in a file for the owner alone", async () => {
    const added = await run(["context", "add", "prod", "https://coolify.example.com"], {
      stdin: `${tokens.prod}\n`
    })
    assert.strictEqual(added.code, 0, added.err)
    assert.strictEqual(statSync(own).mode & 0o777, 0o600)
    assert.strictEqual(JSON.parse(readFileSync(own, "utf8")).instances[0].token, tokens.prod)
    for (const [args, stdin, code] of [
      [["add", "prod", "https://coolify.example.com"], "x", 3],
      [["add", "plain", "http://coolify.example.com"], "x", 5],
      [["add", "bad", "https://coolify.example.com"], "two words", 5],
      [["add", "a b", "https://coolify.example.com"], "x", 4],
      [["add", "prod"], "x", 4],
      [["use", "prob"], "", 5],
      [["remove", "cloud"], "", 3]
    ] as const) {
      const refused = await run(["context", ...args], { stdin })
      assert.strictEqual(refused.code, code, refused.err)
    }
    assert.strictEqual(readFileSync(cli, "utf8"), text)
  })

  it("are chosen by --context, FABRIK_CONTEXT, the environment, `use`, in this order", async () => {
    assert.strictEqual((await run(["context", "use", "prod"])).code, 0)
    assert.match(
      (await run(["context", "list"])).out,
      /\n\* +prod +https:\/\/coolify\.example\.com +fabrik\n/
    )
    assert.deepInclude(await show(), { name: "prod", by: "fabrik context use" })
    assert.deepInclude(await show({ FABRIK_CONTEXT: "cloud" }), { name: "cloud", by: "FABRIK_CONTEXT" })
    const other = { COOLIFY_ENDPOINT: "https://other.example.com", COOLIFY_TOKEN: "3|other" }
    assert.deepInclude(await show(other), {
      name: null,
      address: "https://other.example.com/api/v1",
      by: "the environment"
    })
    const both = await run(["context", "show"], { env: { ...other, FABRIK_CONTEXT: "prod" } })
    assert.strictEqual(both.code, 5)
    assert.include(both.err, "FABRIK_CONTEXT names prod, and the environment another Coolify or token")
    const flag = await run(["list", "--context", "prod"], { env: other })
    assert.strictEqual(flag.code, 5)
    assert.strictEqual((await run(["list", "--context", "prod", "--sandbox"])).code, 4)
    const noToken = await run(["list", "--context", "empty"])
    assert.deepStrictEqual([noToken.code, noToken.err.includes("the context empty has no token")], [5, true])
  })

  it("say who else may read them, and are refused where others may write them", async () => {
    chmodSync(cli, 0o644)
    assert.include(
      (await run(["context", "list"])).err,
      "can be read by other users; make it private: chmod 600"
    )
    chmodSync(cli, 0o666)
    assert.strictEqual((await run(["context", "list"])).code, 4)
    chmodSync(cli, 0o600)
    writeFileSync(own, "{}")
    const broken = await run(["context", "list"])
    assert.include(broken.err, "is no JSON with `instances`")
    rmSync(own)
  })

  it("go away, and so does the choice", async () => {
    await run(["context", "add", "prod", "https://coolify.example.com"], { stdin: tokens.prod })
    await run(["context", "use", "prod"])
    assert.strictEqual((await run(["context", "remove", "prod"])).code, 0)
    assert.deepInclude(await show(), { name: null })
    await run(["context", "use", "cloud"])
    assert.deepInclude(await show(), { name: "cloud" })
    assert.strictEqual((await run(["context", "clear"])).code, 0)
    assert.deepInclude(await show(), { name: null })
  })
})

describe("two Coolifys from one folder", () => {
  const { end, own, root } = home()
  const sandboxes = ["one", "two"].map((name) => ({ name, dir: join(root, name) }))
  const running: Array<ReturnType<typeof startHere>> = []
  const spec = join(root, "worker.yaml")
  const write = (tag: string) =>
    writeFileSync(
      spec,
      `name: worker\ndomain: none\nserver: localhost\nsource: { image: "nginx:${tag}" }\nhealthcheck: { startPeriod: 0, settle: 0, interval: 1 }\n`
    )
  const before = process.cwd()
  const fabrik = (...args: ReadonlyArray<string>) => runHere(args, { HOME: root })
  const at = async (name: string, ...args: ReadonlyArray<string>) => {
    const ran = await fabrik(...args, "--context", name)
    return { ...ran, text: `${ran.stdout}${ran.stderr}`.replace(/\s+/g, " ") }
  }

  beforeAll(async () => {
    for (const { dir } of sandboxes) running.push(startHere(["sandbox", "--sandbox-dir", dir]))
    const instances = []
    for (const { dir, name } of sandboxes) {
      // Written when all listens, and there a moment before its content is.
      while (!existsSync(join(dir, "server.json")) || readFileSync(join(dir, "server.json"), "utf8") === "") {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const read = (file: string) => JSON.parse(readFileSync(join(dir, file), "utf8"))
      instances.push({ name, fqdn: read("server.json").apiUrl, token: read("sandbox.json").token })
    }
    mkdirSync(dirname(own), { recursive: true })
    writeFileSync(own, JSON.stringify({ instances }), { mode: 0o600 })
    process.chdir(root)
  })
  afterAll(async () => {
    process.chdir(before)
    for (const one of running) one.interrupt("SIGTERM")
    await Promise.all(running.map(({ done }) => done))
    end()
  })

  it("have nothing of each other's: applications, releases, what a rollback goes back to", async () => {
    write("1.27")
    const first = await at("one", "apply", spec, "--yes")
    assert.strictEqual(first.status, 0, first.text)
    assert.match(first.stderr, /^Coolify one: http:\/\/127\.0\.0\.1:\d+ \(--context\)\n/)
    assert.strictEqual((await at("two", "list")).stdout, "")
    write("1.28")
    const second = await at("two", "apply", spec, "--yes")
    assert.strictEqual(second.status, 0, second.text)
    const back = await at("two", "rollback", spec, "--yes")
    assert.strictEqual(back.status, 3, back.text)
    assert.include(back.text, "no earlier release with another spec is recorded here")
    assert.match((await at("one", "history", spec)).stdout, /at 127\.0\.0\.1:\d+.*\n.*at 127\.0\.0\.1:\d+/)
  })
})

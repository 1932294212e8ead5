/** What `status` and `recover --dry-run` say of an application that is not, or not yet, as its spec says. */
import { it } from "@effect/vitest"
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { startHere } from "../support/InThisProcess.ts"
import type { Status } from "../../src/orchestrator/Status.ts"
import { renderStatus } from "../../src/ui/StatusView.ts"
import { plainStyle } from "../../src/ui/Style.ts"

const root = mkdtempSync(join(tmpdir(), "fabrik-standing-"))
const dir = join(root, "sandbox")
const spec = join(root, "app.yaml")
const newer = join(root, "newer.yaml")

const specText = (tag: string, greeting: string) =>
  [
    "name: shop",
    "domain: shop.example.com",
    "server: vps1",
    `source: { image: "nginx:${tag}" }`,
    "port: 8080",
    `env: { GREETING: ${greeting} }`,
    "healthcheck:",
    "  { path: /, startPeriod: 0, settle: 0, interval: 1, container: true, release: { header: x-release } }",
    ""
  ].join("\n")

const environment: Record<string, string> = { LANG: "C.UTF-8" }

const begin = (...args: ReadonlyArray<string>) => beginIn(dir, ...args)

const beginIn = (state: string, ...args: ReadonlyArray<string>) => {
  const started = startHere([...args, "--sandbox-dir", state], { env: { ...environment } })
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { ...started, until }
}

const fabrik = (...args: ReadonlyArray<string>) => fabrikIn(dir, ...args)

const fabrikIn = async (state: string, ...args: ReadonlyArray<string>) => {
  const { done, output } = beginIn(state, ...args, "--sandbox")
  const code = await done
  return { code, out: output.out.replace(/\s+/g, " "), err: output.err }
}

const sandbox = begin("sandbox")

beforeAll(async () => {
  writeFileSync(spec, specText("1.27", "hello"))
  writeFileSync(newer, specText("1.28", "good day"))
  await sandbox.until(() => existsSync(join(dir, "server.json")))
  const { code, err } = await fabrik("apply", "--yes", spec)
  assert.strictEqual(code, 0, err)
})

afterAll(async () => {
  sandbox.interrupt("SIGTERM")
  await sandbox.done
  rmSync(root, { recursive: true, force: true })
})

const facts = async (file: string): Promise<Status> => {
  const { done, output } = begin("status", "--json", file, "--sandbox")
  await done
  return JSON.parse(output.out)
}

describe("status", () => {
  it("says that nothing differs only where a plan says so, and which release answers", async () => {
    const { out } = await fabrik("status", spec)
    assert.include(out, "would change nothing")
    assert.include(out, "Everything is as the spec says.")
    const { coolify, http, ok } = await facts(spec)
    assert.match(http?.release ?? "", /^[0-9a-f]{12}$/)
    assert.strictEqual(http?.release, coolify?.release)
    assert.isTrue(ok)
  })

  it("tells how many changes a plan would make, and which", async () => {
    const { out } = await fabrik("status", newer)
    assert.match(out, /would make 3 changes: update application shop \(image\)/)
    assert.include(out, "update variable GREETING")
    assert.include(out, "Not everything is as the spec says.")
    assert.isFalse((await facts(newer)).ok)
  })

  it("tells the release that answers from the one that was deployed last", () => {
    const status: Status = {
      name: "shop",
      url: "https://shop.example.com/",
      server: "vps1",
      coolify: { uuid: "u", status: "running:healthy", domains: [], release: "bbbbbbbbbbbb" },
      differences: [],
      refusal: null,
      run: null,
      dns: null,
      http: { ok: true, status: 200, detail: "answered 200", release: "aaaaaaaaaaaa" },
      certificate: null,
      ok: false
    }
    const shown = renderStatus(status, plainStyle).join("\n").replace(/\s+/g, " ")
    assert.include(shown, "✗ release aaaaaaaaaaaa answers")
    assert.include(shown, "release bbbbbbbbbbbb was deployed last")
    assert.include(shown, "Not everything is as the spec says.")
  })
})

describe("a run that is under way", () => {
  const journals = join(dir, "journal")
  const cutOff = join(root, "cut-off")
  const files = () =>
    existsSync(journals) ? readdirSync(journals).filter((name) => /\.jsonl?$|\.ndjson$/.test(name)) : []

  it("is told by status and recover --dry-run, and as one that came to no end once its process is gone", async () => {
    const run = begin("apply", "--yes", newer, "--sandbox", "--sandbox-fault", "coolify * /deploy hang")
    await run.until(() => run.output.err.includes("[4/5]") || run.output.err.includes("variables shop"))
    const held = await fabrik("status", spec)
    assert.match(held.out, /under way: `fabrik apply` of shop/)
    assert.match(
      (await fabrik("runs", "shop")).out,
      /apply shop running [0-9a-f]{6} .* apply shop done \S+ s 0 $/
    )
    assert.include(held.out, "Not everything is as the spec says.")
    environment["FABRIK_OWNER"] = "somebody-else"
    const dry = await fabrik("recover", "--dry-run")
    delete environment["FABRIK_OWNER"]
    assert.include(dry.out, "it is still under way: `fabrik apply` of shop")
    assert.notInclude(dry.out, "puts everything back")
    const [file = assert.fail("no journal")] = files()
    copyFileSync(join(journals, file), join(root, "kept"))
    // As all of it stands should the machine lose its power now.
    cpSync(dir, cutOff, { recursive: true, filter: (path) => !/server\.json$|lock/.test(path) })
    run.interrupt("SIGINT")
    assert.strictEqual(await run.done, 130, run.output.err)
    assert.match((await fabrik("runs", "show", "last")).out, /apply: interrupted, put back .* exit 130 /)
    copyFileSync(join(root, "kept"), join(journals, file))
    const left = await fabrik("status", spec)
    assert.match(
      left.out,
      /apply \(run [0-9a-f]{12}, since .*\) came to no end, \d changes open: `fabrik recover` settles it/
    )
    assert.include((await fabrik("recover", "--dry-run")).out, "recover goes on with it")
  })

  it("is settled for the owner that its journal names, whoever recover is run for", async () => {
    environment["FABRIK_OWNER"] = "somebody-else"
    const recovered = await fabrikIn(cutOff, "recover", "--rollback")
    const open = await fabrikIn(cutOff, "recover", "--dry-run")
    delete environment["FABRIK_OWNER"]
    assert.strictEqual(recovered.code, 0, recovered.err)
    assert.match(recovered.err.replace(/\s+/g, " "), /Restored: .*settings of shop/)
    assert.include(open.err, "Nothing is open")
    assert.include((await fabrikIn(cutOff, "status", spec)).out, "would change nothing")
  })

  it("is told as overtaken once another run has changed the application", async () => {
    const [file = assert.fail("no journal")] = files()
    rmSync(join(journals, file))
    // As on another machine, which does not have this journal.
    const { code, err } = await fabrik("apply", "--yes", newer)
    assert.strictEqual(code, 0, err)
    copyFileSync(join(root, "kept"), join(journals, file))
    // Whose it was is written there.
    environment["FABRIK_OWNER"] = "somebody-else"
    const { out } = await fabrik("recover", "--dry-run")
    assert.match(
      out,
      /since run [0-9a-f]{12} was cut short, run [0-9a-f]{12} has changed shop: what that has/
    )
    assert.include(out, "recover closes its journal, and leaves the application as it is")
    assert.notInclude(out, "goes on with it")
    const told = await fabrik("recover", "--dry-run", "--json")
    assert.include(told.out, '"overtaken":"since run ')
    const { err: said } = await fabrik("recover")
    assert.match(
      said.replace(/\s+/g, " "),
      /has changed shop: what that has made of it stays, nothing is undone, and the journal/
    )
    delete environment["FABRIK_OWNER"]
    assert.include((await fabrik("recover", "--dry-run")).err, "Nothing is open")

    copyFileSync(join(root, "kept"), join(journals, file))
    const other = await fabrik("recover", "--dry-run", "--sandbox-fault", "coolify GET /servers status=403")
    assert.strictEqual(other.code, 0, other.err)
    assert.match(other.out, /not known whether another run has changed it since: \w/)
    rmSync(join(journals, file))
  })
})

/** start, stop and restart in the process of the test, against a sandbox. */
import { it } from "@effect/vitest"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import type { Status } from "../../src/orchestrator/Status.ts"
import { startHere } from "../support/InThisProcess.ts"

const root = mkdtempSync(join(tmpdir(), "fabrik-lifecycle-"))
const dir = join(root, "sandbox")
const spec = join(root, "app.yaml")
const text = [
  "name: shop",
  "domain: shop.example.com",
  "server: vps1",
  'source: { image: "nginx:1.27" }',
  "port: 8080",
  "healthcheck:",
  "  { path: /, startPeriod: 0, settle: 0, interval: 1, container: true, release: { header: x-release } }",
  ""
].join("\n")

const begin = (...args: ReadonlyArray<string>) => startHere([...args, "--sandbox-dir", dir])

const fabrik = async (...args: ReadonlyArray<string>) => {
  const { done, output } = begin(...args, "--sandbox")
  const code = await done
  return { code, out: output.out.replace(/\s+/g, " "), err: output.err.replace(/\s+/g, " ") }
}

const status = async (): Promise<Status> => {
  const { done, output } = begin("status", "--json", spec, "--sandbox")
  await done
  return JSON.parse(output.out)
}

const sandbox = begin("sandbox")

beforeAll(async () => {
  writeFileSync(spec, text)
  while (!existsSync(join(dir, "server.json"))) await new Promise((resolve) => setTimeout(resolve, 20))
  const { code, err } = await fabrik("apply", "--yes", spec)
  assert.strictEqual(code, 0, err)
})

afterAll(async () => {
  sandbox.interrupt("SIGTERM")
  await sandbox.done
  rmSync(root, { recursive: true, force: true })
})

describe("the life of an application", () => {
  it("is stopped when nobody runs it any more, told by a plan, and started as it was deployed last", async () => {
    const before = await status()
    const unasked = await fabrik("stop", spec)
    assert.strictEqual(unasked.code, 4)
    assert.include(unasked.err, "Say --yes")
    assert.strictEqual((await status()).http?.ok, true)

    const stopped = await fabrik("stop", "shop.example.com", "--yes")
    assert.strictEqual(stopped.code, 0, stopped.err)
    assert.include(stopped.err, "shop is stopped")
    const there = await status()
    assert.match(there.coolify?.status ?? "", /^exited/)
    assert.strictEqual(there.http?.ok, false)

    const plan = await fabrik("plan", spec)
    assert.include(plan.out, "shop is stopped in Coolify. Applying deploys it")

    const started = await fabrik("start", spec)
    assert.strictEqual(started.code, 0, started.err)
    assert.match(started.out, /^https:\/\/shop\.example\.com/)
    const after = await status()
    assert.isTrue(after.ok)
    assert.strictEqual(after.http?.release, before.http?.release)
    assert.deepStrictEqual(after.differences, [])
  })

  it("goes on with the same release after a restart", async () => {
    const before = await status()
    const { code, err, out } = await fabrik("restart", spec, "--yes", "--json")
    assert.strictEqual(code, 0, err)
    const types = out.match(/"type":"\w+"/g) ?? []
    assert.includeMembers(types, ['"type":"DeploymentProgress"', '"type":"Verified"'])
    assert.strictEqual((await status()).http?.release, before.http?.release)
  })

  it("is nobody's that fabrik does not know by the domain", async () => {
    const { code, err } = await fabrik("stop", "nobody.example.com", "--yes")
    assert.strictEqual(code, 3)
    assert.include(err, "no application in Coolify answers for nobody.example.com")
  })
})

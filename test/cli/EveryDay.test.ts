/** What one does with a deployed application between two deployments, in the process of the test against a sandbox. */
import { it } from "@effect/vitest"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { startHere } from "../support/InThisProcess.ts"

const root = mkdtempSync(join(tmpdir(), "fabrik-day-"))
const dir = join(root, "sandbox")
const spec = join(root, "app.yaml")
const text = [
  "name: shop",
  "domain: shop.example.com",
  "server: vps1",
  'source: { image: "nginx:1.27" }',
  "port: 8080",
  "env: { GREETING: hello }",
  "healthcheck: { path: /, startPeriod: 0, settle: 0, interval: 1, container: true }",
  ""
].join("\n")

const begin = (...args: ReadonlyArray<string>) => startHere([...args, "--sandbox-dir", dir])

const fabrik = async (...args: ReadonlyArray<string>) => {
  const { done, output } = begin(...args, "--sandbox")
  const code = await done
  return { code, out: output.out, err: output.err.replace(/\s+/g, " ") }
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

describe("logs", () => {
  it("shows only what a pattern and a span of time let through", async () => {
    const all = (await fabrik("logs", spec)).out.trimEnd().split("\n")
    assert.include(all, "listening on port 8080")
    const found = await fabrik("logs", "shop.example.com", "--grep", "^listening|GET", "--since", "1h")
    assert.deepStrictEqual(
      [found.code, found.out.trimEnd().split("\n")],
      [0, all.filter((line) => /^listening|GET/.test(line))]
    )
    assert.deepStrictEqual(
      (await fabrik("logs", spec, "--grep", "^listening|GET", "-n", "1")).out.trimEnd(),
      all.findLast((line) => /^listening|GET/.test(line))
    )
    assert.strictEqual((await fabrik("logs", spec, "--until", "1h")).out, "")
  })

  it("shows how the newest deployment went", async () => {
    const { code, err, out } = await fabrik("logs", spec, "--build", "--grep", "health")
    assert.strictEqual(code, 0, err)
    assert.match(err, /^Deployment [a-z0-9]{24}, .*: finished\./)
    assert.match(out, /^Waiting for healthcheck.*\nNew container is healthy\.\n$/)
  })

  it.each([
    [["--since", "soon"], "--since wants 90s, 10m"],
    [["--grep", "("], "--grep is no regular expression"],
    [["--since", "1h", "--until", "2h"], "--since is later than --until"],
    [["--follow", "--until", "1h"], "--follow has no end"],
    [["--build", "--since", "1h"], "--build shows the whole log"]
  ])("takes no %j", async (flags, problem) => {
    const { code, err, out } = await fabrik("logs", spec, ...flags)
    assert.deepStrictEqual([code, out], [4, ""])
    assert.include(err, problem)
  })
})

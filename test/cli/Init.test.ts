/** `init` and `new`: what they find, ask and write, and that they never write over anything. */
import { it } from "@effect/vitest"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { type Facts, startHere } from "../support/InThisProcess.ts"

const root = mkdtempSync(join(tmpdir(), "fabrik-init-"))

interface Setting {
  readonly env?: Record<string, string>
  /** What somebody at a terminal answers; without it there is no terminal. `undefined` at the end: the input ends. */
  readonly answers?: ReadonlyArray<string>
}

const begin = (argv: ReadonlyArray<string>, { answers, env = {} }: Setting = {}) => {
  const waiting = [...(answers ?? [])]
  const readLine: Facts["readLine"] = (onLine) => {
    // The question is on the screen by then.
    const timer = setTimeout(() => {
      if (waiting[0] !== "wait") onLine(waiting.shift())
    }, 0)
    return () => clearTimeout(timer)
  }
  const started = startHere(argv, {
    columns: 60,
    env: { NO_COLOR: "1", ...env },
    ...(answers === undefined ? {} : { readLine })
  })
  const until = async (condition: () => boolean) => {
    const state = { ended: false }
    void started.done.then(() => (state.ended = true))
    while (!condition() && !state.ended) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { ...started, until }
}

const fabrik = async (argv: ReadonlyArray<string>, setting?: Setting) => {
  const { done, output } = begin(argv, setting)
  const code = await done
  return { code, out: output.out, err: output.err.replace(/\s+/g, " ") }
}

let folders = 0
const folder = (files: Readonly<Record<string, string>>) => {
  const dir = join(root, `app-${++folders}`)
  mkdirSync(join(dir, ".git"), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return { dir, spec: join(dir, "app.yaml"), text: () => readFileSync(join(dir, "app.yaml"), "utf8") }
}

const repository = (name: string) => ({
  ".git/HEAD": "ref: refs/heads/trunk\n",
  ".git/config": `[remote "origin"]\n\turl = git@github.com:me/${name}.git\n`
})

afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

describe("init without a terminal", () => {
  it("writes what the folder says, and no value of a secret", async () => {
    const { dir, spec, text } = folder({
      ...repository("Shop"),
      Dockerfile: "FROM node:22\nEXPOSE 8080\n",
      ".env.example": "API_TOKEN=t0p-s3cret\nDATABASE_URL=\nSESSION_SECRET=x9\nLOG_LEVEL=chatty\n"
    })
    const { code, err, out } = await fabrik(["init", dir, "--domain", "shop.example.com"])
    assert.strictEqual(code, 0, err)
    assert.strictEqual(out, `${spec}\n`)
    for (const line of [
      "# yaml-language-server: $schema=./.fabrik/fabrik.schema.json",
      "name: shop",
      "  git: https://github.com/me/Shop",
      "  branch: trunk",
      "  buildPack: dockerfile",
      "port: 8080",
      "  API_TOKEN: required",
      "  DATABASE_URL: required",
      "  SESSION_SECRET: generate",
      '#   LOG_LEVEL: ""'
    ]) {
      assert.include(text().split("\n"), line)
    }
    for (const value of ["t0p", "x9", "chatty"]) assert.notInclude(text() + err, value)
    assert.strictEqual((await fabrik(["validate", spec])).code, 0)
    assert.include(readFileSync(join(dir, ".fabrik/fabrik.schema.json"), "utf8"), "json-schema.org")
    assert.strictEqual(statSync(join(dir, ".fabrik")).mode & 0o777, 0o700)
    assert.include(err, "put the values of API_TOKEN, DATABASE_URL into .env")
    assert.include(err, `fabrik apply --sandbox ${spec}`)
  })

  it("names all flags that are missing, and writes nothing", async () => {
    const { dir, spec } = folder({})
    const { code, err } = await fabrik(["init", dir])
    assert.strictEqual(code, 4)
    assert.match(err, /needs --domain .*--image or --git .*--port /)
    assert.isFalse(existsSync(spec))
  })

  it("takes everything from flags", async () => {
    const { dir, text } = folder({})
    const flags = ["--name", "web", "--domain", "a.example.com", "--image", "nginx:1.27", "--port", "80"]
    const { code, err } = await fabrik([
      "init",
      dir,
      ...flags,
      "--server",
      "vps1",
      "--project",
      "web",
      "--yes"
    ])
    assert.strictEqual(code, 0, err)
    for (const line of ["name: web", "  image: nginx:1.27", "port: 80", "server: vps1", "project: web"]) {
      assert.include(text().split("\n"), line)
    }
  })

  it("takes nothing of the folder for a repository that is another one", async () => {
    const { dir } = folder({ ...repository("shop"), Dockerfile: "FROM node\nEXPOSE 8080\n" })
    const { code, err } = await fabrik([
      "init",
      dir,
      "--domain",
      "none",
      "--git",
      "https://github.com/you/other"
    ])
    assert.strictEqual(code, 0, err)
    assert.notInclude(readFileSync(join(dir, "app.yaml"), "utf8"), "buildPack")
    const asked = await fabrik([
      "init",
      dir,
      "-o",
      join(dir, "b.yaml"),
      "--domain",
      "b.example.com",
      "--git",
      "https://github.com/you/other"
    ])
    assert.match(asked.err, /needs --port/)
  })

  for (const [flag, value, says] of [
    ["--domain", "not a host", "--domain"],
    ["--name", "Not_a_label", "--name"],
    ["--git", "/srv/here", "--git"]
  ] as const) {
    it(`names ${flag} where a spec would refuse its value`, async () => {
      const { dir, spec } = folder(repository("shop"))
      const rest = flag === "--domain" ? [] : ["--domain", "a.example.com"]
      const { code, err } = await fabrik(["init", dir, "--port", "80", ...rest, flag, value])
      assert.strictEqual(code, 4, err)
      assert.include(err, says)
      assert.isFalse(existsSync(spec))
    })
  }

  it("leaves a folder with a compose file to import", async () => {
    const { dir, spec } = folder({ "docker-compose.yml": "services: {}\n" })
    const { code, err } = await fabrik(["init", dir, "--domain", "a.example.com"])
    assert.strictEqual(code, 3)
    assert.include(err, `fabrik import ${join(dir, "docker-compose.yml")} --domain a.example.com -o ${dir}`)
    assert.isFalse(existsSync(spec))
  })

  it("never writes over a file, and says so before anything else", async () => {
    const { dir, spec } = folder({ "app.yaml": "mine\n" })
    const { code, err } = await fabrik(["init", dir])
    assert.strictEqual(code, 3)
    assert.include(err, "is not overwritten")
    assert.strictEqual(readFileSync(spec, "utf8"), "mine\n")
  })
})

describe("init at a terminal", () => {
  it("asks for the rest until the answers are good", async () => {
    const { dir, text } = folder({ "package.json": '{ "name": "@me/shop" }' })
    const answers = ["", "not a host", "shop.example.com", "nginx:1.27", "99999", "8080"]
    const { code, err } = await fabrik(["init", dir], { answers })
    assert.strictEqual(code, 0, err)
    assert.include(err, "an answer is needed here")
    assert.include(err, "[3000]:")
    for (const line of ["name: shop", "domain: shop.example.com", "  image: nginx:1.27", "port: 8080"]) {
      assert.include(text().split("\n"), line)
    }
  })

  it("leaves no file when the input ends", async () => {
    const { dir, spec } = folder(repository("shop"))
    const { code, err } = await fabrik(["init", dir], { answers: ["shop.example.com"] })
    assert.strictEqual(code, 3)
    assert.include(err, "nothing was written")
    assert.isFalse(existsSync(spec))
  })

  it("leaves no file after Ctrl-C", async () => {
    const { dir, spec } = folder(repository("shop"))
    const { done, interrupt, output, until } = begin(["init", dir], { answers: ["shop.example.com", "wait"] })
    await until(() => output.err.includes("Port"))
    interrupt("SIGINT")
    assert.strictEqual(await done, 130)
    assert.isFalse(existsSync(spec))
    assert.isFalse(existsSync(join(dir, ".fabrik")))
  })
})

describe("init with Coolify's credentials", () => {
  const state = join(root, "sandbox")
  const sandbox = begin([
    "sandbox",
    "--json",
    "--verbose",
    "--sandbox-dir",
    state,
    "--server",
    "vps1",
    "--server",
    "vps2"
  ])
  let env: Record<string, string> = {}

  beforeAll(async () => {
    await sandbox.until(() => sandbox.output.out.includes("\n"))
    const { apiUrl, token } = JSON.parse(sandbox.output.out)
    env = { COOLIFY_ENDPOINT: apiUrl, COOLIFY_TOKEN: token }
  })

  afterAll(async () => {
    sandbox.interrupt("SIGTERM")
    await sandbox.done
  })

  const flags = ["--domain", "shop.example.com", "--image", "nginx:1.27", "--port", "80"]

  it("has one of its servers chosen by name", async () => {
    const { dir, spec, text } = folder({})
    const missing = await fabrik(["init", dir, ...flags], { env })
    assert.strictEqual(missing.code, 4)
    assert.include(missing.err, "--server (vps1, vps2)")
    const unknown = await fabrik(["init", dir, ...flags, "--server", "vps3"], { env })
    assert.strictEqual(unknown.code, 4)
    assert.include(unknown.err, "no server of that name")
    assert.isFalse(existsSync(spec))
    const { code, err } = await fabrik(["init", dir, ...flags], { env, answers: ["vps9", "vps2"] })
    assert.strictEqual(code, 0, err)
    assert.include(text(), "\nserver: vps2\n")
    assert.include(err, "or say `dns: none`")
  })

  it("is said to need no DNS credentials with `dns: none`, where they are missed", async () => {
    const { dir, spec } = folder({})
    await fabrik(["init", dir, ...flags, "--server", "vps1"], { env })
    const plan = await fabrik(["plan", spec], { env })
    assert.strictEqual(plan.code, 0, plan.err)
    assert.match(plan.out.replace(/\s+/g, " "), /an empty zone is assumed\. .*say `dns: none`/)
    const applied = await fabrik(["apply", "--yes", spec], { env })
    assert.strictEqual(applied.code, 5)
    assert.include(applied.err, "say `dns: none` in the spec, and no DNS provider is needed")
    writeFileSync(spec, `${readFileSync(spec, "utf8")}dns: none\n`)
    assert.notInclude((await fabrik(["plan", spec], { env })).out, "assumed")
  })

  it("shows the sandbox's requests in columns, and nothing of their headers", async () => {
    const { err } = sandbox.output
    assert.match(err, /^\d\d:\d\d:\d\d {2}GET {5}\/servers +200 +\d+ ms$/m)
    assert.match(err, /^\d\d:\d\d:\d\d {2}DELETE {2}\/projects\/fabrik-doctor\S+ +404 +\d+ ms$/m)
    assert.notInclude(err, env["COOLIFY_TOKEN"] ?? "no token")
    for (const line of err.split("\n")) assert.isAtMost(line.length, 80)
  })

  it("says that the token is wrong, and goes on without it", async () => {
    const { dir, text } = folder({})
    const { code, err } = await fabrik(["init", dir, ...flags], {
      env: { ...env, COOLIFY_TOKEN: "1|wrong-t0ken" }
    })
    assert.strictEqual(code, 0, err)
    assert.include(err, "it answers, and takes the token")
    assert.notInclude(err, "wrong-t0ken")
    assert.notMatch(text(), /^server:/m)
  })
})

describe("new", () => {
  it("writes a valid spec of each template, and never over a file", async () => {
    const { dir } = folder({})
    const file = join(dir, "api.yaml")
    const first = await fabrik(["new", "-t", "node-api", "-o", file, "--domain", "api.example.com"])
    assert.strictEqual(first.code, 0, first.err)
    assert.strictEqual((await fabrik(["validate", file])).code, 0)
    const again = await fabrik(["new", "-t", "python-api", "-o", file])
    assert.strictEqual(again.code, 3)
    assert.include(readFileSync(file, "utf8"), "template: node-api")
  })

  it("shows it on stdout, and names the templates where it is none of them", async () => {
    const shown = await fabrik(["new", "-t", "static-site", "--name", "home"])
    assert.strictEqual(shown.code, 0)
    assert.match(shown.out, /^name: home$/m)
    const unknown = await fabrik(["new", "-t", "node-apy"])
    assert.strictEqual(unknown.code, 4)
    assert.include(unknown.err, "--template is one of python-api, node-api, static-site")
  })
})

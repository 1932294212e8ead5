/** What one does with a deployed application between two deployments, in the process of the test against a sandbox. */
import { it } from "@effect/vitest"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { startHere } from "../support/InThisProcess.ts"

const ofOne = [
  "name: shop",
  "domain: shop.example.com",
  "server: vps1",
  'source: { image: "nginx:1.27" }',
  "port: 8080",
  "env: { GREETING: hello }",
  "secrets: { API_KEY: required, SESSION: generate }",
  "healthcheck: { path: /, startPeriod: 0, settle: 0, interval: 1, container: true }",
  ""
].join("\n")

/** A folder with a spec, and a sandbox where it is applied: each counts its own requests a minute. */
const deployed = (text = ofOne) => {
  const root = mkdtempSync(join(tmpdir(), "fabrik-day-"))
  const dir = join(root, "sandbox")
  const spec = join(root, "app.yaml")
  const begin = (args: ReadonlyArray<string>, options: Parameters<typeof startHere>[1] = {}) =>
    startHere([...args, "--sandbox-dir", dir], options)
  const given = async (options: Parameters<typeof startHere>[1], ...args: ReadonlyArray<string>) => {
    const { done, output } = begin([...args, "--sandbox"], options)
    const code = await done
    return { code, out: output.out, err: output.err.replace(/\s+/g, " ") }
  }
  let sandbox: ReturnType<typeof begin>

  beforeAll(async () => {
    sandbox = begin(["sandbox"])
    writeFileSync(spec, text)
    while (!existsSync(join(dir, "server.json"))) await new Promise((resolve) => setTimeout(resolve, 20))
    const { code, err } = await given({ env: { API_KEY: "first-key" } }, "apply", "--yes", spec)
    assert.strictEqual(code, 0, err)
  })

  afterAll(async () => {
    sandbox.interrupt("SIGTERM")
    await sandbox.done
    rmSync(root, { recursive: true, force: true })
  })

  const fabrik = (...args: ReadonlyArray<string>) => given({}, ...args)
  /** The variables that the application has, or the one of a process. */
  const values = async (process?: string): Promise<Readonly<Record<string, string>>> => {
    const which = process === undefined ? [] : ["--process", process]
    const { out } = await fabrik("env", "list", spec, ...which, "--json", "--show")
    const lines = out.trimEnd().split("\n")
    return Object.fromEntries(lines.map((line) => [JSON.parse(line).name, JSON.parse(line).value]))
  }
  return { root, spec, given, fabrik, values }
}

describe("an application", () => {
  const { fabrik, given, root, spec, values } = deployed()

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

  describe("env", () => {
    it("lists whose each variable is, and shows values only when told to", async () => {
      const { out } = await fabrik("env", "list", spec)
      assert.match(
        out,
        /^API_KEY +given +\(hidden\)\nGREETING +spec +\(hidden\)\nSESSION +generated +\(hidden\)$/m
      )
      assert.include(await values(), { API_KEY: "first-key", GREETING: "hello" })
    })

    it("sets what is piped in or typed unseen, and the next plan agrees", async () => {
      const value = "two\nlines $HOME #é"
      const set = await given({ stdin: `${value}\n` }, "env", "set", "shop.example.com", "EXTRA")
      assert.deepStrictEqual([set.code, set.out], [0, "+ EXTRA\n"])
      assert.include(set.err, "fabrik restart shop.example.com")
      const answers = ["second-key"]
      const readLine = (onLine: (line: string | undefined) => void) => {
        onLine(answers.shift())
        return () => {}
      }
      const typed = await given({ readLine }, "env", "set", spec, "API_KEY")
      assert.strictEqual(typed.code, 0, typed.err)
      assert.include(typed.err, "API_KEY (not shown):")
      assert.notInclude(typed.out + typed.err, "second-key")
      assert.include(await values(), { API_KEY: "second-key", EXTRA: value })
      const plan = (await fabrik("plan", spec)).out.replace(/\s+/g, " ")
      assert.include(plan, "API_KEY was written at Coolify and not deployed since")
      const status = await fabrik("status", spec)
      assert.include(status.out.replace(/\s+/g, " "), "would make 1 change: create deployment shop")
      assert.strictEqual((await fabrik("restart", spec, "--yes")).code, 0)
      assert.include((await fabrik("plan", spec)).out, "No changes.")
    })

    it("takes no value from the command line, no bytes that are no text, and none at all", async () => {
      assert.strictEqual((await fabrik("env", "set", spec, "EXTRA=x")).code, 4)
      for (const stdin of ["\n", Uint8Array.of(0xff, 0xfe)]) {
        assert.strictEqual((await given({ stdin }, "env", "set", spec, "EXTRA")).code, 4)
      }
    })

    it("pulls a file that only its owner may read, which pushes back as no change", async () => {
      const file = join(root, "pulled.env")
      assert.strictEqual((await fabrik("env", "pull", spec, file)).code, 0)
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.strictEqual((await fabrik("env", "pull", spec, file)).code, 3)
      assert.strictEqual((await fabrik("env", "push", spec, file)).out, "No changes.\n")
      writeFileSync(file, readFileSync(file, "utf8").replace("second-key", "third-key"))
      assert.strictEqual((await fabrik("env", "push", spec, file)).code, 4)
      assert.strictEqual((await fabrik("env", "push", spec, file, "--yes")).out, "~ API_KEY\n")
      assert.strictEqual((await fabrik("env", "pull", spec, file, "--force")).code, 0)
      assert.match(readFileSync(file, "utf8"), /^API_KEY=third-key$/m)
      writeFileSync(file, "EXTRA=1\nbroken line\n")
      const broken = await fabrik("env", "push", spec, file, "--yes")
      assert.strictEqual(broken.code, 4)
      assert.include(broken.err, "pulled.env:2:1: this is no NAME=value")
    })

    it("takes away what was set by hand", async () => {
      assert.strictEqual((await fabrik("env", "unset", spec, "EXTRA")).code, 4)
      assert.strictEqual((await fabrik("env", "unset", spec, "EXTRA", "--yes")).out, "- EXTRA\n")
      assert.sameMembers(Object.keys(await values()), ["API_KEY", "GREETING", "SESSION"])
    })
  })

  describe("cancel", () => {
    it("says that nothing is under way, and sends nothing", async () => {
      const { code, err, out } = await fabrik("cancel", spec)
      assert.deepStrictEqual([code, out], [0, ""])
      assert.include(err, "No deployment of shop is under way.")
      assert.deepInclude(JSON.parse((await fabrik("cancel", spec, "--json")).out), { deployments: [] })
    })
  })
})

describe("secrets", () => {
  const { fabrik, given, spec, values } = deployed()

  it("are listed with what the application has, and what the next run gives it", async () => {
    const { out } = await given({ env: { API_KEY: "here" } }, "secrets", "list", spec)
    assert.match(
      out,
      /^API_KEY +given +from the environment\nSESSION +generated +kept as the application has it$/m
    )
  })

  it("get a new value that is deployed, and which the next plan agrees with", async () => {
    const before = await values()
    const rotated = await fabrik("secrets", "rotate", spec, "SESSION", "--yes")
    assert.strictEqual(rotated.code, 0, rotated.err)
    const after = await values()
    assert.match(after["SESSION"] ?? "", /^[A-Za-z0-9]{32}$/)
    assert.notStrictEqual(after["SESSION"], before["SESSION"])
    assert.notInclude(rotated.out + rotated.err, after["SESSION"] ?? "")
    assert.deepStrictEqual({ ...after, SESSION: "" }, { ...before, SESSION: "" })
    assert.include((await fabrik("plan", spec)).out, "No changes.")
  })

  it("have the old value again when the new one cannot be deployed", async () => {
    const before = await values()
    const failed = await fabrik(
      "secrets",
      "rotate",
      spec,
      "SESSION",
      "--yes",
      "--sandbox-fault",
      "coolify POST /deploy status=422"
    )
    assert.strictEqual(failed.code, 10, failed.err)
    assert.deepStrictEqual(await values(), before)
    assert.include((await fabrik("plan", spec)).out, "No changes.")
  })

  it("are not made up where somebody gives them", async () => {
    const refused = await fabrik("secrets", "rotate", spec, "API_KEY", "--yes")
    assert.strictEqual(refused.code, 3)
    assert.include(refused.err, "API_KEY was not generated by fabrik")
    assert.strictEqual((await fabrik("secrets", "rotate", spec, "NOBODY", "--yes")).code, 4)
  })
})

describe("secrets of a spec with processes", () => {
  const check = ofOne.split("\n").find((line) => line.startsWith("healthcheck")) ?? ""
  const worker = `domain: jobs.example.com, secrets: { OWN: generate }, ${check}`
  const { fabrik, spec, values } = deployed(`${ofOne}processes: { web: {}, worker: { ${worker} } }\n`)

  it("get one new value in all that have it, or all of them the old one again", async () => {
    const before = await values("web")
    const rotated = await fabrik("secrets", "rotate", spec, "SESSION", "OWN", "--yes")
    assert.strictEqual(rotated.code, 0, rotated.err)
    const [web, worker] = [await values("web"), await values("worker")]
    assert.match(web["SESSION"] ?? "", /^[A-Za-z0-9]{32}$/)
    assert.notStrictEqual(web["SESSION"], before["SESSION"])
    assert.deepStrictEqual(web, { ...before, SESSION: web["SESSION"] ?? "" })
    assert.deepStrictEqual(worker, { ...web, OWN: worker["OWN"] ?? "" })
    assert.notStrictEqual(worker["OWN"], web["SESSION"])
    assert.notInclude(rotated.out + rotated.err, web["SESSION"] ?? "")

    const fault = "coolify POST /deploy status=422"
    const failed = await fabrik("secrets", "rotate", spec, "SESSION", "--yes", "--sandbox-fault", fault)
    assert.strictEqual(failed.code, 10, failed.err)
    assert.deepStrictEqual(await values("worker"), worker)
  })
})

describe("secrets set", () => {
  const { fabrik, given, spec, values } = deployed()

  it("takes a value from stdin, which is deployed, and goes back when it cannot be", async () => {
    const before = await values()
    const set = await given({ stdin: "second-key\n" }, "secrets", "set", spec, "API_KEY", "--yes")
    assert.strictEqual(set.code, 0, set.err)
    assert.notInclude(set.out + set.err, "second-key")
    assert.deepStrictEqual(await values(), { ...before, API_KEY: "second-key" })
    assert.include((await fabrik("plan", spec)).out, "No changes.")
    const failed = await given(
      { stdin: "third-key" },
      "secrets",
      "set",
      spec,
      "API_KEY",
      "--yes",
      "--sandbox-fault",
      "coolify POST /deploy status=422"
    )
    assert.strictEqual(failed.code, 10, failed.err)
    assert.deepStrictEqual(await values(), { ...before, API_KEY: "second-key" })
  })

  it("wants a name alone, and refuses where a .env or the environment gives another", async () => {
    for (const words of [["API_KEY=x"], [], ["API_KEY", "SESSION"], ["NOBODY"], ["GREETING"]]) {
      const { code, err } = await given({ stdin: "x" }, "secrets", "set", spec, ...words, "--yes")
      assert.strictEqual(code, 4, err)
    }
    const refused = await given(
      { stdin: "x", env: { API_KEY: "here" } },
      "secrets",
      "set",
      spec,
      "API_KEY",
      "--yes"
    )
    assert.strictEqual(refused.code, 3)
    assert.include(refused.err, "API_KEY is given in the environment")
    assert.strictEqual((await given({ stdin: "x" }, "secrets", "set", spec, "API_KEY")).code, 4)
  })
})

describe("a look at it", () => {
  const { fabrik, root, spec } = deployed()

  describe("open", () => {
    const live = (): Readonly<Record<string, string>> => {
      const read = (name: string) => JSON.parse(readFileSync(join(root, "sandbox", name), "utf8"))
      return { COOLIFY_ENDPOINT: read("server.json").apiUrl, COOLIFY_TOKEN: read("sandbox.json").token }
    }
    const somebody = () => () => {}

    it("prints the address where stdout is no terminal, by a spec without asking anybody", async () => {
      const { done, output } = startHere(["open", spec])
      assert.deepStrictEqual([await done, output.out, output.err], [0, "https://shop.example.com/\n", ""])
      const ofSandbox = await fabrik("open", "shop")
      assert.match(ofSandbox.out, /^https:\/\/shop\.example\.com:\d+\/\n$/)
      assert.include(ofSandbox.err, "curl --cacert")
      const unknown = await fabrik("open", "sho")
      assert.strictEqual(unknown.code, 3)
      assert.include(unknown.err, "Did you mean shop?")
    })

    it("starts what BROWSER names at a terminal, and says why where it cannot", async () => {
      const browser = join(root, "browser")
      const seen = join(root, "seen")
      writeFileSync(browser, `#!/bin/sh\necho "$@" > ${seen}\n`, { mode: 0o755 })
      const opened = startHere(["open", spec], { readLine: somebody, env: { BROWSER: browser } })
      assert.strictEqual(await opened.done, 0)
      assert.deepStrictEqual(
        [readFileSync(seen, "utf8"), opened.output.out],
        ["https://shop.example.com/\n", ""]
      )
      const failed = startHere(["open", spec], { readLine: somebody, env: { BROWSER: join(root, "none") } })
      assert.deepStrictEqual([await failed.done, failed.output.out], [0, "https://shop.example.com/\n"])
      assert.match(failed.output.err, /Not opened: .*none could not be started/s)
    })

    it("knows Coolify's page of it, and refuses it of a sandbox, which has none", async () => {
      for (const subject of [spec, "shop", "shop.example.com"]) {
        const page = startHere(["open", subject, "--dashboard", "--json"], { env: live() })
        assert.strictEqual(await page.done, 0, page.output.err)
        const { url } = JSON.parse(page.output.out)
        assert.match(
          url,
          /^http:\/\/127\.0\.0\.1:\d+\/project\/\w{24}\/environment\/\w{24}\/application\/\w{24}$/
        )
      }
      assert.strictEqual((await fabrik("open", spec, "--dashboard")).code, 3)
    })
  })

  describe("status", () => {
    it("has a line for each of several specs, and tells of what cannot be read", async () => {
      const folder = join(root, "specs")
      mkdirSync(folder)
      writeFileSync(join(folder, "app.yaml"), ofOne)
      writeFileSync(join(folder, "none.yaml"), ofOne.replaceAll("shop", "nothing"))
      const { code, out } = await fabrik("status", folder)
      assert.strictEqual(code, 0)
      assert.match(
        out,
        /^NAME +COOLIFY +HTTPS +PLAN +URL\nshop +running:\S+ +200 +no changes +https:\/\/shop.example.com\S*\nnothing +not there +\S.* +refused +\S+\n\n1 of 2 applications is as the spec says\.\n$/
      )
      const facts = (await fabrik("status", spec, join(folder, "none.yaml"), "--json")).out
        .trimEnd()
        .split("\n")
      assert.deepStrictEqual(
        facts.map((line) => [JSON.parse(line).name, JSON.parse(line).ok]),
        [
          ["shop", true],
          ["nothing", false]
        ]
      )
      assert.strictEqual((await fabrik("status", folder, "--watch")).code, 4)
    })
  })

  describe("diff", () => {
    it("compares what two releases said, without the values of variables", async () => {
      writeFileSync(spec, ofOne.replace("1.27", "1.28").replace("hello", "good-evening"))
      const next = await fabrik("apply", spec, "--yes")
      assert.strictEqual(next.code, 0, next.err)
      const { code, out } = await fabrik("diff", spec)
      assert.strictEqual(code, 0)
      assert.match(
        out,
        /^- [0-9a-f]{12}  .* UTC  nginx:1\.27\n\+ [0-9a-f]{12}  .* UTC  nginx:1\.28\n\n  ~ env\.GREETING  \(another value\)\n  ~ source\.image  nginx:1\.27 -> nginx:1\.28\n$/
      )
      const [one] = (await fabrik("diff", spec, "--json")).out.split("\n")
      assert.include(JSON.parse(one ?? ""), {
        type: "Difference",
        key: "env.GREETING",
        was: "",
        is: "",
        secret: true
      })
      const [, newest] = / ([0-9a-f]{12}) /.exec(out.split("\n")[1] ?? "") ?? []
      assert.match((await fabrik("diff", spec, newest ?? "")).out, /\nNo difference\.\n$/)
      assert.strictEqual((await fabrik("diff", spec, "none")).code, 3)
    })
  })
})

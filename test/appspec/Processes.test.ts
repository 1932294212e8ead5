import { readFileSync } from "node:fs"
import * as Either from "effect/Either"
import { assert, describe, it } from "vitest"
import { link } from "../../src/appspec/Batch.ts"
import { onlyOf, parseSpec, parseSpecs, specOf } from "../../src/appspec/ParseSpec.ts"
import { schemaProblems } from "../support/SpecSchema.ts"

const fixture = readFileSync(new URL("../../fixtures/processes.yaml", import.meta.url), "utf8")

const specs = (text: string) =>
  Either.getOrThrowWith(parseSpecs(text, "app.yaml"), (error) => new Error(error.message))

const problems = (text: string) =>
  Either.getOrThrow(Either.flip(parseSpecs(text, "app.yaml"))).problems.map(
    ({ column, line, message, path }) => `${line}:${column} ${path}: ${message}`
  )

const shop = `name: shop
domain: shop.example.com
source: { image: "nginx:1.27" }
port: 80
`

describe("the processes of a spec", () => {
  it("are applications with what all of them have, and what each says", () => {
    const [web, worker, clock] = specs(fixture)
    assert.deepStrictEqual(
      [web, worker, clock].map((spec) => spec?.name),
      ["shop", "shop-worker", "shop-clock"]
    )
    assert.deepStrictEqual(web.domains, ["shop.example.com"])
    assert.strictEqual(web.release, "bin/migrate")
    assert.strictEqual(web.healthcheck.path, "/up")
    assert.deepStrictEqual(worker?.domains, [])
    assert.deepStrictEqual(worker?.source, web.source)
    assert.strictEqual(worker?.command, "bin/work --queue mail")
    assert.deepStrictEqual(worker?.resources, { memory: "512M" })
    assert.isUndefined(worker?.release)
    assert.isUndefined(worker?.port)
    assert.deepStrictEqual(worker?.secrets, ["SESSION_KEY"])
    assert.deepStrictEqual(clock?.env, { DATABASE_POOL: "1" })
    assert.deepStrictEqual(clock?.references, web.references)
  })

  it("have one database, which `web` makes and the others use", () => {
    const [web, ...others] = specs(fixture)
    assert.deepStrictEqual(
      web.databases.map(({ name }) => name),
      ["main"]
    )
    for (const other of others) {
      assert.deepStrictEqual(other.databases, [])
      assert.deepStrictEqual(other.sharedDatabases, [{ name: "main", use: "shop-main" }])
    }
  })

  it("go together, after the one that prepares", () => {
    const links = Either.getOrThrow(
      link(specs(fixture).map((spec) => ({ file: "app.yaml", text: fixture, spec })))
    )
    assert.deepStrictEqual(
      links.map(({ after, together }) => [after, together]),
      [
        [[], [1, 2]],
        [[0], [0, 2]],
        [[0], [0, 1]]
      ]
    )
  })

  it("leave `web` as the spec was without them", () => {
    const [{ process, ...web }] = specs(`${shop}processes: { web: {}, worker: {} }\n`)
    assert.deepStrictEqual(web, Either.getOrThrow(parseSpec(shop, "app.yaml")))
    assert.deepInclude(process, { of: "shop", name: "web" })
  })

  it("say over again what is theirs: maps key by key, lists name by name, everything else as a whole", () => {
    const [web, worker] = specs(
      `${shop}env: { A: "1", B: "1" }\nsecrets: [KEY, TOKEN]\nvolumes: [data:/data]\ndns: { ttl: 300, target: 192.0.2.1 }
healthcheck: { path: /up, timeout: 9 }
processes:
  web: { domain: www.example.com, healthcheck: { path: /health } }
  worker: { domain: work.example.com, env: { B: "2", C: "2" }, secrets: [TOKEN, OTHER], dns: { ttl: 60 } }
`
    )
    assert.deepStrictEqual(web.domains, ["www.example.com"])
    assert.strictEqual(web.healthcheck.path, "/health")
    assert.strictEqual(String(web.healthcheck.timeout), "Duration(9s)")
    assert.deepStrictEqual(worker?.env, { A: "1", B: "2", C: "2" })
    assert.deepStrictEqual(worker?.secrets, ["KEY", "TOKEN", "OTHER"])
    assert.deepStrictEqual(worker?.volumes, [])
    assert.strictEqual(worker?.port, 80)
    assert.deepStrictEqual([worker?.dns.ttl, worker?.dns.target], [60, "192.0.2.1"])
  })

  it("may each have a source of their own", () => {
    const [, worker] = specs(`name: shop
processes:
  web: { domain: shop.example.com, port: 80, source: { image: "nginx:1.27" } }
  worker: { source: { git: "https://github.com/acme/worker" } }
`)
    assert.strictEqual(worker?.source._tag, "Git")
  })

  it.each([
    ["processes: [web]\n", "5:12 processes: `processes` must be a map, not a list"],
    ["processes: { web: bin/web }\n", "5:19 processes.web: `processes.web` must be a map, not text"],
    ["processes: { Web: {} }\n", "5:14 processes.Web: `Web` cannot name a process"],
    [
      "processes: { web: { name: x } }\n",
      "5:21 processes.web.name: `processes.web.name` is the same for all processes"
    ],
    ["processes: { web: { comand: x } }\n", "5:21 processes.web.comand: unknown key `comand`"],
    [
      "processes: { web: {}, w: { env: { A: {} } } }\n",
      "5:38 processes.w.env.A: `processes.w.env.A` must be text, a number, true or false"
    ],
    [
      "secrets: [A]\nprocesses: { web: {}, w: { secrets: { B: generate } } }\n",
      "6:37 processes.w.secrets: `processes.w.secrets` and `secrets` are written in two forms"
    ]
  ])("are refused where %j is wrong, at its place", (more, problem) => {
    assert.deepStrictEqual(problems(shop + more), [problem])
  })

  it("are twenty at most, however many a hostile text has", () => {
    const many = (count: number) =>
      `${shop}processes: { web: {}, ${Array.from({ length: count - 1 }, (_, index) => `p${index}: {}`).join(", ")} }\n`
    assert.lengthOf(specs(many(20)), 20)
    assert.deepStrictEqual(problems(many(21)), ["5:12 processes: more than 20 processes"])
  })

  it("tell what is wrong for all of them once", () => {
    assert.deepStrictEqual(problems(`${shop}envv: {}\nprocesses: { web: {}, worker: {}, clock: {} }\n`), [
      "5:1 envv: unknown key `envv`"
    ])
  })

  it("need one called `web` for what only one of them can have", () => {
    assert.deepStrictEqual(problems(`${shop}databases: { main: postgres:17 }\nprocesses: { api: {} }\n`), [
      "2:1 domain: `domain` at the top is what the process `web` has, and none is called so",
      "4:1 port: `port` at the top is what the process `web` has, and none is called so",
      "5:12 databases: databases of all processes are made with `web`, and none is called so"
    ])
  })

  it("are refused beside a compose file, and where two answer at one address", () => {
    assert.include(
      problems(`name: a\nsource: { compose: ./c.yaml }\nprocesses: { w: {} }\n`).join("\n"),
      "3:1 processes: a compose file names its own containers, and has no `processes`"
    )
    const text = `${shop}processes: { web: {}, other: { domain: shop.example.com } }\n`
    const refused = Either.getOrThrow(
      Either.flip(link(specs(text).map((spec) => ({ file: "app.yaml", text, spec }))))
    )
    assert.deepStrictEqual(
      refused.flatMap((error) => error.problems.map(({ column, line, message }) => [line, column, message])),
      [[5, 32, "`shop` answers at shop.example.com too"]]
    )
  })

  it("are told to a command that takes one application, which takes a spec with one process", () => {
    const all = specs(fixture)
    const refused = Either.getOrThrow(Either.flip(onlyOf(fixture, "app.yaml")(all)))
    assert.deepInclude(refused.problems[0], { line: 16, column: 1, path: "processes" })
    assert.include(refused.message, "the spec has several processes (web, worker, clock)")
    assert.strictEqual(
      Either.getOrThrow(parseSpec(`${shop}processes: { web: {} }\n`, "app.yaml")).name,
      "shop"
    )
  })

  it("are found by the name of the application, also one that the spec has no more", () => {
    const all = specs(fixture)
    assert.strictEqual(specOf(all, "shop-clock").command, "bin/clock")
    const gone = specOf(all, "shop-mail")
    assert.deepStrictEqual([gone.name, gone.domains, gone.databases], ["shop-mail", [], []])
  })

  it("are what the JSON Schema takes, and refuses", () => {
    assert.deepStrictEqual(schemaProblems(fixture), [])
    assert.include(schemaProblems(`${shop}processes: { web: { comand: x } }\n`).join("\n"), "comand")
    assert.include(schemaProblems(`${shop}processes: { Web: {} }\n`).join("\n"), "processes")
  })
})

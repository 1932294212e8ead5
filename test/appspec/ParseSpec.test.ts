import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import { parseDocument } from "yaml"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { SpecFile } from "../../src/appspec/sections/Files.ts"
import type { SecretRule } from "../../src/appspec/sections/Secrets.ts"
import type { SpecError } from "../../src/appspec/SpecError.ts"
import { schemaProblems } from "../support/SpecSchema.ts"
import { trimmed } from "../../src/sandbox/coolify/Trim.ts"
import { pythonApi } from "../../src/appspec/templates/PythonApi.ts"

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), "utf8")

/** Whatever is read is also taken by the JSON Schema. */
const good = (text: string): Spec => {
  const spec = Either.getOrThrowWith(parseSpec(text, "spec.yaml"), (error) => new Error(error.message))
  assert.deepStrictEqual(schemaProblems(text), [])
  return spec
}

/** What no JSON Schema says, or ours does not. All else that is refused, it refuses too. */
const beyondJsonSchema = new RegExp(
  [
    // How it is written, in YAML and in the older form.
    "^(?:anchors|tags) |^control characters|say the same$|stands in both lists|the tag is given twice",
    "^`source\\.\\w+` (?:is missing$|has no meaning for a template)|has no meaning for a compose file$|does not say which container|^only what nixpacks built|^Coolify serves no files|^with `build\\.publish`",
    // Rules across keys.
    "is both a secret and a variable$|^no variable or secret is named|no build reads variables$",
    "^`env.PORT` is not the port|cannot point at itself$|never see 404|is mounted twice$|stands there twice$|, and there is none$|is no public domain$|^two volumes are mounted at|^a volume is mounted at|and `type: bind` takes|and not the name of a volume|and so cannot hold|^the spec has no (?:database|secret)|^a database has no|^`PORT` cannot come from",
    "^only (?:a Dockerfile has|nixpacks and railpack run)|starts a web server of its own|is given twice$",
    // What Coolify and Docker make of a command and an amount.
    "^Coolify (?:cannot take the single|hands a command|would take)|^nothing replaces the \\$",
    "^Docker gives no container|has no unit|is no number of processors$",
    "^`release` runs in the container before|^with a `release`, a shell reads|^Coolify has to check inside",
    "that Coolify takes$|^Coolify makes no backups of|fields, and Coolify takes five$|has the port .* already$|is a day that no year has$|^Coolify keeps \\d+|^the command has a",
    "^a repository over ssh needs",
    "^only a repository has pushes|^Coolify cuts the value",
    // What a name, an address or a value means to others.
    "^a public domain has|^the (?:host|port|path) of the re|^this is (?:the|a) page|^this is not an? (?:image name|path inside)",
    "an IP address or a host name: |^`\\$\\{\\.\\.\\.\\}` is not|^`env\\.\\w+` (?:would|ends|contains|is JSON)"
  ].join("|")
)

/** Whether a YAML parser alone has nothing against it. */
const isYaml = (text: string): boolean => {
  const { errors, warnings } = parseDocument(text)
  return errors.length + warnings.length === 0
}

/** Whatever is refused, and can be said in a JSON Schema, is refused by ours too. */
const bad = (text: string): SpecError => {
  const result = parseSpec(text, "spec.yaml")
  assert.isTrue(Either.isLeft(result), `accepted:\n${text}`)
  const error = Either.getOrThrow(Either.flip(result))
  if (isYaml(text) && schemaProblems(text).length === 0) {
    for (const { message } of error.problems) assert.match(message, beyondJsonSchema)
  }
  return error
}

const lines = (text: string) =>
  bad(text).problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`)

/** A spec that is right but for what `more` says. */
const base = (more: string) => `name: a\ndomain: a.example.com\nsource: { image: nginx }\nport: 80\n${more}`

describe("fixtures", () => {
  it("test-api deploys the python starter", () => {
    const spec = good(fixture("test-api.yaml"))
    assert.deepStrictEqual(spec, {
      name: "test-api",
      project: "fabrik",
      environment: "production",
      server: "vps1",
      domains: ["test-api.example.com"],
      template: "python-api",
      source: { _tag: "Dockerfile", text: pythonApi.starter.dockerfile("test-api") },
      build: { env: [] },
      port: 8000,
      env: { PYTHONUNBUFFERED: "1", PORT: "8000", LOG_LEVEL: "info" },
      secrets: ["DATABASE_URL", "API_KEY"],
      volumes: [],
      databases: [],
      references: {},
      secretRules: new Map<string, SecretRule>([
        ["DATABASE_URL", { _tag: "Required" }],
        ["API_KEY", { _tag: "Generate", kind: "alphanumeric", length: 32 }]
      ]),
      dns: { provider: undefined, ttl: undefined, proxied: false, target: undefined },
      healthcheck: {
        path: "/health",
        status: 200,
        timeout: Duration.seconds(30),
        interval: Duration.seconds(5),
        retries: 10,
        startPeriod: Duration.seconds(5),
        settle: Duration.seconds(10),
        container: true,
        release: { _tag: "Json", path: ["release"] }
      }
    })
  })

  it("static-image has the defaults of a bare image", () => {
    const spec = good(fixture("static-image.yaml"))
    assert.deepStrictEqual(spec.source, { _tag: "Image", name: "nginx", tag: "1.27" })
    assert.deepStrictEqual(
      [spec.server, spec.template, spec.env, spec.secrets],
      [undefined, undefined, {}, []]
    )
    assert.deepStrictEqual([spec.healthcheck.container, spec.healthcheck.release], [false, undefined])
  })

  it("git-app says everything itself", () => {
    const spec = good(fixture("git-app.yaml"))
    assert.deepStrictEqual(spec.source, {
      _tag: "Git",
      repository: "https://github.com/coollabsio/coolify-examples",
      branch: "v4.x",
      commit: "HEAD",
      buildPack: "nixpacks",
      baseDirectory: "/nodejs",
      dockerfile: "/Dockerfile"
    })
    assert.deepStrictEqual(spec.env, { LOG_LEVEL: "debug", FEATURE_X: "true", WORKERS: "4" })
    assert.deepStrictEqual(spec.dns, { provider: "cloudflare", ttl: 300, proxied: false, target: undefined })
    assert.deepStrictEqual(spec.healthcheck.release, { _tag: "Json", path: ["build", "release"] })
  })

  it("old-form means the same as its present-day twin", () => {
    const twin = `
name: old-form
domain: old-form.example.com
port: 8080
project: legacy
server: vps1
source: { image: ghcr.io/example/old-form:v1.4.2 }
env: { LOG_LEVEL: info }
secrets: { DATABASE_URL: required, SESSION_KEY: generate }
healthcheck: { path: /up }`
    assert.deepStrictEqual(good(fixture("old-form.yaml")), good(twin))
  })

  it("invalid is told all its mistakes at once", () => {
    const result = parseSpec(fixture("invalid.yaml"), "fixtures/invalid.yaml")
    assert.isTrue(Either.isLeft(result))
    const error = Either.getOrThrow(Either.flip(result))
    assert.strictEqual(`${error.message}\n`, fixture("invalid.txt"))
    assert.notInclude(JSON.stringify(error), "hunter2")
  })
})

describe("where it answers", () => {
  const head = "name: a\nsource: { image: nginx }\n"

  it("nowhere only if that is said, and then without a port", () => {
    for (const said of ["domain: none", "domains: []"]) {
      const { domains, healthcheck, port } = good(`${head}${said}\n`)
      assert.deepStrictEqual([domains, port, healthcheck.container], [[], undefined, false], said)
    }
    assert.strictEqual(good(`${head}domain: none\nport: 9000\n`).port, 9000)
    const [problem] = bad(`${head}port: 1\n`).problems
    assert.strictEqual(problem?.message, "`domain` is missing")
    assert.include(problem?.hint, "`domain: none`")
    assert.deepStrictEqual(lines(`${head}port: 1\ndomains:\n`), ["4:1 domains `domains` has no value"])
  })

  it("at both names of a pair of which one redirects, the main one first", () => {
    const names = (more: string) => good(`${head}port: 1\n${more}\n`).domains
    for (const domain of ["a.de", "www.a.de"]) {
      assert.deepStrictEqual(names(`domain: ${domain}\nredirect: www`), ["www.a.de", "a.de"])
      assert.deepStrictEqual(names(`domain: ${domain}\nredirect: apex`), ["a.de", "www.a.de"])
    }
    assert.deepStrictEqual(names("domains: [a.de, www.a.de, b.fr]\nredirect: apex"), [
      "a.de",
      "www.a.de",
      "b.fr",
      "www.b.fr"
    ])
  })

  it.each([
    ["domain: none\nredirect: www", "4:1 redirect `redirect` is about two domains, and there is none"],
    ["domain: www.de\nredirect: apex", "4:11 redirect `de` is no public domain"],
    ["domain: a.de\ndomains: [b.de]", "4:1 domains `domain` and `domains` exclude each other"],
    ["domains: [a.de, b.de, A.de]", "3:23 domains[2] `a.de` stands there twice"],
    ["domains: [a.de, none]", "3:17 domains[1] a public domain has at least two parts"],
    ["domains: [a.de, b.de]\ndns: { target: b.de }", "4:16 dns.target a domain cannot point at itself"],
    ["domain: none\ndns: { ttl: 60 }", "4:1 dns `dns` is about the record of a domain, and there is none"],
    [
      "domain: none\nhealthcheck: { path: /up }",
      "4:16 healthcheck.path `healthcheck.path` is looked for at the domain, and there is none"
    ],
    [
      "domain: none\nhealthcheck: { container: true, release: { header: X } }",
      "4:33 healthcheck.release `healthcheck.release` is looked for at the domain, and there is none"
    ]
  ])("%j is refused", (more, line) => {
    assert.deepStrictEqual(lines(`${head}${more}\nport: 1\n`), [line])
  })
})

describe("missing and empty", () => {
  it("names what is missing at the start of the file", () => {
    assert.deepStrictEqual(lines("server: x"), [
      "1:1 name `name` is missing",
      "1:1 domain `domain` is missing",
      "1:1 source nothing to deploy: `source` and `template` are both missing",
      "1:1 port `port` is missing"
    ])
  })

  it.each(["", "# only a comment\n", "---\n", "~", "null"])("calls %j empty", (text) => {
    assert.deepStrictEqual(lines(text), ["1:1  the file is empty"])
  })

  it.each(["- a\n- b", "text", "42"])("wants a map, not %j", (text) => {
    assert.deepStrictEqual(lines(text), ["1:1  a spec is a map of keys"])
  })

  it("takes an empty optional map or list as absent", () => {
    assert.deepStrictEqual(good(base("env:\nsecrets:\ndns:\nhealthcheck:\n")), good(base("")))
  })

  it("points a key without a value at the key", () => {
    assert.deepStrictEqual(lines(base("server:\n")), ["5:1 server `server` has no value"])
  })
})

describe("unknown keys", () => {
  it.each([
    ["helthcheck: {}", "did you mean `healthcheck`?"],
    ["Secrets: []", "did you mean `secrets`?"],
    ["enviroment: x", "did you mean `environment`?"],
    ["memory: 512M", "write it under `resources`"],
    ["start: npm start", "did you mean `command`?"],
    ["resources:\n  cpu: 1", "did you mean `cpus`?"],
    ["preDeployCommand: x", "did you mean `release`?"],
    ["rootDir: api", "write `baseDirectory` under `source`"],
    ["builder: nixpacks", "write `buildPack` under `source`"],
    ["labels: { a: b }", "Coolify makes all labels of an application anew"],
    ["replicas: 2", "Coolify runs one container of an application"],
    ["services: {}", "a compose file is no spec"],
    ["image: nginx", "write it under `source`: `source: { image: nginx:1.27 }`"],
    [
      "zzzzzz: 1",
      "known keys: name, template, domain, domains, redirect, basicAuth, server, project, environment, needs, source, build, command, release, port, env, secrets, volumes, files, resources, ports, networkAliases, stopGracePeriod, autoDeploy, runOptions, databases, schedules, dns, healthcheck"
    ],
    ["depends: [postgres]", "other specs stand under `needs`, and databases under `databases`"],
    ["depends_on: [postgres]", "other specs stand under `needs`, and databases under `databases`"],
    ["directory: web", "write `baseDirectory` under `source`"],
    ["build:\n  builder: nixpacks", "write `buildPack` under `source`"],
    ["build:\n  preDeployCommand: x", "write `release` beside `build`"],
    ["storage: []", "did you mean `volumes`?"],
    ["backup: {}", "write it under a database"],
    ["instances: 2", "Coolify runs one container of an application"],
    ["tls: true", "Coolify's proxy has a certificate made for each domain"],
    ["healthcheck:\n  start_period: 3", "did you mean `startPeriod`?"],
    ["dns:\n  tll: 3", "did you mean `ttl`?"],
    ["healthcheck:\n  release:\n    heder: X", "did you mean `header`?"],
    ["__proto__: { name: x }", "known keys: "],
    ["constructor: 1", "known keys: "],
    ["toString: 1", "known keys: "]
  ])("%s", (more, hint) => {
    const [problem] = bad(base(more)).problems
    assert.match(problem!.message, /^unknown key/)
    assert.isTrue(problem!.hint!.startsWith(hint), problem!.hint)
  })

  it("are not told as missing, too, under the name that is meant", () => {
    const said = (text: string) => bad(text).problems.map(({ message }) => message)
    const spec = (keys: string) =>
      `name: a\ndomain: a.example.com\nsource: { image: "nginx:1.27" }\n${keys}\n`
    assert.deepStrictEqual(said(spec("prot: 80")), ["unknown key `prot`"])
    assert.deepStrictEqual(said(spec("zzzzzz: 80")), ["`port` is missing", "unknown key `zzzzzz`"])
  })

  it("are told from variables, where `environment` is a map", () => {
    const [problem] = bad(base("environment:\n  A: b")).problems
    assert.strictEqual(problem?.hint, "variables stand under `env`")
  })

  it.each(["hooks: {}"])("%s is for later, not ignored", (more) => {
    assert.match(lines(base(more)).join(), /is not supported by this version yet/)
  })
})

describe("schedules", () => {
  const when = (cron: string) => base(`schedules:\n  nightly:\n    cron: ${cron}\n    command: bin/clean`)

  it("are a command and when it is run", () => {
    const text = 'schedules:\n  nightly: { cron: "0  3 * * *", command: bin/clean }'
    const nightly = { name: "nightly", command: "bin/clean", timeout: 300, enabled: true }
    assert.deepStrictEqual(good(base(text)).schedules, [{ ...nightly, cron: "0 3 * * *" }])
    const long =
      "schedules:\n  once a day:\n    cron: '@daily'\n    command: |\n      cd /app\n      bin/clean | cat\n    timeout: 60\n    enabled: false"
    assert.deepStrictEqual(good(base(long)).schedules, [
      {
        name: "once a day",
        cron: "@daily",
        command: "cd /app\nbin/clean | cat",
        timeout: 60,
        enabled: false
      }
    ])
    assert.isFalse("schedules" in good(base("schedules:")))
  })

  it.each([
    "daily",
    "every_minute",
    "'@monthly'",
    "30 6 1 1,4,7,10 *",
    "'*/15 8-18/2 * * 1-5'",
    "0 0 29 2 *",
    "0 0 31 * *",
    "0 0 31 2 mon",
    "0 0 * JAN sun",
    "0 0 * * 7"
  ])("%s is a time", (cron) => {
    good(when(cron))
  })

  it.each([
    ["sometimes", "no time that Coolify knows", "five fields"],
    ["dayly", "no time that Coolify knows", "did you mean `daily`?"],
    ["'@reboot'", "no time that Coolify knows", "five fields"],
    ["0 0 3 * * *", "has six fields", "it knows no seconds"],
    ["'* * * *'", "has 4 fields", "five fields"],
    ["60 * * * *", "is no minute", "0 to 59"],
    ["0 24 * * *", "is no hour", "0 to 23"],
    ["0 0 0 * *", "is no day of the month", "1 to 31"],
    ["0 0 1 13 *", "is no month", "1 to 12"],
    ["0 0 * * mon-fri", "is no day of the week", "lists and ranges take numbers"],
    ["0 0 L * *", "is no day of the month", "1 to 31"],
    ["0 5/2 * * *", "is no hour", "a step of it"],
    ["0 22-4 * * *", "is no hour", "a range"],
    ["'*/0 * * * *'", "is no minute", "0 to 59"],
    ["0 0 30 2 *", "is a day that no year has", "another day"]
  ])("%s is none", (cron, message, hint) => {
    const [problem] = bad(when(cron)).problems
    assert.include(problem!.message, message)
    assert.include(problem!.hint!, hint)
    assert.strictEqual(problem!.path, "schedules.nightly.cron")
  })

  it.each([
    ["nightly: 0 3 * * * bin/clean", "must be a map", "cron"],
    ["nightly: { cron: daily }", "needs both `cron` and `command`", "NAME:"],
    ["nightly: { cron: daily, command: a, frequency: daily }", "unknown key", "did you mean `cron`?"],
    ['nightly: { cron: daily, command: " " }', "the command is empty", "bin/cleanup"],
    [`nightly: { cron: daily, command: ${"x".repeat(256)} }`, "Coolify keeps 255 characters", "script"],
    ["nightly: { cron: daily, command: a, timeout: 0 }", "a whole number of seconds from 1", ""],
    ['"a;b": { cron: daily, command: a }', "cannot name a schedule", "letters"]
  ])("%s is refused", (text, message, hint) => {
    const [problem] = bad(base(`schedules:\n  ${text}`)).problems
    assert.include(problem!.message, message)
    assert.include(problem!.hint ?? "", hint)
  })
})

describe("databases", () => {
  const wanted = (text: string) => good(base(`databases:\n  main: ${text}`)).databases

  it("are an engine and its version, or an image of another name", () => {
    assert.deepStrictEqual(wanted("postgres:17"), [
      { name: "main", engine: "postgresql", image: "postgres:17" }
    ])
    assert.deepStrictEqual(wanted("mongo:8.0"), [{ name: "main", engine: "mongodb", image: "mongo:8.0" }])
    assert.deepStrictEqual(wanted("keydb:x86_64_v6.3.4"), [
      { name: "main", engine: "keydb", image: "eqalpha/keydb:x86_64_v6.3.4" }
    ])
    assert.deepStrictEqual(wanted("{ engine: postgresql, image: 'pgvector/pgvector:pg17' }"), [
      { name: "main", engine: "postgresql", image: "pgvector/pgvector:pg17" }
    ])
    const backedUp = "{ engine: mysql, image: 'mysql:8', backup: { schedule: '30 2 * * *', s3: my files } }"
    assert.deepStrictEqual(wanted(backedUp), [
      {
        name: "main",
        engine: "mysql",
        image: "mysql:8",
        backup: { schedule: "30 2 * * *", keep: 7, s3: "my files" }
      }
    ])
    assert.deepStrictEqual(wanted("{ engine: postgres:17, public: 5433 }"), [
      { name: "main", engine: "postgresql", image: "postgres:17", publicPort: 5433 }
    ])
    assert.deepStrictEqual(good(base("")).databases, [])
  })

  it.each([
    ["postgres", "does not say which version"],
    ['"postgres:"', "does not say which version"],
    ["postgres:17:1", "does not say which version"],
    ["postgers:17", "is no engine that Coolify runs"],
    ["sqlite:3", "is no engine that Coolify runs"],
    ["{ engine: postgres, image: 'a:1' }", "unknown `databases.main.engine`"],
    ["{ engine: postgresql, image: postgres }", "is no image with a tag"],
    ["{ engine: postgresql }", "does not say which version"],
    ["{ image: 'postgres:17' }", "needs both `engine` and `image`"],
    ["{ engine: postgres:17, public: 80 }", "from 1024 to 65535"],
    ["{ engine: postgres:17, public: true }", "from 1024 to 65535"],
    ["{ engine: postgres:17, ports: [5432] }", "unknown key"],
    [
      "{ engine: postgres:17, public: 5433 }\n  cache: { engine: redis:7, public: 5433 }",
      "main has the port 5433 already"
    ],
    ["{ use: shop-main, public: 5433 }", "unknown key"],
    ["[postgres:17]", "must be"],
    ["{ engine: redis, image: 'redis:7', backup: { schedule: daily } }", "Coolify makes no backups of redis"],
    ["{ engine: keydb, image: 'keydb:1', backup: { schedule: daily } }", "Coolify makes no backups of keydb"],
    [
      "{ engine: dragonfly, image: 'd:1', backup: { schedule: daily } }",
      "Coolify makes no backups of dragonfly"
    ],
    ["{ engine: mysql, image: 'mysql:8', backup: { keep: 3 } }", "needs a `schedule`"],
    ["{ engine: mysql, image: 'mysql:8', backup: daily }", "must be a map"],
    ["{ engine: mysql, image: 'mysql:8', backup: { schedule: 0 0 3 * * * } }", "has six fields"],
    ["{ engine: mysql, image: 'mysql:8', backup: { schedule: daily, keep: 0 } }", "from 1 to 1000"],
    ["{ engine: mysql, image: 'mysql:8', backup: { schedule: daily, frequency: daily } }", "unknown key"]
  ])("refuses %s", (text, message) => {
    assert.include(lines(base(`databases:\n  main: ${text}`)).join("\n"), message)
  })

  it("have names that can stand in Coolify", () => {
    assert.include(lines(base("databases: { Main: postgres:17 }")).join(), "cannot name a database")
    assert.include(lines(base("databases: { a_b: postgres:17 }")).join(), "cannot name a database")
  })

  it("are referred to by variables, in the middle of a text too", () => {
    const spec = good(
      base(
        "databases: { main: postgres:17 }\nenv:\n  A: ${databases.main.url}\n  B: x=${databases.main.host}:${databases.main.port}$${c}\n  C: plain"
      )
    )
    assert.deepStrictEqual(spec.env, { C: "plain" })
    const part = <F extends string>(field: F) => ({ database: "main", field }) as const
    assert.deepStrictEqual(
      Object.entries(spec.references).map(([name, parts]) => [name, parts.filter((one) => one !== "")]),
      [
        ["A", [part("url")]],
        ["B", ["x=", part("host"), ":", part("port"), "$${", "c}"]]
      ]
    )
  })

  it.each([
    ["A: ${databases.other.url}", "has no database `other`"],
    ["A: ${databases.mian.url}", "has no database `mian`"],
    ["A: ${databases.main.uri}", "a database has no `uri`"],
    ["A: ${databases.main}", "is not expanded"],
    ["A: ${databases.main.url", "is not expanded"],
    ["PORT: ${databases.main.port}", "`PORT` cannot come from a database"],
    ["A: x${secrets.API_KEY}", "the spec has no secret `API_KEY`"],
    ["A: ${secrets.a-b}", "is not expanded"]
  ])("refuses %s", (variable, message) => {
    const spec = base(`databases: { main: postgres:17 }\nenv:\n  ${variable}`)
    assert.include(lines(spec).join("\n"), message)
  })

  it("one that is there already is only used", () => {
    const spec = good(
      base("databases: { main: { use: shop-main }, cache: redis:7 }\nenv: { A: '${databases.main.url}' }")
    )
    assert.deepStrictEqual(spec.sharedDatabases, [{ name: "main", use: "shop-main" }])
    assert.deepStrictEqual(
      spec.databases.map(({ name }) => name),
      ["cache"]
    )
    assert.include(
      lines(base("databases: { main: { use: x, engine: redis } }")).join(),
      "unknown key `engine`"
    )
    assert.include(lines(base("databases: { main: { use: '' } }")).join(), "databases.main.use")
  })

  it("secrets too", () => {
    const spec = good(base("secrets: [PASS]\nenv: { A: 'x:${secrets.PASS}@y', B: '$${secrets.PASS}' }"))
    assert.deepStrictEqual(spec.references, { A: ["x:", { secret: "PASS" }, "@y"] })
    assert.deepStrictEqual(spec.env, { B: "$${secrets.PASS}" })
    const near = bad(base("secrets: [PASS]\nenv: { A: '${secrets.PAS}' }")).problems[0]
    assert.strictEqual(near?.hint, "did you mean `PASS`?")
  })

  it("have no name twice among variables and secrets", () => {
    const spec = base("databases: { main: postgres:17 }\nenv: { A: '${databases.main.url}' }\nsecrets: [A]")
    assert.include(lines(spec).join(), "both a secret and a variable")
  })
})

describe("files", () => {
  const textOf = ({ content }: SpecFile) => (content === undefined ? undefined : Redacted.value(content))
  const beside = (text: string) => new Map([["./app.conf", Either.right(text)]])
  const read = (files: string, text: string) =>
    parseSpec(base(`files:\n${files}`), "spec.yaml", undefined, beside(text))
  const problem = (files: string, text = "") => {
    const result = read(files, text)
    return Either.isLeft(result) ? result.left.problems[0] : undefined
  }

  it("are a name beside the spec, a text of several lines, or a text", () => {
    const spec = Either.getOrThrow(
      read("  /etc/a: ./app.conf\n  /etc/b: |\n    x\n    ${y}\n  /etc/c: { content: 5 }", "a=${HOME}\r\n")
    )
    assert.deepStrictEqual(
      (spec.files ?? []).map((file) => [file.path, file.from, textOf(file), file.losesBreak]),
      [
        ["/etc/a", "./app.conf", "a=${HOME}", true],
        ["/etc/b", undefined, "x\n${y}", true],
        ["/etc/c", undefined, "5", false]
      ]
    )
    const forms = "files:\n  /etc/a: ./app.conf\n  /etc/b: |\n    x\n    y\n  /etc/c: { content: 5 }"
    const [unread] = good(base(forms)).files ?? []
    assert.isUndefined(unread?.content)
  })

  it.prop(
    "arrive as they were written, or are refused",
    [FastCheck.string({ unit: "binary", maxLength: 20 })],
    ([text]) => {
      const result = read("  /etc/a: ./app.conf", text)
      if (Either.isLeft(result)) return assert.match(result.left.message, /app\.conf` /)
      const [file] = result.right.files ?? []
      const arrived = file === undefined ? undefined : textOf(file)
      assert.strictEqual(trimmed(arrived ?? "?"), arrived)
      assert.strictEqual(arrived, text.replace(/\r?\n$/, ""))
    }
  )

  it.each([
    ["./app.conf", " x", "begins with blanks"],
    ["./app.conf", "x\n\n", "ends with blanks or empty lines"],
    ["./app.conf", "x \n", "ends with blanks"],
    ["./app.conf", "\uFEFFx", "byte order mark"],
    ["./app.conf", "0\n", "takes a lone 0 for nothing"],
    ["./app.conf", "a\0b", "no zero byte"],
    ["./app.conf", "[binary file]", "what Coolify itself writes"],
    ["./app.conf", "a".repeat(65_537), "larger than 64 KiB"],
    ["../app.conf", "x", "not below the spec's folder"],
    ["/etc/passwd", "x", "not below the spec's folder"],
    ["~/.ssh/id_rsa", "x", "not below the spec's folder"],
    ["a/../../b", "x", "not below the spec's folder"],
    ["C:\\b", "x", "not below the spec's folder"],
    ["|\n    one line\n", "x", "may be the name of a file, or a text"],
    ["[a]", "x", "must be text, not a list"],
    ["{}", "x", "needs `content`"]
  ])("%j of %j is refused", (value, text, message) => {
    const found = problem(`  /etc/a: ${value}`, text)
    assert.include(found?.message, message)
    assert.deepInclude(found, { line: 6, path: "files./etc/a" })
  })

  it.each([
    ["etc/a: x", "is no path that a file can have"],
    ["/etc/../a: x", "is no path that a file can have"],
    ["/etc/a b: x", "is no path that a file can have"]
  ])("%s is refused", (line, message) => {
    assert.include(problem(`  ${line}`)?.message, message)
  })

  it("stand at a path alone", () => {
    assert.include(lines(base("files: { /a: x, /a/b: x }")).join(), "is a file, and so cannot hold `/a/b`")
    assert.include(lines(base("volumes: [d:/a]\nfiles: { /a: x }")).join(), "a volume is mounted at `/a` too")
  })
})

describe("volumes", () => {
  it("are a name and a path", () => {
    const { volumes } = good(base("volumes:\n  - data:/var/lib/app\n  - my.logs:/var/log"))
    assert.deepStrictEqual(volumes, [
      { name: "data", path: "/var/lib/app" },
      { name: "my.logs", path: "/var/log" }
    ])
    assert.deepStrictEqual(good(base("")).volumes, [])
  })

  it("are directories of the server too, and in compose's long form", () => {
    const { volumes } = good(
      base(
        [
          "volumes:",
          "  - /srv/data:/data",
          "  - /var/run/docker.sock:/var/run/docker.sock:ro",
          "  - /:/host:ro",
          "  - cache:/cache:rw",
          "  - { type: bind, source: /srv/media, target: /media, read_only: true }",
          "  - { type: volume, source: logs, target: /var/log, read_only: false }",
          "  - { source: more, target: /more }"
        ].join("\n")
      )
    )
    assert.deepStrictEqual(volumes, [
      { name: "/srv/data", path: "/data" },
      { name: "/var/run/docker.sock", path: "/var/run/docker.sock", readOnly: true },
      { name: "/", path: "/host", readOnly: true },
      { name: "cache", path: "/cache" },
      { name: "/srv/media", path: "/media", readOnly: true },
      { name: "logs", path: "/var/log" },
      { name: "more", path: "/more" }
    ])
  })

  it.each([
    ["{ type: bind, source: data, target: /a }", "takes a directory of the server"],
    ["{ type: volume, source: /data, target: /a }", "not the name of a volume"],
    ["{ type: tmpfs, target: /a }", "unknown `volumes[0].type` `tmpfs`"],
    ["{ source: data }", "needs both `source` and `target`"],
    ["{ source: ./data, target: /a }", "is not known to the server"],
    ["{ source: data, target: a }", "no path that a volume can be mounted at"],
    ["{ source: data, target: /a, readOnly: true }", "unknown key `readOnly`"]
  ])("%s is refused", (volume, message) => {
    assert.include(lines(base(`volumes:\n  - ${volume}`)).join("\n"), message)
  })

  it.each([
    ["./data:/data", "is not known to the server"],
    ["~/data:/data", "is not known to the server"],
    ["/srv/../etc:/data", "cannot name a directory of the server"],
    ["/srv/data/:/data", "cannot name a directory of the server"],
    ["/srv/a b:/data", "cannot name a directory of the server"],
    ["data", "a name, a colon and a path"],
    ["data:/data:z", "no other option than `ro`"],
    ["data:/data:ro:rw", "no other option than `ro`"],
    ["-data:/data", "cannot name a volume"],
    ["data:data", "no path that a volume can be mounted at"],
    ["data:/", "no path that a volume can be mounted at"],
    ["data:/a/../b", "no path that a volume can be mounted at"],
    ["data:/a b", "no path that a volume can be mounted at"]
  ])("%s is refused at its place", (volume, message) => {
    const [problem] = bad(base(`volumes:\n  - ${JSON.stringify(volume)}`)).problems
    assert.include(problem!.message, message)
    assert.strictEqual(problem!.path, "volumes[0]")
  })

  it("have a name and a path each of their own", () => {
    assert.include(lines(base("volumes: [a:/a, a:/b]")).join(), "is mounted twice")
    assert.include(lines(base("volumes: [a:/a, b:/a:ro]")).join(), "two volumes are mounted at")
    assert.include(lines(base("volumes: [/a:/a, /a:/b]")).join(), "is mounted twice")
  })
})

describe("the older keys", () => {
  const pairs: ReadonlyArray<readonly [string, string]> = [
    ["name: a\nid: a\ndomain: a.example.com\nsource: { image: x }\nport: 1", "`name` and `id`"],
    [base("healthcheck: {}\nhealth: {}"), "`healthcheck` and `health`"],
    [base("expose: 80"), "`port` and `expose`"],
    [base("expose: { port: 80 }"), "`port` and `expose.port`"],
    [base("expose: { domain: b.example.com }"), "`domain` and `expose.domain`"],
    [base("project: web\ncoolify: { project: web }"), "`project` and `coolify.project`"],
    [base("server: x\ncoolify: { server: y }"), "`server` and `coolify.server`"],
    [
      "name: a\ndomain: a.example.com\nport: 1\nsource: { git: https://a.com/b, repo: https://a.com/b }",
      "`source.git` and `source.repo`"
    ],
    [
      "name: a\ndomain: a.example.com\nport: 1\nsource: { git: https://a.com/b, branch: x, ref: y }",
      "`source.branch` and `source.ref`"
    ]
  ]
  it.each(pairs)("both spellings are refused: %#", (text, both) => {
    assert.deepStrictEqual(
      bad(text).problems.map(({ message }) => message),
      [`${both} say the same`]
    )
  })

  it("kind changes nothing but must be one of two words", () => {
    assert.deepStrictEqual(good(base("kind: service")), good(base("kind: app")))
    assert.match(lines(base("kind: cron")).join(), /`kind` is `service` or `app`/)
  })

  it.each([
    [
      "type: git\n  repository: https://github.com/a/b\n  ref: dev",
      "git: https://github.com/a/b\n  branch: dev"
    ],
    ["type: git\n  repo: https://github.com/a/b", "git: https://github.com/a/b"],
    [
      "type: dockerfile\n  repo: https://github.com/a/b",
      "git: https://github.com/a/b\n  buildPack: dockerfile"
    ],
    ["type: image\n  image: nginx\n  ref: '1.27'", "image: nginx:1.27"],
    ["type: image\n  repo: nginx\n  ref: 1.10", "image: nginx:1.10"],
    [`type: image\n  image: nginx\n  ref: sha256:${"a".repeat(64)}`, `image: nginx@sha256:${"a".repeat(64)}`],
    ["type: dockerfile\n  dockerfile: FROM scratch", "dockerfile: FROM scratch"]
  ])("source %s", (older, present) => {
    const spec = (source: string) => good(`name: a\ndomain: a.example.com\nport: 1\nsource:\n  ${source}\n`)
    assert.deepStrictEqual(spec(older), spec(present))
  })

  it("type: template is the starter", () => {
    const text = "name: a\ndomain: a.example.com\ntemplate: node-api\n"
    assert.deepStrictEqual(good(`${text}source: { type: template }`), good(text))
  })
})

describe("source", () => {
  const source = (yaml: string) => `name: a\ndomain: a.example.com\nport: 1\nsource:\n  ${yaml}\n`

  it.each([
    ["nginx", "nginx", "latest"],
    ["nginx:1.27", "nginx", "1.27"],
    ["localhost:5000/a/b", "localhost:5000/a/b", "latest"],
    ["ghcr.io/owner/app:v1", "ghcr.io/owner/app", "v1"],
    [`redis@sha256:${"0a".repeat(32)}`, "redis", `sha256:${"0a".repeat(32)}`]
  ])("image %s", (text, name, tag) => {
    assert.deepStrictEqual(good(source(`image: ${text}`)).source, { _tag: "Image", name, tag })
  })

  it.each([
    "image: 'nginx:'",
    "image: Nginx",
    "image: https://ghcr.io/a/b",
    "image: nginx:1@sha256:abc",
    `image: nginx:1@sha256:${"a".repeat(64)}`,
    "image: nginx@sha256:abc",
    "image: nginx@md5:abc",
    "image: a//b",
    "image: ghcr.io:0/a/b",
    "image: ghcr.io:99999/a/b",
    "image: nginx:1 && id",
    "image: 'nginx:$(id)'",
    "image: ../x",
    "image: -x",
    `image: ${"a".repeat(300)}`,
    "image: []",
    "image: true",
    "image: nginx\n  git: https://github.com/a/b",
    "image: nginx\n  dockerfile: FROM x",
    "image: nginx\n  branch: main",
    "image: nginx:1\n  ref: '2'",
    "git: http://github.com/a/b",
    "git: github.com/a/b",
    "git: git@github.com:a/b.git",
    "git: ssh://git@github.com/a/b",
    "git: https://user:hunter2@github.com/a/b",
    "git: https://hunter2@github.com/a/b",
    "git: https://github.com",
    "git: https://github.com/",
    "git: https://github.com/a/../b",
    "git: https://github.com/a//b",
    "git: https://github.com/a/b?token=hunter2",
    "git: https://github.com/a/b#x",
    "git: https://127.0.0.1/a/b",
    "git: https://2130706433/a/b",
    "git: https://[::1]/a/b",
    "git: https://localhost/a/b",
    "git: https://github.com:/a/b",
    "git: https://github.com:0/a/b",
    "git: https://github.com:99999/a/b",
    "git: 'https://github.com/a/$(id)'",
    "git: 'https://github.com\\@evil.com/a'",
    "git: file:///etc/passwd",
    "git: https://github.com/a/b\n  branch: --upload-pack=x",
    "git: https://github.com/a/b\n  branch: a..b",
    "git: https://github.com/a/b\n  branch: a b",
    "git: https://github.com/a/b\n  branch: 'a;id'",
    "git: https://github.com/a/b\n  branch: a.lock",
    "git: https://github.com/a/b\n  branch: HEAD",
    "git: https://github.com/a/b\n  branch: refs/tags/v1.2.3",
    "git: https://github.com/a/b\n  commit: abc1234",
    "git: https://github.com/a/b\n  commit: main",
    "git: https://github.com/a/b\n  buildPack: nixpack",
    "git: https://github.com/a/b\n  buildPack: dockercompose",
    "git: https://github.com/a/b\n  baseDirectory: ../x",
    "git: https://github.com/a/b\n  baseDirectory: /a/../../b",
    "git: https://github.com/a/b\n  dockerfile: 'a b'",
    "git: https://github.com/a/b\n  buildPack: static\n  dockerfile: Dockerfile",
    "dockerfile: RUN true",
    "dockerfile: ./Dockerfile",
    "dockerfile: FROM x\n  branch: main",
    "branch: main",
    "type: git",
    "type: image",
    "type: dockerfile",
    "type: helm",
    "type: template\n  image: nginx",
    "tag: x"
  ])("refuses %s", (yaml) => {
    const error = bad(source(yaml))
    assert.notInclude(error.message, "hunter2")
    assert.isTrue(
      error.problems.every(({ path }) => path.startsWith("source")),
      error.message
    )
  })

  it("reads a compose file in a repository, whose containers have the names", () => {
    const repository = "source: { git: https://github.com/a/b, branch: release/1.x, compose: ./c.yml"
    const { routes, source: read } = good(`name: a\ndomains: { web: a.example.com }\n${repository} }\n`)
    assert.deepStrictEqual(routes, [{ container: "web", hosts: ["a.example.com"] }])
    assert.include(read, { branch: "release/1.x", buildPack: "dockercompose", compose: "/c.yml" })
    for (const [more, path] of [
      [", buildPack: static }", "source.buildPack"],
      [", dockerfile: Dockerfile }", "source.dockerfile"],
      [" }\nport: 80", "port"],
      [" }\nvolumes: [data:/data]", "volumes"],
      [" }\nhealthcheck: { container: true }", "healthcheck.container"],
      [" }\nbuild: { command: make }", "build.command"]
    ] as const) {
      const { problems } = bad(`name: a\ndomains: { web: a.example.com }\n${repository}${more}\n`)
      assert.deepStrictEqual(
        problems.map((problem) => problem.path),
        [path]
      )
    }
    assert.include(
      bad(`name: a\ndomain: a.example.com\n${repository} }\n`).message,
      "does not say which container"
    )
  })

  it("takes a folder to serve of what nixpacks built, and its port is nginx's", () => {
    const at = "name: a\ndomain: a.example.com\nsource: { git: https://github.com/a/b"
    const { build, port } = good(`${at} }\nbuild: { publish: ./dist/, spa: true }\n`)
    assert.deepStrictEqual([build.publish, build.spa, port], ["/dist", true, 80])
    for (const [more, path] of [
      [", buildPack: static }\nbuild: { publish: dist }", "build.publish"],
      [", dockerfile: Dockerfile }\nport: 80\nbuild: { publish: dist }", "build.publish"],
      [" }\nport: 80\nbuild: { spa: true }", "build.spa"],
      [" }\nport: 3000\nbuild: { publish: dist }", "port"],
      [" }\ncommand: serve\nbuild: { publish: dist }", "command"]
    ] as const) {
      assert.deepStrictEqual(
        bad(`${at}${more}\n`).problems.map((problem) => problem.path),
        [path]
      )
    }
  })

  it("points at the key for a compose file", () => {
    assert.match(
      lines("name: a\ndomain: a.example.com\nport: 1\nsource: { type: compose, file: x }").join(),
      /a compose file is named by its own key/
    )
  })

  it("takes relative paths and a trailing slash in the repository", () => {
    const { source: read } = good(
      source(
        "git: https://GitHub.com/a/b.git/\n  dockerfile: ./docker/Dockerfile\n  baseDirectory: app/\n  commit: " +
          "AB".repeat(20)
      )
    )
    assert.deepStrictEqual(read, {
      _tag: "Git",
      repository: "https://github.com/a/b.git",
      branch: "main",
      commit: "ab".repeat(20),
      buildPack: "dockerfile",
      baseDirectory: "/app",
      dockerfile: "/docker/Dockerfile"
    })
  })
})

describe("template and port", () => {
  const head = "name: a\ndomain: a.example.com\n"

  it("names the nearest template, and all of them", () => {
    const [problem] = bad(`${head}template: node_api2`).problems
    assert.strictEqual(
      problem!.hint,
      "did you mean `node-api`? (templates: python-api, node-api, static-site)"
    )
  })

  it.each(["../../etc/passwd", "/etc/passwd", "python-api/../x", "constructor", "__proto__"])(
    "%s is no template",
    (name) => {
      assert.match(lines(`${head}template: ${name}`).join(), /^3:11 template unknown template/)
    }
  )

  it("gives its port, path and variables to a source of one's own, which wins", () => {
    const spec = good(
      `${head}template: python-api\nsource: { image: me/app }\nenv: { PYTHONUNBUFFERED: '0' }`
    )
    assert.deepStrictEqual(spec.source, { _tag: "Image", name: "me/app", tag: "latest" })
    assert.deepStrictEqual([spec.port, spec.healthcheck.path], [8000, "/health"])
    assert.deepStrictEqual(spec.env, { PYTHONUNBUFFERED: "0", PORT: "8000" })
    assert.deepStrictEqual([spec.healthcheck.container, spec.healthcheck.release], [false, undefined])
  })

  it.each([
    ["template: node-api", 3000, "3000"],
    ["template: node-api\nport: 4000", 4000, "4000"],
    ["template: node-api\nenv: { PORT: 5000 }", 5000, "5000"],
    ["source: { image: x }\nenv: { PORT: 5000 }", 5000, "5000"],
    ["source: { image: x }\nport: 80\nenv: { PORT: 5000 }", 80, "5000"],
    ["source: { image: x }\nport: 0x50", 80, undefined],
    ["source: { image: x }\nport: '80'", 80, undefined]
  ])("%s", (more, port, variable) => {
    const spec = good(head + more)
    assert.deepStrictEqual([spec.port, spec.env["PORT"]], [port, variable])
  })

  it("a starter cannot listen on two ports", () => {
    assert.deepStrictEqual(lines(`${head}template: node-api\nport: 4000\nenv: { PORT: 3000 }`), [
      "5:14 env.PORT `env.PORT` is not the port of the application"
    ])
  })

  it("a template's variable gives way to a secret of that name", () => {
    const spec = good(`${head}template: python-api\nsecrets: [PYTHONUNBUFFERED]`)
    assert.deepStrictEqual(Object.keys(spec.env), ["PORT"])
  })

  it.each(["0", "65536", "-1", "80.5", "1e9", "http", "true", "[80]", ".inf", ".nan", "0x1FFFF"])(
    "port %s",
    (port) => {
      assert.match(
        lines(`${head}source: { image: x }\nport: ${port}`).join(),
        /^4:\d+ port `port` must be a whole number/
      )
    }
  )
})

describe("build", () => {
  const git = `name: a\ndomain: a.example.com\nport: 80\nsource: { git: https://github.com/example/api }\nenv: { SITE_URL: x }\nsecrets: [NPM_TOKEN]\n`

  it("reads the variables and secrets that it names, and no others", () => {
    assert.deepStrictEqual(good(git).build, { env: [] })
    assert.deepStrictEqual(good(`${git}build: { env: [SITE_URL, NPM_TOKEN] }`).build.env, [
      "SITE_URL",
      "NPM_TOKEN"
    ])
  })

  it.each([
    ["build: { env: [SITE_ULR] }", "no variable or secret is named `SITE_ULR` "],
    ["build: { env: [SITE_URL, SITE_URL] }", "duplicate name `SITE_URL`"],
    ["build: { env: SITE_URL }", "`build.env` must be a list, not text"],
    ["build: { env: [1] }", "`build.env` lists names of variables"],
    ["build: { args: { A: 1 } }", "name the variables that the build may read under `build.env`"],
    ["build: { target: prod }", "only a Dockerfile has stages to build"],
    ["build: { install: }", "`build.install` has no value"],
    ["build: { command: it's }", "cannot take the single quote"],
    ["build: { command: [] }", "`build.command` is empty"]
  ])("%s", (more, message) => {
    const said = bad(git + more).problems.map(({ hint = "", message: what }) => `${what} (${hint})`)
    assert.include(said.join("\n"), message)
  })

  it("may say how nixpacks does it, and which stage of a Dockerfile", () => {
    const { build } = good(`${git}build: { install: npm ci, command: [npm, run, build] }`)
    assert.deepStrictEqual(build, { env: [], install: "npm ci", command: ["npm", "run", "build"] })
    const dockerfile = good(
      `${base("build: { target: prod }").replace("image: nginx", "dockerfile: FROM x")}`
    )
    assert.strictEqual(dockerfile.build.target, "prod")
    const said = lines(base("build: { command: make, install: make deps, target: prod }")).join()
    assert.match(said, /only nixpacks and railpack run `build.command`/)
    assert.match(said, /only nixpacks and railpack run `build.install`/)
    assert.match(said, /only a Dockerfile has stages/)
  })

  it("is nothing for an image, which is not built here", () => {
    assert.include(lines(base("env: { A: x }\nbuild: { env: [A] }")).join(), "no build reads variables")
  })
})

describe("command", () => {
  it("is a text for a shell, or words without one", () => {
    assert.strictEqual(
      good(base("command: serve --port $PORT | tee log")).command,
      "serve --port $PORT | tee log"
    )
    assert.deepStrictEqual(good(base("command: [serve, --port, 8080]")).command, ["serve", "--port", "8080"])
  })

  it.each([
    ["command:", "`command` has no value"],
    ["command: []", "`command` is empty"],
    ["command: ' '", "the command is empty"],
    ["command: |\n  a\n  b", "a command is one line"],
    ["command: { run: x }", "must be text"],
    ["command: serve 'x'", "Coolify hands a command with `'` to no image"],
    ["command: [serve, $PORT]", "nothing replaces the $ in `$PORT`"],
    ["command: tini --init serve", "Coolify would take the --init in this command"],
    ["command: serve --ipc host", "Coolify would take the --ip in this command"]
  ])("%s", (more, message) => {
    assert.include(lines(base(more)).join("\n"), message)
  })

  it("is not dropped where nothing is started", () => {
    const source = "{ git: https://github.com/example/api, buildPack: static }"
    const text = `name: a\ndomain: a.example.com\nport: 80\nsource: ${source}\ncommand: serve`
    assert.include(lines(text).join(), "5:1 command `buildPack: static` starts a web server of its own")
  })
})

describe("the names that others give to a source's keys", () => {
  it.each([
    ["rootDir: api", "baseDirectory"],
    ["directory: api", "baseDirectory"],
    ["builder: nixpacks", "buildPack"],
    ["key: k", "deployKey"]
  ])("%s", (more, key) => {
    const [problem] = bad(
      `name: a\ndomain: a.example.com\nport: 80\nsource: { git: https://github.com/a/b, ${more} }`
    ).problems
    assert.strictEqual(problem?.hint, `did you mean \`${key}\`?`)
  })
})

describe("a private repository", () => {
  const from = (source: string) => `name: a\ndomain: a.example.com\nport: 80\nsource: ${source}\n`

  it("is read with a deploy key over ssh, or with a GitHub App over https", () => {
    for (const address of ["git@github.com:acme/api.git", "ssh://git@git.example.com:2222/acme/api"]) {
      assert.deepInclude(good(from(`{ git: '${address}', deployKey: acme }`)).source, {
        repository: address,
        access: { kind: "deployKey", name: "acme" }
      })
    }
    assert.deepInclude(good(from("{ git: https://github.com/acme/api, githubApp: acme hub }")).source, {
      repository: "https://github.com/acme/api",
      access: { kind: "githubApp", name: "acme hub" }
    })
  })

  it.each([
    ["{ git: git@github.com:acme/api.git }", "name one of Coolify's private keys: `deployKey: NAME`"],
    ["{ git: https://github.com/acme/api, deployKey: k }", "write `git: git@github.com:acme/api`"],
    ["{ git: git@github.com:acme/api, githubApp: k }", "write `git: https://github.com/acme/api`"],
    ["{ git: git@github.com:acme/api, deployKey: k, githubApp: k }", "exclude each other"],
    ["{ git: git@github.com:acme/api, deployKey: '' }", "`source.deployKey`"],
    ["{ git: 'git@-oProxyCommand=x:acme/api', deployKey: k }", "is an https address"],
    ["{ git: 'git@github.com:../api', deployKey: k }", "the path of the repository"],
    ["{ image: nginx:1, deployKey: k }", "has no meaning for an image"]
  ])("%s", (source, message) => {
    const said = bad(from(source)).problems.map(({ hint = "", message: what }) => `${what} ${hint}`)
    assert.include(said.join("\n"), message)
  })
})

describe("release", () => {
  it("is waited for by Coolify, where nothing else checks inside the container", () => {
    const spec = good(base("command: [serve, --all]\nrelease: bin/migrate && bin/seed"))
    assert.strictEqual(spec.release, "bin/migrate && bin/seed")
    assert.include(spec.healthcheck, { command: "test -f /tmp/released", container: true })
    const own = good(base("command: serve\nrelease: migrate\nhealthcheck: { command: bin/healthy }"))
    assert.strictEqual(own.healthcheck.command, "bin/healthy")
    const asked = good(base("command: serve\nrelease: migrate\nhealthcheck: { container: true }"))
    assert.isUndefined(asked.healthcheck.command)
  })

  it.each([
    ["release: migrate", "`release` runs in the container before its command, and there is no `command`"],
    ["release: [a, b]\ncommand: serve", "must be text"],
    ["release: echo 'x'\ncommand: serve", "Coolify hands a command with `'` to no image"],
    ["release: migrate\ncommand: [serve, a b]", "a shell reads the words of the `command` too"],
    ["release: migrate\ncommand: serve\nhealthcheck: { container: false }", "that `release` has succeeded"]
  ])("%s", (more, message) => {
    assert.include(lines(base(more)).join("\n"), message)
  })

  it("is not dropped where nothing is started", () => {
    const source = "{ git: https://github.com/example/api, buildPack: static }"
    const text = `name: a\ndomain: a.example.com\nport: 80\nsource: ${source}\nrelease: migrate`
    assert.include(lines(text).join(), "5:1 release `buildPack: static` starts a web server of its own")
  })
})

describe("healthcheck.command", () => {
  it("is run inside the container", () => {
    const { healthcheck } = good(base("healthcheck: { command: bin/healthy --quick, status: 404 }"))
    assert.include(healthcheck, { command: "bin/healthy --quick", container: true, status: 404 })
  })

  it.each([
    ["healthcheck: { command: curl x || exit 1 }", "Coolify takes this for no command of a health check"],
    ["healthcheck: { command: x, container: false }", "`container: false` says not to"],
    ["healthcheck: { test: x }", "unknown key `test`"]
  ])("%s", (more, message) => {
    assert.include(lines(base(more)).join("\n"), message)
  })
})

describe("resources and ports", () => {
  it("are in Docker's words", () => {
    const spec = good(base("resources: { memory: 512MiB, cpus: 0.50 }\nports: ['8080:80']"))
    assert.deepStrictEqual(spec.resources, { memory: "512M", cpus: "0.5" })
    assert.deepStrictEqual(spec.ports, ["8080:80"])
    assert.deepStrictEqual(good(base("resources: { memory: 0 }")).resources, { memory: "0" })
  })

  it("say how it is run and replaced", () => {
    const more =
      "networkAliases: [api, api.internal]\nstopGracePeriod: 45\nrunOptions: [--init, --ulimit nofile=1000:2000]"
    assert.deepInclude(good(base(more)), {
      networkAliases: ["api", "api.internal"],
      stopGracePeriod: 45,
      runOptions: ["--init", "--ulimit nofile=1000:2000"]
    })
    const git = base("autoDeploy: false").replace("image: nginx", "git: https://github.com/example/api")
    assert.strictEqual(good(git).autoDeploy, false)
  })

  it.each([
    ["networkAliases: [a b]", /this is no name in a network/],
    ["stopGracePeriod: 0", /must be a whole number of seconds from 1 to 3600/],
    ["autoDeploy: false", /^5:1 autoDeploy only a repository has pushes/],
    ["runOptions: [--user=1000]", /`--user=1000` is no option that Coolify hands on/],
    ["runOptions: [--volume=/a:/b]", /Coolify drops `--volume`/],
    ["runOptions: [--security-opt=no-new-privileges]", /Coolify cuts the value/],
    ['runOptions: ["--init; rm"]', /is no option/],
    ["resources: { memory: 128X }", /^5:22 resources.memory `128X` is no amount of memory/],
    ["resources: { memory: 512 }", /`512` has no unit, and Docker would take it for bytes/],
    ["resources: { memory: 1M }", /Docker gives no container less than 6 MB/],
    ["resources: { cpus: half }", /`half` is no number of processors/],
    ["resources: { cpus: -1 }", /`-1` is no number of processors/],
    ["ports: [8080]", /`8080` is no pair of ports/],
    ["ports: ['127.0.0.1:8080:80']", /Coolify takes no address/],
    ["ports: ['53:53/udp']", /Coolify's API takes no protocol/],
    ["ports: ['8080:80', '8080:81']", /the server's port 8080 is given twice/],
    ["ports: ['70000:80']", /no pair of ports/]
  ])("%s", (more, message) => {
    assert.match(lines(base(more)).join("\n"), message)
  })
})

describe("env and secrets", () => {
  it("keeps the source text of numbers and booleans", () => {
    const spec = good(
      base(
        "env:\n  A: 8000\n  B: true\n  C: 1.10\n  D: 0x1F\n  E: 1e3\n  F: no\n  G: ''\n  H: 12345678901234567890123\n  I: 010\n  J: |-\n    two\n    lines\n"
      )
    )
    assert.deepStrictEqual(spec.env, {
      A: "8000",
      B: "true",
      C: "1.10",
      D: "0x1F",
      E: "1e3",
      F: "no",
      G: "",
      H: "12345678901234567890123",
      I: "010",
      J: "two\nlines"
    })
  })

  it("takes names that only look like Coolify's, and names with dots", () => {
    const spec = good(
      base(
        "env: { SERVICE_ACCOUNT_EMAIL: bot@example.com, spring.datasource.url: x }\nsecrets: [SERVICE_ROLE_KEY, SERVICE_URLS, spring.datasource.password]"
      )
    )
    assert.include(spec.env, { SERVICE_ACCOUNT_EMAIL: "bot@example.com", "spring.datasource.url": "x" })
    assert.deepStrictEqual(spec.secrets, ["SERVICE_ROLE_KEY", "SERVICE_URLS", "spring.datasource.password"])
  })

  it.each([
    ["env:\n  A:\n", "6:3 env.A `env.A` has no value"],
    ["env:\n  A: ~\n", "6:6 env.A `env.A` has no value"],
    ["env: [A=1]", "5:6 env `env` must be a map"],
    ["env:\n  1A: x", "6:3 env.1A this is not the name of a variable"],
    ["env:\n  __proto__: x", "6:3 env.__proto__ `__proto__` is reserved"],
    ["env:\n  FABRIK_RELEASE: x", "6:3 env.FABRIK_RELEASE `FABRIK_RELEASE` is reserved"],
    ["env:\n  COOLIFY_FQDN: x", "6:3 env.COOLIFY_FQDN `COOLIFY_FQDN` is reserved"],
    ["env:\n  SERVICE_FQDN_APP: x", "6:3 env.SERVICE_FQDN_APP `SERVICE_FQDN_APP` is reserved"],
    ["secrets: [SERVICE_NAME_APP]", "5:11 secrets[0] `SERVICE_NAME_APP` is reserved"],
    ["env:\n  .a: x", "6:3 env..a this is not the name of a variable"],
    ["env:\n  a-b: x", "6:3 env.a-b this is not the name of a variable"],
    ["env:\n  SERVICE_URL_APP: x", "6:3 env.SERVICE_URL_APP `SERVICE_URL_APP` is reserved"],
    ["env:\n  A: 1\n  A: 2", "7:3 env duplicate key `A`"],
    ['env:\n  A: "a\\0b"', "6:6 env.A control characters are not allowed"],
    ["env: { A: 1 }\nsecrets: [A]", "6:11 secrets[0] `A` is both a secret and a variable"],
    ["secrets: [A, A]", "5:14 secrets[1] duplicate secret `A`"],
    ["secrets: [PORT]", "5:11 secrets[0] `PORT` cannot be a secret"],
    ["secrets: [COOLIFY_X]", "5:11 secrets[0] `COOLIFY_X` is reserved"],
    ["secrets: [1]", "5:11 secrets[0] a secret is the name of a variable"],
    ["secrets: A", "5:10 secrets `secrets` must be a list, not text"],
    [
      "secrets: { A: x }",
      "5:15 secrets.A `secrets.A` must say what becomes of it when nobody supplies it: `required`, `generate`, or e.g. `{ generate: hex, length: 64 }`"
    ],
    [
      "secrets: { A: }",
      "5:12 secrets.A `secrets.A` must say what becomes of it when nobody supplies it: `required`, `generate`, or e.g. `{ generate: hex, length: 64 }`"
    ],
    [
      "secrets: { A: [] }",
      "5:15 secrets.A `secrets.A` must say what becomes of it when nobody supplies it: `required`, `generate`, or e.g. `{ generate: hex, length: 64 }`"
    ],
    ["secrets: { A: {} }", "5:15 secrets.A `secrets.A` does not say what to generate"],
    ["secrets: { PORT: generate }", "5:12 secrets.PORT `PORT` cannot be a secret"],
    ["secrets: { COOLIFY_X: required }", "5:12 secrets.COOLIFY_X `COOLIFY_X` is reserved"],
    ["secrets: { A B: required }", "5:12 secrets.A this is not the name of a variable"],
    ["env: { A: 1 }\nsecrets: { A: generate }", "6:15 secrets.A `A` is both a secret and a variable"],
    ["secrets: { A: { generate: hexx } }", "5:27 secrets.A.generate unknown `secrets.A.generate` `hexx`"],
    [
      "secrets: { A: { generate: hex, length: 15 } }",
      "5:40 secrets.A.length `secrets.A.length` must be a whole number from 16 to 256"
    ],
    [
      "secrets: { A: { generate: hex, length: 257 } }",
      "5:40 secrets.A.length `secrets.A.length` must be a whole number from 16 to 256"
    ],
    [
      "secrets: { A: { generate: base64, length: 30 } }",
      "5:43 secrets.A.length `secrets.A.length` must be a multiple of 4 for base64"
    ],
    [
      "secrets: { A: { generate: uuid, length: 36 } }",
      "5:33 secrets.A.length a uuid has a length of its own"
    ],
    ["secrets: { A: { generate: hex, bytes: 32 } }", "5:32 secrets.A.bytes unknown key `bytes`"],
    [
      "secrets: { required: [A], B: generate }",
      "5:12 secrets.required `secrets.required` is a list beside names"
    ],
    [
      "secrets: { required: [A], generate: [A] }",
      "5:38 secrets.generate[0] `A` stands in both lists (line 5)"
    ]
  ])("%s", (more, expected) => {
    assert.deepStrictEqual(lines(base(more)), [expected])
  })

  it("refuses at its place what would not reach the container as it is written, and shows none of it", () => {
    const refused = bad(
      base(
        [
          "env:",
          '  SEPARATOR: " "',
          '  LOG_PREFIX: "[hunter2] "',
          "  PEM: |",
          "    -----BEGIN hunter2-----",
          "    -----END hunter2-----",
          "  NAME: it's hunter2",
          "  FOLDER: C:\\hunter2\\",
          `  JSON: '{"hunter2":"$HOME"}'`,
          `  COLOURS: '["hunter2 #fff"]'`,
          "  PRETTY: |-",
          "    {",
          '      "a": "hunter2"',
          "    }"
        ].join("\n")
      )
    )
    assert.notInclude(refused.message, "hunter2")
    assert.deepStrictEqual(
      refused.message
        .split("\n")
        .filter((line) => !line.startsWith(" "))
        .map((line) => line.replace(/^[^:]*:/, "").slice(0, 48)),
      [
        "6:14: `env.SEPARATOR` would arrive empty: Coolif",
        "7:15: `env.LOG_PREFIX` ends in a blank: Coolify ",
        "8:8: `env.PEM` ends in a line break, which Cooli",
        "11:9: `env.NAME` contains a `'`, which stops the",
        "12:11: `env.FOLDER` ends in a `\\`, which can sto",
        "13:9: `env.JSON` is JSON with a `$` that would b",
        "14:12: `env.COLOURS` is JSON with ` #` in it, wh",
        "15:11: `env.PRETTY` is JSON over several lines, "
      ]
    )
    assert.include(refused.message, "write `|-` instead of `|`")
  })

  it("reads what becomes of a secret that nobody supplies, in all forms", () => {
    const rules = (more: string) => [...good(base(more)).secretRules]
    const usual: SecretRule = { _tag: "Generate", kind: "alphanumeric", length: 32 }
    assert.deepStrictEqual(rules("secrets: [A, B]"), [])
    assert.deepStrictEqual(
      rules(
        "secrets:\n  A: required\n  B: generate\n  C: { generate: hex }\n  D: { generate: base64, length: 88 }\n  E: { generate: uuid }\n  generate: required"
      ),
      [
        ["A", { _tag: "Required" }],
        ["B", usual],
        ["C", { _tag: "Generate", kind: "hex", length: 64 }],
        ["D", { _tag: "Generate", kind: "base64", length: 88 }],
        ["E", { _tag: "Generate", kind: "uuid", length: 36 }],
        ["generate", { _tag: "Required" }]
      ]
    )
    assert.deepStrictEqual(rules("secrets: { required: [A], generate: [B, C] }"), [
      ["A", { _tag: "Required" }],
      ["B", usual],
      ["C", usual]
    ])
  })

  it("takes ${env.NAME} from the environment, and leaves every other $ alone", () => {
    const text = base(
      "env:\n  A: ${env.GIT_SHA}\n  B: v-${env.GIT_SHA}-$${HOME}\n  C: '$HOME {{team.NAME}} $5 a$'\n  D: $${env.GIT_SHA}\n"
    )
    const spec = Either.getOrThrow(parseSpec(text, "spec.yaml", new Map([["GIT_SHA", "ab${c}12"]])))
    assert.deepStrictEqual(spec.env, {
      A: "ab${c}12",
      B: "v-ab${c}12-${HOME}",
      C: "$HOME {{team.NAME}} $5 a$",
      D: "${env.GIT_SHA}"
    })
    assert.deepStrictEqual(spec.interpolated, ["A", "B"])
    // Who does not carry the spec out needs no values.
    assert.strictEqual(good(text).env["A"], "${env.GIT_SHA}")
  })

  it("has one complaint about a variable that is not set, also where the build reads it", () => {
    const text = `name: a\ndomain: a.example.com\nsource: { git: https://github.com/acme/a }\nport: 80\nenv: { A: "\${env.SHA}" }\nbuild: { env: [A] }\n`
    const result = parseSpec(text, "spec.yaml", new Map())
    const problems = Either.isLeft(result) ? result.left.problems : []
    assert.deepStrictEqual(
      problems.map(({ path }) => path),
      ["env.A"]
    )
  })

  it("refuses what the environment does not have, at its place", () => {
    const result = parseSpec(base("env:\n  A: ${env.GIT_SHA}"), "spec.yaml", new Map())
    assert.match(
      Either.getOrThrow(Either.flip(result)).message,
      /^spec\.yaml:6:6: `GIT_SHA` is not set in the environment/
    )
  })

  it.each(["${GIT_SHA}", "${GIT_SHA:-hunter2}", "x ${", "${env.A-B}", "${env.A:-hunter2}"])(
    "refuses %s, with both ways out",
    (value) => {
      const error = bad(base(`env:\n  VERSION: "${value}"`))
      assert.include(error.message, "spec.yaml:6:12: `${...}` is not expanded in a spec")
      assert.include(error.message, "$${")
      assert.notInclude(error.message, "hunter2")
      if (value.startsWith("${GIT")) assert.include(error.message, "`${env.GIT_SHA}`")
    }
  )

  it("allows names of 255 characters and no more", () => {
    const name = "A".repeat(255)
    assert.deepStrictEqual(good(base(`secrets: [${name}]`)).secrets, [name])
    assert.match(lines(base(`secrets: [${name}A]`)).join(), /not the name of a variable/)
  })

  it.each([
    "env: hunter2",
    "env: [KEY=hunter2]",
    "env:\n  KEY=hunter2:\n",
    "env:\n  KEY=hunter2: 1\n  KEY=hunter2: 2\n",
    "env:\n  KEY: [hunter2]",
    "env:\n  KEY: { a: hunter2 }",
    "env:\n  KEY: hunter2\n  KEY: hunter2",
    "env:\n  KEY: 'hunter2",
    "env:\n  KEY: hunter2: x",
    "env:\n  KEY: [hunter2",
    'env:\n  KEY: "hunter2\\q"',
    'env:\n  KEY: "hunter2\\0"',
    "env:\n  KEY: &x hunter2",
    "env:\n  KEY: !!int hunter2",
    "env:\n  KEY: hunter2\nsecrets: [KEY]",
    "env:\n  FABRIK_RELEASE: hunter2",
    "env:\n  PORT: hunter2\nport: x",
    "secrets: hunter2-hunter2",
    "secrets: [KEY=hunter2]",
    "secrets: ['postgres://user:hunter2@db/app']",
    "secrets:\n  KEY: hunter2",
    "secrets:\n  KEY: [hunter2]",
    "secrets:\n  KEY: { value: hunter2 }",
    "secrets:\n  - KEY: hunter2",
    "secrets:\n  KEY=hunter2: x",
    "secrets: { required: { KEY: hunter2 } }"
  ])("never shows a value: %s", (more) => {
    const error = bad(base(more))
    assert.notInclude(error.message, "hunter2")
    assert.notInclude(JSON.stringify(error), "hunter2")
  })
})

describe("the rest", () => {
  it.each([
    ["project: ab", "a project's name has 3 to 255"],
    ["project: 'a;b c'", ""],
    ["project: ' web'", ""],
    ['server: "a\\tb"', "`server` has at most 255 characters"],
    ['server: "a\\rb"', "`server` has at most 255 characters"],
    ["server: 'a\u2028b'", "`server` has at most 255 characters"],
    ["environment: Staging", ""],
    ["environment: a/b", ""],
    ["dns: { provider: dnsmadeeasy }", "unknown `dns.provider`"],
    ["dns: { ttl: 29 }", "`dns.ttl` must be a whole number of seconds from 30 to 86400"],
    ["dns: { proxied: 1 }", ""],
    ["dns: { provider: powerdns, proxied: true }", "powerdns cannot proxy"],
    ["dns: { target: a.example.com }", "a domain cannot point at itself"],
    ["dns: { target: 0x7f.1 }", ""],
    ["dns: { target: 'fe80::1%eth0' }", ""],
    ["dns: [a]", "`dns` must be a map, not a list"],
    ["healthcheck: { timeout: 0 }", ""],
    ["healthcheck: { timeout: 301 }", ""],
    ["healthcheck: { interval: 1.5 }", ""],
    ["healthcheck: { retries: 0 }", ""],
    ["healthcheck: { status: 100 }", ""],
    ["healthcheck: { startPeriod: -1 }", ""],
    ["healthcheck: { settle: 601 }", ""],
    ["healthcheck: { container: 'yes' }", "`healthcheck.container` must be true or false, not text"],
    ["healthcheck: { status: 401, container: true }", "Coolify's probe there fails on each status from 400"],
    ["healthcheck: { release: {} }", "does not say where to look"],
    ["healthcheck: { release: { header: a, json: b } }", "exclude each other"],
    ["healthcheck: { release: { header: 'a: b' } }", "not the name of a header"],
    ["healthcheck: { release: { json: a..b } }", "not a path into a JSON object"],
    ["healthcheck: { release: { json: __proto__.x } }", "not a path into a JSON object"],
    ["healthcheck: { port: 80 }", "unknown key"]
  ])("refuses %s", (more, message) => {
    const problems = bad(base(more)).problems
    assert.strictEqual(problems.length, 1)
    assert.include(problems[0]!.message, message)
    assert.strictEqual(problems[0]!.line, 5)
  })

  it("takes a status from 400 where nobody asks inside the container", () => {
    for (const more of ["healthcheck: { status: 401 }", "healthcheck: { status: 302, container: true }"]) {
      good(base(more))
    }
    // A template's starter is asked there unless the spec says otherwise.
    const starter = (more: string) =>
      `name: a\ndomain: a.example.com\ntemplate: python-api\nhealthcheck: { status: 404${more} }`
    assert.match(lines(starter("")).join(), /^4:24 healthcheck.status .* never see 404/)
    assert.strictEqual(good(starter(", container: false")).healthcheck.status, 404)
  })

  it("takes a record that is made elsewhere", () => {
    assert.isTrue(good(base("dns: none")).dns.none)
    assert.isUndefined(good(base("dns: {}")).dns.none)
    assert.match(bad(base("dns: nne")).message, /`dns: none`/)
  })

  it("takes records that Coolify makes, and nothing that it would not make so", () => {
    assert.deepInclude(good(base("dns: { provider: coolify, proxied: false }")).dns, {
      none: true,
      coolify: true
    })
    for (const more of ["ttl: 60", "proxied: true", "target: 192.0.2.1", "records: [x.example.com TXT y]"]) {
      assert.match(bad(base(`dns: { provider: coolify, ${more} }`)).message, /leaves them to Coolify/)
    }
  })

  it.each([
    ["dns: { target: 192.0.2.1 }", "192.0.2.1"],
    ["dns: { target: '2001:DB8::1' }", "2001:db8::1"],
    ["dns: { target: VPS1.Example.net. }", "vps1.example.net"]
  ])("%s", (more, target) => {
    assert.strictEqual(good(base(more)).dns.target, target)
  })

  it.each(["Test", "a_b", "-a", "a-", "a.b", "", "a".repeat(64), "ä", "a b"])("name %j", (name) => {
    assert.match(lines(base("").replace("name: a", `name: '${name}'`)).join(), /^1:7 name /)
  })

  it("prints nothing that could act on a terminal", () => {
    const message = bad(base('"a\u202Eb": 1\n"c\\u0085d": 2\nenv: { "e\\u202Ef": ~ }\n')).message
    // oxlint-disable-next-line no-control-regex -- they are what must be absent
    assert.notMatch(message, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/)
    assert.include(message, "\\u{202e}")
  })

  it("tells a flood of problems in a bounded message", () => {
    const error = bad(Array.from({ length: 1500 }, (_, i) => `k${i}: 1`).join("\n"))
    assert.strictEqual(error.problems.length, 1000)
    assert.isBelow(error.message.length, 40_000)
    assert.match(error.message, /\n\.\.\. and \d+ more$/)
  })
})

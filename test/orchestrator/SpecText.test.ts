import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { ApplicationSource } from "../../src/coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../../src/coolify/endpoints/Variables.ts"
import type { RecordSet } from "../../src/dns/DnsClient.ts"
import { desiredApplication } from "../../src/orchestrator/Desired.ts"
import { diffApplication } from "../../src/kinds/DiffApplication.ts"
import { looksSecret, sortVariables } from "../../src/orchestrator/PlainVariables.ts"
import { writeSpec, type Existing } from "../../src/orchestrator/SpecText.ts"
import { domain, application, server, spec, variable, zone } from "./Samples.ts"
import { size } from "../reliability/Scale.ts"

const existing = (
  changes: Partial<Existing["application"]> = {},
  more: Partial<Existing> = {}
): Existing => ({
  application: {
    ...application(),
    environmentId: 1,
    server: { uuid: server.uuid, name: server.name },
    otherSettings: [],
    ...changes
  },
  place: {
    project: { uuid: "p", id: 1, name: "fabrik", description: "" },
    environment: { uuid: "e", name: "production", id: 1 }
  },
  variables: [],
  servers: [server],
  dns: [],
  ...more
})

const written = (of: Existing) => Either.getOrThrow(writeSpec(of))

const withRecord = (changes: Partial<RecordSet>): Existing =>
  existing(
    {},
    {
      dns: [
        {
          name: domain,
          provider: "memory",
          comments: true,
          automaticTtl: 300,
          zone,
          recordSets: [
            {
              name: domain,
              type: "A",
              ttl: 300,
              values: [server.ip],
              proxied: false,
              comment: undefined,
              ...changes
            }
          ]
        }
      ]
    }
  )

const row = (key: string, value: string, more: Partial<ObservedVariable> = {}): ObservedVariable => ({
  ...variable(key, value, ""),
  isLiteral: false,
  isBuildtime: true,
  ...more
})

describe("a spec that is printed", () => {
  it("speaks neither to a CI runner nor past whoever reads it, and means the same", () => {
    const text =
      "FROM scratch\n::set-env name=PATH::/tmp\n  ::warning::x\n# ##vso[task.setvariable]x ##[error]\n# a\u202eb\u200bc\u{e0041}"
    const { text: yaml, spec: read } = written(
      existing(
        {
          source: { _tag: "Dockerfile", text },
          description: "##vso[x] \u001b[2J \u202e \n::warning::y",
          otherSettings: ["##teamcity[x]"]
        },
        { variables: [row("A", "::error::x\n::debug::y", { isLiteral: true })] }
      )
    )
    assert.deepStrictEqual(read.source, { _tag: "Dockerfile", text: `${text}\n` })
    assert.strictEqual(read.env["A"], "::error::x\n::debug::y")
    for (const line of yaml.split("\n")) {
      assert.notMatch(line, /^\s*::/)
      assert.notMatch(line, /##\w*\[/)
      assert.notMatch(line, /[\p{Cc}\p{Cf}]/u)
    }
  })
})

it("writes a value that a spec would expand so that it stays as it is", () => {
  const { text, spec: read } = written(
    existing({}, { variables: [row("HOMES", "${HOME} $5", { isLiteral: true })] })
  )
  assert.include(text, "HOMES: $${HOME} $5\n")
  assert.strictEqual(read.env["HOMES"], "${HOME} $5")
})

const sources: ReadonlyArray<ApplicationSource> = [
  { _tag: "Image", name: "ghcr.io/example/api", tag: "1.4.0" },
  { _tag: "Image", name: "nginx", tag: `sha256:${"0f".repeat(32)}` },
  { _tag: "Dockerfile", text: "FROM nginx:1.27\n# \"quoted\": yes\nRUN echo 'a: b'\n\n" },
  {
    _tag: "Git",
    repository: "https://github.com/example/api",
    branch: "release/1",
    commit: "0123456789abcdef0123456789abcdef01234567",
    buildPack: "dockerfile",
    baseDirectory: "/api",
    dockerfile: "/docker/Dockerfile"
  },
  {
    _tag: "Git",
    repository: "https://git.example.org/team/api",
    branch: "main",
    commit: "HEAD",
    buildPack: "nixpacks",
    baseDirectory: "/",
    dockerfile: "/Dockerfile"
  }
]

describe("a text of several lines", () => {
  const dockerfile = 'FROM node:22\nRUN npm ci \\\n  && npm test\n\n# "quoted": \'yes\'\nCMD ["node", "."]\n'

  it("stands in a spec as lines, as a person writes it", () => {
    const { text, spec: read } = written(existing({ source: { _tag: "Dockerfile", text: dockerfile } }))
    assert.include(text, `  dockerfile: |\n${dockerfile.replace(/^(?=.)/gm, "    ").trimEnd()}\n`)
    assert.deepStrictEqual(read.source, { _tag: "Dockerfile", text: dockerfile })
  })

  const line = FastCheck.oneof(
    FastCheck.constantFrom(
      "",
      " ",
      "\t",
      "  RUN x",
      "a: b # c",
      "- x",
      "---",
      "...",
      "%A",
      "{}",
      "x ",
      "'",
      '"',
      "\\",
      "|",
      "::x",
      "##[x]"
    ),
    FastCheck.string({ maxLength: 6 })
  )
  it.prop(
    "means the same whatever its lines are",
    [FastCheck.array(line, { maxLength: 6 }), FastCheck.constantFrom("", "\n", "\n\n")],
    ([lines, end]) => {
      const value = `FROM x\n${lines.join("\n")}${end}`
      const { spec: read } = written(
        existing(
          { source: { _tag: "Dockerfile", text: value } },
          { variables: [row("A", `${lines.join("\n")}${end}`)] }
        )
      )
      assert.deepStrictEqual(read.source, { _tag: "Dockerfile", text: `${value.trim()}\n` })
      if (read.env["A"] !== undefined) assert.strictEqual(read.env["A"], `${lines.join("\n")}${end}`)
    },
    { fastCheck: { numRuns: size(80, 300) } }
  )
})

describe("writeSpec", () => {
  it("leaves out a status that Coolify keeps and its check could never pass", () => {
    const healthcheck = { ...application().healthcheck, enabled: true, status: 401 }
    const { text, spec: read } = written(existing({ healthcheck }))
    assert.strictEqual(read.healthcheck.status, 200)
    assert.isTrue(read.healthcheck.container)
    assert.match(text, /set to the default by `fabrik apply`: status/)
    const outside = written(existing({ healthcheck: { ...healthcheck, enabled: false } }))
    assert.strictEqual(outside.spec.healthcheck.status, 401)
  })

  for (const source of sources) {
    it(`writes a spec that changes nothing of the application: ${JSON.stringify(source).slice(0, 60)}`, () => {
      for (const healthcheck of [
        { ...application().healthcheck, enabled: false },
        { ...application().healthcheck, port: "", status: 204, timeout: 30, retries: 2, startPeriod: 0 }
      ]) {
        const of = existing({ source, healthcheck })
        const made = written(of)
        const diff = diffApplication(desiredApplication("default", made.spec, "000000000009"), of.application)
        assert.deepStrictEqual([diff.changes, diff.replace], [[], false])
      }
    })
  }

  it("keeps the place, and makes a name of any name", () => {
    const of = existing(
      { name: "My API #2" },
      {
        place: {
          project: { uuid: "p", id: 1, name: "Shop: staging", description: "" },
          environment: { uuid: "e", name: "staging", id: 1 }
        }
      }
    )
    const { spec: made, text } = written(of)
    assert.deepStrictEqual(
      [made.name, made.project, made.environment, made.server],
      ["my-api-2", "Shop: staging", "staging", "vps1"]
    )
    assert.include(text, "My API #2")
  })

  it("says in comments what it cannot say", () => {
    const { text } = written(
      existing({
        description: "the shop\nname: evil",
        domains: ["http://old.example.com:3000/x", "https://api.example.com", "https://www.example.com"],
        otherSettings: ["limits_memory"],
        healthcheck: { ...application().healthcheck, interval: 900, port: "9999" }
      })
    )
    for (const words of ["the shop name: evil", "www.example.com", "limits_memory", "interval", "9999"]) {
      assert.include(text, words)
    }
    assert.isAtMost(Math.max(...text.split("\n").map((line) => line.length)), 80)
  })

  it("refuses what no spec can hold", () => {
    const refusal = (changes: Partial<Existing["application"]>) =>
      Either.getOrThrow(Either.flip(writeSpec(existing(changes)))).reason
    assert.strictEqual(refusal({ domains: ["https://localhost"] }), "Inexpressible")
    assert.strictEqual(refusal({ source: { _tag: "Dockerfile", text: undefined } }), "Unrestorable")
    assert.strictEqual(
      refusal({ source: { ...sources[4]!, buildPack: "unheard-of" } as ApplicationSource }),
      "Inexpressible"
    )
    assert.strictEqual(
      refusal({ source: { ...sources[4]!, repository: "git@github.com:a/b.git" } as ApplicationSource }),
      "Inexpressible"
    )
  })

  it("names a DNS setting only where it differs from fabrik's own choice", () => {
    assert.notInclude(written(withRecord({})).text, "dns:")
    assert.include({ ...written(withRecord({ values: ["192.0.2.99"] })).spec.dns }, { target: "192.0.2.99" })
    assert.include({ ...written(withRecord({ ttl: 60 })).spec.dns }, { ttl: 60, target: undefined })
    assert.include({ ...written(withRecord({ proxied: true, ttl: undefined })).spec.dns }, { proxied: true })
    const cname = withRecord({ type: "CNAME", values: ["edge.example.net"] })
    assert.include({ ...written(cname).spec.dns }, { target: "edge.example.net" })
    const several = written(withRecord({ values: [server.ip, "192.0.2.99"] }))
    assert.isUndefined(several.spec.dns.target)
    assert.include(several.text, "192.0.2.99")
  })

  it("writes plain variables, and only names of those that look secret or mean something else here", () => {
    const { spec: made, text } = written(
      existing(
        {},
        {
          variables: [
            row("LOG_LEVEL", "info"),
            row("FLAG", "yes"),
            row("TEXT", 'a: b\n- "c" # d\n\ne', { isLiteral: true }),
            row("CUT", "a # b"),
            row("ESCAPED", 'say "hi"'),
            row("BROKEN", "it's", { isLiteral: true }),
            row("REPLACED", '{"a":"$HOME"}', { isLiteral: true }),
            row("PADDED", "[api] "),
            row("DATABASE_URL", "postgres://user:hunter2@db/api"),
            row("STRIPE_KEY", "hunter3"),
            row("HIDDEN", "", { value: undefined }),
            row("ONCE", "hunter4", { isShownOnce: true }),
            row("EXPANDED", "$HOST:80"),
            row("LITERAL", "$HOST:80", { isLiteral: true }),
            row("LOG_LEVEL", "debug", { isPreview: true }),
            row("COOLIFY_FQDN", "x"),
            row("FABRIK_RELEASE", "x")
          ]
        }
      )
    )
    assert.deepStrictEqual(made.env, {
      FLAG: "yes",
      LITERAL: "$HOST:80",
      LOG_LEVEL: "info",
      TEXT: 'a: b\n- "c" # d\n\ne'
    })
    assert.deepStrictEqual(made.secrets, [])
    for (const name of ["DATABASE_URL", "STRIPE_KEY", "HIDDEN", "ONCE"])
      assert.include(text, `#   - ${name}\n`)
    // What the container gets of them is not what they say: written anew they would change.
    assert.match(text, /BROKEN, CUT, ESCAPED, EXPANDED, PADDED, REPLACED\./)
    assert.notInclude(text, "hunter")
    assert.notInclude(text, "COOLIFY_FQDN")
  })

  it("takes the names of shared variables as they stand, whatever the variable is called", () => {
    const variables = [
      row("SMTP_PASSWORD", "{{team.SMTP_PASSWORD}}"),
      row("FROM", "a {{ project.NAME }} b"),
      row("API_TOKEN", "x-{{team.TOKEN}}")
    ]
    const { plain, secret } = sortVariables(variables, application().source)
    assert.deepStrictEqual(plain, {
      FROM: "a {{ project.NAME }} b",
      SMTP_PASSWORD: "{{team.SMTP_PASSWORD}}"
    })
    assert.deepStrictEqual(secret, ["API_TOKEN"])
  })

  it("names fabrik's own secrets, which an application keeps, beside those that only look like some", () => {
    const secret = `fabrik secret given ${"0a".repeat(16)} key=0a0a0a0a`
    const { spec: made, text } = written(
      existing({}, { variables: [row("MODE", "hunter5", { comment: secret }), row("API_KEY", "hunter6")] })
    )
    assert.deepStrictEqual(made.secrets, ["MODE"])
    assert.deepStrictEqual(made.secretRules.get("MODE"), { _tag: "Required" })
    assert.include(text, "secrets:\n  MODE: required\n")
    assert.include(text, "#  API_KEY: generate\n")
    assert.notInclude(text, "hunter")
  })

  it("keeps what a spec had as plain, whatever it looks like, and names what the build reads of secrets", () => {
    const plain = `fabrik ${"0a".repeat(16)}`
    const secret = `fabrik secret given ${"0a".repeat(16)} key=0a0a0a0a`
    const { spec: made } = written(
      existing(
        { source: sources.find(({ _tag }) => _tag === "Git") ?? assert.fail() },
        {
          variables: [
            row("AUTH_URL", "https://auth.example.com", { comment: plain, isBuildtime: false }),
            row("NPM_TOKEN", "hunter5", { comment: secret, isBuildtime: true })
          ]
        }
      )
    )
    assert.deepStrictEqual(made.env, { AUTH_URL: "https://auth.example.com" })
    assert.deepStrictEqual(made.secrets, ["NPM_TOKEN"])
    assert.deepStrictEqual(made.build.env, ["NPM_TOKEN"])
    const dockerfile: ApplicationSource = { _tag: "Dockerfile", text: "FROM x\nARG VERSION\n" }
    const version = row("VERSION", "1", { comment: plain, isBuildtime: true })
    const { build, plain: kept } = sortVariables([version], dockerfile)
    assert.deepStrictEqual([kept, build], [{ VERSION: "1" }, ["VERSION"]])
  })

  it("leaves arguments of an inline Dockerfile's build alone", () => {
    const source: ApplicationSource = { _tag: "Dockerfile", text: "FROM x\nARG VERSION\n" }
    const { plain, other } = sortVariables([row("VERSION", "1"), row("MODE", "2")], source)
    assert.deepStrictEqual([plain, other], [{ MODE: "2" }, ["VERSION"]])
  })

  const marks = FastCheck.constantFrom(
    "a",
    " ",
    "\n",
    "\t",
    ":",
    "#",
    "-",
    "'",
    '"',
    "|",
    "\\",
    "{",
    "]",
    "&"
  )
  const name = FastCheck.oneof(
    FastCheck.string({ unit: "binary", maxLength: 40 }),
    FastCheck.string({ unit: marks, maxLength: 12 })
  )
  it.prop(
    "reads back what it wrote, whatever Coolify's texts are",
    [name, name, FastCheck.dictionary(FastCheck.stringMatching(/^[A-Z][0-9_]{0,3}$/), name)],
    ([title, description, values]) => {
      const variables = Object.entries(values).map(([key, value]) => row(key, value))
      const made = writeSpec(existing({ name: title, description }, { variables }))
      if (Either.isLeft(made)) {
        assert.strictEqual(made.left.reason, "Inexpressible")
        return
      }
      const { plain, secret } = sortVariables(variables, application().source)
      assert.deepStrictEqual(made.right.spec.env, plain)
      assert.deepStrictEqual(made.right.spec.domains, ["api.example.com"])
      for (const key of secret) assert.notProperty(plain, key)
    }
  )
})

describe("looksSecret", () => {
  it("rather says yes", () => {
    for (const [key, value] of [
      ["API_KEY", "x"],
      ["db_password", ""],
      ["URL", "https://user:pw@host/"],
      ["REDIS", "redis://:pw@host"],
      ["A", "-----BEGIN EC-----"],
      ["A", "0f3d8c1b2a4e5d6f7a8b9c0d"]
    ] as const) {
      assert.isTrue(looksSecret(key, value), `${key}=${value}`)
    }
    for (const [key, value] of [
      ["LOG_LEVEL", "info"],
      ["PORT", "8000"],
      ["URL", "https://api.example.com/v1"],
      ["MOTTO", "all is well, and will be"]
    ] as const) {
      assert.isFalse(looksSecret(key, value), `${key}=${value}`)
    }
  })
})

describe("what is written for a plan to come", () => {
  const git = sources.find((source) => source._tag === "Git") ?? spec.source

  it("names what the build of a repository reads", () => {
    const variables = [row("SITE_URL", "https://a"), row("MODE", "x", { isBuildtime: false })]
    const build = (source: ApplicationSource) => written(existing({ source }, { variables })).spec.build.env
    assert.deepStrictEqual(build(git), ["SITE_URL"])
    assert.deepStrictEqual(build(spec.source), [])
  })

  it("asks for the address of a server that only Coolify can resolve", () => {
    const own = { ...server, ip: "host.docker.internal" }
    assert.include(written(existing({}, { servers: [own] })).text, "# dns:\n#   target: 203.0.113.7")
    assert.notInclude(written(existing({})).text, "dns:")
  })
})

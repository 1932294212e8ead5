import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { stringify } from "yaml"
import { arriving } from "../../src/coolify/FileContent.ts"
import { valueProblem } from "../../src/coolify/VariableValue.ts"
import { parseSpec, parseSpecs } from "../../src/appspec/ParseSpec.ts"
import { specJsonSchema } from "../../src/appspec/JsonSchema.ts"
import { type Spec, Written, writtenOf } from "../../src/appspec/Spec.ts"

import { writeKeys } from "../../src/appspec/WriteSpec.ts"
import { schemaProblems } from "../support/SpecSchema.ts"
import { size } from "../reliability/Scale.ts"

const read = (text: string): Spec =>
  Either.getOrThrowWith(
    parseSpec(text, "spec.yaml", new Map()),
    (error) => new Error(`${error.message}\n${text}`)
  )

const write = (spec: Spec) => `${writeKeys(writtenOf(spec))}\n`

const optional = <A>(arbitrary: FastCheck.Arbitrary<A>) =>
  FastCheck.option(arbitrary, { nil: undefined, freq: 1 })
const word = FastCheck.stringMatching(/^[a-z][a-z0-9]{2,12}$/)
const path = FastCheck.array(word, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`)
const variable = FastCheck.stringMatching(/^[A-BD-EG-OQ-RT-Z_][A-Za-z0-9_]{0,20}$/).filter(
  (name) => name !== "__proto__"
)
// oxlint-disable-next-line no-control-regex -- a spec has none of them
const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\uFFFE\uFFFF]|\p{Cs}/gu
const text = FastCheck.string({ unit: "binary" }).map((text) => text.replace(control, ""))
const value = text.filter((text) => valueProblem(text) === undefined)
const seconds = FastCheck.integer({ min: 1, max: 300 })

const source: FastCheck.Arbitrary<object> = FastCheck.oneof(
  FastCheck.record({
    image: FastCheck.tuple(
      path,
      optional(FastCheck.constantFrom(":1.27", ":v1_a", `@sha256:${"0a".repeat(32)}`))
    ).map(([name, tag]) => `ghcr.io${name}${tag ?? ""}`)
  }),
  FastCheck.record(
    {
      git: FastCheck.tuple(FastCheck.domain(), path).map(([host, rest]) => `https://${host}${rest}`),
      branch: word,
      commit: FastCheck.constantFrom("HEAD", "a1".repeat(20)),
      baseDirectory: path,
      dockerfile: path
    },
    { requiredKeys: ["git"] }
  ),
  FastCheck.record({
    dockerfile: FastCheck.tuple(word, text).map(([image, text]) => `FROM ${image}\n# ${text}\n`)
  })
)

const record = FastCheck.tuple(
  word,
  FastCheck.oneof(
    FastCheck.record({ type: FastCheck.constant("A"), value: FastCheck.ipV4() }),
    FastCheck.record({
      type: FastCheck.constant("TXT"),
      value: FastCheck.string({ unit: "grapheme", minLength: 1, maxLength: 300 }).filter(
        (text) => !/^"|\p{Cc}|\p{Cs}|\uFFFD/u.test(text) && Buffer.byteLength(text) <= 2048
      )
    }),
    FastCheck.record({ type: FastCheck.constant("MX"), value: word.map((host) => `10 ${host}.example.net`) })
  ),
  FastCheck.option(FastCheck.integer({ min: 30, max: 86_400 }), { nil: undefined })
).map(([name, one, ttl]) => ({ name: `${name}-x`, ...one, ...(ttl === undefined ? {} : { ttl }) }))

/** The form of today; every key but two is optional. */
const secret = variable.map((name) => `S${name}`)

const raw = FastCheck.record(
  {
    name: FastCheck.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/),
    domain: FastCheck.domain(),
    template: FastCheck.constantFrom("python-api", "node-api", "static-site"),
    server: word,
    project: word.map((text) => `${text} & Söhne`),
    environment: word,
    source,
    port: FastCheck.integer({ min: 1, max: 65_535 }),
    env: FastCheck.dictionary(variable, FastCheck.oneof(value, FastCheck.integer(), FastCheck.boolean())),
    secrets: FastCheck.oneof(
      FastCheck.uniqueArray(secret, { maxLength: 4 }),
      FastCheck.dictionary(
        secret,
        FastCheck.oneof(
          FastCheck.constantFrom("required", "generate"),
          FastCheck.record({ generate: FastCheck.constantFrom("uuid", "base64") }),
          FastCheck.record({
            generate: FastCheck.constantFrom("hex", "alphanumeric", "password"),
            length: FastCheck.integer({ min: 16, max: 256 })
          })
        ),
        { maxKeys: 4 }
      )
    ),
    command: FastCheck.constantFrom("serve --port $PORT", ["serve", "a b"], "a | b > c", "node app.js"),
    release: FastCheck.constantFrom("bin/migrate", "cd db && migrate --all"),
    files: FastCheck.dictionary(
      path.map((one) => `/etc${one.replaceAll("/", "-")}`),
      FastCheck.oneof(
        FastCheck.constantFrom("./app.conf", "conf/app.conf", "two\n\tlines\n"),
        FastCheck.record({ content: text }).filter(({ content }) => Either.isRight(arriving(content)))
      ),
      { maxKeys: 3 }
    ),
    volumes: FastCheck.uniqueArray(
      FastCheck.constantFrom(
        "data:/data",
        "/srv/media:/media:ro",
        { type: "bind", source: "/srv/more", target: "/more", read_only: true },
        { source: "logs", target: "/logs" }
      ),
      { maxLength: 3 }
    ),
    resources: FastCheck.record(
      {
        memory: FastCheck.constantFrom("512M", "1.5 gb", 0, "2GiB"),
        cpus: FastCheck.constantFrom(0.5, "2", 0)
      },
      { requiredKeys: [] }
    ),
    // A record of its own for each, as the same one twice would be written as an alias.
    databases: FastCheck.dictionary(
      FastCheck.constantFrom("main", "cache"),
      FastCheck.oneof(
        FastCheck.constant("postgres:17"),
        FastCheck.record({ use: FastCheck.constant("shop-main") }),
        FastCheck.record({
          engine: FastCheck.constant("postgresql"),
          image: FastCheck.constant("pgvector/pgvector:pg17")
        }),
        FastCheck.record(
          {
            engine: FastCheck.constantFrom("mysql:8.4", "clickhouse:25.11"),
            backup: FastCheck.record({ schedule: FastCheck.constantFrom("daily", "0 3 * * *") }),
            public: FastCheck.integer({ min: 1024, max: 65_535 })
          },
          { requiredKeys: ["engine"] }
        )
      ),
      { minKeys: 1, maxKeys: 2 }
    ),
    ports: FastCheck.uniqueArray(FastCheck.constantFrom("8080:80", "25565:25565"), { maxLength: 2 }),
    networkAliases: FastCheck.uniqueArray(word, { maxLength: 2 }),
    stopGracePeriod: seconds,
    runOptions: FastCheck.uniqueArray(
      FastCheck.constantFrom("--init", "--cap-add=NET_ADMIN", "--dns 1.1.1.1"),
      {
        maxLength: 2
      }
    ),
    schedules: FastCheck.dictionary(
      FastCheck.stringMatching(/^[a-z]([a-z \-@]{0,20}[a-z])?$/),
      FastCheck.record(
        {
          cron: FastCheck.constantFrom("0 3 * * *", "*/15 8-18/2 1,15 jan 0-6", "@daily", "every_minute"),
          command: FastCheck.constantFrom("bin/clean", "a |\n  b > 'c d'\n", '  echo "$HOME" # c'),
          timeout: FastCheck.integer({ min: 1, max: 36_000 }),
          enabled: FastCheck.boolean()
        },
        { requiredKeys: ["cron", "command"] }
      ),
      { maxKeys: 3 }
    ),
    dns: FastCheck.oneof(
      FastCheck.constant({ provider: "coolify" }),
      FastCheck.record(
        {
          provider: FastCheck.constantFrom("cloudflare", "powerdns"),
          ttl: FastCheck.integer({ min: 30, max: 86_400 }),
          proxied: FastCheck.constant(false),
          target: FastCheck.oneof(FastCheck.ipV4(), FastCheck.ipV6()),
          records: FastCheck.uniqueArray(record, { selector: ({ name }) => name, maxLength: 4 })
        },
        { requiredKeys: [] }
      )
    ),
    healthcheck: FastCheck.record(
      {
        path,
        status: FastCheck.integer({ min: 200, max: 599 }),
        timeout: seconds,
        interval: seconds,
        retries: FastCheck.integer({ min: 1, max: 100 }),
        startPeriod: seconds,
        settle: seconds,
        container: FastCheck.boolean(),
        command: FastCheck.constantFrom("bin/healthy --quick", "true"),
        release: FastCheck.oneof(
          FastCheck.record({ header: word }),
          FastCheck.record({
            json: FastCheck.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."))
          })
        )
      },
      { requiredKeys: [] }
      // Coolify's own check fails on these.
    )
      .map((check) => ((check.status ?? 200) < 400 ? check : { ...check, container: false }))
      .map(({ command, ...check }) =>
        check.container === undefined && command !== undefined ? { ...check, command } : check
      )
  },
  { requiredKeys: ["name", "domain"] }
)

type Drawn = typeof raw extends FastCheck.Arbitrary<infer A> ? A : never

/** A release command needs a command that a shell can read, and a check in the container. */
const withCommand = ({ release, ...spec }: Drawn) =>
  release === undefined || typeof spec.command !== "string" || spec.healthcheck?.container === false
    ? spec
    : { ...spec, release }

/** With neither source nor port a template is needed. */
const complete = raw
  .map(withCommand)
  .map((spec) =>
    spec.template === undefined && (spec.source === undefined || spec.port === undefined)
      ? { ...spec, template: "python-api" }
      : spec
  )

describe("a spec and its text", () => {
  it.prop(
    "a spec that is written anew reads as itself",
    [
      complete,
      FastCheck.constantFrom(
        {},
        { defaultStringType: "QUOTE_DOUBLE" as const },
        { collectionStyle: "flow" as const }
      )
    ],
    ([given, style]) => {
      const spec = read(stringify(given, style))
      assert.deepStrictEqual(read(write(spec)), spec)
    },
    { fastCheck: { numRuns: size(60, 150) } }
  )

  it("what would be expanded is written so that it stands as it is", () => {
    const spec = read("name: a\ndomain: a.example.com\ntemplate: node-api\n")
    const env = { ...spec.env, A: "${HOME}", B: "$${x} ${env.USER}", C: "$$${", D: "$x $1 $&" }
    assert.deepStrictEqual(read(write({ ...spec, env })).env, env)
  })

  it.each([
    ["name: a\ndomain: none\nsource: { image: x }\n", "name: a\ndomain: none\nsource:\n  image: x:latest\n"],
    ["name: a\ndomains: []\nsource: { image: x }\n", "name: a\ndomain: none\nsource:\n  image: x:latest\n"],
    [
      "name: a\ndomains: [A.de]\nsource: { image: x }\nport: 1\n",
      "name: a\ndomain: a.de\nsource:\n  image: x:latest\nport: 1\n"
    ],
    [
      "name: a\ndomains: [a.de, b.fr]\nsource: { image: x }\nport: 1\n",
      "name: a\ndomains:\n  - a.de\n  - b.fr\nsource:\n  image: x:latest\nport: 1\n"
    ],
    [
      "name: a\ndomain: none\nsource: { image: x }\nhealthcheck: { container: true, path: /up }\n",
      "name: a\ndomain: none\nsource:\n  image: x:latest\nhealthcheck:\n  path: /up\n  container: true\n"
    ]
  ])("%j is written as one would", (given, written) => {
    const spec = read(given)
    assert.strictEqual(
      write(spec).replace(/healthcheck:\n( {2}path: \/\n)? {2}container: false\n$/, ""),
      written
    )
    assert.deepStrictEqual(read(write(spec)), spec)
    assert.deepStrictEqual(schemaProblems(given), [])
  })

  it("what means the same as nothing is not written", () => {
    const spec = read("name: a\ndomain: a.example.com\nsource: { image: x }\nport: 80\n")
    const text = write(spec)
    assert.strictEqual(
      text,
      "name: a\ndomain: a.example.com\nsource:\n  image: x:latest\nport: 80\nhealthcheck:\n  path: /\n  container: false\n"
    )
  })

  it.prop(
    "what is given is what is read",
    [complete],
    ([given]) => {
      const spec = read(stringify(given))
      assert.strictEqual(spec.name, given.name)
      assert.deepStrictEqual(spec.domains, [given.domain])
      const secrets = given.secrets ?? []
      assert.deepStrictEqual(spec.secrets, Array.isArray(secrets) ? secrets : Object.keys(secrets))
      for (const [key, text] of Object.entries(given.env ?? {}))
        assert.strictEqual(spec.env[key], String(text))
      assert.strictEqual(spec.healthcheck.status, given.healthcheck?.status ?? 200)
      assert.strictEqual(spec.project, given.project ?? "fabrik")
      if (given.port !== undefined) assert.strictEqual(spec.port, given.port)
    },
    { fastCheck: { numRuns: size(60, 150) } }
  )

  it.prop("the Schema and the JSON Schema take plain values too", [complete], ([given]) => {
    assert.isTrue(Either.isRight(Schema.decodeUnknownEither(Written, { onExcessProperty: "error" })(given)))
    assert.deepStrictEqual(schemaProblems(stringify(given)), [])
  })
})

describe("the JSON Schema", () => {
  it.each(readdirSync(new URL("../../fixtures", import.meta.url)).filter((name) => name.endsWith(".yaml")))(
    "%s fits it if it is a spec",
    (name) => {
      const text = readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), "utf8")
      if (Either.isRight(parseSpecs(text, name))) assert.deepStrictEqual(schemaProblems(text), [])
      else assert.strictEqual(name, "invalid.yaml")
    }
  )

  interface Form {
    readonly anyOf?: ReadonlyArray<Form>
    /** Of a source, whose \`then\` is the older form. */
    readonly else?: Form
    readonly properties?: Readonly<Record<string, Form>>
    readonly deprecated?: boolean
  }

  /** Every key of today that the schema knows, dotted. */
  const keys = (
    { anyOf = [], else: forms, properties = {}, deprecated }: Form,
    parent: string
  ): ReadonlyArray<string> =>
    deprecated === true
      ? []
      : [
          ...[...anyOf, ...(forms?.anyOf ?? [])].flatMap((one) => keys(one, parent)),
          ...Object.entries(properties).flatMap(([key, child]) =>
            child.deprecated === true ? [] : [`${parent}${key}`, ...keys(child, `${parent}${key}.`)]
          )
        ]

  it("knows no key that the loader does not, and the other way round", () => {
    const known = [...new Set(keys(specJsonSchema(), ""))]
    const lists = new Map<string, ReadonlyArray<string>>()
    for (const parent of [
      "",
      "basicAuth.",
      "source.",
      "build.",
      "resources.",
      "dns.",
      "healthcheck.",
      "healthcheck.release."
    ]) {
      const nested = parent
        .split(".")
        .slice(0, -1)
        .reduceRight<object>((inner, key) => ({ [key]: inner }), { zzzzzz: 1 })
      const result = parseSpec(stringify(nested), "spec.yaml")
      assert.isTrue(Either.isLeft(result))
      const hints = Either.getOrThrow(Either.flip(result)).problems.map(({ hint }) => hint ?? "")
      const hint = hints.find((text) => text.startsWith("known keys: ")) ?? ""
      lists.set(parent, hint.slice("known keys: ".length).split(", "))
    }
    const listed = [...lists].flatMap(([parent, own]) => own.map((key) => `${parent}${key}`))
    assert.deepStrictEqual(listed.toSorted(), known.toSorted())
  })
})

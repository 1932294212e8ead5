import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Compose from "../../../src/sandbox/coolify/Compose.ts"

const read = (text: string) => Either.getOrThrow(Compose.read(text))

const entryOf = (text: string): Compose.Mapping => read(`services:\n  web:\n${text}`).services[0]?.[1] ?? {}

const folder = fileURLToPath(new URL("../../../../shared/data/specs/coolify-templates/", import.meta.url))

describe("a compose text", () => {
  it("is refused without services, as no YAML, and with more aliases than anybody means", () => {
    const bomb = [
      "a: &a [1, 1]",
      ...Array.from({ length: 30 }, (_, n) => `b${n}: &b${n} [*${n ? `b${n - 1}` : "a"}, *a]`)
    ]
    for (const [text, fault] of [
      ["", "NoServices"],
      ["- a", "NoServices"],
      ["services: {}", "NoServices"],
      ["services: [a]", "NoServices"],
      ["services: { a: }", undefined],
      ["services:\n  a: [", "Malformed"],
      ["services:\n  a: { <<: 1 }", "Malformed"],
      [bomb.join("\n"), "Malformed"]
    ] as const) {
      const outcome = Compose.read(text)
      assert.strictEqual(Either.isLeft(outcome) ? outcome.left : undefined, fault, text)
    }
  })

  it("has its anchors written out, and a list that is merged is that list", () => {
    const { services } = read(`x-base: &base { image: a:1, restart: always }
services:
  web: { <<: *base, volumes: &data [data:/data] }
  job: { <<: *base, image: b:1, volumes: { <<: *data } }
`)
    assert.deepStrictEqual(services, [
      ["web", { image: "a:1", restart: "always", volumes: ["data:/data"] }],
      ["job", { image: "b:1", restart: "always", volumes: ["data:/data"] }]
    ])
  })

  it("has an environment of lines or of a mapping", () => {
    const lines = [
      { key: "A", value: "1" },
      { key: "B", value: undefined },
      { key: "C", value: "x=y" }
    ]
    const list = entryOf("    environment: [A=1, B, 'C=x=y']")
    const mapping = entryOf("    environment: { A: 1, B: , C: 'x=y' }")
    assert.deepStrictEqual(Compose.environment(list), lines)
    assert.deepStrictEqual(Compose.environment(mapping), lines)
    assert.deepStrictEqual(Compose.environment({}), [])
  })

  it("has volumes, paths of the server and files, whose content is taken out once it is read", () => {
    const file = read(`services:
  web:
    volumes:
      - data:/data:ro
      - /anonymous
      - \${DIR:-./conf}:/etc/conf
      - { type: bind, source: ./a.conf, target: /etc/a.conf, content: "a=1" }
`)
    const [[, entry = {}] = []] = file.services
    const found = Compose.volumes(entry).map(({ content, source, target }) => [source, target, content])
    assert.deepStrictEqual(found, [
      ["data", "/data", undefined],
      [undefined, "/anonymous", undefined],
      ["./conf", "/etc/conf", undefined],
      ["./a.conf", "/etc/a.conf", "a=1"]
    ])
    const written = Compose.write(Compose.kept(file))
    assert.notInclude(written, "a=1")
    assert.include(written, "./a.conf")
    const unsafe = read("services:\n  web:\n    volumes: ['/a;b:/c']\n")
    assert.include(Compose.volumeFault(unsafe), "forbidden character ';' (command separator)")
    assert.isUndefined(Compose.volumeFault(file))
  })

  it("names what Coolify makes values up for", () => {
    assert.deepStrictEqual(Compose.magic("SERVICE_FQDN_MY_APP_8080"), {
      _tag: "Address",
      base: "MY_APP",
      port: "8080"
    })
    assert.deepStrictEqual(Compose.magic("SERVICE_URL_APP"), {
      _tag: "Address",
      base: "APP",
      port: undefined
    })
    const lengths = [
      "SERVICE_USER_A",
      "SERVICE_PASSWORD_A",
      "SERVICE_PASSWORD_64_A",
      "SERVICE_BASE64_128_A"
    ].map((name) => {
      const magic = Compose.magic(name)
      return magic?._tag === "Secret" ? magic.length : undefined
    })
    assert.deepStrictEqual(lengths, [16, 32, 64, 128])
    assert.isUndefined(Compose.magic("SERVICE_ROLE_KEY"))
    assert.deepStrictEqual(Compose.reference("${A:-b:c}"), { name: "A", sign: ":-", rest: "b:c" })
    assert.deepStrictEqual(Compose.reference("$A"), { name: "A", sign: "", rest: "" })
    assert.isUndefined(Compose.reference("x${A}"))
  })

  it("is a database by its image, wherever that comes from", () => {
    for (const image of ["redis:7.2", "docker.io/library/postgres:17", "mysql@sha256:0a", "postgis/postgis"])
      assert.isTrue(Compose.isDatabase(image), image)
    for (const image of ["acme/redis:1", "redis-commander", "localhost:5000/app", ""])
      assert.isFalse(Compose.isDatabase(image), image)
  })
})

describe.skipIf(!existsSync(folder))("each of Coolify's templates", () => {
  it.effect("is read, and reads the same once Coolify has written it anew", () =>
    Effect.sync(() => {
      const names = readdirSync(folder)
      assert.isAbove(names.length, 50)
      for (const name of names) {
        const file = read(readFileSync(`${folder}${name}`, "utf8"))
        const again = read(Compose.write(Compose.kept(file)))
        assert.deepStrictEqual(again.whole, JSON.parse(JSON.stringify(Compose.kept(file))), name)
        assert.isUndefined(Compose.volumeFault(file), name)
      }
    })
  )
})

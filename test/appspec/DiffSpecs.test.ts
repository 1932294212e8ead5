import { assert, describe, it } from "@effect/vitest"
import { diffSpecs } from "../../src/appspec/DiffSpecs.ts"

const text = (...lines: ReadonlyArray<string>) => ["name: shop", "server: vps1", ...lines, ""].join("\n")

describe("diffSpecs", () => {
  const before = text(
    "domain: shop.example.com",
    'source: { image: "nginx:1.27" }',
    "port: 8080",
    "env: { GREETING: hello, OLD: x, SAME: y }",
    "secrets: { API_KEY: required, SESSION: generate }",
    "healthcheck: { path: /, interval: 1 }",
    "volumes: [data:/var/lib/app]"
  )

  it("tells of each key that differs, and of no value of a variable", () => {
    const after = text(
      "domains: [shop.example.com, b.example.com]",
      'source: { image: "nginx:1.28" }',
      "port: 8080",
      "env: { GREETING: hi-there, NEW: fresh, SAME: y }",
      "secrets: [API_KEY]",
      "healthcheck: { path: /, interval: 1 }",
      "volumes: [data:/var/lib/app]"
    )
    const found = diffSpecs(before, after) ?? []
    assert.deepStrictEqual(
      found.map(({ after: is, before: was, key }) => [key, was, is]),
      [
        ["domain", "shop.example.com", null],
        ["domains", null, "shop.example.com, b.example.com"],
        ["env.GREETING", "", ""],
        ["env.NEW", null, ""],
        ["env.OLD", "", null],
        ["secrets.API_KEY", "required", "generate alphanumeric 32"],
        ["secrets.SESSION", "generate alphanumeric 32", null],
        ["source.image", "nginx:1.27", "nginx:1.28"]
      ]
    )
    assert.notMatch(JSON.stringify(found), /hello|hi-there|fresh/)
  })

  it("sees through spellings: another form of the same spec is no difference", () => {
    const other = text(
      "domains: [shop.example.com]",
      "source: { image: 'nginx:1.27' }",
      "port: '8080'",
      "env: { SAME: y, OLD: x, GREETING: hello }",
      "secrets: { SESSION: generate, API_KEY: required }",
      "healthcheck: { interval: 1, path: / }",
      "volumes: ['data:/var/lib/app']"
    )
    assert.deepStrictEqual(diffSpecs(before, other), [])
  })

  it("names the process, and leaves what it does not understand", () => {
    const processes = (command: string) =>
      text(
        "domain: shop.example.com",
        'source: { image: "a:1" }',
        "port: 80",
        "processes:",
        "  web: {}",
        `  worker: { command: ${command} }`
      )
    assert.deepStrictEqual(
      diffSpecs(processes("one"), processes("two"))?.map(({ key }) => key),
      ["worker: command"]
    )
    assert.strictEqual(diffSpecs("name: 7", before), undefined)
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { Expectation } from "../../src/health/HealthProbe.ts"
import { judge, readRelease } from "../../src/health/Judge.ts"
import { answering } from "../../src/health/MemoryHealthProbe.ts"
import type { ReleaseProbe } from "../../src/appspec/sections/Healthcheck.ts"

const header: ReleaseProbe = { _tag: "Header", name: "X-Release" }
const json = (...path: ReadonlyArray<string>): ReleaseProbe => ({ _tag: "Json", path })
const expecting = (probe: ReleaseProbe, expected = "r2"): Expectation => ({
  status: 200,
  release: { probe, expected }
})
const plain: Expectation = { status: 200, release: undefined }
const distrusted = { ...answering(plain).certificate, problem: "the certificate is self-signed" }

describe("judge", () => {
  it("accepts what is expected", () => {
    assert.deepStrictEqual(judge(answering(plain), plain), { ok: true })
    assert.deepStrictEqual(judge(answering({ status: 204, release: undefined }), { ...plain, status: 204 }), {
      ok: true
    })
  })

  it("accepts the redirect that is expected, and no other answer", () => {
    const leading: Expectation = { ...plain, leadsTo: "www.example.com" }
    const verdict = (status: number, location: string, certificate = answering(plain).certificate) =>
      judge(answering(plain, { status, headers: { location }, certificate }), leading)
    assert.deepStrictEqual(judge(answering(leading), leading), { ok: true })
    assert.deepStrictEqual(verdict(301, "https://www.example.com:8443/health?x=1"), { ok: true })
    for (const [status, location] of [
      [200, "https://www.example.com/"],
      [302, "http://www.example.com/"],
      [302, "https://elsewhere.example.com/?token=x"],
      [302, "/"],
      [302, ""]
    ] as const) {
      const found = verdict(status, location)
      assert.include(found, { ok: false, reason: "Status" }, location)
      assert.include(JSON.stringify(found), "expected a redirect to https://www.example.com")
      assert.notInclude(JSON.stringify(found), "token")
    }
    assert.include(verdict(302, "https://www.example.com/", distrusted), { reason: "Certificate" })
  })

  it("names the status before the release before the certificate", () => {
    const wrong = { status: 503, headers: { "x-release": "r1" }, certificate: distrusted }
    const verdict = (overrides: object) =>
      judge(answering(plain, { ...wrong, ...overrides }), expecting(header))
    assert.deepStrictEqual(verdict({}), { ok: false, reason: "Status", detail: "answered 503, expected 200" })
    assert.deepStrictEqual(verdict({ status: 200 }), {
      ok: false,
      reason: "Release",
      detail: "answers with release r1, expected r2: the old version is still serving"
    })
    assert.deepStrictEqual(verdict({ status: 200, headers: { "x-release": "r2" } }), {
      ok: false,
      reason: "Certificate",
      detail: "the certificate is self-signed"
    })
  })

  it("tells the proxy's answer, behind which nothing listens, from one of the application", () => {
    const reason = (overrides: object) => {
      const verdict = judge(answering(plain, overrides), plain)
      return verdict.ok ? "ok" : verdict.reason
    }
    for (const [status, body] of [
      [502, "Bad Gateway"],
      [503, "Service Unavailable"],
      [503, "no available server\n"],
      [504, "Gateway Timeout"]
    ] as const) {
      assert.strictEqual(reason({ status, body }), "Gateway", body)
      assert.strictEqual(reason({ status, body: `{"error":"${body}"}` }), "Status", body)
      assert.strictEqual(reason({ status, body: "", headers: { server: "Caddy" } }), "Gateway")
    }
    assert.strictEqual(reason({ status: 500, body: "Bad Gateway" }), "Status")
  })

  it("shows a hostile release as one short line of ASCII", () => {
    const verdict = judge(
      answering(plain, { headers: { "x-release": `\u001b[2J\n\u202e${"x".repeat(500)}` } }),
      expecting(header)
    )
    assert.isFalse(verdict.ok)
    if (!verdict.ok) assert.match(verdict.detail, /^answers with release [\x20-\x7e]{1,90}, expected r2/)
  })
})

describe("readRelease", () => {
  const read = (probe: ReleaseProbe, overrides: Parameters<typeof answering>[1]) =>
    Either.merge(readRelease(answering(plain, overrides), probe))

  it("reads a header without regard to case", () => {
    assert.strictEqual(read(header, { headers: { "x-release": "r2" } }), "r2")
    assert.strictEqual(read(header, {}), "answers without the release header x-release")
    assert.strictEqual(
      read({ _tag: "Header", name: "constructor" }, {}),
      "answers without the release header constructor"
    )
  })

  for (const [name, path, body, expected] of [
    ["a nested text", ["build", "release"], '{"build":{"release":"r2"}}', "r2"],
    ["a number", ["version"], '{"version":12}', "12"],
    ["an array element", ["0", "release"], '[{"release":"r2"}]', "r2"],
    ["an own __proto__", ["__proto__"], '{"__proto__":"r2"}', "r2"],
    ["the whole body", [], '"r2"', "r2"],
    ["no JSON", ["release"], "<html>", "answers no JSON to read the release from"],
    ["an absent key", ["release"], "{}", "answers JSON without a release at release"],
    ["a key of null", ["a", "b"], '{"a":null}', "answers JSON without a release at a.b"],
    ["an object", ["a"], '{"a":{}}', "answers JSON without a release at a"],
    ["the prototype", ["constructor", "name"], "{}", "answers JSON without a release at constructor.name"],
    ["the length of a text", ["a", "length"], '{"a":"xy"}', "answers JSON without a release at a.length"]
  ] as const) {
    it(`reads JSON: ${name}`, () => assert.strictEqual(read(json(...path), { body }), expected))
  }

  it.prop(
    "finds the release wherever the answer puts it",
    [FastCheck.array(FastCheck.string(), { maxLength: 5 }), FastCheck.string({ minLength: 1 })],
    ([path, release]) => {
      const expectation = expecting(json(...path), release)
      assert.deepStrictEqual(judge(answering(expectation), expectation), { ok: true })
    }
  )

  it("takes known secrets out before it shortens what was answered", () => {
    const expectation = expecting(json("release"), "r2")
    const response = answering(expectation, {
      body: JSON.stringify({ release: `${"x".repeat(70)}hunter2hunter2` })
    })
    const verdict = judge(response, expectation, (text) => text.replace("hunter2hunter2", "[redacted]"))
    assert.include(verdict.ok ? "" : verdict.detail, "xx[redacted],")
    assert.notInclude(verdict.ok ? "" : verdict.detail, "hunter")
  })
})

import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DnsError } from "../../src/dns/DnsError.ts"
import { apiUrl, makeProviderHttp } from "../../src/dns/ProviderHttp.ts"
import { busy, type Script, said, scriptedClient, toTheEnd } from "../http/ScriptedClient.ts"

const scripted = (...answers: ReadonlyArray<Script>) => {
  const { asked, client } = scriptedClient(answers)
  const http = makeProviderHttp({
    provider: "test",
    client,
    secrets: [Redacted.make("k3y!")],
    hide: (text) => text,
    explain: () => undefined
  })
  return { asked, http }
}

const done = said(200, '"done"')
const url = "http://127.0.0.1/"
const post = HttpClientRequest.post(url)

describe("ProviderHttp", () => {
  it("lets nothing out that stands in somebody else's record and acts on a terminal, or is the key", () => {
    const { http } = scripted()
    const found = [
      "TXT a\u001B[2Jb\u202E",
      "TXT k3y!",
      ...Array.from({ length: 100 }, () => `TXT ${"x".repeat(1000)}`)
    ]
    const error = new DnsError({ provider: "test", method: "m", reason: "Conflict", detail: "k3y!", found })
    const told = http.told(error)
    assert.deepStrictEqual(told.found.slice(0, 2), ["TXT a [2Jb", "TXT [redacted]"])
    assert.lengthOf(told.found, 50)
    assert.isTrue(told.found.every((line) => line.length <= 401))
    assert.deepStrictEqual([told.reason, told.detail], ["Conflict", "[redacted]"])
  })

  it.effect("says what a refusal asks for", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(scripted(busy("61")).http.read("m", url, Schema.String))
      assert.deepInclude(error, { reason: "RateLimited", retryAfterMillis: 61_000 })
    })
  )

  it.effect("gives a request 15 seconds; only a read is repeated", () =>
    Effect.gen(function* () {
      const write = scripted("hang")
      const written = yield* toTheEnd(write.http.write("m", post))
      assert.isTrue(written._tag === "Left" && written.left.reason === "OutcomeUnknown")
      assert.lengthOf(write.asked, 1)
      const read = scripted("hang", done)
      const answer = yield* toTheEnd(read.http.read("m", url, Schema.String))
      assert.isTrue(answer._tag === "Right" && answer.right === "done")
      assert.isAtLeast(read.asked[1]! - read.asked[0]!, 15_000)
      assert.isAtMost(read.asked[1]! - read.asked[0]!, 15_401)
    })
  )

  it.effect("tells a write that never left from one whose outcome is unknown", () =>
    Effect.gen(function* () {
      const reason = (script: Script) =>
        Effect.map(
          toTheEnd(scripted(...Array.from({ length: 5 }, () => script)).http.write("m", post)),
          (result) => (result._tag === "Left" ? result.left.reason : "")
        )
      assert.strictEqual(yield* reason({ code: "ECONNREFUSED" }), "Unavailable")
      assert.strictEqual(yield* reason({ code: "CERT_HAS_EXPIRED" }), "Unavailable")
      assert.strictEqual(yield* reason({ code: "ECONNRESET" }), "OutcomeUnknown")
      assert.strictEqual(yield* reason(said(500)), "Unavailable")
      assert.strictEqual(yield* reason(said(502)), "OutcomeUnknown")
      assert.strictEqual(yield* reason(said(503)), "OutcomeUnknown")
      assert.strictEqual(yield* reason(said(200, "x".repeat(2 * 1024 * 1024))), "OutcomeUnknown")
    })
  )

  it("takes https anywhere, and plain http only where it stays within the house", () => {
    const accepted = [
      "https://api.example.com/x/",
      "http://127.0.0.1:8081",
      "http://pdns:8081",
      "http://10.1.2.3",
      "http://[::1]:1"
    ]
    for (const url of accepted) assert.isTrue(Option.isSome(apiUrl(url)), url)
    const refused = [
      "http://api.example.com",
      "http://8.8.8.8",
      "ftp://127.0.0.1",
      "https://user:pw@example.com",
      "",
      "x"
    ]
    for (const url of refused) assert.isTrue(Option.isNone(apiUrl(url)), url)
    assert.deepStrictEqual(apiUrl("https://api.example.com/x/"), Option.some("https://api.example.com/x"))
  })
})

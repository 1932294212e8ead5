/** What a container of the sandbox gets of a spec's variables, through the live clients. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, specOf } from "./SandboxWorld.ts"

const values = {
  EMPTY: "",
  DOLLAR: "$HOME ${HOME} $$ 5$ $(id)",
  HASH: "a # b #c",
  QUOTES: '"a" `b`',
  BACKSLASH: String.raw`a\b\nc`,
  LINES: "-----BEGIN KEY-----\nab+/=\r\n\tcd\n-----END KEY-----",
  JSON: String.raw`{"a":"it's","b":["#c","5$","\u0024HOME"]}`,
  NUMBER: "007",
  UNICODE: "\u00fc\u65e5\u{1f680}\u2764\ufe0f",
  REFERENCE: "x-{{team.Y}}-z",
  EXPORT: "export A=b"
}

describe("the variables of a spec", () => {
  it.scopedLive("reach the container byte for byte, and a second apply finds them so", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      const spec = { ...specOf(), env: values }
      const first = yield* applyTo(sandbox, spec)
      assert.isTrue(Either.isRight(first.result), JSON.stringify(first.result))
      const [container] = (yield* sandbox.world).coolify.containers
      for (const [name, value] of Object.entries(values)) {
        assert.strictEqual(container?.env[name], value, name)
      }
      const second = yield* applyTo(sandbox, spec)
      assert.strictEqual(Either.getOrThrow(second.result).outcome, "unchanged")
    })
  )

  it.scopedLive("that would not arrive are refused before anything is sent", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      for (const value of ["it's", "a ", "tail\\", '{"a":"$HOME"}', "\u00a0"]) {
        const { result } = yield* applyTo(sandbox, { ...specOf(), env: { A: value } })
        assert.isTrue(Either.isLeft(result))
        if (Either.isLeft(result) && result.left._tag === "RunError") {
          assert.deepInclude({ ...result.left.error }, { _tag: "RefusedError", reason: "Unsendable" })
        }
      }
      const writes = (yield* sandbox.requests).filter(({ method }) => method !== "GET")
      assert.deepStrictEqual(writes, [])
    })
  )
})

/** What a container of the sandbox gets of a spec's variables, through the live clients. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { KnownSecrets } from "../../src/secrets/KnownSecrets.ts"
import { makeRedactor } from "../../src/ui/Redactor.ts"
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

  it.scopedLive("that somebody else wrote are not told by the error of a deployment that they stop", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      const redactor = makeRedactor()
      const knownSecrets = Context.add(Context.empty(), KnownSecrets, {
        add: (value) => Effect.sync(() => redactor.learn(value)),
        show: () => Effect.void,
        hide: (text) => redactor.text(text)
      })
      yield* applyTo(sandbox, specOf())
      const [application] = (yield* sandbox.world).coolify.applications
      const made = yield* Effect.promise(() =>
        fetch(`${sandbox.apiUrl.replace(/\/api\/v1$/, "")}/api/v1/applications/${application?.uuid}/envs`, {
          method: "POST",
          headers: { authorization: `Bearer ${sandbox.token}`, "content-type": "application/json" },
          body: JSON.stringify({ key: "BY_HAND", value: "top's3cret-canary", is_literal: true })
        })
      )
      assert.strictEqual(made.status, 201)
      const { result, events } = yield* applyTo(sandbox, specOf({ A: "1" })).pipe(
        Effect.provide(knownSecrets)
      )
      const seen = JSON.stringify([events, Either.isLeft(result) ? result.left : "applied"])
      assert.match(seen, /s3cret-canary/)
      assert.notMatch(redactor.text(seen), /s3cret|canary/)
      assert.match(redactor.text(seen), /unexpected character .{1,8} in variable name/)
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

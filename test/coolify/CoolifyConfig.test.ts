import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { coolifyConfig } from "../../src/coolify/CoolifyConfig.ts"

const from = (variables: Record<string, string>) =>
  Effect.withConfigProvider(coolifyConfig, ConfigProvider.fromMap(new Map(Object.entries(variables))))

const token = "3|abcdefghijklmnopqrstuvwxyz"

describe("where Coolify is", () => {
  it.effect("nowhere, when nothing is set", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* from({}), { config: undefined, warnings: [] })
      assert.deepStrictEqual(yield* from({ COOLIFY_ENDPOINT: " ", COOLIFY_TOKEN: "" }), {
        config: undefined,
        warnings: []
      })
    })
  )

  const urls = {
    "https://coolify.example.com": "https://coolify.example.com/api/v1",
    "https://coolify.example.com/": "https://coolify.example.com/api/v1",
    "https://coolify.example.com/api/v1": "https://coolify.example.com/api/v1",
    "https://coolify.example.com/api/v1/": "https://coolify.example.com/api/v1",
    " https://COOLIFY.example.com:8443/tools//": "https://coolify.example.com:8443/tools/api/v1",
    "http://localhost:8000": "http://localhost:8000/api/v1",
    "http://127.0.0.1:8000/api/v1": "http://127.0.0.1:8000/api/v1",
    "http://127.9.9.9": "http://127.9.9.9/api/v1",
    "http://[::1]:8000": "http://[::1]:8000/api/v1"
  }
  for (const [given, baseUrl] of Object.entries(urls)) {
    it.effect(`at ${given}`, () =>
      Effect.gen(function* () {
        const { config, warnings } = yield* from({ COOLIFY_ENDPOINT: given, COOLIFY_TOKEN: ` ${token}\n` })
        assert.strictEqual(config?.baseUrl, baseUrl)
        assert.strictEqual(config === undefined ? "" : Redacted.value(config.token), token)
        assert.deepStrictEqual(warnings, [])
        assert.notInclude(inspect(config, { depth: 9 }) + JSON.stringify(config), token)
      })
    )
  }

  const bad = [
    "coolify.example.com",
    "//coolify.example.com",
    "ftp://coolify.example.com",
    "http://coolify.example.com",
    "http://192.168.1.5:8000",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "https://user:hunter22@coolify.example.com",
    "https://coolify.example.com/?key=hunter22",
    "https://coolify.example.com/#hunter22",
    "https://",
    "javascript:alert(1)"
  ]
  for (const given of bad) {
    it.effect(`not at ${given}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(from({ COOLIFY_API_URL: given, COOLIFY_TOKEN: token }))
        assert.strictEqual(error.reason, "BadConfig")
        assert.match(error.detail, /^COOLIFY_API_URL /)
        assert.notInclude(error.message, "hunter22")
        assert.notInclude(error.message, token)
      })
    )
  }

  for (const host of [
    "10.0.0.7:8000",
    "172.31.0.1",
    "192.168.1.5:8000",
    "100.101.102.103:8000",
    "[fd7a:115c:a1e0::1]:8000",
    "box.tailnet-1234.ts.net",
    "coolify.internal",
    "coolify:8000"
  ]) {
    it.effect(`at http://${host} only when plain http is allowed`, () =>
      Effect.gen(function* () {
        const variables = { COOLIFY_ENDPOINT: `http://${host}`, COOLIFY_TOKEN: token }
        const refused = yield* Effect.flip(from(variables))
        assert.match(refused.detail, /FABRIK_ALLOW_HTTP=1/)
        const { config, warnings } = yield* from({ ...variables, FABRIK_ALLOW_HTTP: "1" })
        assert.strictEqual(config?.baseUrl, `http://${host}/api/v1`)
        assert.match(warnings.join(), /in the clear/)
        assert.strictEqual(
          (yield* Effect.flip(from({ ...variables, FABRIK_ALLOW_HTTP: "0" }))).reason,
          "BadConfig"
        )
      })
    )
  }

  for (const host of [
    "coolify.example.com",
    "203.0.113.7",
    "172.32.0.1",
    "100.128.0.1",
    "[2001:db8::1]",
    "ts.net.example.com",
    "10.0.0.7.example.com"
  ]) {
    it.effect(`never at http://${host}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          from({ COOLIFY_ENDPOINT: `http://${host}`, COOLIFY_TOKEN: token, FABRIK_ALLOW_HTTP: "1" })
        )
        assert.match(error.detail, /use https \(FABRIK_ALLOW_HTTP is for private addresses only\)/)
      })
    )
  }

  it.effect("names what is missing", () =>
    Effect.gen(function* () {
      const noToken = yield* Effect.flip(from({ COOLIFY_BASE_URL: "https://coolify.example.com" }))
      assert.strictEqual(noToken.reason, "BadConfig")
      assert.include(noToken.detail, "set COOLIFY_TOKEN")
      const noUrl = yield* Effect.flip(from({ COOLIFY_API_TOKEN: token }))
      assert.include(noUrl.detail, "set COOLIFY_ENDPOINT")
      assert.notInclude(noUrl.detail, token)
    })
  )

  it.effect("refuses a token that would break a header", () =>
    Effect.gen(function* () {
      for (const broken of ["3|abc def", "3|abc\r\nX: y", "3|äbc"]) {
        const error = yield* Effect.flip(
          from({ COOLIFY_ENDPOINT: "https://c.example.com", COOLIFY_TOKEN: broken })
        )
        assert.strictEqual(error.reason, "BadConfig")
        assert.notInclude(error.message, "abc")
      }
    })
  )

  it.effect("the first name wins, and a second opinion is a warning", () =>
    Effect.gen(function* () {
      const { config, warnings } = yield* from({
        COOLIFY_FQDN: "https://five.example.com",
        COOLIFY_URL: "not a url with hunter22",
        COOLIFY_API_URL: "https://one.example.com/api/v1/",
        COOLIFY_ENDPOINT: "https://one.example.com",
        COOLIFY_BASE_URL: "https://two.example.com",
        COOLIFY_TOKEN: token,
        COOLIFY_API_TOKEN: token,
        COOLIFY_ACCESS_TOKEN: "9|another-token"
      })
      assert.strictEqual(config?.baseUrl, "https://one.example.com/api/v1")
      assert.deepStrictEqual(warnings, [
        "COOLIFY_ENDPOINT is used; COOLIFY_BASE_URL says otherwise and is ignored",
        "COOLIFY_ENDPOINT is used; COOLIFY_URL says otherwise and is ignored",
        "COOLIFY_ENDPOINT is used; COOLIFY_FQDN says otherwise and is ignored",
        "COOLIFY_TOKEN is used; COOLIFY_ACCESS_TOKEN says otherwise and is ignored"
      ])
    })
  )

  it.effect("inside a container of Coolify's, its own address is not Coolify's", () =>
    Effect.gen(function* () {
      const injected = {
        COOLIFY_URL: "https://app.example.com",
        COOLIFY_FQDN: "app.example.com",
        COOLIFY_TOKEN: token
      }
      assert.strictEqual((yield* from(injected)).config?.baseUrl, "https://app.example.com/api/v1")
      const error = yield* Effect.flip(from({ ...injected, COOLIFY_RESOURCE_UUID: "abc" }))
      assert.include(error.detail, "set COOLIFY_ENDPOINT")
    })
  )
})

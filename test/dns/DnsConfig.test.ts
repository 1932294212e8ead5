import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { selectDns } from "../../src/dns/DnsConfig.ts"
import type { DnsProvider } from "../../src/appspec/sections/Dns.ts"

const cloudflare = { CLOUDFLARE_API_TOKEN: "t0ken" }
const powerdns = { PDNS_API_URL: "http://127.0.0.1:8081", PDNS_API_KEY: "k3y" }

const select = (variables: Record<string, string>, named?: DnsProvider) =>
  selectDns(named).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)))))

describe("selectDns", () => {
  it.effect("takes the provider whose credentials are set", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* select(cloudflare))?.provider, "cloudflare")
      assert.strictEqual((yield* select({ CF_DNS_API_TOKEN: "t" }))?.provider, "cloudflare")
      assert.strictEqual((yield* select(powerdns))?.provider, "powerdns")
    })
  )

  it.effect("takes the one the spec names when both are set", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* select({ ...cloudflare, ...powerdns }, "powerdns"))?.provider, "powerdns")
      assert.strictEqual(
        (yield* select({ ...cloudflare, ...powerdns }, "cloudflare"))?.provider,
        "cloudflare"
      )
    })
  )

  it.effect("gives nothing without credentials; an empty variable is none", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* select({}))
      assert.isUndefined(yield* select({ CLOUDFLARE_API_TOKEN: " ", PDNS_API_URL: "", PDNS_API_KEY: "" }))
    })
  )

  it.effect("names the variables when it cannot choose or one is missing, and shows no value", () =>
    Effect.gen(function* () {
      const refused = (
        variables: Record<string, string>,
        named: DnsProvider | undefined,
        ...mentions: Array<string>
      ) =>
        Effect.map(Effect.flip(select(variables, named)), (error) => {
          assert.strictEqual(error.reason, "BadConfig")
          for (const each of mentions) assert.include(error.detail, each)
          assert.notMatch(error.message, /t0ken|k3y/)
        })
      yield* refused(
        { ...cloudflare, ...powerdns },
        undefined,
        "CLOUDFLARE_API_TOKEN",
        "PDNS_API_URL",
        "dns.provider"
      )
      yield* refused(powerdns, "cloudflare", "CLOUDFLARE_API_TOKEN")
      yield* refused(cloudflare, "powerdns", "PDNS_API_URL")
      yield* refused({ PDNS_API_URL: "http://127.0.0.1" }, undefined, "PDNS_API_KEY")
      yield* refused({ PDNS_API_KEY: "k3y" }, undefined, "PDNS_API_URL")
    })
  )
})

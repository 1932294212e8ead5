import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { severalAccounts } from "../../src/dns/SeveralAccounts.ts"
import { accountAt, DnsClient } from "../../src/dns/DnsClient.ts"
import { selectDns } from "../../src/dns/DnsConfig.ts"
import { layerMemory } from "../../src/dns/DnsMemory.ts"
import { type DnsProvider, providers, whereNamed } from "../../src/dns/Providers.ts"

const cloudflare = { CLOUDFLARE_API_TOKEN: "t0ken" }
const powerdns = { PDNS_API_URL: "http://127.0.0.1:8081", PDNS_API_KEY: "k3y" }

const select = (
  variables: Record<string, string>,
  named?: DnsProvider,
  domains: ReadonlyArray<string> = []
) =>
  selectDns(named, domains).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
  )

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

  it.effect("takes AWS's variables for those of its DNS only where the spec says so", () =>
    Effect.gen(function* () {
      const aws = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "s3cret" }
      assert.isUndefined(yield* select(aws))
      assert.strictEqual((yield* select({ ...aws, ...powerdns }))?.provider, "powerdns")
      assert.strictEqual((yield* select({ ...aws, ...powerdns }, "route53"))?.provider, "route53")
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
      // Each has the names that its zones hold.
      assert.isUndefined((yield* select({ ...cloudflare, ...powerdns }))?.provider)
      yield* refused(powerdns, "cloudflare", "CLOUDFLARE_API_TOKEN")
      yield* refused(cloudflare, "powerdns", "PDNS_API_URL")
      yield* refused({ PDNS_API_URL: "http://127.0.0.1" }, undefined, "PDNS_API_KEY")
      yield* refused({ PDNS_API_KEY: "k3y" }, undefined, "PDNS_API_URL")
    })
  )
})

type Zones = Readonly<Record<string, ReadonlyArray<string>>>

/** In accounts of these names, each with zones of these names. */
const within = <A, E>(
  accounts: Zones,
  domains: ReadonlyArray<string>,
  effect: Effect.Effect<A, E, DnsClient>
) =>
  effect.pipe(
    Effect.provide(
      severalAccounts(
        domains,
        Object.entries(accounts).map(([provider, zones]) => ({
          provider,
          layer: Layer.effect(
            DnsClient,
            Effect.map(DnsClient, (client) => ({ ...client, provider }))
          ).pipe(Layer.provide(layerMemory(zones.map((name) => ({ id: `${provider} ${name}`, name })))))
        }))
      )
    ),
    Effect.provide(FetchHttpClient.layer)
  )

/** The accounts that hold these domains. */
const holding = (accounts: Zones, ...domains: Array<string>) =>
  within(
    accounts,
    domains,
    Effect.map(DnsClient, ({ provider }) => provider)
  )

describe("with several accounts", () => {
  it.effect("the one is taken whose zones hold the names, and whose zone is the longest", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* holding({ a: ["example.com"], b: ["example.net"] }, "x.example.net", "example.net"),
        "b"
      )
      assert.strictEqual(
        yield* holding({ a: ["example.com"], b: ["vps.example.com"] }, "x.vps.example.com"),
        "b"
      )
      assert.strictEqual(yield* holding({ a: ["example.com"], b: ["notexample.com"] }, "x.example.com"), "a")
    })
  )

  it.effect("the same zone in two is an error that names both, and so is one that is in none", () =>
    Effect.gen(function* () {
      const refused = (
        reason: string,
        accounts: Readonly<Record<string, ReadonlyArray<string>>>,
        ...domains: Array<string>
      ) =>
        Effect.map(Effect.flip(holding(accounts, ...domains)), (error) => {
          assert.strictEqual(error.reason, reason)
          return error.detail
        })
      const twice = yield* refused("AmbiguousZone", { one: ["a.test"], two: ["a.test"] }, "x.a.test")
      assert.match(twice, /a\.test is at one and at two.*dns\.provider/)
      const none = yield* refused("ZoneNotFound", { one: ["a.test"], two: ["b.test"] }, "x.c.test")
      assert.match(none, /one and two holds x\.c\.test/)
    })
  )

  it.effect(
    "each name is read and written where its zone is, and what is marked is found in all of them",
    () =>
      within(
        { one: ["a.test"], two: ["b.test", "sub.a.test"] },
        ["x.a.test", "x.b.test"],
        Effect.gen(function* () {
          const dns = yield* DnsClient
          assert.strictEqual(dns.provider, "one and two")
          const zones = yield* dns.findZones(["x.a.test", "x.b.test", "x.sub.a.test"])
          assert.deepStrictEqual(
            zones.map(({ id }) => id),
            ["one a.test", "two b.test", "two sub.a.test"]
          )
          assert.deepStrictEqual(
            zones.map((zone) => accountAt(dns, zone).provider),
            ["one", "two", "two"]
          )
          const sets = zones.map(({ name }) => ({
            name: `x.${name}`,
            type: "A",
            ttl: 60,
            values: ["192.0.2.1"],
            proxied: false,
            comment: "mark"
          }))
          for (const [index, zone] of zones.entries()) yield* dns.put(zone, sets[index]!, { _tag: "Absent" })
          for (const [index, zone] of zones.entries()) {
            assert.deepStrictEqual(yield* dns.listAt(zone, sets[index]!.name), [sets[index]!])
          }
          const found = yield* dns.listCommented("mark")
          assert.deepStrictEqual(
            found.map(({ zone }) => zone.id).toSorted(),
            zones.map(({ id }) => id).toSorted()
          )
          // As a journal knows it, of another process.
          yield* dns.remove({ id: "two b.test", name: "b.test" }, sets[1]!)
          assert.lengthOf(yield* dns.listCommented("mark"), 2)
        })
      )
  )

  it.effect("without a domain all of them are looked through", () =>
    within(
      { one: ["a.test"], two: ["b.test"] },
      [],
      Effect.gen(function* () {
        const dns = yield* DnsClient
        assert.strictEqual(dns.provider, "one and two")
        assert.deepStrictEqual(yield* dns.listCommented("mark"), [])
        assert.strictEqual((yield* dns.findZone("x.b.test")).id, "two b.test")
      })
    )
  )
})

describe("the providers", () => {
  const cell = (text: string) => text.replaceAll("|", "\\|")
  const rows = providers.map((each) => {
    const { name, note, title, variables } = each
    const said = Object.entries(variables).map(
      ([variable, { also, optional, says }]) =>
        `\`${variable}\`${also === undefined ? "" : ` (or \`${also}\`)`}${optional === true ? ", optional" : ""}: ${says}`
    )
    return `| \`${name}\` | ${title}${whereNamed(each)} | ${cell([...said, ...(note === undefined ? [] : [note])].join("; "))} |`
  })

  // `npx vitest run test/dns/DnsConfig.test.ts -u` writes it anew.
  it("are what the table in docs/dns.md says", async () => {
    const file = join(import.meta.dirname, "../../docs/dns.md")
    const [before, , after] = readFileSync(file, "utf8").split(
      /(?<=<!-- providers -->\n)|(?=<!-- \/providers -->)/
    )
    const table = ["| `dns.provider` | zones at | variables |", "|---|---|---|", ...rows].join("\n")
    await expect(`${before}\n${table}\n\n${after}`).toMatchFileSnapshot(file)
  })
})

/** A spec whose domains are in two DNS accounts. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Spec } from "../../src/appspec/Spec.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { severalAccounts } from "../../src/dns/SeveralAccounts.ts"
import { scan } from "../../src/orchestrator/Scan.ts"
import { applied, changesOf, destroyed, failed, ok, test } from "../support/DirectWorld.ts"
import { spec as base } from "./Samples.ts"

const spec: Spec = {
  ...base,
  domains: ["api.example.com", "api.example.org"],
  dns: { ...base.dns, records: [{ name: "_dmarc.example.org.", type: "TXT", values: ["v=DMARC1; p=none"] }] }
}

const accounts = [
  { provider: "cloudflare", layer: dnsMemory([{ id: "one", name: "example.com" }]) },
  { provider: "hetzner", layer: dnsMemory([{ id: "two", name: "example.org" }]) }
]

const inBoth = Effect.provide(
  Layer.provideMerge(authoritativeMemory, severalAccounts(spec.domains, accounts)).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.orDie
  )
)

const standing = Effect.flatMap(DnsClient, (dns) =>
  Effect.map(dns.listCommented(""), (found) =>
    found.map(({ recordSet: { name, type }, zone }) => `${zone.id} ${name} ${type}`).toSorted()
  )
)

describe("a spec with domains in two accounts", () => {
  test(
    "has each record in its own, also when it fails, is looked through, or goes",
    inBoth(
      Effect.gen(function* () {
        failed(yield* applied(spec, {}, false))
        assert.deepStrictEqual(yield* standing, [])
        yield* ok(applied(spec))
        assert.deepStrictEqual(yield* standing, [
          "one api.example.com A",
          "two _dmarc.example.org TXT",
          "two api.example.org A"
        ])
        assert.deepStrictEqual(yield* changesOf(spec), [])
        const marked = yield* scan
        assert.deepStrictEqual(
          marked.flatMap(({ kind, place }) => (kind === "record" ? [place] : [])).toSorted(),
          ["example.com", "example.org", "example.org"]
        )
        // A domain of the other account that the spec drops loses its record there.
        const fewer: Spec = { ...base, domains: ["api.example.com"] }
        yield* ok(applied(fewer))
        assert.deepStrictEqual(yield* standing, ["one api.example.com A"])
        yield* ok(destroyed(fewer))
        assert.deepStrictEqual(yield* standing, [])
      })
    )
  )
})

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DnsClient } from "./DnsClient.ts"
import { DnsError } from "./DnsError.ts"
import type { Account } from "./Provider.ts"

interface Named {
  readonly provider: string
  readonly layer: Account
}

const refused = (reason: DnsError["reason"], detail: string) =>
  new DnsError({ provider: "dns", method: "findZone", reason, detail })

const nameOne = "name one as `dns.provider` in the spec"

/**
 * Of several accounts the one whose zones hold all of the domains: a longer zone goes before a shorter one, as a delegated
 * sub-zone hides what its parent says. Asks when it is built. `AmbiguousZone`: two accounts have the same zone.
 * `ZoneNotFound`: none holds a domain, or no single one holds them all. What an account fails with is its own error:
 * who knows what the others would have said.
 */
export const accountThatHolds = (domains: ReadonlyArray<string>, accounts: ReadonlyArray<Named>): Account =>
  Layer.scoped(
    DnsClient,
    Effect.gen(function* () {
      const clients = yield* Effect.forEach(accounts, ({ layer }) =>
        Effect.map(Layer.build(layer), Context.get(DnsClient))
      )
      const holderOf = Effect.fnUntraced(function* (name: string) {
        const found = yield* Effect.forEach(
          clients,
          (client) =>
            client.findZone(name).pipe(
              Effect.map((zone) => [{ client, zone }]),
              Effect.catchIf(
                ({ reason }) => reason === "ZoneNotFound",
                () => Effect.succeed([])
              )
            ),
          { concurrency: "unbounded" }
        )
        const all = found.flat()
        const longest = Math.max(...all.map(({ zone }) => zone.name.length))
        const [holder, twin] = all.filter(({ zone }) => zone.name.length === longest)
        if (holder === undefined) {
          const asked = clients.map(({ provider }) => provider).join(" and ")
          return yield* refused("ZoneNotFound", `no zone of the accounts at ${asked} holds ${name}`)
        }
        if (twin === undefined) return holder.client
        const both = `${holder.client.provider} and at ${twin.client.provider}`
        return yield* refused("AmbiguousZone", `the zone ${holder.zone.name} is at ${both}: ${nameOne}`)
      })
      const holders = yield* Effect.forEach(domains, holderOf)
      const [first] = holders
      if (first === undefined) return yield* refused("BadConfig", nameOne)
      const elsewhere = holders.findIndex((holder) => holder !== first)
      const other = holders[elsewhere]
      if (other === undefined) return first
      const detail = `${domains[0]} is at ${first.provider}, ${domains[elsewhere]} at ${other.provider}: the domains of one spec are in one DNS account`
      return yield* refused("ZoneNotFound", detail)
    })
  )

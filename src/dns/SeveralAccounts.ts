import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type DnsCapabilities, DnsClient, type Zone } from "./DnsClient.ts"
import { DnsError } from "./DnsError.ts"
import type { Account } from "./Provider.ts"

interface Named {
  readonly provider: string
  readonly layer: Account
}

/** A zone, and the account that has it. */
interface Held {
  readonly client: DnsClient["Type"]
  readonly zone: Zone
}

const refused = (reason: DnsError["reason"], detail: string) =>
  new DnsError({ provider: "dns", method: "findZone", reason, detail })

const nameOne = "name one as `dns.provider` in the spec"

/** What holds for each of them. */
const common = (clients: ReadonlyArray<DnsClient["Type"]>): DnsCapabilities => {
  const all = clients.map(({ capabilities }) => capabilities)
  return {
    compareAndSet: all.every(({ compareAndSet }) => compareAndSet),
    atomicBatch: all.every(({ atomicBatch }) => atomicBatch),
    minTtl: Math.max(...all.map(({ minTtl }) => minTtl)),
    comments: all.every(({ comments }) => comments),
    proxied: all.every(({ proxied }) => proxied),
    lacks: all.flatMap(({ lacks = [] }) => lacks)
  }
}

/**
 * Several accounts as one. Each name goes to the account whose zones hold it: a longer zone goes before a shorter one, as a
 * delegated sub-zone hides what its parent says. The domains are looked for when it is built. `AmbiguousZone`: two accounts
 * have the same zone. `ZoneNotFound`: none holds a name. What an account fails with is its own error: who knows what the
 * others would have said.
 */
export const severalAccounts = (domains: ReadonlyArray<string>, accounts: ReadonlyArray<Named>): Account =>
  Layer.scoped(
    DnsClient,
    Effect.gen(function* () {
      const clients = yield* Effect.forEach(accounts, ({ layer }) =>
        Effect.map(Layer.build(layer), Context.get(DnsClient))
      )
      const known = new Map<string, Held>()
      const look = Effect.fnUntraced(function* (name: string) {
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
        if (twin === undefined) return holder
        const both = `${holder.client.provider} and at ${twin.client.provider}`
        return yield* refused("AmbiguousZone", `the zone ${holder.zone.name} is at ${both}: ${nameOne}`)
      })
      const holderOf = (name: string) =>
        Effect.suspend(() => {
          const held = known.get(name)
          if (held !== undefined) return Effect.succeed(held)
          return Effect.tap(look(name), (one) =>
            Effect.sync(() => void known.set(name, one).set(one.zone.name, one))
          )
        })
      const holders = yield* Effect.forEach(domains, holderOf)
      const used = holders.length === 0 ? clients : [...new Set(holders.map(({ client }) => client))]
      const at = (zone: Zone) => Effect.map(holderOf(zone.name), ({ client }) => client)
      const zoneOf = (name: string) => Effect.map(holderOf(name), ({ zone }) => zone)
      const [only, ...others] = used
      return DnsClient.of({
        provider: used.map(({ provider }) => provider).join(" and "),
        capabilities: only !== undefined && others.length === 0 ? only.capabilities : common(used),
        accountOf: (zone) => known.get(zone.name)?.client,
        findZone: zoneOf,
        findZones: (names) => Effect.forEach(names, zoneOf),
        listAt: (zone, name, types) => Effect.flatMap(at(zone), (client) => client.listAt(zone, name, types)),
        listCommented: (prefix) =>
          Effect.map(
            Effect.forEach(clients, (client) => client.listCommented(prefix), { concurrency: "unbounded" }),
            (found) => found.flat()
          ),
        put: (zone, recordSet, expected) =>
          Effect.flatMap(at(zone), (client) => client.put(zone, recordSet, expected)),
        remove: (zone, expected) => Effect.flatMap(at(zone), (client) => client.remove(zone, expected))
      })
    })
  )

import type { Answer } from "dns-packet"
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { getServers } from "node:dns"
import { isIPv6 } from "node:net"
import { AuthoritativeDns, AuthoritativeDnsError, type NameServerAnswer } from "./AuthoritativeDns.ts"
import { type DnsReply, type DnsServer, exchange } from "./DnsExchange.ts"
import { canonicalValue } from "./Name.ts"

export interface AuthoritativeDnsOptions {
  /** Resolvers that are asked for the zone's NS and their addresses, and for nothing else; `undefined`: the system's. */
  readonly bootstrap?: ReadonlyArray<DnsServer> | undefined
  /** Ask exactly these instead of the zone's name servers. */
  readonly nameServers?: ReadonlyArray<DnsServer> | undefined
  /** Where the zone's name servers listen; 53 but for a test. */
  readonly port?: number | undefined
}

interface NameServer {
  readonly label: string
  /** `undefined`: its name has no address. */
  readonly address: DnsServer | undefined
}

/** How long the addresses of a zone's name servers are kept. */
const addressesLast = Duration.minutes(1)

const formatServer = ({ host, port }: DnsServer): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`

/** Node writes `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` and `[2001:db8::1]:5353`. */
const parseServer = (text: string): DnsServer => {
  const [, host, port] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(isIPv6(text) ? `[${text}]` : text) ?? []
  return { host: host ?? text, port: port === undefined ? 53 : Number(port) }
}

const valuesOf = (answers: ReadonlyArray<Answer>, type: "A" | "AAAA" | "CNAME" | "NS", owner?: string) =>
  answers.flatMap((answer) =>
    answer.type === type && (owner === undefined || answer.name.toLowerCase() === owner)
      ? [canonicalValue(type, String(answer.data))]
      : []
  )

/** What a name server's reply says about the question. A CNAME at the name is an answer: the name it leads to. */
const judge = (
  reply: DnsReply,
  name: string,
  type: "A" | "AAAA" | "CNAME"
): Omit<NameServerAnswer, "server"> => {
  const { rcode, authoritative, answers } = reply
  if (rcode === 5) return { outcome: "refused", values: [] }
  if (rcode !== 0 && rcode !== 3) return { outcome: "server-failure", values: [] }
  if (!authoritative) return { outcome: "not-authoritative", values: [] }
  const own = valuesOf(answers, type, name)
  const values = own.length > 0 ? own : valuesOf(answers, "CNAME", name)
  if (values.length > 0) return { outcome: "answer", values }
  return { outcome: rcode === 3 ? "no-such-name" : "no-data", values: [] }
}

const make = Effect.fnUntraced(function* (options: AuthoritativeDnsOptions) {
  const resolvers = options.bootstrap ?? (yield* Effect.sync(() => getServers().map(parseServer)))

  /** From the first resolver that knows, in two rounds over all. */
  const resolve = (name: string, type: "A" | "AAAA" | "NS") =>
    Effect.firstSuccessOf(
      [...resolvers, ...resolvers].map((resolver) =>
        exchange(resolver, { name, type, recursive: true }).pipe(
          Effect.filterOrFail(
            ({ rcode }) => rcode === 0 || rcode === 3,
            ({ rcode }) => ({ _tag: "Rcode" as const, rcode })
          )
        )
      )
    ).pipe(
      Effect.map(({ answers }) => valuesOf(answers, type)),
      Effect.mapError((failure) => {
        const detail =
          failure._tag === "Rcode"
            ? `the resolver failed on ${type} ${name} (rcode ${failure.rcode})`
            : `no resolver answered for ${type} ${name}`
        return new AuthoritativeDnsError({ name, detail })
      })
    )

  const addressesOf = (server: string) =>
    Effect.all([resolve(server, "A"), resolve(server, "AAAA")], { concurrency: 2 }).pipe(
      Effect.map((found): ReadonlyArray<NameServer> => {
        const addresses = found.flat().map((host) => ({ host, port: options.port ?? 53 }))
        return addresses.length === 0
          ? [{ label: `${server} (no address)`, address: undefined }]
          : addresses.map((address) => ({ label: `${server} (${formatServer(address)})`, address }))
      })
    )

  const lookup = Effect.fnUntraced(function* (zone: string) {
    if (resolvers.length === 0) {
      return yield* new AuthoritativeDnsError({
        name: zone,
        detail: "this system has no DNS resolver",
        reason: "NoResolver"
      })
    }
    const names = yield* resolve(zone, "NS")
    if (names.length === 0) {
      const detail = "no name servers: the zone is not delegated to any"
      return yield* new AuthoritativeDnsError({ name: zone, detail, reason: "NotDelegated" })
    }
    return (yield* Effect.forEach(names.toSorted(), addressesOf, { concurrency: 8 })).flat()
  })

  const cache = yield* Cache.makeWith({
    capacity: 64,
    lookup,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? addressesLast : Duration.zero)
  })
  const given = options.nameServers?.map((address): NameServer => ({ label: formatServer(address), address }))

  const ask = Effect.fn("AuthoritativeDns.ask")(function* (
    zone: string,
    name: string,
    type: "A" | "AAAA" | "CNAME"
  ) {
    const servers = given ?? (yield* cache.get(zone))
    const results = yield* Effect.forEach(
      servers,
      ({ label, address }) => {
        const noReply = { server: label, outcome: "no-reply" as const, values: [] }
        if (address === undefined) return Effect.succeed({ answer: noReply, reachable: true })
        return exchange(address, { name, type, recursive: false }).pipe(
          Effect.match({
            onSuccess: (reply) => ({
              answer: { server: label, ...judge(reply, name, type) },
              reachable: true
            }),
            onFailure: ({ reason }) => ({
              answer: noReply,
              reachable: !(reason === "no-route" && isIPv6(address.host))
            })
          })
        )
      },
      { concurrency: 16 }
    )
    // Without an IPv6 route of its own, this machine can say nothing about IPv6 addresses.
    const reachable = results.filter((result) => result.reachable)
    return (reachable.length > 0 ? reachable : results).map(({ answer }): NameServerAnswer => answer)
  })
  const isSound = ({ rcode }: DnsReply) => rcode === 0 || rcode === 3
  const bogusAt = Effect.fn("AuthoritativeDns.bogusAt")(function* (
    name: string,
    type: "A" | "AAAA" | "CNAME"
  ) {
    // Where the name servers are given, no resolver knows the zone.
    const [resolver] = given === undefined ? resolvers : []
    if (resolver === undefined) return undefined
    const question = { name, type, recursive: true }
    const checked = yield* Effect.option(exchange(resolver, question))
    if (!Option.exists(checked, ({ rcode }) => rcode === 2)) return undefined
    const unchecked = yield* Effect.option(exchange(resolver, { ...question, unchecked: true }))
    return Option.exists(unchecked, isSound) ? formatServer(resolver) : undefined
  })
  return AuthoritativeDns.of({ ask, bogusAt })
})

/** Over real sockets, with RD=0 to the name servers; AA is demanded. */
export const layer = (options: AuthoritativeDnsOptions = {}): Layer.Layer<AuthoritativeDns> =>
  Layer.effect(AuthoritativeDns, make(options))

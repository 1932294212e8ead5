import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { promises as dns } from "node:dns"
import { isIP } from "node:net"
import { ProbeError } from "./HealthProbe.ts"
import { endpoint, fromResolver } from "./ProbeFailure.ts"

/** A recursive DNS server. */
export interface Resolver {
  readonly host: string
  readonly port: number
}

/** All addresses of the host, A before AAAA; without resolvers in the order of the system. */
export const resolveHost = (
  host: string,
  resolvers: ReadonlyArray<Resolver>
): Effect.Effect<Arr.NonEmptyReadonlyArray<string>, ProbeError> => {
  if (isIP(host) !== 0) return Effect.succeed(Arr.of(host))
  return Effect.flatMap(resolvers.length === 0 ? bySystem(host) : byResolvers(host, resolvers), (addresses) =>
    Arr.isNonEmptyReadonlyArray(addresses)
      ? Effect.succeed(addresses)
      : Effect.fail(new ProbeError({ reason: "NameNotFound", detail: `${host} has no address` }))
  )
}

const bySystem = (host: string) =>
  Effect.map(
    Effect.tryPromise({
      try: () => dns.lookup(host, { all: true }),
      catch: (cause) => fromResolver(cause, host)
    }),
    Arr.map(({ address }) => address)
  )

const byResolvers = Effect.fnUntraced(function* (host: string, resolvers: ReadonlyArray<Resolver>) {
  const resolver = yield* Effect.try({
    try: () => {
      const made = new dns.Resolver({ timeout: 2000, tries: 2 })
      made.setServers(resolvers.map((server) => endpoint(server.host, server.port)))
      return made
    },
    catch: () => new ProbeError({ reason: "Broken", detail: "a resolver is not given by its address" })
  })
  const ask = (query: (name: string) => Promise<Array<string>>) =>
    Effect.either(Effect.tryPromise({ try: () => query(host), catch: (cause) => fromResolver(cause, host) }))
  const [v4, v6] = yield* Effect.all(
    [ask((name) => resolver.resolve4(name)), ask((name) => resolver.resolve6(name))],
    { concurrency: 2 }
  ).pipe(Effect.onInterrupt(() => Effect.sync(() => resolver.cancel())))
  const addresses = Arr.appendAll(
    Either.getOrElse(v4, () => Arr.empty<string>()),
    Either.getOrElse(v6, () => Arr.empty<string>())
  )
  return addresses.length === 0 && Either.isLeft(v4) ? yield* v4.left : addresses
})

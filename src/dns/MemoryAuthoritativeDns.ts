import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AuthoritativeDns, AuthoritativeDnsError } from "./AuthoritativeDns.ts"
import { DnsClient } from "./DnsClient.ts"
import { ofType } from "./Zone.ts"

/** Every name server answers at once what the DnsClient shows. */
export const layerMemory: Layer.Layer<AuthoritativeDns, never, DnsClient> = Layer.effect(
  AuthoritativeDns,
  Effect.map(DnsClient, (dns) => ({
    bogusAt: () => Effect.succeed(undefined),
    ask: Effect.fn("AuthoritativeDns.ask")(function* (
      _zone: string,
      name: string,
      type: "A" | "AAAA" | "CNAME"
    ) {
      const existing = yield* dns.findZone(name).pipe(
        Effect.flatMap((zone) => dns.listAt(zone, name)),
        Effect.mapError(({ message }) => new AuthoritativeDnsError({ name, detail: message }))
      )
      const found =
        ofType(existing, type) ?? ofType(existing, "CNAME") ?? existing.find(({ proxied }) => proxied)
      const values = found?.values ?? []
      return [
        { server: "memory", outcome: values.length > 0 ? ("answer" as const) : ("no-data" as const), values }
      ]
    })
  }))
)

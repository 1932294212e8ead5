/** HealthProbes that ask nobody. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import {
  type Expectation,
  HealthProbe,
  ProbeError,
  type ProbeRequest,
  type ProbeResponse
} from "./HealthProbe.ts"

export interface MemoryHealthProbeOptions {
  /**
   * The answers by address, or by host for requests without one, in order; the last one is repeated. A request that
   * is not listed is refused (by address) or not found (by name).
   */
  readonly answers: Readonly<Record<string, ReadonlyArray<ProbeResponse | ProbeError>>>
  readonly onRequest?: (request: ProbeRequest) => Effect.Effect<void>
}

/** Scripted answers, for tests. */
export const layerMemory = (options: MemoryHealthProbeOptions): Layer.Layer<HealthProbe> =>
  Layer.effect(
    HealthProbe,
    Effect.gen(function* () {
      const asked = yield* Ref.make(HashMap.empty<string, number>())
      return HealthProbe.of({
        port: 443,
        get: Effect.fn("HealthProbe.get")(function* (request) {
          if (options.onRequest !== undefined) yield* options.onRequest(request)
          const key = request.address ?? request.host
          const index = yield* Ref.modify(asked, (counts) => {
            const count = Option.getOrElse(HashMap.get(counts, key), () => 0)
            return [count, HashMap.set(counts, key, count + 1)]
          })
          const script = Object.hasOwn(options.answers, key) ? options.answers[key] : undefined
          const answer = script?.[Math.min(index, script.length - 1)]
          if (answer === undefined) {
            return yield* request.address === undefined
              ? new ProbeError({ reason: "NameNotFound", detail: `${key} has no address` })
              : new ProbeError({ reason: "ConnectionRefused", detail: `connection refused by ${key}:443` })
          }
          return answer instanceof ProbeError ? yield* answer : answer
        })
      })
    })
  )

/** Everything is exactly as the caller expects it, under a trusted certificate, at once. */
export const layerHealthy: Layer.Layer<HealthProbe> = Layer.succeed(HealthProbe, {
  port: 443,
  get: Effect.fn("HealthProbe.get")(function* (request) {
    const now = yield* Clock.currentTimeMillis
    return answering(request.expectation ?? { status: 200, release: undefined }, {
      address: request.address ?? request.host,
      certificate: {
        issuer: "memory",
        notAfter: now + 90 * 24 * 60 * 60 * 1000,
        daysLeft: 90,
        problem: undefined
      }
    })
  })
})

/** A response that meets the expectation, but for what `overrides` changes. */
export const answering = (
  expectation: Expectation,
  overrides: Partial<ProbeResponse> = {}
): ProbeResponse => {
  const { leadsTo, release, status } = expectation
  if (leadsTo !== undefined) {
    const headers = { location: `https://${leadsTo}/` }
    return answering({ status: 302, release: undefined }, { headers, ...overrides })
  }
  const path = release?.probe._tag === "Json" ? release.probe.path : []
  return {
    status,
    headers: release?.probe._tag === "Header" ? { [release.probe.name.toLowerCase()]: release.expected } : {},
    body:
      release?.probe._tag === "Json"
        ? JSON.stringify(
            path.reduceRight<unknown>((inner, key) => Object.fromEntries([[key, inner]]), release.expected)
          )
        : "",
    certificate: {
      issuer: "CN=memory",
      notAfter: 90 * 24 * 60 * 60 * 1000,
      daysLeft: 90,
      problem: undefined
    },
    address: "192.0.2.1",
    millis: 0,
    ...overrides
  }
}

/** A health probe that finds an application healthy, or nobody there. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { HealthProbe, ProbeError } from "../../src/health/HealthProbe.ts"
import { answering } from "../../src/health/MemoryHealthProbe.ts"
import { server } from "../orchestrator/Samples.ts"

export const probe = (healthy: boolean): Context.Tag.Service<HealthProbe> => ({
  port: 443,
  get: (request) =>
    healthy
      ? Effect.succeed(
          answering(request.expectation ?? { status: 200, release: undefined }, {
            address: request.address ?? server.ip
          })
        )
      : Effect.fail(new ProbeError({ reason: "ConnectionRefused", detail: "connection refused" }))
})

import * as Layer from "effect/Layer"
import { HealthProbe, ProbeError } from "./HealthProbe.ts"

/** A plan asks no application how it is; should it be asked all the same, nobody claims that it is well. */
export const layerDryRun: Layer.Layer<HealthProbe> = Layer.succeed(HealthProbe, {
  port: 443,
  get: ({ host }) => new ProbeError({ reason: "ConnectionRefused", detail: `a dry run does not ask ${host}` })
})

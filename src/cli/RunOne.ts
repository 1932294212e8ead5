/** How `apply`, `rollback` and `secrets` make one run of one spec: on the screen, kept among the runs, noted as a release. */
import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { conclude } from "./Conclude.ts"
import type { World } from "./Layers.ts"
import type { Consent } from "./Operator.ts"
import * as Output from "./Output.ts"
import { addressOf, recordRelease } from "./Releases.ts"
import type { CommandError } from "./Report.ts"
import { type Report, recorded } from "./RunRecords.ts"

interface OneRun {
  readonly command: string
  readonly spec: Spec
  /** What is noted of it as a release: the spec as it was read, the YAML that it was read from, and what it went back to. */
  readonly release: { readonly spec: Spec; readonly text: string; readonly backTo: string | undefined }
  /** The spec's path as it was given. */
  readonly file: string
  readonly world: World
  readonly flags: { readonly json: boolean; readonly quiet: boolean; readonly verbose: boolean }
  readonly consent: Effect.Effect<Consent>
  /** Nothing is kept of it, and it is no release. */
  readonly dryRun?: boolean
  /** It leaves the application alone, and so is no release. */
  readonly skipDeploy?: boolean
}

/** @returns the report, and how the process ends with it. */
export const runOne = Effect.fn("runOne")(function* <E extends CommandError, R>(
  running: Effect.Effect<Report, E, R>,
  { command, consent, dryRun = false, file, flags, release, skipDeploy = false, spec, world }: OneRun
) {
  const concluded = (report: Report) => Effect.flatMap(consent, (said) => conclude(report, said))
  const screen = Output.layer(flags)
  const ofRun = { command, spec, file, world, conclude: concluded }
  const report = dryRun
    ? yield* Effect.provide(running, screen)
    : yield* Effect.provide(recorded(running, ofRun), screen)
  if (!dryRun && !skipDeploy) {
    yield* recordRelease({ ...release, report, coolify: addressOf(world) }).pipe(
      Effect.provide(world.layer),
      Effect.provide(world.history)
    )
  }
  return { report, end: concluded(report) }
})

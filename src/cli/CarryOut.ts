import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Spec } from "../appspec/Spec.ts"
import { lifecycle, type LifecycleOptions } from "../orchestrator/Lifecycle.ts"
import type { Screen } from "../ui/Screen.ts"
import { conclude } from "./Conclude.ts"
import type { World } from "./Layers.ts"
import { askOnce, type Consent, type Operator } from "./Operator.ts"
import * as Output from "./Output.ts"
import { type Report, recorded } from "./RunRecords.ts"
import * as Say from "./Say.ts"

export interface ScreenFlags {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

interface Carried {
  readonly spec: Spec
  readonly world: World
  /** The spec's path, or the domain, as it was given. */
  readonly file: string
  readonly yes: boolean
  readonly flags: ScreenFlags
}

/** Starts, stops or restarts an application whose lock is held, on the screen and kept among the runs. */
export const carryOut = Effect.fn("carryOut")(function* (
  command: LifecycleOptions["command"],
  { file, flags, spec, world, yes }: Carried
) {
  const consent = yield* Ref.make<Consent>("not asked")
  const here = yield* Effect.context<Operator | Screen>()
  const confirm = (question: string) =>
    yes
      ? Effect.succeed(true)
      : askOnce(question).pipe(
          Effect.provide(here),
          Effect.tap((said) => Ref.set(consent, said)),
          Effect.map((said) => said === "yes")
        )
  const running = Effect.provide(lifecycle(spec, { command, mode: world.place, confirm }), world.layer)
  const concluded = (report: Report) => Effect.flatMap(Ref.get(consent), (said) => conclude(report, said))
  const ofRun = { command, spec, file, world, conclude: concluded }
  const report = yield* Effect.provide(recorded(running, ofRun), Output.layer(flags))
  if (report.url !== null && !flags.quiet) yield* Say.hint(world.visit(report.url))
  return yield* concluded(report)
})

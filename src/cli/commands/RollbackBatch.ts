import * as Effect from "effect/Effect"
import { specOf, type Specs } from "../../appspec/ParseSpec.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { withKeptFiles } from "../../orchestrator/Releases.ts"
import type { History, Release } from "../../state/History.ts"
import { parseAllWithEnvironment } from "../Interpolation.ts"
import * as Say from "../Say.ts"
import { carryOut, withoutChoice } from "./ApplyBatch.ts"
import type { RollbackFlags } from "./Rollback.ts"

/**
 * `rollback` of a spec with processes: all of them go back to what its text said, and what it did not have goes.
 * @param specs those of the release.
 */
export const rollbackBatch = Effect.fn("rollbackBatch")(function* (
  specs: Specs,
  target: Release,
  history: typeof History.Service,
  flags: RollbackFlags
) {
  const { text } = target
  const now = yield* Effect.cached(parseAllWithEnvironment(text, flags.file))
  /** Of each its own release with that text: what its files held is kept with that. */
  const whole = Effect.fnUntraced(function* (spec: Spec) {
    const releases = yield* history.list(spec)
    const backTo = releases.findLast((one) => one.text === text)?.release ?? target.release
    const kept = yield* withKeptFiles(spec, backTo)
    if (kept.missing.length === 0) return { spec: kept.spec, backTo }
    yield* Say.warn(
      `what ${kept.missing.join(", ")} held at that release is not kept here: it is read as it is now`
    )
    const { files, source } = specOf(yield* now, spec.name)
    return { spec: { ...spec, source, ...(files === undefined ? {} : { files }) }, backTo }
  })
  yield* carryOut(
    specs.map((spec) => ({ file: flags.file, text, spec })),
    { ...flags, ...withoutChoice },
    { command: "rollback", question: `Go back to release ${target.release}?`, whole }
  )
  if (!flags.dryRun && !flags.quiet) {
    yield* Say.hint([`${flags.file} was not changed: \`fabrik apply\` with it goes forward again.`])
  }
})

import * as Effect from "effect/Effect"
import { loadSpecs } from "../../appspec/LoadSpec.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { jsonLine } from "../../ui/Json.ts"
import { UsageError } from "../Arguments.ts"
import { Concluded } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Flag from "../Flag.ts"
import { chooseProcess } from "../ChooseProcess.ts"
import { openWorldOf, shareSandbox } from "../OpenSubject.ts"
import { askOnce } from "../Operator.ts"
import { runningRun, teamLock } from "../RunLock.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import type { WorldFlags } from "../Subject.ts"

/** After how many seconds without a sign of life a run is taken for dead: it gives one every five. */
const silence = 60

export const unlock = define({
  name: "unlock",
  about: [
    "Shows which run holds the lock of a spec's application, and since when. The lock of a run that was killed is free by itself, at once or, where its machine has gone without a word, within a minute.",
    "Where FABRIK_STATE_URL is set, the lock of a run that has given no sign of life for a minute is taken away after asking, and with --force that of any: its connection is ended, and what it still writes is refused. `fabrik recover` then settles what it has left. A lock in files ends with its process."
  ],
  config: {
    file: Shared.specFile,
    process: Shared.process,
    force: Flag.toggle("force", { help: "take it away from a run that gives signs of life, too" }),
    yes: Shared.yes,
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik unlock app.yaml", says: "who is at work?" },
    { line: "fabrik unlock app.yaml --force", says: "take the lock away, after asking" }
  ],
  handler: Effect.fn("command.unlock")(function* (flags) {
    const specs = yield* chooseProcess(yield* loadSpecs(flags.file), flags.process, "unlock")
    const shared = yield* shareSandbox
    const ends = yield* Effect.forEach(specs, (written) => Effect.either(unlockOne(written, flags, shared)))
    // All are looked at before one that is held ends the command.
    for (const end of ends) yield* end
  }, Effect.scoped)
})

interface Flags extends WorldFlags {
  readonly force: boolean
  readonly yes: boolean
  readonly json: boolean
}

const unlockOne = Effect.fn("unlockOne")(function* (
  written: Spec,
  flags: Flags,
  shared: Effect.Effect.Success<typeof shareSandbox>
) {
  const { spec, world } = yield* openWorldOf(written, flags, "no", shared)
  const told = (holder: string | null, unlocked: boolean, text: string) =>
    flags.json
      ? Say.result([jsonLine({ type: "Lock", name: spec.name, holder, unlocked })])
      : Say.result([text])
  const { team } = world
  if (team === undefined) {
    const holder = yield* runningRun(spec, world)
    if (holder === undefined) return yield* told(null, false, free(spec.name))
    yield* told(holder, false, `${holder} holds the lock.`)
    yield* Say.hint(["It ends with that process: wait for it, or stop it."])
    return yield* new Concluded({ code: ExitCode.refused })
  }
  const lock = teamLock(spec, world)
  const holder = yield* team.state.holder(lock)
  if (holder === undefined) return yield* told(null, false, free(spec.name))
  const seconds = Math.round(holder.silent)
  const facts = `${holder.says} holds the lock. Its last sign of life was ${seconds} s ago.`
  if (holder.silent < silence && !flags.force) {
    yield* told(holder.says, false, facts)
    yield* Say.hint(["It is alive: wait for it, or say --force to take the lock away all the same."])
    return yield* new Concluded({ code: ExitCode.refused })
  }
  yield* Say.hint([facts])
  const consent = flags.yes ? "yes" : yield* askOnce("Take the lock away from it?")
  if (consent === "nobody there") {
    const message = "nobody can be asked whether to take the lock away: say --yes"
    return yield* new UsageError({ message, command: "unlock" })
  }
  if (consent === "no") return yield* new Concluded({ code: ExitCode.refused })
  yield* team.state.takeAway(lock)
  yield* told(
    holder.says,
    true,
    `The lock of ${spec.name} is free. \`fabrik recover\` settles what that run has left.`
  )
})

const free = (name: string): string => `Nobody holds the lock of ${name}.`

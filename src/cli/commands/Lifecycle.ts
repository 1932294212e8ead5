import * as Effect from "effect/Effect"
import type { LifecycleOptions } from "../../orchestrator/Lifecycle.ts"
import { carryOut, type ScreenFlags } from "../CarryOut.ts"
import { define } from "../CommandInfo.ts"
import { openSubjects } from "../OpenSubject.ts"
import { lockRun } from "../RunLock.ts"
import * as Shared from "../SharedFlags.ts"
import type { WorldFlags } from "../Subject.ts"

const shared = {
  subject: Shared.specOrDomain,
  process: Shared.process,
  lockTimeout: Shared.lockTimeout,
  ...Shared.world,
  verbose: Shared.verbose,
  ...Shared.screen
}

interface Flags extends WorldFlags, ScreenFlags {
  readonly subject: string
  readonly process: string | undefined
  readonly lockTimeout: number | undefined
}

type Command = LifecycleOptions["command"]

/** One process after the other; it ends with the first that comes to no good end. */
const act = Effect.fn("act")(function* (command: Command, yes: boolean, flags: Flags) {
  const subjects = yield* openSubjects(flags.subject, flags, command)
  yield* Effect.forEach(subjects, (subject) => actOn(command, yes, flags, subject), { discard: true })
}, Effect.scoped)

type Opened = Effect.Effect.Success<ReturnType<typeof openSubjects>>[number]

const actOn = Effect.fnUntraced(function* (
  command: Command,
  yes: boolean,
  flags: Flags,
  { spec, world }: Opened
) {
  yield* lockRun(spec, { ...world, command, seconds: flags.lockTimeout ?? 0 })
  return yield* carryOut(command, { spec, world, file: flags.subject, yes, flags })
}, Effect.scoped)

export const start = define({
  name: "start",
  about: [
    "Starts an application that is stopped, as it was deployed last, and waits until it answers by its health check. It changes no setting and no release: of a branch the commit that ran last is deployed, not the newest. An image is pulled again.",
    "A domain means the application of fabrik's that answers for it."
  ],
  config: shared,
  examples: [
    { line: "fabrik start app.yaml", says: "and see it answer" },
    { line: "fabrik start shop.example.com", says: "without its spec at hand" }
  ],
  handler: (flags) => act("start", true, flags)
})

export const stop = define({
  name: "stop",
  about: [
    "Stops an application and waits until none of its containers runs. Nothing is deleted: settings, data, records and databases stay. A plan says that it is stopped, and that `fabrik apply` would start it.",
    "A domain means the application of fabrik's that answers for it."
  ],
  config: { ...shared, yes: Shared.yes },
  examples: [
    { line: "fabrik stop app.yaml", says: "ask, then take it off the air" },
    { line: "fabrik stop shop.example.com --yes", says: "no question, without its spec at hand" }
  ],
  handler: ({ yes, ...flags }) => act("stop", yes, flags)
})

export const restart = define({
  name: "restart",
  about: [
    "Makes the containers of an application anew from the release that runs, and waits until it answers by its health check: variables and files that were changed meanwhile take effect. Of a branch the commit that runs is deployed again, not the newest. An image is pulled again.",
    "A domain means the application of fabrik's that answers for it."
  ],
  config: { ...shared, yes: Shared.yes },
  examples: [
    { line: "fabrik restart app.yaml", says: "ask, restart, see it answer" },
    { line: "fabrik restart app.yaml --yes --json", says: "in scripts: one JSON event a line" }
  ],
  handler: ({ yes, ...flags }) => act("restart", yes, flags)
})

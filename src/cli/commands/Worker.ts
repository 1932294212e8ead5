import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import * as os from "node:os"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { makeWorker } from "../remote/CarryOutJobs.ts"
import { openTeam } from "../remote/Team.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { userName } from "../UserName.ts"
import { Watch } from "../Watch.ts"

export const worker = define({
  name: "worker",
  about: [
    "Carries out what `fabrik apply --remote` hands over, until it is stopped. Any number of workers share the work by the team's state (FABRIK_STATE_URL); what one has begun that dies is another's within half a minute, and goes on from its journal.",
    "SIGTERM takes no more work and waits for what is under way (--grace); what is not through by then another worker goes on with. Nothing is put back for it."
  ],
  config: {
    parallelism: Flag.integer("parallelism", {
      placeholder: "N",
      min: 1,
      max: 100,
      help: "carry out so many jobs at once [4]"
    }),
    grace: Flag.integer("grace", {
      placeholder: "SECONDS",
      min: 0,
      max: 86_400,
      help: "when stopped, wait this long for what is under way [30]"
    }),
    ...Shared.screen
  },
  examples: [
    { line: "fabrik worker", says: "then, anywhere in the team: fabrik apply --remote specs/ --yes" },
    { line: "fabrik worker --parallelism 10 --grace 600", says: "more at once, and let them finish" }
  ],
  handler: Effect.fn("command.worker")(function* (flags) {
    const seen = yield* Watch
    seen.onSignal = "stop"
    // pg warns of how it is used by @effect/sql-pg when a connection ends, which nobody who reads it can change.
    yield* Effect.sync(() => {
      process.noDeprecation = true
    })
    const { engine, jobs } = yield* openTeam("fabrik worker")
    const name = `${userName()}@${os.hostname()} (process ${process.pid})`
    const say = (type: string, text: string, facts: Readonly<Record<string, unknown>>) =>
      Effect.gen(function* () {
        const at = new Date(yield* Clock.currentTimeMillis).toISOString()
        if (flags.json) return yield* Say.result([jsonLine({ at, type, ...facts })])
        if (!flags.quiet) yield* Say.result([`${at.slice(11, 19)}  ${clean(text)}`])
      })
    const context = yield* Effect.context<Effect.Effect.Context<ReturnType<typeof say>>>()
    const own = yield* makeWorker(jobs, {
      name,
      parallelism: flags.parallelism ?? 4,
      report: (report) => {
        switch (report._tag) {
          case "Taken":
            return Effect.provide(say("JobTaken", `begins ${report.id}`, { job: report.id }), context)
          case "Ended": {
            const { exit, id } = report
            return Effect.provide(
              say("JobEnded", `ends ${id}: exit code ${exit}`, { job: id, exit }),
              context
            )
          }
          case "Unreachable":
            return Effect.provide(
              flags.json
                ? say("StateAway", "", { message: report.message })
                : Say.warn(`${report.message}; it is tried again until it is there`),
              context
            )
          case "Reachable":
            return Effect.provide(say("StateBack", "goes on: the shared state is there again", {}), context)
        }
      }
    })
    yield* engine.serve(yield* Effect.sync(() => randomUUID()), own.run)
    yield* say("WorkerReady", `ready: ${name}`, { worker: name })
    return yield* Effect.onInterrupt(Effect.never, () => own.drain(Duration.seconds(flags.grace ?? 30)))
  }, Effect.scoped)
})

import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { adopt as run, readAdoptable } from "../../orchestrator/Adopt.ts"
import { jsonLine } from "../../ui/Json.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { define } from "../CommandInfo.ts"
import { conclude } from "../Conclude.ts"
import * as Flag from "../Flag.ts"
import { openCoolify } from "../OpenSubject.ts"
import { makeConfirmation } from "../Operator.ts"
import * as Output from "../Output.ts"
import { lockRun } from "../RunLock.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { sandboxOf } from "../Subject.ts"

export const adopt = define({
  name: "adopt",
  about: [
    "Reads the application and writes what a spec can say of it; what it cannot say stands in comments. With --output it then puts fabrik's mark into the application's description, and into the comment of its DNS record if that leads to the server, so that `fabrik apply` finds them as its own. Nothing else is changed, and nothing is deployed.",
    "Values that look secret are never read into the file: those variables stay in Coolify as they are. The first apply writes the other variables again and so deploys once."
  ],
  config: {
    application: Flag.one("APPLICATION", "its name or uuid in Coolify"),
    output: Flag.text("output", {
      alias: "o",
      placeholder: "FILE",
      help: "write the spec here, and mark [show it on stdout, and change nothing]"
    }),
    project: Flag.text("project", { placeholder: "NAME", help: "the project it is in" }),
    environment: Flag.text("environment", { placeholder: "NAME", help: "the environment it is in" }),
    yes: Shared.yes,
    skipDns: Shared.skipDns,
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik adopt my-api", says: "what would its spec look like?" },
    { line: "fabrik adopt my-api -o my-api.yaml", says: "write it, and mark the application after asking" },
    { line: "fabrik adopt api --project shop -o api.yaml", says: "the one in this project" }
  ],
  handler: Effect.fn("command.adopt")(function* (flags) {
    const world = yield* openCoolify(sandboxOf(flags), flags.skipDns ? "no" : "if-set")
    const search = {
      application: flags.application,
      project: flags.project,
      environment: flags.environment,
      dns: world.hasDns
    }
    const { out } = yield* Screen
    const file = flags.output
    const program = Effect.gen(function* () {
      const adoptable = yield* readAdoptable(search)
      if (file === undefined) {
        const { text, application } = adoptable
        yield* out.write(flags.json ? `${jsonLine({ type: "Spec", uuid: application.uuid, text })}\n` : text)
        if (!flags.quiet) yield* Say.hint(["Nothing was changed. With -o FILE it is written and marked."])
        return undefined
      }
      const { confirm, consent } = yield* makeConfirmation({
        yes: flags.yes,
        question: `Write ${file} and mark these as fabrik's?`
      })
      yield* lockRun(adoptable.spec, { ...world, command: "adopt", seconds: 0 })
      const report = yield* withFile(
        file,
        adoptable.text,
        Effect.provide(
          run(adoptable, { mode: world.place, confirm, origin: { file, text: adoptable.text } }),
          Output.layer({ ...flags, verbose: false })
        )
      )
      return { report, consent: yield* consent, file }
    })
    const done = yield* Effect.provide(program, world.layer)
    if (done === undefined) return
    const { report, consent } = done
    if (report.outcome !== "declined" && !flags.quiet) {
      yield* Say.hint([`${done.file} is written: see what \`fabrik plan ${done.file}\` says.`])
    }
    return yield* conclude(report, consent)
  }, Effect.scoped)
})

/** The file comes first and is never one that was there before; it stays only if `effect` takes place. */
const withFile = <A extends { readonly outcome: string }, E, R>(
  file: string,
  text: string,
  effect: Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(file, text, { flag: "wx" }).pipe(
      Effect.mapError(
        (error) =>
          new UsageError({
            message:
              error._tag === "SystemError" && error.reason === "AlreadyExists"
                ? `${file} exists already: name another file`
                : `${file} cannot be written`,
            command: "adopt"
          })
      )
    )
    return yield* Effect.onExit(effect, (exit) =>
      Exit.isSuccess(exit) && exit.value.outcome !== "declined"
        ? Effect.void
        : Effect.catchAll(fs.remove(file), () => Say.warn(`${file} could not be removed`))
    )
  })

/** The root: reads argv, runs the command it names, and says how the process is to end. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { readArguments } from "./Arguments.ts"
import { apply } from "./commands/Apply.ts"
import { destroy } from "./commands/Destroy.ts"
import { plan } from "./commands/Plan.ts"
import { sandbox } from "./commands/Sandbox.ts"
import { status } from "./commands/Status.ts"
import { templates } from "./commands/Templates.ts"
import { validate } from "./commands/Validate.ts"
import { verify } from "./commands/Verify.ts"
import { ExitCode } from "./ExitCode.ts"
import { renderHelp, renderRootHelp } from "./Help.ts"
import { report } from "./Report.ts"
import * as Say from "./Say.ts"
import { version } from "./Version.ts"

/** In the order in which help lists them. */
export const commands = [
  validate.info,
  plan.info,
  apply.info,
  verify.info,
  status.info,
  destroy.info,
  templates.info,
  sandbox.info
]

const root = Command.make("fabrik").pipe(
  Command.withSubcommands([
    validate.command,
    plan.command,
    apply.command,
    verify.command,
    status.command,
    destroy.command,
    templates.command,
    sandbox.command
  ])
)

const runCommand = Command.run(root, { name: "fabrik", version, executable: "fabrik" })

/** `argv` without node and script. Every expected failure has been told when this ends. */
export const run = Effect.fn("fabrik")(function* (argv: ReadonlyArray<string>) {
  const request = readArguments(argv, commands)
  if (Either.isLeft(request)) return yield* report(request.left, false)
  switch (request.right._tag) {
    case "Help": {
      const { command } = request.right
      yield* Say.result(command === undefined ? renderRootHelp(commands) : renderHelp(command))
      return ExitCode.done
    }
    case "Version":
      yield* Say.result([`fabrik ${version}`])
      return ExitCode.done
    case "Run": {
      const { argv: ordered } = request.right
      const json = ordered.includes("--json")
      return yield* runCommand(["node", "fabrik", ...ordered]).pipe(
        Effect.as<ExitCode>(ExitCode.done),
        Effect.catchAll((error) => report(error, json))
      )
    }
  }
})

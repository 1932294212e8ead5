/** The root: reads argv, runs the command it names, and says how the process is to end. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { readArguments } from "./Arguments.ts"
import { adopt } from "./commands/Adopt.ts"
import { apply } from "./commands/Apply.ts"
import { destroy } from "./commands/Destroy.ts"
import { list } from "./commands/List.ts"
import { logs } from "./commands/Logs.ts"
import { plan } from "./commands/Plan.ts"
import { recover } from "./commands/Recover.ts"
import { rollback } from "./commands/Rollback.ts"
import { sandbox } from "./commands/Sandbox.ts"
import { status } from "./commands/Status.ts"
import { templates } from "./commands/Templates.ts"
import { validate } from "./commands/Validate.ts"
import { verify } from "./commands/Verify.ts"
import { ExitCode } from "./ExitCode.ts"
import { renderHelp, renderRootHelp } from "./Help.ts"
import { recoverCommand } from "./RecoverCommand.ts"
import { report } from "./Report.ts"
import * as Say from "./Say.ts"
import { version } from "./Version.ts"

/** In the order in which help lists them. */
const all = [
  validate,
  plan,
  apply,
  verify,
  status,
  logs,
  list,
  rollback,
  recover,
  adopt,
  destroy,
  templates,
  sandbox
]
export const commands = all.map(({ info }) => info)

const changing: ReadonlySet<string> = new Set(["apply", "rollback", "recover", "adopt", "destroy"])

/** Whether the command changes nothing, however it ends. */
const onlyReads = (command: string, argv: ReadonlyArray<string>): boolean =>
  !changing.has(command) ||
  argv.some((word) => ["--dry-run", "--scan", "--list", "-l"].includes(word)) ||
  (command === "adopt" && !argv.some((word) => /^(?:-o|--output)/.test(word)))

const zero: ExitCode = ExitCode.done

/** `argv` without node and script. Every expected failure has been told when this ends. */
export const run = Effect.fn("fabrik")(function* (argv: ReadonlyArray<string>) {
  const request = readArguments(argv, commands)
  if (Either.isLeft(request)) return yield* report(request.left, { json: false, reads: true, recover: "" })
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
      const { argv: ordered, command } = request.right
      const json = ordered.includes("--json")
      const chosen = all.find(({ info }) => info === command) ?? validate
      const concluded = Effect.gen(function* () {
        yield* chosen.run(ordered)
        return zero
      })
      return yield* Effect.catchAll(concluded, (error) =>
        report(error, { json, reads: onlyReads(command.name, ordered), recover: recoverCommand(ordered) })
      )
    }
  }
})

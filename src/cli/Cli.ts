/** The root: reads argv, runs the command it names, and says how the process is to end. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { clean } from "../ui/Sanitize.ts"
import { findCommand, readWords, startsWithFlag, UsageError } from "./Arguments.ts"
import { AllCommands } from "./CommandInfo.ts"
import { ExitCode } from "./ExitCode.ts"
import { renderHelp } from "./Help.ts"
import { recoverCommand } from "./RecoverCommand.ts"
import { report } from "./Report.ts"
import { renderRootHelp } from "./RootHelp.ts"
import { Screen } from "../ui/Screen.ts"
import * as Say from "./Say.ts"
import { versionLine } from "./Version.ts"

/** Each with all that it needs, loaded when it is named. */
const load = {
  init: () => import("./commands/Init.ts").then(({ init }) => init),
  new: () => import("./commands/New.ts").then(({ newCommand }) => newCommand),
  validate: () => import("./commands/Validate.ts").then(({ validate }) => validate),
  plan: () => import("./commands/Plan.ts").then(({ plan }) => plan),
  apply: () => import("./commands/Apply.ts").then(({ apply }) => apply),
  doctor: () => import("./commands/Doctor.ts").then(({ doctor }) => doctor),
  context: () => import("./commands/Context.ts").then(({ context }) => context),
  verify: () => import("./commands/Verify.ts").then(({ verify }) => verify),
  status: () => import("./commands/Status.ts").then(({ status }) => status),
  open: () => import("./commands/Open.ts").then(({ open }) => open),
  logs: () => import("./commands/Logs.ts").then(({ logs }) => logs),
  start: () => import("./commands/Lifecycle.ts").then(({ start }) => start),
  stop: () => import("./commands/Lifecycle.ts").then(({ stop }) => stop),
  restart: () => import("./commands/Lifecycle.ts").then(({ restart }) => restart),
  cancel: () => import("./commands/Cancel.ts").then(({ cancel }) => cancel),
  env: () => import("./commands/Env.ts").then(({ env }) => env),
  secrets: () => import("./commands/Secrets.ts").then(({ secrets }) => secrets),
  list: () => import("./commands/List.ts").then(({ list }) => list),
  runs: () => import("./commands/Runs.ts").then(({ runs }) => runs),
  explain: () => import("./commands/Explain.ts").then(({ explain }) => explain),
  rollback: () => import("./commands/Rollback.ts").then(({ rollback }) => rollback),
  history: () => import("./commands/History.ts").then(({ history }) => history),
  diff: () => import("./commands/Diff.ts").then(({ diff }) => diff),
  recover: () => import("./commands/Recover.ts").then(({ recover }) => recover),
  unlock: () => import("./commands/Unlock.ts").then(({ unlock }) => unlock),
  adopt: () => import("./commands/Adopt.ts").then(({ adopt }) => adopt),
  import: () => import("./commands/Import.ts").then(({ importCommand }) => importCommand),
  destroy: () => import("./commands/Destroy.ts").then(({ destroy }) => destroy),
  worker: () => import("./commands/Worker.ts").then(({ worker }) => worker),
  state: () => import("./commands/State.ts").then(({ state }) => state),
  templates: () => import("./commands/Templates.ts").then(({ templates }) => templates),
  schema: () => import("./commands/Schema.ts").then(({ schema }) => schema),
  completions: () => import("./commands/Completions.ts").then(({ completions }) => completions),
  man: () => import("./commands/Man.ts").then(({ man }) => man),
  version: () => import("./commands/Version.ts").then(({ version }) => version),
  sandbox: () => import("./commands/Sandbox.ts").then(({ sandbox }) => sandbox)
}

/** In the order in which help lists them. */
export const loadCommands = Effect.promise(() => Promise.all(Object.values(load).map((one) => one())))

const allCommands = Effect.map(loadCommands, (all) => all.map(({ info }) => info))

const changing: ReadonlySet<string> = new Set([
  "apply",
  "rollback",
  "recover",
  "adopt",
  "destroy",
  "start",
  "stop",
  "restart",
  "env",
  "cancel",
  "secrets",
  "state"
])

/** Whether the command changes nothing, however it ends. */
const onlyReads = (command: string, argv: ReadonlyArray<string>): boolean =>
  !changing.has(command) ||
  argv.some((word) => ["--dry-run", "--scan", "--list", "-l"].includes(word)) ||
  ((command === "env" || command === "secrets") && argv.some((word) => word === "list" || word === "pull")) ||
  (command === "adopt" && !argv.some((word) => /^(?:-o|--output)/.test(word)))

/** The environment with the Coolify of a context; `undefined`: it stays as it is. */
const contextOf = Effect.fn("contextOf")(function* (command: string, words: ReadonlyArray<string>) {
  const at = words.indexOf("--context")
  const flag = at === -1 ? undefined : words[at + 1]
  if (words.includes("--sandbox")) {
    if (flag === undefined) return undefined
    const message = "--sandbox and --context are two different Coolifys: name one"
    return yield* new UsageError({ message, command })
  }
  const { chooseContext, withContext } = yield* Effect.promise(() => import("./ChooseContext.ts"))
  const chosen = yield* chooseContext(flag)
  if (chosen === undefined) return undefined
  const { address, name } = chosen.context
  const isSilent = words.includes("--quiet") || words.includes("--json")
  if (!isSilent) yield* Say.hint([`Coolify ${clean(name)}: ${clean(address)} (${chosen.by})`])
  return yield* Effect.configProviderWith((provider) => Effect.succeed(withContext(chosen.context)(provider)))
})

type AnyCommand = Effect.Effect.Success<typeof loadCommands>[number]

const zero: ExitCode = ExitCode.done

/** `argv` without node and script. Every expected failure has been told when this ends. */
export const run = Effect.fn("fabrik")(function* (argv: ReadonlyArray<string>) {
  const ahead = startsWithFlag(argv) ? yield* loadCommands : []
  const request = findCommand(
    argv,
    ahead.flatMap(({ info }) => info.flags)
  )
  if (Either.isLeft(request)) return yield* report(request.left, { json: false, reads: true, recover: "" })
  const asked = request.right
  switch (asked._tag) {
    case "Help": {
      const { command } = asked
      const { columns } = (yield* Screen).out.style
      const lines =
        command === undefined
          ? renderRootHelp(columns)
          : renderHelp((yield* Effect.promise<AnyCommand>(load[command])).info, columns)
      yield* Say.result(lines)
      return ExitCode.done
    }
    case "Version":
      yield* Say.result([versionLine(process.versions.node)])
      return ExitCode.done
    case "Run": {
      const chosen = yield* Effect.promise<AnyCommand>(load[asked.command])
      const ordered = readWords(asked, chosen.info)
      if (Either.isLeft(ordered)) {
        return yield* report(ordered.left, { json: false, reads: true, recover: "" })
      }
      const words = ordered.right
      const takesContext = chosen.info.flags.some(({ name }) => name === "context")
      const concluded = Effect.gen(function* () {
        const named = takesContext ? yield* contextOf(asked.command, words) : undefined
        const running = Effect.gen(function* () {
          yield* chosen.run(words)
        })
        yield* named === undefined ? running : Effect.withConfigProvider(running, named)
        return zero
      }).pipe(Effect.provideService(AllCommands, allCommands))
      return yield* Effect.catchAll(concluded, (error) =>
        report(error, {
          json: words.includes("--json"),
          reads: onlyReads(asked.command, words),
          recover: recoverCommand(words)
        })
      )
    }
  }
})

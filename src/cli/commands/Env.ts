import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import type * as Types from "effect/Types"
import { SpecError } from "../../appspec/SpecError.ts"
import {
  type GivenVariable,
  listVariables,
  planRemoval,
  planWrites,
  removeVariables,
  type VariableWrites,
  writeVariables
} from "../../orchestrator/OwnVariables.ts"
import { parseEnvFile } from "../../secrets/EnvFile.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import * as SecretFiles from "../../secrets/SecretFiles.ts"
import { SecretError } from "../../secrets/SecretStore.ts"
import { envLine } from "../../secrets/WriteEnvFile.ts"
import { jsonLine } from "../../ui/Json.ts"
import { count } from "../../ui/Layout.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderVariables } from "../../ui/VariablesView.ts"
import { UsageError } from "../Arguments.ts"
import { carryOut } from "../CarryOut.ts"
import { Concluded, NotWrittenError, UnconfirmedError } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Flag from "../Flag.ts"
import { givenValue } from "../GivenValue.ts"
import { openSubjects } from "../OpenSubject.ts"
import { askOnce } from "../Operator.ts"
import { lockRun } from "../RunLock.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { isDomain } from "../Subject.ts"

const config = {
  action: Flag.oneOf("ACTION", ["list", "set", "unset", "pull", "push"], "list, set, unset, pull or push"),
  subject: Shared.specOrDomain,
  words: Flag.any("NAME|ENVFILE", "set: one name; unset: names; pull, push: a file [.env beside the spec]"),
  show: Flag.toggle("show", { help: "list: the values, too, on this screen" }),
  restart: Flag.toggle("restart", { help: "restart afterwards, so that it takes effect" }),
  force: Flag.toggle("force", { help: "pull: overwrite the file" }),
  process: Shared.process,
  yes: Shared.yes,
  lockTimeout: Shared.lockTimeout,
  ...Shared.world,
  verbose: Shared.verbose,
  ...Shared.screen
}
type Flags = Types.Simplify<Command.Command.ParseConfig<typeof config>>

export const env = define({
  name: "env",
  about: [
    "The variables that a deployed application has in Coolify. `list` tells whose each is: the spec's, a secret that was given or generated, or set by hand. `set` asks for the value, or reads it from stdin (less one line break at its end): it never stands on the command line. `pull` writes a .env that only you may read, `push` sets what stands in one.",
    "What the spec itself says is changed in the spec, and refused here; so is a secret that a .env of yours gives another value. What is set by hand stays, whatever is applied. A container gets to see it with the next deployment, or by --restart.",
    "A domain means the application of fabrik's that answers for it."
  ],
  config,
  examples: [
    { line: "fabrik env list app.yaml", says: "names, and where each comes from" },
    { line: "fabrik env set app.yaml API_KEY --restart", says: "ask for the value, set it, restart" },
    { line: "fabrik env set shop.example.com TLS_KEY < key.pem", says: "the value is the file" },
    { line: "fabrik env unset app.yaml OLD_FLAG", says: "only what was set by hand" },
    { line: "fabrik env pull app.yaml", says: "all of them into .env" }
  ],
  handler: Effect.fn("command.env")(function* (flags) {
    yield* refuseWords(flags)
    const opened = yield* openOne(flags)
    const { spec, world } = opened
    switch (flags.action) {
      case "list":
        return yield* Effect.provide(list(opened, flags), world.layer)
      case "pull":
        return yield* Effect.provide(pull(opened, flags), world.layer)
    }
    const given = flags.action === "unset" ? [] : yield* givenBy(flags)
    yield* lockRun(spec, { ...world, command: `env ${flags.action}`, seconds: flags.lockTimeout ?? 0 })
    const isChanged =
      flags.action === "unset"
        ? yield* Effect.provide(unset(opened, flags), world.layer)
        : yield* Effect.provide(write(opened, given, flags), world.layer)
    if (!isChanged) return
    if (flags.restart) {
      return yield* carryOut("restart", { spec, world, file: flags.subject, yes: true, flags })
    }
    if (!flags.quiet) {
      yield* Say.hint([
        "Its containers get to see it with the next deployment. To restart it now:",
        `  fabrik restart ${clean(flags.subject)}${flags.process === undefined ? "" : ` --process ${clean(flags.process)}`}`
      ])
    }
  }, Effect.scoped)
})

type Opened = Effect.Effect.Success<ReturnType<typeof openOne>>

/** Each process of a spec has its own variables. */
const openOne = Effect.fn("env.open")(function* (flags: Flags) {
  const [opened, ...others] = yield* openSubjects(flags.subject, flags, "env")
  if (opened !== undefined && others.length === 0) return opened
  const names = [opened, ...others].flatMap((one) => one?.spec.process?.name ?? [])
  return yield* usage(`each process has its own variables: name one with --process (${names.join(", ")})`)
})

const usage = (message: string) => new UsageError({ message, command: "env" })

const refuseWords = ({ action, force, restart, show, words }: Flags): Effect.Effect<void, UsageError> => {
  const [first, second] = words
  const assigned = words.find((word) => action !== "pull" && action !== "push" && word.includes("="))
  if (assigned !== undefined) {
    return usage(
      `env ${action} takes names only: other users see what is on the command line, and the shell keeps it. Pipe the value in`
    )
  }
  if (action === "list" && first !== undefined) return usage("env list takes no more than a spec or a domain")
  if (action === "set" && (first === undefined || second !== undefined))
    return usage("env set takes one name")
  if (action === "unset" && first === undefined) return usage("env unset takes the names to take away")
  if (second !== undefined && (action === "pull" || action === "push")) {
    return usage(`env ${action} takes one file`)
  }
  if (show && action !== "list") return usage(`--show goes with env list, not with env ${action}`)
  if (force && action !== "pull") return usage(`--force goes with env pull, not with env ${action}`)
  if (restart && (action === "list" || action === "pull")) {
    return usage(`--restart does not go with env ${action}, which changes nothing`)
  }
  return Effect.void
}

const list = Effect.fn("env.list")(function* (opened: Opened, { json, quiet, show }: Flags) {
  const { out } = yield* Screen
  const known = yield* KnownSecrets
  const all = yield* listVariables(opened)
  if (show) {
    for (const { value } of all) if (value !== undefined) yield* known.show(value)
  }
  if (json) {
    return yield* Say.result(
      all.map(({ name, source, state, value }) =>
        jsonLine({
          type: "Variable",
          name,
          source,
          state,
          ...(show && value !== undefined ? { value: Redacted.value(value) } : {})
        })
      )
    )
  }
  yield* Say.result(renderVariables(all, out.style, show))
  if (all.length === 0 && !quiet) yield* Say.hint([`${opened.spec.name} has no variables.`])
})

/** Beside the spec, else in the working folder. */
const fileFor = ({ subject, words: [file] }: Flags) =>
  Effect.map(
    Path.Path,
    (path) => file ?? (isDomain(subject) ? ".env" : path.join(path.dirname(subject), ".env"))
  )

const pull = Effect.fn("env.pull")(function* (opened: Opened, flags: Flags) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = yield* fileFor(flags)
  const all = yield* listVariables(opened)
  const lines: Array<string> = []
  const left: Array<string> = []
  for (const { name, state, value } of all) {
    if (state === "absent") continue
    const line = value === undefined ? undefined : envLine(name, Redacted.value(value))
    if (line === undefined) left.push(name)
    else lines.push(line)
  }
  const text = `# Variables of ${opened.spec.name}, written by fabrik env pull.\n${lines.map((line) => `${line}\n`).join("")}`
  const files = SecretFiles.make(fs, path)
  const target = flags.force ? `${file}.${yield* Effect.sync(() => randomUUID())}` : file
  if (!(yield* files.create(path.dirname(file), target, text))) {
    return yield* new NotWrittenError({
      detail: `${clean(file)} is there already, and is not overwritten`,
      next: "Name another file, or overwrite it with --force."
    })
  }
  if (flags.force) {
    yield* Effect.mapError(
      fs.rename(target, file),
      (error) => new SecretError({ reason: "CannotPersist", subject: file, detail: error.message })
    ).pipe(Effect.tapError(() => Effect.ignore(fs.remove(target))))
  }
  if (flags.json) {
    yield* Say.result([jsonLine({ type: "VariablesPulled", file, written: lines.length, left })])
  } else {
    yield* Say.result([`${clean(file)}: ${count(lines.length, "variable")}`])
  }
  if (left.length === 0) return
  yield* Say.warn(`${left.join(", ")} could not be read, or has no form in a .env, and is not in the file`)
  return yield* new Concluded({ code: ExitCode.leftOut })
})

const givenBy = Effect.fn("env.given")(function* (flags: Flags) {
  const known = yield* KnownSecrets
  const [first = ""] = flags.words
  if (flags.action === "set") return [{ name: first, value: yield* givenValue(first, "env") }]
  const path = yield* Path.Path
  const file = yield* fileFor(flags)
  const files = SecretFiles.make(yield* FileSystem.FileSystem, path)
  const text = yield* files.read(file, {
    loose: "warn",
    onLoose: () => Effect.void
  })
  if (Option.isNone(text)) {
    return yield* new SecretError({ reason: "UnreadableFile", subject: file, detail: "does not exist" })
  }
  const { entries, skipped } = parseEnvFile(text.value)
  const given: Array<GivenVariable> = []
  const problems = skipped.map(({ line }) => ({
    line,
    column: 1,
    path: "",
    message: "this is no NAME=value",
    hint: "take the line out, or begin it with #"
  }))
  for (const [name, { column, line, value }] of entries) {
    if (Either.isLeft(value)) {
      problems.push({ line, column, path: name, message: `${name} ${value.left}`, hint: "mend the value" })
      continue
    }
    yield* known.add(value.right)
    given.push({ name, value: value.right })
  }
  if (problems.length > 0) {
    return yield* new SpecError({ file, problems: problems.toSorted((a, b) => a.line - b.line) })
  }
  return given
})

const write = Effect.fn("env.write")(function* (
  opened: Opened,
  given: ReadonlyArray<GivenVariable>,
  flags: Flags
) {
  const writes = yield* planWrites(opened, given)
  const { created, put, unchanged, updated } = writes
  if (put.length > 0 && flags.action === "push") {
    yield* agree(`Set ${count(put.length, "variable")} of ${opened.spec.name}: ${names(writes)}?`, flags)
  }
  yield* put.length === 0 ? Effect.void : writeVariables(writes)
  yield* Say.result(
    flags.json
      ? [jsonLine({ type: "VariablesSet", created, updated, unchanged })]
      : [
          ...created.map((name) => `+ ${clean(name)}`),
          ...updated.map((name) => `~ ${clean(name)}`),
          ...(put.length === 0 ? ["No changes."] : [])
        ]
  )
  return put.length > 0
})

const names = ({ created, updated }: VariableWrites): string => [...created, ...updated].map(clean).join(", ")

const unset = Effect.fn("env.unset")(function* (opened: Opened, flags: Flags) {
  const removal = yield* planRemoval(opened, flags.words)
  const gone = [...new Set(removal.rows.map(({ key }) => key))]
  yield* agree(`Take ${gone.map(clean).join(", ")} away from ${opened.spec.name}? The value is lost.`, flags)
  yield* removeVariables(removal)
  yield* Say.result(
    flags.json
      ? [jsonLine({ type: "VariablesUnset", removed: gone })]
      : gone.map((name) => `- ${clean(name)}`)
  )
  return true
})

const agree = Effect.fn("env.agree")(function* (question: string, { quiet, yes }: Flags) {
  if (yes) return
  const said = yield* askOnce(question)
  if (said === "yes") return
  if (said === "nobody there") return yield* new UnconfirmedError()
  if (!quiet) yield* Say.hint(["Nothing was changed."])
  return yield* new Concluded({ code: ExitCode.refused })
})

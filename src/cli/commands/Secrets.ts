import type * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Types from "effect/Types"
import { secretNamesOf } from "../../appspec/sections/BasicAuth.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { listVariables } from "../../orchestrator/OwnVariables.ts"
import { secretScope } from "../../orchestrator/steps/ResolveSecrets.ts"
import { type FoundSecret, SecretStore } from "../../secrets/SecretStore.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderTable } from "../../ui/Table.ts"
import { UsageError } from "../Arguments.ts"
import { changeFlags, changeSecrets } from "../ChangeSecrets.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openSubjects } from "../OpenSubject.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { isDomain } from "../Subject.ts"

const config = {
  action: Flag.oneOf("ACTION", ["list", "set", "rotate"], "list, set or rotate"),
  file: Flag.one("SPEC", "the path of a spec"),
  names: Flag.any("NAME", "set: one secret; rotate: which secrets"),
  process: Shared.process,
  ...changeFlags
}
type Flags = Types.Simplify<Command.Command.ParseConfig<typeof config>>

export const secrets = define({
  name: "secrets",
  about: [
    "`list` tells of each secret of a spec how the application came by it, and what the next run would give it. `set` asks for a new value, or reads it from stdin (less one line break at its end): it never stands on the command line. `rotate` makes new values up for generated ones. Both deploy them as `fabrik apply` would: a plan, a deployment, verified; should it fail, the old values are back, and deployed.",
    "What a .env or the environment here gives is changed there. What is made of a database's password stays with the database. `fabrik env set` writes a value without deploying it."
  ],
  config,
  examples: [
    { line: "fabrik secrets list app.yaml", says: "where does each come from?" },
    { line: "fabrik secrets set app.yaml API_KEY", says: "ask for the value, show the plan, deploy it" },
    { line: "fabrik secrets set app.yaml TLS_KEY --yes < key.pem", says: "the value is the file" },
    { line: "fabrik secrets rotate app.yaml SESSION_KEY", says: "show the plan, ask, rotate" }
  ],
  handler: Effect.fn("command.secrets")(function* (flags) {
    yield* refuseWords(flags)
    if (flags.action === "set" || flags.action === "rotate") return yield* changeSecrets(flags.action, flags)
    const [opened, ...others] = yield* openSubjects(flags.file, flags, "secrets")
    if (opened === undefined || others.length > 0) {
      return yield* usage("each process has its own secrets: name one with --process")
    }
    return yield* Effect.provide(list(opened, flags), opened.world.layer)
  }, Effect.scoped)
})

type Opened = Effect.Effect.Success<ReturnType<typeof openSubjects>>[number]

const usage = (message: string) => new UsageError({ message, command: "secrets" })

const refuseWords = ({ action, file, names }: Flags): Effect.Effect<void, UsageError> => {
  if (isDomain(file)) return usage("secrets wants the path of a spec, which names them")
  if (action === "list" && names.length > 0) return usage("secrets list takes no names")
  if (action !== "list" && names.some((name) => name.includes("="))) {
    return usage(
      `secrets ${action} takes names only: other users see what is on the command line, and the shell keeps it. Pipe the value in`
    )
  }
  if (action === "set" && names.length !== 1) return usage("secrets set takes the name of one secret")
  return action === "rotate" && names.length === 0
    ? usage("secrets rotate takes the names of the secrets to rotate")
    : Effect.void
}

const findAll = (spec: Spec) =>
  Effect.flatMap(SecretStore, ({ find }) => find(secretScope(spec), secretNamesOf(spec)))

const list = Effect.fn("secrets.list")(function* ({ spec, world, written }: Opened, { json, quiet }: Flags) {
  const { out } = yield* Screen
  const store = world.team === undefined ? world.directory : "the team's state"
  const rows = new Map((yield* listVariables({ spec, written })).map((one) => [one.name, one]))
  const all = (yield* findAll(spec)).map(({ name, secret }) => {
    const row = rows.get(name)
    const application = row === undefined || row.state === "absent" ? null : row.source
    return { name, application, next: nextOf(spec, name, secret, application !== null, store) }
  })
  if (json) return yield* Say.result(all.map((one) => jsonLine({ type: "Secret", ...one })))
  yield* Say.result(
    renderTable(
      ["NAME", "IN THE APPLICATION", "NEXT RUN"],
      all.map(({ application, name, next }) => ({
        cells: [clean(name), application ?? "not there", clean(next)],
        paint: (text) => text
      })),
      out.style
    )
  )
  if (all.length === 0 && !quiet) yield* Say.hint([`The spec of ${spec.name} has no secrets.`])
})

/** What step 2 of a run would choose. */
const nextOf = (
  { secretRules }: Spec,
  name: string,
  secret: FoundSecret["secret"],
  isThere: boolean,
  store: string
): string => {
  const here = Option.getOrUndefined(secret)
  if (here?.origin === "environment") return "from the environment"
  if (here?.origin === "env-file") return `from ${here.file ?? ".env"}`
  if (isThere) return "kept as the application has it"
  if (here !== undefined) return `as generated, kept in ${store}`
  return secretRules.get(name)?._tag === "Required" ? "missing: to be given" : "to be generated"
}

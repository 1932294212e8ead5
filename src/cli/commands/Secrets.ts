import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Command from "@effect/cli/Command"
import type * as Types from "effect/Types"
import { secretNamesOf } from "../../appspec/sections/BasicAuth.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { RefusedError } from "../../engine/DeployError.ts"
import { apply as run } from "../../orchestrator/Apply.ts"
import { listVariables } from "../../orchestrator/OwnVariables.ts"
import { secretScope } from "../../orchestrator/steps/ResolveSecrets.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import { SecretGenerator } from "../../secrets/SecretGenerator.ts"
import { type FoundSecret, SecretStore } from "../../secrets/SecretStore.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderTable } from "../../ui/Table.ts"
import { UsageError } from "../Arguments.ts"
import { define } from "../CommandInfo.ts"
import { conclude } from "../Conclude.ts"
import * as Flag from "../Flag.ts"
import { openWorld } from "../Layers.ts"
import { loadSubject } from "../PlanFile.ts"
import { hasProcesses } from "../SpecFiles.ts"
import { byProjectName } from "../../orchestrator/ProjectName.ts"
import { openSubjects } from "../OpenSubject.ts"
import { makeConfirmation } from "../Operator.ts"
import * as Output from "../Output.ts"
import { addressOf, recordRelease } from "../Releases.ts"
import { lockRun } from "../RunLock.ts"
import { type Report, recorded } from "../RunRecords.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { dnsNeeds, isDomain, leavesDns, sandboxOf, subjectOf } from "../Subject.ts"

const config = {
  action: Flag.oneOf("ACTION", ["list", "rotate"], "list or rotate"),
  file: Flag.one("SPEC", "the path of a spec"),
  names: Flag.any("NAME", "rotate: which secrets"),
  process: Shared.process,
  yes: Shared.yes,
  allowDowntime: Shared.allowDowntime,
  timeout: Shared.timeout,
  lockTimeout: Shared.lockTimeout,
  ...Shared.world,
  verbose: Shared.verbose,
  ...Shared.screen
}
type Flags = Types.Simplify<Command.Command.ParseConfig<typeof config>>

export const secrets = define({
  name: "secrets",
  about: [
    "`list` tells of each secret of a spec how the application came by it, and what the next run would give it. `rotate` gives generated secrets new values as `fabrik apply` would: a plan, a deployment, verified; should it fail, the old values are back, and deployed.",
    "A secret that somebody gives is not made up here: `fabrik env set` takes a new value for it. What is made of a database's password stays with the database."
  ],
  config,
  examples: [
    { line: "fabrik secrets list app.yaml", says: "where does each come from?" },
    { line: "fabrik secrets rotate app.yaml SESSION_KEY", says: "show the plan, ask, rotate" }
  ],
  handler: Effect.fn("command.secrets")(function* (flags) {
    yield* refuseWords(flags)
    if (flags.action === "rotate") return yield* rotate(flags)
    const [opened, ...others] = yield* openSubjects(flags.file, flags, "secrets")
    if (opened === undefined || others.length > 0) {
      return yield* usage("each process has its own secrets: name one with --process")
    }
    return yield* Effect.provide(list(opened, flags), opened.world.layer)
  }, Effect.scoped)
})

type Opened = Effect.Effect.Success<ReturnType<typeof openSubjects>>[number]

const usage = (message: string) => new UsageError({ message, command: "secrets" })

const refuseWords = ({ action, file, names }: Flags): Effect.Effect<void, UsageError> =>
  isDomain(file)
    ? usage("secrets wants the path of a spec, which names them")
    : action === "list" && names.length > 0
      ? usage("secrets list takes no names")
      : action === "rotate" && names.length === 0
        ? usage("secrets rotate takes the names of the secrets to rotate")
        : Effect.void

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

const refuse = (detail: string, next: string) => new RefusedError({ reason: "OfSpec", detail, next })

/** Only what was made up is made up anew. */
const refuseOthers = Effect.fn("secrets.refuseOthers")(function* (spec: Spec, names: ReadonlyArray<string>) {
  const rows = new Map((yield* listVariables({ spec, written: spec })).map((one) => [one.name, one]))
  const found = yield* findAll(spec)
  for (const name of names) {
    if (Object.hasOwn(spec.references, name)) {
      return yield* refuse(
        `${name} is made of other values of the spec, as a database's password: Coolify changes no password of a database that has data`,
        "rotate the secrets that it is made of"
      )
    }
    if (!spec.secrets.includes(name)) {
      return yield* usage(
        `the spec has no secret ${name}${spec.secrets.length === 0 ? "" : `; it has ${spec.secrets.join(", ")}`}`
      )
    }
    const here = Option.getOrUndefined(found.find((one) => one.name === name)?.secret ?? Option.none())
    if (here !== undefined && here.origin !== "stored") {
      const place = here.origin === "env-file" ? (here.file ?? ".env") : "the environment"
      return yield* refuse(`${name} is given in ${place}`, "change it there, then run `fabrik apply`")
    }
    const source = rows.get(name)?.source
    if (source !== "generated" || spec.secretRules.get(name)?._tag === "Required") {
      return yield* refuse(
        `${name} was not generated by fabrik, so that no random value can take its place`,
        "give it a new value with `fabrik env set`"
      )
    }
  }
})

const rotate = Effect.fn("secrets.rotate")(function* (flags: Flags) {
  const { file } = flags
  const { reviewed, specs, text } = yield* loadSubject(file)
  if (reviewed !== undefined || hasProcesses(specs)) {
    return yield* usage(
      `secrets rotate wants the path of a spec of one application, and ${clean(file)} is ${reviewed === undefined ? "one with processes" : "a saved plan"}`
    )
  }
  const [written] = specs
  const world = yield* openWorld({
    ...subjectOf(written),
    sandbox: sandboxOf(flags),
    dryRun: false,
    needs: { coolify: true, dns: dnsNeeds(written, false) },
    secrets: { envFile: undefined, spec: file, given: new Map() }
  })
  const spec = yield* Effect.provide(byProjectName(written, world.offline), world.layer)
  const names = [...new Set(flags.names)]
  yield* lockRun(spec, { ...world, command: "secrets rotate", seconds: flags.lockTimeout ?? 0 })
  yield* Effect.provide(refuseOthers(spec, names), world.layer)
  const generator = yield* SecretGenerator
  const known = yield* KnownSecrets
  const fresh = new Map<string, Redacted.Redacted<string>>()
  for (const name of names) {
    const rule = spec.secretRules.get(name)
    const recipe = rule?._tag === "Generate" ? rule : ({ kind: "alphanumeric", length: 32 } as const)
    const value = yield* generator.secret({ kind: recipe.kind, length: recipe.length })
    yield* known.add(value)
    fresh.set(name, value)
  }
  /** The new values go before all that is known of them. */
  const store = Effect.map(SecretStore, (below) =>
    SecretStore.of({
      ...below,
      find: (scope, wanted) =>
        Effect.map(below.find(scope, wanted), (found) =>
          found.map((one): FoundSecret => {
            const value = fresh.get(one.name)
            return value === undefined
              ? one
              : { name: one.name, secret: Option.some({ name: one.name, value, origin: "generated" }) }
          })
        )
    })
  )
  const { confirm, consent } = yield* makeConfirmation({
    yes: flags.yes,
    question: `Rotate ${names.map(clean).join(", ")}?`
  })
  const running = run(spec, {
    command: "apply",
    mode: world.place,
    offline: world.offline,
    skipDns: leavesDns(spec, false),
    skipDeploy: false,
    redeploy: false,
    allowDowntime: flags.allowDowntime,
    keepFailed: undefined,
    expected: undefined,
    confirm,
    origin: { file, text },
    timeout: Duration.seconds(flags.timeout ?? 1800)
  }).pipe(Effect.provideServiceEffect(SecretStore, store), Effect.provide(world.layer))
  const concluded = (report: Report) => Effect.flatMap(consent, (said) => conclude(report, said))
  const ofRun = { command: "secrets rotate", spec, file, world, conclude: concluded }
  const report = yield* Effect.provide(recorded(running, ofRun), Output.layer(flags))
  yield* recordRelease({
    spec: written,
    text,
    report,
    backTo: undefined,
    coolify: addressOf(world)
  }).pipe(Effect.provide(world.layer), Effect.provide(world.history))
  return yield* concluded(report)
})

/** `apply --remote`: hands the specs over to the workers of the team, and tells what they do. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import type { Linked, Subject } from "../../appspec/Batch.ts"
import { referencedIn } from "../../appspec/Interpolate.ts"
import { secretNamesOf } from "../../appspec/sections/BasicAuth.ts"
import { allowList, isOwnCredential } from "../../secrets/FileSecretStore.ts"
import { SecretStore } from "../../secrets/SecretStore.ts"
import { secretScope } from "../../orchestrator/steps/ResolveSecrets.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { readAll } from "../Batch.ts"
import { linked } from "../BatchLinks.ts"
import type { ApplyFlags } from "../commands/Apply.ts"
import { Concluded } from "../CliError.ts"
import { ExitCode } from "../ExitCode.ts"
import { loadAmongOthers } from "../PlanFile.ts"
import * as Say from "../Say.ts"
import { secretsLayers } from "../SecretsLayers.ts"
import { specFiles } from "../SpecFiles.ts"
import { givenSecrets } from "../Subject.ts"
import { Watch } from "../Watch.ts"
import { follow } from "./Follow.ts"
import { isOfTheProcess, RequestText } from "./Request.ts"
import { filesOf, split } from "./Split.ts"
import { openTeam } from "./Team.ts"

export const applyRemote = Effect.fn("applyRemote")(function* (flags: ApplyFlags) {
  yield* refuseLocal(flags)
  const subjects = yield* readAll(yield* specFiles(flags.files), loadAmongOthers, flags.json)
  const links = yield* linked({ command: "apply", flags, subjects })
  const given = yield* givenSecrets(
    flags.secrets,
    subjects.map(({ spec }) => spec),
    "apply"
  )
  const parts = split(links, flags.atomic)
  const jobs = yield* Effect.forEach(parts, (part) =>
    Effect.gen(function* () {
      const environment = yield* valuesFor(part.links, flags.envFile, given)
      const request = {
        ...filesOf(part.links.map(({ subject }) => subject)),
        options: optionsOf(flags),
        environment
      }
      const text = yield* Effect.orDie(Schema.encode(RequestText)(request))
      const label = part.links.map(({ label }) => label).join(", ")
      return { ...part, id: yield* Effect.sync(() => randomUUID()), label, request: Redacted.make(text) }
    })
  )
  const team = yield* openTeam("apply --remote")
  yield* team.jobs.add(jobs)
  yield* team.engine.enqueue(jobs.map(({ id }) => id))
  const seen = yield* Watch
  seen.onSignal = "end"
  yield* tellHandedOver(team, links.length, jobs.length, flags).pipe(
    Effect.zipRight(follow(team.jobs, jobs, flags)),
    // How it ends is not known, which is another end than that of a command that has handed over nothing.
    Effect.catchTag("StateError", ({ message }) =>
      Say.warn(message).pipe(
        Effect.zipRight(goesOn(links)),
        Effect.zipRight(new Concluded({ code: ExitCode.unknown }))
      )
    ),
    Effect.onInterrupt(() => goesOn(links))
  )
}, Effect.scoped)

const tellHandedOver = Effect.fn("tellHandedOver")(function* (
  { engine }: Effect.Effect.Success<ReturnType<typeof openTeam>>,
  specs: number,
  jobs: number,
  { quiet }: ApplyFlags
) {
  const workers = yield* engine.workers
  const { err } = yield* Screen
  const what = `${specs === 1 ? "1 spec" : `${specs} specs`} in ${jobs === 1 ? "1 job" : `${jobs} jobs`}`
  const whom = workers === 0 ? "" : workers === 1 ? "; 1 worker is there" : `; ${workers} workers are there`
  if (!quiet) yield* err.write(`Handed over ${what}${whom}.\n`)
  if (workers === 0) {
    yield* Say.warn(
      `no worker is there: ${jobs === 1 ? "it waits" : "they wait"} for one, which \`fabrik worker\` starts on any machine of the team`
    )
  }
})

/** Nobody looks any more how it ends. */
const goesOn = (links: ReadonlyArray<Linked<Subject>>) =>
  Say.hint([
    `What was handed over is carried out all the same: \`fabrik status\` and \`fabrik history\` tell what became of it. \`fabrik cancel ${links.length === 1 ? (links[0]?.subject.file ?? "SPEC") : "SPEC"}\` cancels a deployment that is under way, and its changes are put back.`
  ])

/** What only this machine has, or only it can be asked. */
const refuseLocal = ({ dryRun, report, sandbox, yes }: ApplyFlags) => {
  const refuse = (message: string) => new UsageError({ message, command: "apply" })
  if (sandbox)
    return refuse("--remote is for a Coolify that the workers reach, and a sandbox is of this machine")
  if (dryRun) return refuse("--remote carries out, and --dry-run sends nothing: say one of them")
  if (report !== undefined)
    return refuse("--report tells of a run on this machine: leave --remote or --report out")
  return yes
    ? Effect.void
    : refuse("--remote shows no plan to agree to: look at it with `fabrik plan`, and say --yes")
}

/** Those of the flags that say how it is carried out. */
const optionsOf = (flags: ApplyFlags): ReadonlyArray<string> => [
  ...(flags.skipDns ? ["--skip-dns"] : []),
  ...(flags.skipDeploy ? ["--skip-deploy"] : []),
  ...(flags.redeploy ? ["--redeploy"] : []),
  ...(flags.allowDowntime ? ["--allow-downtime"] : []),
  ...(flags.keepFailed ? ["--keep-failed"] : []),
  ...(flags.keepGoing ? ["--keep-going"] : []),
  ...(flags.atomic ? ["--atomic"] : []),
  ...(flags.timeout === undefined ? [] : ["--timeout", String(flags.timeout)]),
  ...(flags.parallelism === undefined ? [] : ["--parallelism", String(flags.parallelism)])
]

/** The values that this machine has for the specs. They are all that the worker's process takes from an environment. */
const valuesFor = Effect.fn("valuesFor")(function* (
  links: ReadonlyArray<Linked<Subject>>,
  envFile: string | undefined,
  given: ReadonlyMap<string, Redacted.Redacted<string>>
) {
  const values = new Map<string, string>()
  for (const { label, subject } of links) {
    const { file, spec, text } = subject
    const { known } = yield* secretsLayers({ envFile, spec: file, given, told: new Set() }, ".fabrik")
    const found = yield* Effect.provide(
      Effect.flatMap(SecretStore, (store) => store.find(secretScope(spec), secretNamesOf(spec))),
      known
    )
    const own = found.flatMap(({ name, secret }) =>
      Option.isSome(secret) ? [[name, Redacted.value(secret.value.value)] as const] : []
    )
    const referenced = yield* Effect.forEach(referencedIn(text), (name) =>
      Effect.map(
        Effect.orElseSucceed(Config.option(Config.string(name)), () => Option.none<string>()),
        (value) => (Option.isSome(value) && !isOwnCredential(name) ? [[name, value.value] as const] : [])
      )
    )
    for (const [name, value] of [...own, ...referenced.flat()]) {
      if (isOfTheProcess(name)) {
        return yield* new UsageError({
          message: `${label} takes ${name} from the environment, which is the worker's own: apply it without --remote`,
          command: "apply"
        })
      }
      if (values.has(name) && values.get(name) !== value) {
        return yield* new UsageError({
          message: `${label} and a spec that goes with it have different values of ${name}: apply them without --remote`,
          command: "apply"
        })
      }
      values.set(name, value)
    }
  }
  return { ...Object.fromEntries(values), [allowList]: [...values.keys()].join(",") || "-" }
})

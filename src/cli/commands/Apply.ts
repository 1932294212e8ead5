import type * as Command from "@effect/cli/Command"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Types from "effect/Types"
import { apply as run } from "../../orchestrator/Apply.ts"
import { byProjectName } from "../../orchestrator/ProjectName.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openWorld, type World } from "../Layers.ts"
import { makeConfirmation } from "../Operator.ts"
import { loadSubject, refuseOtherWorld } from "../PlanFile.ts"
import { lockRun } from "../RunLock.ts"
import { runOne } from "../RunOne.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { hasProcesses, namesSeveral } from "../SpecFiles.ts"
import { dnsNeeds, givenSecrets, leavesDns, sandboxOf, subjectOf } from "../Subject.ts"

const config = {
  files: Shared.specOrPlanFiles,
  yes: Shared.yes,
  dryRun: Flag.toggle("dry-run", { help: "go through all steps, but send nothing and write no file" }),
  secrets: Shared.secrets,
  envFile: Shared.envFile,
  skipDns: Shared.skipDns,
  skipDeploy: Flag.toggle("skip-deploy", { help: "write DNS only: leave Coolify alone" }),
  redeploy: Flag.toggle("redeploy", { help: "deploy even if nothing differs (new commits, a moved tag)" }),
  allowDowntime: Shared.allowDowntime,
  keepFailed: Flag.toggle("keep-failed", {
    help: "leave a first apply that fails standing, to look at it (exit code 11)"
  }),
  timeout: Shared.timeout,
  lockTimeout: Shared.lockTimeout,
  ...Shared.batch,
  atomic: Flag.toggle("atomic", { help: "of several specs keep none unless all stand" }),
  remote: Flag.toggle("remote", {
    help: "hand it over to `fabrik worker`s of the team, and tell what they do"
  }),
  ...Shared.world,
  verbose: Shared.verbose,
  ...Shared.screen,
  report: Shared.report,
  useOrchestrator: Flag.toggle("use-orchestrator", { help: "does nothing: it is always used" })
}
export type ApplyFlags = Types.Simplify<Command.Command.ParseConfig<typeof config>>

export const apply = define({
  name: "apply",
  about: [
    "Validates the spec, resolves its secrets, writes DNS, creates or updates the application in Coolify, deploys it and checks that it answers. When any of it fails, or you interrupt it, everything is put back. What is already right is left alone.",
    "The plan is shown first, and carried out when you agree."
  ],
  config,
  examples: [
    { line: "fabrik apply app.yaml", says: "show the plan, ask, and carry it out" },
    { line: "fabrik apply app.yaml --yes --json", says: "in CI: no question, one JSON event a line" },
    { line: "fabrik apply reviewed.plan", says: "carry out a plan saved by `fabrik plan --out`" },
    {
      line: "fabrik apply specs/ --parallelism 5",
      says: "all specs of a folder, in the order of their `needs`"
    },
    { line: "fabrik apply --remote specs/ --yes", says: "have the team's workers carry it out" },
    { line: "fabrik apply --sandbox app.yaml", says: "try it without an account" },
    { line: "fabrik apply --dry-run app.yaml", says: "no network needed, nothing is changed" }
  ],
  handler: Effect.fnUntraced(function* (flags) {
    if (flags.remote) {
      const { applyRemote } = yield* Effect.promise(() => import("../remote/ApplyRemote.ts"))
      return yield* applyRemote(flags)
    }
    if (flags.report === undefined) return yield* carryOut(flags)
    const { reporting } = yield* Effect.promise(() => import("../ReportFile.ts"))
    return yield* reporting({ ...flags, report: flags.report }, carryOut(flags))
  })
})

const carryOut = Effect.fn("command.apply")(function* (flags: ApplyFlags) {
  const [file = ""] = flags.files
  const loaded = (yield* namesSeveral(flags)) ? undefined : yield* loadSubject(file)
  if (loaded !== undefined && !hasProcesses(loaded.specs)) return yield* applyOne(file, loaded, flags)
  const { applyBatch } = yield* Effect.promise(() => import("./ApplyBatch.ts"))
  return yield* applyBatch(
    flags,
    loaded?.specs.map((spec) => ({ file, text: loaded.text, spec }))
  )
})

/** With the address of Coolify's pages, which the sandbox has not. */
export const keptBy = ({ keepFailed }: Pick<ApplyFlags, "keepFailed">, { place, target }: World) =>
  keepFailed ? { pages: place === "live" ? target.replace(/\/api\/v1$/, "") : undefined } : undefined

type Loaded = Effect.Effect.Success<ReturnType<typeof loadSubject>>

const applyOne = Effect.fn("applyOne")(function* (file: string, loaded: Loaded, flags: ApplyFlags) {
  const {
    reviewed,
    specs: [written],
    text
  } = loaded
  const skipDns = leavesDns(written, reviewed?.skipDns ?? flags.skipDns)
  const skipDeploy = reviewed?.skipDeploy ?? flags.skipDeploy
  const given = yield* givenSecrets(flags.secrets, [written], "apply")
  const world = yield* openWorld({
    ...subjectOf(written),
    sandbox: sandboxOf(flags),
    dryRun: flags.dryRun,
    needs: { coolify: true, dns: dnsNeeds(written, skipDns) },
    secrets: { envFile: flags.envFile, spec: reviewed?.file ?? file, given }
  })
  yield* refuseOtherWorld(file, reviewed, world)
  const spec = yield* Effect.provide(byProjectName(written, world.offline), world.layer)
  const { confirm, consent } = yield* makeConfirmation({
    yes: flags.yes || flags.dryRun || reviewed !== undefined,
    question: "Carry this plan out?"
  })
  const { dryRun, json, lockTimeout: seconds = 0 } = flags
  if (!dryRun) yield* lockRun(spec, { ...world, command: "apply", seconds, json })
  const running = run(spec, {
    command: "apply",
    mode: flags.dryRun ? "dry-run" : world.place,
    offline: world.offline,
    skipDns,
    skipDeploy,
    redeploy: reviewed?.redeploy ?? flags.redeploy,
    allowDowntime: flags.allowDowntime,
    keepFailed: keptBy(flags, world),
    expected: reviewed?.plan,
    confirm,
    origin: { file: reviewed?.file ?? file, text },
    timeout: Duration.seconds(flags.timeout ?? 1800)
  }).pipe(Effect.provide(world.layer))
  const { end, report } = yield* runOne(running, {
    command: "apply",
    spec,
    release: { spec: written, text, backTo: undefined },
    file: reviewed?.file ?? file,
    world,
    flags,
    consent,
    dryRun: flags.dryRun,
    skipDeploy
  })
  if (report.outcome === "pending" && !flags.quiet) {
    const next = `fabrik verify ${reviewed?.file ?? file}`
    yield* Say.hint([`Nothing is rolled back. \`${next}\` tells when it is reached.`])
  } else if (report.url !== null && !flags.dryRun && !flags.quiet) yield* Say.hint(world.visit(report.url))
  return yield* end
}, Effect.scoped)

import type * as Command from "@effect/cli/Command"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Types from "effect/Types"
import { byProjectName } from "../../orchestrator/ProjectName.ts"
import { apply as run } from "../../orchestrator/Apply.ts"
import { hasChanges, type Plan as PlanData } from "../../engine/Plan.ts"
import type { Subject } from "../../appspec/Batch.ts"
import { readSpec } from "../../appspec/LoadSpec.ts"
import { Concluded, CredentialsError } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Flag from "../Flag.ts"
import { openWorld } from "../Layers.ts"
import { parseAllWithEnvironment } from "../Interpolation.ts"
import * as Output from "../Output.ts"
import { filesSeen, savePlan } from "../PlanFile.ts"
import * as Shared from "../SharedFlags.ts"
import { hasProcesses, namesSeveral } from "../SpecFiles.ts"
import { givenSecrets, dnsNeeds, leavesDns, sandboxOf, subjectOf } from "../Subject.ts"

const config = {
  files: Shared.specFiles,
  detailedExitcode: Flag.toggle("detailed-exitcode", { help: "exit 2 when there are changes" }),
  secrets: Shared.secrets,
  envFile: Shared.envFile,
  skipDns: Shared.skipDns,
  skipDeploy: Flag.toggle("skip-deploy", { help: "plan DNS only" }),
  redeploy: Flag.toggle("redeploy", { help: "plan a deployment even if nothing differs" }),
  out: Flag.text("out", {
    placeholder: "PATH",
    help: "save the plan here; `fabrik apply PATH` carries out exactly this, or nothing"
  }),
  ...Shared.batch,
  ...Shared.world,
  ...Shared.screen
}
export type PlanFlags = Types.Simplify<Command.Command.ParseConfig<typeof config>>

export const plan = define({
  name: "plan",
  about: [
    "Reads Coolify and DNS where credentials are set, and compares. Without credentials an empty server and an empty zone are assumed."
  ],
  config,
  examples: [
    { line: "fabrik plan app.yaml", says: "what would `fabrik apply app.yaml` do?" },
    { line: "fabrik plan specs/", says: "the same of all specs of a folder" },
    { line: "fabrik plan app.yaml --detailed-exitcode", says: "in CI: 0 no changes, 2 changes" }
  ],
  handler: Effect.fn("command.plan")(function* (flags) {
    const [file = ""] = flags.files
    if (yield* namesSeveral(flags)) return yield* planMany(flags)
    const text = yield* readSpec(file)
    const specs = yield* parseAllWithEnvironment(text, file)
    return yield* hasProcesses(specs)
      ? planMany(
          flags,
          specs.map((spec) => ({ file, text, spec }))
        )
      : planOne({ file, text, spec: specs[0] }, flags)
  })
})

const planMany = Effect.fn("planMany")(function* (flags: PlanFlags, read?: ReadonlyArray<Subject>) {
  const { planBatch } = yield* Effect.promise(() => import("./PlanBatch.ts"))
  return yield* planBatch(flags, read)
})

const planOne = Effect.fn("planOne")(function* ({ file, spec: written, text }: Subject, flags: PlanFlags) {
  const given = yield* givenSecrets(flags.secrets, [written], "plan")
  const world = yield* openWorld({
    ...subjectOf(written),
    sandbox: sandboxOf(flags),
    dryRun: true,
    needs: { coolify: true, dns: dnsNeeds(written, flags.skipDns) },
    secrets: { envFile: flags.envFile, spec: file, given }
  })
  const spec = yield* Effect.provide(byProjectName(written, world.offline), world.layer)
  if (flags.out !== undefined && world.offline) {
    return yield* new CredentialsError({
      detail: "a plan that was made without reading the server cannot be saved: nothing could carry it out",
      next: "Set the credentials of Coolify and DNS; or, with --sandbox, run `fabrik sandbox` first."
    })
  }
  const changes = yield* Ref.make<PlanData | undefined>(undefined)
  yield* run(spec, {
    command: "plan",
    mode: "dry-run",
    offline: world.offline,
    skipDns: leavesDns(spec, flags.skipDns),
    skipDeploy: flags.skipDeploy,
    redeploy: flags.redeploy,
    allowDowntime: true,
    expected: undefined,
    confirm: (found) => Effect.as(Ref.set(changes, found), true),
    timeout: Duration.minutes(5),
    origin: { file, text }
  }).pipe(Effect.provide(world.layer), Effect.provide(Output.layer({ ...flags, verbose: false })))
  const found = yield* Ref.get(changes)
  if (flags.out !== undefined && found !== undefined) {
    yield* savePlan(flags.out, {
      skipDns: flags.skipDns,
      skipDeploy: flags.skipDeploy,
      redeploy: flags.redeploy,
      file,
      owner: world.owner,
      target: world.target,
      spec: text,
      ...(yield* filesSeen(written)),
      plan: found
    })
  }
  if (flags.detailedExitcode && found !== undefined && hasChanges(found)) {
    return yield* new Concluded({ code: ExitCode.changes })
  }
}, Effect.scoped)

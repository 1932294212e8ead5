import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { apply as run } from "../../orchestrator/Apply.ts"
import type { Subject } from "../../appspec/Batch.ts"
import { Resting, type Woken } from "../../orchestrator/Batch.ts"
import { type Kept, type Looking, type Recording, resting } from "../../orchestrator/Rest.ts"
import type { Spec } from "../../appspec/Spec.ts"
import type { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import { SecretStore } from "../../secrets/SecretStore.ts"
import { UsageError } from "../Arguments.ts"
import { batch, readAll } from "../Batch.ts"
import { deleteFormer } from "../FormerProcess.ts"
import { loadAmongOthers } from "../PlanFile.ts"
import { addressOf, recordRelease } from "../Releases.ts"
import type { CommandError } from "../Report.ts"
import { lockRun } from "../RunLock.ts"
import { recorded } from "../RunRecords.ts"
import { hasProcesses, specFiles } from "../SpecFiles.ts"
import { dnsNeeds, givenSecrets, leavesDns, sandboxOf } from "../Subject.ts"
import type { Watch } from "../Watch.ts"
import { type ApplyFlags, keptBy } from "./Apply.ts"

/**
 * `apply` of several specs, or of one with several processes.
 * @param read the specs, where they have been read.
 */
export const applyBatch = Effect.fn("applyBatch")(function* (
  flags: ApplyFlags,
  read?: ReadonlyArray<Subject>
) {
  const subjects = read ?? (yield* readAll(yield* specFiles(flags.files), loadAmongOthers, flags.json))
  if (flags.keepFailed) yield* refuseKeeping(flags, subjects)
  return yield* carryOut(subjects, flags, {
    command: "apply",
    question: "Carry these plans out?",
    whole: (spec) => Effect.succeed({ spec, backTo: undefined })
  })
}, Effect.scoped)

/** What goes back together leaves nothing standing alone. */
const refuseKeeping = ({ atomic }: ApplyFlags, subjects: ReadonlyArray<Subject>) => {
  const refuse = (message: string) => new UsageError({ message, command: "apply" })
  if (atomic) {
    return refuse(
      "--atomic puts all specs back when one fails, and --keep-failed leaves that one standing: say one of them"
    )
  }
  return hasProcesses(subjects.map(({ spec }) => spec))
    ? refuse("--keep-failed leaves one standing that fails, and the processes of a spec go back together")
    : Effect.void
}

type Flags = Omit<ApplyFlags, "files" | "remote" | "noColor" | "report" | "useOrchestrator">

/** What `apply` of several specs leaves to choose, for a command that does not. */
export const withoutChoice = {
  target: [],
  atomic: false,
  keepGoing: false,
  parallelism: undefined,
  keepFailed: false,
  skipDeploy: false,
  redeploy: false
} satisfies Partial<Flags>

interface HowOptions<E extends CommandError, R> {
  readonly command: "apply" | "rollback"
  readonly question: string
  /** A spec with what the files beside it are to hold, and the release that it goes back to. */
  readonly whole: (
    spec: Spec
  ) => Effect.Effect<{ readonly spec: Spec; readonly backTo: string | undefined }, E, R | SecretStore>
  /** What finds the secrets of each, in the place of what its world has. */
  readonly store?: Effect.Effect<typeof SecretStore.Service, never, SecretStore>
}

/** Applies them as they were read. */
export const carryOut = Effect.fn("carryOut")(function* <E extends CommandError, R>(
  subjects: ReadonlyArray<Subject>,
  flags: Flags,
  { command, question, store = SecretStore, whole }: HowOptions<E, R>
) {
  const given = yield* givenSecrets(
    flags.secrets,
    subjects.map(({ spec }) => spec),
    command
  )
  yield* batch({
    command: "apply",
    flags,
    subjects,
    world: { dryRun: flags.dryRun, sandbox: sandboxOf(flags) },
    needs: (spec) => ({ coolify: true, dns: dnsNeeds(spec, flags.skipDns) }),
    secrets: { envFile: flags.envFile, given },
    atomic: flags.atomic,
    leavesCoolify: flags.skipDeploy,
    question: flags.yes || flags.dryRun ? undefined : question,
    run: (member, gate, woken: Woken<Kept> | undefined) =>
      Effect.gen(function* () {
        const { conclude, label, subject, world } = member
        if (member.former !== undefined) {
          const keepDns = leavesDns(subject.spec, flags.skipDns)
          return yield* deleteFormer(member, gate, { ...flags, command: "apply", keepDns })
        }
        const lasts = woken === undefined || woken.how === "goes on"
        const { backTo, spec: written } = lasts
          ? yield* Effect.provide(whole(subject.spec), world.layer)
          : { backTo: undefined, spec: subject.spec }
        const { environment, project } = member.spec
        const spec = { ...written, project, environment }
        if (!flags.dryRun && lasts)
          yield* lockRun(spec, { ...world, command, seconds: flags.lockTimeout ?? 0, json: flags.json })
        const { agree, confirm } = gate
        const applying = (looking: Looking) =>
          run(spec, {
            ...looking,
            agree,
            confirm,
            command,
            mode: flags.dryRun ? "dry-run" : world.place,
            offline: world.offline,
            skipDns: leavesDns(spec, flags.skipDns),
            skipDeploy: flags.skipDeploy,
            redeploy: flags.redeploy,
            allowDowntime: flags.allowDowntime,
            keepFailed: keptBy(flags, world),
            expected: undefined,
            origin: { file: subject.file, text: subject.text },
            timeout: Duration.seconds(flags.timeout ?? 1800)
          }).pipe(Effect.provideServiceEffect(SecretStore, store), Effect.provide(world.layer))
        const ofRun = { command, spec, file: subject.file, world, conclude, label }
        const recording: Recording<KnownSecrets | Watch> = (one, of) => recorded(one, { ...ofRun, ...of })
        const report = yield* flags.dryRun
          ? applying({})
          : resting(applying, {
              gate,
              woken,
              reviewed: !flags.yes,
              recording
            }).pipe(Effect.provide(world.layer))
        if (report instanceof Resting) return report
        if (!flags.dryRun && !flags.skipDeploy) {
          yield* recordRelease({
            spec: written,
            text: subject.text,
            report,
            backTo,
            coolify: addressOf(world)
          }).pipe(Effect.provide(world.layer), Effect.provide(world.history))
        }
        return report
      })
  })
}, Effect.scoped)

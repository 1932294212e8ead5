import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { apply as run } from "../../orchestrator/Apply.ts"
import type { Subject } from "../../appspec/Batch.ts"
import { batch, readAll } from "../Batch.ts"
import { deleteFormer } from "../FormerProcess.ts"
import { loadAmongOthers } from "../PlanFile.ts"
import { addressOf, recordRelease } from "../Releases.ts"
import { lockRun } from "../RunLock.ts"
import { recorded } from "../RunRecords.ts"
import { specFiles } from "../SpecFiles.ts"
import { dnsNeeds, givenSecrets, leavesDns, sandboxOf } from "../Subject.ts"
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
  const given = yield* givenSecrets(
    flags.secrets,
    subjects.map(({ spec }) => spec),
    "apply"
  )
  yield* batch({
    command: "apply",
    flags,
    subjects,
    world: { dryRun: flags.dryRun, sandbox: sandboxOf(flags) },
    needs: (spec) => ({ coolify: true, dns: dnsNeeds(spec, flags.skipDns) }),
    secrets: { envFile: flags.envFile, given },
    atomic: flags.atomic,
    question: flags.yes || flags.dryRun ? undefined : "Carry these plans out?",
    run: (member, gate) =>
      Effect.gen(function* () {
        const { conclude, label, spec, subject, world } = member
        if (member.former !== undefined) {
          const keepDns = leavesDns(spec, flags.skipDns)
          return yield* deleteFormer(member, gate, { ...flags, command: "apply", keepDns })
        }
        if (!flags.dryRun)
          yield* lockRun(spec, { ...world, command: "apply", seconds: flags.lockTimeout ?? 0 })
        const running = run(spec, {
          ...gate,
          command: "apply",
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
        }).pipe(Effect.provide(world.layer))
        const ofRun = { command: "apply", spec, file: subject.file, world, conclude, label }
        const report = yield* flags.dryRun ? running : recorded(running, ofRun)
        if (!flags.dryRun && !flags.skipDeploy) {
          yield* recordRelease({
            spec: subject.spec,
            text: subject.text,
            report,
            backTo: undefined,
            coolify: addressOf(world)
          }).pipe(Effect.provide(world.layer), Effect.provide(world.history))
        }
        return report
      })
  })
}, Effect.scoped)

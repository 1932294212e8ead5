import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { apply as run } from "../../orchestrator/Apply.ts"
import type { Subject } from "../../appspec/Batch.ts"
import { readSpec } from "../../appspec/LoadSpec.ts"
import { UsageError } from "../Arguments.ts"
import { batch, readAll } from "../Batch.ts"
import { Concluded } from "../CliError.ts"
import { ExitCode } from "../ExitCode.ts"
import { deleteFormer } from "../FormerProcess.ts"
import { parseAllWithEnvironment } from "../Interpolation.ts"
import { specFiles } from "../SpecFiles.ts"
import { dnsNeeds, givenSecrets, leavesDns, sandboxOf } from "../Subject.ts"
import type { PlanFlags } from "./Plan.ts"

/**
 * `plan` of several specs, or of one with several processes.
 * @param read the specs, where they have been read.
 */
export const planBatch = Effect.fn("planBatch")(function* (flags: PlanFlags, read?: ReadonlyArray<Subject>) {
  if (flags.out !== undefined) {
    return yield* new UsageError({ message: "--out saves the plan of one application", command: "plan" })
  }
  const subjects = read ?? (yield* readAll(yield* specFiles(flags.files), readOne, flags.json))
  const given = yield* givenSecrets(
    flags.secrets,
    subjects.map(({ spec }) => spec),
    "plan"
  )
  const rows = yield* batch({
    command: "plan",
    flags: { ...flags, verbose: false },
    subjects,
    world: { dryRun: true, sandbox: sandboxOf(flags) },
    needs: (spec) => ({ coolify: true, dns: dnsNeeds(spec, flags.skipDns) }),
    secrets: { envFile: flags.envFile, given },
    atomic: false,
    leavesCoolify: flags.skipDeploy,
    question: undefined,
    run: (member, gate) => {
      const { spec, subject, world } = member
      if (member.former !== undefined) {
        const keepDns = leavesDns(spec, flags.skipDns)
        return deleteFormer(member, gate, {
          ...flags,
          command: "plan",
          dryRun: true,
          keepDns,
          lockTimeout: undefined
        })
      }
      return run(spec, {
        ...gate,
        command: "plan",
        mode: "dry-run",
        offline: world.offline,
        skipDns: leavesDns(spec, flags.skipDns),
        skipDeploy: flags.skipDeploy,
        redeploy: flags.redeploy,
        allowDowntime: true,
        expected: undefined,
        timeout: Duration.minutes(5),
        origin: { file: subject.file, text: subject.text }
      }).pipe(Effect.provide(world.layer))
    }
  })
  const isChange = rows.some(({ result }) => result._tag === "Ended" && result.changes > 0)
  if (flags.detailedExitcode && isChange) return yield* new Concluded({ code: ExitCode.changes })
}, Effect.scoped)

const readOne = Effect.fn("readOne")(function* (file: string) {
  const text = yield* readSpec(file)
  return (yield* parseAllWithEnvironment(text, file)).map((spec) => ({ file, text, spec }))
})

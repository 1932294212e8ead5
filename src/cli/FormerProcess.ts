/** The application of a process that its spec does not have any more: it goes, and its volumes stay. */
import * as Effect from "effect/Effect"
import type { Subject } from "../appspec/Batch.ts"
import { destroy } from "../orchestrator/Destroy.ts"
import type { Gate } from "../orchestrator/Batch.ts"
import type { BatchRun } from "./Batch.ts"
import { maskSecrets } from "./Mask.ts"
import { lockRun } from "./RunLock.ts"
import { recorded } from "./RunRecords.ts"
import { sandboxOf, type WorldFlags } from "./Subject.ts"

/** Deletes it as a part of `apply`, or plans to. */
export const deleteFormer = Effect.fn("deleteFormer")(function* <S extends Subject>(
  { conclude, former, label, spec, subject, world }: BatchRun<S>,
  { confirm }: Gate,
  flags: {
    readonly command: "apply" | "plan"
    readonly dryRun: boolean
    readonly keepDns: boolean
    readonly lockTimeout: number | undefined
  } & WorldFlags
) {
  const { command, dryRun, keepDns, lockTimeout = 0 } = flags
  yield* maskSecrets(spec, subject.file, sandboxOf(flags))
  if (!dryRun) yield* lockRun(spec, { ...world, command, seconds: lockTimeout })
  const running = destroy(spec, {
    command,
    mode: dryRun ? "dry-run" : world.place,
    keepDns,
    deleteVolumes: false,
    ...(former === undefined ? {} : { why: former }),
    confirm,
    origin: { file: subject.file, text: subject.text }
  }).pipe(Effect.provide(world.layer))
  if (dryRun) return yield* running
  return yield* recorded(running, { command, spec, file: subject.file, world, conclude, label })
})

import * as Effect from "effect/Effect"
import type { Subject } from "../../appspec/Batch.ts"
import { readSpec } from "../../appspec/LoadSpec.ts"
import { parseSpecs } from "../../appspec/ParseSpec.ts"
import { destroy as run } from "../../orchestrator/Destroy.ts"
import { batch, readAll } from "../Batch.ts"
import { maskSecrets } from "../Mask.ts"
import { lockRun } from "../RunLock.ts"
import { recorded } from "../RunRecords.ts"
import { specFiles } from "../SpecFiles.ts"
import { dnsNeeds, leavesDns, sandboxOf } from "../Subject.ts"
import type { DestroyFlags } from "./Destroy.ts"

/**
 * `destroy` of several specs, or of one with several processes: what needs another goes before it.
 * @param read the specs, where they have been read.
 */
export const destroyBatch = Effect.fn("destroyBatch")(function* (
  flags: DestroyFlags,
  read?: ReadonlyArray<Subject>
) {
  const subjects = read ?? (yield* readAll(yield* specFiles(flags.files), readOne, flags.json))
  const sandbox = sandboxOf(flags)
  yield* batch({
    command: "destroy",
    flags: { ...flags, verbose: false },
    subjects,
    world: { dryRun: false, sandbox },
    needs: (spec) => ({ coolify: true, dns: dnsNeeds(spec, flags.keepDns) }),
    secrets: { envFile: undefined, given: new Map() },
    atomic: false,
    question: flags.yes ? undefined : "Delete all this? It cannot be undone.",
    backwards: true,
    run: ({ conclude, former, label, spec, subject, world }, { confirm }) =>
      Effect.gen(function* () {
        yield* maskSecrets(spec, subject.file, sandbox)
        yield* lockRun(spec, { ...world, command: "destroy", seconds: flags.lockTimeout ?? 0 })
        const running = run(spec, {
          command: "destroy",
          mode: world.place,
          keepDns: leavesDns(spec, flags.keepDns),
          deleteVolumes: flags.deleteVolumes,
          confirm,
          ...(former === undefined ? {} : { why: former }),
          origin: { file: subject.file, text: subject.text }
        }).pipe(Effect.provide(world.layer))
        return yield* recorded(running, {
          command: "destroy",
          spec,
          file: subject.file,
          world,
          conclude,
          label
        })
      })
  })
}, Effect.scoped)

const readOne = Effect.fn("readOne")(function* (file: string) {
  const text = yield* readSpec(file)
  return (yield* parseSpecs(text, file)).map((spec) => ({ file, text, spec }))
})

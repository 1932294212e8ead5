import type * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import type * as Types from "effect/Types"
import { destroy as run } from "../../orchestrator/Destroy.ts"
import type { Subject } from "../../appspec/Batch.ts"
import { readSpec } from "../../appspec/LoadSpec.ts"
import { parseSpecs } from "../../appspec/ParseSpec.ts"
import { define } from "../CommandInfo.ts"
import { conclude } from "../Conclude.ts"
import * as Flag from "../Flag.ts"
import { openWorldOf } from "../OpenSubject.ts"
import { makeConfirmation } from "../Operator.ts"
import { maskSecrets } from "../Mask.ts"
import * as Output from "../Output.ts"
import { lockRun } from "../RunLock.ts"
import { type Report, recorded } from "../RunRecords.ts"
import * as Shared from "../SharedFlags.ts"
import { hasProcesses, namesSeveral } from "../SpecFiles.ts"
import { dnsNeeds, leavesDns, sandboxOf } from "../Subject.ts"

const config = {
  files: Shared.specFiles,
  yes: Shared.yes,
  keepDns: Flag.toggle("keep-dns", { help: "leave the DNS record" }),
  deleteVolumes: Flag.toggle("delete-volumes", { help: "delete its data too: volumes and databases" }),
  keepFiles: Flag.toggle("keep-files", { help: "does nothing: local files are always kept" }),
  lockTimeout: Shared.lockTimeout,
  ...Shared.batch,
  ...Shared.world,
  ...Shared.screen
}
export type DestroyFlags = Types.Simplify<Command.Command.ParseConfig<typeof config>>

export const destroy = define({
  name: "destroy",
  about: [
    "Deletes the application, its DNS record and its project, if fabrik made them. Shows first what goes. Running it again is harmless."
  ],
  config,
  examples: [
    { line: "fabrik destroy app.yaml", says: "show what would go, ask, delete it" },
    { line: "fabrik destroy specs/", says: "all of a folder, the dependent ones first" },
    { line: "fabrik destroy app.yaml --yes --keep-dns", says: "no question; the record stays" }
  ],
  handler: Effect.fn("command.destroy")(function* (flags) {
    const [file = ""] = flags.files
    if (yield* namesSeveral(flags)) return yield* destroyMany(flags)
    const text = yield* readSpec(file)
    const specs = yield* parseSpecs(text, file)
    return yield* hasProcesses(specs)
      ? destroyMany(
          flags,
          specs.map((spec) => ({ file, text, spec }))
        )
      : destroyOne({ file, text, spec: specs[0] }, flags)
  })
})

const destroyMany = Effect.fn("destroyMany")(function* (flags: DestroyFlags, read?: ReadonlyArray<Subject>) {
  const { destroyBatch } = yield* Effect.promise(() => import("./DestroyBatch.ts"))
  return yield* destroyBatch(flags, read)
})

const destroyOne = Effect.fn("destroyOne")(function* (
  { file, spec: written, text }: Subject,
  flags: DestroyFlags
) {
  const { spec, world } = yield* openWorldOf(written, flags, dnsNeeds(written, flags.keepDns))
  yield* maskSecrets(spec, file, sandboxOf(flags))
  const { confirm, consent } = yield* makeConfirmation({
    yes: flags.yes,
    question: "Delete this? It cannot be undone."
  })
  yield* lockRun(spec, { ...world, command: "destroy", seconds: flags.lockTimeout ?? 0 })
  const running = run(spec, {
    command: "destroy",
    mode: world.place,
    keepDns: leavesDns(spec, flags.keepDns),
    deleteVolumes: flags.deleteVolumes,
    confirm,
    origin: { file, text }
  }).pipe(Effect.provide(world.layer))
  const concluded = (report: Report) => Effect.flatMap(consent, (said) => conclude(report, said))
  const ofRun = { command: "destroy", spec, file, world, conclude: concluded }
  const report = yield* Effect.provide(recorded(running, ofRun), Output.layer({ ...flags, verbose: false }))
  return yield* concluded(report)
}, Effect.scoped)

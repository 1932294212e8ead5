import * as Effect from "effect/Effect"
import { byProjectName } from "../../orchestrator/ProjectName.ts"
import { destroy as run } from "../../orchestrator/Destroy.ts"
import { readSpec } from "../../appspec/LoadSpec.ts"
import { parseSpec } from "../../appspec/ParseSpec.ts"
import { define } from "../CommandInfo.ts"
import { conclude } from "../Conclude.ts"
import * as Flag from "../Flag.ts"
import { openWorld } from "../Layers.ts"
import { makeConfirmation } from "../Operator.ts"
import { maskSecrets } from "../Mask.ts"
import * as Output from "../Output.ts"
import { lockRun } from "../RunLock.ts"
import * as Shared from "../SharedFlags.ts"
import { noSecrets, dnsNeeds, leavesDns, sandboxOf, subjectOf } from "../Subject.ts"

export const destroy = define({
  name: "destroy",
  about: [
    "Deletes the application, its DNS record and its project, if fabrik made them. Shows first what goes. Running it again is harmless."
  ],
  config: {
    file: Shared.specFile,
    yes: Shared.yes,
    keepDns: Flag.toggle("keep-dns", { help: "leave the DNS record" }),
    deleteVolumes: Flag.toggle("delete-volumes", { help: "delete its data too: volumes and databases" }),
    keepFiles: Flag.toggle("keep-files", { help: "does nothing: local files are always kept" }),
    lockTimeout: Shared.lockTimeout,
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik destroy app.yaml", says: "show what would go, ask, delete it" },
    { line: "fabrik destroy app.yaml --yes --keep-dns", says: "no question; the record stays" }
  ],
  handler: Effect.fn("command.destroy")(function* (flags) {
    const text = yield* readSpec(flags.file)
    const written = yield* parseSpec(text, flags.file)
    const world = yield* openWorld({
      ...subjectOf(written),
      sandbox: sandboxOf(flags),
      dryRun: false,
      needs: { coolify: true, dns: dnsNeeds(written, flags.keepDns) },
      secrets: noSecrets
    })
    const spec = yield* Effect.provide(byProjectName(written, world.offline), world.layer)
    yield* maskSecrets(spec, flags.file, sandboxOf(flags))
    const { confirm, consent } = yield* makeConfirmation({
      yes: flags.yes,
      question: "Delete this? It cannot be undone."
    })
    yield* lockRun(spec, { ...world, command: "destroy", seconds: flags.lockTimeout ?? 0 })
    const report = yield* run(spec, {
      command: "destroy",
      mode: world.place,
      keepDns: leavesDns(spec, flags.keepDns),
      deleteVolumes: flags.deleteVolumes,
      confirm,
      origin: { file: flags.file, text }
    }).pipe(Effect.provide(world.layer), Effect.provide(Output.layer({ ...flags, verbose: false })))
    return yield* conclude(report, yield* consent)
  }, Effect.scoped)
})

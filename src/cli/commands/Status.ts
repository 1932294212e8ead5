import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Status, status as readStatus } from "../../orchestrator/Status.ts"
import { loadSpec } from "../../spec/LoadSpec.ts"
import { jsonLine } from "../../ui/Json.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderStatus } from "../../ui/StatusView.ts"
import { define } from "../CommandInfo.ts"
import { openWorld } from "../Layers.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { noSecrets, sandboxOf, subjectOf } from "../Subject.ts"

export const status = define({
  name: "status",
  summary: "show what stands: application, DNS, certificate, health",
  about: [
    "Reads Coolify, the zone and its name servers, and the URL. Changes nothing. `fabrik verify` is for scripts: it fails when something is wrong."
  ],
  config: { file: Shared.specFile, skipDns: Shared.skipDns, ...Shared.world, ...Shared.screen },
  examples: [
    { line: "fabrik status app.yaml", says: "where does it stand?" },
    { line: "fabrik status app.yaml --json", says: "the same facts as one JSON object" }
  ],
  handler: Effect.fn("command.status")(function* (flags) {
    const spec = yield* loadSpec(flags.file)
    const world = yield* openWorld({
      ...subjectOf(spec),
      sandbox: sandboxOf(flags),
      dryRun: false,
      needs: { coolify: true, dns: flags.skipDns ? "no" : "yes" },
      secrets: noSecrets
    })
    const facts = yield* readStatus(spec, { skipDns: flags.skipDns }).pipe(Effect.provide(world.layer))
    const { out } = yield* Screen
    yield* Say.result(
      flags.json
        ? [jsonLine({ type: "Status", ...Schema.encodeSync(Status)(facts) })]
        : renderStatus(facts, out.style)
    )
  }, Effect.scoped)
})

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as os from "node:os"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { coolifyConfig } from "../../coolify/CoolifyConfig.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { define } from "../CommandInfo.ts"
import { openCoolify } from "../OpenSubject.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { sandboxOf } from "../Subject.ts"
import { commit, version as own } from "../Version.ts"

interface Instance {
  readonly address: string
  readonly version: string
}

export const version = define({
  name: "version",
  about: [
    "What a report of a fault should tell: the version of fabrik and the commit that it was built from, Node's, the system, and that of the Coolify that the environment or a context names, which is asked for it. `fabrik --version` asks nobody."
  ],
  config: { ...Shared.world, ...Shared.screen },
  examples: [
    { line: "fabrik version", says: "for a report of a fault" },
    { line: "fabrik version --json | jq -r .coolify.version", says: "which Coolify is it?" }
  ],
  handler: Effect.fn("command.version")(function* (flags) {
    const sandbox = sandboxOf(flags)
    const named = yield* Effect.either(coolifyConfig)
    const isSet = sandbox !== undefined || Either.isLeft(named) || named.right.config !== undefined
    const asked = isSet ? yield* Effect.either(ask(sandbox)) : Either.right(null)
    const coolify = Either.getOrElse(asked, () => null)
    const platform = `${process.platform} ${process.arch} ${os.release()}`
    if (flags.json) {
      const facts = { fabrik: own, commit: commit ?? null, node: process.versions.node, platform, coolify }
      yield* Say.result([jsonLine({ type: "Version", ...facts })])
    } else {
      yield* Say.result([
        `fabrik   ${own}${commit === undefined ? "" : ` (commit ${commit})`}`,
        `Node     ${process.versions.node}`,
        `system   ${platform}`,
        `Coolify  ${coolify === null ? (isSet ? "does not tell" : "none is named") : `${clean(coolify.version)} at ${clean(coolify.address)}`}`
      ])
    }
    // The rest is worth telling all the same.
    yield* asked
  }, Effect.scoped)
})

const ask = Effect.fn("version.ask")(function* (sandbox: ReturnType<typeof sandboxOf>) {
  const world = yield* openCoolify(sandbox)
  const found = yield* Effect.provide(
    Effect.flatMap(CoolifyClient, (client) => client.version),
    world.layer
  )
  return { address: world.target, version: found } satisfies Instance
})

import * as Effect from "effect/Effect"
import { coolifyConfig } from "../coolify/CoolifyConfig.ts"
import { recordRelease as record, type Finished } from "../orchestrator/Releases.ts"
import type { SecretStore } from "../secrets/SecretStore.ts"
import type { History, Release } from "../state/History.ts"
import { jsonLine } from "../ui/Json.ts"
import { renderReleases } from "../ui/ReleasesView.ts"
import * as Say from "./Say.ts"
import { Watch } from "./Watch.ts"
import { Screen } from "../ui/Screen.ts"

/** Where Coolify is, for the history; a sandbox has one of its own. */
export const addressOf = ({
  place,
  target
}: {
  readonly place: "live" | "sandbox"
  readonly target: string
}): string | undefined => (place === "live" && target !== "" ? target : undefined)

/**
 * Those that were deployed to the Coolify that a command would take: one folder may hold those of several. Where none is
 * known to be of it, as when it has a new address, all of them.
 */
export const releasesHere = Effect.fn("releasesHere")(function* (
  releases: ReadonlyArray<Release>,
  sandbox: boolean
) {
  const read = sandbox ? undefined : yield* Effect.orElseSucceed(coolifyConfig, () => undefined)
  const address = read?.config?.baseUrl
  const here = releases.filter(
    ({ coolify }) => address === undefined || coolify === undefined || coolify === address
  )
  return here.length === 0 ? releases : here
})

/** What is recorded, newest first. */
export const showReleases = Effect.fn("showReleases")(function* (
  releases: ReadonlyArray<Release>,
  target: Release | undefined,
  json: boolean
) {
  const { out } = yield* Screen
  if (json) {
    const facts = releases.toReversed().map((one) => ({ type: "Release", ...one }))
    return yield* Say.result(facts.map(jsonLine))
  }
  if (releases.length > 0) return yield* Say.result(renderReleases(releases, target, out.style))
  return yield* Say.hint(["No release of this spec was recorded here yet."])
})

/** Notes a release. A history that cannot be written is no reason to call a success a failure. */
export const recordRelease = (
  finished: Omit<Finished, "run">
): Effect.Effect<void, never, History | SecretStore | Watch | Screen> =>
  Effect.gen(function* () {
    const { run } = yield* Watch
    if (run === undefined) return
    yield* record({ ...finished, run }).pipe(
      Effect.catchAll((error) => Say.warn(`${error.message}; \`fabrik rollback\` will not know this release`))
    )
  })

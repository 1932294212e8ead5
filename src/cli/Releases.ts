import * as Effect from "effect/Effect"
import { recordRelease as record, type Finished } from "../orchestrator/Releases.ts"
import type { SecretStore } from "../secrets/SecretStore.ts"
import type { History } from "../state/History.ts"
import * as Say from "./Say.ts"
import { Watch } from "./Watch.ts"
import type { Screen } from "../ui/Screen.ts"

/** Where Coolify is, for the history; a sandbox has one of its own. */
export const addressOf = ({
  place,
  target
}: {
  readonly place: "live" | "sandbox"
  readonly target: string
}): string | undefined => (place === "live" && target !== "" ? target : undefined)

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

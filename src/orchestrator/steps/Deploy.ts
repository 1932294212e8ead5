import * as Effect from "effect/Effect"
import { updateApplication } from "../resources/Application.ts"
import { deployAndFollow } from "../resources/Deployment.ts"
import { deployOver, stopPrevious } from "../resources/PreviousVersion.ts"
import type { Provisioned } from "./Provision.ts"

/** Step 4: one deployment, followed to its end. A first one is undone with the application that it belongs to. */
export const deploy = Effect.fn("deploy")(function* (application: Provisioned) {
  switch (application._tag) {
    case "Fresh":
      return yield* deployUnwatched(application.uuid)
    case "Existing":
      return yield* deployOver(application)
    case "Beside":
      return yield* takeOver(application)
  }
})

const deployUnwatched = (uuid: string) => deployAndFollow(uuid, () => Effect.void)

/**
 * Proves the new application without the domain first, then moves the domain over. The second deployment gives the
 * container its routes; the old container keeps its own until it stops, so that somebody answers all the time.
 */
const takeOver = Effect.fn("takeOver")(function* (
  application: Extract<Provisioned, { readonly _tag: "Beside" }>
) {
  const { uuid, settings, old } = application
  yield* deployUnwatched(uuid)
  yield* updateApplication(old, { domains: [] })
  const routeless = { ...settings, uuid, domains: [], status: "", stopsFirst: false, restartCount: 0 }
  yield* updateApplication(routeless, { domains: settings.domains })
  yield* deployUnwatched(uuid)
  yield* stopPrevious(old)
})

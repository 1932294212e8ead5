import * as Effect from "effect/Effect"
import { deployAndFollow } from "../resources/Deployment.ts"
import { deployOver } from "../resources/PreviousVersion.ts"
import type { Provisioned } from "./Provision.ts"

/** Step 4: one deployment, followed to its end. A first one is undone with the application that it belongs to. */
export const deploy = Effect.fn("deploy")(function* (application: Provisioned) {
  if (application.replacement === undefined) yield* deployAndFollow(application.uuid, () => Effect.void)
  else yield* deployOver(application, application.replacement)
})

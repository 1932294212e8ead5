import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import type { PlannedDatabase } from "./Database.ts"

/** The uuid of a database that this run has made. */
export const madeDatabase = ({ wanted: { key, resource } }: PlannedDatabase) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const made = (yield* coolify.databases.list).find(
      ({ description }) => Marker.parse(description)?.key === key
    )
    return (
      made?.uuid ??
      (yield* new RefusedError({
        reason: "Moved",
        detail: `the database ${resource} is not there any more`,
        next: "apply again"
      }))
    )
  })

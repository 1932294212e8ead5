import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import { readAdoptable } from "./Adopt.ts"
import { hostOf } from "./Standing.ts"

/**
 * The spec that an application would have that answers for a domain, as far as Coolify tells it. Fails where none does, or
 * none of fabrik's.
 */
export const specAt = Effect.fn("specAt")(function* (domain: string) {
  const coolify = yield* CoolifyClient
  const all = yield* coolify.applications.list
  const answering = all.filter(({ domains }) => domains.flatMap(hostOf).includes(domain))
  const ours = answering.filter(({ description }) => Marker.parse(description) !== undefined)
  const [application] = ours
  if (application === undefined) {
    const [other] = answering
    return yield* other === undefined
      ? new RefusedError({
          reason: "NotFound",
          detail: `no application in Coolify answers for ${domain}`,
          next: "see what there is with `fabrik list`, or name a spec"
        })
      : new RefusedError({
          reason: "Foreign",
          detail: `the application ${other.name}, which answers for ${domain}, was not made by fabrik (${other.uuid})`,
          next: `make it fabrik's: fabrik adopt ${other.uuid} -o ${other.name}.yaml`
        })
  }
  if (ours.length > 1) {
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `${ours.length} applications in Coolify answer for ${domain}: ${ours.map(({ name, uuid }) => `${name} (${uuid})`).join(", ")}`,
      next: "name the spec of the one that is meant"
    })
  }
  const search = { application: application.uuid, project: undefined, environment: undefined, dns: false }
  return (yield* readAdoptable(search)).spec
})

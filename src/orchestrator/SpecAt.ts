import * as Effect from "effect/Effect"
import { nearest } from "../appspec/Nearest.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import { readAdoptable } from "./Adopt.ts"
import { listManaged } from "./Managed.ts"
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
  return yield* specOfApplication(application.uuid)
})

const specOfApplication = Effect.fn("specOfApplication")(function* (uuid: string) {
  const search = { application: uuid, project: undefined, environment: undefined, dns: false }
  return (yield* readAdoptable(search)).spec
})

/** The same of the application of fabrik's that has a name. Fails where none has it, or several have. */
export const specNamed = Effect.fn("specNamed")(function* (name: string) {
  const all = (yield* listManaged).filter(({ ours }) => ours)
  const [found, ...others] = all.filter((one) => one.name === name)
  if (found === undefined) {
    const near = nearest(
      name,
      all.map((one) => one.name)
    )
    return yield* new RefusedError({
      reason: "NotFound",
      detail: `fabrik manages no application ${name} on this Coolify`,
      next:
        near === undefined
          ? "see what there is with `fabrik list`, or name a spec"
          : `did you mean ${near}? See what there is with \`fabrik list\``
    })
  }
  if (others.length > 0) {
    const places = [found, ...others].map(
      ({ environment, project }) => `${project ?? "?"}/${environment ?? "?"}`
    )
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `${places.length} applications are called ${name}: in ${places.join(", ")}`,
      next: "name its spec, or its domain"
    })
  }
  return yield* specOfApplication(found.uuid)
})

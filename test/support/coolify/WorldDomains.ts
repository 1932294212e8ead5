/** Who holds the domains of a {@link World}. */
import * as Either from "effect/Either"
import { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import type { World } from "./CoolifyWorld.ts"

/** Whatever container of a compose file has it. */
const comparedDomain = (domain: string) => domain.replace(/#.*$/, "").replace(/\/$/, "")

/** Domains are unique among all applications and containers of services, those being deleted included. */
export const conflictOf = (
  world: World,
  method: string,
  uuid: string | undefined,
  domains: ReadonlyArray<string>
) => {
  const holders = [
    ...world.applications.map((one) => ({ ...one, resourceType: "application" })),
    ...world.services.flatMap(({ containers, name }) =>
      containers.map(({ urls, uuid }) => ({ uuid, name, domains: urls, resourceType: "service" }))
    )
  ]
  const conflicts = domains.flatMap((domain) =>
    holders
      .filter((other) => other.uuid !== uuid)
      .filter((other) => other.domains.map(comparedDomain).includes(comparedDomain(domain)))
      .map(({ name, resourceType, uuid }) => ({
        domain,
        resourceName: name,
        resourceUuid: uuid,
        resourceType
      }))
  )
  return conflicts.length === 0
    ? undefined
    : Either.left(
        new CoolifyError({
          method,
          reason: "Conflict",
          status: 409,
          detail: "Domain conflicts detected. Use force_domain_override=true to proceed.",
          conflicts
        })
      )
}

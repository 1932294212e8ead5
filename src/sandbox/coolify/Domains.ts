/**
 * Domains of an application: a comma list of full URLs. From bootstrap/helpers/domains.php at 4.3.11.
 */
import * as Either from "effect/Either"
import type { Server } from "./CoolifyState.ts"
import type { DomainHolder } from "./Lookup.ts"
import { refusal, type Refusal } from "./Reply.ts"

export const list = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")

const url = /^(https?):\/\/([A-Za-z0-9]([A-Za-z0-9\-.]*[A-Za-z0-9])?)(:\d{1,5})?(\/[^\s,]*)?$/i

/** Scheme and host in lower case; the rest as sent. */
export const normalise = (text: string): Either.Either<ReadonlyArray<string>, Refusal> => {
  const domains: Array<string> = []
  const problems: Array<string> = []
  for (const one of list(text)) {
    const [, scheme, host, , port = "", path = ""] = url.exec(one) ?? []
    if (scheme === undefined || host === undefined || !URL.canParse(one)) problems.push(`Invalid URL: ${one}`)
    else domains.push(`${scheme.toLowerCase()}://${host.toLowerCase()}${port}${path}`)
  }
  return problems.length > 0
    ? Either.left(refusal(422, { message: "Validation failed.", errors: problems }))
    : Either.right(domains)
}

const comparable = (domain: string) => (domain.endsWith("/") ? domain.slice(0, -1) : domain)

/** Exact comparison (scheme, port and path count) with everything of the team, on all servers. */
export const checkFree = (
  domains: ReadonlyArray<string>,
  others: ReadonlyArray<DomainHolder>
): Either.Either<void, Refusal> => {
  const conflicts = domains.flatMap((domain) =>
    others.flatMap(({ fqdn, kind, name, service, uuid }) =>
      list(fqdn).some((held) => comparable(held) === comparable(domain))
        ? [
            {
              domain,
              resource_name: name,
              resource_uuid: uuid,
              resource_type: kind,
              ...(service === undefined ? {} : { service_name: service }),
              message: `Domain ${domain} is already in use by ${kind} '${name}'${service === undefined ? "" : ` (service: ${service})`}`
            }
          ]
        : []
    )
  )
  return conflicts.length === 0
    ? Either.void
    : Either.left(
        refusal(409, {
          message: "Domain conflicts detected. Use force_domain_override=true to proceed.",
          conflicts,
          warning:
            "Using the same domain for multiple resources can cause routing conflicts and unpredictable behavior."
        })
      )
}

/** What an application without domains gets, unless `autogenerate_domain` is false. */
export const generated = (uuid: string, server: Server): string => {
  if (server.wildcard_domain === null) return `http://${uuid}.${server.ip}.sslip.io`
  const [scheme = "http", host = ""] = server.wildcard_domain.split("://")
  return `${scheme}://${uuid}.${host.replace(/\/$/, "")}`
}

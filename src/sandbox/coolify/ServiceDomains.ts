/** The domains of a service's parts: `urls` of the service, `url` of one part. */
import * as Either from "effect/Either"
import type { CoolifyState, Token } from "./CoolifyState.ts"
import { replaceRow, type Fresh } from "./Database.ts"
import * as Domains from "./Domains.ts"
import * as Lookup from "./Lookup.ts"
import { refusal, type Refusal } from "./Reply.ts"
import type { Fields } from "./Route.ts"
import type { ComposeService, ServicePart } from "./ServiceState.ts"
import { isTrue, text } from "./Validation.ts"

/** What a write of a service answers: one text for each part that has any. */
export const domainsOf = (parts: ReadonlyArray<ServicePart>): ReadonlyArray<string> =>
  parts.flatMap(({ fqdn }) => (fqdn === null ? [] : [fqdn])).toSorted()

const refused = (errors: ReadonlyArray<string>) =>
  Either.left(refusal(422, { message: "Validation failed.", errors }))

const normalised = (url: string): Either.Either<ReadonlyArray<string>, Refusal> => {
  const foreign = Domains.list(url).flatMap((one) => {
    const [, scheme = "http"] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(one) ?? []
    return /^https?$/i.test(scheme)
      ? []
      : [`Invalid URL scheme: ${scheme} for URL: ${one}. Only http and https are supported.`]
  })
  return foreign.length > 0 ? refused(foreign) : Domains.normalise(url)
}

/** A part with the domains of a comma list, none of which anything else may hold. */
export const withUrl = (
  state: CoolifyState,
  { now }: Pick<Fresh, "now">,
  token: Token,
  part: ServicePart,
  url: string,
  isForced: boolean
): Either.Either<ServicePart, Refusal> =>
  Either.gen(function* () {
    const domains = yield* normalised(url)
    if (!isForced) {
      const others = Lookup.domainHolders(state, token).filter(({ uuid }) => uuid !== part.uuid)
      yield* Domains.checkFree(domains, others)
    }
    return { ...part, fqdn: domains.length === 0 ? null : domains.join(","), updated_at: now }
  })

/** Of the variables that stand for the addresses these are not told. */
export const withUrls = (
  state: CoolifyState,
  fresh: Pick<Fresh, "now">,
  token: Token,
  service: ComposeService,
  body: Fields
): Either.Either<CoolifyState, Refusal> =>
  Either.gen(function* () {
    const urls: ReadonlyArray<unknown> = Array.isArray(body["urls"]) ? body["urls"] : []
    let next = state
    for (const item of urls) {
      const { name, url }: { readonly name?: unknown; readonly url?: unknown } =
        typeof item === "object" && item !== null ? item : {}
      const part = next.parts.find(
        (row) => row.service_id === service.id && row.kind === "application" && row.name === name
      )
      if (part === undefined) {
        return yield* refused([`Service container with '${text(name)}' not found.`])
      }
      const isForced = isTrue(body["force_domain_override"])
      const changed = yield* withUrl(next, fresh, token, part, text(url), isForced)
      next = { ...next, parts: replaceRow(next.parts, changed) }
    }
    return next
  })

/** The domains of an application that is a compose file: `docker_compose_domains`, as recorded (compose-app 1 to 30). */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Application, Column } from "./CoolifyState.ts"
import * as Domains from "./Domains.ts"
import { invalid, type Refusal } from "./Reply.ts"
import type { Fields } from "./Route.ts"

export const isCompose = ({ columns }: Pick<Application, "columns">): boolean =>
  columns["build_pack"] === "dockercompose"

const DomainMap = Schema.Record({
  key: Schema.String,
  value: Schema.Struct({
    domain: Schema.NullOr(Schema.String),
    redirect: Schema.optionalWith(Schema.String, { exact: true })
  })
})
/** By container. */
export type DomainMap = typeof DomainMap.Type

/** It is kept as a JSON text, with PHP's slashes. */
export const of = ({ columns }: Pick<Application, "columns">): DomainMap => {
  const kept = columns["docker_compose_domains"]
  return typeof kept === "string" ? Schema.decodeSync(Schema.parseJson(DomainMap))(kept) : {}
}

export const stored = (map: DomainMap): Column =>
  Object.keys(map).length === 0 ? null : JSON.stringify(map).replaceAll("/", "\\/")

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What a request sends of them; `undefined`: nothing. */
export const sent = (body: Fields): Either.Either<DomainMap | undefined, Refusal> => {
  if (!("docker_compose_domains" in body)) return Either.right(undefined)
  const given: unknown = body["docker_compose_domains"]
  // PHP takes a map for a list with other indices.
  if (typeof given !== "object") {
    const message = "The docker compose domains field must be an array."
    return Either.left(invalid({ docker_compose_domains: [message] }))
  }
  const map: Record<string, DomainMap[string]> = {}
  for (const [index, item] of Object.entries(given ?? {})) {
    const at = `docker_compose_domains.${index}`
    const { domain, name, redirect, ...others } = isFields(item) ? item : {}
    if (typeof name !== "string") {
      return Either.left(invalid({ [`${at}.name`]: [`The ${at}.name field is required.`] }))
    }
    if (Object.keys(others).length > 0) {
      const message =
        "An item in the docker_compose_domains array has invalid fields. Only name, domain, and redirect fields are supported."
      return Either.left(invalid({ [at]: [message] }))
    }
    const text = typeof domain === "string" ? domain : ""
    const wrong = Domains.list(text).find((one) => !/^https?:\/\//i.test(one) || !URL.canParse(one))
    if (wrong !== undefined) return Either.left(invalid({ [`${at}.domain`]: [`Invalid URL: ${wrong}`] }))
    map[name] = {
      domain: text === "" ? null : Domains.list(text).join(","),
      ...(typeof redirect === "string" ? { redirect } : {})
    }
  }
  return Either.right(map)
}

const notHere =
  "The domains field cannot be used for dockercompose applications. Use docker_compose_domains instead to set domains for individual services."

export const refuseDomains = (body: Fields): Either.Either<void, Refusal> =>
  "domains" in body ? Either.left(invalid({ domains: notHere })) : Either.void

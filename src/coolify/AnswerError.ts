/**
 * Coolify's refusals, from status and body to a {@link CoolifyError}. The table is from app/Exceptions/Handler.php,
 * app/Http/Middleware, bootstrap/helpers/api.php and the controllers, at 4.3.11.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Answer, isUndecided } from "../http/Failure.ts"
import { type Hidden, plain } from "../http/Plain.ts"
import { retryAfterMillis } from "../http/RetryAfter.ts"
import { CoolifyError, type CoolifyErrorReason } from "./CoolifyError.ts"

/** What an error needs to know of the call it is about, and what its text must not repeat. */
export interface Origin extends Hidden {
  /** The CoolifyClient method. */
  readonly method: string
  /** `GET /applications/{uuid}`. */
  readonly endpoint: string
  /** Not a GET. */
  readonly write: boolean
  /** Writes item by item, and may refuse after the first ones are in. */
  readonly piecemeal: boolean
}

/** An answer with what its JSON says. */
interface Refused {
  readonly status: number
  readonly headers: Answer["headers"]
  /** Parsed JSON, or `undefined` when it is none. */
  readonly body: unknown
}

const defaultThrottleMillis = 5_000
const queueFullMillis = 60_000
const mostProblems = 50

const ErrorBody = Schema.Struct({
  message: Schema.optional(Schema.String),
  error: Schema.optional(Schema.Unknown),
  docs: Schema.optional(Schema.Unknown),
  errors: Schema.optional(Schema.Unknown),
  conflicts: Schema.optional(Schema.Unknown)
})

const Conflict = Schema.Struct({
  domain: Schema.String,
  resource_name: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" }),
  resource_uuid: Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => null }),
  resource_type: Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => null })
})

const decodeJson = Schema.decodeUnknownOption(Schema.parseJson())

/** `undefined`: no JSON. */
export const bodyOf = ({ text }: Answer): unknown => Option.getOrUndefined(decodeJson(text))

const decodeBody = Schema.decodeUnknownOption(ErrorBody)
const decodeList = Schema.decodeUnknownOption(Schema.Array(Schema.Unknown))
const decodeFields = Schema.decodeUnknownOption(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
const decodeConflict = Schema.decodeUnknownOption(Conflict)

/** `errors` is a list, or an object of lists, or an object of texts; what is none of these is left out. */
const problemsOf = (origin: Origin, errors: unknown) => {
  const texts = (value: unknown): ReadonlyArray<string> =>
    Option.getOrElse(decodeList(value), (): ReadonlyArray<unknown> => [value]).filter(
      (item) => typeof item === "string"
    )
  const list = Option.getOrUndefined(decodeList(errors))
  const pairs =
    list === undefined
      ? Object.entries(Option.getOrElse(decodeFields(errors), () => ({}))).flatMap(([field, value]) =>
          texts(value).map((message) => ({ field, message }))
        )
      : texts(list).map((message) => ({ field: "", message }))
  return pairs
    .slice(0, mostProblems)
    .map(({ field, message }) => ({ field: plain(origin, field), message: plain(origin, message) }))
}

const conflictsOf = (origin: Origin, conflicts: unknown) =>
  Option.getOrElse(decodeList(conflicts), () => [])
    .slice(0, mostProblems)
    .flatMap((conflict) => Option.toArray(decodeConflict(conflict)))
    .map((conflict) => ({
      domain: plain(origin, conflict.domain),
      resourceName: plain(origin, conflict.resource_name),
      resourceUuid: conflict.resource_uuid === null ? null : plain(origin, conflict.resource_uuid),
      resourceType: conflict.resource_type === null ? null : plain(origin, conflict.resource_type)
    }))

const abilityPattern = /^Missing required permissions?: *(.+)$/i

interface Verdict {
  readonly reason: CoolifyErrorReason
  readonly detail?: string
  readonly ability?: string
  readonly retryAfterMillis?: number | undefined
}

const forbidden = (origin: Origin, message: string): Verdict => {
  const ability = abilityPattern.exec(message)?.[1]
  if (ability !== undefined) return { reason: "MissingAbility", ability: plain(origin, ability) }
  if (/^API is disabled/i.test(message)) return { reason: "ApiDisabled" }
  if (/not allowed to access the API/i.test(message)) return { reason: "AddressNotAllowed" }
  return message === ""
    ? { reason: "Blocked", detail: "HTTP 403, not in Coolify's words" }
    : { reason: "Forbidden" }
}

const queueFull = /queue is full/i

const judge = (
  origin: Origin,
  answer: Refused,
  body: typeof ErrorBody.Type,
  wait: number | undefined
): Verdict => {
  const message = body.message ?? ""
  switch (answer.status) {
    case 400:
      // A deployment of a commit tells a full queue so (recorded: deployments 115).
      if (queueFull.test(message)) return { reason: "QueueFull", retryAfterMillis: wait ?? queueFullMillis }
      return typeof body.error === "string"
        ? { reason: "Invalid", detail: `${message} ${body.error}` }
        : { reason: body.errors === undefined ? "Refused" : "Invalid" }
    case 401:
      return answer.body === undefined
        ? { reason: "Blocked", detail: "HTTP 401, not in Coolify's words" }
        : { reason: "Unauthenticated" }
    case 403:
      return forbidden(origin, message)
    case 404:
      // Only the catch-all route names the documentation; whatever speaks no JSON is not Coolify's API at all.
      return body.docs !== undefined || message === ""
        ? {
            reason: "UnknownEndpoint",
            detail: `nothing answers ${origin.endpoint}: another Coolify version, or not a Coolify API`
          }
        : { reason: "NotFound" }
    case 405:
      return { reason: "UnknownEndpoint" }
    case 409:
      return { reason: "Conflict" }
    case 422:
      return { reason: "Invalid" }
    case 429:
      return queueFull.test(message)
        ? { reason: "QueueFull", retryAfterMillis: wait ?? queueFullMillis }
        : { reason: "RateLimited", retryAfterMillis: wait ?? defaultThrottleMillis }
    default:
      if (answer.status >= 500) return { reason: "ServerError", retryAfterMillis: wait }
      return answer.status >= 400 ? { reason: "Refused" } : { reason: "BadResponse" }
  }
}

const location = (answer: Refused) => {
  const target = answer.headers["location"] ?? ""
  return URL.canParse(target) ? ` to ${new URL(target).origin}` : ""
}

/** The error that an answer outside 200..299 stands for. */
export const fromAnswer = (origin: Origin, raw: Answer, nowMillis: number): CoolifyError => {
  const answer = { ...raw, body: bodyOf(raw) }
  const { method, write } = origin
  const { status } = answer
  if (status >= 300 && status < 400) {
    const detail = plain(
      origin,
      `HTTP ${status} redirects${location(answer)}; set the URL Coolify answers at itself`
    )
    return new CoolifyError({ method, reason: "Redirected", detail, status })
  }
  const body = Option.getOrElse(decodeBody(answer.body), (): typeof ErrorBody.Type => ({}))
  const verdict = judge(origin, answer, body, retryAfterMillis(answer.headers["retry-after"], nowMillis))
  return new CoolifyError({
    method,
    reason: verdict.reason,
    detail: plain(origin, verdict.detail ?? body.message ?? "") || `HTTP ${status}`,
    status,
    problems: problemsOf(origin, body.errors),
    conflicts: conflictsOf(origin, body.conflicts),
    ability: verdict.ability,
    retryAfterMillis: verdict.retryAfterMillis,
    outcomeUnknown: write && (isUndecided(status) || ((status === 422 || status === 409) && origin.piecemeal))
  })
}

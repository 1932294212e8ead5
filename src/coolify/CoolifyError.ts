import * as Schema from "effect/Schema"
import { doingOf } from "./Doing.ts"
import { isGateway } from "../http/Failure.ts"
import type { WriteErrors } from "../http/RequestJournal.ts"

/** One field the API refused. `field` is empty when the API sent a plain list. */
const FieldProblem = Schema.Struct({ field: Schema.String, message: Schema.String })

/** A resource that already holds a domain, as the 409 of Coolify names it. */
const DomainConflict = Schema.Struct({
  domain: Schema.String,
  resourceName: Schema.String,
  resourceUuid: Schema.NullOr(Schema.String),
  resourceType: Schema.NullOr(Schema.String)
})

/** The ways the Coolify API says no. */
export const CoolifyErrorReason = Schema.Literal(
  /** 403 `API is disabled.`: Settings, Advanced, API Access on the Coolify instance. */
  "ApiDisabled",
  /** 403 `You are not allowed to access the API.`: the caller's address is not in `allowed_ips`. */
  "AddressNotAllowed",
  /** 401: the token is missing, wrong, expired or revoked. */
  "Unauthenticated",
  /** 403: the token lacks `ability`. */
  "MissingAbility",
  /** 403 for any other cause (team role, policy). */
  "Forbidden",
  /** 401 or 403 that is none of Coolify's: a proxy, a firewall or a login stands before it. */
  "Blocked",
  /** 404 of a resource. */
  "NotFound",
  /** 404 of the catch-all route: this Coolify version has no such endpoint, or the URL is not a Coolify API. */
  "UnknownEndpoint",
  /** 422, 400 with field errors, or an unknown field: `problems` names them. */
  "Invalid",
  /** 400 with a business reason only. */
  "Refused",
  /** 409: `conflicts` names who holds the domain, or the name or key exists. */
  "Conflict",
  /** 429 of `POST /deploy`: 25 deployments wait on the server. */
  "QueueFull",
  /** 429 of the throttle. */
  "RateLimited",
  /** 5xx. */
  "ServerError",
  /** No connection: refused, unresolvable, unreachable, TLS. Nothing was sent. */
  "Unreachable",
  /** The connection broke or the deadline passed after the request may have left. */
  "Interrupted",
  /** A redirect: never followed, as it would carry the token elsewhere. */
  "Redirected",
  /** The answer could not be understood (not JSON, a needed field is missing, over the size cap). */
  "BadResponse",
  /** What was to be sent could not be written down first, so it was not sent. */
  "Unrecorded",
  /** The configuration is unusable (no URL, no token, plain http to a public host). */
  "BadConfig"
)
export type CoolifyErrorReason = typeof CoolifyErrorReason.Type

/** Why a call to Coolify failed, in the operator's terms. Carries no token, header or request body. */
export class CoolifyError extends Schema.TaggedError<CoolifyError>("fabrik/coolify/CoolifyError")(
  "CoolifyError",
  {
    /** The CoolifyClient method, e.g. `createApplication`. */
    method: Schema.String,
    reason: CoolifyErrorReason,
    /** What the API said, or what went wrong, in one sentence without secrets. */
    detail: Schema.String,
    /** HTTP status, where there was an answer. */
    status: Schema.optional(Schema.Number),
    problems: Schema.optionalWith(Schema.Array(FieldProblem), { default: () => [] }),
    conflicts: Schema.optionalWith(Schema.Array(DomainConflict), { default: () => [] }),
    ability: Schema.optional(Schema.String),
    /** Milliseconds the API asked to wait. */
    retryAfterMillis: Schema.optional(Schema.Number),
    /** True when a write may have taken effect although no proof of it came back: find before sending it again. */
    outcomeUnknown: Schema.optionalWith(Schema.Boolean, { default: () => false })
  }
) {
  override get message(): string {
    return `Coolify: could not ${doingOf(this.method)}: ${this.detail}`
  }
}

/** What the journal needs to know of them. */
export const writeErrors: WriteErrors<CoolifyError> = {
  unrecorded: (method, detail) => new CoolifyError({ method, reason: "Unrecorded", detail }),
  fate: ({ outcomeUnknown, status }) =>
    outcomeUnknown ? (status === undefined || isGateway(status) ? "lost" : "unknown") : "refused"
}

/** One call to Coolify's API, and what is particular to it: how it refuses, how often it may be asked, its absences. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Keeping } from "../http/AnswerBody.ts"
import { type Answer, type HttpFailure, isOutcomeUnknown } from "../http/Failure.ts"
import { type Http, type HttpCall, type HttpPolicy, makeHttp } from "../http/Http.ts"
import { plain } from "../http/Plain.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { bodyOf, fromAnswer, type Origin } from "./AnswerError.ts"
import type { CoolifyConfig } from "./CoolifyConfig.ts"
import { CoolifyError, type CoolifyErrorReason, writeErrors } from "./CoolifyError.ts"
import { makePresence } from "./Presence.ts"
import { Pacing } from "./Spacing.ts"
import { isUuid } from "./endpoints/Fields.ts"

/** JSON that is sent. */
export type Body = Readonly<Record<string, unknown>>

interface Call {
  /** The CoolifyClient method. */
  readonly method: string
  readonly verb: "GET" | "POST" | "PATCH" | "DELETE"
  /** Behind `/api/v1`, with `{name}` for each of `ids` and `names`. */
  readonly path: string
  /** Ids of Coolify's: anything else is refused before it gets into a URL. */
  readonly ids?: Readonly<Record<string, string>>
  /** Names people chose: percent-encoded. */
  readonly names?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Body
  readonly secrets?: ReadonlyArray<Redacted.Redacted<string>>
  /** Coolify writes item by item, so that even a 422 or 409 may come after some of them are in. */
  readonly piecemeal?: boolean
  /** It changes nothing, although it is not a GET. */
  readonly harmless?: boolean
  /** Reads a text inside the answer as it arrives. */
  readonly texts?: Keeping["texts"]
}

const changes = (call: Call): boolean => call.verb !== "GET" && call.harmless !== true

const error = (
  origin: Origin,
  reason: CoolifyErrorReason,
  detail: string,
  more: { readonly status?: number; readonly outcomeUnknown?: boolean } = {}
) =>
  new CoolifyError({
    method: origin.method,
    reason,
    detail: plain(origin, detail),
    status: more.status,
    outcomeUnknown: more.outcomeUnknown ?? false
  })

const failed = (origin: Origin, failure: HttpFailure): CoolifyError => {
  const outcomeUnknown = origin.write && isOutcomeUnknown(failure)
  switch (failure._tag) {
    case "Unformed":
      return error(origin, "BadConfig", "the request could not be formed")
    case "Unsent": {
      const hint = failure.detail.includes("speaks no TLS")
        ? " (Coolify's dashboard itself is one, 8000)"
        : ""
      return error(origin, "Unreachable", failure.detail + hint)
    }
    case "Broken":
      return error(origin, "Interrupted", failure.detail, { outcomeUnknown })
    case "Unreadable": {
      const { detail, status } = failure
      const what = `${origin.endpoint} answered ${status} with ${detail}`
      return error(origin, "BadResponse", what, { status, outcomeUnknown })
    }
  }
}

/**
 * Whether a proxy answers in Coolify's place: 502 to 504 while its container starts, and Traefik's own 404, which is no
 * JSON, while there is none.
 */
const isProxys = (answer: Answer): boolean =>
  (answer.status >= 502 && answer.status <= 504) || (answer.status === 404 && bodyOf(answer) === undefined)

export interface CoolifyCall extends HttpCall {
  readonly origin: Origin
}

export interface Transport {
  /** For answers that say nothing but that it worked: any JSON. */
  readonly done: (call: Call) => Effect.Effect<void, CoolifyError>
  /** The body of a 2xx answer, decoded. */
  readonly json: <A, I>(call: Call, schema: Schema.Schema<A, I>) => Effect.Effect<A, CoolifyError>
  /** The body of a 2xx answer as it is. */
  readonly text: (call: Call) => Effect.Effect<string, CoolifyError>
}

/** The transport by way of the HTTP client. */
export const makeTransport = (config: CoolifyConfig) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    makeTransportOver(config, (policy) => makeHttp(client, policy))
  )

/** The transport by way of whatever carries a call out and keeps to Coolify's policy. */
export const makeTransportOver = (
  config: CoolifyConfig,
  make: (policy: HttpPolicy<CoolifyError, CoolifyCall>) => Http<CoolifyError, CoolifyCall>
): Effect.Effect<Transport> =>
  Effect.gen(function* () {
    const { hide } = yield* KnownSecrets
    const presence = yield* makePresence
    const policy: HttpPolicy<CoolifyError, CoolifyCall> = {
      api: "Coolify",
      errors: writeErrors,
      failed: ({ origin }, failure) => failed(origin, failure),
      judge: ({ origin }, answer, now) =>
        answer.status >= 200 && answer.status < 300 ? undefined : fromAnswer(origin, answer, now),
      isAway: isProxys,
      presence,
      turn: yield* (yield* Pacing).make
    }
    const http = make(policy)
    // A token is `<id>|<secret>`; the second half alone opens as much.
    const tokenParts = [config.token, Redacted.make(Redacted.value(config.token).split("|").at(-1) ?? "")]

    const originOf = (call: Call): Origin => ({
      method: call.method,
      endpoint: `${call.verb} ${call.path}`,
      write: call.verb !== "GET",
      piecemeal: call.piecemeal ?? false,
      secrets: [...tokenParts, ...(call.secrets ?? [])],
      hide
    })

    const requestOf = (
      call: Call,
      origin: Origin
    ): Effect.Effect<HttpClientRequest.HttpClientRequest, CoolifyError> => {
      const ids = Object.entries(call.ids ?? {})
      if (ids.some(([, id]) => !isUuid(id))) {
        return Effect.fail(
          error(origin, "BadResponse", `an id for ${origin.endpoint} is not one that Coolify makes`)
        )
      }
      const names = Object.entries(call.names ?? {}).map(([name, value]) => [name, encodeURIComponent(value)])
      if (names.some(([, value]) => value === "" || value === "." || value === "..")) {
        return Effect.fail(error(origin, "Invalid", `a name for ${origin.endpoint} cannot stand in a path`))
      }
      const path = [...ids, ...names].reduce(
        (so, [name = "", value = ""]) => so.replace(`{${name}}`, () => value),
        call.path
      )
      const request = HttpClientRequest.make(call.verb)(config.baseUrl + path).pipe(
        HttpClientRequest.acceptJson,
        HttpClientRequest.bearerToken(config.token),
        HttpClientRequest.setUrlParams(call.query ?? {})
      )
      return Effect.succeed(
        call.body === undefined
          ? request
          : HttpClientRequest.bodyText(request, JSON.stringify(call.body), "application/json")
      )
    }

    const run = <A>(call: Call, send: (call: CoolifyCall) => Effect.Effect<A, CoolifyError>) => {
      const origin = originOf(call)
      return requestOf(call, origin).pipe(
        Effect.flatMap((request) =>
          send({ method: call.method, write: origin.write, harmless: !changes(call), request, origin })
        ),
        Effect.tapBoth({
          onSuccess: () => (changes(call) ? presence.changed : Effect.void),
          onFailure: ({ outcomeUnknown }) => (outcomeUnknown ? presence.changed : Effect.void)
        })
      )
    }

    const json: Transport["json"] = (call, schema) => run(call, (sent) => http.json(sent, schema, call.texts))
    const transport: Transport = {
      done: (call) => Effect.asVoid(json(call, Schema.Unknown)),
      text: (call) => run(call, http.text),
      json
    }
    return transport
  })

/** One call to the API: its requests, deadlines, limits and errors. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { type Keeping, readKept, readText } from "./AnswerBody.ts"
import { type Answer, fromAnswer, type Origin, plain } from "./AnswerError.ts"
import type { CoolifyConfig } from "./CoolifyConfig.ts"
import { CoolifyError, type CoolifyErrorReason } from "./CoolifyError.ts"
import { CoolifySettings } from "./CoolifySettings.ts"
import { keepOf } from "./Keep.ts"
import { makePresence } from "./Presence.ts"
import { type Refusal, retryRefusals } from "./Retry.ts"
import { makeSpacing } from "./Spacing.ts"
import { isUuid } from "./Wire.ts"
import type { Body } from "./WireRequest.ts"

export interface Call {
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
  /** Coolify writes item by item, so that even a 422 may come after some of them are in. */
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

/**
 * The first error code on the chain of causes: Node's (`ECONNREFUSED`), OpenSSL's or undici's. A host with several
 * addresses fails with all their errors in one.
 */
const codeOf = (cause: unknown, depth = 0): { readonly code: string; readonly syscall: string } => {
  if (depth > 5 || !Predicate.isRecord(cause)) return { code: "", syscall: "" }
  const { code, syscall, errors } = cause
  if (typeof code !== "string") return codeOf(cause["cause"], depth + 1)
  // A socket's own name for what OpenSSL said.
  if (code === "EPROTO" && /:wrong version number:/.test(String(cause["message"]))) {
    return { code: "ERR_SSL_WRONG_VERSION_NUMBER", syscall: "" }
  }
  return Array.isArray(errors) && errors.length > 0
    ? { code, syscall: codeOf(errors[0], depth + 1).syscall }
    : { code, syscall: typeof syscall === "string" ? syscall : "" }
}

/** Codes that can only come before a request has been sent. */
const beforeSending = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT"
])
const tls = /^(ERR_SSL|ERR_TLS|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH)/

/** What answers in the clear where TLS was begun. */
const notTls = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/

const tlsText = (code: string): string => {
  if (notTls.test(code)) {
    return "what answers at that port speaks no TLS: the URL says https, and that may be an http port (Coolify's dashboard itself is one, 8000)"
  }
  return /SELF_SIGNED|UNABLE_TO_/.test(code)
    ? `TLS failed (${code}): nobody here vouches for the certificate; for a CA of your own set NODE_EXTRA_CA_CERTS to its file`
    : `TLS failed (${code}): is the certificate valid for this name?`
}

/** The codes of a proxy's connection (HTTPS_PROXY), which the client makes itself. */
const proxyTexts: ReadonlyMap<string, string> = new Map([
  [
    "PROXY_UNREACHABLE",
    "the proxy that HTTPS_PROXY names cannot be reached (a host in NO_PROXY is asked without it)"
  ],
  [
    "PROXY_AUTHENTICATION",
    "the proxy that HTTPS_PROXY names wants a user and a password, or does not take these"
  ],
  ["PROXY_REFUSED", "the proxy that HTTPS_PROXY names does not connect to that host"]
])

const unsent = (origin: Origin, failure: HttpClientError.RequestError): Refusal => {
  if (failure.reason !== "Transport") {
    return { error: error(origin, "BadConfig", "the request could not be formed"), retry: false }
  }
  const { code, syscall } = codeOf(failure.cause)
  if (tls.test(code)) return { error: error(origin, "Unreachable", tlsText(code)), retry: false }
  const byProxy = proxyTexts.get(code)
  if (byProxy !== undefined) return { error: error(origin, "Unreachable", byProxy), retry: false }
  if (beforeSending.has(code) || syscall === "connect") {
    const detail =
      code === "ENOTFOUND" ? "the host name of the URL does not exist" : `no connection (${code})`
    const retry = code !== "ENOTFOUND"
    return { error: error(origin, "Unreachable", detail), retry, away: retry }
  }
  return broken(origin, `the connection broke before an answer came${code === "" ? "" : ` (${code})`}`)
}

const broken = (origin: Origin, detail: string): Refusal => ({
  error: error(origin, "Interrupted", detail, { outcomeUnknown: origin.write }),
  retry: !origin.write,
  away: !origin.write
})

const unreadable = (origin: Origin, status: number, detail: string): Refusal => ({
  error: error(origin, "BadResponse", `${origin.endpoint} answered ${status} with ${detail}`, {
    status,
    outcomeUnknown: origin.write
  }),
  retry: false
})

const decodeJson = Schema.decodeUnknownOption(Schema.parseJson())

/** The deepest place the schema complains about, never the value that stands there. */
const placeOf = (failure: ParseResult.ParseError): string =>
  ParseResult.ArrayFormatter.formatIssueSync(failure.issue)
    .map((issue) => issue.path.map(String).join("."))
    .reduce((deepest, path) => (path.length > deepest.length ? path : deepest), "")

/**
 * Whether a proxy answers in Coolify's place: 502 to 504 while its container starts, and Traefik's own 404, which is no
 * JSON, while there is none.
 */
const isProxys = ({ body, status }: Answer): boolean =>
  (status >= 502 && status <= 504) || (status === 404 && body === undefined)

interface Transport {
  /** The body of a 2xx answer, decoded. */
  readonly json: <A, I>(call: Call, schema: Schema.Schema<A, I>) => Effect.Effect<A, CoolifyError>
  /** The body of a 2xx answer as it is. */
  readonly text: (call: Call) => Effect.Effect<string, CoolifyError>
}

export const makeTransport = (config: CoolifyConfig) =>
  Effect.gen(function* () {
    // No trace headers: they are of no use to Coolify and would name every request.
    const client = HttpClient.withTracerPropagation(yield* HttpClient.HttpClient, false)
    const { hide } = yield* KnownSecrets
    const presence = yield* makePresence
    const spacing = yield* makeSpacing
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

    const exchange = Effect.fn("coolify.exchange")(function* (
      origin: Origin,
      request: HttpClientRequest.HttpClientRequest,
      keep: Keeping | undefined
    ) {
      const settings = yield* CoolifySettings
      const seconds = (duration: Duration.DurationInput) => `${Duration.toSeconds(duration)} s`
      yield* spacing.turn
      const response = yield* client.execute(request).pipe(
        // Only the client over fetch reads this; it would follow a redirect, the others never do.
        Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
        Effect.catchTags({
          RequestError: (failure) => Effect.fail(unsent(origin, failure)),
          ResponseError: () => Effect.fail(broken(origin, "the answer could not be read"))
        }),
        Effect.timeoutFail({
          duration: settings.headersTimeout,
          onTimeout: () => broken(origin, `no answer within ${seconds(settings.headersTimeout)}`)
        })
      )
      yield* spacing.answered(response.headers)
      const ok = response.status >= 200 && response.status < 300
      const body = ok && keep !== undefined ? readKept(response.stream, keep) : readText(response.stream)
      const text = yield* body.pipe(
        Effect.mapError(({ _tag, detail }) =>
          _tag === "Broken" ? broken(origin, detail) : unreadable(origin, response.status, detail)
        ),
        Effect.timeoutFail({
          duration: settings.bodyTimeout,
          onTimeout: () =>
            broken(origin, `the answer was not complete within ${seconds(settings.bodyTimeout)}`)
        }),
        // A refusal's status says enough when its text does not arrive.
        Effect.catchAll((refusal) => (ok ? Effect.fail(refusal) : Effect.succeed("")))
      )
      if (ok) return { status: response.status, text }
      const answer: Answer = {
        status: response.status,
        headers: response.headers,
        body: Option.getOrUndefined(decodeJson(text))
      }
      const refused = fromAnswer(origin, answer, yield* Clock.currentTimeMillis)
      const retry = refused.reason === "RateLimited" || (refused.reason === "ServerError" && !origin.write)
      return yield* Effect.fail<Refusal>({ error: refused, retry, away: !origin.write && isProxys(answer) })
    })

    const run = (call: Call, origin: Origin, keep?: Keeping) =>
      requestOf(call, origin).pipe(
        Effect.flatMap((request) => retryRefusals(call.method, exchange(origin, request, keep), presence)),
        Effect.tapBoth({
          onSuccess: () => (changes(call) ? presence.changed : Effect.void),
          onFailure: ({ outcomeUnknown }) => (outcomeUnknown ? presence.changed : Effect.void)
        })
      )

    const transport: Transport = {
      text: (call) => Effect.map(run(call, originOf(call)), ({ text }) => text),
      json: (call, schema) => {
        const origin = originOf(call)
        const keeping = { keep: keepOf(schema), texts: call.texts }
        return Effect.flatMap(run(call, origin, keeping), ({ status, text }) => {
          const parsed = decodeJson(text)
          return Option.isNone(parsed)
            ? Effect.fail(unreadable(origin, status, "something that is not JSON").error)
            : Schema.decodeUnknown(schema)(parsed.value).pipe(
                Effect.mapError((failure) => {
                  const place = placeOf(failure)
                  const what = place === "" ? "something else than expected" : `an unusable field ${place}`
                  return unreadable(origin, status, what).error
                })
              )
        })
      }
    }
    return transport
  })

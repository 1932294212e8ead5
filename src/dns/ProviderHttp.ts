/** One HTTP exchange with a provider's API: deadlines, retries that are safe, and failures as DnsErrors. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { isIP } from "node:net"
import { DnsError, type DnsErrorReason } from "./DnsError.ts"

/** A complete answer. */
export interface Answer {
  readonly status: number
  readonly text: string
}

export interface Explanation {
  readonly reason: DnsErrorReason
  readonly detail: string
}

export interface ProviderHttpOptions {
  readonly provider: string
  readonly client: HttpClient.HttpClient
  /** Cut out of every error text, should a server or proxy echo it. */
  readonly secret: Redacted.Redacted<string>
  /** Takes out all other secrets that are known. */
  readonly hide: (text: string) => string
  /** What an answer means in this API; `undefined`: nothing special (a 2xx is a success). */
  readonly explain: (answer: Answer) => Explanation | undefined
}

/** How long one request may take, from the connection to the last byte. */
const requestTimeout = Duration.seconds(15)
/** A PowerDNS zone of some 300,000 records. */
const maxBodyBytes = 64 * 1024 * 1024
/** A provider that asks for more than this is not waited for. */
const longestWait = Duration.seconds(30)
/** Of a longer wait only this much is told. */
const longestTold = Duration.toMillis("1 day")
const maxDetail = 300
const mostFound = 50

/** Errors of the system and of TLS that come up before a request has left. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "PROXY_UNREACHABLE",
  "PROXY_AUTHENTICATION",
  "PROXY_REFUSED",
  "UND_ERR_CONNECT_TIMEOUT"
])

/** Where the code alone would not say what is wrong. */
const failureText = (code: string): string => {
  switch (code) {
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "what answers at that port speaks no TLS: is the URL an http one?"
    case "PROXY_UNREACHABLE":
      return "the proxy that HTTPS_PROXY names cannot be reached (a host in NO_PROXY is asked without it)"
    case "PROXY_AUTHENTICATION":
      return "the proxy that HTTPS_PROXY names wants a user and a password, or does not take these"
    case "PROXY_REFUSED":
      return "the proxy that HTTPS_PROXY names does not connect to that host"
    case "ENOTFOUND":
      return "the host name of the URL does not exist"
    default:
      return `no connection (${code})`
  }
}

/** The error code of the system, however deep the client wrapped it. */
const systemCode = (error: unknown, depth = 0): string | undefined => {
  if (!Predicate.isRecord(error) || depth > 4) return undefined
  if (error["code"] === "EPROTO" && /:wrong version number:/.test(String(error["message"]))) {
    return "ERR_SSL_WRONG_VERSION_NUMBER"
  }
  if (typeof error["code"] === "string" && /^[A-Z_]+$/.test(error["code"])) return error["code"]
  const inner = Array.isArray(error["errors"]) ? error["errors"][0] : undefined
  return systemCode(error["cause"], depth + 1) ?? systemCode(inner, depth + 1)
}

/** The client over fetch has no limit of its own, and unpacks what is compressed. */
const readBody = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.gen(function* () {
    const decoder = new TextDecoder()
    const read = yield* Stream.runFoldEffect(response.stream, { text: "", bytes: 0 }, (so, chunk) => {
      const bytes = so.bytes + chunk.byteLength
      return bytes > maxBodyBytes
        ? Effect.fail("too large" as const)
        : Effect.succeed({ text: so.text + decoder.decode(chunk, { stream: true }), bytes })
    })
    return read.text + decoder.decode()
  })

const standard = ({ status }: Answer, write: boolean): Explanation | undefined => {
  if (status >= 200 && status < 300) return undefined
  const detail = `HTTP ${status}`
  if (status === 401) return { reason: "Unauthorized", detail: "the credentials are refused" }
  if (status === 403) return { reason: "Forbidden", detail: "the credentials lack a permission" }
  if (status === 429) return { reason: "RateLimited", detail: "too many requests" }
  // A server that answers for itself has decided; a gateway's answer says nothing of the server behind it.
  if (status === 500 || (status === 503 && !write)) return { reason: "Unavailable", detail }
  if (status >= 500) return { reason: write ? "OutcomeUnknown" : "Unavailable", detail }
  if (status >= 400) return { reason: "Invalid", detail }
  return {
    reason: "BadResponse",
    detail: `${detail}; a redirect is not followed, as it would carry the key elsewhere`
  }
}

/** Milliseconds of a Retry-After: seconds or an HTTP date. */
const retryAfterMillis = (header: string, now: number): number | undefined => {
  const millis = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(millis) ? undefined : Math.min(Math.max(0, millis), longestTold)
}

/** Anywhere below a ceiling that doubles from 0.4 s, at most four times; a provider's own Retry-After is kept to. */
const politely = Schedule.identity<DnsError>().pipe(
  Schedule.zipLeft(Schedule.exponential("400 millis").pipe(Schedule.jitteredWith({ min: 0.1, max: 1 }))),
  Schedule.zipLeft(Schedule.recurs(4)),
  Schedule.modifyDelay((error, delay) => Duration.max(delay, error.retryAfterMillis ?? 0))
)
const waitable = (error: DnsError): boolean =>
  Duration.lessThanOrEqualTo(error.retryAfterMillis ?? 0, longestWait)

export const makeProviderHttp = (options: ProviderHttpOptions) => {
  const { provider, client, explain } = options
  const clean = (text: string): string =>
    options
      .hide(text)
      .replaceAll(Redacted.value(options.secret), "[redacted]")
      .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
      .trim()
      .slice(0, maxDetail)
  const fail = (method: string, { reason, detail }: Explanation, retryAfterMillis?: number) =>
    new DnsError({ provider, method, reason, detail: clean(detail), retryAfterMillis })

  const exchange = (method: string, request: HttpClientRequest.HttpClientRequest) => {
    const write = request.method !== "GET"
    const broken = (detail: string) =>
      fail(method, { reason: write ? "OutcomeUnknown" : "Unavailable", detail })
    const fromClient = (error: HttpClientError) => {
      const code = systemCode(error.cause)
      if (error._tag === "ResponseError") return broken("the answer broke off")
      if (error.reason !== "Transport") {
        return fail(method, {
          reason: "BadConfig",
          detail: "the request cannot be built: check the API's URL"
        })
      }
      return code !== undefined && neverSent.has(code)
        ? fail(method, { reason: "Unavailable", detail: failureText(code) })
        : broken(`the connection broke (${code ?? error.reason})`)
    }
    return Effect.gen(function* () {
      const response = yield* client.execute(request)
      const answer = { status: response.status, text: yield* readBody(response) }
      const explanation = explain(answer) ?? standard(answer, write)
      if (explanation === undefined) return answer
      const after = response.headers["retry-after"]
      const wait = after === undefined ? undefined : retryAfterMillis(after, yield* Clock.currentTimeMillis)
      return yield* fail(method, explanation, wait)
    }).pipe(
      Effect.scoped,
      // fetch would follow a redirect and hand a key in a header of its own to whoever is there.
      Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
      Effect.mapError((error) => {
        if (error === "too large") {
          const reason = write ? "OutcomeUnknown" : "BadResponse"
          return fail(method, { reason, detail: `an answer of more than ${maxBodyBytes} bytes` })
        }
        return error._tag === "DnsError" ? error : fromClient(error)
      }),
      Effect.timeoutFail({
        duration: requestTimeout,
        onTimeout: () => broken(`no answer within ${Duration.format(requestTimeout)}`)
      })
    )
  }

  return {
    fail,
    /** As it leaves a client: values that somebody else wrote into the zone may hold anything, too. */
    told: (error: DnsError) =>
      new DnsError({
        ...error,
        detail: clean(error.detail),
        found: error.found.slice(0, mostFound).map(clean)
      }),
    /** A GET, repeated while the provider is busy or out of reach. */
    read: (method: string, path: string, parameters: Readonly<Record<string, string>> = {}) =>
      exchange(method, HttpClientRequest.get(path, { urlParams: parameters })).pipe(
        Effect.retry({
          schedule: politely,
          while: (error) =>
            (error.reason === "Unavailable" || error.reason === "RateLimited") && waitable(error)
        })
      ),
    /** Sent once; again only when it was refused for the rate limit, so never after it may have taken effect. */
    write: (method: string, request: HttpClientRequest.HttpClientRequest) =>
      exchange(method, request).pipe(
        Effect.retry({
          schedule: politely,
          while: (error) => error.reason === "RateLimited" && waitable(error)
        })
      ),
    /** The answer's JSON in the given form. */
    decode: <A, I>(method: string, schema: Schema.Schema<A, I>) => {
      const decode = Schema.decodeUnknown(Schema.parseJson(schema))
      return ({ text }: Answer): Effect.Effect<A, DnsError> =>
        decode(text).pipe(
          Effect.mapError((error) => {
            const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
            const path = issue === undefined || issue.path.length === 0 ? "the body" : issue.path.join(".")
            return fail(method, {
              reason: "BadResponse",
              detail: `the answer is not as documented, at ${path}`
            })
          })
        )
    }
  }
}

const privateHost = (host: string): boolean =>
  host === "localhost" ||
  host === "[::1]" ||
  /^\[f[cd]/.test(host) ||
  /\.(localhost|internal|local|lan|test)$/.test(host) ||
  (isIP(host) === 4 && /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(host)) ||
  /^[a-z0-9_-]+$/.test(host)

/** The base URL of an API without its final slash. `None`: neither https nor plain http to a private host. */
export const apiUrl = (text: string): Option.Option<string> => {
  if (!URL.canParse(text)) return Option.none()
  const url = new URL(text)
  const safe = url.protocol === "https:" || (url.protocol === "http:" && privateHost(url.hostname))
  return safe && url.username === "" && url.search === ""
    ? Option.some(url.origin + url.pathname.replace(/\/+$/, ""))
    : Option.none()
}

/** Whether a key can stand in an HTTP header: printable ASCII without spaces. */
export const headerSafe = (key: Redacted.Redacted<string>): boolean =>
  /^[\x21-\x7e]+$/.test(Redacted.value(key))

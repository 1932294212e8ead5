/** What is particular to the HTTP of DNS providers: how their refusals become DnsErrors. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { isIP } from "node:net"
import { type Answer, type HttpFailure, isOutcomeUnknown } from "../http/Failure.ts"
import { type HttpCall, type HttpPolicy, makeHttp } from "../http/Http.ts"
import { plain } from "../http/Plain.ts"
import { retryAfterMillis } from "../http/RetryAfter.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { DnsError, type DnsErrorReason, writeErrors } from "./DnsError.ts"

export interface Explanation {
  readonly reason: DnsErrorReason
  readonly detail: string
}

export interface ProviderHttpOptions {
  readonly provider: string
  readonly client: HttpClient.HttpClient
  /** Cut out of every error text, should a server or proxy echo them. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
  /** Takes out all other secrets that are known. */
  readonly hide: (text: string) => string
  /** What an answer means in this API; `undefined`: nothing special (a 2xx is a success). */
  readonly explain: (answer: Answer) => Explanation | undefined
  /** What `explain` reads of a 2xx answer. */
  readonly explained?: Schema.Schema.AnyNoContext
}

const settings = {
  headersTimeout: "15 seconds",
  bodyTimeout: "15 seconds",
  stallTimeout: "15 seconds",
  // A PowerDNS zone of some 300,000 records.
  maxBodyBytes: 64 * 1024 * 1024
} as const
const mostFound = 50

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

const explainFailure = (write: boolean, failure: HttpFailure): Explanation => {
  const reason = write && isOutcomeUnknown(failure) ? "OutcomeUnknown" : undefined
  switch (failure._tag) {
    case "Unformed":
      return { reason: "BadConfig", detail: "the request cannot be built: check the API's URL" }
    case "Unsent":
      return { reason: "Unavailable", detail: failure.detail }
    case "Broken":
      return { reason: reason ?? "Unavailable", detail: failure.detail }
    case "Unreadable":
      return {
        reason: reason ?? "BadResponse",
        detail: `the API answered ${failure.status} with ${failure.detail}`
      }
  }
}

export const makeProviderHttp = (options: ProviderHttpOptions) => {
  const { provider, explain } = options
  const clean = (text: string) => plain({ hide: options.hide, secrets: options.secrets }, text)
  const fail = (method: string, { reason, detail }: Explanation, retryAfterMillis?: number) =>
    new DnsError({ provider, method, reason, detail: clean(detail), retryAfterMillis })

  const policy: HttpPolicy<DnsError, HttpCall> = {
    api: provider,
    errors: writeErrors(provider),
    settings,
    failed: ({ method, write }, failure) => fail(method, explainFailure(write, failure)),
    judge: ({ method, write }, answer, now) => {
      const explanation = explain(answer) ?? standard(answer, write)
      return explanation === undefined
        ? undefined
        : fail(method, explanation, retryAfterMillis(answer.headers["retry-after"], now))
    },
    ...(options.explained === undefined ? {} : { judged: options.explained })
  }
  const http = makeHttp(options.client, policy)

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
    read: <A, I>(
      method: string,
      path: string,
      schema: Schema.Schema<A, I>,
      parameters: Readonly<Record<string, string>> = {}
    ): Effect.Effect<A, DnsError> =>
      http.json(
        { method, write: false, request: HttpClientRequest.get(path, { urlParams: parameters }) },
        schema
      ),
    /** A read that is no plain GET. */
    ask: <A, I>(
      method: string,
      request: HttpClientRequest.HttpClientRequest,
      schema: Schema.Schema<A, I>
    ): Effect.Effect<A, DnsError> => http.json({ method, write: false, request }, schema),
    /** A read whose answer is more than JSON: its headers, or XML. */
    answer: (
      method: string,
      request: HttpClientRequest.HttpClientRequest,
      write: boolean
    ): Effect.Effect<Answer, DnsError> => http.answer({ method, write, request }),
    /** A write, whose answer says nothing but that it worked. */
    write: (method: string, request: HttpClientRequest.HttpClientRequest): Effect.Effect<void, DnsError> =>
      Effect.asVoid(http.answer({ method, write: true, request })),
    /** A write whose answer is needed. */
    writeFor: <A, I>(
      method: string,
      request: HttpClientRequest.HttpClientRequest,
      schema: Schema.Schema<A, I>
    ): Effect.Effect<A, DnsError> => http.json({ method, write: true, request }, schema)
  }
}

/** What an API says of itself with a status of 4xx, in its own words. */
export const explainWith =
  (
    said: (text: string) => Option.Option<string>,
    special: (answer: Answer, message: string) => DnsErrorReason | undefined = () => undefined
  ) =>
  (answer: Answer): Explanation | undefined => {
    const { status } = answer
    if (status < 400 || status >= 500) return undefined
    const message = Option.getOrElse(said(answer.text), () => "")
    const reason = special(answer, message) ?? byStatus.get(status) ?? "Invalid"
    return { reason, detail: message === "" ? `HTTP ${status}` : message }
  }

const byStatus = new Map<number, DnsErrorReason>([
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "ZoneNotFound"],
  [409, "Conflict"],
  [429, "RateLimited"]
])

export interface Connection {
  readonly provider: string
  readonly baseUrl: string
  /** The variable that it comes from, and those of the keys. */
  readonly variable: string
  readonly secrets: Readonly<Record<string, Redacted.Redacted<string>>>
  /** Lets the provider know who asks, each time that a request is sent. */
  readonly authorize: (
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientRequest.HttpClientRequest>
  readonly explain: ProviderHttpOptions["explain"]
  readonly explained?: ProviderHttpOptions["explained"]
}

/** The HTTP of a provider under one base URL. `BadConfig`: the URL or a key cannot be used. */
export const connect = Effect.fnUntraced(function* (connection: Connection) {
  const { authorize, baseUrl, explain, explained, provider, secrets, variable } = connection
  const unusable = (detail: string) =>
    new DnsError({ provider, method: "connect", reason: "BadConfig", detail })
  const base = apiUrl(baseUrl)
  if (Option.isNone(base)) {
    return yield* unusable(`${variable} must be an https URL, or plain http to a loopback or private host`)
  }
  for (const [name, secret] of Object.entries(secrets)) {
    if (!headerSafe(secret)) {
      return yield* unusable(`${name} is empty or has characters that no HTTP header can carry`)
    }
  }
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequestEffect((request) =>
      authorize(request.pipe(HttpClientRequest.prependUrl(base.value), HttpClientRequest.acceptJson))
    )
  )
  const { hide } = yield* KnownSecrets
  return makeProviderHttp({
    provider,
    client,
    secrets: Object.values(secrets),
    hide,
    explain,
    ...(explained === undefined ? {} : { explained })
  })
})

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

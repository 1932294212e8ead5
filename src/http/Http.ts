/**
 * The one HTTP client under Coolify and every DNS provider: deadlines, limits, what is sent again, redirects that are
 * not followed, and what a failure says of a write. What is particular to an API is its {@link HttpPolicy}.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { type Keeping, readKept, readText } from "./AnswerBody.ts"
import { type Answer, broken, fromRequestError, type HttpFailure, unreadable } from "./Failure.ts"
import { HttpSettings } from "./HttpSettings.ts"
import { keepOf } from "./Keep.ts"
import { type HeardRequest, CurrentWork, RequestListener } from "./RequestListener.ts"
import { journaled, type WriteErrors } from "./RequestJournal.ts"
import { type ApiError, type Presence, type Refusal, retryRefusals } from "./Retry.ts"

/** One call to an API. */
export interface HttpCall {
  /** The client's method, for errors and whoever listens. */
  readonly method: string
  /** It changes something. */
  readonly write: boolean
  /** A write that changes nothing: it is not written down. */
  readonly harmless?: boolean
  readonly request: HttpClientRequest.HttpClientRequest
}

export type Answered = (headers: Answer["headers"]) => Effect.Effect<void>

const unheard: Answered = () => Effect.void

/** What is particular to one API. */
export interface HttpPolicy<E extends ApiError, C extends HttpCall> {
  /** `Coolify`, `cloudflare`. */
  readonly api: string
  readonly errors: WriteErrors<E>
  /** Where it is more or less patient than others. */
  readonly settings?: Partial<typeof HttpSettings.Service>
  /** The error that an exchange without a usable answer stands for. */
  readonly failed: (call: C, failure: HttpFailure) => E
  /** The error that an answer stands for; `undefined`: it is a success. */
  readonly judge: (call: C, answer: Answer, nowMillis: number) => E | undefined
  /** Of a 2xx answer, what `judge` reads beside what was asked for. */
  readonly judged?: Schema.Schema.AnyNoContext
  /** A proxy answers in the API's place, so that it is away. */
  readonly isAway?: (answer: Answer) => boolean
  readonly presence?: Presence<E>
  /** Spreads requests: waits for the next one's turn, and is told what the headers of its answer are. */
  readonly turn?: Effect.Effect<Answered>
}

export interface Http<E, C> {
  /** The body of a 2xx answer, decoded; no more of it is kept than `schema` asks for. */
  readonly json: <A, I>(call: C, schema: Schema.Schema<A, I>, texts?: Keeping["texts"]) => Effect.Effect<A, E>
  /** The body of a 2xx answer as it is. */
  readonly text: (call: C) => Effect.Effect<string, E>
  /** A 2xx answer with its headers. */
  readonly answer: (call: C) => Effect.Effect<Answer, E>
}

/** Answers that end with their headers (RFC 9110, 15.3.5 and 15.3.6). */
const bodiless = new Set([204, 205])

const isOk = (status: number) => status >= 200 && status < 300

const decodeJson = Schema.decodeUnknownOption(Schema.parseJson())

/** The deepest place the schema complains about, never the value that stands there. */
const placeOf = (failure: ParseResult.ParseError): string =>
  ParseResult.ArrayFormatter.formatIssueSync(failure.issue)
    .map((issue) => issue.path.map(String).join("."))
    .reduce((deepest, path) => (path.length > deepest.length ? path : deepest), "")

const seconds = (duration: Duration.DurationInput) => `${Duration.toSeconds(duration)} s`

/** The whole address is known only once the request has gone through the API's own client. */
interface Where {
  url: string
}

const telling = Effect.fn("http.telling")(function* <R>(
  api: string,
  { method: name, request }: HttpCall,
  exchange: (at: Where) => Effect.Effect<Answer, HttpFailure, R>,
  hear: (request: HeardRequest) => void
) {
  const { work } = yield* CurrentWork
  const began = yield* Clock.currentTimeMillis
  const at: Where = { url: request.url }
  return yield* Effect.onExit(exchange(at), (exit) =>
    Effect.map(Clock.currentTimeMillis, (ended) => {
      const failure = Exit.isSuccess(exit)
        ? undefined
        : Option.match(Cause.failureOption(exit.cause), {
            onNone: () => "interrupted",
            onSome: ({ _tag }) => _tag
          })
      const status = Exit.isSuccess(exit) ? exit.value.status : undefined
      hear({ api, call: name, verb: request.method, url: at.url, began, ended, status, failure, work })
    })
  )
})

export const makeHttp = <E extends ApiError, C extends HttpCall>(
  within: HttpClient.HttpClient,
  policy: HttpPolicy<E, C>
): Http<E, C> => {
  const { api, failed, judge, presence, turn = Effect.succeed(unheard) } = policy
  // No trace headers: they are of no use to the API and would name every request.
  const client = HttpClient.withTracerPropagation(within, false)

  const refusal = (call: C, failure: HttpFailure): Refusal<E> => {
    const passing =
      (failure._tag === "Unsent" && failure.passing) || (failure._tag === "Broken" && !call.write)
    return { error: failed(call, failure), retry: passing, away: passing }
  }

  const refusedBy = (call: C, answer: Answer, error: E): Refusal<E> => ({
    error,
    // A full queue is a 429, too, and not the throttle.
    retry: error.reason === "RateLimited" || (answer.status >= 500 && !call.write),
    away: !call.write && policy.isAway?.(answer) === true
  })

  /** The answer, or why there is none. */
  const exchange = Effect.fn("http.exchange")(function* (
    call: C,
    keep: Keeping | undefined,
    answered: Answered,
    at?: Where
  ) {
    const { bodyTimeout, headersTimeout } = yield* HttpSettings
    const response = yield* client.execute(call.request).pipe(
      // Only the client over fetch reads this; it would follow a redirect and carry the key along, others never do.
      Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
      Effect.catchTags({
        RequestError: (error) => Effect.fail(fromRequestError(error)),
        ResponseError: () => Effect.fail(broken("the answer could not be read"))
      }),
      Effect.timeoutFail({
        duration: headersTimeout,
        onTimeout: () => broken(`no answer within ${seconds(headersTimeout)}`)
      })
    )
    const { headers, status } = response
    if (at !== undefined) at.url = response.request.url
    yield* answered(headers)
    const body = bodiless.has(status)
      ? Effect.succeed("")
      : isOk(status) && keep !== undefined
        ? readKept(response.stream, keep)
        : readText(response.stream)
    const text = yield* body.pipe(
      Effect.mapError(({ _tag, detail }) =>
        _tag === "Broken" ? broken(detail) : unreadable(status, detail)
      ),
      Effect.timeoutFail({
        duration: bodyTimeout,
        onTimeout: () => broken(`the answer was not complete within ${seconds(bodyTimeout)}`)
      }),
      // A refusal's status says enough when its text does not arrive.
      Effect.catchAll((failure) => (isOk(status) ? Effect.fail(failure) : Effect.succeed("")))
    )
    return { status, headers, text } satisfies Answer
  })

  /** With whoever listens told of it, if somebody does. */
  const heard = (call: C, keep: Keeping | undefined, answered: Answered) =>
    Effect.flatMap(RequestListener, ({ hear }) =>
      hear === undefined
        ? exchange(call, keep, answered)
        : telling(api, call, (at) => exchange(call, keep, answered, at), hear)
    )

  const once = (call: C, keep: Keeping | undefined): Effect.Effect<Answer, Refusal<E>> =>
    Effect.flatMap(turn, (answered) => heard(call, keep, answered)).pipe(
      Effect.scoped,
      Effect.mapError((failure) => refusal(call, failure)),
      Effect.flatMap((answer) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const error = judge(call, answer, now)
          return error === undefined ? Effect.succeed(answer) : Effect.fail(refusedBy(call, answer, error))
        })
      )
    )

  /** A write that no client has described is written down by its address. */
  const send = (call: C, keep?: Keeping): Effect.Effect<Answer, E> =>
    call.write && call.harmless !== true
      ? journaled(policy.errors, { method: call.method, what: call.request.url }, sent(call, keep))
      : sent(call, keep)

  const sent = (call: C, keep: Keeping | undefined): Effect.Effect<Answer, E> =>
    Effect.flatMap(HttpSettings, (usual) =>
      Effect.provideService(
        retryRefusals({ api, method: call.method }, once(call, keep), presence),
        HttpSettings,
        { ...usual, ...policy.settings }
      )
    )

  return {
    text: (call) => Effect.map(send(call), ({ text }) => text),
    answer: (call) => send(call),
    json: (call, schema, texts) => {
      const wanted = policy.judged === undefined ? schema : Schema.Union(schema, policy.judged)
      return Effect.flatMap(send(call, { keep: keepOf(wanted), texts }), ({ status, text }) => {
        const unusable = (detail: string) => failed(call, unreadable(status, detail))
        const parsed = decodeJson(text)
        return Option.isNone(parsed)
          ? Effect.fail(unusable("something that is not JSON"))
          : Schema.decodeUnknown(schema)(parsed.value).pipe(
              Effect.mapError((error) => {
                const place = placeOf(error)
                return unusable(place === "" ? "something else than expected" : `an unusable field ${place}`)
              })
            )
      })
    }
  }
}

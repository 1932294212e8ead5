/** The body of an answer, read piece by piece with a bound on what is kept, not on what is sent. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { HttpSettings } from "./HttpSettings.ts"
import { type Fault, makeSieve, type SieveOptions } from "./JsonSieve.ts"

/** Broken: it did not come to its end. Unreadable: it is not what was asked for. */
export interface BodyFailure {
  readonly _tag: "Broken" | "Unreadable"
  readonly detail: string
}

export interface Keeping {
  readonly keep: SieveOptions["keep"]
  readonly texts: SieveOptions["texts"] | undefined
}

/** Bytes of a refusal or of a plain text: what is longer is not Coolify's. */
const longestText = 1024 * 1024

const faults: { readonly [F in Fault | "empty"]: string } = {
  markup: "a page of HTML",
  "not-json": "something that is not JSON",
  empty: "an empty body",
  full: "more than fabrik can keep of one answer"
}

const failure = (_tag: BodyFailure["_tag"], detail: string): BodyFailure => ({ _tag, detail })
const unreadable = (fault: Fault | "empty") => failure("Unreadable", faults[fault])

/**
 * Hands over the pieces of a body as they come, until one is refused; they must not stop coming. Pulled by hand: as
 * operators on the stream, the limit and the loop cost several times as much for each answer.
 */
const forEachPiece = (
  stream: Stream.Stream<Uint8Array, unknown>,
  push: (piece: Uint8Array) => BodyFailure | undefined
): Effect.Effect<void, BodyFailure> =>
  Effect.gen(function* () {
    const { stallTimeout } = yield* HttpSettings
    const pull = Effect.timeoutFail(
      Effect.mapError(
        yield* Stream.toPull(stream),
        Option.map(() => failure("Broken", "the connection broke inside the answer"))
      ),
      {
        duration: stallTimeout,
        onTimeout: () =>
          Option.some(failure("Broken", `the answer stood still for ${Duration.toSeconds(stallTimeout)} s`))
      }
    )
    for (;;) {
      const pulled = yield* Effect.either(pull)
      if (Either.isLeft(pulled)) {
        return yield* Option.match(pulled.left, { onNone: () => Effect.void, onSome: Effect.fail })
      }
      for (const piece of pulled.right) {
        const refused = push(piece)
        if (refused !== undefined) return yield* Effect.fail(refused)
      }
    }
  }).pipe(Effect.scoped)

export const readText = (stream: Stream.Stream<Uint8Array, unknown>): Effect.Effect<string, BodyFailure> =>
  Effect.gen(function* () {
    const decoder = new TextDecoder()
    let [text, bytes] = ["", 0]
    yield* forEachPiece(stream, (piece) => {
      bytes += piece.byteLength
      if (bytes > longestText) return failure("Unreadable", `more than ${longestText} bytes`)
      text += decoder.decode(piece, { stream: true })
      return undefined
    })
    return text + decoder.decode()
  })

/** The JSON of an answer with no more in it than `keeping` says. What is no JSON is known by its first bytes. */
export const readKept = (
  stream: Stream.Stream<Uint8Array, unknown>,
  { keep, texts }: Keeping
): Effect.Effect<string, BodyFailure> =>
  Effect.gen(function* () {
    const { maxBodyBytes } = yield* HttpSettings
    const sieve = makeSieve({ keep, longest: maxBodyBytes, ...(texts === undefined ? {} : { texts }) })
    yield* forEachPiece(stream, (piece) => {
      const fault = sieve.push(piece)
      return fault === undefined ? undefined : unreadable(fault)
    })
    const end = sieve.end()
    return typeof end === "string" ? yield* Effect.fail(unreadable(end)) : end.json
  })

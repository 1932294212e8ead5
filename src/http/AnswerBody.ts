/** The body of an answer, read piece by piece with a bound on what is kept, not on what is sent. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
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

/** The pieces of a body, which must not stop coming. */
const unstalled = (stream: Stream.Stream<Uint8Array, unknown>) =>
  Effect.map(HttpSettings, ({ stallTimeout }) =>
    stream.pipe(
      Stream.mapError(() => failure("Broken", "the connection broke inside the answer")),
      Stream.timeoutFail(
        () => failure("Broken", `the answer stood still for ${Duration.toSeconds(stallTimeout)} s`),
        stallTimeout
      )
    )
  )

export const readText = (stream: Stream.Stream<Uint8Array, unknown>): Effect.Effect<string, BodyFailure> =>
  Effect.gen(function* () {
    const decoder = new TextDecoder()
    const pieces = yield* unstalled(stream)
    const read = yield* Stream.runFoldEffect(pieces, { text: "", bytes: 0 }, (so, piece) => {
      const bytes = so.bytes + piece.byteLength
      return bytes > longestText
        ? Effect.fail(failure("Unreadable", `more than ${longestText} bytes`))
        : Effect.succeed({ text: so.text + decoder.decode(piece, { stream: true }), bytes })
    })
    return read.text + decoder.decode()
  })

/** The JSON of an answer with no more in it than `keeping` says. What is no JSON is known by its first bytes. */
export const readKept = (
  stream: Stream.Stream<Uint8Array, unknown>,
  { keep, texts }: Keeping
): Effect.Effect<string, BodyFailure> =>
  Effect.gen(function* () {
    const { maxBodyBytes } = yield* HttpSettings
    const sieve = makeSieve({ keep, longest: maxBodyBytes, ...(texts === undefined ? {} : { texts }) })
    const pieces = yield* unstalled(stream)
    yield* Stream.runForEach(pieces, (piece) => {
      const fault = sieve.push(piece)
      return fault === undefined ? Effect.void : Effect.fail(unreadable(fault))
    })
    const end = sieve.end()
    return typeof end === "string" ? yield* Effect.fail(unreadable(end)) : end.json
  })

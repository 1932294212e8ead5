import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SealedTexts } from "../SharedState.ts"
import { StateError } from "../StateError.ts"
import { boundTo, Nothing, type Session } from "./Session.ts"

const Row = Schema.Struct({ sealed: Schema.Uint8ArrayFromSelf })

export const makeTexts = (
  connected: Effect.Effect<{ readonly session: Session }, StateError>
): SealedTexts => {
  const get = Effect.fn("SealedTexts.get")(function* (place: string, id: string) {
    const { session } = yield* connected
    const rows = yield* session.query(Row, "SELECT sealed FROM fabrik.sealed WHERE place = $1 AND id = $2", [
      place,
      id
    ])
    return Option.flatMap(Option.fromNullable(rows[0]), ({ sealed }) =>
      session.sealing.unseal(boundTo(place, id), sealed)
    )
  })
  return {
    get,
    put: Effect.fn("SealedTexts.put")(function* (place, id, text) {
      const { session } = yield* connected
      const sealed = yield* session.sealing.seal(boundTo(place, id), text)
      yield* session.query(
        Nothing,
        // Where the key was changed since, nobody could read what this one has sealed.
        `INSERT INTO fabrik.sealed (place, id, sealed)
         SELECT $1, $2, $3::bytea FROM fabrik.state WHERE proof = decode($4, 'hex') FOR SHARE ON CONFLICT DO NOTHING`,
        [place, id, sealed, session.proof]
      )
      const kept = yield* get(place, id)
      if (Option.isSome(kept)) return kept.value
      return yield* new StateError({
        reason: "Failed",
        place: session.place,
        detail: `holds a secret that cannot be read (${id}), or has another key by now`,
        next: "Run the command again with the key that the others use; if that is this one, somebody has changed the secret: delete that row of fabrik.sealed."
      })
    }),
    forget: Effect.fn("SealedTexts.forget")(function* (place) {
      const { session } = yield* connected
      yield* session.query(Nothing, "DELETE FROM fabrik.sealed WHERE place = $1", [place])
    }),
    digest: (text) => Effect.map(connected, ({ session }) => session.sealing.digest(text))
  }
}

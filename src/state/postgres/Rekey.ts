/** Another key for a state: all that is sealed is sealed anew, or nothing is. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { StateError } from "../StateError.ts"
import type { Address } from "./Address.ts"
import { makeSealing, type Sealing } from "./Sealing.ts"
import { boundTo, digestPlace, hex, open, proofPlace, type Session } from "./Session.ts"

const Row = Schema.Struct({ place: Schema.String, id: Schema.String, sealed: Schema.Uint8ArrayFromSelf })
const State = Schema.Struct({ salt: Schema.Uint8ArrayFromSelf, proof: Schema.String })
const Busy = Schema.Struct({ holder: Schema.String })
const Changed = Schema.Struct({ changed: Schema.Number })

/** One statement: the rows, and what tells the key in use, change together, and only under the key that was seen. */
const change = `
WITH state AS (UPDATE fabrik.state SET proof = decode($1, 'hex') WHERE proof = decode($2, 'hex') RETURNING 1),
     given AS (SELECT * FROM unnest($3::text[], $4::text[], $5::text[]) AS given (place, id, sealed)),
     resealed AS (
       INSERT INTO fabrik.sealed (place, id, sealed)
       SELECT place, id, decode(sealed, 'hex') FROM given, state
       ON CONFLICT (place, id) DO UPDATE SET sealed = excluded.sealed)
SELECT count(*)::int AS changed FROM state`

/** Those who hold a lock have the old key, and could not read what they need to put back. */
const busy = `
SELECT holder FROM fabrik.lock JOIN pg_stat_activity ON pid = backend AND backend_start <= seen
WHERE held AND holder <> '' LIMIT 1`

/**
 * Seals all texts with the new key, and makes it the one that opens the state. Killed in the middle it has done all or
 * nothing, and can be run again. Digests stay what they were. Answers how many texts were sealed anew.
 */
export const rekey = Effect.fn("rekey")(function* (
  address: Address,
  keys: { readonly old: Redacted.Redacted<string>; readonly next: Redacted.Redacted<string> }
) {
  // Where an earlier one was killed behind its first statement, the new key opens it already.
  const session = yield* open(address, keys.old, false).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "WrongKey",
      (error) => Effect.mapError(open(address, keys.next, false), () => error)
    )
  )
  const { place } = session
  if (!session.server.there) {
    const next = "Set FABRIK_STATE_KEY to the new key: the first run makes the state with it."
    return yield* new StateError({ reason: "Failed", place, detail: "holds nothing yet", next })
  }
  const [held] = yield* session.query(Busy, busy, [])
  if (held !== undefined) {
    const next = "Wait for it, stop the workers, and run this again."
    return yield* new StateError({ reason: "Failed", place, detail: `is in use: ${held.holder}`, next })
  }
  const read = session.query(State, "SELECT salt, encode(proof, 'hex') AS proof FROM fabrik.state", [])
  const [state] = yield* read
  const salt = state?.salt ?? new Uint8Array()
  const [old, next] = [yield* makeSealing(keys.old, salt), yield* makeSealing(keys.next, salt)]
  let { proof } = session
  let count = 0
  // What came in while the rows were read is sealed with the old key: it is found by looking again.
  for (;;) {
    const stale = yield* readable(session, old, next)
    const isChanged = Option.isSome(next.unseal(proofPlace, Buffer.from(proof, "hex")))
    if (stale.length === 0 && isChanged) return count
    const digests = { ...digestPlace, text: session.sealing.digestKey }
    const texts = isChanged || stale.some((row) => row.place === digests.place) ? stale : [...stale, digests]
    const rows = yield* Effect.forEach(texts, ({ id, place, text }) =>
      Effect.map(next.seal(boundTo(place, id), text), (sealed) => ({ place, id, sealed: hex(sealed) }))
    )
    const told = isChanged ? proof : hex(yield* next.seal(proofPlace, Redacted.make(proofPlace)))
    const [done] = yield* session.query(Changed, change, [
      told,
      proof,
      rows.map(({ place }) => place),
      rows.map(({ id }) => id),
      rows.map(({ sealed }) => sealed)
    ])
    // What is sent again after a lost connection has been done already.
    if (done?.changed !== 1 && (yield* read)[0]?.proof !== told) {
      return yield* new StateError({
        reason: "WrongKey",
        place,
        detail: "was given another key by somebody else meanwhile",
        next: "Ask who did, and set FABRIK_STATE_KEY to theirs. Nothing was changed."
      })
    }
    proof = told
    count += stale.length
  }
})

/** The texts that only the old key opens. */
const readable = Effect.fnUntraced(function* (session: Session, old: Sealing, next: Sealing) {
  const rows = yield* session.query(Row, "SELECT place, id, sealed FROM fabrik.sealed", [])
  return rows.flatMap(({ id, place, sealed }) => {
    const at = boundTo(place, id)
    if (Option.isSome(next.unseal(at, sealed))) return []
    return Option.toArray(Option.map(old.unseal(at, sealed), (text) => ({ place, id, text })))
  })
})

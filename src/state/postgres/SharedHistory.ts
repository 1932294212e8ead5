import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { History, HistoryError, Release, type Subject } from "../History.ts"
import type { StateError } from "../StateError.ts"
import { Nothing, type Session } from "./Session.ts"

const kept = 20

const Text = Schema.parseJson(Release)
const Row = Schema.Struct({ release: Schema.String })

/** @param world `undefined`: what was deployed to any Coolify. */
export const makeHistory = (
  connected: Effect.Effect<{ readonly session: Session }, StateError>,
  owner: string,
  world: string | undefined
): typeof History.Service => {
  const place = ({ environment, name, project }: Subject) => [
    owner,
    world ?? null,
    project,
    environment,
    name
  ]
  const failedWith =
    ({ name }: Subject) =>
    (error: StateError) =>
      new HistoryError({
        reason: "Unavailable",
        file: `of ${name} at ${error.place}`,
        detail: `is in the shared state, which ${error.detail}`
      })
  return History.of({
    list: (subject) =>
      Effect.gen(function* () {
        const { session } = yield* Effect.mapError(connected, failedWith(subject))
        const rows = yield* Effect.mapError(
          session.query(
            Row,
            `SELECT release FROM fabrik.release WHERE owner = $1 AND ($2::text IS NULL OR world = $2)
             AND project = $3 AND environment = $4 AND name = $5 ORDER BY number`,
            place(subject)
          ),
          failedWith(subject)
        )
        return yield* Effect.forEach(rows, ({ release }) => {
          const decoded = Schema.decodeOption(Text)(release)
          return Option.isSome(decoded)
            ? Effect.succeed(decoded.value)
            : new HistoryError({
                reason: "BadFile",
                file: `of ${subject.name} at ${session.place}`,
                detail: "holds what this version of fabrik does not understand"
              })
        })
      }),
    record: (subject, release) =>
      Effect.gen(function* () {
        const { session } = yield* connected
        const text = yield* Effect.orDie(Schema.encode(Text)(release))
        // What is sent again after a lost connection stands there already.
        yield* session.query(
          Nothing,
          `INSERT INTO fabrik.release (owner, world, project, environment, name, release)
           SELECT $1, coalesce($2, ''), $3, $4, $5, $6
           WHERE NOT EXISTS (SELECT 1 FROM fabrik.release WHERE owner = $1 AND world = coalesce($2, '')
             AND project = $3 AND environment = $4 AND name = $5 AND release = $6)`,
          [...place(subject), text]
        )
        yield* session.query(
          Nothing,
          `DELETE FROM fabrik.release WHERE number IN (
             SELECT number FROM fabrik.release WHERE owner = $1 AND world = coalesce($2, '')
               AND project = $3 AND environment = $4 AND name = $5 ORDER BY number DESC OFFSET ${kept})`,
          place(subject)
        )
      }).pipe(Effect.mapError(failedWith(subject)))
  })
}

/**
 * The requests that an API takes of one user in a window, counted by PostgreSQL: one statement grants some, learns what
 * answers have said, and begins the next window. The server's clock decides, so that those of the machines need not agree.
 *
 * @effect/experimental's RateLimiter (0.61.1) was weighed: it asks its store for each request, and cannot be told that
 * others have used the API.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Grant, RequestBudget } from "../RequestBudget.ts"
import { StateError } from "../StateError.ts"
import { Nothing, type Session } from "./Session.ts"

/** `id` is a keyed digest: whose requests are counted cannot be read from it. */
const table = `
SELECT pg_advisory_xact_lock(hashtextextended('fabrik schema', 0));
CREATE TABLE IF NOT EXISTS fabrik.request_budget (
  id text PRIMARY KEY,
  "window" bigint NOT NULL DEFAULT 0,
  ends timestamptz NOT NULL DEFAULT '-infinity',
  begun boolean NOT NULL DEFAULT false,
  quota integer,
  used integer NOT NULL DEFAULT 0,
  next timestamptz NOT NULL DEFAULT '-infinity'
);
DELETE FROM fabrik.request_budget WHERE ends < now() - interval '7 days';
`

/**
 * Each step reads what the one before has made of the row, which is locked. The API's own window begins with the first
 * request that reaches it, so after the grant and before the answer: it is taken to begin with the answer. In the last moment,
 * when it may be over already, nothing is sent that has a turn: it would be the first of the API's next window, and nobody
 * would have counted it there.
 */
const statement = `
WITH held AS (
  SELECT * FROM fabrik.request_budget WHERE id = $1 FOR UPDATE
), now AS (
  SELECT held.*, clock_timestamp() AS at, held."window" = $4::bigint AS same,
    $8::float8 * interval '1 millisecond' AS long, $8::float8 / 60 * interval '1 millisecond' AS slack
  FROM held
), heard AS (
  SELECT id, at, long, slack,
    "window" + (same AND $7::boolean)::int AS "window",
    coalesce($5::int, quota) AS quota,
    CASE
      WHEN same AND $9::float8 IS NOT NULL THEN at + $9::float8 * interval '1 millisecond' + slack
      WHEN same AND ($7::boolean OR ($5::int IS NOT NULL AND NOT begun)) THEN at + long
      ELSE ends
    END AS ends,
    begun OR (same AND $5::int IS NOT NULL) AS begun,
    CASE
      WHEN NOT same THEN used
      WHEN $7::boolean THEN $5::int - $6::int
      ELSE greatest(used - $3::int, $5::int - $6::int, 0)
    END AS used,
    CASE WHEN same AND $7::boolean THEN at ELSE next END AS next
  FROM now
), current AS (
  SELECT id, at, slack, quota,
    CASE WHEN ends <= at THEN "window" + 1 ELSE "window" END AS "window",
    CASE WHEN ends <= at THEN at + long + slack ELSE ends END AS ends,
    ends > at AND begun AS begun,
    CASE WHEN ends <= at THEN 0 ELSE used END AS used,
    CASE WHEN ends <= at THEN at ELSE greatest(next, at) END AS next
  FROM heard
), judged AS (
  SELECT *, CASE WHEN quota IS NOT NULL THEN greatest(quota - used, 0) END AS "left",
    coalesce(quota - used - $2::int <= quota / 2, false) AS scarce
  FROM current
), granted AS (
  SELECT *, CASE WHEN scarce THEN least($2::int, "left", 1) WHEN quota IS NULL THEN least($2::int, 1) ELSE $2::int END AS granted,
    CASE WHEN scarce THEN next ELSE at END AS first,
    CASE WHEN scarce THEN greatest(ends - slack - next, interval '0') / greatest("left", 1) ELSE interval '0' END AS every
  FROM judged
)
UPDATE fabrik.request_budget AS own
SET "window" = granted."window", ends = granted.ends, begun = granted.begun, quota = granted.quota,
  used = granted.used + granted.granted, next = granted.next + granted.every * granted.granted
FROM granted WHERE own.id = granted.id
RETURNING own."window"::float8 AS "window", granted.granted, own.quota AS "limit", granted."left", own.begun AS "isBegun",
  extract(epoch FROM granted.first - granted.at)::float8 * 1000 AS "inMillis",
  extract(epoch FROM granted.every)::float8 * 1000 AS "everyMillis",
  extract(epoch FROM own.ends - granted.at)::float8 * 1000 AS "endsInMillis"
`

const Row: Schema.Schema<Grant> = Schema.Struct({
  window: Schema.Number,
  granted: Schema.Number,
  limit: Schema.NullOr(Schema.Number),
  left: Schema.NullOr(Schema.Number),
  isBegun: Schema.Boolean,
  inMillis: Schema.Number,
  everyMillis: Schema.Number,
  endsInMillis: Schema.Number
})

/**
 * @param writes `false`: no table is made, and where there is none it fails.
 * @param whose of which API and user: any text.
 * @param window in which the API counts.
 */
export const makeBudget = (
  connected: Effect.Effect<{ readonly session: Session }, StateError>,
  options: {
    readonly writes: boolean
    readonly whose: Redacted.Redacted<string>
    readonly window: Duration.DurationInput
  }
): Effect.Effect<RequestBudget> =>
  Effect.gen(function* () {
    const ready = yield* Effect.cached(
      Effect.tap(connected, ({ session }) =>
        options.writes ? session.query(Nothing, table, []) : Effect.void
      )
    )
    return {
      ask: Effect.fn("RequestBudget.ask")(function* ({ returned, seen, want, window }) {
        const { session } = yield* ready
        const id = session.sealing.digest(options.whose)
        const asked = session.query(Row, statement, [
          id,
          want,
          returned,
          window,
          seen?.limit ?? null,
          seen?.left ?? null,
          seen?.isNew ?? false,
          Duration.toMillis(options.window),
          seen?.endsInMillis ?? null
        ])
        const [row] = yield* asked
        if (row !== undefined) return row
        yield* session.query(
          Nothing,
          "INSERT INTO fabrik.request_budget (id) VALUES ($1) ON CONFLICT DO NOTHING",
          [id]
        )
        const [made] = yield* asked
        if (made !== undefined) return made
        return yield* new StateError({
          reason: "Failed",
          place: session.place,
          detail: "counts no requests",
          next: "See the log of the PostgreSQL server."
        })
      })
    }
  })

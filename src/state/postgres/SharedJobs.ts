import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Jobs } from "../Jobs.ts"
import type { SealedTexts } from "../SharedState.ts"
import type { StateError } from "../StateError.ts"
import { Nothing, type Session } from "./Session.ts"

/** Days for which is known how a job ended. */
const remembered = 7

/** Made by whoever hands work over or takes some: a state that does neither has no such tables. */
const tables = `
SELECT pg_advisory_xact_lock(hashtextextended('fabrik schema', 0));
CREATE TABLE IF NOT EXISTS fabrik.job (
  id text PRIMARY KEY,
  label text NOT NULL,
  asked timestamptz NOT NULL DEFAULT now(),
  worker text NOT NULL DEFAULT '',
  ended timestamptz,
  exit integer
);
CREATE TABLE IF NOT EXISTS fabrik.job_line (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL REFERENCES fabrik.job ON DELETE CASCADE,
  attempt text NOT NULL,
  place integer NOT NULL,
  line text NOT NULL,
  UNIQUE (job, attempt, place)
);
DELETE FROM fabrik.job WHERE ended < now() - interval '${remembered} days';
`

const Row = Schema.Struct({ id: Schema.String, worker: Schema.String, exit: Schema.NullOr(Schema.Number) })
const Line = Schema.Struct({ job: Schema.String, number: Schema.Number, line: Schema.String })

const requestId = "request"
const placeOf = (id: string): string => `job ${id}`

export const makeJobs = (
  connected: Effect.Effect<{ readonly session: Session }, StateError>,
  sealed: SealedTexts
): Effect.Effect<Jobs> =>
  Effect.gen(function* () {
    const ready = yield* Effect.cached(
      Effect.tap(connected, ({ session }) => session.query(Nothing, tables, []))
    )
    const query = <A, I>(row: Schema.Schema<A, I>, sql: string, values: ReadonlyArray<unknown>) =>
      Effect.flatMap(ready, ({ session }) => session.query(row, sql, values))
    return {
      add: Effect.fn("Jobs.add")(function* (jobs) {
        for (const { id, label, request } of jobs) {
          yield* sealed.put(placeOf(id), requestId, request)
          yield* query(Nothing, "INSERT INTO fabrik.job (id, label) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
            id,
            label
          ])
        }
      }),
      request: (id) => sealed.get(placeOf(id), requestId),
      states: (ids) =>
        query(Row, "SELECT id, worker, exit FROM fabrik.job WHERE id = ANY($1::text[])", [ids]),
      linesAfter: (ids, number) =>
        query(
          Line,
          `SELECT job, number::float8 AS number, line FROM fabrik.job_line
           WHERE job = ANY($1::text[]) AND number > $2 ORDER BY number LIMIT 5000`,
          [ids, number]
        ),
      take: (id, worker) =>
        query(Nothing, "UPDATE fabrik.job SET worker = $2 WHERE id = $1 AND ended IS NULL", [id, worker]),
      tell: (id, attempt, from, lines) =>
        query(
          Nothing,
          `INSERT INTO fabrik.job_line (job, attempt, place, line)
           SELECT $1, $2, $3 + told.place, told.line FROM unnest($4::text[]) WITH ORDINALITY AS told (line, place)
           WHERE EXISTS (SELECT 1 FROM fabrik.job WHERE id = $1 AND ended IS NULL)
           ON CONFLICT DO NOTHING`,
          [id, attempt, from, lines]
        ),
      end: (id, exit) =>
        Effect.zipRight(
          query(Nothing, "UPDATE fabrik.job SET exit = $2, ended = now() WHERE id = $1 AND ended IS NULL", [
            id,
            exit
          ]),
          sealed.forget(placeOf(id))
        )
    } satisfies Jobs
  })

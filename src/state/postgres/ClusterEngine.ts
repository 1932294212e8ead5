/**
 * Work brought to machines by @effect/cluster and @effect/workflow: each job is a durable workflow of one activity, its
 * messages and the shards of the machines lie in PostgreSQL, and the machines need not reach each other.
 *
 * The activity is not undone: `withCompensation` would run where a worker only stops, as its scope closes on any failed
 * exit (@effect/workflow 0.19.1, `intoResult`). Who puts what back is the run's own journal.
 */
import * as ClusterWorkflowEngine from "@effect/cluster/ClusterWorkflowEngine"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as RunnerHealth from "@effect/cluster/RunnerHealth"
import * as Runners from "@effect/cluster/Runners"
import * as Sharding from "@effect/cluster/Sharding"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as SqlMessageStorage from "@effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Activity from "@effect/workflow/Activity"
import * as Workflow from "@effect/workflow/Workflow"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import type { WorkEngine } from "../Jobs.ts"
import type { Address } from "./Address.ts"
import { failureOf } from "./Failure.ts"

const Job = Workflow.make({
  name: "fabrik/Job",
  payload: { id: Schema.String },
  idempotencyKey: ({ id }) => id
})

/** The more, the more evenly work is spread; each is an advisory lock. */
const shards = 64
/** A worker that has said nothing for so long is dead, and its jobs are another's. */
const silence = Duration.seconds(8)

const settings = {
  shardsPerGroup: shards,
  entityMessagePollInterval: Duration.seconds(1),
  entityReplyPollInterval: Duration.seconds(1),
  refreshAssignmentsInterval: Duration.seconds(1),
  runnerHealthCheckInterval: Duration.seconds(2),
  shardLockRefreshInterval: Duration.seconds(2),
  shardLockExpiration: Duration.seconds(12),
  // Its advisory locks are the same numbers for all worlds of a database.
  shardLockDisableAdvisory: true,
  entityTerminationTimeout: Duration.seconds(2)
}

/** All of a connection's tables are fabrik's own; what the URL is made of is quoted, so that nothing in it is read as more. */
const urlOf = ({
  database = "",
  host,
  password,
  port,
  username = ""
}: Address): Redacted.Redacted<string> => {
  const quoted = encodeURIComponent
  const who = `${quoted(username)}${password === undefined ? "" : `:${quoted(Redacted.value(password))}`}`
  const folder = host.startsWith("/") ? `&host=${quoted(host)}` : ""
  const at = host.startsWith("/") ? "localhost" : host.includes(":") ? `[${host}]` : host
  return Redacted.make(
    `postgres://${who}@${at}:${port}/${quoted(database)}?options=${quoted("-c search_path=fabrik -c client_min_messages=warning")}${folder}`
  )
}

/** @param world whose jobs they are: those of another owner or another Coolify are other machines'. */
export const makeEngine = (address: Address, world: string): WorkEngine => {
  const prefix = `cluster_${createHash("sha256").update(world).digest("hex").slice(0, 10)}`
  const sql = PgClient.layer({
    url: urlOf(address),
    ssl: address.tls ? { rejectUnauthorized: true } : false,
    applicationName: "fabrik worker",
    connectTimeout: "5 seconds",
    maxConnections: 4
  })
  const health = Layer.effect(
    RunnerHealth.RunnerHealth,
    Effect.map(SqlClient.SqlClient, (client) => ({
      isAlive: ({ host, port }) =>
        client`SELECT 1 FROM ${client(`${prefix}_runners`)} WHERE address = ${`${host}:${port}`}
               AND last_heartbeat > now() - ${`${Duration.toSeconds(silence)} seconds`}::interval`.pipe(
          Effect.map((rows) => rows.length > 0),
          // Who cannot be looked after is left what it has: two would have it else.
          Effect.orElseSucceed(() => true)
        )
    }))
  )
  const engineAs = (runnerAddress: Option.Option<RunnerAddress.RunnerAddress>) =>
    ClusterWorkflowEngine.layer.pipe(
      Layer.provideMerge(Sharding.layer),
      Layer.provideMerge(Runners.layerNoop),
      Layer.provideMerge(SqlMessageStorage.layerWith({ prefix })),
      Layer.provide([SqlRunnerStorage.layerWith({ prefix }), health]),
      Layer.provide(ShardingConfig.layer({ ...settings, runnerAddress })),
      Layer.provide(sql)
    )
  const failed = (cause: unknown) => failureOf(address.place, cause)
  const alive = Effect.gen(function* () {
    const client = yield* SqlClient.SqlClient
    const [row] = yield* client<{ readonly count: number }>`
      SELECT count(*)::int AS count FROM ${client(`${prefix}_runners`)}
      WHERE last_heartbeat > now() - ${`${Duration.toSeconds(silence)} seconds`}::interval`
    return row?.count ?? 0
  })

  return {
    enqueue: (ids) =>
      Effect.forEach(ids, (id) => Job.execute({ id }, { discard: true }), {
        concurrency: 8,
        discard: true
      }).pipe(Effect.provide(engineAs(Option.none())), Effect.mapError(failed)),
    workers: alive.pipe(Effect.provide(sql), Effect.mapError(failed)),
    serve: (name, run) =>
      Layer.build(
        Job.toLayer(({ id }) => Activity.make({ name: "carry out", execute: run(id) })).pipe(
          Layer.provide(engineAs(Option.some(RunnerAddress.make(name, 1))))
        )
      ).pipe(Effect.asVoid, Effect.mapError(failed))
  }
}

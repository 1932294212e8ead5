/** Deployments of applications, and their build logs. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { makeLogReader, toLog } from "../BuildLog.ts"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { orElse, text, Uuid } from "./Fields.ts"

type DeploymentStatus = "queued" | "in_progress" | "finished" | "failed" | "cancelled-by-user"

export interface DeploymentLogLine {
  readonly stream: "stdout" | "stderr"
  readonly text: string
}

export interface Deployment {
  readonly uuid: string
  readonly status: DeploymentStatus
  readonly commit: string
  /** ISO 8601. */
  readonly createdAt: string
  /**
   * The newest lines. `undefined` when the token may not read them (`read:sensitive`), and in lists. Hidden lines are
   * left out.
   */
  readonly logs: ReadonlyArray<DeploymentLogLine> | undefined
  /** How many lines before the first of `logs` were not kept. */
  readonly logsBefore: number
  /** Of one that is queued, in a list of all: how many of its server's are before it. */
  readonly ahead?: number
}

export interface DeployTicket {
  readonly message: string
  /** May be a phantom: when the deployment was skipped as a duplicate, Coolify answers an uuid that exists nowhere. */
  readonly deploymentUuid: string | undefined
}

/** Requests about deployments. */
export interface Deployments {
  readonly start: (
    applicationUuid: string,
    options: { readonly force: boolean }
  ) => Effect.Effect<DeployTicket, CoolifyError>
  /**
   * Makes the containers anew from what was built for the commit that the application names, and starts one that is stopped
   * (recorded: deployments 56, 81). An image is pulled again, and a Dockerfile without a repository built again. A full
   * queue is not told, unlike by `start`: the uuid exists nowhere then (recorded: deployments 111).
   */
  readonly restart: (applicationUuid: string) => Effect.Effect<DeployTicket, CoolifyError>
  /**
   * Deploys a commit of its repository again, whatever the branch has by now (Coolify 4.3.0 and newer; recorded: settings
   * 338).
   */
  readonly deployCommit: (
    applicationUuid: string,
    commit: string
  ) => Effect.Effect<DeployTicket, CoolifyError>
  /**
   * Succeeds when the token may deploy, and fails with `MissingAbility` when not. Asks for the end of a deployment
   * that does not exist: abilities are looked at before resources (routes/api.php, 4.3.11; 403 and 404 recorded).
   */
  readonly mayStart: Effect.Effect<void, CoolifyError>
  readonly get: (uuid: string) => Effect.Effect<Deployment, CoolifyError>
  /**
   * All of the team's that are queued or in progress, with their logs where the token may read them (recorded:
   * deployments 11, 12, 117).
   */
  readonly underWay: Effect.Effect<ReadonlyArray<Deployment>, CoolifyError>
  /** Newest first. */
  readonly list: (
    applicationUuid: string,
    take: number
  ) => Effect.Effect<ReadonlyArray<Deployment>, CoolifyError>
  readonly cancel: (uuid: string) => Effect.Effect<void, CoolifyError>
}

/** Coolify's are 24 random characters. */
const noDeployment = "0".repeat(24)

const DeployReply = Schema.Struct({
  deployments: Schema.NonEmptyArray(
    Schema.Struct({
      message: text,
      resource_uuid: text,
      deployment_uuid: Schema.optional(Schema.NullOr(Uuid))
    })
  )
})

/** Without an uuid the request was skipped as a duplicate (recorded: deployments 8). */
const QueuedReply = Schema.Struct({
  message: text,
  deployment_uuid: Schema.optional(Schema.NullOr(Uuid))
})

const toTicket = ({ deployment_uuid, message }: typeof QueuedReply.Type): DeployTicket => ({
  message,
  deploymentUuid: deployment_uuid ?? undefined
})

/** A row of a list has the whole build log too, which is read past where nobody waits for it. */
const ListedDeployment = Schema.Struct({
  deployment_uuid: Uuid,
  status: Schema.Literal("queued", "in_progress", "finished", "failed", "cancelled-by-user"),
  commit: orElse(Schema.String, "HEAD"),
  created_at: text
})

/** `logs` as `makeLogReader` has read it. */
export const DeploymentRow = Schema.Struct({
  ...ListedDeployment.fields,
  logs: Schema.optional(Schema.Unknown)
})

/** A list that Laravel has filtered keeps its keys, and then it is an object keyed by index (coolify#10077). */
const DeploymentRows = Schema.Union(
  Schema.Array(ListedDeployment),
  Schema.Record({ key: Schema.String, value: ListedDeployment })
)
/** Of a log in a list that comes over and over; the whole is read when the deployment has ended. Bytes. */
const mostOfListed = 512 * 1024

const ActiveRow = Schema.Struct({
  ...DeploymentRow.fields,
  id: orElse(Schema.Number, 0),
  server_id: orElse(Schema.NullOr(Schema.Number), null)
})
const ActiveRows = Schema.Union(
  Schema.Array(ActiveRow),
  Schema.Record({ key: Schema.String, value: ActiveRow })
)

/** Coolify takes a server's deployments in their order, and knows for each server how many at once. */
const toActive = (
  rows: ReadonlyArray<typeof ActiveRow.Type>,
  hide: (text: string) => string
): ReadonlyArray<Deployment> =>
  rows.map((row) => {
    const before = rows.filter(({ id, server_id }) => server_id === row.server_id && id < row.id)
    return { ...toDeployment(row, hide), ...(row.status === "queued" ? { ahead: before.length } : {}) }
  })

export const DeploymentList = Schema.Struct({ deployments: DeploymentRows })

const toListedDeployment = (row: typeof ListedDeployment.Type): Deployment => ({
  uuid: row.deployment_uuid,
  status: row.status,
  commit: row.commit,
  createdAt: row.created_at,
  logs: undefined,
  logsBefore: 0
})

/** `hide` takes known secrets out of a text. */
export const toDeployment = (row: typeof DeploymentRow.Type, hide: (text: string) => string): Deployment => {
  const { before, lines } = toLog(row.logs, hide)
  return { ...toListedDeployment(row), logs: lines, logsBefore: before }
}

export const toDeployments = (list: typeof DeploymentList.Type): ReadonlyArray<Deployment> =>
  Object.values(list.deployments).map(toListedDeployment)

export const makeDeployments = ({ done, json }: Transport, hide: (text: string) => string): Deployments => ({
  start: (uuid, { force }) =>
    json({ method: "deploy", verb: "POST", path: "/deploy", body: { uuid, force } }, DeployReply).pipe(
      Effect.map(({ deployments }) => {
        const ours = deployments.find((one) => one.resource_uuid === uuid) ?? deployments[0]
        return { message: ours.message, deploymentUuid: ours.deployment_uuid ?? undefined }
      })
    ),
  restart: (uuid) =>
    json(
      {
        method: "restartApplication",
        verb: "POST",
        path: "/applications/{uuid}/restart",
        ids: { uuid }
      },
      QueuedReply
    ).pipe(Effect.map(toTicket)),
  deployCommit: (uuid, commit) =>
    json(
      {
        method: "deployCommit",
        verb: "POST",
        path: "/applications/{uuid}/rollback",
        ids: { uuid },
        body: { commit }
      },
      QueuedReply
    ).pipe(Effect.map(toTicket)),
  mayStart: done({
    method: "mayDeploy",
    verb: "POST",
    path: "/deployments/{uuid}/cancel",
    ids: { uuid: noDeployment },
    harmless: true
  }).pipe(
    Effect.catchIf(
      ({ reason }) => reason !== "MissingAbility",
      () => Effect.void
    )
  ),
  get: (uuid) =>
    json(
      {
        method: "getDeployment",
        verb: "GET",
        path: "/deployments/{uuid}",
        ids: { uuid },
        texts: { field: "logs", reader: makeLogReader }
      },
      DeploymentRow
    ).pipe(Effect.map((row) => toDeployment(row, hide))),
  underWay: json(
    {
      method: "listDeploymentsUnderWay",
      verb: "GET",
      path: "/deployments",
      texts: { field: "logs", reader: () => makeLogReader(mostOfListed) }
    },
    ActiveRows
  ).pipe(Effect.map((rows) => toActive(Object.values(rows), hide))),
  list: (uuid, take) =>
    json(
      {
        method: "listDeployments",
        verb: "GET",
        path: "/deployments/applications/{uuid}",
        ids: { uuid },
        query: { skip: "0", take: String(take) }
      },
      DeploymentList
    ).pipe(Effect.map(toDeployments)),
  cancel: (uuid) =>
    done({ method: "cancelDeployment", verb: "POST", path: "/deployments/{uuid}/cancel", ids: { uuid } })
})

/** What becomes of databases that are started, stopped and deleted. */
import * as Columns from "./Columns.ts"
import type { CoolifyState, Job, StandaloneDatabase } from "./CoolifyState.ts"
import { replaceRow } from "./Database.ts"
import { openPort, tables } from "./StandaloneColumns.ts"

/** Of an image with this tag no registry knows: its container never starts. */
const missingTag = /:missing$/

const isMissing = ({ columns }: StandaloneDatabase): boolean =>
  missingTag.test(Columns.string(columns, "image"))

const volumesOf = ({ engine, server_id, uuid }: StandaloneDatabase): CoolifyState["volumes"] =>
  tables[engine].volumes.map((name) => ({ server_id, name: `${name}-${uuid}` }))

const withStatus = (
  state: CoolifyState,
  row: StandaloneDatabase,
  status: string,
  now: number
): CoolifyState => ({ ...state, databases: replaceRow(state.databases, { ...row, status, updated_at: now }) })

export const perform = (
  state: CoolifyState,
  job: Job,
  row: StandaloneDatabase,
  now: number
): CoolifyState => {
  switch (job.kind) {
    case "start-database": {
      if (isMissing(row)) return state
      const known = new Set(state.volumes.map(({ name }) => name))
      const made = volumesOf(row).filter(({ name }) => !known.has(name))
      const proxied = { ...row, proxy: openPort(row.columns) }
      return withStatus({ ...state, volumes: [...state.volumes, ...made] }, proxied, "running:starting", now)
    }
    case "probe-database":
      return row.status === "running:starting" ? withStatus(state, row, "running:healthy", now) : state
    case "stop-database":
    case "restart-database":
      return withStatus(state, { ...row, proxy: null }, "exited:unhealthy", now)
    case "delete-database": {
      const own = new Set(job.keeps_volumes ? [] : volumesOf(row).map(({ name }) => name))
      return {
        ...state,
        databases: state.databases.filter(({ id }) => id !== row.id),
        backups: state.backups.filter((one) => one.engine !== row.engine || one.number !== row.number),
        variables: state.variables.filter((one) => one.application_id !== row.id),
        volumes: state.volumes.filter(({ name, server_id }) => server_id !== row.server_id || !own.has(name))
      }
    }
    default:
      return state
  }
}

/** What comes after a job that was done. */
export const following = (state: CoolifyState, job: Job): Job["kind"] | undefined => {
  const row = state.databases.find(({ uuid }) => uuid === job.application_uuid)
  if (row === undefined) return undefined
  if (job.kind === "restart-database") return "start-database"
  return job.kind === "start-database" && row.status === "running:starting" ? "probe-database" : undefined
}

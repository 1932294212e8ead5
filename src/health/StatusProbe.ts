/**
 * What Coolify's `status` of a resource says: `state:health`, sometimes `state:health:excluded` or a bare `exited`
 * (ContainerStatusAggregator, 4.3); older servers wrote `state (health)`.
 */

const states = [
  "running",
  "starting",
  "restarting",
  "paused",
  "degraded",
  "exited",
  "created",
  "dead"
] as const
const healths = ["healthy", "unhealthy", "starting"] as const

export interface Status {
  readonly state: (typeof states)[number] | "unknown"
  /** `unknown`: no health check, or not yet a result. */
  readonly health: (typeof healths)[number] | "unknown"
  /** Left out of the health of the whole by the user. */
  readonly excluded: boolean
}

export const readStatus = (status: string): Status => {
  const [state, health, ...rest] = status
    .toLowerCase()
    .split(/[:()]/)
    .map((part) => part.trim())
  return {
    state: states.find((known) => known === state) ?? "unknown",
    health: healths.find((known) => known === health) ?? "unknown",
    excluded: health === "excluded" || rest.includes("excluded")
  }
}

/**
 * The containers are up. Says nothing about health: a redeploy keeps the old value until it ends, and right after
 * the deployment's own check passed the stored status is `running:unhealthy` until the next refresh (60 s).
 */
export const isRunning = (status: string): boolean => readStatus(status).state === "running"

/**
 * Stopped or partly stopped, and nothing that could still come up by itself. Only means something for an application
 * that was deployed before: a first deployment reads `exited` until the refresh after its end.
 */
export const isSettledBad = (status: string): boolean => {
  const { state } = readStatus(status)
  return state === "exited" || state === "degraded" || state === "dead"
}

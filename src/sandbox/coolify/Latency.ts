import type * as Duration from "effect/Duration"

/** How long Coolify takes over what a real one may take minutes for. */
export interface Latency {
  /** A deployment waits this long even in an empty queue. */
  readonly queue: Duration.DurationInput
  /** Each of the phases of a deployment: build, and the first probe. */
  readonly build: Duration.DurationInput
  /** From the end of a deployment to the status that Docker reports; also what `stop` takes. */
  readonly statusRefresh: Duration.DurationInput
  /** Between two looks at a container that exits again and again. */
  readonly statusCheck: Duration.DurationInput
  readonly deleteJob: Duration.DurationInput
}

export const defaultLatency: Latency = {
  queue: "100 millis",
  build: "200 millis",
  statusRefresh: "200 millis",
  statusCheck: "1 second",
  deleteJob: "300 millis"
}

/** When a container that exits again and again is up, as Docker's restart policy has it. */
import type { Behaviour } from "./Behaviour.ts"

/** Where a container stands. */
export interface Life {
  readonly up: boolean
  readonly restarts: number
  /** When each run began, oldest first: epoch milliseconds. The last one is over unless `up`. */
  readonly starts: ReadonlyArray<number>
}

/** How long one run of it lasts; `undefined`: for ever. */
const runMillis = (behaviour: Behaviour): number | undefined => {
  switch (behaviour._tag) {
    case "Crash":
      return 1000
    case "Flap":
      return behaviour.seconds * 1000
    default:
      return undefined
  }
}

export const exits = (behaviour: Behaviour): boolean => runMillis(behaviour) !== undefined

/** Docker doubles the pause before each restart, from 100 ms to a minute, and begins anew after a run of ten seconds. */
const pauseMillis = (run: number, restarts: number): number =>
  run >= 10_000 ? 100 : Math.min(100 * 2 ** restarts, 60_000)

/** From the first start to the restart of this number. */
export const millisToRestart = (behaviour: Behaviour, restart: number): number => {
  const run = runMillis(behaviour)
  if (run === undefined) return Number.POSITIVE_INFINITY
  let total = 0
  for (let n = 0; n < Math.min(restart, 1000); n++) total += run + pauseMillis(run, n)
  return total
}

export const lifeAt = (behaviour: Behaviour, startedAt: number, now: number): Life => {
  const run = runMillis(behaviour)
  if (run === undefined) return { up: true, restarts: 0, starts: [startedAt] }
  const starts = [startedAt]
  let start = startedAt
  for (let n = 0; n < 1000; n++) {
    const next = start + run + pauseMillis(run, n)
    if (now < next) break
    starts.push(next)
    start = next
  }
  return { up: now < start + run, restarts: starts.length - 1, starts }
}

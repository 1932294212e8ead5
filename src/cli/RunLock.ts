/** One changing run of an application at a time on this machine. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import process from "node:process"
import * as Marker from "../orchestrator/Marker.ts"
import type { Spec } from "../spec/Spec.ts"
import * as ProcessLock from "../state/ProcessLock.ts"

/**
 * Held until the scope ends. Two machines have two locks: between those only the marks in Coolify stand.
 * @param target which Coolify: one name may live in several.
 * @param seconds how long to wait for another run; 0: not at all.
 */
export const lockRun = Effect.fn("lockRun")(function* (
  spec: Spec,
  options: {
    readonly command: string
    readonly owner: string
    readonly target: string
    readonly seconds: number
  }
) {
  const since = new Date(yield* Clock.currentTimeMillis).toISOString()
  yield* ProcessLock.acquire(
    JSON.stringify(["run", options.target, Marker.applicationKey(options.owner, spec)]),
    `\`fabrik ${options.command}\` of ${spec.name} (process ${process.pid}, since ${since})`,
    Duration.seconds(options.seconds)
  )
})

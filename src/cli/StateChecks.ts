/** What `doctor` looks at of the state that a team shares. Reads alone. */
import * as Effect from "effect/Effect"
import { type Check, failed, passed } from "../orchestrator/Doctor.ts"
import { teamState } from "./TeamState.ts"

const area = "shared state"
const reachable = "it can be reached"
const tables = "it has the form that this fabrik knows"
const key = "FABRIK_STATE_KEY opens it"

/** Nothing where there is none. */
export const checkState = Effect.gen(function* () {
  const state = yield* teamState(false)
  if (state === undefined) return []
  const { place, there, tls, version } = yield* state.about
  const reached = passed(`PostgreSQL ${version} at ${place}, ${tls ? "over TLS" : "in clear"}`)
  return [
    { area, what: reachable, ...reached },
    { area, what: tables, ...passed(there ? "yes" : "it is empty: the first run makes its tables") },
    ...(there ? [{ area, what: key, ...passed("yes") } as const] : [])
  ] satisfies ReadonlyArray<Check>
}).pipe(
  Effect.scoped,
  Effect.catchAll(({ message, next, reason }) => {
    const what = reason === "WrongKey" || reason === "BadKey" ? key : reason === "Newer" ? tables : reachable
    return Effect.succeed<ReadonlyArray<Check>>([{ area, what, ...failed(message, next) }])
  })
)

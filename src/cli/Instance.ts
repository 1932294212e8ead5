/** What the Coolify that the environment names has, for somebody who is to choose among it. */
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { coolifyConfig } from "../coolify/CoolifyConfig.ts"
import type { Check } from "../orchestrator/Doctor.ts"
import { inCoolify } from "./Checks.ts"
import { openCoolify } from "./OpenSubject.ts"

export interface Instance {
  /** Whether its variables are set. */
  readonly isSet: boolean
  /** Names; `undefined`: nobody could look. */
  readonly servers: ReadonlyArray<string> | undefined
  readonly projects: ReadonlyArray<string> | undefined
  /** What is to be told of it. */
  readonly found: ReadonlyArray<readonly [string, string]>
  /** Checks that something came out of. */
  readonly odd: ReadonlyArray<Check>
}

const unset: Instance = { isSet: false, servers: undefined, projects: undefined, found: [], odd: [] }

/** Never fails: what is wrong is among the checks. Where no credentials are set nothing is asked. */
export const lookUp = Effect.fn("lookUp")(function* () {
  const config = yield* Effect.either(coolifyConfig)
  if (config._tag === "Right" && config.right.config === undefined) return unset
  const checks = yield* inCoolify({ sandbox: undefined, dryRun: false })
  const odd = checks.filter(({ state }) => state === "failed" || state === "warned")
  const instance = { ...unset, isSet: true, odd }
  const [answers] = checks
  if (answers?.state !== "passed") return instance satisfies Instance
  const listed = Effect.gen(function* () {
    const world = yield* openCoolify(undefined)
    return yield* Effect.provide(
      Effect.gen(function* () {
        const coolify = yield* CoolifyClient
        const servers = yield* coolify.servers.list
        const projects = yield* coolify.projects.list
        return { servers: servers.map(({ name }) => name), projects: projects.map(({ name }) => name) }
      }),
      world.layer
    )
  })
  const found = [["Coolify", `${answers.detail}, takes the token (COOLIFY_TOKEN)`] as const]
  return yield* Effect.match(listed, {
    onFailure: (): Instance => ({ ...instance, found }),
    onSuccess: (names): Instance => ({ ...instance, ...names, found })
  })
})

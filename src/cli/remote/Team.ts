import * as Effect from "effect/Effect"
import { coolifyConfig } from "../../coolify/CoolifyConfig.ts"
import { CredentialsError } from "../CliError.ts"
import * as Say from "../Say.ts"
import { ownOwner, teamState } from "../TeamState.ts"

/** The state by which machines hand work to each other, and what brings it to them: one for an owner at a Coolify. */
export const openTeam = Effect.fn("openTeam")(function* (command: string) {
  const state = yield* teamState(true)
  if (state === undefined) {
    return yield* new CredentialsError({
      detail: `not set in the environment: FABRIK_STATE_URL, and ${command} works by the state that a team shares`,
      next: "Set FABRIK_STATE_URL=postgres://... and FABRIK_STATE_KEY on all machines of the team (docs/teams.md)."
    })
  }
  const { config, warnings } = yield* coolifyConfig
  yield* Effect.forEach(warnings, Say.warn, { discard: true })
  if (config === undefined) {
    return yield* new CredentialsError({
      detail: "not set in the environment: COOLIFY_ENDPOINT and COOLIFY_TOKEN (for Coolify)",
      next: "Set them: work is handed over among those of one Coolify."
    })
  }
  yield* state.ready
  const engine = yield* state.engine(JSON.stringify([yield* ownOwner, config.baseUrl]))
  return { engine, jobs: state.jobs }
})

/** The state that a team shares, where the environment names one. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { type CoolifyConfig, coolifyConfig } from "../coolify/CoolifyConfig.ts"
import { Pacing, windowMillis } from "../coolify/Spacing.ts"
import { defaultOwner } from "../engine/Owner.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import type { History } from "../state/History.ts"
import { Journals } from "../state/Journals.ts"
import type { SharedState } from "../state/SharedState.ts"
import { CredentialsError } from "./CliError.ts"
import type { TeamSecrets } from "./SecretsLayers.ts"

export const stateUrlName = "FABRIK_STATE_URL"
export const stateKeyName = "FABRIK_STATE_KEY"
export const newStateKeyName = "FABRIK_STATE_NEW_KEY"

const given = (name: string) =>
  Effect.orElseSucceed(Config.option(Config.redacted(name)), () =>
    Option.none<Redacted.Redacted<string>>()
  ).pipe(Effect.map(Option.filter((value) => Redacted.value(value).trim() !== "")))

const keyOr = (name: string) =>
  Effect.map(
    given(name),
    Option.getOrElse(() => Redacted.make(""))
  )

/** What the environment says of the team's state; `undefined`: there is none. Nothing is asked of the server. */
const stateSettings = Effect.gen(function* () {
  const url = yield* given(stateUrlName)
  if (Option.isNone(url)) return undefined
  const { readSettings } = yield* Effect.promise(() => import("../state/postgres/Postgres.ts"))
  const settings = yield* readSettings(url.value, yield* keyOr(stateKeyName))
  const { add } = yield* KnownSecrets
  yield* add(settings.key)
  if (settings.address.password !== undefined) yield* add(settings.address.password)
  return settings
})

/**
 * `undefined`: there is none, and files hold the state. Nothing is asked of the server before it is first used.
 * @param writes `false`: nothing is made there.
 */
export const teamState = Effect.fn("teamState")(function* (writes: boolean) {
  const settings = yield* stateSettings
  if (settings === undefined) return undefined
  const { make } = yield* Effect.promise(() => import("../state/postgres/Postgres.ts"))
  const state: SharedState = yield* make({ ...settings, writes })
  return state
})

/** Gives the state the key that FABRIK_STATE_NEW_KEY holds; answers how many secrets were sealed anew. */
export const rekeyState = Effect.gen(function* () {
  const settings = yield* stateSettings
  if (settings === undefined) {
    return yield* new CredentialsError({
      detail: `not set in the environment: ${stateUrlName}`,
      next: `Set it, the old key in ${stateKeyName}, and the new one in ${newStateKeyName}.`
    })
  }
  const { rekey } = yield* Effect.promise(() => import("../state/postgres/Rekey.ts"))
  const { keyProblem } = yield* Effect.promise(() => import("../state/postgres/Sealing.ts"))
  const next = yield* keyOr(newStateKeyName)
  yield* (yield* KnownSecrets).add(next)
  if (keyProblem(next) !== undefined) {
    return yield* new CredentialsError({
      detail: `${Redacted.value(next) === "" ? "not set in the environment" : "too short"}: ${newStateKeyName}`,
      next: `Make a key with \`openssl rand -base64 32\`, and set ${newStateKeyName} to it.`
    })
  }
  return yield* rekey(settings.address, { old: settings.key, next })
})

/** What a team shares at one Coolify. */
export interface Team extends TeamSecrets {
  readonly state: SharedState
  readonly history: typeof History.Service
}

/** FABRIK_OWNER. */
export const ownOwner = Effect.orElseSucceed(Config.string("FABRIK_OWNER"), () => defaultOwner)

export const teamOn = (state: SharedState, owner: string, target: string): Team => ({
  state,
  sealed: state.sealed,
  realm: JSON.stringify([owner, target]),
  history: state.history(owner, target === "" ? undefined : target)
})

export const teamJournals = (state: SharedState, target: string) =>
  Layer.effect(
    Journals,
    Effect.map(CoolifyClient, ({ servers }) =>
      state.journals(
        target,
        Effect.map(servers.list, (all) => all.map(({ uuid }) => uuid))
      )
    )
  )

/**
 * All processes that share the state pace themselves together, as one user of this Coolify: whose a token is it does not
 * tell, so two tokens of one user are two budgets, which its answers correct.
 */
export const teamPacing = Effect.fn("teamPacing")(function* (
  state: SharedState | undefined,
  config: CoolifyConfig | undefined
) {
  if (state === undefined || config === undefined) return Layer.empty
  const scope = yield* Effect.scope
  const { makeSharedSpacing } = yield* Effect.promise(() => import("../coolify/SharedSpacing.ts"))
  const whose = Redacted.make(JSON.stringify([config.baseUrl, Redacted.value(config.token)]))
  const budget = yield* state.budget(whose, windowMillis)
  return Layer.succeed(Pacing, { make: makeSharedSpacing(budget, scope, windowMillis) })
})

/**
 * What a team shares, for what opens no world; it is read only, until the scope ends. A sandbox is of this machine, and
 * so is all that is remembered of it.
 */
export const teamOf = Effect.fn("teamOf")(function* (sandbox: unknown) {
  const state = sandbox === undefined ? yield* teamState(false) : undefined
  if (state === undefined) return undefined
  yield* state.ready
  const { config } = yield* coolifyConfig
  return teamOn(state, yield* ownOwner, config?.baseUrl ?? "")
})

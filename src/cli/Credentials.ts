import * as Redacted from "effect/Redacted"
import { tokenNames, urlNames } from "../coolify/CoolifyConfig.ts"
import { newStateKeyName, stateKeyName, stateUrlName } from "./TeamState.ts"
import { telemetryHeaders } from "../telemetry/Settings.ts"
import { plainNames, secretNames } from "../dns/Providers.ts"

const keys = [...tokenNames, ...secretNames, stateKeyName, newStateKeyName]
const addresses = [...urlNames, "COOLIFY_URL", ...plainNames, stateUrlName]

/**
 * What the environment holds to get in with, whether the command needs it or not: known before anything is said. An
 * address is none, unless somebody has put a password into it.
 */
export const credentialsIn = (
  env: Readonly<Record<string, string | undefined>>
): ReadonlyArray<Redacted.Redacted<string>> => [
  ...telemetryHeaders(env),
  ...keys.flatMap((name) => env[name] ?? []).map((value) => Redacted.make(value)),
  ...addresses
    .flatMap((name) => env[name] ?? [])
    .filter((value) => value.includes("@"))
    .map((value) => Redacted.make(value))
]

import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { severalAccounts } from "./SeveralAccounts.ts"
import { DnsError } from "./DnsError.ts"
import type { Account, DnsProviderValue, Variable } from "./Provider.ts"
import { type DnsProvider, neededVariables, providerNamed, providers } from "./Providers.ts"

/** The provider to use, ready to be built. */
interface SelectedDns {
  /** `undefined`: several, each for the names that its zones hold. */
  readonly provider: DnsProvider | undefined
  readonly layer: Account
}

type Value = Redacted.Redacted<string> | string | undefined

/** An empty variable is an unset one. */
const read = (name: string, { also, secret }: Variable): Config.Config<Value> => {
  const written = (each: string) =>
    Config.option(Config.string(each)).pipe(
      Config.map((value) => Option.getOrElse(value, () => "").trim()),
      Config.map((value) => (value === "" ? undefined : value))
    )
  return Config.all([written(name), also === undefined ? Config.succeed(undefined) : written(also)]).pipe(
    Config.map(([first, second]) => first ?? second),
    Config.map((value) => (value === undefined || secret !== true ? value : Redacted.make(value)))
  )
}

const unusable = (provider: string, detail: string) =>
  new DnsError({ provider, method: "connect", reason: "BadConfig", detail })

const valuesOf = ({ name, variables }: DnsProviderValue) =>
  Effect.mapError(
    Config.all(Object.fromEntries(Object.entries(variables).map(([key, each]) => [key, read(key, each)]))),
    () => unusable(name, "its variables in the environment cannot be read")
  )

/**
 * Those of `among` of which a variable is in the environment at all: reading one by one the variables of ten providers of
 * which most are unset would take longer than all else that a dry run does with the environment.
 */
const mentioned = (among: ReadonlyArray<DnsProviderValue<DnsProvider>>) =>
  Effect.configProviderWith(({ flattened }) => flattened.enumerateChildren([])).pipe(
    Effect.map((found) => {
      // A provider of settings that splits names at `_` tells the first part of each.
      const isThere = (name: string) => HashSet.has(found, name) || HashSet.has(found, name.split("_", 1)[0])
      return among.filter(({ variables }) =>
        Object.entries(variables).some(
          ([name, { also }]) => isThere(name) || (also !== undefined && isThere(also))
        )
      )
    }),
    Effect.orElseSucceed(() => among)
  )

const open = Effect.fnUntraced(function* (
  chosen: DnsProviderValue<DnsProvider>,
  values: Readonly<Record<string, Value>>
) {
  const missing = neededVariables(chosen).filter((name) => values[name] === undefined)
  if (missing.length > 0) return yield* unusable(chosen.name, `${missing.join(" and ")} is not set`)
  return yield* Effect.promise(() => chosen.make(values))
})

/**
 * Chooses the provider: the one the spec names, or the one whose variables are set. Of several each has the names that its
 * zones hold, which the layer finds out for `domains` when it is built. `undefined`: no variable is set and none is named.
 * `BadConfig`: one of its variables is missing.
 */
export const selectDns = Effect.fn("selectDns")(function* (
  named: DnsProvider | undefined,
  domains: ReadonlyArray<string>
) {
  const known = named === undefined ? undefined : providerNamed(named)
  if (known !== undefined) {
    const layer = yield* open(known, yield* valuesOf(known))
    return { provider: known.name, layer } satisfies SelectedDns
  }
  const read = yield* Effect.forEach(
    yield* mentioned(providers.filter(({ onlyNamed }) => onlyNamed !== true)),
    (each) => Effect.map(valuesOf(each), (values) => ({ each, values }))
  )
  const set = read.filter(({ each, values }) => neededVariables(each).some((name) => values[name]))
  const accounts = yield* Effect.forEach(set, ({ each, values }) =>
    Effect.map(open(each, values), (layer) => ({ provider: each.name, layer }))
  )
  const [only, ...others] = accounts
  if (only === undefined || others.length === 0) return only satisfies SelectedDns | undefined
  return { provider: undefined, layer: severalAccounts(domains, accounts) } satisfies SelectedDns
})

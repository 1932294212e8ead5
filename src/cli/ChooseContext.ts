/** Which Coolify a command means, where a name and not the environment says so. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { coolifyConfig } from "../coolify/CoolifyConfig.ts"
import { type CoolifyContext, type Contexts, readContexts } from "../coolify/Contexts.ts"
import { nearest } from "../appspec/Nearest.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { clean } from "../ui/Sanitize.ts"
import { Screen } from "../ui/Screen.ts"
import { CredentialsError } from "./CliError.ts"
import * as Say from "./Say.ts"

/** The variable that chooses one for a shell or a job. */
export const contextName = "FABRIK_CONTEXT"

const refuse = (detail: string, next: string) => new CredentialsError({ detail, next })

/** Both files; a token in them is known from here on. */
export const loadContexts = Effect.gen(function* () {
  const screen = yield* Screen
  const known = yield* KnownSecrets
  const contexts = yield* readContexts((file, detail) =>
    Effect.provideService(Say.warn(`${file} ${detail}`), Screen, screen)
  )
  for (const { token } of contexts?.all ?? []) if (Redacted.value(token) !== "") yield* known.add(token)
  return contexts
})

export const findContext = (
  contexts: Contexts | undefined,
  name: string,
  asked: string
): Effect.Effect<CoolifyContext, CredentialsError> => {
  const names = contexts?.all.map((one) => one.name) ?? []
  const found = contexts?.all.find((one) => one.name === name)
  if (found !== undefined) return Effect.succeed(found)
  const near = nearest(name, names)
  return refuse(
    `there is no context ${clean(name)}, which ${asked} names`,
    names.length === 0
      ? "Add it with `fabrik context add`."
      : `${near === undefined ? "" : `Did you mean ${clean(near)}? `}See which there are with \`fabrik context list\`.`
  )
}

/** The environment with a context's address and token in the place of its own. */
export const withContext =
  ({ address, token }: Pick<CoolifyContext, "address" | "token">) =>
  (provider: ConfigProvider.ConfigProvider): ConfigProvider.ConfigProvider =>
    ConfigProvider.orElse(
      ConfigProvider.fromMap(
        new Map([
          ["COOLIFY_ENDPOINT", address],
          ["COOLIFY_TOKEN", Redacted.value(token)]
        ])
      ),
      () => provider
    )

/** How a context came to be the one. */
export interface Chosen {
  readonly context: CoolifyContext
  readonly by: "--context" | "FABRIK_CONTEXT" | "fabrik context use"
}

/**
 * `--context`, else FABRIK_CONTEXT, else what `fabrik context use` has chosen, which the environment's COOLIFY_ENDPOINT and
 * token go before. Where these and one of the first two say different things, nothing is guessed: it is refused.
 * `undefined`: none is chosen, and the environment alone counts.
 */
export const chooseContext = Effect.fn("chooseContext")(function* (flag: string | undefined) {
  const variable = yield* Effect.orElseSucceed(
    Effect.map(Config.option(Config.nonEmptyString(contextName)), Option.getOrUndefined),
    () => undefined
  )
  const named = flag ?? variable
  const own = yield* Effect.either(coolifyConfig)
  const isSet = own._tag === "Left" || own.right.config !== undefined
  if (named === undefined && isSet) return undefined
  const contexts = yield* loadContexts
  const by = flag !== undefined ? "--context" : variable !== undefined ? contextName : "fabrik context use"
  const name = named ?? contexts?.current
  if (name === undefined) return undefined
  const context = yield* findContext(contexts, name, by)
  if (Redacted.value(context.token) === "") {
    return yield* refuse(
      `the context ${clean(name)} has no token`,
      context.from === "coolify-cli"
        ? "Give it one with coolify-cli, or `fabrik context add` one of the same name."
        : "Add it again with `fabrik context add`."
    )
  }
  const there = yield* Effect.configProviderWith((provider) =>
    Effect.withConfigProvider(coolifyConfig, withContext(context)(provider))
  )
  if (!isSet) return { context, by } satisfies Chosen
  const here = own._tag === "Right" ? own.right.config : undefined
  const isSame =
    here !== undefined &&
    here.baseUrl === there.config?.baseUrl &&
    Redacted.value(here.token) === Redacted.value(there.config.token)
  if (isSame) return undefined
  return yield* refuse(
    `${by} names ${clean(name)}, and the environment another Coolify or token (COOLIFY_ENDPOINT, COOLIFY_TOKEN)`,
    "Unset these variables, or leave the context out."
  )
})

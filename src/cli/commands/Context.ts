import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { coolifyConfig } from "../../coolify/CoolifyConfig.ts"
import { type Contexts, writeContexts } from "../../coolify/Contexts.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderTable } from "../../ui/Table.ts"
import { UsageError } from "../Arguments.ts"
import { chooseContext, findContext, loadContexts, withContext } from "../ChooseContext.ts"
import { CredentialsError, NotWrittenError } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { givenValue } from "../GivenValue.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"

interface Flags {
  readonly action: string
  readonly words: ReadonlyArray<string>
  readonly json: boolean
  readonly quiet: boolean
}

export const context = define({
  name: "context",
  about: [
    "Coolifys by name: those added here, and those that coolify-cli knows (~/.config/coolify/config.json), whose file is read and never written. `use` chooses one for every command, `clear` none; `show` tells which one a command would take and why.",
    "COOLIFY_ENDPOINT and COOLIFY_TOKEN go before what `use` has chosen. --context and FABRIK_CONTEXT go before it too; where they and these variables name different Coolifys, the command is refused. `add` asks for the token, or reads it from stdin; no token is ever shown. DNS credentials are the environment's with every context."
  ],
  config: {
    action: Flag.oneOf(
      "ACTION",
      ["list", "show", "use", "clear", "add", "remove"],
      "list, show, use, clear, add or remove"
    ),
    words: Flag.any("NAME [ADDRESS]", "use, remove: a context; add: its name and the address of its Coolify"),
    ...Shared.screen
  },
  examples: [
    { line: "fabrik context add prod https://coolify.example.com", says: "asks for the token" },
    { line: "fabrik context use prod", says: "from now on, where the environment names none" },
    { line: "fabrik apply app.yaml --context staging", says: "this once" },
    { line: "fabrik context show", says: "which Coolify would a command take?" }
  ],
  handler: Effect.fn("command.context")(function* (flags) {
    yield* refuseWords(flags)
    if (flags.action === "show") return yield* show(flags)
    const contexts = yield* loadContexts
    if (flags.action === "list") return yield* list(contexts, flags)
    if (contexts === undefined) {
      return yield* new CredentialsError({
        detail: "there is no home folder (HOME) to keep contexts in",
        next: "Set COOLIFY_ENDPOINT and COOLIFY_TOKEN instead."
      })
    }
    const [name = "", address = ""] = flags.words
    switch (flags.action) {
      case "add":
        return yield* add(contexts, name, address, flags)
      case "use": {
        const found = yield* findContext(contexts, name, "`fabrik context use`")
        yield* writeContexts({ ...contexts, current: name })
        return yield* told(flags, { done: "used", name }, `${clean(name)}: ${clean(found.address)}`)
      }
      case "clear":
        yield* writeContexts({ ...contexts, current: undefined })
        return yield* told(flags, { done: "cleared", name: null }, "No context is chosen.")
      default:
        return yield* remove(contexts, name, flags)
    }
  })
})

const usage = (message: string) => new UsageError({ message, command: "context" })

const wanted: Readonly<Record<string, readonly [number, string]>> = {
  list: [0, "no more words"],
  show: [0, "no more words"],
  clear: [0, "no more words"],
  use: [1, "the name of a context"],
  remove: [1, "the name of a context"],
  add: [2, "a name and an address; the token is asked for, or read from stdin"]
}

const refuseWords = ({ action, words }: Flags): Effect.Effect<void, UsageError> => {
  const [many, what] = wanted[action] ?? [0, ""]
  if (words.length !== many) return usage(`context ${action} takes ${what}`)
  const [name = ""] = words
  return action === "add" && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)
    ? usage(
        "a context's name has letters, digits, dots, hyphens and underscores, and begins with one of the first two"
      )
    : Effect.void
}

const told = ({ json, quiet }: Flags, facts: Readonly<Record<string, unknown>>, line: string) =>
  json ? Say.result([jsonLine({ type: "ContextChanged", ...facts })]) : quiet ? Effect.void : Say.hint([line])

const list = Effect.fn("context.list")(function* (contexts: Contexts | undefined, { json, quiet }: Flags) {
  const { out } = yield* Screen
  const all = contexts?.all ?? []
  const isCurrent = (name: string) => name === contexts?.current
  if (json) {
    return yield* Say.result(
      all.map(({ address, from, name }) =>
        jsonLine({ type: "Context", name, address, from, current: isCurrent(name) })
      )
    )
  }
  yield* Say.result(
    renderTable(
      ["", "NAME", "ADDRESS", "FROM"],
      all.map(({ address, from, name }) => ({
        cells: [isCurrent(name) ? "*" : " ", clean(name), clean(address), from],
        paint: isCurrent(name) ? out.style.bold : (text) => text
      })),
      out.style
    )
  )
  if (all.length === 0 && !quiet) {
    yield* Say.hint(["There are no contexts. `fabrik context add NAME ADDRESS` makes one."])
  }
})

/** What a command would do that names none itself. */
const show = Effect.fn("context.show")(function* ({ json }: Flags) {
  const chosen = yield* chooseContext(undefined)
  const { config } = yield* coolifyConfig
  const facts =
    chosen === undefined
      ? { name: null, address: config?.baseUrl ?? null, by: config === undefined ? null : "the environment" }
      : { name: chosen.context.name, address: chosen.context.address, by: chosen.by }
  if (json) return yield* Say.result([jsonLine({ type: "ContextShown", ...facts })])
  if (facts.address === null) {
    return yield* Say.hint(["No Coolify is chosen: neither by the environment nor by a context."])
  }
  yield* Say.result([
    `${facts.name === null ? "" : `${clean(facts.name)}: `}${clean(facts.address)} (${facts.by ?? ""})`
  ])
})

const add = Effect.fn("context.add")(function* (
  contexts: Contexts,
  name: string,
  address: string,
  flags: Flags
) {
  if (contexts.all.some((one) => one.name === name && one.from === "fabrik")) {
    return yield* new NotWrittenError({
      detail: `there is a context ${clean(name)} already`,
      next: `Take it away first: fabrik context remove ${clean(name)}`
    })
  }
  const token = yield* givenValue("the API token", "context")
  // What the address or the token lacks is told now, in the words that every command has for it.
  yield* Effect.configProviderWith((provider: ConfigProvider.ConfigProvider) =>
    Effect.withConfigProvider(coolifyConfig, withContext({ address, token })(provider))
  )
  yield* writeContexts({ ...contexts, all: [...contexts.all, { name, address, token, from: "fabrik" }] })
  yield* told(
    flags,
    { done: "added", name },
    `Kept in ${contexts.file}. \`fabrik context use ${clean(name)}\` chooses it.`
  )
})

const remove = Effect.fn("context.remove")(function* (contexts: Contexts, name: string, flags: Flags) {
  const found = yield* findContext(contexts, name, "`fabrik context remove`")
  if (found.from === "coolify-cli") {
    return yield* new NotWrittenError({
      detail: `${clean(name)} is coolify-cli's, and stands in ${contexts.cliFile}, which fabrik never writes`,
      next: `Take it away with coolify-cli: coolify context delete ${clean(name)}`
    })
  }
  yield* writeContexts({
    ...contexts,
    all: contexts.all.filter((one) => one !== found),
    current: contexts.current === name ? undefined : contexts.current
  })
  yield* told(flags, { done: "removed", name }, `${clean(name)} is gone.`)
})

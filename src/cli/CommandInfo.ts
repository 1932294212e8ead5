import * as Command from "@effect/cli/Command"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Types from "effect/Types"
import { version } from "./Version.ts"
import type { Argument, ArgumentInfo, Flag, FlagInfo } from "./Flag.ts"
import { type CommandName, type Outline, outlines } from "./Outline.ts"

export interface Example {
  readonly line: string
  readonly says: string
}

/** What help and the check of argv know of a command. */
export interface CommandInfo extends Outline {
  readonly name: CommandName
  /** Paragraphs. */
  readonly about: ReadonlyArray<string>
  readonly arguments: ReadonlyArray<ArgumentInfo>
  readonly flags: ReadonlyArray<FlagInfo>
  readonly examples: ReadonlyArray<Example>
}

/** Every command, in help's order; loaded when somebody asks. */
export class AllCommands extends Context.Tag("fabrik/cli/CommandInfo/AllCommands")<
  AllCommands,
  Effect.Effect<ReadonlyArray<CommandInfo>>
>() {}

interface Config {
  readonly [key: string]: Flag<unknown> | Argument<unknown>
}

/** A command of @effect/cli together with its description, both from the same `config`. */
export const define = <const Name extends CommandName, const C extends Config, E, R>(options: {
  readonly name: Name
  readonly about: ReadonlyArray<string>
  readonly config: C
  readonly examples: ReadonlyArray<Example>
  readonly handler: (config: Types.Simplify<Command.Command.ParseConfig<C>>) => Effect.Effect<void, E, R>
}) => {
  const infos = Object.values(options.config).map(({ info }) => info)
  const info: CommandInfo = {
    name: options.name,
    ...outlines[options.name],
    about: options.about,
    arguments: infos.filter((info) => info._tag === "Argument"),
    flags: infos.filter((info) => info._tag === "Flag"),
    examples: options.examples
  }
  return {
    info,
    /** `argv` as {@link readArguments} orders it. Alone, without its siblings, a command is parsed much faster. */
    run: ([, ...rest]: ReadonlyArray<string>) => {
      const command = Command.make(options.name, options.config, options.handler)
      return Command.run(command, { name: "fabrik", version, executable: "fabrik" })([
        "node",
        "fabrik",
        ...rest
      ])
    }
  }
}

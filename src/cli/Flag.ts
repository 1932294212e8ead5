/** Options and arguments of @effect/cli that also say of themselves what help and the check of argv must know. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"

/** What may stand for a value. */
type ValueKind =
  | { readonly _tag: "Text" }
  | { readonly _tag: "KeyValue" }
  | { readonly _tag: "Integer"; readonly min: number; readonly max: number }
  | { readonly _tag: "Choice"; readonly choices: ReadonlyArray<string> }

export interface FlagInfo {
  readonly _tag: "Flag"
  /** Without dashes. */
  readonly name: string
  readonly alias: string | undefined
  /** `undefined`: a switch. `placeholder` is what help shows. */
  readonly value: { readonly placeholder: string; readonly kind: ValueKind } | undefined
  readonly repeatable: boolean
  /** One phrase. */
  readonly help: string
}

export interface ArgumentInfo {
  readonly _tag: "Argument"
  readonly placeholder: string
  readonly repeatable: boolean
  /** None may stand there. */
  readonly optional?: true
  /** Nothing else may. */
  readonly choices?: ReadonlyArray<string>
  readonly help: string
}

export type Flag<A> = Options.Options<A> & { readonly info: FlagInfo }
export type Argument<A> = Args.Args<A> & { readonly info: ArgumentInfo }

const flag = <A>(options: Options.Options<A>, info: Omit<FlagInfo, "_tag">): Flag<A> =>
  Object.assign(info.alias === undefined ? options : Options.withAlias(options, info.alias), {
    info: { _tag: "Flag" as const, ...info }
  })

interface Wording {
  readonly help: string
  readonly alias?: string
}
interface ValueWording extends Wording {
  readonly placeholder: string
}

/** On when it stands there. */
export const toggle = (name: string, { help, alias }: Wording): Flag<boolean> =>
  flag(Options.boolean(name), { name, alias, value: undefined, repeatable: false, help })

/** `undefined` when it does not stand there. */
export const text = (name: string, { help, alias, placeholder }: ValueWording): Flag<string | undefined> =>
  flag(orUndefined(Options.text(name)), {
    name,
    alias,
    value: { placeholder, kind: { _tag: "Text" } },
    repeatable: false,
    help
  })

/** A whole number from `min` to `max`, digits only. */
export const integer = (
  name: string,
  { help, alias, placeholder, min, max }: ValueWording & { readonly min: number; readonly max: number }
): Flag<number | undefined> =>
  flag(orUndefined(Options.integer(name)), {
    name,
    alias,
    value: { placeholder, kind: { _tag: "Integer", min, max } },
    repeatable: false,
    help
  })

export const choice = <const Choices extends ReadonlyArray<string>>(
  name: string,
  choices: Choices,
  { help, alias }: Wording
): Flag<Choices[number] | undefined> =>
  flag(orUndefined(Options.choice(name, choices)), {
    name,
    alias,
    value: { placeholder: choices.join("|"), kind: { _tag: "Choice", choices } },
    repeatable: false,
    help
  })

/** May stand there many times. */
export const texts = (
  name: string,
  { help, alias, placeholder, kind }: ValueWording & { readonly kind: "Text" | "KeyValue" }
): Flag<ReadonlyArray<string>> =>
  flag(Options.repeated(Options.text(name)), {
    name,
    alias,
    value: { placeholder, kind: { _tag: kind } },
    repeatable: true,
    help
  })

const orUndefined = <A>(options: Options.Options<A>): Options.Options<A | undefined> =>
  Options.withDefault(options, undefined)

const argument = <A>(args: Args.Args<A>, info: Omit<ArgumentInfo, "_tag">): Argument<A> =>
  Object.assign(args, { info: { _tag: "Argument" as const, ...info } })

export const one = (placeholder: string, help: string): Argument<string> =>
  argument(Args.text({ name: placeholder }), { placeholder, repeatable: false, help })

export const oneOf = <const Choices extends ReadonlyArray<string>>(
  placeholder: string,
  choices: Choices,
  help: string
): Argument<string> =>
  argument(Args.text({ name: placeholder }), { placeholder, repeatable: false, choices, help })

/** `undefined` when it does not stand there. */
export const optional = (placeholder: string, help: string): Argument<string | undefined> =>
  Object.assign(Args.withDefault(Args.text({ name: placeholder }), undefined), {
    info: { _tag: "Argument" as const, placeholder, repeatable: false, optional: true as const, help }
  })

export const atLeastOne = (placeholder: string, help: string): Argument<ReadonlyArray<string>> =>
  argument(Args.atLeast(Args.text({ name: placeholder }), 1), { placeholder, repeatable: true, help })

/** None, one or many. */
export const any = (placeholder: string, help: string): Argument<ReadonlyArray<string>> =>
  Object.assign(Args.repeated(Args.text({ name: placeholder })), {
    info: { _tag: "Argument" as const, placeholder, repeatable: true, optional: true as const, help }
  })

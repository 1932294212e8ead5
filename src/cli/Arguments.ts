/**
 * Reads argv before @effect/cli does: finds what is wrong with it, in words that name it, and puts the rest into the
 * one order that @effect/cli reads without mistake (command, flags by their long names, arguments).
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { nearest } from "../appspec/Nearest.ts"
import type { CommandInfo } from "./CommandInfo.ts"
import type { FlagInfo } from "./Flag.ts"
import { type CommandName, type Outline, outlines } from "./Outline.ts"

/** The command line is wrong. Never carries the value of a flag that may hold a secret. */
export class UsageError extends Schema.TaggedError<UsageError>("fabrik/cli/UsageError")("UsageError", {
  message: Schema.String,
  /** Whose help tells more; `undefined`: fabrik's own. */
  command: Schema.UndefinedOr(Schema.String)
}) {}

/** What argv asks for, as far as it can be told without the flags of the command that it names. */
export type Request =
  | { readonly _tag: "Help"; readonly command: CommandName | undefined }
  | { readonly _tag: "Version" }
  | {
      readonly _tag: "Run"
      readonly command: CommandName
      /** All other words, up to `--`. */
      readonly words: ReadonlyArray<string>
      /** Those behind it. */
      readonly loose: ReadonlyArray<string>
    }

type Parsed<A> = Either.Either<A, UsageError>

/** @param flags those of all commands, for what stands in front of the command's name; not asked for where nothing does. */
export const findCommand = (argv: ReadonlyArray<string>, flags: ReadonlyArray<FlagInfo>): Parsed<Request> => {
  const end = argv.indexOf("--")
  const words = end === -1 ? argv : argv.slice(0, end)
  const place = commandPlace(words, flags)
  const name = place === undefined ? undefined : words[place]
  const command = commandNamed(name)
  const asksHelp = words.includes("--help") || words.includes("-h")
  if (name === "help") return helpOn(words[(place ?? 0) + 1])
  if (asksHelp && (name === undefined || command !== undefined))
    return Either.right({ _tag: "Help", command })
  if (words.includes("--version") || words.includes("-v")) return Either.right({ _tag: "Version" })
  if (name !== undefined && command === undefined) return unknownCommand(name)
  if (command === undefined || place === undefined) {
    const [first] = words
    return first === undefined
      ? Either.right({ _tag: "Help", command: undefined })
      : unknownFlag(first, flags, undefined)
  }
  return Either.right({
    _tag: "Run",
    command,
    words: [...words.slice(0, place), ...words.slice(place + 1)],
    loose: end === -1 ? [] : argv.slice(end + 1)
  })
}

/** Whether {@link findCommand} has to know the flags of all commands. */
export const startsWithFlag = ([first]: ReadonlyArray<string>): boolean => first?.startsWith("-") === true

const usage = (message: string, command: string | undefined) =>
  Either.left(new UsageError({ message, command }))

const shown = (word: string): string => (word.length > 40 ? `${word.slice(0, 39)}…` : word)

const guess = (near: string | undefined): string => (near === undefined ? "" : `; did you mean ${near}?`)

const isCommand = (word: string): word is CommandName => Object.hasOwn(outlines, word)
const names = Object.keys(outlines).filter(isCommand)

const commandNamed = (word: string | undefined): CommandName | undefined =>
  names.find((name) => {
    const { aliases }: Outline = outlines[name]
    return name === word || (word !== undefined && aliases?.includes(word) === true)
  })

const helpOn = (topic: string | undefined): Parsed<Request> => {
  const command = commandNamed(topic)
  return topic !== undefined && command === undefined && !topic.startsWith("-")
    ? unknownCommand(topic)
    : Either.right({ _tag: "Help", command })
}

/** What other tools call it. */
const synonyms: ReadonlyMap<string, CommandName> = new Map([
  ["deploy", "apply"],
  ["up", "apply"],
  ["ls", "list"],
  ["ps", "list"],
  ["rm", "destroy"],
  ["down", "destroy"]
])

const unknownCommand = (name: string) => {
  const near = synonyms.get(name) ?? nearest(name, names)
  return usage(`unknown command ${shown(name)}${guess(near)}`, undefined)
}

const unknownFlag = (word: string, flags: ReadonlyArray<FlagInfo>, command: string | undefined) => {
  const [bare = word] = word.split("=")
  if (command === undefined && flags.some(({ alias, name }) => [`--${name}`, `-${alias}`].includes(bare))) {
    return usage(`${shown(bare)} is of a command, and none is named`, undefined)
  }
  const near = nearest(
    bare.replace(/^-+/, ""),
    flags.map((flag) => flag.name)
  )
  return usage(`unknown flag ${shown(bare)}${guess(near === undefined ? undefined : `--${near}`)}`, command)
}

/** Where the command's name stands: the first word that is neither a flag nor a flag's value. */
const commandPlace = (words: ReadonlyArray<string>, flags: ReadonlyArray<FlagInfo>): number | undefined => {
  const valued = new Set(
    flags
      .filter(({ value }) => value !== undefined)
      .flatMap(({ name, alias }) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])])
  )
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ""
    if (!word.startsWith("-") || word === "-") return index
    if (valued.has(word)) index++
  }
  return undefined
}

/** The words of a command, checked, as @effect/cli reads them: the command, flags by their long names, arguments. */
export const readWords = (
  { words, loose }: { readonly words: ReadonlyArray<string>; readonly loose: ReadonlyArray<string> },
  command: CommandInfo
): Parsed<ReadonlyArray<string>> => {
  const flags: Array<string> = []
  const values: Array<string> = []
  const seen = new Set<string>()
  const queue = [...words]
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (!word.startsWith("-") || word === "-") {
      values.push(word)
      continue
    }
    const found = findFlag(word, command)
    if (found === undefined) return unknownFlag(word, command.flags, command.name)
    const { flag, attached, rest } = found
    const name = `--${flag.name}`
    if (seen.has(name) && !flag.repeatable && flag.value !== undefined) {
      return usage(`${name} stands there twice`, command.name)
    }
    const repeated = seen.has(name)
    seen.add(name)
    if (flag.value === undefined) {
      if (attached !== undefined) return usage(`${name} takes no value`, command.name)
      if (!repeated) flags.push(name)
      if (rest !== undefined) queue.unshift(rest)
      continue
    }
    const value = attached ?? queue.shift()
    const problem = valueProblem(flag.value, value)
    if (value === undefined || problem !== undefined) {
      return usage(`${name} ${problem ?? `needs a value`}`, command.name)
    }
    flags.push(name, value)
  }
  return Either.map(checkCount([...values, ...loose], command), (counted) => [
    command.name,
    ...flags,
    ...counted.map((value) => (value.startsWith("-") ? `./${value}` : value))
  ])
}

/** `--name`, `--name=value`, `-n`, `-nvalue`, `-n=value`, and `-ny` for `-n -y`. */
const findFlag = (word: string, command: CommandInfo) => {
  if (word.startsWith("--")) {
    const at = word.indexOf("=")
    const name = word.slice(2, at === -1 ? undefined : at)
    const flag = command.flags.find((candidate) => candidate.name === name)
    const attached = at === -1 ? undefined : word.slice(at + 1)
    return flag === undefined ? undefined : { flag, attached, rest: undefined }
  }
  const flag = command.flags.find((candidate) => candidate.alias === word[1])
  if (flag === undefined) return undefined
  const tail = word.slice(2)
  if (tail === "") return { flag, attached: undefined, rest: undefined }
  return flag.value === undefined && !tail.startsWith("=")
    ? { flag, attached: undefined, rest: `-${tail}` }
    : { flag, attached: tail.replace(/^=/, ""), rest: undefined }
}

const valueProblem = (
  { kind, placeholder }: NonNullable<FlagInfo["value"]>,
  value: string | undefined
): string | undefined => {
  if (value === undefined || value === "") return `needs a value: ${placeholder}`
  switch (kind._tag) {
    case "Text":
      return value.startsWith("--") ? `needs a value: ${placeholder}` : undefined
    case "KeyValue":
      return /^[A-Za-z_][A-Za-z0-9_.]*=/.test(value)
        ? undefined
        : `wants ${placeholder}: a name of letters, digits, _ and ., then = and the value`
    case "Integer":
      return /^\d{1,9}$/.test(value) && Number(value) >= kind.min && Number(value) <= kind.max
        ? undefined
        : `wants a whole number from ${kind.min} to ${kind.max}, not ${shown(value)}`
    case "Choice":
      return kind.choices.includes(value)
        ? undefined
        : `is one of ${kind.choices.join(", ")}, not ${shown(value)}`
  }
}

const checkCount = (
  values: ReadonlyArray<string>,
  { name, arguments: wanted }: CommandInfo
): Parsed<ReadonlyArray<string>> => {
  const missing = wanted[values.length]
  if (missing !== undefined && missing.optional !== true)
    return usage(`${name} needs ${missing.placeholder}: ${missing.help}`, name)
  const extra = wanted.at(-1)?.repeatable === true ? undefined : values[wanted.length]
  if (extra !== undefined) {
    const takes =
      wanted.length === 0
        ? "takes no argument"
        : `takes one ${wanted.map((a) => a.placeholder).join(" and one ")}`
    return usage(`${name} ${takes}: what is ${shown(extra)}?`, name)
  }
  const [only] = wanted
  const [value] = values
  if (only?.choices !== undefined && value !== undefined && !only.choices.includes(value)) {
    return usage(`${only.placeholder} is one of ${only.choices.join(", ")}, not ${shown(value)}`, name)
  }
  return values.includes("")
    ? usage(`${name} got an empty ${wanted[0]?.placeholder ?? "argument"}`, name)
    : Either.right(values)
}

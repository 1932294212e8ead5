/**
 * A command as Coolify takes it, and back. Which forms it takes, and what becomes of them in the container, was recorded
 * from 4.3.11 with compose 2.26; what is not known to arrive is refused.
 */
import * as Either from "effect/Either"
import { type Complaint, quote } from "./Report.ts"

/** As a shell reads it, or its words without a shell. */
export type Command = string | ReadonlyArray<string>

type Encoded = Either.Either<string, Complaint>

const complaint = (message: string, hint: string): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

/** Means the same to a shell and to whoever splits at blanks. */
const plainWord = /^[A-Za-z0-9._\-/:=@,+%^]+$/
const isPlain = (text: string): boolean => text.split(" ").every((word) => plainWord.test(word))

/** What only a shell can do, though it looks like any word. */
const shellsOwn =
  /^(?:[^ ]*=|(?:\.|:|alias|cd|command|eval|exec|exit|export|set|source|trap|ulimit|umask|unset|wait)(?: |$))/

const needsShell = (text: string): boolean => !isPlain(text) || shellsOwn.test(text)

/** A column of Coolify's database. */
const longest = 255

const fits = (encoded: string): Encoded =>
  encoded.length <= longest
    ? Either.right(encoded)
    : complaint(
        `Coolify keeps ${longest} characters of a command, and this one takes ${encoded.length}`,
        "put it into a script that the build leaves in the image"
      )

const dollarInWords = (word: string) =>
  complaint(
    `nothing replaces the $ in ${quote(word)}: a list runs without a shell`,
    "write the command as one text, which a shell runs"
  )

/**
 * For what Coolify gives to nixpacks and railpack (`start_command`, `build_command`, `install_command`): without `$`, `|`,
 * `;`, `<`, `>`, parentheses and backslashes but between single quotes (recorded: 422).
 */
export const buildCommand = (command: Command): Encoded => {
  if (typeof command !== "string") {
    const bad = command.find((word) => word.includes("$"))
    if (bad !== undefined) return dollarInWords(bad)
    if (command.some((word) => /[\n\r]/.test(word))) {
      return complaint("a command is one line", "join lines with `&&` or `;`, or put them into a script")
    }
    const quoted = command.find((word) => word === "" || word.includes("'"))
    if (quoted !== undefined) return noQuote(quoted)
    return fits(command.map((word) => (plainWord.test(word) ? word : `'${word}'`)).join(" "))
  }
  // Quotes are read by the shell that the build ends in.
  if (/^(?:[A-Za-z0-9 ._\-/=:@,+%^]|&&|"[A-Za-z0-9 ._\-/=:@,+%^]*"|'[^']*')+$/.test(command))
    return fits(command)
  return command.includes("'") ? noQuote(command) : fits(`sh -c '${command}'`)
}

const noQuote = (text: string) =>
  complaint(
    text === "" ? "Coolify takes no empty word" : `Coolify cannot take the single quote in ${quote(text)}`,
    "write double quotes in its place"
  )

/** Coolify looks for these in all of the options, even inside the command, and stops the old version for an address. */
const runOptions =
  /--ip|--(?:cap-add|cap-drop|device|dns|entrypoint|gpus|hostname|init|privileged|security-opt|shm-size|sysctl|ulimit)(?![\w-])/

/** A quote or a backslash is read by Coolify, by compose and by the shell in turn. */
const unproven = /['"\\`]|[^ -~]/

/**
 * For what is no build of nixpacks: Coolify ignores `start_command` there, so it becomes the entrypoint, which compose
 * reads: `$$` is its word for `$`.
 */
export const entrypoint = (command: Command): Encoded => {
  const text = typeof command === "string" ? command : command.join(" ")
  const option = runOptions.exec(text)?.[0]
  if (option !== undefined) {
    return complaint(
      `Coolify would take the ${option} in this command for an option of its own`,
      "put the command into a script in the image"
    )
  }
  const bad = unproven.exec(text)?.[0]
  if (bad !== undefined) {
    return complaint(
      `Coolify hands a command with ${quote(bad)} to no image as it is written`,
      typeof command === "string" && /["']/.test(bad)
        ? "write it as a list, a word each, or put it into a script in the image"
        : "put it into a script in the image"
    )
  }
  if (typeof command !== "string") {
    const word = command.find((word) => word.includes("$"))
    if (word !== undefined) return dollarInWords(word)
    if (command.includes("")) return complaint("a command cannot have an empty word", "remove it")
    return Either.right(command.map((word) => (plainWord.test(word) ? word : `"${word}"`)).join(" "))
  }
  return Either.right(needsShell(text) ? `sh -c "${text.replaceAll("$", "$$$$")}"` : text)
}

/** Stands in the container once its release command has succeeded. */
const releaseMark = "/tmp/released"

/** What Coolify can ask in any container that has a shell, to know whether the release command has succeeded. */
export const isReleased = `test -f ${releaseMark}`

/** A shell stays in front of what is more than one command, or no program. */
const canExec = (text: string): boolean => !/[;&|(){}]/.test(text) && !shellsOwn.test(text)

/** The command with the one before it that has to succeed, each time that a container starts. */
export const afterRelease = (release: string, command: Command): string => {
  const text = typeof command === "string" ? command : command.join(" ")
  return `rm -f ${releaseMark}; (${release}) && touch ${releaseMark} && ${canExec(text) ? "exec " : ""}${text}`
}

/** What {@link afterRelease} was given; a `command` alone is none of its. */
export const withoutRelease = (
  command: Command
): { readonly command: Command; readonly release?: string } => {
  if (typeof command !== "string") return { command }
  const [before, after] = [`rm -f ${releaseMark}; (`, `) && touch ${releaseMark} && `]
  const at = command.indexOf(after)
  if (!command.startsWith(before) || at < 0) return { command }
  const release = command.slice(before.length, at)
  const rest = command.slice(at + after.length)
  const own = rest.startsWith("exec ") ? rest.slice("exec ".length) : rest
  return afterRelease(release, own) === command ? { command: own, release } : { command }
}

/** What a command was written as; `undefined`: no spec can write it. */
const decoded = (
  stored: string,
  encode: (command: Command) => Encoded,
  candidates: ReadonlyArray<Command>
): Command | undefined =>
  candidates.find((command) => {
    const encoded = encode(command)
    return Either.isRight(encoded) && encoded.right === stored
  })

const wordsOf = (stored: string, mark: "'" | '"'): ReadonlyArray<string> =>
  (stored.match(mark === "'" ? /'[^']*'|[^ ]+/g : /"[^"]*"|[^ ]+/g) ?? []).map((word) =>
    word.startsWith(mark) ? word.slice(1, -1) : word
  )

export const fromBuildCommand = (stored: string): Command | undefined =>
  decoded(stored, buildCommand, [stored.replace(/^sh -c '([^']*)'$/, "$1"), stored, wordsOf(stored, "'")])

export const fromEntrypoint = (stored: string): Command | undefined => {
  const shell = /^sh -c "([^"]*)"$/.exec(stored)?.[1]
  return decoded(stored, entrypoint, [
    ...(shell === undefined ? [] : [shell.replaceAll("$$", "$")]),
    stored,
    wordsOf(stored, '"')
  ])
}

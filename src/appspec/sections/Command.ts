/** `command`: what is started. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import { anyScalar, oneOf, text, wrongKind } from "../Form.ts"
import { afterRelease, buildCommand, type Command as Given, entrypoint } from "../ShellCommand.ts"
import type { Field } from "../YamlTree.ts"
import type { Source } from "./Source.ts"

const notEmpty = "the command in one text, or its words in a list"

const word = anyScalar({ description: "A word of the command" }, (field) => wrongKind(field, "text"))

const words = Schema.Array(word).pipe(Schema.filter((all) => all.length > 0, { jsonSchema: { minItems: 1 } }))

const line = (description: string, examples: ReadonlyArray<string>) =>
  text({ description, examples, pattern: /^(?=.*\S)[^\n]+$/, numeral: true }, (given) =>
    /^\s*$|\n/.test(given)
      ? Either.left({
          message: given.includes("\n") ? "a command is one line" : "the command is empty",
          hint: "join lines with `&&` or `;`, or put them into a script"
        })
      : Either.right(given.trim())
  )

/** A text is read by a shell; a list is words without one. */
export const commandBlock = (description: string, examples: ReadonlyArray<string>) =>
  oneOf(
    [line(description, examples), words],
    (field) =>
      field.node._tag === "List"
        ? field.node.items.length > 0
          ? 1
          : { message: `\`${field.path}\` is empty`, hint: notEmpty }
        : 0,
    { description }
  )

export const Command = commandBlock(
  "What is started in the container, in place of what the image starts (its ENTRYPOINT and CMD): a text that a shell reads, or a list of words",
  ["gunicorn app:app --bind 0.0.0.0:$PORT"]
)

export const Release = line(
  "What has to succeed in a new container before it takes over from the old one, e.g. a migration: a text that a shell reads. It runs at each start of a container, before the `command`",
  ["bin/rails db:migrate"]
)

/** Whether Coolify builds it with nixpacks or railpack, the only ones that take its commands. */
export const takesCommands = (source: Source): boolean =>
  source._tag === "Git" && (source.buildPack === "nixpacks" || source.buildPack === "railpack")

const isStatic = (source: Source): boolean => source._tag === "Git" && source.buildPack === "static"

/** Complains of a command that Coolify would not take as it is meant. */
export const complainOf = (
  field: Field | undefined,
  encoded: ReturnType<typeof entrypoint>,
  check: Check
): void => {
  if (field !== undefined && Either.isLeft(encoded)) check.complain(field, encoded.left)
}

export const commandIn = (
  given: Given | undefined,
  source: Source | undefined,
  check: Check
): Given | undefined => {
  const field = check.at("command")
  if (given === undefined || source === undefined || field === undefined) return given
  if (isStatic(source)) {
    return check.complain(field, {
      at: field.keyAt,
      message: "`buildPack: static` starts a web server of its own, and no command",
      hint: "remove `command`, or choose another `buildPack`"
    })
  }
  complainOf(field, takesCommands(source) ? buildCommand(given) : entrypoint(given), check)
  return given
}

/** The release command, which becomes a part of the command that the container starts with. */
export const releaseIn = (
  release: string | undefined,
  command: Given | undefined,
  source: Source | undefined,
  check: Check
): string | undefined => {
  const field = check.at("release")
  if (release === undefined || source === undefined || field === undefined) return release
  if (isStatic(source)) {
    return check.complain(field, {
      at: field.keyAt,
      message: "`buildPack: static` starts a web server of its own, and nothing before it",
      hint: "remove `release`, or choose another `buildPack`"
    })
  }
  if (command === undefined) {
    if (check.isFaulty("command")) return release
    return check.complain(field, {
      at: field.keyAt,
      message: "`release` runs in the container before its command, and there is no `command`",
      hint: "write under `command` what is to be started, for an image what its ENTRYPOINT and CMD say"
    })
  }
  if (typeof command !== "string" && command.some((word) => /[^A-Za-z0-9._\-/:=@,+%^]/.test(word))) {
    return check.complain(field, {
      message: "with a `release`, a shell reads the words of the `command` too",
      hint: "write the command as one text, or put it into a script in the image"
    })
  }
  const encode = takesCommands(source) ? buildCommand : entrypoint
  const alone = encode(release)
  if (Either.isLeft(alone)) complainOf(field, alone, check)
  else if (Either.isRight(encode(command))) complainOf(field, encode(afterRelease(release, command)), check)
  return release
}

/**
 * Which values reach a container byte for byte, and why the others do not. Pure.
 *
 * Coolify writes a `.env` that Docker Compose reads. It trims what it is sent (TrimStrings in app/Http/Kernel.php). Then it
 * writes JSON objects and arrays as they are, a literal or multiline value between single quotes without any escape, and
 * anything else bare with a backslash before `\`, `'` and `"` that stays in the value (realValue in
 * Models/EnvironmentVariable.php). Measured on Coolify 4.3.11 with Compose 2.26.1, a deployment for each class.
 *
 * `'` could be written as `\'`, and values may end in an even number of `\`: Compose 2.26.1 reads both so, 2.21 did not
 * (docker/compose#11276). Which one a server has is not known here, so neither is sent.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

/** Why a value would not arrive as it is written. Neither text shows the value. */
export interface ValueProblem {
  readonly kind:
    | "Control"
    | "OnlyBlanks"
    | "FinalBreak"
    | "Blank"
    | "Quote"
    | "Backslash"
    | "JsonLines"
    | "JsonReference"
    | "JsonComment"
  /** Follows the name of the variable: `ends in a line break, which Coolify drops`. */
  readonly what: string
  readonly hint: string
}

// oxlint-disable-next-line no-control-regex -- they are what is searched for
const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]|\p{Cs}/u

/** What Str::trim of Laravel 11 takes from both ends besides the blanks of `\s`. */
export const droppedCharacter =
  /[\s\u00AD\u061C\u115F\u1160\u180E\u200B-\u200F\u2060-\u2065\u206A-\u206F\u2800\u3164\uFFA0\u{1D159}\u{1D173}-\u{1D17A}\u{E0020}]|\u034F|\u17B4|\u17B5/u

const nameOf = (character: string): string => {
  if (character === "\n" || character === "\r") return "a line break"
  if (character === " ") return "a blank"
  if (character === "\t") return "a tab"
  return `the unseen character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`
}

const endsProblem = (value: string): ValueProblem | undefined => {
  const characters = Array.from(value)
  const isDropped = (character: string | undefined) =>
    character !== undefined && droppedCharacter.test(character)
  const [first] = characters
  const last = characters.at(-1)
  if (first === undefined || last === undefined) return undefined
  if (characters.every(isDropped)) {
    return {
      kind: "OnlyBlanks",
      what: "would arrive empty: Coolify drops blanks at the ends of a value, and there is nothing else in it",
      hint: 'write "" if it is to be empty; a blank has to be the application\'s own default'
    }
  }
  if (!isDropped(first) && isDropped(last) && /[\r\n]/.test(last)) {
    return {
      kind: "FinalBreak",
      what: "ends in a line break, which Coolify drops",
      hint: "take the line break at its end away"
    }
  }
  const places = [
    ...(isDropped(first) ? [`begins with ${nameOf(first)}`] : []),
    ...(isDropped(last) ? [`ends in ${nameOf(last)}`] : [])
  ]
  return places.length === 0
    ? undefined
    : {
        kind: "Blank",
        what: `${places.join(" and ")}: Coolify drops blanks and unseen characters at the ends of a value`,
        hint: "take them away; an application that needs them has to add them itself"
      }
}

/** Whether Coolify writes the value as it is. Its json_validate refuses half characters and deep nesting that JavaScript takes. */
const jsonKind = (value: string): "json" | "perhaps" | "text" => {
  if (!/^[{[]/.test(value) || Either.isLeft(Schema.decodeEither(Schema.parseJson())(value))) return "text"
  return /\\ud[89a-f]/i.test(value) || value.replace(/[^[{]/g, "").length > 400 ? "perhaps" : "json"
}

/** What Compose expands in a bare value: `$NAME`, `${...}`, and `$$`, which becomes one `$`. */
const expanded = /\$[A-Za-z_{$]/

const jsonProblem = (value: string): ValueProblem | undefined => {
  const because = "Coolify writes JSON into .env without quotes"
  if (/[\r\n]/.test(value)) {
    return {
      kind: "JsonLines",
      what: `is JSON over several lines, which stops the deployment: ${because}`,
      hint: "write it on one line"
    }
  }
  if (expanded.test(value)) {
    return {
      kind: "JsonReference",
      what: `is JSON with a \`$\` that would be replaced: ${because}`,
      hint: "write the `$` as \\u0024 inside its strings: to a JSON parser it is the same"
    }
  }
  return value.includes(" #")
    ? {
        kind: "JsonComment",
        what: `is JSON with \` #\` in it, where it would be cut off: ${because}`,
        hint: "write the blank before the `#` as \\u0020: to a JSON parser it is the same"
      }
    : undefined
}

const quotedProblem = (value: string): ValueProblem | undefined => {
  if (value.includes("'")) {
    return {
      kind: "Quote",
      what: "contains a `'`, which stops the deployment: Coolify puts the value between such quotes in .env and escapes none",
      hint: "take it out, or write it in another way: %27 in a URL, \\u0027 in a string of JSON, base64"
    }
  }
  return value.endsWith("\\")
    ? {
        kind: "Backslash",
        what: "ends in a `\\`, which can stop the deployment: Coolify puts the value between quotes in .env, and the last one counts as escaped",
        hint: "take it away, or put something behind it that the application ignores"
      }
    : undefined
}

/**
 * Why a value that is sent as literal would not arrive byte for byte, or only with some versions of Compose; `undefined`: it
 * arrives.
 */
export const valueProblem = (value: string): ValueProblem | undefined => {
  if (control.test(value)) {
    return {
      kind: "Control",
      what: "contains a control character, or half a character",
      hint: "write it in another way, base64 for one"
    }
  }
  const ends = endsProblem(value)
  if (ends !== undefined) return ends
  const json = jsonKind(value)
  return (
    (json === "text" ? undefined : jsonProblem(value)) ?? (json === "json" ? undefined : quotedProblem(value))
  )
}

const shared = /\{\{\s*((?:team|project|environment|server)\.[^\s{}]+)\s*\}\}/g

/**
 * The shared variables that a value names (`team.SMTP_HOST`). Coolify puts their values in their place with each deployment,
 * in a literal value too and inside a longer text; of a name that it does not have the text stays (recorded on 4.3.11).
 */
export const sharedIn = (value: string): ReadonlyArray<string> => [
  ...new Set([...value.matchAll(shared)].flatMap(([, name]) => name ?? []))
]

/** Whether there is nothing in a value but the name of a shared variable, so that it tells no secret. */
export const isShared = (value: string): boolean =>
  sharedIn(value).length > 0 && value.replaceAll(shared, "").trim() === ""

interface Flags {
  readonly isLiteral: boolean
  readonly isMultiline: boolean
}

/** Whether a variable that is there arrives as its text says, and would do so as well if fabrik wrote it. */
export const arrivesAsWritten = (value: string, flags: Flags): boolean =>
  valueProblem(value) === undefined &&
  (flags.isLiteral ||
    flags.isMultiline ||
    jsonKind(value) === "json" ||
    !(/[\\'"\t\r\n]/.test(value) || expanded.test(value) || value.includes(" #")))

/** Whether Compose may stop at a variable that is there: its error then repeats a part of the value. */
export const mayStopDeployment = (value: string, { isLiteral, isMultiline }: Flags): boolean =>
  jsonKind(value) === "text" && (isLiteral || isMultiline)
    ? value.includes("'") || value.endsWith("\\")
    : /[\r\n]|\$\{/.test(value) || jsonKind(value) === "perhaps"

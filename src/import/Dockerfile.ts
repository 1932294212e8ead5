/** What a Dockerfile starts, for where a spec has to say it: its `command` replaces ENTRYPOINT and CMD alike. */
import type { Cursor } from "./Cursor.ts"
import type { Draft, Value } from "./Draft.ts"
import { besideOf, type Job } from "./Input.ts"
import { asLine } from "./Words.ts"

interface Starts {
  readonly entrypoint: ReadonlyArray<string> | string | undefined
  readonly cmd: ReadonlyArray<string> | string | undefined
}

/** The words of the JSON form, or the text of the shell's. */
const said = (text: string): ReadonlyArray<string> | string => {
  try {
    const words: unknown = JSON.parse(text)
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words
  } catch {
    return text
  }
  return text
}

/** Of the last stage. Docker: a CMD of the base image is not seen, and an ENTRYPOINT resets it. */
const startsIn = (dockerfile: string): Starts => {
  const lines = dockerfile
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.trim())
  const last = lines.slice(lines.findLastIndex((line) => /^FROM\s/i.test(line)) + 1)
  const of = (word: string) => {
    const line = last.findLast((one) => one.toUpperCase().startsWith(`${word} `))
    return line === undefined ? undefined : said(line.slice(word.length).trim())
  }
  return { entrypoint: of("ENTRYPOINT"), cmd: of("CMD") }
}

const isText = (value: Value | undefined): value is string => typeof value === "string"

/**
 * Completes `command` by what the Dockerfile at `path`, from the imported file on, starts; where it is not there, a
 * comment says what to look for.
 */
export const completeCommand = (job: Job, draft: Draft, path: string, from: Cursor): void => {
  const command = draft.get("command")
  if (command === undefined && draft.get("release") === undefined) return
  const text = besideOf(job, path.replace(/^\.?\//, ""))
  if (text === undefined) {
    if (command !== undefined)
      draft.comment(
        "command",
        "It replaces the ENTRYPOINT of the image as well as its CMD: where the Dockerfile has one, write it in front."
      )
    return
  }
  const { cmd, entrypoint } = startsIn(text)
  if (command === undefined) {
    const words = [entrypoint, cmd].filter((one) => one !== undefined)
    if (words.length === 0) return
    draft.set("command", words.map(asLine).join(" "), from)
    draft.comment("command", `What ${path} starts: the release command runs in front of it.`)
  } else if (entrypoint !== undefined) {
    const given = isText(command) ? command : Array.isArray(command) ? command.map(String) : []
    const isWords = typeof entrypoint !== "string" && typeof given !== "string"
    draft.set("command", isWords ? [...entrypoint, ...given] : `${asLine(entrypoint)} ${asLine(given)}`, from)
    draft.comment("command", `With the ENTRYPOINT of ${path}, which it replaces.`)
  }
}

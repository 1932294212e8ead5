/**
 * What of a text a container gets as a file, and which texts it cannot get. Pure.
 *
 * Coolify trims what it is sent, keeps it in PostgreSQL, and writes it to the server through `echo BASE64 | base64 -d` in one
 * argument of a shell, of which Linux takes 128 KiB (saveStorageOnServer in Models/LocalFileVolume.php at 4.3.11). What is
 * trimmed was measured, the rest is read in its source.
 */
import * as Either from "effect/Either"
import { droppedCharacter } from "./VariableValue.ts"

/** Of a file, in bytes of UTF-8. */
export const maxFileBytes = 65_536

export interface FileProblem {
  /** Follows the name of the file. Never shows the text. */
  readonly what: string
  readonly hint: string
}

export interface Arriving {
  readonly text: string
  /** The line break at its end does not arrive. */
  readonly losesBreak: boolean
}

export const tooLargeFile: FileProblem = {
  what: `is larger than ${maxFileBytes / 1024} KiB: Coolify writes a file with one command of the server's shell, which takes no more`,
  hint: "put it into the image, or let the application fetch it"
}

/** Coolify has these in the place of what it could not read. */
const remarks = ["[binary file]", "[file too large to display]"]

const problemOf = (text: string): FileProblem | undefined => {
  if (Buffer.byteLength(text) > maxFileBytes) return tooLargeFile
  // oxlint-disable-next-line no-control-regex -- it is what is searched for
  if (/\u0000|\p{Cs}/u.test(text)) {
    return { what: "is no text: Coolify keeps no zero byte", hint: "put it into the image" }
  }
  if (text.startsWith("\uFEFF")) {
    return { what: "begins with a byte order mark, which Coolify drops", hint: "save it without one" }
  }
  const characters = Array.from(text)
  const [first, last] = [characters[0], characters.at(-1)]
  const end = last !== undefined && droppedCharacter.test(last) ? "ends" : undefined
  const start = first !== undefined && droppedCharacter.test(first) ? "begins" : undefined
  if (start !== undefined || end !== undefined) {
    return {
      what: `${[start, end].filter(Boolean).join(" and ")} with blanks or empty lines, which Coolify drops`,
      hint: "take them away: but for the line break of the last line a file arrives byte for byte, or not at all"
    }
  }
  if (text === "0") {
    return {
      what: "would arrive empty: Coolify takes a lone 0 for nothing",
      hint: "write something beside it"
    }
  }
  return remarks.includes(text)
    ? {
        what: "is what Coolify itself writes in place of a file that it cannot read",
        hint: "write something else"
      }
    : undefined
}

/** Only the line break of its last line may be lost on the way: nearly every text has one, and few readers need it. */
export const arriving = (written: string): Either.Either<Arriving, FileProblem> => {
  const text = written.replace(/\r?\n$/, "")
  const problem = problemOf(text)
  return problem === undefined ? Either.right({ text, losesBreak: text !== written }) : Either.left(problem)
}

/** `3 lines, 42 bytes`: what may be shown of a file's text. */
export const sizeOf = (text: string): string => {
  const lines = text === "" ? 0 : text.split("\n").length
  const bytes = Buffer.byteLength(text)
  return `${lines} ${lines === 1 ? "line" : "lines"}, ${bytes} ${bytes === 1 ? "byte" : "bytes"}`
}

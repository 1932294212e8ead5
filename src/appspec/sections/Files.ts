/** `files`: texts that the application finds at paths of its container. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { arriving } from "../../coolify/FileContent.ts"
import type { Check } from "../Decode.ts"
import { anyScalar, map, oneOf, record, text, wrongKind } from "../Form.ts"
import { type Complaint, quote } from "../Report.ts"
import { type Volume, containerPath } from "./Volumes.ts"

/** A file as the container gets it. */
export interface SpecFile {
  /** Where the container has it; absolute. */
  readonly path: string
  /** The file beside the spec that holds the text, as the spec names it; absent: the spec itself holds it. */
  readonly from?: string
  /** `undefined`: the file beside the spec was not read. */
  readonly content: Redacted.Redacted<string> | undefined
  /** The line break at its end does not arrive. */
  readonly losesBreak: boolean
}

/** What stands in the files beside a spec, or why that is not known, by the names that the spec gives them. */
export type Beside = ReadonlyMap<string, Either.Either<string, Complaint>>

const form =
  "e.g. `files: { /etc/app.conf: ./app.conf }`, or `/etc/app.conf: { content: ... }` with the text itself"

const complaint = (message: string, hint = form): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

const isBelow = (name: string): boolean =>
  !/^[/~\\]|^[A-Za-z]:[/\\]/.test(name) && !name.split(/[/\\]/).includes("..")

/** A name has no line break, so a text with one is no name. */
export const nameOrText = (description: string, example: string) =>
  text({ description, examples: [example] }, (written) => {
    if (/\n./s.test(written)) return Either.right(written)
    if (written.includes("\n")) {
      return complaint(
        `${quote(written.trim())} may be the name of a file, or a text of one line`,
        "write the name without a line break, or `{ content: ... }` for the text"
      )
    }
    return isBelow(written) && !written.includes("\0")
      ? Either.right(written)
      : complaint(
          `${quote(written)} is not below the spec's folder`,
          "copy it there: whoever writes a spec would otherwise get any file of this machine"
        )
  })

const long = map(
  {
    content: anyScalar({ description: "The text of the file, as the container gets it" }, (field) =>
      wrongKind(field, "text")
    )
  },
  {
    description: "The text itself",
    hint: form,
    missing: ({ path }) => ({ message: `\`${path}\` needs \`content\``, hint: form }),
    elsewhere: {
      file: "write the name alone: `/etc/app.conf: ./app.conf`",
      from: "write the name alone: `/etc/app.conf: ./app.conf`",
      mode: "Coolify gives every file the mode 0755",
      source: "write the name alone: `/etc/app.conf: ./app.conf`"
    }
  }
)

const file = Schema.transform(
  oneOf(
    [
      nameOrText(
        "A file at or below the spec's folder; a text of several lines is the file itself",
        "./app.conf"
      ),
      long
    ],
    ({ node }) => (node._tag === "Map" ? 1 : 0),
    {
      description: "The name of a file beside the spec, or `{ content }` with the text itself"
    }
  ),
  Schema.Union(Schema.Struct({ from: Schema.String }), Schema.Struct({ content: Schema.String })),
  {
    strict: true,
    decode: (given) =>
      typeof given !== "string" ? given : given.includes("\n") ? { content: given } : { from: given },
    encode: (file) => ("from" in file ? file.from : file)
  }
)

export const Files = record(containerPath, file, {
  description:
    "Files that the application finds at paths of its container: `PATH: NAME` of a file beside the spec, or with the text itself. A changed file is deployed",
  keyForm: "An absolute path of the container, without spaces",
  value: (field) => wrongKind(field, "a map of paths to files", form),
  key: (path) => ({
    message: `${quote(path)} is no path that a file can have`,
    hint: "an absolute path of the container, without spaces"
  })
})

/** @param beside without it such files are not read. */
export const filesIn = (
  given: typeof Files.Type | undefined,
  volumes: ReadonlyArray<Volume>,
  beside: Beside | undefined,
  check: Check
): ReadonlyArray<SpecFile> => {
  const paths = Object.keys(given ?? {})
  return Object.entries(given ?? {}).flatMap(([path, written]): ReadonlyArray<SpecFile> => {
    const field = check.at("files", path)
    const complain = (problem: Complaint) => {
      if (field !== undefined) check.complain(field, problem)
      return []
    }
    if (volumes.some((volume) => volume.path === path)) {
      return complain({
        message: `a volume is mounted at ${quote(path)} too`,
        hint: "give one of them another path"
      })
    }
    const inside = paths.find((other) => other.startsWith(`${path}/`))
    if (inside !== undefined) {
      return complain({
        message: `${quote(path)} is a file, and so cannot hold ${quote(inside)}`,
        hint: "give one of them another path"
      })
    }
    const from = "from" in written ? written.from : undefined
    const source = from === undefined ? {} : { from }
    const found = "content" in written ? Either.right(written.content) : beside?.get(written.from)
    if (found === undefined) return [{ path, ...source, content: undefined, losesBreak: false }]
    const read = Either.flatMap(found, (text) =>
      Either.mapLeft(arriving(text), ({ hint, what }): Complaint => ({
        message: `${from === undefined ? "the text" : quote(from)} ${what}`,
        hint
      }))
    )
    return Either.isLeft(read)
      ? complain(read.left)
      : [{ path, ...source, content: Redacted.make(read.right.text), losesBreak: read.right.losesBreak }]
  })
}

/** As {@link filesIn} reads them. */
export const filesOut = (files: ReadonlyArray<SpecFile> = []): { readonly files?: typeof Files.Type } =>
  files.length === 0
    ? {}
    : {
        files: Object.fromEntries(
          files.map(({ content, from, losesBreak, path }) => {
            const text = content === undefined ? "" : Redacted.value(content)
            return [path, from === undefined ? { content: losesBreak ? `${text}\n` : text } : { from }]
          })
        )
      }

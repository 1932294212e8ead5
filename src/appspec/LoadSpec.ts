import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { dirname, join, sep } from "node:path"
import { maxFileBytes, tooLargeFile } from "../coolify/FileContent.ts"
import type { Environment } from "./Interpolate.ts"
import { maxSpecBytes, parseSpecs, tooLarge } from "./ParseSpec.ts"
import { type Complaint, quote } from "./Report.ts"
import { besideOf } from "./Beside.ts"
import { maxComposeBytes, tooLargeCompose } from "../coolify/ComposeText.ts"
import type { Spec } from "./Spec.ts"
import { SpecError } from "./SpecError.ts"

const whole = (file: string, message: string, hint?: string): SpecError =>
  new SpecError({ file, problems: [{ line: 0, column: 0, path: "", message, hint }] })

const explain = (file: string, error: PlatformError): SpecError => {
  if (error._tag === "BadArgument") return whole(file, "this is not a file name")
  switch (error.reason) {
    case "NotFound":
      return whole(file, "there is no such file", "check the path")
    case "PermissionDenied":
      return whole(file, "no permission to read the file", "check who owns it and its mode (ls -l)")
    case "BadResource":
      return whole(file, "there is no such file", "a part of its path is not a folder")
    default:
      return whole(file, "the file cannot be read", error.description)
  }
}

/** At most one byte over the limit is read of a file, even of one that grows after its size was asked for. */
const readRegular = Effect.fnUntraced(function* (path: string, most = maxSpecBytes) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.open(path, { flag: "r" })
  const chunks: Array<Uint8Array> = []
  let size = 0
  while (size <= most) {
    const chunk = yield* file.readAlloc(most + 1 - size)
    if (Option.isNone(chunk)) break
    chunks.push(chunk.value)
    size += chunk.value.length
  }
  return Buffer.concat(chunks)
}, Effect.scoped)

const readBytes = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs.stat(path)
  switch (info.type) {
    case "File":
      if (info.size > maxSpecBytes) return yield* new SpecError({ file: path, problems: [tooLarge] })
      return yield* readRegular(path)
    // `fabrik apply <(envsubst < spec.yaml)`: a pipe has no size and cannot be read by position.
    case "FIFO":
      return yield* fs.readFile(path)
    case "Directory":
      return yield* whole(path, "a folder, not a file", "name the spec inside it")
    default:
      return yield* whole(path, "a device, not a file")
  }
})

const decode = (bytes: Uint8Array, file: string): Either.Either<string, SpecError> =>
  Either.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => whole(file, "the file is not UTF-8 text", "save it as UTF-8")
  })

/** The text of the spec at `path`. */
export const readSpec = Effect.fn("readSpec")(function* (path: string) {
  const bytes = yield* readBytes(path).pipe(
    Effect.mapError((error) => (error._tag === "SpecError" ? error : explain(path, error)))
  )
  if (bytes.length > maxSpecBytes) return yield* new SpecError({ file: path, problems: [tooLarge] })
  return yield* decode(bytes, path)
})

/** What stands in the files that the spec at `file` names, by the names that it gives them. */
const readBeside = Effect.fn("readBeside")(function* (file: string, spec: Spec) {
  const fs = yield* FileSystem.FileSystem
  const folder = dirname(file)
  const readOne = Effect.fnUntraced(function* (name: string) {
    const path = join(folder, name)
    // A link may lead anywhere.
    const [real, home] = yield* Effect.all([fs.realPath(path), fs.realPath(folder)])
    const { type } = yield* fs.stat(real)
    if (real !== home && !real.startsWith(home.endsWith(sep) ? home : `${home}${sep}`)) {
      return unread(name, "leads out of the spec's folder", "copy it there")
    }
    if (type !== "File") {
      return unread(name, type === "Directory" ? "is a folder" : "is a device", "name a file")
    }
    const isCompose = spec.source._tag === "Compose" && spec.source.from === name
    const [most, said] = isCompose ? [maxComposeBytes, tooLargeCompose] : [maxFileBytes, tooLargeFile]
    const bytes = yield* readRegular(real, most)
    return bytes.length > most
      ? unread(name, said.what, said.hint)
      : Either.try({
          try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
          catch: (): Complaint => ({
            message: `${quote(name)} is not UTF-8 text`,
            hint: "save it as UTF-8; what is no text belongs into the image"
          })
        })
  })
  const read = yield* Effect.forEach(besideOf(spec), (name) =>
    Effect.catchAll(readOne(name), (error) => {
      const [first] = explain(name, error).problems
      return Effect.succeed(
        unread(
          name,
          `cannot be read: ${first?.message}`,
          `${first?.hint ?? "check the path"}; it is looked for from the spec's folder`
        )
      )
    }).pipe(Effect.map((found) => [name, found] as const))
  )
  return new Map(read)
})

const unread = (name: string, what: string, hint: string): Either.Either<string, Complaint> =>
  Either.left({ message: `${quote(name)} ${what}`, hint })

/** The same as {@link parseSpecs}, with what stands in the files beside the spec at `file`. */
export const parseWhole = Effect.fn("parseWhole")(function* (
  text: string,
  file: string,
  environment?: Environment
) {
  const specs = yield* parseSpecs(text, file, environment)
  if (specs.every((spec) => besideOf(spec).length === 0)) return specs
  const read = yield* Effect.forEach(specs, (spec) => readBeside(file, spec))
  return yield* parseSpecs(text, file, environment, new Map(read.flatMap((one) => [...one])))
})

/** The same as {@link loadSpecs}, with what stands in the files beside it. */
export const loadWhole = Effect.fn("loadWhole")(function* (path: string) {
  return yield* parseWhole(yield* readSpec(path), path)
})

/**
 * Reads and parses the spec at `path`, one for each of its processes. Fails with everything wrong at once; the file is
 * named as `path` names it.
 */
export const loadSpecs = Effect.fn("loadSpecs")(function* (path: string) {
  return yield* parseSpecs(yield* readSpec(path), path)
})

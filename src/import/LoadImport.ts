/** The file to import with what it needs around it: files beside it, and the repository that it is part of. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { importFile } from "./Import.ts"
import { ImportError } from "./ImportError.ts"
import type { Imported, Input } from "./Input.ts"
import { publicAddress } from "./Address.ts"
import { originIn } from "./Origin.ts"

/** Bytes: the largest of Coolify's own templates has a tenth of it. */
const largest = 1024 * 1024

const whole = (file: string, detail: string, next: string): ImportError =>
  new ImportError({ file, line: 0, column: 0, detail, next })

const explain = (file: string, error: PlatformError): ImportError =>
  error._tag === "SystemError" && error.reason === "NotFound"
    ? whole(file, "there is no such file", "check the path")
    : error._tag === "SystemError" && error.reason === "PermissionDenied"
      ? whole(file, "no permission to read the file", "check who owns it and its mode (ls -l)")
      : whole(file, "the file cannot be read", "name a file")

const read = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const { size, type } = yield* fs.stat(path)
  if (type === "Directory") return yield* whole(path, "a folder, not a file", "name the file inside it")
  if (type !== "File" && type !== "FIFO") return yield* whole(path, "a device, not a file", "name a file")
  if (size > largest)
    return yield* whole(path, `the file is larger than ${largest / 1024} KiB`, "is this the right file?")
  const bytes = yield* fs.readFile(path)
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => whole(path, "the file is not UTF-8 text", "save it as UTF-8")
  })
})

/** Nothing of what lies beside it has to be there; what leads out of its folder is not looked at. */
const readBeside = Effect.fnUntraced(function* (folder: string, names: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.realPath(folder)
  const found = yield* Effect.forEach(names, (name) =>
    Effect.gen(function* () {
      const real = yield* fs.realPath(join(folder, name))
      if (!real.startsWith(home.endsWith(sep) ? home : `${home}${sep}`)) return []
      return [[name, yield* read(real)] as const]
    }).pipe(Effect.orElseSucceed(() => []))
  )
  return new Map(found.flat())
})

export interface ImportOptions {
  /** Where the specs are to be written; `undefined`: nowhere. */
  readonly output: string | undefined
  readonly domain: string | undefined
  readonly git: string | undefined
  readonly branch: string | undefined
}

/** How a spec in `folder` names `file`: only what is at or below its folder can be named. */
const namedFrom = (folder: string, file: string): string | undefined => {
  const path = relative(folder, file)
  return path === "" || path.startsWith("..") || resolve(path) === path
    ? undefined
    : `./${path.split(sep).join("/")}`
}

/** Reads the file at `path` and what it names, and makes specs of it. */
export const loadImport = Effect.fn("loadImport")(function* (path: string, options: ImportOptions) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(read(path), (error) =>
    error._tag === "ImportError" ? error : explain(path, error)
  )
  const file = yield* Effect.orElseSucceed(fs.realPath(path), () => resolve(path))
  const folder = dirname(file)
  const origin = yield* originIn(folder)
  const there = options.output ?? "."
  const specs = yield* Effect.orElseSucceed(fs.realPath(there), () => resolve(there))
  const base = basename(path)
  const self = namedFrom(specs, file)
  const input: Input = {
    file: path,
    base,
    folder: basename(folder),
    text,
    beside: new Map(),
    origin,
    git: options.git === undefined ? undefined : publicAddress(options.git),
    branch: options.branch,
    domain: options.domain,
    self,
    copy: options.output === undefined || self !== undefined ? undefined : base
  }
  const first = yield* importFile(input)
  if (first.wanted.length === 0) return first
  const beside = yield* readBeside(folder, first.wanted).pipe(
    Effect.orElseSucceed(() => new Map<string, string>())
  )
  return beside.size === 0
    ? first
    : yield* Either.map(importFile({ ...input, beside }), (one): Imported => one)
})

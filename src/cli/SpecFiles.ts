/** Which files a command means that is given specs, folders of them and patterns. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { basename, join } from "node:path"
import type { Spec } from "../appspec/Spec.ts"
import { SpecError } from "../appspec/SpecError.ts"

const isSpecName = (name: string): boolean => /\.ya?ml$/i.test(name) && !name.startsWith(".")

const isComposeName = (name: string): boolean =>
  /^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/i.test(name) || /\.compose\.ya?ml$/i.test(name)

/** A compose file stands beside the spec that names it, and is none itself; a spec may be called `compose-api.yaml`. */
const isNoCompose = Effect.fnUntraced(function* (path: string) {
  if (!isComposeName(basename(path))) return true
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.orElseSucceed(fs.readFileString(path), () => "")
  return /^(?:source|template)\s*:/m.test(text) && !/^services\s*:/m.test(text)
})

const isPattern = (word: string): boolean => /[*?]/.test(word)

const problem = (file: string, message: string, hint: string) =>
  new SpecError({ file, problems: [{ line: 0, column: 0, path: "", message, hint }] })

/**
 * The specs that `words` name, each once: a file as it is; of a folder the YAML files in it, without compose files and
 * without folders below it; of a pattern (`*` and `?` in a file's name, `**` for folders) what matches.
 */
export const specFiles = Effect.fn("specFiles")(function* (words: ReadonlyArray<string>) {
  const all = yield* Effect.forEach(words, filesOf)
  return [...new Set(all.flat())]
})

/** Whether they mean several specs by their form; `target` chooses among such. */
export const namesSeveral = Effect.fn("namesSeveral")(function* ({
  files,
  target
}: {
  readonly files: ReadonlyArray<string>
  readonly target: ReadonlyArray<string>
}) {
  const [first = ""] = files
  return target.length > 0 || files.length > 1 || (yield* isFolder(first)) || (yield* matchesNothing(first))
})

/** Whether a file's specs are the processes of one. */
export const hasProcesses = (specs: ReadonlyArray<Spec>): boolean =>
  specs.some(({ process }) => process !== undefined)

const filesOf = Effect.fnUntraced(function* (word: string) {
  if (yield* isFolder(word)) {
    const names = yield* namesIn(word)
    const paths = names.filter(isSpecName).map((name) => join(word, name))
    const specs = yield* Effect.filter(paths, isNoCompose)
    if (specs.length > 0) return specs
    return yield* problem(
      word,
      "this folder has no spec in it",
      "name a folder with .yaml files, or the files"
    )
  }
  if (!(yield* matchesNothing(word))) return [word]
  const found = yield* matching(word)
  if (found.length > 0) return found
  return yield* problem(word, "no file matches this pattern", "check it; a shell expands it without quotes")
})

const isFolder = Effect.fnUntraced(function* (word: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(word).pipe(
    Effect.map(({ type }) => type === "Directory"),
    Effect.orElseSucceed(() => false)
  )
})

/** A pattern that is not the name of a file as it stands. */
const matchesNothing = Effect.fnUntraced(function* (word: string) {
  const fs = yield* FileSystem.FileSystem
  return isPattern(word) && !(yield* Effect.orElseSucceed(fs.exists(word), () => false))
})

const namesIn = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
  return names.toSorted()
})

/** By folders, so that only those are read that can match. */
const matching = Effect.fnUntraced(function* (pattern: string) {
  const isAbsolute = pattern.startsWith("/")
  let places: ReadonlyArray<string> = [isAbsolute ? "/" : ""]
  const parts = pattern.split("/").filter((part) => part !== "")
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    const next = yield* Effect.forEach(places, (place) =>
      part === "**" ? foldersBelow(place) : childrenOf(place, part, isLast)
    )
    places = next.flat()
  }
  return places.filter((place) => isSpecName(basename(place)))
})

const childrenOf = Effect.fnUntraced(function* (place: string, part: string, isLast: boolean) {
  if (!isPattern(part)) return [join(place, part)]
  const form = new RegExp(
    `^${part
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`
  )
  const names = yield* namesIn(place === "" ? "." : place)
  const paths = names
    .filter((name) => form.test(name) && !name.startsWith("."))
    .map((name) => join(place, name))
  return isLast ? yield* Effect.filter(paths, isNoCompose) : paths
})

const foldersBelow = (place: string): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const names = yield* namesIn(place === "" ? "." : place)
    const paths = names
      .filter((name) => !name.startsWith(".") && name !== "node_modules")
      .map((name) => join(place, name))
    const folders = yield* Effect.filter(paths, isFolder)
    const below = yield* Effect.forEach(folders, foldersBelow)
    return [place, ...below.flat()]
  })

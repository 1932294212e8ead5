/** Files of other tools as people write them, where they lie, and what comes of changing one key of them. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Either from "effect/Either"
import { Document, parse } from "yaml"
import { importFile } from "../../src/import/Import.ts"
import type { Imported, Input } from "../../src/import/Input.ts"
import { isFull, part } from "../reliability/Scale.ts"

const folder = fileURLToPath(new URL("../../../shared/data/specs/", import.meta.url))

/** Paths of the real files of a kind; empty, and said, where the collection is not there. */
export const filesOf = (kind: string): ReadonlyArray<string> => {
  const there = join(folder, kind)
  if (!existsSync(there)) {
    process.stderr.write(`skipped: the collection of files is not at ${there}\n`)
    return []
  }
  return readdirSync(there).map((name) => join(there, name))
}

/** The worker answers vitest between two files alone. */
export const answering = () => new Promise<void>((resolve) => setTimeout(resolve, 1))

/** Those of `paths` whose keys are taken away one at a time: each is read hundreds of times, so few but in the full run. */
export const takenApart = (paths: ReadonlyArray<string>, few: RegExp): ReadonlyArray<string> =>
  part(paths.filter((path) => (isFull || few.test(path)) && !/\.(?:heroku\.yml|Procfile|tsv)$/.test(path)))

const origin = { repository: "https://github.com/acme/shop", branch: "main", folder: "" }

/** As a user imports a file that lies in a work tree with an `origin`, without any disk. */
export const importText = (
  base: string,
  text: string,
  given: Partial<Input> = {}
): ReturnType<typeof importFile> =>
  importFile({
    file: base,
    base,
    folder: "shop",
    text,
    beside: new Map(),
    origin,
    self: `./${base}`,
    ...given
  })

export const imported = (base: string, text: string, given: Partial<Input> = {}): Imported =>
  Either.getOrThrow(importText(base, text, given))

/** The same of a file on disk, with the files beside it that it names. */
export const importPath = (path: string, text = readFileSync(path, "utf8"), given: Partial<Input> = {}) => {
  const first = importText(basename(path), text, given)
  if (Either.isLeft(first)) return first
  const beside = first.right.wanted.flatMap((name) => {
    const there = join(dirname(path), name)
    return existsSync(there) && statSync(there).isFile() ? [[name, readFileSync(there, "utf8")] as const] : []
  })
  return beside.length === 0 ? first : importText(basename(path), text, { ...given, beside: new Map(beside) })
}

/** The specs lie elsewhere, so that what they name of the file goes with them. */
const apart: Partial<Input> = { self: undefined, copy: "copy.yml" }

type Path = ReadonlyArray<string | number>

const pathsIn = (value: unknown, path: Path = []): ReadonlyArray<Path> =>
  Array.isArray(value)
    ? value.flatMap((item, index) => pathsIn(item, [...path, index]))
    : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, item]) => [[...path, key], ...pathsIn(item, [...path, key])])
      : []

const changedAt = (value: unknown, [first, ...rest]: Path, rename: boolean): unknown => {
  if (Array.isArray(value))
    return value.map((item, index) => (index === first ? changedAt(item, rest, rename) : item))
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([key, item]): ReadonlyArray<readonly [string, unknown]> => {
      if (key !== first) return [[key, item]]
      if (rest.length > 0) return [[key, changedAt(item, rest, rename)]]
      return rename ? [[`zz${key}`, item]] : []
    })
  )
}

/** All that is told, without places: they move when a line goes. */
const told = (result: ReturnType<typeof importText>): string =>
  Either.isLeft(result)
    ? `cannot be read: ${result.left.detail}`
    : JSON.stringify([
        result.right.specs,
        result.right.copies,
        result.right.leftOut.map(({ path, reason }) => [path, reason]),
        result.right.notes.map(({ text }) => text)
      ]).replace(/line \d+/g, "line")

/**
 * The keys of a file, as dotted paths, without which, or with another name, nothing would be told otherwise, though no
 * line stands for them or for what they are part of. `write` gives the file's own syntax back.
 */
export const silentKeys = (
  path: string,
  read: (text: string) => unknown = (text) => parse(text, { merge: true }),
  write: (value: unknown) => string = (value) =>
    new Document(value, { aliasDuplicateObjects: false }).toString()
): ReadonlyArray<string> => {
  const value = read(readFileSync(path, "utf8"))
  const whole = importPath(path, write(value), apart)
  // There is no spec that could lack something.
  if (Either.isLeft(whole)) return []
  const lines = [
    ...whole.right.leftOut.map((one) => one.path),
    // What is so anyway has its comment in the spec.
    ...whole.right.specs.flatMap(({ text }) =>
      // Behind the process that it is of.
      [...text.matchAll(/^# (?:[a-z0-9-]+: )?(?:Left out: line \d+, )?([\w.[\]-]+):/gm)].map(
        ([, one = ""]) => one
      )
    )
  ]
  return pathsIn(value).flatMap((at) => {
    const dotted = at.reduce<string>(
      (all, step) => (typeof step === "number" ? `${all}[${step}]` : all === "" ? step : `${all}.${step}`),
      ""
    )
    const isTold = lines.some(
      (line) =>
        line !== "" &&
        (dotted === line || (/^[.[]/.test(dotted.slice(line.length)) && dotted.startsWith(line)))
    )
    return isTold
      ? []
      : ([false, true] as const).flatMap((rename) =>
          told(importPath(path, write(changedAt(value, at, rename)), apart)) === told(whole)
            ? [`${rename ? "renamed" : "removed"} ${dotted}`]
            : []
        )
  })
}

/** The same of TOML, a line at a time: keys of one line, as the file has them below their tables. */
export const silentLines = (path: string): ReadonlyArray<string> => {
  const lines = readFileSync(path, "utf8").split("\n")
  const whole = importPath(path)
  const outcome = told(whole)
  const paths = Either.isLeft(whole) ? [] : whole.right.leftOut.map((one) => one.path)
  let table = ""
  return lines.flatMap((line, index) => {
    table = /^\s*\[+([\w.]+)\]+/.exec(line)?.[1] ?? table
    const [, indent = "", key] = /^(\s*)([\w-]+)\s*=/.exec(line) ?? []
    if (key === undefined) return []
    const dotted = table === "" ? key : `${table}.${key}`
    if (
      paths
        .map((one) => one.replace(/\[\d+\]/g, ""))
        .some((one) => dotted === one || dotted.startsWith(`${one}.`))
    )
      return []
    return ([false, true] as const).flatMap((rename) => {
      const changed = rename ? line.replace(/^\s*/, `${indent}zz`) : ""
      const text = lines.map((one, at) => (at === index ? changed : one)).join("\n")
      return told(importPath(path, text)) === outcome ? [`${rename ? "renamed" : "removed"} ${dotted}`] : []
    })
  })
}

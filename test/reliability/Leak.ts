/**
 * Looks for secrets in what a run leaves behind, by undoing encodings instead of making them: what an encoder of fabrik's
 * forgets is found all the same.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { assert } from "vitest"
import { note } from "./Scale.ts"

/** So many characters in a row of a secret are a leak: whatever is cut off or painted over must leave less. */
const telling = 10

const unescaped = (text: string): string =>
  text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.))/gsu,
    (_, code: string | undefined, character: string | undefined) =>
      code === undefined
        ? ({ n: "\n", r: "\r", t: "\t" }[character ?? ""] ?? character ?? "")
        : String.fromCharCode(Number.parseInt(code, 16))
  )

const percentDecoded = (text: string): string =>
  text.replace(/(?:%[0-9a-fA-F]{2})+/gu, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8")
  )

const htmlDecoded = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/gu, (all, decimal, hex, name) =>
    decimal !== undefined
      ? String.fromCodePoint(Number(decimal))
      : hex !== undefined
        ? String.fromCodePoint(Number.parseInt(hex, 16))
        : ({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }[String(name)] ?? all)
  )

const shellDecoded = (text: string): string => text.replace(/'\\+''/gu, "'")

/** Lines that the screen has broken, as one. */
const joined = (text: string): string => text.replace(/\n[ |]*/gu, "")

const shifted = (runs: Iterable<RegExpMatchArray>, offsets: number, encoding: BufferEncoding): string =>
  [...runs]
    .flatMap(([run]) =>
      Array.from({ length: offsets }, (_, offset) =>
        Buffer.from(run.slice(offset).replaceAll("-", "+").replaceAll("_", "/"), encoding).toString("latin1")
      )
    )
    .join("\n")

const views = (text: string): ReadonlyArray<string> =>
  [text, joined(text), joined(text).replaceAll(" ", "")].flatMap((seen) => [
    seen,
    unescaped(seen),
    unescaped(unescaped(seen)),
    percentDecoded(seen),
    percentDecoded(seen.replaceAll("+", " ")),
    percentDecoded(unescaped(seen)),
    htmlDecoded(seen),
    htmlDecoded(unescaped(seen)),
    shellDecoded(seen),
    shifted(seen.matchAll(/[A-Za-z0-9+/_-]{12,}/gu), 4, "base64"),
    shifted(seen.matchAll(/[0-9a-fA-F]{16,}/gu), 2, "hex")
  ])

/** A number that tells of the last four characters alone: the fifth has been shifted out of it. */
const rolled = (hash: number, text: string, at: number): number =>
  ((hash << 4) ^ text.charCodeAt(at)) & 0xffff

/** The names of the secrets of which the text holds more than a hint, in whatever form. */
export const leaksIn = (secrets: Readonly<Record<string, string>>, text: string): ReadonlyArray<string> => {
  const pieces = new Map<string, Array<string>>()
  const isEnd = new Uint8Array(0x1_0000)
  const found = new Set<string>()
  const seen = views(text).join("\u0000")
  for (const [name, secret] of Object.entries(secrets)) {
    if (secret.length < telling && seen.includes(secret)) found.add(name)
    for (let at = 0; at + telling <= secret.length; at++) {
      const piece = secret.slice(at, at + telling)
      pieces.set(piece, [...(pieces.get(piece) ?? []), name])
      isEnd[[6, 7, 8, 9].reduce((hash, last) => rolled(hash, piece, last), 0)] = 1
    }
  }
  // Once through the text, however many pieces there are; cut is only where one may end.
  for (let at = 0, hash = 0; at < seen.length; at++) {
    hash = rolled(hash, seen, at)
    if (isEnd[hash] !== 1 || at + 1 < telling) continue
    for (const name of pieces.get(seen.slice(at + 1 - telling, at + 1)) ?? []) found.add(name)
  }
  return Object.keys(secrets).filter((name) => found.has(name))
}

/** `undefined`: it is gone by now, as a file that a sandbox puts in the place of another. */
const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, "latin1")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
}

/** Every file below a directory, by its path in there. */
export const filesBelow = (directory: string): ReadonlyArray<readonly [string, string]> =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((file) => {
      const text = readIfThere(file)
      return text === undefined ? [] : [[relative(directory, file), text] as const]
    })

/** What must be seen nowhere of what fabrik and its sandbox keep in these files. */
const secretsIn = (files: ReturnType<typeof filesBelow>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    files.flatMap(([file, text]): ReadonlyArray<readonly [string, string]> => {
      if (/(?:^|\/)secrets\/.*\.env$/.test(file)) return [[file, text.replace(/^\w+=/, "").trim()]]
      if (/(?:^|\/)key$/.test(file)) return [[file, text.trim()]]
      if (!/(?:^|\/)sandbox\.json$/.test(file)) return []
      const { dnsApiKey, token } = JSON.parse(text) as { readonly dnsApiKey: string; readonly token: string }
      return [
        [`${file}: token`, token],
        [`${file}: dnsApiKey`, dnsApiKey]
      ]
    })
  )

/**
 * I5: what a process of any suite has written shows nothing of the secrets below the directory in which it worked, and
 * neither do its journals and its history.
 */
export const assertNoSecret = (directory: string, written: string): void => {
  if (!existsSync(directory)) return
  const files = filesBelow(directory)
  const secrets = secretsIn(files)
  assert.deepStrictEqual(leaksIn(secrets, written), [], `I5: a secret is in:\n${written}`)
  for (const [file, text] of files) {
    if (/(?:^|\/)(?:journal|history)\//.test(file))
      assert.deepStrictEqual(leaksIn(secrets, text), [], `I5: ${file}`)
  }
  if (Object.keys(secrets).length > 0)
    note({ suite: "secrets in what a process wrote", runs: 1, invariants: "I5" })
}

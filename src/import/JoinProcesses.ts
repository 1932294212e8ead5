/** The processes of a file in one spec, where that says the same as a spec for each of them. */
import * as Either from "effect/Either"
import { isDeepStrictEqual } from "node:util"
import { parseSpec, parseSpecs } from "../appspec/ParseSpec.ts"
import type { Spec } from "../appspec/Spec.ts"
import { Draft, type Section, type Value } from "./Draft.ts"
import { hasDomain } from "./Input.ts"

/** A process of a file, with the spec that it would be by itself. */
export interface ImportedProcess {
  readonly name: string
  readonly draft: Draft
}

/** Said once for all: each key of it, or as a whole. */
const sharedMaps = ["env", "secrets", "files", "resources", "databases", "build"] as const
const sharedWhole = ["source", "runOptions", "stopGracePeriod", "autoDeploy"] as const
/** What only the main one has, at the top. */
const ofMain = [
  "domain",
  "domains",
  "redirect",
  "port",
  "volumes",
  "ports",
  "networkAliases",
  "schedules",
  "healthcheck"
] as const
/** Of a process, wherever it stands. */
const ofEach = ["command", "release"] as const
const common = ["project", "needs"] as const

type Written = Readonly<Record<string, Value>>

/**
 * One draft for all of them, the first of which is the main one; `undefined` where `processes` cannot say it: then nothing
 * is lost by a spec for each.
 * @param head stands above each text.
 */
export const joinProcesses = (all: ReadonlyArray<ImportedProcess>, head: string): Draft | undefined => {
  const [main, ...others] = all
  if (main === undefined || others.length === 0 || !isWeb(main)) return undefined
  const joined = new Draft(main.draft.name)
  for (const section of [...common, ...ofMain]) joined.set(section, main.draft.get(section))
  const own = all.map((): Record<string, Value> => ({}))
  for (const [index, { draft }] of all.entries()) {
    for (const section of index === 0 ? ofEach : [...ofEach, ...ofMain])
      put(own[index], section, draft.get(section))
    if (own[index]?.["domain"] === "none") delete own[index]["domain"]
  }
  for (const section of sharedWhole) {
    const values = all.map(({ draft }) => draft.get(section))
    if (values.every((value) => isDeepStrictEqual(value, values[0]))) joined.set(section, values[0])
    else values.forEach((value, index) => put(own[index], section, value))
  }
  for (const section of sharedMaps) {
    const maps = all.map(({ draft }, index) =>
      mapOf(draft.get(section), index === 0 ? undefined : main.draft)
    )
    const first = maps[0] ?? {}
    const top = pick(first, (key) => maps.every((map) => key in map))
    joined.set(section, some(top))
    // Where not all have it, a database of the main one's stays what it is to the others: one that they use.
    const written = all.map(({ draft }) => mapOf(draft.get(section), undefined))
    written.forEach((map, index) => {
      put(own[index], section, some(pick(map, (key) => !isDeepStrictEqual(maps[index]?.[key], top[key]))))
    })
  }
  const names = ["web", ...others.map(({ name }) => name)]
  joined.set("processes", Object.fromEntries(names.map((name, index) => [name, own[index] ?? {}])))
  if (main.name !== "web") joined.comment("processes", `\`web\` is what the file calls ${main.name}.`)
  for (const { section, text } of main.draft.told) joined.comment(section === "" ? undefined : section, text)
  for (const [section, lines] of main.draft.suggested) joined.suggest(section, lines)
  for (const { draft, name } of others) {
    for (const { section, text } of draft.told) {
      const isSaid = main.draft.told.some((one) => one.section === section && one.text === text)
      if (!isSaid) joined.comment("processes", `${name}: ${text}`)
    }
    for (const [, lines] of draft.suggested)
      for (const line of lines) joined.comment("processes", `${name}: ${line}`)
  }
  return saysAll(joined.text(head), all, head) ? joined : undefined
}

/** Whether the word `web` fits the main one, whatever the file calls it. */
const isWeb = ({ draft, name }: ImportedProcess): boolean =>
  name === "web" || hasDomain(draft) || draft.get("port") !== undefined

const put = (own: Record<string, Value> | undefined, section: Section, value: Value | undefined): void => {
  if (own !== undefined && value !== undefined) own[section] = value
}

const pick = (map: Written, is: (key: string) => boolean): Written =>
  Object.fromEntries(Object.entries(map).filter(([key]) => is(key)))

const some = (map: Written): Written | undefined => (Object.keys(map).length === 0 ? undefined : map)

/** A database that the main one makes is the same thing, however its users name it. */
const mapOf = (value: Value | undefined, main: Draft | undefined): Written => {
  if (typeof value !== "object" || Array.isArray(value)) return {}
  const entries = Object.entries(value).map(([key, one]): readonly [string, Value] => {
    const made = main?.at("databases", key)
    return made !== undefined && isDeepStrictEqual(one, { use: `${main?.name}-${key}` })
      ? [key, made]
      : [key, one]
  })
  return Object.fromEntries(entries)
}

/** Whether the reader of specs reads the same. */
const saysAll = (text: string, all: ReadonlyArray<ImportedProcess>, head: string): boolean => {
  const read = parseSpecs(text, "spec")
  if (Either.isLeft(read) || read.right.length !== all.length) return false
  return all.every(({ draft }, index) => {
    const alone = parseSpec(draft.text(head), "spec")
    const together = read.right[index]
    return (
      Either.isRight(alone) &&
      together !== undefined &&
      isDeepStrictEqual(plain(alone.right), plain(together))
    )
  })
}

/** In no order where none matters. */
const plain = ({ process: _, secrets, ...spec }: Spec) => ({ ...spec, secrets: secrets.toSorted() })

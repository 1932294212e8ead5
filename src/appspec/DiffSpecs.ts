/** What two specs say differently, key by key, in the one form that all spellings of a spec have. Pure. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { parseSpecs } from "./ParseSpec.ts"
import { type Spec, Written, writtenOf } from "./Spec.ts"

export interface KeyDifference {
  /** `source.image`, or `worker: command` of a process. */
  readonly key: string
  /** `null`: the key is not there. A value of `env` or a file's text is never told: `secret`. */
  readonly before: string | null
  readonly after: string | null
  /** Its values are not told: they are `""`. */
  readonly secret: boolean
}

type Keys = ReadonlyMap<string, string>

/** `undefined`: this version of fabrik does not understand it. */
const keysIn = (text: string): Keys | undefined => {
  const specs = parseSpecs(text, "")
  if (Either.isLeft(specs)) return undefined
  const leaves = specs.right.flatMap((spec) => {
    const prefix = spec.process === undefined ? "" : `${spec.process.name}: `
    const { secrets: _, ...written } = Schema.encodeSync(Written)(writtenOf(spec))
    const all = [...leavesOf("", written), ...spec.secrets.map((name) => secretLeaf(spec, name))]
    return all.map(([key, value]) => [prefix + key, value] as const)
  })
  return new Map(leaves)
}

type Leaf = readonly [string, string]

/** Written as a list or as a map, a secret is the same. */
const secretLeaf = ({ secretRules }: Spec, name: string): Leaf => {
  const rule = secretRules.get(name)
  const { kind, length } = rule?._tag === "Generate" ? rule : ({ kind: "alphanumeric", length: 32 } as const)
  return [`secrets.${name}`, rule?._tag === "Required" ? "required" : `generate ${kind} ${length}`]
}

const isMap = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A list is one value: what stands in it has an order, and often no name. */
const leavesOf = (path: string, value: unknown): ReadonlyArray<Leaf> => {
  if (isMap(value)) {
    return Object.entries(value).flatMap(([key, one]) => leavesOf(path === "" ? key : `${path}.${key}`, one))
  }
  if (value === undefined) return []
  if (!Array.isArray(value)) return [[path, textOf(value)]]
  const texts: ReadonlyArray<unknown> = value
  return texts.length === 0 ? [] : [[path, texts.map(textOf).join(", ")]]
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

/** What somebody may have written a secret into, though it belongs under `secrets`. */
const isKeptBack = (key: string): boolean => /^(?:[^ ]+: )?(?:env|files)\b/.test(key)

/** By key; `undefined`: one of them is not understood. */
export const diffSpecs = (before: string, after: string): ReadonlyArray<KeyDifference> | undefined => {
  const [old, fresh] = [keysIn(before), keysIn(after)]
  if (old === undefined || fresh === undefined) return undefined
  const all = [...new Set([...old.keys(), ...fresh.keys()])].toSorted()
  return all.flatMap((key) => {
    const [was, is] = [old.get(key) ?? null, fresh.get(key) ?? null]
    if (was === is) return []
    const secret = isKeptBack(key)
    const told = (value: string | null) => (value === null || !secret ? value : "")
    return [{ key, before: told(was), after: told(is), secret }]
  })
}

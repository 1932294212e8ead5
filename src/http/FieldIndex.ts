import { Buffer } from "node:buffer"
import type { Keep, KeepParts } from "./Keep.ts"

/** Fields by the hash of their names, so that no text is made of each name that passes. */
export type Index = ReadonlyMap<number, ReadonlyArray<readonly [name: Buffer, keep: Keep]>>

export const hashed = (hash: number, byte: number) => (hash * 31 + byte) | 0

export const indexOf = ({ fields }: KeepParts): Index =>
  [...fields].reduce((index, [text, keep]) => {
    const name = Buffer.from(text)
    const hash = name.reduce(hashed, 0)
    return index.set(hash, [...(index.get(hash) ?? []), [name, keep]])
  }, new Map<number, ReadonlyArray<readonly [Buffer, Keep]>>())

export const isSame = (one: Uint8Array, other: Uint8Array, length: number): boolean => {
  if (one.length !== length) return false
  for (let at = 0; at < length; at += 1) if (one[at] !== other[at]) return false
  return true
}

/** An object or list that is looked into. */
export interface Frame {
  readonly parts: KeepParts
  readonly index: Index
  readonly isList: boolean
  /** Something of it is in the result already. */
  begun: boolean
}

/** A file of any of the formats as one tree that knows where everything stands. */
import type { Position } from "../appspec/Report.ts"

interface Leaf {
  readonly _tag: "Leaf"
  readonly at: Position
  /** As it is written, but for quotes and escapes; `undefined`: nothing stands there (`null`). */
  readonly text: string | undefined
}

interface Items {
  readonly _tag: "Items"
  readonly at: Position
  readonly items: ReadonlyArray<Tree>
}

export interface Pair {
  readonly key: string
  readonly keyAt: Position
  readonly value: Tree
}

interface Pairs {
  readonly _tag: "Pairs"
  readonly at: Position
  readonly pairs: ReadonlyArray<Pair>
}

export type Tree = Leaf | Items | Pairs

export const start: Position = { line: 1, column: 1 }

export const emptyTree = (at: Position = start): Tree => ({ _tag: "Pairs", at, pairs: [] })

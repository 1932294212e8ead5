/** TOML, with the place of every key. */
import * as Either from "effect/Either"
import { type AST, ParseError, parseTOML } from "toml-eslint-parser"
import type { Position } from "../appspec/Report.ts"
import { ImportError } from "./ImportError.ts"
import { type Pair, start, type Tree } from "./Tree.ts"

/** The library counts columns from 0. */
const placeOf = ({ loc }: { readonly loc: AST.HasLocs["loc"] }): Position => ({
  line: loc.start.line,
  column: loc.start.column + 1
})

/** A table that is still being filled: TOML may come back to it later. */
class Table {
  readonly at: Position
  readonly pairs = new Map<string, { readonly keyAt: Position; value: Table | Tables | Tree }>()
  constructor(at: Position) {
    this.at = at
  }
}

class Tables {
  readonly at: Position
  readonly items: Array<Table> = []
  constructor(at: Position) {
    this.at = at
  }
}

const nameOf = (key: AST.TOMLBare | AST.TOMLQuoted): string =>
  key.type === "TOMLBare" ? key.name : key.value

/** The table that `keys` lead to, made on the way where it is missing. */
const descend = (table: Table, keys: ReadonlyArray<AST.TOMLBare | AST.TOMLQuoted>): Table => {
  let current = table
  for (const key of keys) {
    const found = current.pairs.get(nameOf(key))?.value
    if (found instanceof Table) current = found
    else if (found instanceof Tables) current = found.items.at(-1) ?? current
    else {
      const made = new Table(placeOf(key))
      current.pairs.set(nameOf(key), { keyAt: placeOf(key), value: made })
      current = made
    }
  }
  return current
}

const put = (table: Table, { key, value }: AST.TOMLKeyValue): void => {
  const last = key.keys.at(-1)
  if (last === undefined) return
  descend(table, key.keys.slice(0, -1)).pairs.set(nameOf(last), {
    keyAt: placeOf(last),
    value: content(value)
  })
}

const content = (node: AST.TOMLContentNode): Table | Tree => {
  const at = placeOf(node)
  switch (node.type) {
    case "TOMLArray":
      return { _tag: "Items", at, items: node.elements.map((one) => treeOf(content(one))) }
    case "TOMLInlineTable": {
      const table = new Table(at)
      for (const pair of node.body) put(table, pair)
      return table
    }
    case "TOMLValue":
      return {
        _tag: "Leaf",
        at,
        text: node.value instanceof Date ? node.value.toISOString() : String(node.value)
      }
  }
}

const treeOf = (value: Table | Tables | Tree): Tree => {
  if (value instanceof Tables) return { _tag: "Items", at: value.at, items: value.items.map(treeOf) }
  if (!(value instanceof Table)) return value
  const pairs = [...value.pairs].map(([key, { keyAt, value }]): Pair => ({
    key,
    keyAt,
    value: treeOf(value)
  }))
  return { _tag: "Pairs", at: value.at, pairs }
}

export const readToml = (text: string, file: string): Either.Either<Tree, ImportError> => {
  try {
    const root = new Table(start)
    for (const node of parseTOML(text).body[0].body) {
      if (node.type === "TOMLKeyValue") {
        put(root, node)
        continue
      }
      const last = node.key.keys.at(-1)
      if (last === undefined) continue
      const parent = descend(root, node.key.keys.slice(0, -1))
      if (node.kind === "array") {
        const known = parent.pairs.get(nameOf(last))?.value
        const list = known instanceof Tables ? known : new Tables(placeOf(node))
        const table = new Table(placeOf(node))
        list.items.push(table)
        if (list !== known) parent.pairs.set(nameOf(last), { keyAt: placeOf(last), value: list })
        for (const pair of node.body) put(table, pair)
      } else {
        const table = descend(parent, [last])
        for (const pair of node.body) put(table, pair)
      }
    }
    return Either.right(treeOf(root))
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return Either.left(
      new ImportError({
        file,
        line: error.lineNumber,
        column: error.column + 1,
        detail: `this is not TOML: ${error.message}`,
        next: "mend it there, then run the command again"
      })
    )
  }
}

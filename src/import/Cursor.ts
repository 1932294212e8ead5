/**
 * How a file is read: a format takes the keys that it knows, and whatever nobody took is in the list of what was left
 * out, by construction.
 */
import type { Position } from "../appspec/Report.ts"
import { keyName, quote } from "../appspec/Report.ts"
import type { Draft, Section } from "./Draft.ts"
import { type Tree, start } from "./Tree.ts"

/** Something that the file says and no spec does, and why. */
export interface LeftOut extends Position {
  /** Dotted, as the file has it; empty for the file as a whole. */
  readonly path: string
  readonly reason: string
  /** The file beside the imported one that it stands in. */
  readonly file?: string
}

/** Something that whoever applies the spec should know; nothing of the file is lost by it. */
export interface Note {
  /** 0: of the file as a whole. */
  readonly line: number
  readonly text: string
  /** The file beside the imported one that it speaks of. */
  readonly file?: string
}

export class Reading {
  /** Of a file beside the imported one. */
  private readonly file: string | undefined
  readonly leftOut: Array<LeftOut> = []
  readonly notes: Array<Note> = []
  /** Files beside it that are needed, by the names that it gives them. */
  readonly wanted = new Set<string>()
  private readonly taken = new Set<Tree>()
  private readonly opened = new Set<Tree>()
  private readonly owners = new Map<Tree, Draft>()

  constructor(file?: string) {
    this.file = file
  }

  take(tree: Tree) {
    this.taken.add(tree)
  }

  open(tree: Tree) {
    this.opened.add(tree)
  }

  own(tree: Tree, draft: Draft) {
    this.owners.set(tree, draft)
  }

  leave(at: Position, path: string, reason: string, draft?: Draft, near?: Section) {
    const { file } = this
    const { column, line } = at
    const known = this.leftOut.some(
      (one) => one.line === line && one.column === column && one.path === path && one.reason === reason
    )
    if (!known) this.leftOut.push({ line, column, path, reason, ...(file === undefined ? {} : { file }) })
    draft?.comment(
      near,
      `Left out: ${file === undefined ? "" : `${file}, `}line ${at.line}, ${path === "" ? "the file" : path}: ${reason}`
    )
  }

  note(line: number, text: string, draft?: Draft, near?: Section) {
    const known = this.notes.some((one) => one.line === line && one.text === text)
    const { file } = this
    if (!known) this.notes.push({ line, text, ...(file === undefined ? {} : { file }) })
    draft?.comment(near, text)
  }

  /** Tells of all that nobody took. */
  finish(tree: Tree, main: Draft | undefined, path = "", keyAt: Position = start) {
    if (this.taken.has(tree)) return
    const draft = this.owners.get(tree) ?? main
    if (tree._tag === "Leaf" || !this.opened.has(tree)) {
      this.leave(keyAt, path, "fabrik import does not know it", draft)
      return
    }
    if (tree._tag === "Items") {
      for (const [index, item] of tree.items.entries()) this.finish(item, draft, `${path}[${index}]`, item.at)
      return
    }
    for (const { key, keyAt, value } of tree.pairs) this.finish(value, draft, child(path, key), keyAt)
  }
}

const child = (path: string, key: string): string => (path === "" ? keyName(key) : `${path}.${keyName(key)}`)

/** A place in the file, where something may stand or not. */
export class Cursor {
  private readonly reading: Reading
  private readonly tree: Tree | undefined
  /** Of the key that leads here, or of the item in its list. */
  readonly name: string
  readonly path: string
  readonly at: Position
  private readonly draft: Draft | undefined

  constructor(
    reading: Reading,
    tree: Tree | undefined,
    path = "",
    at: Position = start,
    name = "",
    draft?: Draft
  ) {
    this.reading = reading
    this.tree = tree
    this.path = path
    this.at = at
    this.name = name
    this.draft = draft
  }

  /** Something stands there, if only `null`. */
  get exists(): boolean {
    return this.tree !== undefined
  }

  get kind(): Tree["_tag"] | undefined {
    return this.tree?._tag
  }

  /** What is told of this and of all below belongs to `draft`. */
  for(draft: Draft): Cursor {
    if (this.tree !== undefined) this.reading.own(this.tree, draft)
    return new Cursor(this.reading, this.tree, this.path, this.at, this.name, draft)
  }

  has(key: string): boolean {
    return this.tree?._tag === "Pairs" && this.tree.pairs.some((pair) => pair.key === key)
  }

  key(key: string): Cursor {
    const path = child(this.path, key)
    if (this.tree?._tag !== "Pairs")
      return new Cursor(this.reading, undefined, path, this.at, key, this.draft)
    this.reading.open(this.tree)
    const pair = this.tree.pairs.find((one) => one.key === key)
    return new Cursor(this.reading, pair?.value, path, pair?.keyAt ?? this.at, key, this.draft)
  }

  /** Each key of a map. */
  pairs(): ReadonlyArray<Cursor> {
    if (this.tree?._tag === "Leaf" && this.tree.text === undefined) this.take()
    if (this.tree?._tag !== "Pairs") return []
    this.reading.open(this.tree)
    return this.tree.pairs.map(
      ({ key, keyAt, value }) =>
        new Cursor(this.reading, value, child(this.path, key), keyAt, key, this.draft)
    )
  }

  /** Each item of a list; of a single value, that one. */
  items(): ReadonlyArray<Cursor> {
    if (this.tree?._tag === "Leaf") {
      if (this.tree.text !== undefined) return [this]
      this.take()
    }
    if (this.tree?._tag !== "Items") return []
    this.reading.open(this.tree)
    return this.tree.items.map(
      (item, index) =>
        new Cursor(this.reading, item, `${this.path}[${index}]`, item.at, String(index), this.draft)
    )
  }

  /** The text that stands there, without taking it. */
  peek(): string | undefined {
    return this.tree?._tag === "Leaf" ? this.tree.text : undefined
  }

  /** The text, the number or the boolean that stands there, as it is written. */
  text(): string | undefined {
    if (this.tree?._tag === "Leaf") this.take()
    return this.peek()
  }

  /** Taken with all below it: it is said elsewhere, or it is nothing that could be lost. */
  take(): this {
    if (this.tree !== undefined) this.reading.take(this.tree)
    return this
  }

  /** No spec can say it. */
  leave(reason: string, near?: Section): undefined {
    if (this.tree === undefined) return undefined
    this.take()
    this.reading.leave(this.at, this.path, reason, this.draft, near)
    return undefined
  }

  /** It needs no key in the spec, because it is so anyway; a comment there says it. */
  needless(reason: string, near?: Section): undefined {
    if (this.tree === undefined) return undefined
    // What another reader has put in the place of code says nothing to people.
    const value = this.peek()?.includes("\uE000") === true ? undefined : this.peek()
    this.take()
    this.draft?.comment(near, `${this.path}${value === undefined ? "" : `: ${quote(value)}`}: ${reason}`)
    return undefined
  }

  /** Somebody has to know of it. */
  warn(text: string, near?: Section): undefined {
    if (this.tree !== undefined) this.reading.note(this.at.line, `${this.path}: ${text}`, this.draft, near)
    return undefined
  }
}

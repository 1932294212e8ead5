/**
 * YAML and JSON as other tools read them: with anchors, aliases, merge keys and tags. Only the number of nodes and their
 * depth are bounded, so that a small text cannot become a large tree.
 */
import * as Either from "effect/Either"
import { Composer, isAlias, isMap, isScalar, isSeq, type ParsedNode } from "yaml"
import { type Complaint, quote } from "../appspec/Report.ts"
import { LineIndex, tokensOf } from "../appspec/YamlTree.ts"
import { ImportError } from "./ImportError.ts"
import { emptyTree, type Pair, type Tree } from "./Tree.ts"

const maxNodes = 50_000

class TooLarge {
  readonly offset: number
  constructor(offset: number) {
    this.offset = offset
  }
}

/** Each alias is written out, so that whoever takes a key in one place has not taken it in another. */
class Builder {
  private left = maxNodes
  private readonly lines: LineIndex
  private readonly anchors = new Map<string, unknown>()

  constructor(lines: LineIndex) {
    this.lines = lines
  }

  tree(node: unknown, offset: number): Tree {
    const own = rangeOf(node) ?? offset
    const at = this.lines.position(own)
    this.left -= 1
    if (this.left < 0) throw new TooLarge(own)
    if (isAlias(node)) return this.tree(this.anchors.get(node.source), own)
    if (isMap(node)) {
      const list = this.mergedList(node.items)
      if (list !== undefined) return list
      const pairs = this.pairs(node.items, own)
      this.remember(node)
      return { _tag: "Pairs", at, pairs }
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.tree(item, own))
      this.remember(node)
      return { _tag: "Items", at, items }
    }
    if (!isScalar(node)) return { _tag: "Leaf", at, text: undefined }
    this.remember(node)
    const { source, value } = node
    const text = typeof value === "string" ? value : value === null ? undefined : (source ?? String(value))
    return { _tag: "Leaf", at, text }
  }

  /** A list that is all that a map merges, as Coolify reads it. */
  private mergedList(
    items: ReadonlyArray<{ readonly key: unknown; readonly value: unknown }>
  ): Tree | undefined {
    const [only, ...more] = items
    if (only === undefined || more.length > 0 || !isScalar(only.key) || only.key.value !== "<<")
      return undefined
    const anchor = isAlias(only.value) ? this.anchors.get(only.value.source) : undefined
    return isSeq(anchor) && anchor.items.every((item) => isScalar(item))
      ? this.tree(anchor, rangeOf(only.key) ?? 0)
      : undefined
  }

  /** An alias means the anchor that stands before it; inside of itself it means nothing. */
  private remember(node: { readonly anchor?: string | undefined }) {
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
  }

  private pairs(
    items: ReadonlyArray<{ readonly key: unknown; readonly value: unknown }>,
    offset: number
  ): ReadonlyArray<Pair> {
    const own = new Map<string, Pair>()
    const merged = new Map<string, Pair>()
    for (const { key, value } of items) {
      const name = isScalar(key) ? String(key.value ?? "") : "?"
      const keyOffset = rangeOf(key) ?? offset
      const tree = this.tree(value, keyOffset)
      if (name === "<<") {
        const all = tree._tag === "Items" ? tree.items : [tree]
        for (const one of all)
          for (const pair of one._tag === "Pairs" ? one.pairs : [])
            if (!merged.has(pair.key)) merged.set(pair.key, pair)
      } else own.set(name, { key: name, keyAt: this.lines.position(keyOffset), value: tree })
    }
    return [...[...merged.values()].filter(({ key }) => !own.has(key)), ...own.values()]
  }
}

const rangeOf = (node: unknown): number | undefined =>
  isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined

/** The tree of the first document of `text`; of several, the others are told. */
export const readYaml = (text: string, file: string): Either.Either<Tree, ImportError> => {
  const lines = new LineIndex(text)
  const fail = (offset: number, { hint, message }: Complaint) => {
    const { column, line } = lines.position(offset)
    return Either.left(new ImportError({ file, line, column, detail: message, next: hint ?? "" }))
  }
  const { tokens, tooDeepAt } = tokensOf(text)
  if (tooDeepAt !== undefined) {
    return fail(tooDeepAt, { message: "the nesting is too deep", hint: "is a bracket not closed?" })
  }
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: true,
    logLevel: "error"
  })
  const documents = [...composer.compose(tokens, true, text.length)]
  const [document, second] = documents
  const error = documents.flatMap(({ errors }) => errors)[0]
  if (error !== undefined) {
    const message = error.message.split("\n")[0] ?? ""
    return fail(error.pos[0], {
      message: `this is not YAML: ${message.replace(/ at line \d+, column \d+:?$/, "")}`,
      hint: "mend it there, then run the command again"
    })
  }
  if (second !== undefined) {
    const contents: ParsedNode | null = second.contents
    return fail(contents?.range[0] ?? 0, {
      message: "the file holds more than one document",
      hint: "save each as a file of its own"
    })
  }
  if (document === undefined || document.contents === null) return Either.right(emptyTree())
  try {
    return Either.right(new Builder(lines).tree(document.contents, 0))
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    return fail(error.offset, {
      message: `the file holds more than ${maxNodes} values, its aliases written out (${quote(file)})`,
      hint: "is this the right file?"
    })
  }
}

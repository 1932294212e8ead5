/** The tree of a text through a Schema: what could be read of it, and everything that could not, each at its place. */
import * as AST from "effect/SchemaAST"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import { saidBy, type Says, scalarOf, wrongKind } from "./Form.ts"
import type { Complaint, Report } from "./Report.ts"
import type { Field, MapNode, Node } from "./YamlTree.ts"

type Keys = ReadonlyArray<PropertyKey>

const plainOf = (node: Node): unknown => {
  switch (node._tag) {
    case "Null":
      return null
    case "Scalar":
      return scalarOf(node)
    case "List":
      return node.items.map((item) => plainOf(item.node))
    case "Map":
      return Object.fromEntries(node.entries.map((entry) => [entry.key, plainOf(entry.node)]))
  }
}

/** The field at `keys`, or the nearest above it. */
const locate = (root: Field, keys: Keys): Field =>
  keys.reduce((field: Field, key) => childOf(field, key) ?? field, root)

/** By key, made once per map: a hostile text has thousands of keys, each with its complaint. */
const indexes = new WeakMap<MapNode, ReadonlyMap<PropertyKey, Field>>()

const indexOf = (node: MapNode): ReadonlyMap<PropertyKey, Field> => {
  const known = indexes.get(node)
  if (known !== undefined) return known
  const index = new Map(node.entries.map((entry) => [entry.key, entry]))
  indexes.set(node, index)
  return index
}

const childOf = ({ node }: Field, key: PropertyKey): Field | undefined =>
  node._tag === "Map"
    ? indexOf(node).get(key)
    : node._tag === "List" && typeof key === "number"
      ? node.items[key]
      : undefined

/** The field without what stands at the places; a place is never the field itself. */
const without = (field: Field, places: ReadonlyArray<Keys>): Field => {
  const { node } = field
  const below = new Map<PropertyKey | undefined, Array<Keys>>()
  for (const [key, ...rest] of places) {
    const own = below.get(key)
    if (own === undefined) below.set(key, [rest])
    else own.push(rest)
  }
  const kept = <F extends Field>(child: F, key: PropertyKey): ReadonlyArray<F> => {
    const own = below.get(key)
    if (own === undefined) return [child]
    return own.some((rest) => rest.length === 0) ? [] : [{ ...child, node: without(child, own).node }]
  }
  if (node._tag === "Map") {
    return { ...field, node: { ...node, entries: node.entries.flatMap((entry) => kept(entry, entry.key)) } }
  }
  return node._tag === "List"
    ? { ...field, node: { ...node, items: node.items.flatMap((item, index) => kept(item, index)) } }
    : field
}

interface Fault {
  /** What has to go for the rest to be read. */
  readonly keys: Keys
  readonly field: Field
  readonly complaint: () => Complaint
}

/** The same issues in the words of the blocks that raised them. */
const faultsOf = (root: Field, issue: ParseResult.ParseIssue): ReadonlyArray<Fault> => {
  const found: Array<Fault> = []
  const walk = (issue: ParseResult.ParseIssue, keys: Keys, outer: Says | undefined): void => {
    const add = (complain: ((field: Field) => Complaint) | undefined, at: Keys = keys) => {
      const field = locate(root, at)
      const say = complain ?? ((own: Field) => wrongKind(own, "something else"))
      found.push({ keys: at, field, complaint: () => say(field) })
    }
    switch (issue._tag) {
      case "Pointer": {
        const path = Array.isArray(issue.path) ? issue.path : [issue.path]
        const at = [...keys, ...path]
        if (issue.issue._tag === "Unexpected") {
          add(
            (field) => ({
              at: field.keyAt,
              ...(outer?.key?.(String(path.at(-1)), field) ?? wrongKind(field, "absent"))
            }),
            at
          )
        } else if (issue.issue._tag === "Missing") add(outer?.missing)
        else walk(issue.issue, at, undefined)
        return
      }
      case "Composite": {
        const own = saidBy(issue.ast) ?? outer
        const issues = ParseResult.isComposite(issue) ? [issue.issues].flat() : []
        if (!AST.isUnion(issue.ast)) {
          for (const one of issues) walk(one, keys, own)
          return
        }
        const picked = own?.pick?.(locate(root, keys)) ?? 0
        if (typeof picked !== "number") return add(() => picked)
        const member = issue.ast.types[picked]
        const meant = issues.find((one) => "ast" in one && one.ast === member)
        if (meant === undefined) add(own?.value)
        else walk(meant, keys, own?.pick === undefined ? own : undefined)
        return
      }
      case "Refinement":
      case "Transformation":
        return walk(issue.issue, keys, saidBy(issue.ast) ?? outer)
      case "Type":
        return add((saidBy(issue.ast) ?? outer)?.value)
      default:
        return add(outer?.value)
    }
  }
  walk(issue, [], undefined)
  return found
}

/** What a rule that needs several keys asks of the text, and where it complains. */
export class Check {
  private readonly report: Report
  private readonly written: Field
  private readonly read: Field

  constructor(report: Report, written: Field, read: Field) {
    this.report = report
    this.written = written
    this.read = read
  }

  /** Where the value at `keys` stands, of what could be read. */
  at(...keys: Keys): Field | undefined {
    return keys.reduce((field: Field | undefined, key) => field && childOf(field, key), this.read)
  }

  /** Whether something is written there, even if it could not be read. */
  isWritten(key: string): boolean {
    return childOf(this.written, key) !== undefined
  }

  /** Whether something was said of it or of what is below. */
  isFaulty(path: string): boolean {
    return this.report.problems.some((problem) => problem.path.startsWith(path))
  }

  complain(field: Field, { at = field.node.at, path = field.path, ...complaint }: Complaint): undefined {
    return this.report.add(at, path, complaint)
  }

  /** Of a key at the top that is not there. */
  missing(key: string, complaint: Complaint): undefined {
    return this.report.add(this.written.keyAt, key, complaint)
  }

  get isGood(): boolean {
    return this.report.problems.length === 0
  }
}

const options = { errors: "all", onExcessProperty: "error", exact: true } as const

/**
 * What `schema` makes of the tree. What it does not take is told to `report` and left out, so that the rules across keys
 * see the rest; `undefined` where nothing of it can be read.
 */
export const decode = <A, I>(
  schema: Schema.Schema<A, I>,
  root: Field,
  report: Report
): { readonly value: A; readonly check: Check } | undefined => {
  const decoded = ParseResult.decodeUnknownEither(schema, options)
  let tree = root
  for (;;) {
    const result = decoded(plainOf(tree.node))
    if (Either.isRight(result)) return { value: result.right, check: new Check(report, root, tree) }
    const faults = faultsOf(tree, result.left)
    if (tree === root) {
      for (const { field, complaint } of faults) {
        if (report.isFull) break
        const { at = field.node.at, path = field.path, ...rest } = complaint()
        report.add(at, path, rest)
      }
    }
    const places = faults.map(({ keys }) => keys)
    if (places.length === 0 || places.some((keys) => keys.length === 0)) return undefined
    tree = without(tree, places)
  }
}

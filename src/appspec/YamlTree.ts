/**
 * YAML 1.2 core as a small tree of our own that knows where everything stands. Anchors, aliases, tags, merge keys,
 * directives, several documents and deep nesting are refused before the library builds anything from them.
 */
import { Composer, isMap, isScalar, isSeq, Lexer, Parser } from "yaml"
import type { CST, ErrorCode } from "yaml"
import type { Complaint, Position, Report } from "./Report.ts"
import { keyName, quote } from "./Report.ts"

interface NullNode {
  readonly _tag: "Null"
  readonly at: Position
}

interface ScalarNode {
  readonly _tag: "Scalar"
  readonly at: Position
  /** A string's value; the source text of a number or a boolean. */
  readonly text: string
  readonly value: string | number | boolean
}

interface ListNode {
  readonly _tag: "List"
  readonly at: Position
  readonly items: ReadonlyArray<Field>
}

/** A value with where it stands. */
export interface Field {
  /** The key as the user wrote it, with its parents: `healthcheck.path`, `secrets[0]`. */
  readonly path: string
  readonly keyAt: Position
  readonly node: Node
}

export interface Entry extends Field {
  readonly key: string
}

export interface MapNode {
  readonly _tag: "Map"
  readonly at: Position
  /** Keys are unique; a repeated one was reported and only its first value is kept. */
  readonly entries: ReadonlyArray<Entry>
}

export type Node = NullNode | ScalarNode | ListNode | MapNode

/** A number or a boolean without quotes: `1.10` is a number, and where text is wanted it is `1.10`. */
export class Unquoted {
  readonly text: string
  readonly value: number | boolean

  constructor(text: string, value: number | boolean) {
    this.text = text
    this.value = value
  }
}

const maxDepth = 32
const maxStray = 20

// oxlint-disable-next-line no-control-regex -- they are what is searched for
const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFFE\uFFFF]|\p{Cs}/u

const writeOut = "write the value out where it is used"
const oneDocument = "remove the `---`, or use one file per spec"
const unclosed = "is a bracket not closed, or a line indented too far?"
const controlCharacter: Complaint = {
  message: "control characters are not allowed",
  hint: "remove the escape that stands for one"
}

const tooDeep: Complaint = {
  message: "this line is indented further than the key above it, which has a value already",
  hint: "keys of one map start in the same column"
}

const syntax: Readonly<Record<ErrorCode, Complaint>> = {
  ALIAS_PROPS: { message: "an alias stands where it cannot", hint: writeOut },
  BAD_ALIAS: { message: "an alias stands where it cannot", hint: writeOut },
  BAD_COLLECTION_TYPE: { message: "this value has the wrong kind", hint: "remove its tag" },
  BAD_DIRECTIVE: { message: "a YAML directive is not supported", hint: "remove the line that starts with %" },
  BAD_DQ_ESCAPE: {
    message: "unknown escape in a double-quoted text",
    hint: "write \\\\ for a backslash, or use single quotes"
  },
  BAD_INDENT: {
    message: "the indentation is off, or a bracket is not closed",
    hint: "keys of one map start in the same column; every [ and { needs its ] and }"
  },
  BAD_PROP_ORDER: { message: "an anchor or a tag stands in the wrong place", hint: "remove it" },
  BAD_SCALAR_START: {
    message: "a text cannot start with this character",
    hint: "put quotes around the whole value"
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "two keys on one line",
    hint: "start the second on its own line, or put quotes around a value that contains `: `"
  },
  BLOCK_IN_FLOW: {
    message: "an indented map or list cannot stand inside [ ] or { }",
    hint: "write it with brackets too, or put the outer one on separate lines"
  },
  DUPLICATE_KEY: { message: "this key is already there", hint: "keep one of them" },
  IMPOSSIBLE: { message: "this is not YAML", hint: "start from the example in the README" },
  KEY_OVER_1024_CHARS: {
    message: "a key is longer than 1024 characters",
    hint: "is a quote missing before it?"
  },
  MISSING_CHAR: {
    message: "something is missing here",
    hint: "a closing quote, a `,` between items, a space after `:` or before `#`, or the `:` after a key"
  },
  MULTILINE_IMPLICIT_KEY: {
    message: "a key runs over several lines",
    hint: "is a `:` or a closing quote missing on the line before?"
  },
  MULTIPLE_ANCHORS: { message: "a value has two anchors", hint: "remove them" },
  MULTIPLE_DOCS: { message: "the file holds more than one document", hint: oneDocument },
  MULTIPLE_TAGS: { message: "a value has two tags", hint: "remove them" },
  NON_STRING_KEY: { message: "a key must be text", hint: "put quotes around it" },
  RESOURCE_EXHAUSTION: { message: "the nesting is too deep", hint: unclosed },
  TAB_AS_INDENT: { message: "a tab is used to indent", hint: "YAML allows spaces only" },
  TAG_RESOLVE_FAILED: { message: "this value does not fit its tag", hint: "remove the tag" },
  UNEXPECTED_TOKEN: {
    message: "this is not expected here",
    hint: "look for a stray bracket, quote, comma or text after a closed value"
  }
}

const refusals: Readonly<Record<"anchor" | "alias" | "tag" | "directive" | "document" | "depth", Complaint>> =
  {
    anchor: { message: "anchors (`&name`) are not supported", hint: writeOut },
    alias: {
      message: "aliases (`*name`) are not supported",
      hint: "write the value out, or quote a leading `*`"
    },
    tag: {
      message: "tags (`!name`) are not supported",
      hint: "remove it, or quote a text that starts with `!`"
    },
    directive: { message: "YAML directives are not supported", hint: "remove the line that starts with %" },
    document: { message: "only one document per file", hint: oneDocument },
    depth: { message: `nested more than ${maxDepth} levels deep`, hint: unclosed }
  }

type Tokens = ReadonlyArray<CST.Token>

/** What the library's parser may have open at a time, far above what {@link refuse} lets pass. */
const maxOpen = 4 * maxDepth

/**
 * The tokens of a text, up to the place where it is nested so deep that the library's parser, which closes what is open
 * by calling itself, would exhaust the stack.
 */
export const tokensOf = (text: string): { readonly tokens: Tokens; readonly tooDeepAt?: number } => {
  const parser = new Parser()
  const tokens: Array<CST.Token> = []
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > maxOpen) return { tokens, tooDeepAt: parser.offset }
  }
  tokens.push(...parser.end())
  return { tokens }
}

/**
 * What the tokens hold that a spec may not. Runs before the composer: that one recurses too, and on deep nesting it
 * exhausts the stack inside the regular expression compiler, which aborts the whole process.
 */
const refuse = (tokens: Tokens): ReadonlyArray<readonly [offset: number, complaint: Complaint]> => {
  const found: Array<readonly [number, Complaint]> = []
  const pending: Array<{ readonly token: CST.Token; readonly depth: number }> = []
  const properties = (props: ReadonlyArray<CST.SourceToken>) => {
    for (const { type, offset } of props) {
      if (type === "anchor" || type === "tag") found.push([offset, refusals[type]])
    }
  }
  let documents = 0
  let deepest = 0
  for (const token of tokens) {
    if (token.type === "directive") found.push([token.offset, refusals.directive])
    if (token.type !== "document") continue
    documents += 1
    if (documents === 2) found.push([token.offset, refusals.document])
    properties(token.start)
    if (token.value !== undefined) pending.push({ token: token.value, depth: 0 })
  }
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next
    if (depth > maxDepth && deepest <= maxDepth) found.push([token.offset, refusals.depth])
    deepest = Math.max(deepest, depth)
    if (token.type === "alias") found.push([token.offset, refusals.alias])
    if (token.type === "block-scalar") {
      for (const prop of token.props)
        if ("offset" in prop && prop.type === "tag") found.push([prop.offset, refusals.tag])
    }
    if (!("items" in token)) continue
    for (const item of token.items) {
      properties(item.start)
      if (item.sep !== undefined) properties(item.sep)
      if (item.key) pending.push({ token: item.key, depth: depth + 1 })
      if (item.value) pending.push({ token: item.value, depth: depth + 1 })
    }
  }
  return found
}

const kinds = { Null: "nothing", Scalar: "text", List: "a list", Map: "a map" } as const

/** What a node is, in the user's words. */
export const kindOf = (node: Node): string =>
  node._tag === "Scalar" && typeof node.value !== "string" ? `a ${typeof node.value}` : kinds[node._tag]

/** Where the places of a text are. The library's own counter of lines is wrong after some errors. */
export class LineIndex {
  private readonly lineStarts: ReadonlyArray<number>

  constructor(text: string) {
    this.lineStarts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)]
  }

  position(offset: number): Position {
    let low = 0
    let high = this.lineStarts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.lineStarts[middle] ?? Infinity) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (this.lineStarts[low] ?? 0) + 1 }
  }
}

class TreeBuilder {
  private readonly lines: LineIndex
  private readonly report: Report

  constructor(lines: LineIndex, report: Report) {
    this.lines = lines
    this.report = report
  }

  /** `fallback` is where a value that is not written at all is said to stand: at its key. */
  node(value: unknown, fallback: Position, path: string): Node {
    if (isMap(value)) return this.map(value.items, this.at(value.range, fallback), path)
    if (isSeq(value)) {
      const at = this.at(value.range, fallback)
      const items = value.items.map((item, index): Field => {
        const own = `${path}[${index}]`
        const node = this.node(item, at, own)
        return { path: own, keyAt: node.at, node }
      })
      return { _tag: "List", at, items }
    }
    if (!isScalar(value)) return { _tag: "Null", at: fallback }
    const written = value.range !== undefined && value.range !== null && value.range[1] > value.range[0]
    const at = written ? this.at(value.range, fallback) : fallback
    const scalar = value.value
    switch (typeof scalar) {
      case "string":
        if (control.test(scalar)) this.report.add(at, path, controlCharacter)
        return { _tag: "Scalar", at, text: scalar, value: scalar }
      case "number":
      case "boolean":
        return { _tag: "Scalar", at, text: value.source ?? String(scalar), value: scalar }
      default:
        return { _tag: "Null", at }
    }
  }

  private at(range: readonly [number, number, number] | null | undefined, fallback: Position): Position {
    return range === undefined || range === null ? fallback : this.lines.position(range[0])
  }

  private map(items: ReadonlyArray<{ key: unknown; value: unknown }>, at: Position, path: string): MapNode {
    const entries = new Map<string, Entry>()
    for (const item of items) {
      const key = this.node(item.key, at, path)
      if (key._tag !== "Scalar" || typeof key.value !== "string") {
        const hint =
          key._tag === "Map" ? "put quotes around a text that starts with `{`" : "put quotes around it"
        this.report.add(key.at, path, { message: `a key must be text, not ${kindOf(key)}`, hint })
      } else if (key.text === "<<") {
        this.report.add(key.at, path, {
          message: "merge keys (`<<`) are not supported",
          hint: "write the keys out"
        })
      } else if (entries.has(key.text)) {
        const first = entries.get(key.text)?.keyAt.line
        this.report.add(key.at, path, {
          message: `duplicate key ${quote(keyName(key.text))}`,
          hint: `it is already on line ${first}`
        })
      } else {
        const child = path === "" ? keyName(key.text) : `${path}.${keyName(key.text)}`
        entries.set(key.text, {
          key: key.text,
          path: child,
          keyAt: key.at,
          node: this.node(item.value, key.at, child)
        })
      }
    }
    return { _tag: "Map", at, entries: [...entries.values()] }
  }
}

const rawControl = new RegExp(`${control.source}|\\r(?!\\n)`, "gu")

/** The tree of a text, or `undefined` when `report` was told why there is none. */
export const parseYaml = (text: string, report: Report): Node | undefined => {
  const lines = new LineIndex(text)
  const builder = new TreeBuilder(lines, report)
  const { tokens, tooDeepAt } = tokensOf(text)
  const fail = (offset: number, complaint: Complaint) => report.add(lines.position(offset), "", complaint)

  const raw = [...text.matchAll(rawControl)]
  for (const match of raw) {
    fail(
      match.index,
      match[0] === "\r"
        ? {
            message: "a carriage return without a line feed",
            hint: "save the file with \\n or \\r\\n line ends"
          }
        : { ...controlCharacter, hint: "save the file as plain UTF-8 text" }
    )
  }
  // The composer would make an Error with a stack trace of each of them.
  const stray = tokens.filter((token) => token.type === "error")
  for (const token of stray.slice(0, maxStray)) fail(token.offset, syntax.UNEXPECTED_TOKEN)
  const refused = refuse(tokens)
  for (const [offset, complaint] of refused) fail(offset, complaint)
  if (tooDeepAt !== undefined) fail(tooDeepAt, refusals.depth)
  if (tooDeepAt !== undefined || raw.length + stray.length + refused.length > 0) return undefined

  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
    logLevel: "error"
  })
  const [document] = withoutTraces(() => [...composer.compose(tokens, true, text.length)])
  if (document === undefined) return { _tag: "Null", at: { line: 1, column: 1 } }
  // The library reports what follows from an error too: one per place is enough.
  const seen = new Set<number>()
  for (const { pos, code } of document.errors) {
    const deeper = code === "BLOCK_AS_IMPLICIT_KEY" ? deeperLine(text, pos[0]) : undefined
    if (!seen.has(pos[0])) fail(deeper ?? pos[0], deeper === undefined ? syntax[code] : tooDeep)
    seen.add(pos[0])
  }
  return seen.size > 0 ? undefined : builder.node(document.contents, { line: 1, column: 1 }, "")
}

/** Where the next line begins to say something, if the second key of a value that begins here is not on its own line. */
const deeperLine = (text: string, from: number): number | undefined => {
  const [, own = "", rest = ""] = /^([^\n]*)(\n[\s]*)?/.exec(text.slice(from)) ?? []
  return rest === "" || /:\s|:$/.test(own) ? undefined : from + own.length + rest.length
}

/** A hostile text makes as many errors as it has bytes, and most of the time goes into the traces that nobody reads. */
const withoutTraces = <A>(run: () => A): A => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The form that all formats are read into: a spec in the making, as keys in YAML's own values, with comments. */
import * as Either from "effect/Either"
import { parseSpec } from "../appspec/ParseSpec.ts"
import { keyName, type Position } from "../appspec/Report.ts"
import type { SpecProblem } from "../appspec/SpecError.ts"
import { comment, yaml } from "../appspec/WriteSpec.ts"
import type { Cursor } from "./Cursor.ts"
import { wordsIn } from "./Words.ts"

/** The keys of a spec that an import writes, as they are grouped in its text. */
const groups = [
  ["name", "domain", "domains", "redirect", "project", "needs"],
  ["source", "build"],
  ["port", "command", "release"],
  ["env"],
  ["secrets"],
  ["databases"],
  ["volumes", "files"],
  ["resources", "ports", "networkAliases", "stopGracePeriod", "autoDeploy", "runOptions"],
  ["schedules"],
  ["healthcheck"],
  ["processes"]
] as const

export type Section = (typeof groups)[number][number]
const sections: ReadonlyArray<Section> = groups.flat()

export type Value = string | number | boolean | ReadonlyArray<Value> | { readonly [key: string]: Value }

/** Lower case letters, digits and hyphens, as a name in a spec has to be. */
export const label = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "")

/** A text of a spec's `env` that means `text` itself. */
export const literal = (text: string): string => text.replaceAll("${", () => "$${")

export class Draft {
  readonly name: string
  private readonly plain = new Map<Section, Value>()
  private readonly maps = new Map<Section, Map<string, Value>>()
  private readonly lists = new Map<Section, Array<Value>>()
  private readonly comments = new Map<Section | "", Array<string>>()
  private readonly suggestions = new Map<Section, ReadonlyArray<string>>()
  private readonly origins = new Map<string, Cursor>()

  constructor(name: string) {
    this.name = label(name) || "app"
    this.set("name", this.name)
  }

  set(section: Section, value: Value | undefined, from?: Cursor): void {
    if (value === undefined) return
    this.plain.set(section, value)
    this.remember(section, from)
  }

  put(section: Section, key: string, value: Value | undefined, from?: Cursor): void {
    if (value === undefined) return
    const map = this.maps.get(section) ?? new Map<string, Value>()
    map.set(key, value)
    this.maps.set(section, map)
    this.remember(`${section}.${key}`, from)
  }

  add(section: Section, value: Value, from?: Cursor): void {
    const list = this.lists.get(section) ?? []
    if (list.some((one) => JSON.stringify(one) === JSON.stringify(value))) return
    list.push(value)
    this.lists.set(section, list)
    this.remember(`${section}[${list.length - 1}]`, from)
  }

  get(section: Section): Value | undefined {
    const map = this.maps.get(section)
    if (map !== undefined) return this.plain.get(section) ?? Object.fromEntries(map)
    const list = this.lists.get(section)
    return this.plain.get(section) ?? (list?.length === 0 ? undefined : list)
  }

  at(section: Section, key: string): Value | undefined {
    return this.maps.get(section)?.get(key)
  }

  entries(section: Section): ReadonlyArray<readonly [string, Value]> {
    return [...(this.maps.get(section) ?? [])]
  }

  /** All that is said in comments, and what only has to be uncommented. */
  get told(): ReadonlyArray<{ readonly section: Section | ""; readonly text: string }> {
    return [...this.comments].flatMap(([section, texts]) => texts.map((text) => ({ section, text })))
  }

  get suggested(): ReadonlyArray<readonly [Section, ReadonlyArray<string>]> {
    return [...this.suggestions]
  }

  /** Where the file first led to it. */
  get place(): Position {
    const [first] = this.origins.values()
    return first?.at ?? { line: 1, column: 1 }
  }

  /** Stands above the section; without one, at the head of the file. */
  comment(near: Section | undefined, text: string): void {
    const place = near ?? ""
    const known = this.comments.get(place) ?? []
    if (!known.includes(text)) this.comments.set(place, [...known, text])
  }

  /** Lines that only have to be uncommented. */
  suggest(section: Section, lines: ReadonlyArray<string>): void {
    this.suggestions.set(section, lines)
  }

  private remember(path: string, from: Cursor | undefined): void {
    if (from !== undefined) this.origins.set(path, from)
  }

  /** Takes out what stands at `path`, or what it is part of; `undefined` where nothing of the file led to it. */
  private remove(path: string): Cursor | undefined {
    const known = [...this.origins.keys()].filter((one) => {
      const told = toldPath(one)
      return path === told || path.startsWith(`${told}.`) || path.startsWith(`${told}[`)
    })
    const found = known.toSorted((a, b) => b.length - a.length)[0]
    if (found === undefined) return undefined
    const from = this.origins.get(found)
    this.origins.delete(found)
    const [, section = "", index] = /^([A-Za-z]+)(?:\[(\d+)\])?/.exec(found) ?? []
    const name = sections.find((one) => one === section)
    if (name === undefined) return undefined
    if (index !== undefined) this.lists.get(name)?.splice(Number(index), 1)
    else if (found.includes(".")) this.maps.get(name)?.delete(found.slice(found.indexOf(".") + 1))
    else this.plain.delete(name)
    if (index !== undefined) this.renumber(name, Number(index))
    return from
  }

  private renumber(section: Section, removed: number): void {
    for (let index = removed + 1; this.origins.has(`${section}[${index}]`); index++) {
      const from = this.origins.get(`${section}[${index}]`)
      this.origins.delete(`${section}[${index}]`)
      this.remember(`${section}[${index - 1}]`, from)
    }
  }

  /** The spec's text; `head` stands above it. */
  text(head: string): string {
    const lines = [...comment(head), ...this.commentLines("")]
    for (const group of groups) {
      const written = group.flatMap((section) => this.sectionLines(section))
      if (written.length > 0) lines.push("", ...written)
    }
    return `${lines.join("\n")}\n`
  }

  private commentLines(section: Section | ""): ReadonlyArray<string> {
    return (this.comments.get(section) ?? []).flatMap((text) => comment(text))
  }

  private sectionLines(section: Section): ReadonlyArray<string> {
    const value = this.get(section)
    const isEmpty = value === undefined || (typeof value === "object" && Object.keys(value).length === 0)
    return [
      ...this.commentLines(section),
      ...(isEmpty ? [] : [yaml({ [section]: value })]),
      ...(this.suggestions.get(section) ?? []).map((line) => `# ${line}`)
    ]
  }

  /** Of a command that no shell needs to read, as words: not every source takes quotes. */
  private intoWords(): boolean {
    const command = this.plain.get("command")
    const words = typeof command === "string" ? wordsIn(command) : undefined
    if (words === undefined || words.length === 0) return false
    this.plain.set("command", words)
    return true
  }

  /**
   * Takes out, and tells of, all that a spec would refuse: the reader of specs says what that is.
   * @param leave is told of what no key of the file led to.
   * @returns why there is no spec: what is missing cannot be taken out.
   */
  settle(head: string, leave: (reason: string) => void): string | undefined {
    for (;;) {
      const read = parseSpec(this.text(head), "spec")
      if (Either.isRight(read)) return undefined
      const { problems } = read.left
      if (problems.some(({ path }) => path === "command") && this.intoWords()) continue
      const [problem] = problems
      if (problem === undefined) return undefined
      const from = this.remove(problem.path)
      if (from === undefined) return reasonOf(problem)
      const [, section = ""] = /^([A-Za-z]+)/.exec(problem.path) ?? []
      if (from.exists)
        from.leave(
          reasonOf(problem),
          sections.find((one) => one === section)
        )
      else leave(`${problem.path}: ${reasonOf(problem)}`)
    }
  }
}

const reasonOf = ({ hint, message }: SpecProblem): string =>
  `${message}${hint === undefined ? "" : ` (${hint})`}`

/** As the reader of specs names it: a key is cut where it could not be one. */
const toldPath = (path: string): string => {
  const dot = path.indexOf(".")
  return dot < 0 ? path : `${path.slice(0, dot)}.${keyName(path.slice(dot + 1))}`
}

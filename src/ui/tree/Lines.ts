/** The lines that show what runs, for a window of a given size: no line is wider, and they are no more than fit. */
import { padEnd, truncate, widthOf } from "../Layout.ts"
import { stepTitle } from "../StepTitle.ts"
import type { Style } from "../Style.ts"
import { type Row, rowsAt, type Tree } from "./Tree.ts"

interface Window {
  readonly columns: number
  readonly rows: number
}

export interface Look {
  readonly window: Window
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly style: Style
  /** Takes secrets out of a text: before it is cut, as half of one is not known. */
  readonly hide: (text: string) => string
}

/** From here on what a row is about stands below its step's name. */
const roomy = 72
/** Of the width, so much is for the names of rows at most. */
const nameShare = 0.45
const fewestRows = 3

/** @param isTitled `false`: the title stands above for good. */
export const treeLines = (tree: Tree, look: Look, isTitled = true): ReadonlyArray<string> => {
  const { now, style, window } = look
  const rows = rowsAt(tree, now)
  const about = rows.every(({ state }) => state === "coming") ? tree.about : ""
  const said = [isTitled ? tree.title : "", about].filter((one) => one !== "").join("  ")
  const head = said === "" ? [] : [lineOf({ head: "", name: said, since: tree.since }, 0, look)]
  const most = Math.max(window.rows - 2 - head.length, fewestRows)
  const shown = fitting(rows, most)
  const next = rows.length + tree.next.length <= most ? tree.next : []
  const indent = " ".repeat(window.columns >= roomy ? 6 : 2)
  const width = nameWidth(
    shown.map(({ what }) => what),
    indent.length + 2,
    look
  )
  return [
    ...head,
    ...shown.map((row) =>
      row.state === "coming"
        ? comingLine(`${indent}${style.ring} ${look.hide(row.what)}`, look)
        : lineOf({ ...row, head: indent, mark: row.state, name: row.what }, width, look)
    ),
    ...moreLine(rows.length - shown.length, indent, style),
    ...next.map((step) => comingLine(`${stepTitle(step)} ${style.ring}`, look))
  ]
}

export const moreLine = (more: number, indent: string, style: Style): ReadonlyArray<string> =>
  more <= 0 ? [] : [style.dim(`${indent}${style.ellipsis} and ${more} more`)]

/** The width of the column of names. */
export const nameWidth = (names: ReadonlyArray<string>, before: number, { hide, window }: Look): number =>
  Math.min(
    Math.max(0, ...names.map((name) => widthOf(hide(name)))),
    Math.floor((window.columns - before) * nameShare)
  )

const comingLine = (text: string, { style, window }: Look): string =>
  style.dim(truncate(text, window.columns - 1, style.ellipsis))

/** Those that fit, in their order: what is to come goes first, then what is done, then what began last. */
const fitting = (rows: ReadonlyArray<Row>, most: number): ReadonlyArray<Row> => {
  if (rows.length <= most) return rows
  const kept = [
    ...rows.filter(({ state }) => state === "running" || state === "failed"),
    ...rows.filter(({ state }) => state === "done").toReversed(),
    ...rows.filter(({ state }) => state === "coming")
  ].slice(0, most - 1)
  return rows.filter((row) => kept.includes(row))
}

interface Line extends Partial<Pick<Row, "word" | "tail" | "deadline" | "ended">> {
  readonly head: string
  readonly mark?: Exclude<Row["state"], "coming">
  readonly name: string
  /** `undefined`: its time is of no interest. */
  readonly since: number | undefined
}

/**
 * `  • name  word                 tail  12 s`, one column short of the window: a full line would wrap.
 * @param width of the column of names; 0: there is none.
 */
export const lineOf = (line: Line, width: number, { hide, now, style, window }: Look): string => {
  const { deadline, ended, head, mark, name, since, tail = "", word = "" } = line
  const time = since === undefined ? "" : clock(ended === undefined ? now - since : ended - since, ended)
  const left =
    deadline === undefined || deadline <= now
      ? ""
      : `, ${whole(Math.ceil((deadline - now) / 1000) * 1000)} left`
  const last = tail + left
  const sign =
    mark === undefined ? "" : { running: style.bullet, done: style.tick, failed: style.cross }[mark]
  const paint = mark === "failed" ? style.red : mark === "done" ? style.green : style.yellow
  const start = sign === "" ? head : `${head}${paint(sign)} `
  const room = Math.max(0, window.columns - 1 - widthOf(start) - (time === "" ? 0 : time.length + 2))
  const hidden = hide(name)
  const called = truncate(hidden, width === 0 ? room : Math.min(width, room), style.ellipsis)
  const said =
    word + last === "" ? "" : wordIn(hide(word), last, room - Math.max(width, widthOf(called)) - 2, style)
  const text = said === "" ? called : `${padEnd(called, width)}  ${said}`
  const shown = mark === undefined ? style.bold(called) : called
  const body = said === "" ? shown : `${padEnd(called, width)}  ${style.dim(said)}`
  const gap = " ".repeat(Math.max(0, room - widthOf(text)))
  return time === "" ? start + body : `${start}${body}${gap}  ${style.dim(time)}`
}

/** The word is cut before what stands behind it. */
const wordIn = (word: string, last: string, room: number, { ellipsis }: Style): string => {
  if (room < 4) return ""
  const forWord = room - widthOf(last)
  if (forWord < 8) return truncate(word + last, room, ellipsis)
  return truncate(word, forWord, ellipsis) + last
}

const clock = (millis: number, ended: number | undefined): string =>
  ended === undefined ? (millis < 1000 ? "" : whole(millis)) : tenths(millis)

const tenths = (millis: number): string =>
  millis < 9_950 ? `${(millis / 1000).toFixed(1)} s` : whole(millis)

/** `7 s`, `3 min 20 s`. */
const whole = (millis: number): string => {
  const seconds = Math.round(millis / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

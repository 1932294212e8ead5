/** What a person sees of a terminal that was written to: a screen of so many columns and rows, with what has scrolled off. */
import { widthOf } from "../../src/ui/Layout.ts"

/** A line of the screen, cell by cell; the second cell of a wide character is empty. */
interface Line {
  cells: Array<string>
  /** It goes on in the next one. */
  wraps: boolean
}

/**
 * Understands what fabrik writes: text, line ends, colours, cursor up and down, erasing. Whatever else comes is an error:
 * nobody knows what it would look like.
 */
export const makeTerminal = (size: { readonly columns: number; readonly rows: number }) => {
  let { columns, rows } = size
  const lines: Array<Line> = [{ cells: [], wraps: false }]
  let row = 0
  let column = 0
  /** The first line of the window. */
  const top = () => Math.max(0, lines.length - rows)
  const at = (index: number): Line => (lines[index] ??= { cells: [], wraps: false })

  const put = (character: string) => {
    const width = widthOf(character)
    if (width === 0) return
    if (column + width > columns) {
      at(row).wraps = true
      feed()
      column = 0
    }
    const { cells } = at(row)
    while (cells.length < column) cells.push(" ")
    cells.splice(column, width, character, ...Array.from({ length: width - 1 }, () => ""))
    column += width
  }
  const feed = () => {
    row += 1
    at(row)
  }
  const control = (parameters: string, final: string) => {
    const count = Math.max(1, Number(parameters || "1"))
    switch (final) {
      case "m":
        return
      case "A":
        row = Math.max(top(), row - count)
        return
      case "K":
        if (parameters === "2") at(row).cells = []
        else at(row).cells.splice(column)
        at(row).wraps = false
        return
      case "J":
        at(row).cells.splice(column)
        at(row).wraps = false
        for (let below = row + 1; below < lines.length; below += 1) lines[below] = { cells: [], wraps: false }
        return
      default:
        throw new Error(`a terminal is told ESC [ ${parameters} ${final}`)
    }
  }
  /** The beginning of a sequence whose end is still to come. */
  let rest = ""
  const textOf = ({ cells }: Line) => cells.join("").trimEnd()

  return {
    write: (text: string) => {
      const whole = rest + text
      // oxlint-disable-next-line no-control-regex
      rest = /\u001b(?:\[[0-9;?]*)?$/u.exec(whole)?.[0] ?? ""
      // oxlint-disable-next-line no-control-regex
      for (const part of whole.slice(0, whole.length - rest.length).match(/\u001b\[[0-9;?]*[A-Za-z]|[^]/gu) ??
        []) {
        // oxlint-disable-next-line no-control-regex
        const [, parameters = "", final] = /^\u001b\[([0-9;?]*)([A-Za-z])$/u.exec(part) ?? []
        if (final !== undefined) control(parameters, final)
        else if (part === "\n") {
          feed()
          column = 0
        } else if (part === "\r") column = 0
        else if (part < " ") throw new Error(`a terminal is told ${JSON.stringify(part)}`)
        else put(part)
      }
    },
    /** Lines that were broken are broken anew, as terminals do. */
    resize: (to: { readonly columns: number; readonly rows: number }) => {
      const whole: Array<Array<string>> = []
      let joins = false
      let cursor = 0
      for (const [index, line] of lines.entries()) {
        if (joins) whole.at(-1)?.push(...line.cells)
        else whole.push([...line.cells])
        if (index === row) cursor = whole.length - 1
        joins = line.wraps
      }
      columns = to.columns
      rows = to.rows
      lines.length = 0
      for (const [index, cells] of whole.entries()) {
        if (index === cursor) row = lines.length
        const parts = Math.max(1, Math.ceil(cells.length / columns))
        for (let part = 0; part < parts; part += 1) {
          lines.push({ cells: cells.slice(part * columns, (part + 1) * columns), wraps: part + 1 < parts })
        }
      }
    },
    /** Of the window. */
    screen: (): ReadonlyArray<string> => lines.slice(top()).map(textOf),
    /** With all that has scrolled off, and without the empty lines at its end. */
    everything: (): ReadonlyArray<string> => {
      const all = lines.map(textOf)
      return all.slice(0, all.findLastIndex((line) => line !== "") + 1)
    }
  }
}

/** A step, or a rollback, that has ended, as a line: what was shown of it while it ran is folded into that. */
import type { DeploymentEvent } from "../engine/DeploymentEvent.ts"
import { listed, padEnd, seconds, widthOf, wrap } from "./Layout.ts"
import type { Style } from "./Style.ts"

/** Facts stand below their step. */
export const indent = "      "

/** What has come of it so far. */
export interface Tally {
  /** How often, by what was done: `created`, `removed again`. */
  readonly counts: ReadonlyMap<string, number>
  readonly facts: ReadonlyArray<string>
}

export const noTally: Tally = { counts: new Map(), facts: [] }

export const counted = ({ counts, facts }: Tally, word: string): Tally => ({
  counts: new Map([...counts, [word, (counts.get(word) ?? 0) + 1]]),
  facts
})

export const noted = ({ counts, facts }: Tally, fact: string): Tally => ({ counts, facts: [...facts, fact] })

const undone = {
  removed: "removed again",
  restored: "restored",
  cancelled: "cancelled",
  nothing: "as before"
}

export const countedUndo = (
  tally: Tally,
  { how }: Extract<DeploymentEvent, { readonly _tag: "UndoFinished" }>
): Tally => counted(tally, undone[how])

/** @param title `undefined`: it stands above already. */
export const renderFold = (
  title: string | undefined,
  { isDone, millis, tally }: { readonly isDone: boolean; readonly millis: number; readonly tally: Tally },
  style: Style
): ReadonlyArray<string> => {
  const mark = isDone ? style.tick : style.cross
  const took = seconds(millis)
  const plain = `${title === undefined ? indent : `${title} `}${mark} ${took}`
  const painted = `${title === undefined ? indent : `${title} `}${isDone ? style.green(mark) : style.red(mark)} ${style.dim(took)}`
  const said = told(tally)
  const joined = said.join(", ")
  if (joined === "") return [painted]
  // Under one another, as the titles are about as long.
  const before = title === undefined ? plain : padEnd(plain, 24)
  return widthOf(before) + 2 + widthOf(joined) <= style.columns
    ? [`${painted}${before.slice(plain.length)}  ${joined}`]
    : [painted, ...renderTally(tally, style)]
}

export const renderTally = (tally: Tally, style: Style): ReadonlyArray<string> =>
  told(tally).flatMap((one) => wrap(one, style.columns, indent))

const told = ({ counts, facts }: Tally): ReadonlyArray<string> => {
  const all = [...counts].map(([word, count]) => `${count} ${word}`)
  return [...(all.length === 0 ? [] : [listed(all)]), ...facts]
}

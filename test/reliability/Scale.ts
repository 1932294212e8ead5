/**
 * How much of a reliability suite runs: the whole of it with FABRIK_RELIABILITY=full (`npm run test:reliability`), a
 * bounded part otherwise. What ran is noted, so that a table of counts can be printed at the end.
 */
import { appendFileSync } from "node:fs"
import process from "node:process"

export const isFull = process.env["FABRIK_RELIABILITY"] === "full"

/** Whether every provider keeps the whole contract, or one of each shape (`npm run test:dns`). */
export const isDeep = isFull || process.env["FABRIK_DNS"] === "all"

/** How many cases a suite runs, bounded and in full. */
export const size = (bounded: number, full: number): number => (isFull ? full : bounded)

/** What the ordinary suite draws is the same each time, so that it fails for what was changed; in full it is drawn anew. */
export const draw: { readonly seed?: number } = isFull ? {} : { seed: 17 }

/** Every `step`-th of the cases, chosen evenly, when bounded; all of them in full. */
export const sample = <A>(cases: ReadonlyArray<A>, bounded: number): ReadonlyArray<A> => {
  if (isFull || cases.length <= bounded) return cases
  return Array.from(
    { length: bounded },
    (_, index) => cases[Math.floor((index * cases.length) / bounded)] as A
  )
}

/** Of all the cases those of one part: FABRIK_RELIABILITY_PART=2/8 has every eighth, from the second on. */
export const part = <A>(cases: ReadonlyArray<A>): ReadonlyArray<A> => {
  const [which = 1, parts = 1] = (process.env["FABRIK_RELIABILITY_PART"] ?? "").split("/").map(Number)
  return parts > 1 ? cases.filter((_, index) => index % parts === which - 1) : cases
}

/** A row of the table of counts. */
export interface Count {
  /** `single fault`, `SIGKILL`, ... */
  readonly suite: string
  /** How many runs there were. */
  readonly runs: number
  /** Which invariants were checked after every one of them: `I1 I2 I6`. */
  readonly invariants: string
}

/** Adds a row to the table of counts. To be called once a suite's runs all held. */
export const note = (count: Count): void => {
  const file = process.env["FABRIK_RELIABILITY_COUNTS"]
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(count)}\n`)
}

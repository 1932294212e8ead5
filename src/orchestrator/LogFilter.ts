/** Pure: which lines of a log are asked for. */
import type { LogLine } from "./LogText.ts"

export interface LogFilter {
  /** Milliseconds since the epoch; the line of that very moment is in. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly pattern?: RegExp | undefined
}

/** Whether it lets everything through. */
export const isOpen = ({ pattern, since, until }: LogFilter): boolean =>
  pattern === undefined && since === undefined && until === undefined

/** Whether it needs to know when a line was written. */
export const isTimed = ({ since, until }: LogFilter): boolean => since !== undefined || until !== undefined

/** A line whose time nobody tells is none of a span of time. */
export const lets = ({ pattern, since, until }: LogFilter, { at, text }: LogLine): boolean => {
  if (pattern !== undefined && !pattern.test(text)) return false
  if (since === undefined && until === undefined) return true
  const time = at === undefined ? Number.NaN : Date.parse(at)
  return (since === undefined || time >= since) && (until === undefined || time <= until)
}

/** That lines may fit which the API did not give; `undefined`: none can. @param most lines that it gives. */
export const missedBefore = (
  given: ReadonlyArray<LogLine>,
  filter: LogFilter,
  most: number
): string | undefined => {
  const [oldest] = given
  if (given.length < most || isOpen(filter)) return undefined
  if (filter.since !== undefined && oldest !== undefined && Date.parse(oldest.at ?? "") <= filter.since) {
    return undefined
  }
  const back = oldest?.at === undefined ? "" : `, which go back to ${oldest.at}`
  return `Coolify's API gives the newest ${most} lines${back}: older ones were not looked at.`
}

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const span = /^(\d{1,6})([smhd])$/
const moment = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * `90s`, `10m`, `2h`, `3d` before now, a date, or a date and time of ISO 8601, in UTC unless it names an offset.
 * Milliseconds since the epoch; `undefined`: it is none of them.
 */
export const readMoment = (text: string, now: number): number | undefined => {
  const [, number, unit] = span.exec(text) ?? []
  if (number !== undefined && (unit === "s" || unit === "m" || unit === "h" || unit === "d")) {
    return now - Number(number) * units[unit]
  }
  const match = moment.exec(text)
  if (match === null) return undefined
  const zoned = match[1] !== undefined || !/[T ]/.test(text) ? text : `${text}Z`
  const time = Date.parse(zoned.replace(" ", "T"))
  return Number.isNaN(time) ? undefined : time
}

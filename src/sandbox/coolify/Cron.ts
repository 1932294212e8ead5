/** Which times Coolify takes: `validate_cron_expression` of bootstrap/helpers/shared.php at 4.3.11, over poliander/cron. */

const periods = ["hourly", "daily", "weekly", "monthly", "yearly"]
const words = new Set(["every_minute", ...periods, ...periods.map((period) => `@${period}`)])

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names?: RegExp
}

const bounds: ReadonlyArray<Bounds> = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)$/i },
  { min: 0, max: 7, names: /^(sun|mon|tue|wed|thu|fri|sat)$/i }
]

const isWithin = ({ max, min }: Bounds, text: string): boolean =>
  /^(0|[1-9]\d*)$/.test(text) && Number(text) >= min && Number(text) <= max

const isElement = (bound: Bounds, element: string): boolean => {
  const [range = "", step, ...more] = element.split("/")
  if (more.length > 0 || (step !== undefined && !isWithin({ min: 1, max: bound.max }, step))) return false
  const ends = range.split("-")
  if (ends.length === 1 && range !== "*") return step === undefined && isWithin(bound, range)
  return range === "*" || (ends.length === 2 && ends.every((end) => isWithin(bound, end)))
}

export const isFrequency = (text: string): boolean => {
  if (words.has(text)) return true
  const fields = text.split(/\s+/)
  return (
    fields.length === bounds.length &&
    bounds.every((bound, index) => {
      const field = fields[index] ?? ""
      return bound.names?.test(field) === true || field.split(",").every((one) => isElement(bound, one))
    })
  )
}

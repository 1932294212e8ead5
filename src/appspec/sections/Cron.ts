/**
 * When something is done over and over, as Coolify takes it. It checks an expression with poliander/cron and runs it by
 * dragonmantank/cron-expression: what is taken here means the same to both. Six fields were recorded as 422, `daily` and
 * `@daily` as 201; the other words are in bootstrap/helpers/constants.php (4.3.11).
 */
import * as Either from "effect/Either"
import { text } from "../Form.ts"
import { nearest } from "../Nearest.ts"
import { type Complaint, quote } from "../Report.ts"

const periods = ["hourly", "daily", "weekly", "monthly", "yearly"]
const words = ["every_minute", ...periods, ...periods.map((period) => `@${period}`)]

interface Part {
  readonly name: string
  readonly min: number
  readonly max: number
  /** Coolify takes one of them in the place of the whole field. */
  readonly names?: ReadonlyArray<string>
}

const parts: ReadonlyArray<Part> = [
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day of the month", min: 1, max: 31 },
  {
    name: "month",
    min: 1,
    max: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
  },
  { name: "day of the week", min: 0, max: 7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] }
]

const fiveFields = "five fields (minute, hour, day of the month, month, day of the week)"
const usual = words
  .slice(0, 6)
  .map((word) => `\`${word}\``)
  .join(", ")
const form = `${fiveFields}, e.g. \`0 3 * * *\`, or one of ${usual}`

const complaint = (message: string, hint = form): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

/** The values that a field stands for; `undefined`: it is none. */
const valuesOf = ({ max, min, names = [] }: Part, field: string): ReadonlyArray<number> | undefined => {
  const named = names.indexOf(field.toLowerCase())
  if (named >= 0) return [named + min]
  const all = field.split(",").map((element) => {
    const found = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(element)
    if (found === null) return []
    const [, star, from, to, step] = found
    // A single value with a step means every so often to one of the two, and nothing to the other.
    if (star === undefined && to === undefined && step !== undefined) return []
    const first = star === undefined ? Number(from) : min
    const last = star === undefined ? Number(to ?? from) : max
    const by = Number(step ?? 1)
    const isGood = first >= min && last <= max && first <= last && by >= 1 && by <= max
    return isGood
      ? Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, at) => first + at * by)
      : []
  })
  return all.some((values) => values.length === 0) ? undefined : all.flat()
}

const longestMonth = (month: number): number => (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31)

const badField = ({ max, min, name, names }: Part, field: string) =>
  complaint(
    `${quote(field)} is no ${name} that Coolify takes`,
    names !== undefined && /[a-z]/i.test(field)
      ? `${min} to ${max}, or one name alone (${names.slice(0, 3).join(", ")}...): lists and ranges take numbers, e.g. \`1-5\``
      : `${min} to ${max}, a list (\`1,5\`), a range (\`1-5\`), \`*\`, or a step of it (\`*/15\`)`
  )

/** In the form in which it is sent: one blank between two fields. */
const cron = (given: string): Either.Either<string, Complaint> => {
  const fields = given.trim().split(/\s+/)
  const [word = ""] = fields
  if (fields.length === 1) {
    if (words.includes(word)) return Either.right(word)
    const near = nearest(word, words)
    return complaint(
      `${quote(word)} is no time that Coolify knows`,
      near === undefined ? form : `did you mean \`${near}\`?`
    )
  }
  if (fields.length === 6) {
    return complaint(
      `${quote(given)} has six fields, and Coolify takes five`,
      "it knows no seconds: begin with the minute"
    )
  }
  if (fields.length !== parts.length)
    return complaint(`${quote(given)} has ${fields.length} fields, and Coolify takes five`)
  const read = parts.map((part, index) => valuesOf(part, fields[index] ?? ""))
  const bad = read.indexOf(undefined)
  const part = parts[bad]
  if (part !== undefined) return badField(part, fields[bad] ?? "")
  const [, , days = [], months = []] = read
  if (fields[4] === "*" && months.every((month) => days.every((day) => day > longestMonth(month)))) {
    return complaint(`${quote(given)} is a day that no year has`, "choose another day of the month")
  }
  return Either.right(fields.join(" "))
}

/** A field of a spec that says when. */
export const When = (description: string) =>
  text(
    {
      description: `${description}, in the time zone that the server has in Coolify (UTC unless set): ${fiveFields}, or one of ${usual}`,
      examples: ["0 3 * * *", "daily"],
      pattern: new RegExp(`^(?:${words.join("|")}|[0-9A-Za-z*,/-]+(?: +[0-9A-Za-z*,/-]+){4})$`),
      otherwise: form
    },
    cron
  )

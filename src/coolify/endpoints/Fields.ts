/** What the answers of all endpoints have in common. */
import * as Schema from "effect/Schema"

const uuidPattern = /^[a-z0-9-]{1,64}$/

/** An id of Coolify's, safe to stand in a path. Coolify's own are 24 lower-case letters and digits. */
export const Uuid = Schema.String.pipe(Schema.pattern(uuidPattern))

export const isUuid = (text: string): boolean => uuidPattern.test(text)

export const orElse = <A, I>(schema: Schema.Schema<A, I>, value: NoInfer<A>) =>
  Schema.optionalWith(schema, { nullable: true, default: () => value })

export const text = orElse(Schema.String, "")

/** A time as Laravel writes it, in milliseconds since 1970; `undefined`: it tells none. */
export const momentOf = (written: string): number | undefined => {
  const moment = Date.parse(written)
  return Number.isNaN(moment) ? undefined : moment
}

/** Laravel gives a column without a cast as the driver does: a number or its digits. */
export const Whole = Schema.Union(Schema.Int, Schema.NumberFromString.pipe(Schema.int()))

export const Created = Schema.Struct({ uuid: Uuid })

const mostLogLines = 10_000

/** What requests for the log of a container ask. */
export const logsQuery = (
  lines: number,
  options?: { readonly timestamps: boolean }
): Readonly<Record<string, string>> => ({
  lines: String(Math.min(Math.max(Math.trunc(lines), 1), mostLogLines)),
  ...(options?.timestamps === true ? { show_timestamps: "1" } : {})
})

export const Logs = Schema.Struct({ logs: text })

/** What the answers of all endpoints have in common. */
import * as Schema from "effect/Schema"

const uuidPattern = /^[a-z0-9-]{1,64}$/

/** An id of Coolify's, safe to stand in a path. Coolify's own are 24 lower-case letters and digits. */
export const Uuid = Schema.String.pipe(Schema.pattern(uuidPattern))

export const isUuid = (text: string): boolean => uuidPattern.test(text)

export const orElse = <A, I>(schema: Schema.Schema<A, I>, value: NoInfer<A>) =>
  Schema.optionalWith(schema, { nullable: true, default: () => value })

export const text = orElse(Schema.String, "")

/** Laravel gives a column without a cast as the driver does: a number or its digits. */
export const Whole = Schema.Union(Schema.Int, Schema.NumberFromString.pipe(Schema.int()))

export const Created = Schema.Struct({ uuid: Uuid })

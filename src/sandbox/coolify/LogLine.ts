/** A line of a deployment's log. */
import * as Schema from "effect/Schema"

export const LogLine = Schema.Struct({
  command: Schema.NullOr(Schema.String),
  output: Schema.String,
  type: Schema.Literal("stdout", "stderr"),
  timestamp: Schema.String,
  hidden: Schema.Boolean,
  batch: Schema.Int,
  order: Schema.Int
})
export type LogLine = typeof LogLine.Type

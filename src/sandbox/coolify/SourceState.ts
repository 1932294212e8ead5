/** What private repositories are read with. */
import * as Schema from "effect/Schema"

/** The key itself is not kept. */
export const PrivateKey = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  team_id: Schema.Int,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  fingerprint: Schema.String,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type PrivateKey = typeof PrivateKey.Type

export const GithubApp = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  team_id: Schema.Int,
  name: Schema.String,
  created_at: Schema.Number
})
export type GithubApp = typeof GithubApp.Type

/** A plan as data: what differs between a spec and the world, and nothing about how it is shown. */
import * as Schema from "effect/Schema"

export const FieldChange = Schema.Struct({
  field: Schema.String,
  /** `null`: not there. */
  before: Schema.NullOr(Schema.String),
  /** `null`: not there afterwards. */
  after: Schema.NullOr(Schema.String),
  /** The values are withheld: `before` and `after` only tell present from absent. */
  secret: Schema.Boolean,
  /** What is there afterwards is known only once something else of the plan is made. */
  pending: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export type FieldChange = typeof FieldChange.Type

export const Change = Schema.Struct({
  system: Schema.Literal("coolify", "dns"),
  /** `application`, `variable`, `volume`: which ones there are, the kinds of resources say. */
  kind: Schema.String,
  /** `test-api`, `LOG_LEVEL`, `test-api.example.com A`. */
  name: Schema.String,
  action: Schema.Literal("create", "update", "replace", "delete", "unchanged"),
  fields: Schema.Array(FieldChange),
  /** The spec is the one applied last, so somebody else changed this meanwhile. */
  drifted: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export type Change = typeof Change.Type

export const Plan = Schema.Struct({
  name: Schema.String,
  /** The main one; `null`: it answers nowhere. */
  domain: Schema.NullOr(Schema.String),
  /** All of them; older plans have one. */
  domains: Schema.optionalWith(Schema.Array(Schema.String), { exact: true }),
  project: Schema.String,
  environment: Schema.String,
  server: Schema.String,
  /** `assumed`: no credentials, so an empty world was assumed. */
  basis: Schema.Literal("observed", "assumed"),
  changes: Schema.Array(Change),
  /** What the operator should know before saying yes, one sentence each. */
  notes: Schema.Array(Schema.String),
  /** What the token may not read, variables, files and passwords: whether it still is as the spec says is not known. */
  unseen: Schema.optionalWith(Schema.Array(Schema.String), { exact: true })
})
export type Plan = typeof Plan.Type

export const hasChanges = (plan: Plan): boolean =>
  plan.changes.some((change) => change.action !== "unchanged")

/** How many of each action, for the closing line. */
export const countActions = (plan: Plan): { readonly [Action in Change["action"]]: number } => {
  const counts = { create: 0, update: 0, replace: 0, delete: 0, unchanged: 0 }
  for (const change of plan.changes) counts[change.action] += 1
  return counts
}

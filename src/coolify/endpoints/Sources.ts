/** What Coolify gets at private repositories with. Both are made by hand, in Coolify; fabrik finds them by name. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { Uuid, Whole } from "./Fields.ts"

export interface NamedSource {
  /** What applications tell of it: `private_key_id`, `source_id`. */
  readonly id: number
  readonly uuid: string
  readonly name: string
}

/** Requests about private keys and GitHub Apps. */
export interface Sources {
  /** All private keys of the team, those of its servers among them. The keys themselves are not read. */
  readonly deployKeys: Effect.Effect<ReadonlyArray<NamedSource>, CoolifyError>
  /** Without Coolify's own entry for all that is public. */
  readonly githubApps: Effect.Effect<ReadonlyArray<NamedSource>, CoolifyError>
}

const Named = { id: Whole, uuid: Uuid, name: Schema.String }

const KeyRows = Schema.Array(Schema.Struct(Named))

const AppRows = Schema.Array(
  Schema.Struct({ ...Named, is_public: Schema.optionalWith(Schema.Boolean, { default: () => false }) })
)

export const makeSources = ({ json }: Transport): Sources => ({
  deployKeys: json({ method: "listDeployKeys", verb: "GET", path: "/security/keys" }, KeyRows),
  githubApps: json({ method: "listGithubApps", verb: "GET", path: "/github-apps" }, AppRows).pipe(
    Effect.map((rows) =>
      rows.filter(({ is_public }) => !is_public).map(({ id, name, uuid }) => ({ id, uuid, name }))
    )
  )
})

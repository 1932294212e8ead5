import type { Database } from "./Database.ts"
import type { Engine } from "./Engine.ts"

/** What the routes work with. */
export interface Backend {
  readonly database: Database
  readonly engine: Engine
  /** What `GET /version` says. */
  readonly version: string
}

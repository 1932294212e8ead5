/** What a journal tells of an application. */
import * as Schema from "effect/Schema"
import { plainSchema } from "../coolify/endpoints/PlainSettings.ts"
import { makeSource } from "../coolify/Source.ts"
import { optional, orUndefined } from "./Json.ts"

export const propsSchema = () => {
  const Settings = Schema.Struct({
    name: optional(Schema.String),
    description: optional(Schema.String),
    domains: optional(Schema.Array(Schema.String)),
    port: optional(Schema.Number),
    healthcheck: optional(
      Schema.Struct({
        enabled: Schema.Boolean,
        path: Schema.String,
        port: Schema.String,
        status: Schema.Number,
        interval: Schema.Number,
        timeout: Schema.Number,
        retries: Schema.Number,
        startPeriod: Schema.Number,
        command: optional(Schema.String)
      })
    ),
    source: optional(makeSource(Schema.String, orUndefined(Schema.String))),
    plain: optional(plainSchema())
  })
  return Schema.Struct({
    /** Empty while it is being created. */
    uuid: Schema.String,
    /** Where it is created; empty for what is only updated. */
    projectUuid: Schema.String,
    environment: Schema.String,
    /** Of an update those fields alone that it writes. */
    settings: Settings
  })
}

export type ApplicationProps = ReturnType<typeof propsSchema>["Type"]

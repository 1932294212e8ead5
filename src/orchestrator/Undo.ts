/** What puts a change back, as data: it is written down before the change is made, and outlives the process. */
import * as Schema from "effect/Schema"

/** JSON has no `undefined`. */
const orUndefined = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.transform(Schema.NullOr(schema), Schema.UndefinedOr(Schema.typeSchema(schema)), {
    strict: true,
    decode: (value) => value ?? undefined,
    encode: (value) => value ?? null
  })

const Source = Schema.Union(
  Schema.TaggedStruct("Image", { name: Schema.String, tag: Schema.String }),
  Schema.TaggedStruct("Git", {
    repository: Schema.String,
    branch: Schema.String,
    commit: Schema.String,
    buildPack: Schema.String,
    baseDirectory: Schema.String,
    dockerfile: Schema.String
  }),
  Schema.TaggedStruct("Dockerfile", { text: orUndefined(Schema.String) })
)

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

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
      startPeriod: Schema.Number
    })
  ),
  source: optional(Source)
})

const Zone = Schema.Struct({ id: Schema.String, name: Schema.String })

const Records = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  ttl: orUndefined(Schema.Number),
  values: Schema.Array(Schema.String),
  proxied: Schema.Boolean,
  comment: orUndefined(Schema.String)
})

/** `run`: the run whose mark the thing bears. `uuid`, `name`: the application. */
export const Undo = Schema.Union(
  Schema.TaggedStruct("CreatedProject", { name: Schema.String, run: Schema.String }),
  Schema.TaggedStruct("CreatedEnvironment", {
    projectUuid: Schema.String,
    project: Schema.String,
    name: Schema.String
  }),
  Schema.TaggedStruct("CreatedApplication", {
    projectUuid: Schema.String,
    environment: Schema.String,
    name: Schema.String,
    run: Schema.String,
    /** Another one runs, whose place it is to take. */
    beside: Schema.Boolean
  }),
  Schema.TaggedStruct("UpdatedApplication", {
    uuid: Schema.String,
    name: Schema.String,
    /** Of the patched fields only. */
    before: Settings,
    patch: Settings
  }),
  Schema.TaggedStruct("UpdatedVariables", {
    uuid: Schema.String,
    name: Schema.String,
    /** Where the secret store keeps the rows as they were and as they were written. */
    kept: Schema.String
  }),
  Schema.TaggedStruct("PutRecord", {
    zone: Zone,
    before: orUndefined(Records),
    recordSet: Records,
    /** Whether the comment can tell that it is this run's. */
    comments: Schema.Boolean,
    run: Schema.String
  }),
  Schema.TaggedStruct("RemovedRecord", { zone: Zone, recordSet: Records }),
  /** Comes before all other changes to an application that runs; it is deployed again if it was replaced. */
  Schema.TaggedStruct("PreviousVersion", {
    uuid: Schema.String,
    name: Schema.String,
    wasStopped: Schema.Boolean
  }),
  Schema.TaggedStruct("Deployed", {
    uuid: Schema.String,
    name: Schema.String,
    /** The deployment that was the newest before; `null`: none. */
    newestBefore: Schema.NullOr(Schema.String)
  }),
  Schema.TaggedStruct("Stopped", { uuid: Schema.String, name: Schema.String })
)
export type Undo = typeof Undo.Type

export type UndoOf<Tag extends Undo["_tag"]> = Extract<Undo, { readonly _tag: Tag }>

/** What the operator is told of it. */
export interface UndoSubject {
  /** `application test-api`. */
  readonly what: string
  /** What they do when it fails. */
  readonly next: string
}

export const subjectOf = (undo: Undo): UndoSubject => {
  switch (undo._tag) {
    case "CreatedProject":
      return { what: `project ${undo.name}`, next: `delete the project ${undo.name} in Coolify` }
    case "CreatedEnvironment":
      return {
        what: `environment ${undo.name}`,
        next: `delete the environment ${undo.name} of ${undo.project} in Coolify`
      }
    case "CreatedApplication":
      return { what: `application ${undo.name}`, next: `delete the application ${undo.name} in Coolify` }
    case "UpdatedApplication": {
      const { description } = undo.before
      return description === undefined
        ? { what: `settings of ${undo.name}`, next: `check the settings of ${undo.name} in Coolify` }
        : {
            what: `description of ${undo.name}`,
            next: `set the description of ${undo.name} in Coolify to what it was: ${description || "nothing"}`
          }
    }
    case "UpdatedVariables":
      return { what: `variables of ${undo.name}`, next: `check the variables of ${undo.name} in Coolify` }
    case "PutRecord":
    case "RemovedRecord": {
      const what = `record ${undo.recordSet.name} ${undo.recordSet.type}`
      return { what, next: `check the ${what} at the DNS provider` }
    }
    case "PreviousVersion":
      return { what: `previous version of ${undo.name}`, next: `deploy ${undo.name} in Coolify` }
    case "Deployed":
      return {
        what: `deployment of ${undo.name}`,
        next: `cancel the deployment of ${undo.name} in Coolify`
      }
    case "Stopped":
      return { what: `stop of ${undo.name}`, next: `deploy ${undo.name} in Coolify` }
  }
}

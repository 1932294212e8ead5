/** The form of what stands in a journal. */
import * as Schema from "effect/Schema"
import { lazily } from "./Lazily.ts"

const make = () => {
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
  const Undo = Schema.Union(
    /** `key`: of the mark of the application that it was made for; older journals do not tell. */
    Schema.TaggedStruct("CreatedProject", {
      name: Schema.String,
      run: Schema.String,
      key: optional(Schema.String)
    }),
    /** Without a run (of an older journal) nobody can tell who made it. */
    Schema.TaggedStruct("CreatedEnvironment", {
      projectUuid: Schema.String,
      project: Schema.String,
      name: Schema.String,
      run: optional(Schema.String),
      key: optional(Schema.String)
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

  /** A run and what it was to do: enough to go on without the process that began it. */
  const Begun = Schema.TaggedStruct("Begun", {
    run: Schema.String,
    /** Milliseconds since the epoch: for people only, nothing is decided by it. */
    at: Schema.Number,
    command: Schema.String,
    /** The spec's path as it was given, and its YAML. */
    file: Schema.String,
    text: Schema.String,
    skipDns: Schema.Boolean,
    skipDeploy: Schema.Boolean,
    allowDowntime: Schema.Boolean,
    deleteVolumes: Schema.Boolean,
    /** FABRIK_OWNER, and the uuid of the server it was for, which tells which Coolify; older journals have neither. */
    owner: optional(Schema.String),
    server: optional(Schema.String),
    /** A keyed digest of each secret's value. */
    secrets: Schema.Array(Schema.Struct({ name: Schema.String, digest: Schema.String })),
    /** The runs that had changed the spec's applications last before this one; absent: an older fabrik did not look. */
    stood: optional(Schema.Array(Schema.String))
  })
  const JournalEntry = Schema.Union(
    Begun,
    /** A change that is about to be made. */
    Schema.TaggedStruct("Change", { id: Schema.Number, undo: Undo }),
    /** A request that is about to be sent. */
    Schema.TaggedStruct("Sending", {
      id: Schema.Number,
      method: Schema.String,
      what: Schema.String,
      /** Milliseconds since the epoch. */
      at: optional(Schema.Number)
    }),
    Schema.TaggedStruct("Answered", {
      id: Schema.Number,
      outcome: Schema.Literal("done", "refused", "unknown")
    }),
    /** From here on there is no way forward. */
    Schema.TaggedStruct("RollingBack", {}),
    /** `left`: somebody else has changed it meanwhile, and it stays as it is. */
    Schema.TaggedStruct("Undone", { id: Schema.Number, result: Schema.Literal("undone", "nothing", "left") }),
    /** From here on there is no way back. */
    Schema.TaggedStruct("Committed", {}),
    /** Nothing is open any more. */
    Schema.TaggedStruct("Closed", {})
  )

  return {
    Undo,
    Begun,
    JournalEntry,
    encode: Schema.encodeSync(JournalEntry),
    decode: Schema.decodeUnknownOption(JournalEntry)
  }
}

type JournalSchema = ReturnType<typeof make>
export type Undo = JournalSchema["Undo"]["Type"]
export type Begun = JournalSchema["Begun"]["Type"]
export type JournalEntry = JournalSchema["JournalEntry"]["Type"]

/** Made when a journal is first written or read, not at every start. */
export const journalSchema = lazily(make)

/** The form of what stands in a journal. */
import * as Schema from "effect/Schema"
import { lazily } from "./Lazily.ts"

const make = () => {
  const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

  /** A change that is about to be made. */
  const Change = Schema.TaggedStruct("Change", {
    id: Schema.Number,
    /** The run whose mark the resource bears. */
    run: Schema.String,
    address: Schema.Struct({ kind: Schema.String, name: Schema.String }),
    /** What the operator is told of it, and what they do when undoing it fails. */
    what: Schema.String,
    next: Schema.String,
    /** What undoing it does. */
    way: Schema.Literal("removed", "restored", "cancelled"),
    /** Its properties, in its kind's own form; absent: it is not there on that side. */
    before: optional(Schema.Unknown),
    after: optional(Schema.Unknown),
    /** Where the secret store keeps them instead. */
    sealed: optional(Schema.String),
    /** It is made beside another, whose place it is to take. */
    beside: optional(Schema.Literal(true))
  })

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
    Change,
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
    /** A deployment has finished: what it may have written to stays, whatever is put back. */
    Schema.TaggedStruct("Used", {}),
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
    Begun,
    Change,
    JournalEntry,
    encode: Schema.encodeSync(JournalEntry),
    decode: Schema.decodeUnknownOption(JournalEntry)
  }
}

type JournalSchema = ReturnType<typeof make>
export type Begun = JournalSchema["Begun"]["Type"]
/** A change as it is written down. */
export type Recorded = Omit<JournalSchema["Change"]["Type"], "_tag">
export type JournalEntry = JournalSchema["JournalEntry"]["Type"]

/** Made when a journal is first written or read, not at every start. */
export const journalSchema = lazily(make)

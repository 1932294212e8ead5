/** The values that an update of variables overwrites, kept where secrets are kept until the update is settled. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { lazily } from "../../engine/Lazily.ts"
import { Run } from "../../engine/Run.ts"
import { SecretError, SecretStore } from "../../secrets/SecretStore.ts"

const make = () => {
  const Value = Schema.Redacted(Schema.String)

  const fields = {
    key: Schema.String,
    isPreview: Schema.Boolean,
    isLiteral: Schema.Boolean,
    isMultiline: Schema.Boolean,
    isShownOnce: Schema.Boolean,
    isRuntime: Schema.Boolean,
    isBuildtime: Schema.Boolean,
    comment: Schema.String
  }

  const Row = Schema.Struct({
    ...fields,
    uuid: Schema.String,
    value: Schema.transform(Schema.NullOr(Value), Schema.UndefinedOr(Schema.typeSchema(Value)), {
      strict: true,
      decode: (value) => value ?? undefined,
      encode: (value) => value ?? null
    })
  })

  const VariableUpdate = Schema.Struct({
    /** The rows of all keys that are touched, as they were. */
    before: Schema.Array(Row),
    put: Schema.Array(Schema.Struct({ ...fields, value: Value })),
    remove: Schema.Array(Row)
  })

  return Schema.parseJson(VariableUpdate)
}

export type VariableUpdate = ReturnType<typeof make>["Type"]

const text = lazily(make)

/** Keeps it under the id for as long as the run's journal is open, durably when this returns. */
export const keepUpdate = Effect.fn("keepUpdate")(function* (id: string, update: VariableUpdate) {
  const secrets = yield* SecretStore
  const { journal } = yield* Run
  yield* secrets.keep(journal.id, id, Redacted.make(yield* Effect.orDie(Schema.encode(text())(update))))
})

/** What was kept under the id. */
export const keptUpdate = Effect.fn("keptUpdate")(function* (id: string) {
  const secrets = yield* SecretStore
  const { journal } = yield* Run
  const update = Option.flatMap(yield* secrets.kept(journal.id, id), (kept) =>
    Schema.decodeOption(text())(Redacted.value(kept))
  )
  return yield* Effect.mapError(
    update,
    () =>
      new SecretError({
        reason: "BadFile",
        subject: id,
        detail: "the values from before are no longer kept, or were changed"
      })
  )
})

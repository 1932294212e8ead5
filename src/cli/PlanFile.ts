/** A plan that was saved for review: `plan --out`, then `apply` of that file. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Plan } from "../orchestrator/Plan.ts"
import { readSpec } from "../spec/LoadSpec.ts"
import { parseSpec } from "../spec/ParseSpec.ts"
import { SpecError } from "../spec/SpecError.ts"

/** The first key tells it from a spec, which is YAML and so might be JSON as well. */
const start = '{"fabrikPlan":1,'

/** Far more than any plan of a spec, which is at most 64 KiB. */
const maxBytes = 1024 * 1024

const PlanFile = Schema.parseJson(
  Schema.Struct({
    fabrikPlan: Schema.Literal(1),
    /** The spec's path as it was given, for error messages. */
    file: Schema.String,
    /** The spec's text: the file may have changed since. */
    spec: Schema.String,
    skipDns: Schema.Boolean,
    skipDeploy: Schema.Boolean,
    redeploy: Schema.Boolean,
    plan: Plan
  })
)
export type PlanFile = typeof PlanFile.Type

const problem = (file: string, message: string, hint: string) =>
  new SpecError({ file, problems: [{ line: 0, column: 0, path: "", message, hint }] })

/** Writes a plan with all that is needed to carry it out, readable by its owner alone. */
export const savePlan = Effect.fn("savePlan")(function* (out: string, saved: Omit<PlanFile, "fabrikPlan">) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.orDie(Schema.encode(PlanFile)({ fabrikPlan: 1, ...saved }))
  yield* fs
    .writeFileString(out, `${text}\n`, { mode: 0o600 })
    .pipe(
      Effect.mapError(() =>
        problem(out, "the plan cannot be written there", "name a file in a writable folder")
      )
    )
})

/** What `apply` was given: a spec, or a reviewed plan together with the spec that it was made from. */
export const loadSubject = Effect.fn("loadSubject")(function* (file: string) {
  const text = yield* readPlanText(file)
  if (text === undefined) {
    const yaml = yield* readSpec(file)
    return { spec: yield* parseSpec(yaml, file), text: yaml, reviewed: undefined }
  }
  const reviewed = yield* Effect.mapError(Schema.decode(PlanFile)(text), () =>
    problem(file, "this plan was changed or cut off", "make a new one with `fabrik plan --out`")
  )
  return { spec: yield* parseSpec(reviewed.spec, reviewed.file), text: reviewed.spec, reviewed }
})

/** The text of a saved plan; `undefined` for anything else, which is then read as a spec, with its own messages. */
const readPlanText = Effect.fn("readPlanText")(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const isPlan = fs.stat(file).pipe(
    Effect.map(({ size, type }) => type === "File" && Number(size) <= maxBytes),
    Effect.orElseSucceed(() => false)
  )
  if (!(yield* isPlan)) return undefined
  const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
  return text.startsWith(start) ? text : undefined
})

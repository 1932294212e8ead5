/** A plan that was saved for review: `plan --out`, then `apply` of that file. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Plan } from "../engine/Plan.ts"
import { readSpec } from "../appspec/LoadSpec.ts"
import { takenFromBeside } from "../appspec/Beside.ts"
import type { Spec } from "../appspec/Spec.ts"
import { SpecError } from "../appspec/SpecError.ts"
import { createHmac, randomUUID } from "node:crypto"
import { parseAllWithEnvironment, parseWithEnvironment } from "./Interpolation.ts"

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
    /** What the files beside the spec held, without their texts: a digest of each, by name, that the salt is part of. */
    files: Schema.optionalWith(
      Schema.Struct({
        salt: Schema.String,
        digests: Schema.Record({ key: Schema.String, value: Schema.String })
      }),
      { exact: true }
    ),
    /** FABRIK_OWNER, and which Coolify it was made for; older files do not tell. */
    owner: Schema.optional(Schema.String),
    target: Schema.optional(Schema.String),
    plan: Plan
  })
)
export type PlanFile = typeof PlanFile.Type

const problem = (file: string, message: string, hint: string) =>
  new SpecError({ file, problems: [{ line: 0, column: 0, path: "", message, hint }] })

const digestsOf = (spec: Spec, salt: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    takenFromBeside(spec).flatMap(({ content, name }) =>
      content === undefined
        ? []
        : [[name, createHmac("sha256", salt).update(Redacted.value(content)).digest("hex")]]
    )
  )

/** What a saved plan has to say of the files beside its spec. */
export const filesSeen = Effect.fn("filesSeen")(function* (spec: Spec) {
  const salt = yield* Effect.sync(() => randomUUID())
  const digests = digestsOf(spec, salt)
  return Object.keys(digests).length === 0 ? {} : { files: { salt, digests } }
})

/** A plan is carried out with the files that it was made for. */
const refuseOtherFiles = Effect.fn("refuseOtherFiles")(function* (
  file: string,
  { files }: PlanFile,
  spec: Spec
) {
  const now = digestsOf(spec, files?.salt ?? "")
  const changed = Object.keys(now).find((name) => now[name] !== files?.digests[name])
  if (changed === undefined) return
  return yield* problem(
    file,
    `${changed} is no longer as it was when the plan was made`,
    "make a new one with `fabrik plan --out`, and review it"
  )
})

/** Writes a plan with all that is needed to carry it out, readable by its owner alone. */
export const savePlan = Effect.fn("savePlan")(function* (out: string, saved: Omit<PlanFile, "fabrikPlan">) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.orDie(Schema.encode(PlanFile)({ fabrikPlan: 1, ...saved }))
  if (!(yield* isPlain(out))) {
    return yield* problem(
      out,
      "the plan is not written through a link, nor to what is no file",
      "name a new file"
    )
  }
  const temporary = `${out}.${yield* Effect.sync(() => randomUUID())}.tmp`
  // A new file, which takes the name as a whole: no link is followed, and a readable old file's mode is not kept.
  yield* fs.writeFileString(temporary, `${text}\n`, { mode: 0o600, flag: "wx" }).pipe(
    Effect.zipRight(fs.rename(temporary, out)),
    Effect.tapError(() => Effect.ignore(fs.remove(temporary, { force: true }))),
    Effect.uninterruptible,
    Effect.mapError(() =>
      problem(out, "the plan cannot be written there", "name a file in a writable folder")
    )
  )
})

/** Nothing, or a file by its own name. */
const isPlain = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  if (yield* Effect.isSuccess(fs.readLink(file))) return false
  return yield* fs.stat(file).pipe(
    Effect.map(({ type }) => type === "File"),
    Effect.orElseSucceed(() => true)
  )
})

/** A plan is carried out by whom and where it was made for. */
export const refuseOtherWorld = Effect.fn("refuseOtherWorld")(function* (
  file: string,
  reviewed: PlanFile | undefined,
  world: { readonly owner: string; readonly target: string }
) {
  if (reviewed === undefined) return
  const again = "make a new one with `fabrik plan --out`"
  if (reviewed.owner !== undefined && reviewed.owner !== world.owner) {
    return yield* problem(
      file,
      `this plan was made for the owner ${reviewed.owner}, not for ${world.owner}`,
      `set FABRIK_OWNER as it was then, or ${again}`
    )
  }
  if (reviewed.target !== undefined && reviewed.target !== world.target) {
    return yield* problem(
      file,
      `this plan was made for the Coolify ${reviewed.target}, not for ${world.target}`,
      `set COOLIFY_ENDPOINT as it was then, or ${again}`
    )
  }
})

/** What `apply` was given: the specs of a file, or a reviewed plan together with the spec that it was made from. */
export const loadSubject = Effect.fn("loadSubject")(function* (file: string) {
  const text = yield* readPlanText(file)
  if (text === undefined) {
    const yaml = yield* readSpec(file)
    return { specs: yield* parseAllWithEnvironment(yaml, file), text: yaml, reviewed: undefined }
  }
  const reviewed = yield* Effect.mapError(Schema.decode(PlanFile)(text), () =>
    problem(file, "this plan was changed or cut off", "make a new one with `fabrik plan --out`")
  )
  const spec = yield* parseWithEnvironment(reviewed.spec, reviewed.file)
  yield* refuseOtherFiles(file, reviewed, spec)
  return { specs: Arr.of(spec), text: reviewed.spec, reviewed }
})

/** What one of several files holds; a saved plan is carried out alone. */
export const loadAmongOthers = Effect.fn("loadAmongOthers")(function* (file: string) {
  const { reviewed, specs, text } = yield* loadSubject(file)
  if (reviewed === undefined) return specs.map((spec) => ({ file, spec, text }))
  return yield* problem(
    file,
    "this is a saved plan, which is carried out alone",
    "apply it in a command of its own"
  )
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
  if (!text.startsWith(start)) return undefined
  if (yield* isPlain(file)) return text
  return yield* problem(file, "a plan is not read through a link", "name the file itself")
})

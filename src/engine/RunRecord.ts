/** What is kept of a run after it: a summary of its events. Pure. */
import * as Schema from "effect/Schema"
import { Answer, type Emitted, Leftover, Outcome, ResourceChanged, Step } from "./DeploymentEvent.ts"

const StepTime = Schema.Struct({
  step: Step,
  /** Milliseconds since the run began. */
  from: Schema.Number,
  /** `null`: it did not come to its end. */
  millis: Schema.NullOr(Schema.Number)
})

const Failure = Schema.Struct({
  /** Where, if it had begun. */
  step: Schema.NullOr(Step),
  /** The error's tag, with its reason. */
  cause: Schema.String,
  message: Schema.String,
  next: Schema.String
})

export const RunRecord = Schema.Struct({
  /** 12 hex digits. */
  id: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{12}$/)),
  command: Schema.String,
  /** The spec's file, as it was given. */
  file: Schema.String,
  application: Schema.String,
  project: Schema.String,
  environment: Schema.String,
  /** Where it ran: the address of Coolify, or the sandbox's directory. */
  coolify: Schema.String,
  owner: Schema.String,
  /** Who ran it, on which machine, in which process. */
  user: Schema.String,
  machine: Schema.String,
  process: Schema.Number,
  fabrik: Schema.String,
  /** Milliseconds since the epoch. */
  began: Schema.Number,
  /** `null`: it has not ended, or was killed. */
  ended: Schema.NullOr(Schema.Number),
  /** Without the time that somebody was asked. */
  millis: Schema.NullOr(Schema.Number),
  outcome: Schema.NullOr(Outcome),
  interrupted: Schema.Boolean,
  exit: Schema.NullOr(Schema.Number),
  failure: Schema.NullOr(Failure),
  url: Schema.NullOr(Schema.String),
  steps: Schema.Array(StepTime),
  changes: Schema.Array(ResourceChanged.pipe(Schema.omit("_tag"))),
  removed: Schema.Array(Schema.String),
  restored: Schema.Array(Schema.String),
  deleted: Schema.Array(Schema.String),
  leftovers: Schema.Array(Leftover),
  /** What was left standing. */
  kept: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  /** What answered after a failed update. */
  answers: Schema.optionalWith(Schema.Array(Answer), { default: () => [] }),
  warnings: Schema.Array(Schema.String)
})
export type RunRecord = typeof RunRecord.Type

/** What is known of a run before its first event. */
export type Facts = Pick<
  RunRecord,
  | "command"
  | "file"
  | "application"
  | "project"
  | "environment"
  | "coolify"
  | "owner"
  | "user"
  | "machine"
  | "process"
  | "fabrik"
>

export const begin = (facts: Facts, { at, run }: Emitted): RunRecord => ({
  ...facts,
  id: run,
  began: at,
  ended: null,
  millis: null,
  outcome: null,
  interrupted: false,
  exit: null,
  failure: null,
  url: null,
  steps: [],
  changes: [],
  removed: [],
  restored: [],
  deleted: [],
  leftovers: [],
  kept: [],
  answers: [],
  warnings: []
})

/** The record with one event more; the same one where the event says nothing that it keeps. */
export const withEvent = (record: RunRecord, { at, event }: Emitted): RunRecord => {
  switch (event._tag) {
    case "RunStarted":
      return { ...record, command: event.command }
    case "StepStarted":
      return {
        ...record,
        steps: [...record.steps, { step: event.step, from: at - record.began, millis: null }]
      }
    case "StepFinished": {
      const place = record.steps.findLastIndex(({ step }) => step === event.step)
      return {
        ...record,
        steps: record.steps.map((one, index) => (index === place ? { ...one, millis: event.millis } : one))
      }
    }
    case "ResourceChanged": {
      const { action, kind, name, system } = event
      return { ...record, changes: [...record.changes, { system, kind, name, action }] }
    }
    case "Warning":
      return { ...record, warnings: [...record.warnings, event.message] }
    case "RunFinished":
      return {
        ...record,
        ended: at,
        millis: event.millis,
        outcome: event.outcome,
        interrupted: event.interrupted,
        url: event.url,
        removed: event.removed ?? [],
        restored: event.restored ?? [],
        deleted: event.deleted ?? [],
        leftovers: event.leftovers,
        kept: event.kept?.made ?? [],
        answers: event.answers ?? []
      }
    default:
      return record
  }
}

/** What can go wrong with one call, and the services with it going wrong. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyError, type CoolifyErrorReason } from "../../src/coolify/CoolifyError.ts"
import { DnsError, type DnsErrorReason } from "../../src/dns/DnsError.ts"
import { eachCall } from "../orchestrator/EachCall.ts"
import { writes } from "./MemoryWorld.ts"

/** How a call goes wrong. A read has no effect: there `done` and `late` are as `none`. */
export interface Fault {
  readonly name: string
  /** Whether the request takes effect, and when. */
  readonly effect: "none" | "done" | "late"
  readonly ending:
    | { readonly _tag: "Error"; readonly coolify: CoolifyErrorReason; readonly dns: DnsErrorReason }
    | { readonly _tag: "Hang" }
    | { readonly _tag: "Slow" }
    /** The run is interrupted at this very moment. */
    | { readonly _tag: "Interrupt" }
}

const error = (coolify: CoolifyErrorReason, dns: DnsErrorReason) => ({ _tag: "Error", coolify, dns }) as const

export const faults: ReadonlyArray<Fault> = [
  { name: "refused (400)", effect: "none", ending: error("Refused", "Invalid") },
  { name: "invalid (422)", effect: "none", ending: error("Invalid", "Invalid") },
  { name: "not allowed (403)", effect: "none", ending: error("Forbidden", "Forbidden") },
  { name: "token revoked (401)", effect: "none", ending: error("Unauthenticated", "Unauthorized") },
  { name: "conflict (409)", effect: "none", ending: error("Conflict", "Conflict") },
  { name: "too many requests (429)", effect: "none", ending: error("RateLimited", "RateLimited") },
  { name: "queue full (429)", effect: "none", ending: error("QueueFull", "RateLimited") },
  { name: "no connection", effect: "none", ending: error("Unreachable", "Unavailable") },
  {
    name: "server error before it took effect",
    effect: "none",
    ending: error("ServerError", "OutcomeUnknown")
  },
  {
    name: "server error after it took effect",
    effect: "done",
    ending: error("ServerError", "OutcomeUnknown")
  },
  {
    name: "connection lost before it took effect",
    effect: "none",
    ending: error("Interrupted", "OutcomeUnknown")
  },
  {
    name: "connection lost after it took effect",
    effect: "done",
    ending: error("Interrupted", "OutcomeUnknown")
  },
  { name: "answer not understood", effect: "done", ending: error("BadResponse", "OutcomeUnknown") },
  { name: "answer lost, takes effect late", effect: "late", ending: error("Interrupted", "OutcomeUnknown") },
  { name: "hangs before it takes effect", effect: "none", ending: { _tag: "Hang" } },
  { name: "hangs after it took effect", effect: "done", ending: { _tag: "Hang" } },
  { name: "takes a minute", effect: "done", ending: { _tag: "Slow" } },
  { name: "interrupted before it takes effect", effect: "none", ending: { _tag: "Interrupt" } },
  { name: "interrupted after it took effect", effect: "done", ending: { _tag: "Interrupt" } }
]

/** Reasons after which nobody knows. */
const unknown = new Set<CoolifyErrorReason>(["ServerError", "Interrupted", "BadResponse"])

/** Of the calls of a run, counted over all services from 1: which one, and how it goes wrong. */
export interface Planned {
  readonly nth: number
  readonly fault: Fault
  /** Counted from the beginning of the rollback. */
  readonly inRollback?: boolean
}

export interface Counter {
  readonly calls: Ref.Ref<ReadonlyArray<string>>
  readonly undoCalls: Ref.Ref<number>
  readonly planned: ReadonlyArray<Planned>
  readonly rollingBack: Effect.Effect<boolean>
  readonly interrupt: Effect.Effect<void>
}

/** How late an answer's effect may be and still be found: within the time that a run looks for it. */
const late = Duration.seconds(20)

export const faulty = <S extends object>(kind: "coolify" | "dns", service: S, counter: Counter): S => {
  const failure = (method: string, fault: Fault) => {
    if (fault.ending._tag !== "Error") return Effect.never
    const isWrite = writes.test(method)
    const detail = "scripted"
    return Effect.fail(
      kind === "dns"
        ? new DnsError({
            provider: "memory",
            method,
            // A provider's client settles a read by itself.
            reason: !isWrite && fault.ending.dns === "OutcomeUnknown" ? "Unavailable" : fault.ending.dns,
            detail
          })
        : new CoolifyError({
            method,
            reason: fault.ending.coolify,
            detail,
            outcomeUnknown: isWrite && unknown.has(fault.ending.coolify)
          })
    )
  }
  const disturbed = (method: string, fault: Fault, call: Effect.Effect<unknown>) =>
    Effect.gen(function* () {
      const isWrite = writes.test(method)
      if (fault.ending._tag === "Slow") return yield* Effect.delay(call, "1 minute")
      if (fault.ending._tag === "Interrupt") yield* counter.interrupt
      if (isWrite && fault.effect === "done") yield* Effect.exit(call)
      if (isWrite && fault.effect === "late") yield* Effect.forkDaemon(Effect.delay(Effect.exit(call), late))
      return yield* failure(method, fault)
    })
  const around = (method: string, call: Effect.Effect<unknown>) =>
    Effect.gen(function* () {
      const nth = (yield* Ref.updateAndGet(counter.calls, (all) => [...all, `${kind} ${method}`])).length
      const undoing = yield* counter.rollingBack
      const undo = undoing ? yield* Ref.updateAndGet(counter.undoCalls, (n) => n + 1) : 0
      const planned = counter.planned.find((one) => (one.inRollback === true ? undo : nth) === one.nth)
      return yield* planned === undefined ? call : disturbed(method, planned.fault, call)
    })
  return eachCall(service, around)
}

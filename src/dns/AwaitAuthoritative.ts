import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constFalse, identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { AuthoritativeDns, AuthoritativeDnsError, type NameServerAnswer } from "./AuthoritativeDns.ts"
import type { RecordSet } from "./DnsClient.ts"
import { canonicalValue } from "./Name.ts"

/** The deadline passed before every name server answered right, twice running. */
export class PropagationTimeout extends Schema.TaggedError<PropagationTimeout>(
  "fabrik/dns/PropagationTimeout"
)("PropagationTimeout", {
  name: Schema.String,
  type: Schema.String,
  wanted: Schema.Array(Schema.String),
  /** What each name server said last; empty when no round came to its end. */
  answers: Schema.Array(
    Schema.Struct({ server: Schema.String, outcome: Schema.String, values: Schema.Array(Schema.String) })
  )
}) {
  override get message(): string {
    const said = this.answers.map(
      ({ server, outcome, values }) => `${server}: ${values.join(", ") || outcome}`
    )
    return `${this.type} ${this.name} is not served as ${this.wanted.join(", ")} everywhere (${said.join("; ") || "no answer"})`
  }
}

/** One round over all name servers. */
export interface PropagationRound {
  /** Counts from 1. */
  readonly round: number
  readonly answers: ReadonlyArray<NameServerAnswer>
  /** Every name server answered right. */
  readonly good: boolean
}

const firstDelay = Duration.millis(250)

/** 0.25 s growing to 5 s. */
const growing = Schedule.union(Schedule.exponential(firstDelay, 1.6), Schedule.spaced("5 seconds"))

/** A look-up of the name servers that fails this often in a row will not get better by waiting. */
const lookupAttempts = 3

type Question = "A" | "AAAA" | "CNAME"
const isQuestion = Schema.is(Schema.Literal("A", "AAAA", "CNAME"))

const answersRight = (type: Question, wanted: ReadonlyArray<string>) => {
  const canonical = new Set(wanted.map((value) => canonicalValue(type, value)))
  return ({ outcome, values }: NameServerAnswer): boolean => {
    const got = new Set(values.map((value) => canonicalValue(type, value)))
    return (
      outcome === "answer" && got.size === canonical.size && [...got].every((value) => canonical.has(value))
    )
  }
}

/**
 * Asks round after round until every name server of the zone gives exactly the record's values in two consecutive
 * rounds (one address may stand for many anycast machines). For a proxied record the answers are the provider's own
 * addresses, so any address will do.
 */
export const awaitAuthoritative = Effect.fn("awaitAuthoritative")(function* (options: {
  /** The zone's name. */
  readonly zone: string
  readonly record: Pick<RecordSet, "name" | "type" | "values" | "proxied">
  readonly deadline: Duration.Duration
  /** Between a good round and the one that confirms it; 0.25 s when absent. */
  readonly confirmAfter?: Duration.Duration
  readonly onRound?: (round: PropagationRound) => Effect.Effect<void>
}) {
  const { zone, record, deadline, onRound } = options
  const dns = yield* AuthoritativeDns
  // A proxied name answers for A whatever type its record has.
  const type = record.proxied ? "A" : record.type
  if (!isQuestion(type)) {
    const detail = `fabrik cannot watch ${type} records`
    return yield* new AuthoritativeDnsError({ name: record.name, detail, reason: "Unwatchable" })
  }
  const right = record.proxied
    ? ({ outcome }: NameServerAnswer) => outcome === "answer"
    : answersRight(type, record.values)

  const last = yield* Ref.make<PropagationRound>({ round: 0, answers: [], good: false })
  const failedLookups = yield* Ref.make(0)

  const failedLookup = (error: AuthoritativeDnsError) =>
    Ref.updateAndGet(failedLookups, (count) => count + 1).pipe(
      Effect.flatMap((count) => Effect.fail(count < lookupAttempts ? ("bad" as const) : error))
    )

  const once = Effect.gen(function* () {
    const answers = yield* dns.ask(zone, record.name, type).pipe(Effect.catchAll(failedLookup))
    yield* Ref.set(failedLookups, 0)
    const before = yield* Ref.get(last)
    const good = answers.length > 0 && answers.every(right)
    const round = { round: before.round + 1, answers, good }
    yield* Ref.set(last, round)
    if (onRound !== undefined) yield* onRound(round)
    if (!good) return yield* Effect.fail("bad" as const)
    return before.good ? undefined : yield* Effect.fail("once good" as const)
  })

  const settled = yield* once.pipe(
    Effect.as(true),
    Effect.retry({
      while: (outcome) => outcome === "bad" || outcome === "once good",
      schedule: growing.pipe(
        Schedule.passthrough,
        Schedule.modifyDelay((outcome, delay) =>
          outcome === "once good" ? (options.confirmAfter ?? firstDelay) : delay
        ),
        Schedule.intersect(Schedule.recurUpTo(deadline))
      )
    }),
    Effect.catchAll((outcome) =>
      Predicate.isString(outcome) ? Effect.succeed(false) : Effect.fail(outcome)
    ),
    Effect.timeoutTo({ duration: deadline, onSuccess: identity, onTimeout: constFalse })
  )
  if (settled) return
  const { answers } = yield* Ref.get(last)
  return yield* new PropagationTimeout({ name: record.name, type, wanted: record.values, answers })
})

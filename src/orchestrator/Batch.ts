/**
 * Several runs of one command: all are planned side by side, one answer decides on all plans, and then each goes as soon as
 * what it needs stands. Each is a transaction of its own, but for those that stand or fall together: none of them is kept
 * unless all stand. With `atomic` that is all of them.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { RefusedError } from "../engine/DeployError.ts"
import type { Plan } from "../engine/Plan.ts"

export interface BatchMember {
  readonly label: string
  /** Where those that go before it stand in the list. */
  readonly after: ReadonlyArray<number>
  /** The databases of others that it uses, by their names in Coolify, and where their specs stand. */
  readonly uses: ReadonlyArray<{ readonly of: number; readonly database: string }>
  /** Where those stand in the list that are kept only with it, and it only with them. */
  readonly together?: ReadonlyArray<number>
  /** It only takes away, once those before it are there to stay: nothing waits for it. */
  readonly removes?: true
}

export interface BatchOptions<A> {
  /** How many are planned, and how many are carried out, at once. */
  readonly parallelism: number
  /** Go on with those that do not need what has failed. */
  readonly keepGoing: boolean
  /** Put all back unless all stand. */
  readonly atomic: boolean
  /** Nothing is carried out. */
  readonly plansOnly: boolean
  /** All plans in their order, `undefined` for one that could not be made yet; a no ends all of them there. */
  readonly decide: (
    plans: ReadonlyArray<Plan | undefined>,
    late: ReadonlySet<number>
  ) => Effect.Effect<boolean>
  /** The plan of one that could only be made after the answer. */
  readonly showLate: (index: number, plan: Plan) => Effect.Effect<void>
  /** Whether a run that came to its end has what the others need. */
  readonly stands: (result: A) => boolean
}

/** What a run asks the batch. */
export interface Gate {
  /** Shows its plan, and waits until it may go on. */
  readonly confirm: (plan: Plan) => Effect.Effect<boolean>
  /** It stands, and can still be undone: fails where another one's end undoes it. */
  readonly agree: Effect.Effect<void, RefusedError>
}

export type End<A, E> =
  | { readonly _tag: "Ended"; readonly result: A }
  | { readonly _tag: "Failed"; readonly error: E }
  /** Nothing was changed. */
  | { readonly _tag: "Skipped"; readonly why: string }

/** What the others know of one of them. */
interface State {
  readonly plan: Deferred.Deferred<Plan | undefined>
  /** Whether it does, though it may still be undone with those that it goes together with. */
  readonly stands: Deferred.Deferred<boolean>
  /** Whether it does, and is there to stay. */
  readonly stays: Deferred.Deferred<boolean>
  readonly skipped: Ref.Ref<string | undefined>
}

const makeState: Effect.Effect<State> = Effect.all({
  plan: Deferred.make<Plan | undefined>(),
  stands: Deferred.make<boolean>(),
  stays: Deferred.make<boolean>(),
  skipped: Ref.make<string | undefined>(undefined)
})

/** @param run one of them; it is to end with an answer of its own where `confirm` says no. */
export const runBatch = Effect.fn("runBatch")(function* <A, E, R>(
  given: ReadonlyArray<BatchMember>,
  options: BatchOptions<A>,
  run: (index: number, gate: Gate) => Effect.Effect<A, E, R>
) {
  const permits = yield* Effect.makeSemaphore(options.parallelism)
  const members = yield* Effect.forEach(given, (member, index) =>
    Effect.map(makeState, (state) => ({ ...member, ...state, index }))
  )
  /** The first that failed, by its label. */
  const failed = yield* Ref.make<string | undefined>(undefined)
  // A plan that cannot be made says nothing against the others.
  const goesOn = options.keepGoing || options.plansOnly
  const stopped = Effect.map(Ref.get(failed), (first) => (goesOn ? undefined : first))
  /** Those that can only be planned once others stand. */
  const late = yield* Ref.make<ReadonlySet<number>>(new Set())
  const decision = yield* Deferred.make<boolean>()

  const decide = Effect.gen(function* () {
    const plans = yield* Effect.forEach(members, ({ plan }) => Deferred.await(plan))
    const first = yield* stopped
    if (first === undefined)
      return yield* Deferred.succeed(decision, yield* options.decide(plans, yield* Ref.get(late)))
    yield* Effect.forEach(members, ({ skipped }) => Ref.set(skipped, notBegun(first)))
    return yield* Deferred.succeed(decision, false)
  })

  type Member = (typeof members)[number]
  /** Those with which it stands or falls. */
  const groupOf = ({ index, removes, together = [] }: Member) =>
    members.filter((other) =>
      options.atomic ? removes !== true && other.removes !== true : [index, ...together].includes(other.index)
    )

  /** What of all that one needs does not stand, once that is known. */
  const lacking = (member: Member) => {
    const group = groupOf(member)
    return Effect.findFirst(
      members.filter(({ index }) => member.after.includes(index)),
      (other) =>
        Effect.map(Deferred.await(group.includes(other) ? other.stands : other.stays), (stands) => !stands)
    )
  }

  /** One whose database this plan is to make. */
  const maker = (uses: BatchMember["uses"]) =>
    Effect.findFirst(uses, ({ database, of }) =>
      Effect.map(planOf(of), (plan) => plan === undefined || makes(plan, database))
    )
  const planOf = (index: number) =>
    members[index] === undefined ? Effect.succeed(undefined) : Deferred.await(members[index].plan)

  const one = (member: Member) =>
    Effect.gen(function* () {
      const turn = yield* makeTurn(permits)
      /** After the answer: whether it goes on, once what it needs stands and it is its turn. */
      const mayGoOn = Effect.gen(function* () {
        if (!(yield* Deferred.await(decision))) return false
        if (options.plansOnly) return true
        const lacks = yield* lacking(member)
        if (Option.isSome(lacks)) {
          yield* Ref.set(member.skipped, `needs ${lacks.value.label}, which does not stand`)
          return false
        }
        yield* turn.enter
        // One may have failed while this one waited for its turn.
        const first = yield* stopped
        if (first === undefined) return true
        yield* turn.leave
        yield* Ref.set(member.skipped, notBegun(first))
        return false
      })
      const made = yield* maker(member.uses)
      if (Option.isSome(made)) {
        const { label = "" } = members[made.value.of] ?? {}
        yield* Ref.update(late, (before) => new Set([...before, member.index]))
        yield* Deferred.succeed(member.plan, undefined)
        if (options.plansOnly)
          return yield* skip(member, `planned once ${label} stands, as it uses ${made.value.database}`)
        if (!(yield* mayGoOn)) return yield* skip(member, (yield* Ref.get(member.skipped)) ?? "not begun")
      }
      const gate: Gate = {
        confirm: Option.isSome(made)
          ? (plan) => Effect.as(options.showLate(member.index, plan), true)
          : (plan) =>
              turn.leave.pipe(Effect.zipRight(Deferred.succeed(member.plan, plan)), Effect.zipRight(mayGoOn)),
        agree:
          groupOf(member).length > 1
            ? Effect.gen(function* () {
                yield* turn.leave
                yield* Deferred.succeed(member.stands, true)
                for (const other of groupOf(member)) {
                  if (!(yield* Deferred.await(other.stands))) {
                    return yield* withdrawn(other.label, options.atomic)
                  }
                }
              })
            : Effect.void
      }
      if (Option.isNone(made)) yield* turn.enter
      const ended = yield* Effect.either(run(member.index, gate)).pipe(Effect.ensuring(turn.leave))
      const why = yield* Ref.get(member.skipped)
      const stands = Either.isRight(ended) && options.stands(ended.right)
      if (!stands && why === undefined) yield* Ref.update(failed, (first) => first ?? member.label)
      yield* Deferred.succeed(member.stands, stands)
      yield* Deferred.succeed(member.stays, stands)
      yield* Deferred.succeed(member.plan, undefined)
      const end: End<A, E> = Either.isLeft(ended)
        ? { _tag: "Failed", error: ended.left }
        : why === undefined
          ? { _tag: "Ended", result: ended.right }
          : { _tag: "Skipped", why }
      return end
    })

  const [ends] = yield* Effect.all([Effect.forEach(members, one, { concurrency: "unbounded" }), decide], {
    concurrency: "unbounded"
  })
  return ends
})

const skip = (
  { stands, stays }: State,
  why: string
): Effect.Effect<Extract<End<never, never>, { readonly _tag: "Skipped" }>> =>
  Effect.as(Effect.zipRight(Deferred.succeed(stands, false), Deferred.succeed(stays, false)), {
    _tag: "Skipped",
    why
  })

const makes = ({ changes }: Plan, database: string): boolean =>
  changes.some(({ action, kind, name }) => kind === "database" && action === "create" && name === database)

/** One of the permits, taken and given back however often either is said. */
const makeTurn = Effect.fnUntraced(function* (permits: Effect.Semaphore) {
  const has = yield* Ref.make(false)
  return {
    enter: Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(restore(permits.take(1)), Ref.set(has, true))
    ),
    leave: Effect.flatMap(Ref.getAndSet(has, false), (had) => (had ? permits.release(1) : Effect.void))
  }
})

const notBegun = (failed: string): string => `not begun, as ${failed} failed`

const withdrawn = (label: string, atomic: boolean) =>
  new RefusedError({
    reason: "Withdrawn",
    detail: `${label} does not stand, and ${atomic ? "all of them" : "the processes of a spec"} were to stand or none`,
    next: atomic ? `see to ${label}, or leave --atomic out` : `see to ${label}`
  })

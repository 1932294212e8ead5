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
import { hasChanges, type Plan } from "../engine/Plan.ts"
import { isAsShown } from "./Look.ts"
import { makeTurn, makeTurns } from "./Turns.ts"

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
  /** Of more than so many, so many with changes wait for the answer as they are; the others rest. */
  readonly awake?: number
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
  /** Shows its plan, and tells whether it is to end there as `Resting`. Absent: it never is. */
  readonly rests?: (plan: Plan) => Effect.Effect<boolean>
}

/** Instead of its result: a run that goes on at its turn, with what it has kept. */
export class Resting<L> {
  readonly kept: L
  constructor(kept: L) {
    this.kept = kept
  }
}

/** One that has rested, and how it goes on. */
export interface Woken<L> {
  readonly kept: L
  readonly how: "goes on" | "declined" | "interrupted"
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

/** @param run one of them; it is to end with an answer of its own where `confirm` says no, and where it is woken. */
export const runBatch = Effect.fn("runBatch")(function* <A, E, R, L = never>(
  given: ReadonlyArray<BatchMember>,
  options: BatchOptions<A>,
  run: (index: number, gate: Gate, woken?: Woken<L>) => Effect.Effect<A | Resting<L>, E, R>
) {
  const { awake = given.length } = options
  const places = yield* Ref.make(awake)
  const permits = yield* makeTurns(options.parallelism)
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

  /** What changes nothing has little to keep. */
  const rests = ({ plan }: Member, shown: Plan) =>
    Effect.gen(function* () {
      const place = hasChanges(shown) ? yield* Ref.getAndUpdate(places, (left) => Math.max(0, left - 1)) : 0
      if (place > 0) return false
      yield* Deferred.succeed(plan, shown)
      return true
    })

  const wake = (member: Member, kept: L, mayGoOn: Effect.Effect<boolean>) =>
    Effect.gen(function* () {
      const gate: Gate = {
        confirm: (plan) =>
          Effect.flatMap(Deferred.await(member.plan), (shown) =>
            shown !== undefined && isAsShown(plan, shown)
              ? Effect.succeed(true)
              : Effect.as(options.showLate(member.index, plan), true)
          ),
        agree: Effect.void
      }
      const going = (how: Woken<L>["how"]) => run(member.index, gate, { kept, how })
      const goes = yield* Effect.onInterrupt(mayGoOn, () => Effect.exit(going("interrupted")))
      const end = yield* going(goes ? "goes on" : "declined")
      return end instanceof Resting ? yield* Effect.dieMessage("a run rested twice") : end
    })

  const one = (member: Member) =>
    Effect.gen(function* () {
      const turn = yield* makeTurn(permits)
      /** After the answer: whether it goes on, once what it needs stands and it is its turn. */
      const mayGoOn = Effect.gen(function* () {
        // What only plans has nothing to wait for.
        if (options.plansOnly) return true
        if (!(yield* Deferred.await(decision))) return false
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
      // Those that stand or fall together are all under way at once, whatever they keep.
      const mayRest =
        awake < given.length && Option.isNone(made) && !options.plansOnly && groupOf(member).length === 1
      const gate: Gate = {
        confirm: Option.isSome(made)
          ? (plan) => Effect.as(options.showLate(member.index, plan), true)
          : (plan) =>
              turn.leave.pipe(Effect.zipRight(Deferred.succeed(member.plan, plan)), Effect.zipRight(mayGoOn)),
        ...(mayRest ? { rests: (plan: Plan) => rests(member, plan) } : {}),
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
      const ended = yield* Effect.either(
        Effect.flatMap(run(member.index, gate), (end) =>
          end instanceof Resting
            ? Effect.zipRight(turn.leave, wake(member, end.kept, mayGoOn))
            : Effect.succeed(end)
        )
      ).pipe(Effect.ensuring(turn.leave))
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

const notBegun = (failed: string): string => `not begun, as ${failed} failed`

const withdrawn = (label: string, atomic: boolean) =>
  new RefusedError({
    reason: "Withdrawn",
    detail: `${label} does not stand, and ${atomic ? "all of them" : "the processes of a spec"} were to stand or none`,
    next: atomic ? `see to ${label}, or leave --atomic out` : `see to ${label}`
  })

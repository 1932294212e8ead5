/** A kind of resource as a value, and what the engine does with every kind alike: make a change, and undo it. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { SecretStore } from "../secrets/SecretStore.ts"
import type { Change, UndoFailure, Undone, Way } from "./Change.ts"
import type { Creation } from "./Creation.ts"
import type { ResourceChanged } from "./DeploymentEvent.ts"
import type { Recorded } from "./JournalSchema.ts"
import { lazily } from "./Lazily.ts"
import { leftAsItIs, runUndo, withUndo, type Undoing } from "./Rollback.ts"
import { Run } from "./Run.ts"

/** Which side of a change the world is compared with. */
type Side = "before" | "after"

/** How a kind's properties are written down; made when first needed, as schemas are not at every start. */
interface Codec<P> {
  readonly encode: (props: P) => unknown
  readonly decode: (json: unknown) => Option.Option<P>
}

export const codecOf = <P, I>(schema: () => Schema.Schema<P, I>): Codec<P> => {
  const made = lazily(() => ({
    encode: Schema.encodeSync(schema()),
    decode: Schema.decodeUnknownOption(schema())
  }))
  return { encode: (props) => made().encode(props), decode: (json) => made().decode(json) }
}

/**
 * Everything the engine has to know about one kind of resource: its properties P, and what it reads of it (L). Gone on
 * remove is success.
 */
export interface Kind<P, L, E extends UndoFailure, R> {
  /** `coolify/application`. */
  readonly name: string
  readonly codec: Codec<P>
  /** Its properties hold secrets: they are kept in the secret store, and the journal tells where. */
  readonly sealed?: true
  /** What the operator is told of a change (`application api`), and what they do where undoing it fails. */
  readonly says: (change: Change<P>) => { readonly what: string; readonly next: string }
  /** What undoing does; by default it removes what was not there, and restores what was. */
  readonly way?: (change: Change<P>) => Way
  /** What the change was made to, as it is now: found by its mark, or by what is known of its creation. */
  readonly find: (change: Change<P>, known: Creation) => Effect.Effect<ReadonlyArray<L>, E, R>
  /** What of it the change touches; without them, all that is found is the change's own. */
  readonly fields?: (change: Change<P>) => ReadonlyArray<string>
  /** Whether a field is as this side of the change says. */
  readonly holds?: (field: string, live: L, change: Change<P>, side: Side) => boolean
  /** What the operator is told that somebody else has changed meanwhile. */
  readonly edited?: (fields: ReadonlyArray<string>) => string
  /** What is said when that which was updated is gone; without it there is nothing to put back. */
  readonly gone?: string
  /** Makes it again as it was. */
  readonly create?: (before: P) => Effect.Effect<void, E, R>
  /** Puts fields back. */
  readonly restore?: (live: L, change: Change<P>, fields: ReadonlyArray<string>) => Effect.Effect<void, E, R>
  /** `nothing`: it was gone already, or others use it by now. */
  readonly remove?: (live: L, change: Change<P>) => Effect.Effect<Undone, E, R>
  /** In the place of all these, for what is no state of a resource: what runs. */
  readonly undo?: (change: Change<P>, known: Creation) => Effect.Effect<Undone, E, R>
  /** Done in the place of the undo where an earlier try has settled it: what that had found out went with its process. */
  readonly undoneBefore?: (change: Change<P>) => Effect.Effect<void, never, R>
  /** How long undoing it may take, if longer than others. */
  readonly budget?: (change: Change<P>) => Effect.Effect<Duration.Duration | undefined, never, R>
  /** How it takes part in the look for late effects. */
  readonly late?: (change: Change<P>) => Undoing["late"]
}

/** {@link Kind}, of which only the name is known: what a journal is undone with. */
export interface AnyKind<R> {
  readonly name: string
  readonly undoRecorded: (
    recorded: Recorded,
    settled: boolean
  ) => Effect.Effect<void, never, R | Run | SecretStore>
}

/**
 * Undoes a change: what it has made goes, and each of its fields goes back that still is as it was written. What already
 * is as before needs nothing, and everything else is somebody else's by now: it stays as it is, and is told.
 */
const undo = <P, L, E extends UndoFailure, R>(
  kind: Kind<P, L, E, R>,
  change: Change<P>,
  known: Creation
): Effect.Effect<Undone, E | UndoFailure, R> =>
  Effect.gen(function* () {
    if (kind.undo !== undefined) return yield* kind.undo(change, known)
    const { after, before } = change
    const there = yield* kind.find(change, known)
    const fields = kind.fields?.(change) ?? []
    const holds = (live: L, side: Side) => (field: string) => kind.holds?.(field, live, change, side) ?? true
    const leave = (edited: ReadonlyArray<string>) =>
      leftAsItIs(
        kind.edited?.(edited) ?? `${edited.join(", ")} changed meanwhile by somebody else, and left as it is`
      )
    if (before === undefined) {
      const removed = yield* Effect.forEach(there, (live) => {
        const edited = fields.filter((field) => !holds(live, "after")(field))
        return edited.length > 0 ? leave(edited) : removing(kind, live, change)
      })
      return removed.includes("undone") ? "undone" : "nothing"
    }
    const [live] = there
    if (live === undefined) {
      if (after === undefined && kind.create !== undefined) {
        yield* kind.create(before)
        return "undone"
      }
      return kind.gone === undefined ? "nothing" : yield* leftAsItIs(kind.gone)
    }
    const changed = fields.filter((field) => !holds(live, "before")(field))
    const ours = changed.filter((field) => after !== undefined && holds(live, "after")(field))
    if (ours.length > 0 && kind.restore !== undefined) yield* kind.restore(live, change, ours)
    const edited = changed.filter((field) => !ours.includes(field))
    if (edited.length > 0) return yield* leave(edited)
    return ours.length > 0 ? "undone" : "nothing"
  })

const removing = <P, L, E extends UndoFailure, R>(
  kind: Kind<P, L, E, R>,
  live: L,
  change: Change<P>
): Effect.Effect<Undone, E, R> => kind.remove?.(live, change) ?? Effect.succeed("nothing")

/**
 * Makes a change to a resource. What undoes it is in the journal before `act` sends anything, and belongs to the
 * surrounding scope; see {@link withUndo}.
 * @param act is given where to note what is known of a creation.
 */
export const changing = <P, L, E extends UndoFailure, R, A, E2, R2>(
  kind: Kind<P, L, E, R>,
  draft: Omit<Change<P>, "address" | "run"> & { readonly name: string; readonly run?: string },
  act: (known: Ref.Ref<Creation>) => Effect.Effect<A, E2, R2>
) =>
  Effect.gen(function* () {
    const run = yield* Run
    const { name, ...sides } = draft
    const change: Change<P> = { run: run.id, ...sides, address: { kind: kind.name, name } }
    const known = yield* Ref.make<Creation>({ _tag: "Unknown" })
    const perform = Effect.flatMap(Ref.get(known), (creation) => undo(kind, change, creation))
    return yield* withUndo(yield* record(kind, change), act(known), {
      perform,
      ...(yield* traits(kind, change))
    })
  })

/** Says that a change has been made. */
export const announce = (event: Omit<typeof ResourceChanged.Type, "_tag">) =>
  Effect.flatMap(Run, (run) => run.emit({ _tag: "ResourceChanged", ...event }))

const traits = <P, L, E extends UndoFailure, R>(kind: Kind<P, L, E, R>, change: Change<P>) =>
  Effect.map(kind.budget?.(change) ?? Effect.succeed(undefined), (budget) => ({
    budget,
    late: kind.late?.(change)
  }))

const Sealed = lazily(() =>
  Schema.parseJson(
    Schema.Struct({ before: Schema.optional(Schema.Unknown), after: Schema.optional(Schema.Unknown) })
  )
)

/** The change as it is written down; what it seals is kept, durably, when this returns. */
const record = <P, L, E extends UndoFailure, R>(kind: Kind<P, L, E, R>, change: Change<P>) =>
  Effect.gen(function* () {
    const { address, after, before, beside, run } = change
    const { journal } = yield* Run
    const id = yield* journal.newId
    const way = kind.way?.(change) ?? (before === undefined ? "removed" : "restored")
    const said = {
      id,
      run,
      address,
      ...kind.says(change),
      way,
      ...(beside === undefined ? {} : { beside })
    }
    const sides = {
      ...(before === undefined ? {} : { before: kind.codec.encode(before) }),
      ...(after === undefined ? {} : { after: kind.codec.encode(after) })
    }
    if (kind.sealed === undefined) return { ...said, ...sides } satisfies Recorded
    const secrets = yield* SecretStore
    const sealed = `${run}-${id}`
    const text = yield* Effect.orDie(Schema.encode(Sealed())(sides))
    yield* secrets.keep(journal.id, sealed, Redacted.make(text))
    return { ...said, sealed } satisfies Recorded
  })

/** What a journal's entry tells of a change of this kind. Fails where it cannot be read, or is kept no more. */
const recalled = <P, L, E extends UndoFailure, R>(kind: Kind<P, L, E, R>, recorded: Recorded) =>
  Effect.gen(function* () {
    const { address, beside, run, sealed } = recorded
    const sides = sealed === undefined ? recorded : yield* unsealed(sealed)
    const decoded = (side: unknown) => (side === undefined ? Option.some(undefined) : kind.codec.decode(side))
    const before = decoded(sides.before)
    const after = decoded(sides.after)
    if (Option.isNone(before) || Option.isNone(after)) {
      return yield* Effect.fail<UndoFailure>({
        message: "this version of fabrik cannot read what was noted of it"
      })
    }
    const change: Change<P> = {
      address,
      run,
      before: before.value,
      after: after.value,
      ...(beside === undefined ? {} : { beside })
    }
    return change
  })

const unsealed = (id: string) =>
  Effect.gen(function* () {
    const secrets = yield* SecretStore
    const { journal } = yield* Run
    const kept = yield* Effect.catchIf(
      secrets.kept(journal.id, id),
      ({ reason }) => reason === "BadFile",
      () => Effect.succeedNone
    )
    const sides = Option.flatMap(kept, (text) => Schema.decodeOption(Sealed())(Redacted.value(text)))
    // Nobody will find them later either: the rest is finished, and the operator is told what to look at.
    return Option.isSome(sides)
      ? sides.value
      : yield* leftAsItIs("the values from before are no longer kept, or were changed; it stays as it is now")
  })

/** Lets changes of this kind be undone that another run has made. */
export const undoable = <P, L, E extends UndoFailure, R>(kind: Kind<P, L, E, R>): AnyKind<R> => ({
  name: kind.name,
  undoRecorded: (recorded, settled) =>
    Effect.gen(function* () {
      const recall = yield* Effect.either(recalled(kind, recorded))
      if (recall._tag === "Left") {
        const again = Effect.flatMap(recalled(kind, recorded), (change) =>
          undo(kind, change, { _tag: "Unknown" })
        )
        return settled ? undefined : yield* runUndo(recorded, { perform: again })
      }
      const change = recall.right
      if (settled) return yield* kind.undoneBefore?.(change) ?? Effect.void
      const perform = undo(kind, change, { _tag: "Unknown" })
      return yield* runUndo(recorded, { perform, ...(yield* traits(kind, change)) })
    })
})

/** A run's own view of its journal: what it writes down, and what runs before it have left open. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import { SecretStore } from "../secrets/SecretStore.ts"
import { JournalError, Journals, type Journal } from "../state/Journals.ts"
import { unsettled, type Unsettled } from "./JournalEntry.ts"
import { journalSchema, type Begun, type JournalEntry, type Recorded } from "./JournalSchema.ts"
import * as Marker from "./Marker.ts"

export interface RunJournal {
  /** Also the group in which the values kept for it stand in the secret store. */
  readonly id: string
  readonly file: string
  /** What is open from before. */
  readonly before: Unsettled | undefined
  /** Says what the run is to do, as the head of whatever it writes; by itself it writes nothing. */
  readonly begin: (begun: Omit<Begun, "_tag">) => Effect.Effect<void>
  /** For a change that is to be noted: nothing else in the journal has it. */
  readonly newId: Effect.Effect<number>
  /** A change is about to be made. It is safe on disk with the next request. */
  readonly change: (change: Recorded) => Effect.Effect<void, JournalError>
  /** A request is about to be sent: safe on disk when this returns. Answers its id. */
  readonly sending: (method: string, what: string) => Effect.Effect<number, JournalError>
  readonly answered: (id: number, outcome: "done" | "refused" | "unknown") => Effect.Effect<void>
  /** A deployment has finished. It is safe on disk with the next request. */
  readonly used: Effect.Effect<void>
  /** There is no way forward any more. From here on a journal that cannot be written stops nothing. */
  readonly rollingBack: Effect.Effect<void>
  readonly undone: (id: number, result: "undone" | "nothing" | "left") => Effect.Effect<void>
  /** There is no way back any more. */
  readonly committed: Effect.Effect<void>
  /** Everything is settled: the journal goes, and with it the values kept for it. */
  readonly close: Effect.Effect<void, never, SecretStore>
}

/** One journal an application: the lock lets one run at a time write it. */
export const journalName = (owner: string, spec: Marker.Named): string =>
  `${spec.name}-${Marker.applicationKey(owner, spec)}`

/** The application that the journal of this name is of. */
export const journalOf = (name: string): string => name.replace(/-[0-9a-f]{16}$/, "")

/** @param warn is told when something could not be written that stops nothing. */
export const openRunJournal = Effect.fn("openRunJournal")(function* (
  name: string,
  warn: (message: string) => Effect.Effect<void>
) {
  const journals = yield* Journals
  const journal = yield* journals.open(name)
  const left = yield* makeRunJournal(journal, warn)
  const decision = left.before?.decision
  if (decision !== "committed" && decision !== "closed") return left
  // Its process ended between the decision and the removal.
  yield* left.close
  return yield* makeRunJournal(yield* journals.open(name), warn)
})

/** For what changes nothing. */
export const noJournal: RunJournal = {
  id: "",
  file: "",
  before: undefined,
  begin: () => Effect.void,
  newId: Effect.succeed(0),
  change: () => Effect.void,
  sending: () => Effect.succeed(0),
  answered: () => Effect.void,
  used: Effect.void,
  rollingBack: Effect.void,
  undone: () => Effect.void,
  committed: Effect.void,
  close: Effect.void
}

const asBegun = (begun: Omit<Begun, "_tag">): Begun => ({ ...begun, _tag: "Begun" })

const makeRunJournal = Effect.fnUntraced(function* (
  journal: Journal,
  warn: (message: string) => Effect.Effect<void>
) {
  const before = yield* readUnsettled(journal)
  const oneWriter = yield* Effect.makeSemaphore(1)
  const lastId = yield* Ref.make(before?.lastId ?? 0)
  const head = yield* Ref.make<Begun | undefined>(undefined)
  const undoing = yield* Ref.make(false)
  const exists = yield* Ref.make(before !== undefined)

  const append = (entry: JournalEntry, sync: boolean) =>
    Effect.flatMap(Ref.get(undoing), (reserved) =>
      journal.append(journalSchema().encode(entry), { sync, reserved })
    )
  const write = (entry: JournalEntry, sync: boolean) =>
    Effect.gen(function* () {
      const begun = yield* Ref.get(head)
      if (begun !== undefined) yield* append(begun, false)
      yield* Ref.set(head, undefined)
      yield* append(entry, sync)
      yield* Ref.set(exists, true)
    }).pipe(Effect.uninterruptible, oneWriter.withPermits(1))
  /** What has happened already happened, whether it can be written down or not. */
  const tell = (entry: JournalEntry, sync: boolean) =>
    Effect.catchAll(write(entry, sync), (error) => warn(error.message))
  const tellIfOpen = (entry: JournalEntry) =>
    Effect.flatMap(Ref.get(exists), (open) => (open ? tell(entry, true) : Effect.void))
  const newId = Ref.updateAndGet(lastId, (last) => last + 1)
  /** What another run may be at work on is neither done nor undone. */
  const intend = (entry: JournalEntry, sync: boolean) =>
    Effect.flatMap(Ref.get(undoing), (undoes) =>
      undoes
        ? Effect.catchIf(
            write(entry, sync),
            ({ reason }) => reason !== "Lost",
            ({ message }) => warn(message)
          )
        : write(entry, sync)
    )

  const runJournal: RunJournal = {
    id: journal.id,
    file: journal.file,
    before,
    begin: (begun) => Ref.set(head, asBegun(begun)),
    newId,
    change: (change) => intend({ _tag: "Change", ...change }, false),
    sending: (method, what) =>
      Effect.gen(function* () {
        const id = yield* newId
        const at = yield* Clock.currentTimeMillis
        yield* intend({ _tag: "Sending", id, method, what, at }, true)
        return id
      }),
    answered: (id, outcome) => tell({ _tag: "Answered", id, outcome }, true),
    used: Effect.flatMap(Ref.get(exists), (open) => (open ? tell({ _tag: "Used" }, false) : Effect.void)),
    rollingBack: Effect.zipRight(Ref.set(undoing, true), tellIfOpen({ _tag: "RollingBack" })),
    undone: (id, result) => tell({ _tag: "Undone", id, result }, true),
    committed: tellIfOpen({ _tag: "Committed" }),
    close: Effect.gen(function* () {
      if (!(yield* Ref.get(exists))) return
      const closed = yield* Effect.either(write({ _tag: "Closed" }, true))
      if (Either.isLeft(closed)) {
        yield* warn(closed.left.message)
        // What it holds is another run's to settle.
        if (closed.left.reason === "Lost") return
      }
      const secrets = yield* SecretStore
      // What cannot be forgotten now is forgotten by whoever finds the journal closed.
      yield* Effect.catchAll(Effect.zipRight(secrets.forget(journal.id), journal.remove), (error) =>
        warn(error.message)
      )
      yield* Ref.set(exists, false)
    })
  }
  return runJournal
})

/** What is open in the journal of this name. */
export const peek = (name: string) =>
  Effect.scoped(Effect.flatMap(Journals, (journals) => Effect.flatMap(journals.open(name), readUnsettled)))

/** What the runs behind these entries have left open. */
const readUnsettled = Effect.fnUntraced(function* ({ file, entries }: Journal) {
  if (entries.length === 0) return undefined
  const { decode } = journalSchema()
  return unsettled(
    yield* Effect.forEach(entries, (entry, index) =>
      Effect.mapError(decode(entry), () =>
        isOlder(entry)
          ? new JournalError({
              reason: "Older",
              file,
              detail: "was written by an earlier version of fabrik, whose changes this one cannot undo"
            })
          : new JournalError({
              reason: "Damaged",
              file,
              detail: `has an entry that this version does not understand (number ${index + 1})`
            })
      )
    )
  )
})

/** Earlier versions wrote down what undoes a change, in a form of its own for each. */
const isOlder = (entry: unknown): boolean =>
  Predicate.isTagged(entry, "Change") && Predicate.hasProperty(entry, "undo")

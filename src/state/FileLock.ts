/**
 * A lock that files of one folder stand for, so that all who share the folder share the lock: processes of any Node
 * version, containers with one volume, machines with one network file system.
 *
 * The lock is a chain. Its head, `<name>.lock`, names the first holder; `<holder>.next` names who took over from a
 * holder that had died. Both come into being by link(2), which only one can win, and never change: the lock belongs to
 * the end of the chain. Its owner frees it by removing the head, so that whoever took over has to find the head again.
 *
 * On the same kernel a holder is alive as long as it listens at its socket, which ends with the process however that
 * ends. Elsewhere only the time of its last sign of life tells.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { createHash, randomBytes } from "node:crypto"
import { link, mkdir, open, readFile, readdir, stat, unlink, writeFile } from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { ask, listenAt, socketPath } from "./LockSocket.ts"

/** `Held`: by somebody else, whose own words are `holder`. `Unavailable`: the system refuses (`code`). */
export class LockError extends Schema.TaggedError<LockError>("fabrik/state/LockError")("LockError", {
  reason: Schema.Literal("Held", "Unavailable"),
  /** `undefined`: it did not say. */
  holder: Schema.UndefinedOr(Schema.String),
  code: Schema.String
}) {
  override get message(): string {
    return this.reason === "Held"
      ? `held by ${this.holder ?? "another process"}`
      : `it cannot be taken (${this.code})`
  }
}

const Ticket = Schema.parseJson(
  Schema.Struct({
    id: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{16}$/)),
    /** Where its socket means something. */
    kernel: Schema.String,
    /** Whether it listens at one. */
    socket: Schema.Boolean,
    says: Schema.String
  })
)
type Ticket = typeof Ticket.Type

/** How often a holder gives a sign of life, and after how long without one it is dead. Milliseconds. */
const heartbeat = 5_000
const silence = 60_000
/** Nobody waits that long to begin: what is older was left by a process that died before it had the lock. Milliseconds. */
const abandoned = 3_600_000

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error)

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, string> =>
  Effect.tryPromise({ try: run, catch: codeOf })

const missingAs = <A, B>(effect: Effect.Effect<A, string>, value: B): Effect.Effect<A | B, string> =>
  Effect.catchIf(
    effect,
    (code) => code === "ENOENT",
    () => Effect.succeed(value)
  )

const forget = (file: string): Effect.Effect<void> => Effect.ignore(attempt(() => unlink(file)))

/** All containers of a machine share its kernel and so its boot's id. */
const thisKernel = attempt(() => readFile("/proc/sys/kernel/random/boot_id", "utf8")).pipe(
  Effect.map((id) => id.trim()),
  Effect.orElseSucceed(() => `${process.platform} ${os.hostname()}`)
)

interface Own {
  readonly directory: string
  readonly ticket: Ticket
  /** Of the ticket; what it is linked to is the same file. */
  readonly file: string
  /** Gives a sign of life. The file system sets the time, whose clock may be another machine's. */
  readonly touch: Effect.Effect<void, string>
}

const filesOf = (directory: string, id: string) => ({
  ticket: path.join(directory, `${id}.id`),
  next: path.join(directory, `${id}.next`),
  socket: path.join(directory, `${id}.s`)
})

/** Listens, and writes down where: nobody can be found who cannot be asked. */
const makeOwn = Effect.fnUntraced(function* (directory: string, says: string) {
  yield* attempt(() => mkdir(directory, { recursive: true, mode: 0o700 }))
  const ignored = path.join(directory, ".gitignore")
  yield* attempt(() => writeFile(ignored, "*\n", { flag: "wx", mode: 0o600 })).pipe(
    Effect.catchIf(
      (code) => code === "EEXIST",
      () => Effect.void
    )
  )
  const id = yield* Effect.sync(() => randomBytes(8).toString("hex"))
  const files = filesOf(directory, id)
  const socket = yield* Effect.isSuccess(
    Effect.flatMap(socketPath(files.socket), (address) => listenAt(address, says))
  )
  const ticket: Ticket = { id, kernel: yield* thisKernel, socket, says }
  const text = yield* Effect.orDie(Schema.encode(Ticket)(ticket))
  yield* Effect.acquireRelease(
    attempt(() => writeFile(files.ticket, text, { flag: "wx", mode: 0o600 })),
    () => forget(files.ticket)
  )
  const touch = attempt(async () => {
    const handle = await open(files.ticket, "r+")
    await handle.write(text, 0).finally(() => handle.close())
  })
  return { directory, ticket, file: files.ticket, touch } satisfies Own
})

/** The ticket in a file; `undefined`: there is no such file. A torn one, of a full disk, is nobody's. */
const readTicket = (file: string): Effect.Effect<Ticket | undefined, string> =>
  Effect.flatMap(
    missingAs(
      attempt(() => readFile(file, "utf8")),
      undefined
    ),
    (text) =>
      text === undefined
        ? Effect.succeed(undefined)
        : Effect.mapError(Schema.decode(Ticket)(text), () => "EBADMSG")
  )

/** Every holder in turn, the present one last. */
const readChain = Effect.fnUntraced(function* (directory: string, head: string) {
  const chain: Array<Ticket> = []
  for (let next = yield* readTicket(head); next !== undefined;) {
    chain.push(next)
    next = yield* readTicket(filesOf(directory, next.id).next)
  }
  return chain
})

const isSilent = Effect.fnUntraced(function* ({ directory, file, touch }: Own, { id }: Ticket) {
  yield* touch
  const now = yield* attempt(() => stat(file))
  const then = yield* missingAs(
    attempt(() => stat(filesOf(directory, id).ticket)),
    undefined
  )
  return then === undefined || now.mtimeMs - then.mtimeMs > silence
})

/** `ending`: it answered no more, and will be dead in a moment. */
const stateOf = Effect.fnUntraced(function* (own: Own, holder: Ticket) {
  if (!holder.socket || holder.kernel !== own.ticket.kernel) {
    return (yield* isSilent(own, holder)) ? ("dead" as const) : ("alive" as const)
  }
  return yield* Effect.scoped(Effect.flatMap(socketPath(filesOf(own.directory, holder.id).socket), ask))
})

const linkOnce = (from: string, to: string): Effect.Effect<boolean, string> =>
  attempt(() => link(from, to)).pipe(
    Effect.as(true),
    Effect.catchIf(
      (code) => code === "EEXIST",
      () => Effect.succeed(false)
    )
  )

type Try =
  | { readonly _tag: "Taken" }
  | { readonly _tag: "Held"; readonly says: string }
  | { readonly _tag: "Again" }

const tryOnce = Effect.fnUntraced(function* (own: Own, head: string) {
  const again: Try = { _tag: "Again" }
  const taken: Try = { _tag: "Taken" }
  const chain = yield* readChain(own.directory, head)
  const holder = chain.at(-1)
  if (holder === undefined) return (yield* linkOnce(own.file, head)) ? taken : again
  const state = yield* stateOf(own, holder)
  if (state === "ending") return again
  if (state === "alive") return { _tag: "Held", says: holder.says } satisfies Try
  const next = filesOf(own.directory, holder.id).next
  if (!(yield* linkOnce(own.file, next))) return again
  // Who was found dead may have had a successor that is through and has removed the chain.
  const still = yield* readTicket(head)
  if (still?.id === chain[0]?.id) return taken
  yield* forget(next)
  return again
})

const release = Effect.fnUntraced(function* (own: Own, head: string) {
  const chain = yield* Effect.orElseSucceed(readChain(own.directory, head), () => [])
  // Another is there when it was never ours, or when we were thought dead.
  if (chain.at(-1)?.id !== own.ticket.id) return
  yield* forget(head)
  for (const { id } of chain) {
    const { next, socket, ticket } = filesOf(own.directory, id)
    yield* Effect.forEach(id === own.ticket.id ? [next] : [next, socket, ticket], forget, { discard: true })
  }
  // Seldom: of a thousand runs in one process each would look at the files of all others.
  if (own.ticket.id.startsWith("0")) yield* sweep(own)
})

/** What processes have left that died before they had the lock. */
const sweep = Effect.fnUntraced(function* ({ directory, file, touch }: Own) {
  yield* touch
  const now = yield* attempt(() => stat(file))
  for (const name of yield* attempt(() => readdir(directory))) {
    if (!/^[0-9a-f]{16}\.id$/.test(name)) continue
    const found = path.join(directory, name)
    const { mtimeMs, nlink } = yield* attempt(() => stat(found))
    if (nlink > 1 || now.mtimeMs - mtimeMs < abandoned) continue
    yield* forget(found)
    yield* forget(found.replace(/id$/, "s"))
  }
}, Effect.ignore)

/**
 * Holds the lock `name` of the folder until the scope ends. Fails with `Held` when somebody else has it, and still has
 * it `waitFor` later.
 * @param directory made if there is none, readable by its owner alone.
 * @param says what others are told of the holder: who, since when. One line without secrets.
 */
export const acquire = Effect.fn("FileLock.acquire")(function* (
  directory: string,
  name: string,
  says: string,
  waitFor: Duration.DurationInput = 0
) {
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 32)
  const head = path.join(directory, `${digest}.lock`)
  const unavailable = (code: string) => new LockError({ reason: "Unavailable", holder: undefined, code })
  const own = yield* Effect.mapError(makeOwn(directory, says), unavailable)
  const take = (triesLeft: number): Effect.Effect<void, LockError> =>
    Effect.flatMap(Effect.mapError(tryOnce(own, head), unavailable), (tried) => {
      if (tried._tag === "Taken") return Effect.void
      if (tried._tag === "Again" && triesLeft > 0) return Effect.delay(take(triesLeft - 1), "20 millis")
      const holder = tried._tag === "Held" && tried.says !== "" ? tried.says : undefined
      return new LockError({ reason: "Held", holder, code: "EEXIST" })
    })
  yield* Effect.acquireReleaseInterruptible(
    Effect.retry(take(50), {
      while: ({ reason }) => reason === "Held",
      schedule: Schedule.upTo(Schedule.spaced("200 millis"), waitFor)
    }),
    () => release(own, head)
  )
  yield* own.touch.pipe(
    Effect.ignore,
    Effect.repeat(Schedule.spaced(heartbeat)),
    // It must end with the scope, also when the lock was taken where nothing may be interrupted.
    Effect.interruptible,
    Effect.forkScoped
  )
})

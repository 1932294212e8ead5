/**
 * The folders in which runs are kept, `<directory>/runs/<id>`: for their owner alone, and no link is followed in them. Who
 * writes here writes beside a run that must not wait for it.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { constants } from "node:fs"
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises"
import * as path from "node:path"
import * as FileLock from "./FileLock.ts"

export class RunFilesError extends Schema.TaggedError<RunFilesError>("fabrik/state/RunFilesError")(
  "RunFilesError",
  {
    reason: Schema.Literal("Unreadable", "Unwritable"),
    file: Schema.String,
    detail: Schema.String
  }
) {
  override get message(): string {
    return `${this.file} cannot be ${this.reason === "Unwritable" ? "written" : "read"}: ${this.detail}`
  }
}

/** How many runs are kept. */
export const keptRuns = 50
/** Longer than any run: what has not ended by then was killed. Milliseconds. */
const longestRun = 86_400_000
/** What a kept file may hold at most; a wrong one must not fill the memory. */
const maxBytes = 64 * 1024 * 1024
/** What is kept in a run's folder beside its summary. */
export const logFiles = ["events.ndjson", "build.log", "container.log"] as const
/** The name of its summary in a run's folder. */
const summary = "run.json"
// Windows knows no such flag, and its links need rights that few have.
const noFollow = constants.O_NOFOLLOW ?? 0
const isId = (name: string): boolean => /^[0-9a-f]{12}$/.test(name)

export interface RunFolder {
  /** Puts the summary in place of the one before, as a whole. */
  readonly summarise: (text: string) => Effect.Effect<void, RunFilesError>
  /** Adds to a file of the folder. */
  readonly append: (name: string, text: string) => Effect.Effect<void, RunFilesError>
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error)

const attempt = <A>(reason: RunFilesError["reason"], file: string, run: () => Promise<A>) =>
  Effect.tryPromise({
    try: run,
    catch: (error) => new RunFilesError({ reason, file, detail: codeOf(error) })
  })

const writing = (file: string, run: () => Promise<void>) => attempt("Unwritable", file, run)

/** A folder of ours, and no link to one. */
const demandFolder = async (folder: string): Promise<void> => {
  const found = await lstat(folder)
  const uid = process.geteuid?.()
  if (!found.isDirectory() || (uid !== undefined && found.uid !== uid)) {
    throw new Error("it is not a folder of yours")
  }
}

const writeTo = async (file: string, flags: number, text: string): Promise<void> => {
  const handle = await open(file, flags | constants.O_WRONLY | noFollow, 0o600)
  await handle.writeFile(text).finally(() => handle.close())
}

/** Makes the folder of a run that begins. */
export const openFolder = Effect.fn("RunFiles.openFolder")(function* (directory: string, id: string) {
  const runs = path.join(directory, "runs")
  const folder = path.join(runs, id)
  yield* writing(folder, async () => {
    await mkdir(runs, { recursive: true, mode: 0o700 })
    await demandFolder(runs)
    await writeFile(path.join(runs, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 }).catch(
      (error: unknown) => {
        if (codeOf(error) !== "EEXIST") throw error
      }
    )
    await mkdir(folder, { mode: 0o700 })
  })
  const inFolder = (name: string) => path.join(folder, name)
  return {
    summarise: (text) =>
      writing(inFolder(summary), async () => {
        const temporary = inFolder(`.${summary}`)
        await rm(temporary, { force: true })
        await writeTo(temporary, constants.O_CREAT | constants.O_EXCL, text)
        await rename(temporary, inFolder(summary))
      }),
    append: (name, text) =>
      writing(inFolder(name), () => writeTo(inFolder(name), constants.O_CREAT | constants.O_APPEND, text))
  } satisfies RunFolder
})

const lockOf = (id: string): string => JSON.stringify(["record", id])

/** Shows until the scope ends, or the process does, that the run is under way. */
export const holdFolder = (directory: string, id: string) =>
  FileLock.acquire(path.join(directory, "lock"), lockOf(id), `run ${id}`)

/** Whether somebody holds the folder of a run. */
export const isHeld = (directory: string, id: string): Effect.Effect<boolean> =>
  Effect.scoped(holdFolder(directory, id)).pipe(
    Effect.match({ onSuccess: () => false, onFailure: ({ reason }) => reason === "Held" })
  )

/** A file of a run; none: there is no such file. */
const read = (
  directory: string,
  id: string,
  name: string
): Effect.Effect<Option.Option<string>, RunFilesError> => {
  const file = path.join(directory, "runs", id, name)
  return attempt("Unreadable", file, async () => {
    const handle = await open(file, constants.O_RDONLY | noFollow)
    try {
      const { size } = await handle.stat()
      if (size > maxBytes) throw new Error("it is too large")
      return await handle.readFile("utf8")
    } finally {
      await handle.close()
    }
  }).pipe(
    Effect.asSome,
    Effect.catchIf(
      ({ detail }) => detail === "ENOENT",
      () => Effect.succeedNone
    )
  )
}

export const exists = (file: string): Effect.Effect<boolean> =>
  Effect.isSuccess(attempt("Unreadable", file, () => lstat(file)))

/** The ids of all runs that are kept, in no order. */
export const list = (directory: string): Effect.Effect<ReadonlyArray<string>, RunFilesError> => {
  const runs = path.join(directory, "runs")
  return attempt("Unreadable", runs, () => readdir(runs)).pipe(
    Effect.catchIf(
      ({ detail }) => detail === "ENOENT",
      () => Effect.succeed([])
    ),
    Effect.map((names) => names.filter(isId))
  )
}

/** One of {@link logFiles}; what is not there is empty. */
export const readLog = (directory: string, id: string, name: (typeof logFiles)[number]) =>
  Effect.map(
    read(directory, id, name),
    Option.getOrElse(() => "")
  )

/** The summary of a run. One that has none yet, or has a damaged one, is none. */
export const readSummary = (directory: string, id: string): Effect.Effect<Option.Option<string>> =>
  Effect.orElseSucceed(read(directory, id, summary), Option.none)

const Age = Schema.parseJson(Schema.Struct({ began: Schema.Number, ended: Schema.NullOr(Schema.Number) }))

/**
 * Removes what is older than the newest {@link keptRuns}; a run that may still be under way stays.
 * @param now in milliseconds since the epoch.
 */
export const sweep = Effect.fn("RunFiles.sweep")(function* (directory: string, now: number) {
  const ids = yield* list(directory)
  if (ids.length <= keptRuns) return
  const aged = yield* Effect.forEach(ids, (id) =>
    Effect.gen(function* () {
      const age = Option.flatMap(yield* readSummary(directory, id), (text) => Schema.decodeOption(Age)(text))
      if (Option.isSome(age)) return { id, ...age.value }
      // One that has just begun has no summary yet.
      const folder = path.join(directory, "runs", id)
      const made = yield* Effect.option(attempt("Unreadable", folder, () => lstat(folder)))
      return {
        id,
        began: Option.match(made, { onNone: () => 0, onSome: ({ mtimeMs }) => mtimeMs }),
        ended: null
      }
    })
  )
  const old = aged.toSorted((a, b) => b.began - a.began).slice(keptRuns)
  for (const { id, began, ended } of old) {
    if (ended === null && now - began < longestRun) continue
    const folder = path.join(directory, "runs", id)
    yield* writing(folder, () => rm(folder, { recursive: true, force: true }))
  }
})

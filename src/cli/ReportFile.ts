/** The report of runs as a file: for its owner alone, and never in the place of what is no report. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { constants } from "node:fs"
import { lstat, open, rename, rm, stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { Emitted } from "../engine/DeploymentEvent.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import * as RunFiles from "../state/RunFiles.ts"
import { readEventLine } from "../ui/Json.ts"
import { pageHead, renderPage, type ReportedRun } from "../ui/report/Page.ts"
import type { ShownRun } from "../ui/RunsView.ts"
import { clean } from "../ui/Sanitize.ts"
import { UsageError } from "./Arguments.ts"
import { NotWrittenError } from "./CliError.ts"
import { readRuns, standing } from "./KeptRuns.ts"
import { secretsDirectoryOf } from "./Layers.ts"
import * as Say from "./Say.ts"
import { sandboxOf, type WorldFlags } from "./Subject.ts"
import { Watch } from "./Watch.ts"

const unwritable = (file: string, why: string) =>
  new NotWrittenError({
    detail: `the report ${clean(file)} cannot be written: ${why}`,
    next: "Check that its folder is there, and who may write in it (ls -ld), or name another file."
  })

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT"

/** Whether it is a report, or is not there. Follows no link: what that leads to is somebody else's to choose. */
const mayBeWritten = async (file: string): Promise<boolean> => {
  if (!(await stat(dirname(file))).isDirectory()) throw new Error("its folder is none")
  const found = await lstat(file).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (found === undefined) return true
  if (!found.isFile()) return false
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(pageHead.length), 0, pageHead.length, 0)
    return buffer.subarray(0, bytesRead).toString("utf8") === pageHead
  } finally {
    await handle.close()
  }
}

/** Refuses before anything else is done. */
export const refuseOverwriting = Effect.fn("refuseOverwriting")(function* (file: string) {
  const may = yield* Effect.tryPromise({
    try: () => mayBeWritten(file),
    catch: (error) => unwritable(file, error instanceof Error ? error.message : String(error))
  })
  if (may) return
  return yield* new NotWrittenError({
    detail: `${clean(file)} is there already and is no report of fabrik, so it is not overwritten`,
    next: "Name another file."
  })
})

/** What is kept of a run, with what is known to be secret by now taken out once more. */
export const reportOf = Effect.fn("reportOf")(function* (directory: string, { record, standing }: ShownRun) {
  const { hide } = yield* KnownSecrets
  const linesOf = (name: (typeof RunFiles.logFiles)[number]) =>
    Effect.map(RunFiles.readLog(directory, record.id, name), (text) =>
      hide(text)
        .split("\n")
        .filter((line) => line !== "")
    )
  const lines = yield* linesOf("events.ndjson")
  const events: ReadonlyArray<Emitted> = lines.flatMap((line) => Option.toArray(readEventLine(line)))
  return {
    record,
    standing,
    events,
    // How it failed is in its summary.
    unread: lines.filter((line) => !line.startsWith('{"type":"Error"')).length - events.length,
    buildLog: yield* linesOf("build.log"),
    containerLog: yield* linesOf("container.log")
  } satisfies ReportedRun
})

/** In one piece: whoever looks sees the page from before, or this one. */
export const writeReport = Effect.fn("writeReport")(function* (
  file: string,
  runs: ReadonlyArray<ReportedRun>,
  { quiet }: { readonly quiet: boolean }
) {
  yield* refuseOverwriting(file)
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}`)
  yield* Effect.tryPromise({
    try: async () => {
      await rm(temporary, { force: true })
      const handle = await open(temporary, "wx", 0o600)
      await handle.writeFile(renderPage(runs)).finally(() => handle.close())
      await rename(temporary, file).catch(async (error: unknown) => {
        await rm(temporary, { force: true })
        throw error
      })
    },
    catch: (error) => unwritable(file, error instanceof Error ? error.message : String(error))
  }).pipe(Effect.uninterruptible)
  if (!quiet) yield* Say.hint([`Report: ${clean(file)}`])
})

interface ReportFlags extends WorldFlags {
  readonly report: string
  readonly dryRun: boolean
  readonly quiet: boolean
}

/**
 * Reports the runs of `apply` once it has ended, however it ends. What then cannot be written is a warning: the exit code
 * tells of the runs.
 */
export const reporting = Effect.fnUntraced(function* <A, E, R>(
  flags: ReportFlags,
  apply: Effect.Effect<A, E, R>
) {
  const { dryRun, report: file } = flags
  if (dryRun) {
    return yield* new UsageError({
      message: "a dry run is not kept, so there is no --report of it",
      command: "apply"
    })
  }
  yield* refuseOverwriting(file)
  return yield* Effect.ensuring(
    apply,
    Effect.catchAll(reportRuns(file, flags), ({ message }) => Say.warn(message))
  )
})

const reportRuns = Effect.fn("reportRuns")(function* (file: string, flags: ReportFlags) {
  const { process: ofProcess } = yield* Watch
  const directory = secretsDirectoryOf(sandboxOf(flags))
  const kept = yield* readRuns(directory)
  const own = ofProcess.recorded.flatMap((id) => kept.filter((record) => record.id === id))
  if (own.length === 0) return yield* Say.warn(`${file} is not written: no run was begun and kept`)
  const runs = yield* Effect.forEach(own, (record) =>
    Effect.flatMap(standing(record, directory), (shown) => reportOf(directory, shown))
  )
  yield* writeReport(file, runs, flags)
})

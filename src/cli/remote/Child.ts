/** A job carried out by a fabrik of its own, whose end is neither the worker's nor that of another job. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { spawn } from "node:child_process"
import { jobFolder, noteChild } from "./JobFolder.ts"
import { ofWorker } from "./OfWorker.ts"
import { isOfTheProcess, type Request } from "./Request.ts"

/** How the process ended: its exit code, or the signal that killed it. */
export type Ended =
  | { readonly _tag: "Exit"; readonly code: number }
  | { readonly _tag: "Signal"; readonly signal: string }

/** Of what it says beside its events: for one that ends as it never should. */
const mostOfErrors = 2000

/** In a folder that lasts until the scope ends. */
const written = Effect.fn("written")(function* ({ files }: Request) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* jobFolder
  for (const file of files) {
    const place = path.join(folder, file.path)
    yield* fs.makeDirectory(path.dirname(place), { recursive: true, mode: 0o700 })
    yield* fs.writeFileString(place, file.text, { mode: 0o600 })
  }
  return folder
})

/**
 * Runs to the end; an interruption kills it, which leaves its journal for the next one.
 * @param onLines hears of what it prints, some lines at a time; the process does not wait for it.
 */
export const carryOut = Effect.fn("remote.carryOut")(function* <E, R>(
  request: Request,
  onLines: (lines: ReadonlyArray<string>) => Effect.Effect<void, E, R>
) {
  const folder = yield* written(request)
  const lines = yield* Queue.unbounded<string | undefined>()
  const environment = Object.fromEntries(
    Object.entries(request.environment).filter(([name]) => !isOfTheProcess(name))
  )
  const [program = ""] = process.argv.slice(1)
  const args = [
    ...process.execArgv,
    program,
    "apply",
    ...request.specs,
    "--yes",
    "--json",
    // Whoever had it before may still be at it, on a machine that nobody reaches.
    "--lock-timeout",
    "86400",
    ...request.options
  ]
  const running = Effect.async<Ended & { readonly errors: string }>((resume) => {
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, ...environment, [ofWorker]: "1" },
      stdio: ["ignore", "pipe", "pipe"]
    })
    if (child.pid !== undefined) noteChild(folder, child.pid)
    let rest = ""
    let errors = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const all = (rest + text).split("\n")
      rest = all.pop() ?? ""
      for (const line of all) if (line !== "") lines.unsafeOffer(line)
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-mostOfErrors)
    })
    child.on("error", (error) =>
      resume(
        Effect.succeed({ _tag: "Signal", signal: "code" in error ? String(error.code) : "none", errors })
      )
    )
    child.on("close", (code, signal) =>
      resume(
        Effect.succeed(
          code === null
            ? { _tag: "Signal", signal: signal ?? "none", errors }
            : { _tag: "Exit", code, errors }
        )
      )
    )
    return Effect.async<void>((done) => {
      child.once("close", () => done(Effect.void))
      child.kill("SIGKILL")
    })
  }).pipe(Effect.tap(() => Queue.offer(lines, undefined)))

  const telling = Effect.gen(function* () {
    for (;;) {
      const some = [...(yield* Queue.takeBetween(lines, 1, 500))]
      const told = some.filter((line) => line !== undefined)
      if (told.length > 0) yield* onLines(told)
      if (some.length > told.length) return
      // A few requests a second are enough for whoever watches.
      yield* Effect.sleep("200 millis")
    }
  })
  const [ended] = yield* Effect.all([running, telling], { concurrency: "unbounded" })
  return ended
}, Effect.scoped)

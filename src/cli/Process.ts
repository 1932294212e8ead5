/** The process of a command: argv, streams, signals, exit code. */
import { writeSync } from "node:fs"
import { isatty } from "node:tty"
import { ofWorker } from "./remote/OfWorker.ts"
import { start } from "./Start.ts"
import { readAll, readHidden, readLine } from "./Stdin.ts"

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve()
    else stream.write("", () => resolve())
  })

/** What tells of a fault may have one itself, and then it is still said that there was one. */
const told = (tell: () => string): string => {
  try {
    return tell()
  } catch {
    return "fabrik failed for a reason that it could not tell. `fabrik recover` looks after what is left.\n"
  }
}

/** Runs the command, and ends the process when it is done. */
export const main = async (argv: ReadonlyArray<string>): Promise<void> => {
  const stream = (stream: NodeJS.WriteStream) => ({
    write: (text: string) => {
      if (!stream.destroyed) stream.write(text)
    },
    onClose: (listener: () => void) => {
      stream.on("error", listener).on("close", listener)
      if (stream.destroyed) listener()
      return () => stream.off("error", listener).off("close", listener)
    },
    tty: stream.isTTY === true,
    columns: () => stream.columns,
    rows: () => stream.rows
  })
  const started = start({
    argv,
    env: process.env,
    out: stream(process.stdout),
    err: stream(process.stderr),
    inTty: isatty(0),
    readLine,
    readHidden,
    readAll
  })
  // Node itself would print the error as it is, with whatever secret stands in it.
  process.on("uncaughtException", (error) => {
    try {
      writeSync(
        2,
        told(() => started.crashed(error))
      )
    } finally {
      process.exit(1)
    }
  })
  process.on("SIGCONT", started.resumed)
  let signalled = false
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // The worker is told, too, and ends it when its time is over.
      if (process.env[ofWorker] === "1") return
      if (!signalled) {
        signalled = true
        started.interrupt(signal)
        return
      }
      try {
        writeSync(2, started.abandon())
      } finally {
        process.exit(12)
      }
    })
  }
  const code = await started.done
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  process.exit(code)
}

#!/usr/bin/env node
/** The process: argv, streams, signals, exit code. */
import { writeSync } from "node:fs"
import { isatty } from "node:tty"
import { enableCompileCache } from "./cli/CompileCache.ts"
import { nodeProblem } from "./cli/NodeVersion.ts"
import { versionLine } from "./cli/Version.ts"

const argv = process.argv.slice(2)

// A reader that went away (`fabrik plan | head -1`, a closed terminal) is no reason to leave a run half done.
process.stdout.on("error", () => {})
process.stderr.on("error", () => {})

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

const main = async (): Promise<void> => {
  const { start } = await import("./cli/Start.ts")
  const { readAll, readHidden, readLine } = await import("./cli/Stdin.ts")
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
      if (process.env["FABRIK_OF_WORKER"] === "1") return
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

/** What is answered without the rest of fabrik. */
const isVersion = argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")
const isHelp = argv.length === 0 || (argv.length === 1 && ["--help", "-h", "help"].includes(argv[0] ?? ""))

const problem = nodeProblem(process.versions.node)
if (isVersion) {
  process.stdout.write(`${versionLine(process.versions.node)}\n`)
} else if (problem !== undefined) {
  process.stderr.write(`${problem}\n`)
  // As for all that is refused before anything was sent.
  process.exitCode = 3
} else if (isHelp) {
  enableCompileCache(process.env)
  const { renderRootHelp } = await import("./cli/RootHelp.ts")
  const { columns, isTTY } = process.stdout
  process.stdout.write(
    renderRootHelp(isTTY ? Math.max(40, Math.min(columns || 80, 80)) : undefined)
      .map((line) => `${line}\n`)
      .join("")
  )
} else {
  enableCompileCache(process.env)
  // Stands when nothing is left to wait for though the run has not ended, which is never success.
  process.exitCode = 1
  await main()
}

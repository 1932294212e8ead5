#!/usr/bin/env node
/** Answers at once what needs nothing of fabrik; all else is loaded for the command. */
import { nodeProblem } from "./cli/NodeVersion.ts"
import { versionLine } from "./cli/Version.ts"

const argv = process.argv.slice(2)

// A reader that went away (`fabrik plan | head -1`, a closed terminal) is no reason to leave a run half done.
process.stdout.on("error", () => {})

const isVersion = argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")
const isHelp = argv.length === 0 || (argv.length === 1 && ["--help", "-h", "help"].includes(argv[0] ?? ""))

const problem = nodeProblem(process.versions.node)
if (isVersion) {
  process.stdout.write(`${versionLine(process.versions.node)}\n`)
} else if (problem !== undefined) {
  process.stderr.on("error", () => {})
  process.stderr.write(`${problem}\n`)
  // As for all that is refused before anything was sent.
  process.exitCode = 3
} else {
  const { enableCompileCache } = await import("./cli/CompileCache.ts")
  enableCompileCache(process.env)
  if (isHelp) {
    const { renderRootHelp } = await import("./cli/RootHelp.ts")
    const { columns, isTTY } = process.stdout
    process.stdout.write(
      renderRootHelp(isTTY ? Math.max(40, Math.min(columns || 80, 80)) : undefined)
        .map((line) => `${line}\n`)
        .join("")
    )
  } else {
    process.stderr.on("error", () => {})
    // Stands when nothing is left to wait for though the run has not ended, which is never success.
    process.exitCode = 1
    const { main } = await import("./cli/Process.ts")
    await main(argv)
  }
}

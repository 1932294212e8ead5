import { spawn, spawnSync, type SpawnOptionsWithoutStdio } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { inject } from "vitest"

const builder = join(import.meta.dirname, "../../scripts/build.mjs")

/**
 * The built `fabrik.js` of what is being tested, made once for all test files of a run; FABRIK_BUILT: made before it.
 * Nobody may change it.
 */
export const builtFabrik = (): string => {
  const made = process.env["FABRIK_BUILT"] ?? ""
  if (made !== "") return made
  const folder = inject("buildFolder")
  const done = join(folder, "done")
  const failed = join(folder, "failed")
  try {
    // Whoever makes the folder builds; the others wait.
    mkdirSync(join(folder, "dist"))
    const built = spawnSync(process.execPath, [builder, "--outdir", join(folder, "dist")], {
      encoding: "utf8"
    })
    writeFileSync(built.status === 0 ? done : failed, built.stderr)
    if (built.status !== 0) throw new Error(built.stderr)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
  }
  while (!existsSync(done)) {
    if (existsSync(failed)) throw new Error("the build failed: see the first test file that asked for it")
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  }
  return join(folder, "dist/fabrik.js")
}

/** Runs a program to its end, without holding up this process: vitest gives a worker up that stands still for a minute. */
export const runProgram = (file: string, args: ReadonlyArray<string>, options: SpawnOptionsWithoutStdio) =>
  new Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>(
    (resolve, reject) => {
      const child = spawn(file, args, options)
      child.stdin.on("error", () => {}).end()
      const seen = { stdout: "", stderr: "" }
      child.stdout.setEncoding("utf8").on("data", (text: string) => (seen.stdout += text))
      child.stderr.setEncoding("utf8").on("data", (text: string) => (seen.stderr += text))
      child.on("error", reject)
      child.on("close", (status) => resolve({ status, ...seen }))
    }
  )

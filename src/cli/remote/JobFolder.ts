/** The folder that a job is carried out in. It holds what was handed over, so it does not outlive its worker for long. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { writeFileSync } from "node:fs"
import { lstat, mkdtemp, readdir, readFile, readlink, realpath, rm } from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { ask, listenAt, socketPath } from "../../state/LockSocket.ts"

/** A file system that machines share has those of others, who cannot be asked from here. */
const prefix = () => `fabrik-job-${createHash("sha256").update(os.hostname()).digest("hex").slice(0, 8)}-`

const socketOf = (folder: string) => path.join(folder, ".worker")
const childOf = (folder: string) => path.join(folder, ".process")

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, string> =>
  Effect.tryPromise({ try: run, catch: String })

const remove = (folder: string) =>
  Effect.ignore(attempt(() => rm(folder, { recursive: true, force: true, maxRetries: 3 })))

/** Until the scope ends, readable by nobody else (`mkdtemp` makes it 0700). Its worker can be asked by it meanwhile. */
export const jobFolder: Effect.Effect<string, string, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    attempt(() => mkdtemp(path.join(os.tmpdir(), prefix()))),
    remove
  )
  // Where that cannot be, nobody else removes the folder either.
  yield* Effect.ignore(Effect.flatMap(socketPath(socketOf(folder)), (address) => listenAt(address, "")))
  return folder
})

/** Notes which process works in the folder: it may live on when its worker is killed. */
export const noteChild = (folder: string, pid: number): void => {
  try {
    writeFileSync(childOf(folder), String(pid), { mode: 0o600 })
  } catch {
    // A full disk is the process's own to tell of.
  }
}

/** Whether the process that was noted still is there, and not another one of its number. */
const childLives = (folder: string): Effect.Effect<boolean> =>
  Effect.orElseSucceed(
    attempt(async () => {
      const pid = Number(await readFile(childOf(folder), "utf8"))
      if (process.platform === "linux")
        return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(folder))
      return process.kill(pid, 0)
    }),
    () => false
  )

const isLeft = Effect.fnUntraced(function* (folder: string) {
  const found = yield* attempt(() => lstat(folder))
  if (!found.isDirectory() || found.uid !== process.geteuid?.()) return false
  if (!(yield* attempt(() => lstat(socketOf(folder)))).isSocket()) return false
  const worker = yield* Effect.scoped(Effect.flatMap(socketPath(socketOf(folder)), ask))
  return worker === "dead" && !(yield* childLives(folder))
})

/** Removes the folders of workers of this user on this machine that were killed. */
export const removeLeftFolders: Effect.Effect<void> = Effect.gen(function* () {
  const folders = (yield* attempt(() => readdir(os.tmpdir())))
    .filter((name) => name.startsWith(prefix()))
    .map((name) => path.join(os.tmpdir(), name))
  yield* Effect.forEach(
    folders,
    (folder) =>
      Effect.flatMap(
        Effect.orElseSucceed(isLeft(folder), () => false),
        (left) => (left ? remove(folder) : Effect.void)
      ),
    { discard: true }
  )
}).pipe(Effect.ignore)

/** A lock among the processes of one user on one machine, whatever folder they work in. */
import * as Effect from "effect/Effect"
import type * as Duration from "effect/Duration"
import { lstat, mkdir } from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import * as FileLock from "./FileLock.ts"

/**
 * Held until the scope ends, like {@link FileLock.acquire}. `Unavailable` also when the folder that it lies in belongs
 * to somebody else: nobody can hold it in another user's name.
 */
export const acquire = Effect.fn("MachineLock.acquire")(function* (
  name: string,
  says: string,
  waitFor: Duration.DurationInput = 0
) {
  const uid = process.geteuid?.()
  const directory = path.join(os.tmpdir(), `fabrik-${uid ?? os.userInfo().username}`)
  const isPrivate = yield* Effect.tryPromise({
    try: async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const found = await lstat(directory)
      return found.isDirectory() && (uid === undefined || (found.uid === uid && (found.mode & 0o022) === 0))
    },
    catch: String
  }).pipe(Effect.orElseSucceed(() => false))
  if (!isPrivate) {
    return yield* new FileLock.LockError({ reason: "Unavailable", holder: undefined, code: "EACCES" })
  }
  yield* FileLock.acquire(directory, name, says, waitFor)
})

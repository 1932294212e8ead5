/** One sandbox at a time on a directory, by a lock that ends with its process however that ends. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as FileLock from "../state/FileLock.ts"
import { SandboxError } from "./SandboxError.ts"

/** Holds the lock of `dir`, which must exist, until the scope ends; fails at once when it is held already. */
export const acquire = Effect.fn("Lock.acquire")(function* (dir: string) {
  const fs = yield* FileSystem.FileSystem
  const real = yield* Effect.mapError(
    fs.realPath(dir),
    (cause) => new SandboxError({ reason: "Unwritable", detail: `${dir} cannot be read`, cause })
  )
  const folder = (yield* Path.Path).join(real, "lock")
  yield* Effect.mapError(
    FileLock.acquire(folder, "sandbox", `process ${process.pid}`),
    ({ reason, holder, code }) =>
      reason === "Held"
        ? new SandboxError({
            reason: "Locked",
            detail: `${dir} is in use by ${holder ?? "another process"}; wait for it, or run \`fabrik sandbox\` and let all commands share that one`
          })
        : new SandboxError({ reason: "Unwritable", detail: `${dir} cannot be locked (${code})` })
  )
})

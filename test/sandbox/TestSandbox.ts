/** A sandbox for a test: on a directory of its own, with deployments that take milliseconds. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type SandboxOptions, start } from "../../src/sandbox/Sandbox.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"

/** Quick, but long enough for every state to be seen. */
export const quick = {
  queue: "5 millis",
  build: "20 millis",
  statusRefresh: "10 millis",
  statusCheck: "20 millis",
  deleteJob: "20 millis"
} as const

/** A directory that the scope's end removes. */
export const temporaryDirectory: Effect.Effect<string, never, Scope.Scope> = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "fabrik-sandbox-" })
).pipe(Effect.orDie, Effect.provide(NodeFileSystem.layer))

/**
 * Starts a sandbox, by default on a new temporary directory, with quick latencies and no rate limit to speak of.
 * For tests on the live clock (`it.live`, `it.scopedLive`): the sandbox is real sockets and real time.
 */
export const testSandbox = (
  options: Partial<SandboxOptions> = {}
): Effect.Effect<SandboxHandle, never, Scope.Scope> =>
  Effect.flatMap(options.dir === undefined ? temporaryDirectory : Effect.succeed(options.dir), (dir) =>
    start({ rateLimit: 100_000, ...options, dir, latency: { ...quick, ...options.latency } })
  ).pipe(Effect.orDie)

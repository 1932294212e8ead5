/** Working with a sandbox that a foreground `fabrik sandbox` serves, instead of starting a second one. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Path from "@effect/platform/Path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { FaultsBody } from "./Control.ts"
import type { FaultRule } from "./Faults.ts"
import { start, type SandboxOptions } from "./Sandbox.ts"
import { SandboxError } from "./SandboxError.ts"
import { LoggedRequests, type SandboxHandle, SandboxInfo, SandboxSeed } from "./SandboxHandle.ts"
import { World } from "./SandboxWorld.ts"
import { Settings } from "./Settings.ts"

const runningFile = "server.json"

/** What `server.json` says while a foreground sandbox runs. */
const Running = Schema.parseJson(Schema.Struct({ pid: Schema.Int, apiUrl: Schema.String }))

const noAnswer = (detail: string, cause?: unknown) =>
  new SandboxError({ reason: "NoAnswer", detail, ...(cause === undefined ? {} : { cause }) })

/** The longest that a sandbox on the same machine may take, also where that machine has much else to do. */
const patience = "30 seconds"

/** A handle that works over the control endpoint at `apiUrl`; fails when no sandbox with this token answers there. */
const attachTo = Effect.fnUntraced(function* (dir: string, apiUrl: string, token: string) {
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest((request) =>
      request.pipe(HttpClientRequest.prependUrl(`${apiUrl}/_sandbox`), HttpClientRequest.bearerToken(token))
    )
  )
  const failed = (cause: unknown) => noAnswer(`the sandbox at ${apiUrl} does not answer`, cause)
  const send = <A, R>(
    request: HttpClientRequest.HttpClientRequest,
    read: (
      response: HttpClientResponse.HttpClientResponse
    ) => Effect.Effect<A, HttpClientError.ResponseError | ParseError, R>
  ): Effect.Effect<A, SandboxError, R> =>
    client.execute(request).pipe(
      Effect.mapError(failed),
      Effect.flatMap((response) =>
        response.status < 300
          ? Effect.mapError(read(response), failed)
          : Effect.flatMap(
              Effect.orElseSucceed(response.text, () => ""),
              (text) => noAnswer(`the sandbox at ${apiUrl} answered ${response.status}: ${text}`)
            )
      ),
      Effect.scoped,
      Effect.timeoutFail({ duration: patience, onTimeout: () => noAnswer(`the sandbox at ${apiUrl} hangs`) })
    )
  const get = <A, I>(path: string, schema: Schema.Schema<A, I>) =>
    send(HttpClientRequest.get(path), HttpClientResponse.schemaBodyJson(schema))
  const post = <A, I>(path: string, schema: Schema.Schema<A, I>, value: A) =>
    Effect.flatMap(Effect.mapError(HttpBody.jsonSchema(schema)(value), failed), (body) =>
      send(HttpClientRequest.post(path, { body }), () => Effect.void)
    )

  const info = yield* get("/info", SandboxInfo)
  const handle: SandboxHandle = {
    ...info,
    dir,
    token,
    faults: {
      add: (...rules) => post("/faults", FaultsBody, { rules }),
      remove: (...rules) => post("/faults/remove", FaultsBody, { rules }),
      clear: send(HttpClientRequest.del("/faults"), () => Effect.void)
    },
    seed: (what) => post("/seed", SandboxSeed, what),
    world: get("/world", World),
    requests: get("/requests", LoggedRequests)
  }
  return handle
})

/** The sandbox that `server.json` points at; fails when there is none or it does not answer. */
const running = Effect.fnUntraced(function* (givenDir: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const dir = yield* fs.realPath(path.resolve(givenDir))
  const read = <A>(name: string, schema: Schema.Schema<A, string>) =>
    Effect.flatMap(fs.readFileString(path.join(dir, name)), Schema.decode(schema))
  const { apiUrl } = yield* read(runningFile, Running)
  const { token } = yield* read("sandbox.json", Schema.parseJson(Settings))
  return yield* attachTo(dir, apiUrl, token)
})

/** A foreground sandbox that is just starting holds the lock before it answers. */
const startingUp = Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(10))

/**
 * The foreground sandbox of the directory where one runs (then ports and latencies of `options` say nothing), else one
 * embedded in this process. The faults of `options` end with the scope.
 */
export const attachOrStart = (
  options: SandboxOptions
): Effect.Effect<SandboxHandle, SandboxError, Scope.Scope> =>
  Effect.option(running(options.dir)).pipe(
    Effect.flatMap(
      Option.match({
        // No file, a dead one, nobody there: nobody serves.
        onNone: () => start(options),
        onSome: (handle) =>
          Effect.zipRight(handle.seed(options.seed ?? {}), withFaults(handle, options.faults ?? []))
      })
    ),
    Effect.retry({ while: (error) => error.reason === "Locked", schedule: startingUp }),
    Effect.provide([NodeFileSystem.layer, Path.layer, FetchHttpClient.layer])
  )

const withFaults = (handle: SandboxHandle, rules: ReadonlyArray<FaultRule | string>) =>
  rules.length === 0
    ? Effect.succeed(handle)
    : Effect.acquireRelease(Effect.as(handle.faults.add(...rules), handle), () =>
        Effect.ignoreLogged(handle.faults.remove(...rules))
      )

/** Runs the sandbox until interrupted; `onReady` hears of it once everything listens. */
export const serve = <E, R>(
  options: SandboxOptions,
  onReady: (handle: SandboxHandle) => Effect.Effect<void, E, R>
): Effect.Effect<never, SandboxError | E, R> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const handle = yield* start(options)
    const file = path.join(handle.dir, runningFile)
    const unwritable = (cause: unknown) =>
      new SandboxError({ reason: "Unwritable", detail: `${file} cannot be written`, cause })
    const text = yield* Effect.orDie(Schema.encode(Running)({ pid: handle.pid, apiUrl: handle.apiUrl }))
    yield* Effect.acquireRelease(
      Effect.mapError(fs.writeFileString(file, text, { mode: 0o600 }), unwritable),
      () => Effect.orDie(fs.remove(file, { force: true }))
    )
    yield* onReady(handle)
    return yield* Effect.never
  }).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, Path.layer]))

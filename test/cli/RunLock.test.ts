/** The locks of one machine: a run of an application, and the making of a project. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { afterEach, beforeEach, vi } from "vitest"
import { lockRun, placeLock } from "../../src/cli/RunLock.ts"
import { PlaceLock } from "../../src/orchestrator/PlaceLock.ts"
import * as MachineLock from "../../src/state/MachineLock.ts"
import { Screen } from "../../src/ui/Screen.ts"
import { makeStyle } from "../../src/ui/Style.ts"
import { spec } from "../orchestrator/Samples.ts"

let root = ""
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fabrik-run-lock-"))
  vi.stubEnv("TMPDIR", root)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

/** As a process of its own has it: each has its own layer. */
const exclusively = <A, E>(target: string, key: string, effect: Effect.Effect<A, E>) =>
  Effect.flatMap(PlaceLock, (lock) => lock.exclusively(key, effect)).pipe(
    Effect.provide(placeLock(target, undefined))
  )

describe("the making of a project", () => {
  it.live("is done by one run of this machine at a time", () =>
    Effect.gen(function* () {
      let [inside, most] = [0, 0]
      const make = Effect.acquireUseRelease(
        Effect.sync(() => {
          inside += 1
          most = Math.max(most, inside)
        }),
        () => Effect.sleep("20 millis"),
        () => Effect.sync(() => void (inside -= 1))
      )
      yield* Effect.replicateEffect(exclusively("https://c.example.com", "shop", make), 4, {
        concurrency: "unbounded"
      })
      assert.strictEqual(most, 1)
    })
  )

  it.live("waits for no project of another name, nor at another Coolify", () =>
    Effect.gen(function* () {
      const all = yield* Effect.forEach([0, 1, 2], () => Deferred.make<void>())
      // Each ends only once all have begun.
      const meet = (own: number) =>
        Effect.zipRight(
          Effect.forEach(all.slice(own, own + 1), (one) => Deferred.succeed(one, undefined)),
          Effect.forEach(all, Deferred.await)
        )
      yield* Effect.all(
        [
          exclusively("https://c.example.com", "shop", meet(0)),
          exclusively("https://c.example.com", "blog", meet(1)),
          exclusively("https://d.example.com", "shop", meet(2))
        ],
        { concurrency: "unbounded" }
      )
    })
  )
})

const said: Array<string> = []
const stream = {
  write: (text: string) => Effect.sync(() => void said.push(text)),
  closed: Effect.never,
  tty: false,
  style: makeStyle({ color: false, unicode: false, columns: undefined })
}

/** Of a run without a team, which waits so long for another one. */
const lock = (command: string, seconds: number) =>
  lockRun(spec, {
    command,
    owner: "default",
    target: "https://c.example.com",
    directory: join(root, ".fabrik"),
    team: undefined,
    seconds
  }).pipe(Effect.provideService(Screen, { out: stream, err: stream }))

describe("a run that waits for another one", () => {
  it.scopedLive("says for which, and begins as soon as that has ended", () =>
    Effect.gen(function* () {
      const first = yield* Scope.make()
      yield* Scope.extend(lock("apply", 60), first)
      assert.deepStrictEqual(said, [])
      const second = yield* Effect.fork(lock("destroy", 60))
      while (said.length === 0) yield* Effect.sleep("5 millis")
      assert.match(
        said.join("").replaceAll(/\s+/g, " "),
        /^Waiting up to 60 s for `fabrik apply` of api \(process \d+, since .*\) $/
      )
      assert.isTrue(Option.isNone(yield* Fiber.poll(second)))
      yield* Scope.close(first, Exit.void)
      yield* Fiber.join(second)
      assert.lengthOf(said, 1)
    })
  )
})

describe("a folder for locks that others can write to", () => {
  const folder = () => join(root, `fabrik-${process.geteuid?.() ?? ""}`)

  it.scopedLive("is not used: nobody else can hold a lock of this user's", () =>
    Effect.gen(function* () {
      const unavailable = Effect.map(Effect.flip(MachineLock.acquire("it", "me")), ({ reason }) => reason)
      mkdirSync(folder())
      chmodSync(folder(), 0o777)
      assert.strictEqual(yield* unavailable, "Unavailable")
      rmSync(folder(), { recursive: true })
      mkdirSync(join(root, "theirs"))
      symlinkSync(join(root, "theirs"), folder())
      assert.strictEqual(yield* unavailable, "Unavailable")
    })
  )

  it.scopedLive("leaves the lock that lies with the journal, by which runs are still told apart", () =>
    Effect.gen(function* () {
      mkdirSync(folder())
      chmodSync(folder(), 0o777)
      const run = (command: string) => lock(command, 0)
      yield* run("apply")
      const error = yield* Effect.flip(run("destroy"))
      assert.strictEqual(error._tag, "LockError")
      assert.include(error.message, "`fabrik apply` of api")
    })
  )
})

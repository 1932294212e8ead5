/** Whole commands over many specs in this process, on a clock that leaps over what nobody has to wait for. */
import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { start } from "../../src/cli/Start.ts"
import { FastClock } from "../reliability/FastClock.ts"
import { type Asked, enter, makeWorld, type WorldOptions } from "./FleetWorld.ts"

export interface Measured {
  readonly command: string
  readonly status: number
  /** To Coolify. */
  readonly requests: ReadonlyArray<string>
  /** To Coolify and the DNS account. */
  readonly timeline: ReadonlyArray<Asked>
  /** On the clock of the world. */
  readonly millis: number
  /** On this machine's. */
  readonly took: number
  readonly stdout: string
  readonly stderr: string
}

export const specOf = (index: number) => `name: app-${index}
source: { image: nginx:1.27 }
domain: app-${index}.example.com
port: 80
env: { LOG_LEVEL: info }
healthcheck: { settle: 0 }
`

/** What a disk takes to be sure is not the time that is measured here. */
const withoutSync = (): (() => void) => {
  const own = fs.fsync
  const put = (fsync: typeof fs.fsync) => {
    fs.fsync = fsync
    syncBuiltinESMExports()
  }
  put(
    Object.assign((_: number, done: fs.NoParamCallback) => process.nextTick(done, null), {
      __promisify__: own.__promisify__
    })
  )
  return () => put(own)
}

/** Puts Effect's own clock on the one of the world, which all that a command starts then sees. */
const onClock = (clock: FastClock): (() => void) => {
  const own = Context.get(DefaultServices.liveServices, Clock.Clock)
  const names = [
    "sleep",
    "currentTimeMillis",
    "currentTimeNanos",
    "unsafeCurrentTimeMillis",
    "unsafeCurrentTimeNanos"
  ] as const
  const methods = names.map((name) => {
    const value = clock[name]
    return [name, typeof value === "function" ? value.bind(clock) : value] as const
  })
  for (const [name, value] of methods) Object.defineProperty(own, name, { value, configurable: true })
  return () => {
    for (const [name] of methods) Reflect.deleteProperty(own, name)
  }
}

/** Applies so many specs with one source of answers, as often as there are commands; each meets what the last one left. */
export const runFleet = async (
  count: number,
  commands: ReadonlyArray<ReadonlyArray<string>>,
  options: WorldOptions & { readonly write?: (index: number) => string } = {}
): Promise<ReadonlyArray<Measured>> => {
  const folder = mkdtempSync(join(tmpdir(), "fabrik-fleet-"))
  const before = process.cwd()
  // The locks of the runs are sockets.
  const isConnecting = () => process.getActiveResourcesInfo().includes("ConnectWrap")
  const clock = new FastClock(Date.UTC(2026, 0, 1), isConnecting)
  const restore = [onClock(clock), withoutSync()]
  const scope = Effect.runSync(Scope.make())
  try {
    process.chdir(folder)
    mkdirSync("specs")
    for (let index = 0; index < count; index++) {
      writeFileSync(`specs/app-${index}.yaml`, (options.write ?? specOf)(index))
    }
    const world = await Effect.runPromise(Scope.extend(makeWorld(options), scope))
    enter(world)
    const rows: Array<Measured> = []
    for (const argv of commands) {
      // No window of the limit is open any more.
      await clock.pass("2 minutes")
      const output = { out: "", err: "" }
      const stream = (name: "out" | "err") => ({
        write: (text: string) => void (output[name] += text),
        onClose: () => () => {},
        tty: false,
        columns: () => undefined,
        rows: () => undefined
      })
      const from = world.requests.length
      const past = world.timeline.length
      const began = clock.unsafeCurrentTimeMillis()
      const since = performance.now()
      const ends: Array<{ readonly status: number; readonly at: number }> = []
      const started = start({
        argv: [...argv, "--sandbox", "--sandbox-dir", join(folder, "state")],
        env: { LANG: "C.UTF-8", TMPDIR: folder },
        out: stream("out"),
        err: stream("err"),
        inTty: false,
        readLine: () => () => {},
        readHidden: () => () => {},
        readAll: () => () => {}
      })
      void started.done.then((status) => ends.push({ status, at: clock.unsafeCurrentTimeMillis() }))
      while (ends.length === 0) await clock.pass("1 second")
      const [{ at, status } = { at: began, status: 1 }] = ends
      rows.push({
        command: argv[0] ?? "",
        status,
        requests: world.requests.slice(from),
        timeline: world.timeline.slice(past),
        millis: at - began,
        took: performance.now() - since,
        stdout: output.out,
        stderr: output.err
      })
    }
    return rows
  } finally {
    await Promise.race([Effect.runPromise(Scope.close(scope, Exit.void)), clock.pass("1 minute")])
    for (const undo of restore) undo()
    process.chdir(before)
    rmSync(folder, { recursive: true, force: true })
  }
}

import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { buildSync } from "esbuild"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { createHash } from "node:crypto"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { acquire } from "../../src/state/FileLock.ts"
import { note, size } from "../reliability/Scale.ts"

let root = ""
let script = ""
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), "fabrik-lock-"))
  script = path.join(root, "take.mjs")
  // Takes the lock so many times, and looks each time whether another one that lives is inside. None: holds it for ever.
  const contents = `
    import * as Effect from "effect/Effect"
    import { readdirSync, rmSync, writeFileSync } from "node:fs"
    import { acquire } from "./src/state/FileLock.ts"
    const [directory, inside, name, times] = process.argv.slice(2)
    const step = Effect.suspend(() => {
      const others = readdirSync(inside)
      if (others.length > 0) console.log("not alone: " + others.join())
      writeFileSync(inside + "/" + name, "")
      console.log("took")
      return Effect.sleep(times === "0" ? 3_600_000 : 2)
    }).pipe(Effect.ensuring(Effect.sync(() => rmSync(inside + "/" + name))))
    const once = Effect.scoped(Effect.zipRight(acquire(directory, "it", "process " + name, 60_000), step))
    Effect.runPromise(Effect.repeat(once, { times: Math.max(0, Number(times) - 1) })).then(() => console.log("done"), (error) => console.log(String(error)))`
  buildSync({
    stdin: { contents, resolveDir: process.cwd(), loader: "js" },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: script,
    logLevel: "error"
  })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Taker {
  readonly name: string
  readonly child: ChildProcess
  readonly said: () => string
}

const fresh = () => {
  const directory = mkdtempSync(path.join(root, "lock-"))
  const inside = mkdtempSync(path.join(root, "inside-"))
  return { directory, inside }
}

let count = 0
const start = (
  { directory, inside }: ReturnType<typeof fresh>,
  times: number,
  before: ReadonlyArray<string> = []
): Taker => {
  count += 1
  const name = `taker${count}`
  const words = [...before, process.execPath, script, directory, inside, name, String(times)]
  const child = spawn(words[0] ?? "", words.slice(1), { stdio: ["ignore", "pipe", "inherit"] })
  let text = ""
  child.stdout?.on("data", (chunk) => (text += String(chunk)))
  return { name, child, said: () => text }
}

const until = (fact: () => boolean, what: string) =>
  Effect.gen(function* () {
    for (let tries = 0; tries < 3000; tries += 1) {
      if (fact()) return
      yield* Effect.sleep("20 millis")
    }
    assert.fail(`it never came: ${what}`)
  })

const took = (taker: Taker) => until(() => taker.said().includes("took"), `${taker.name} takes it`)

/** It has no chance to say anything any more; whoever is inside after it is alone. */
const kill = (places: ReturnType<typeof fresh>, { child, name }: Taker) =>
  Effect.gen(function* () {
    const ended = new Promise((resolve) => child.once("exit", resolve))
    rmSync(path.join(places.inside, name), { force: true })
    child.kill("SIGKILL")
    yield* Effect.promise(() => ended)
  })

describe("a lock in a folder", () => {
  it.scopedLive("a second taker is told who holds it, and gets it after the scope's end", () =>
    Effect.gen(function* () {
      const { directory } = fresh()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* acquire(directory, "it", "the first one")
          const error = yield* Effect.flip(acquire(directory, "it", "the second one"))
          assert.deepInclude(error, { reason: "Held", holder: "the first one" })
          yield* acquire(directory, "another", "the second one")
        })
      )
      assert.deepStrictEqual(readdirSync(directory), [".gitignore"], "nothing is left of it")
      yield* acquire(directory, "it", "the second one")
    })
  )

  it.scopedLive("is one lock whatever path leads to the folder, as where a volume is mounted elsewhere", () =>
    Effect.gen(function* () {
      const { directory } = fresh()
      const elsewhere = path.join(root, "mounted", "elsewhere".repeat(12))
      mkdirSync(path.dirname(elsewhere))
      symlinkSync(directory, elsewhere)
      yield* acquire(directory, "it", "the one here")
      const error = yield* Effect.flip(acquire(elsewhere, "it", "the one there"))
      assert.deepInclude(error, { reason: "Held", holder: "the one here" })
    })
  )

  it.scopedLive(
    "is free at once when its holder is killed, also for one who waits, however long the path",
    () =>
      Effect.gen(function* () {
        const places = fresh()
        const directory = path.join(places.directory, "a".repeat(60), "b".repeat(60))
        mkdirSync(directory, { recursive: true })
        const holder = start({ ...places, directory }, 0)
        yield* took(holder)
        const error = yield* Effect.flip(acquire(directory, "it", "impatient"))
        assert.deepInclude(error, { reason: "Held", holder: `process ${holder.name}` })
        const waiting = yield* Effect.fork(acquire(directory, "it", "patient", "1 minute"))
        yield* kill(places, holder)
        yield* Fiber.join(waiting)
      })
  )

  it.live(
    "is never held twice, by however many processes, some of which are killed",
    () =>
      Effect.gen(function* () {
        const rounds = size(2, 50)
        for (let round = 0; round < rounds; round += 1) {
          const places = fresh()
          const doomed = [start(places, 0)]
          yield* took(doomed[0] as Taker)
          const takers = [1, 2, 3].map(() => start(places, 10))
          const second = start(places, 0)
          yield* kill(places, doomed[0] as Taker)
          yield* took(second)
          yield* kill(places, second)
          yield* until(() => takers.every(({ said }) => said().includes("done")), "all are through")
          for (const { said } of [...takers, ...doomed, second]) assert.notInclude(said(), "not alone")
          for (const { said } of takers) assert.lengthOf(said().match(/took/g) ?? [], 10)
        }
        note({ suite: "the lock of a folder", runs: rounds, invariants: "I12" })
      }),
    600_000
  )

  it.live("holds for a process in other namespaces, as a container with the same volume is", (context) =>
    Effect.gen(function* () {
      const apart = ["unshare", "--net", "--pid", "--fork", "--kill-child"]
      if (spawnSync(apart[0] ?? "", [...apart.slice(1), "true"]).status !== 0) {
        process.stderr.write("skipped: no namespaces can be made here\n")
        return context.skip("no namespaces can be made here")
      }
      const places = fresh()
      const holder = start(places, 0, apart)
      yield* took(holder)
      const error = yield* Effect.scoped(Effect.flip(acquire(places.directory, "it", "outside")))
      assert.deepInclude(error, { reason: "Held", holder: `process ${holder.name}` })
      yield* kill(places, holder)
      yield* Effect.scoped(acquire(places.directory, "it", "outside", "10 seconds"))
    })
  )

  it.scopedLive("of another machine is held until it gives no sign of life for a minute", () =>
    Effect.gen(function* () {
      const { directory } = fresh()
      const id = "0123456789abcdef"
      const digest = createHash("sha256").update("it").digest("hex").slice(0, 32)
      const text = JSON.stringify({ id, kernel: "another", socket: true, says: "far away" })
      for (const file of [`${digest}.lock`, `${id}.id`]) writeFileSync(path.join(directory, file), text)
      const sign = (secondsAgo: number) => {
        const then = Date.now() / 1000 - secondsAgo
        utimesSync(path.join(directory, `${id}.id`), then, then)
      }
      sign(30)
      const error = yield* Effect.scoped(Effect.flip(acquire(directory, "it", "near")))
      assert.deepInclude(error, { reason: "Held", holder: "far away" })
      sign(90)
      yield* acquire(directory, "it", "near")
      const later = yield* Effect.flip(acquire(directory, "it", "the next one"))
      assert.deepInclude(later, { holder: "near" })
    })
  )
})

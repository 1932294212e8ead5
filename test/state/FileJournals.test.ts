import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  symlinkSync,
  chmodSync
} from "node:fs"
import { join } from "node:path"
import * as FileJournals from "../../src/state/FileJournals.ts"
import { Journals } from "../../src/state/Journals.ts"

const forward = { sync: true, reserved: false }
const backward = { sync: true, reserved: true }

const directory = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const open = (root: string, name = "api") =>
  Effect.flatMap(Journals, (journals) => journals.open(name)).pipe(
    Effect.provide(FileJournals.layer({ directory: join(root, ".fabrik"), world: "here" }))
  )

const fileOf = (root: string) => {
  const [file = ""] = execFileSync("find", [join(root, ".fabrik/journal"), "-name", "*.ndjson"], {
    encoding: "utf8"
  }).split("\n")
  return file
}

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer)

describe("a journal in a file", () => {
  it.scoped("is found under another spelling of the address when it tells the server it is about", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const at = (world: string) =>
        Effect.provide(FileJournals.layer({ directory: join(root, ".fabrik"), world }))
      const openAt = (world: string, name: string) =>
        Effect.flatMap(Journals, (journals) => journals.open(name)).pipe(at(world))
      const told = yield* openAt("https://coolify.example.com", "api")
      yield* told.append({ _tag: "Begun", server: "srv" }, forward)
      const untold = yield* openAt("https://coolify.example.com", "web")
      yield* untold.append({ _tag: "Begun" }, forward)
      const found = yield* openAt("http://192.0.2.1:8000", "api")
      assert.deepStrictEqual(found.entries, [{ _tag: "Begun", server: "srv" }])
      assert.strictEqual(found.file, told.file)
      assert.deepStrictEqual((yield* openAt("http://192.0.2.1:8000", "web")).entries, [])
      const listed = yield* Effect.flatMap(Journals, ({ list }) => list).pipe(at("http://192.0.2.1:8000"))
      assert.deepStrictEqual(listed, ["api", "web"])
    }).pipe(Effect.provide(platform))
  )

  it.scoped("holds what was appended, in order, and is gone when it is removed", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const journal = yield* open(root)
      assert.deepStrictEqual(journal.entries, [])
      yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => journal.append({ n }, forward), {
        concurrency: "unbounded"
      })
      const again = yield* open(root)
      assert.deepStrictEqual(
        again.entries,
        [1, 2, 3, 4, 5, 6].map((n) => ({ n }))
      )
      yield* again.append({ n: 7 }, forward)
      assert.deepStrictEqual((yield* open(root)).entries.at(-1), { n: 7 })
      yield* again.remove
      assert.deepStrictEqual((yield* open(root)).entries, [])
    }).pipe(Effect.provide(platform))
  )

  it.scoped("makes no file before there is an entry, and then one for its owner alone", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const journal = yield* open(root)
      const fs = yield* FileSystem.FileSystem
      assert.isFalse(yield* fs.exists(join(root, ".fabrik")))
      yield* journal.append({ a: 1 }, forward)
      assert.strictEqual(statSync(fileOf(root)).mode & 0o777, 0o600)
      assert.strictEqual(statSync(join(root, ".fabrik/journal")).mode & 0o777, 0o700)
      assert.strictEqual(readFileSync(join(root, ".fabrik/journal/.gitignore"), "utf8"), "*\n")
    }).pipe(Effect.provide(platform))
  )

  it.scoped(
    "drops a last line that was being written, wherever it was cut, and goes on behind the whole ones",
    () =>
      Effect.gen(function* () {
        const root = yield* directory
        const journal = yield* open(root)
        yield* journal.append({ n: 1 }, forward)
        const whole = readFileSync(fileOf(root), "utf8").trimEnd().length + 1
        yield* journal.append({ n: 2, text: 'ö\n{"seq":1}' }, forward)
        const bytes = readFileSync(fileOf(root))
        const end = bytes.toString("utf8").trimEnd()
        const length = Buffer.byteLength(end)
        for (let cut = whole; cut < length; cut += 1) {
          // As it would lie there: cut off, or with the room behind it still empty.
          for (const rest of cut % 3 === 0 ? [Buffer.alloc(0), Buffer.alloc(200, 10)] : [Buffer.alloc(0)]) {
            writeFileSync(fileOf(root), Buffer.concat([bytes.subarray(0, cut), rest]))
            const torn = yield* open(root)
            assert.deepStrictEqual(torn.entries, [{ n: 1 }], String(cut))
          }
        }
        const torn = yield* open(root)
        yield* torn.append({ n: 3 }, forward)
        assert.deepStrictEqual((yield* open(root)).entries, [{ n: 1 }, { n: 3 }])
      }).pipe(Effect.provide(platform))
  )

  it.scoped("refuses damage with whole lines behind it, and says where", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const journal = yield* open(root)
      yield* Effect.forEach(["one", "two", "three"], (word) => journal.append({ word }, forward))
      const text = readFileSync(fileOf(root), "utf8")
      const lines = text.split("\n")
      for (const damaged of [
        text.replace("two", "twO"),
        text.replace("one", "on"),
        [lines[0], lines[2], ""].join("\n"),
        [lines[1], lines[0], lines[2], ""].join("\n")
      ]) {
        writeFileSync(fileOf(root), damaged)
        const error = yield* Effect.flip(open(root))
        assert.strictEqual(error.reason, "Damaged")
        assert.match(error.message, /is damaged in line [12]$/)
      }
    }).pipe(Effect.provide(platform))
  )

  it.scoped("keeps worlds and names apart, and lists its own", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const inWorld = (world: string) =>
        Effect.provide(Journals, FileJournals.layer({ directory: root, world }))
      const [here, there] = [yield* inWorld("here"), yield* inWorld("there")]
      yield* (yield* here.open("b")).append(1, forward)
      yield* (yield* here.open("a")).append(2, forward)
      yield* (yield* there.open("a")).append(3, forward)
      assert.deepStrictEqual(yield* here.list, ["a", "b"])
      assert.deepStrictEqual((yield* there.open("a")).entries, [3])
    }).pipe(Effect.provide(platform))
  )

  it.scoped("refuses what others could have written: links, loose modes", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const journal = yield* open(root)
      yield* journal.append({ n: 1 }, forward)
      const file = fileOf(root)
      chmodSync(file, 0o666)
      assert.strictEqual((yield* Effect.flip(open(root))).reason, "Unreadable")
      chmodSync(file, 0o600)
      yield* journal.remove
      writeFileSync(join(root, "elsewhere"), "")
      symlinkSync(join(root, "elsewhere"), file)
      assert.strictEqual((yield* Effect.flip(open(root))).reason, "Unreadable")
    }).pipe(Effect.provide(platform))
  )

  it.scoped("refuses a journal that was cut off in the middle of the log only at its end", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const journal = yield* open(root)
      yield* journal.append({ n: 1 }, forward)
      truncateSync(fileOf(root), 5)
      assert.deepStrictEqual((yield* open(root)).entries, [])
      appendFileSync(fileOf(root), "\n")
      yield* (yield* open(root)).append({ n: 2 }, forward)
      assert.deepStrictEqual((yield* open(root)).entries, [{ n: 2 }])
    }).pipe(Effect.provide(platform))
  )
})

/** A disk that is full: nothing beyond what a file already has can be written. */
const fullDisk = (full: { now: boolean }) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      open: (path: string, options?: FileSystem.OpenFileOptions) =>
        Effect.map(fs.open(path, options), (handle) => {
          let at = 0
          return {
            ...handle,
            stat: handle.stat,
            sync: handle.sync,
            seek: (offset: FileSystem.SizeInput, from: FileSystem.SeekMode) =>
              Effect.zipRight(
                Effect.sync(() => (at = Number(offset))),
                handle.seek(offset, from)
              ),
            writeAll: (bytes: Uint8Array) =>
              Effect.suspend(() =>
                full.now && at + bytes.length > statSync(path).size
                  ? Effect.fail(
                      new PlatformError.SystemError({
                        module: "FileSystem",
                        method: "writeAll",
                        reason: "Unknown",
                        description: "ENOSPC: no space left on device"
                      })
                    )
                  : handle.writeAll(bytes)
              )
          } as FileSystem.File
        })
    }))
  ).pipe(Layer.provide(NodeFileSystem.layer))

describe("a full disk", () => {
  const disk = { now: false }
  it.scoped("stops what goes forward, and leaves room for undoing", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const journal = yield* open(root)
      yield* journal.append({ n: 0 }, forward)
      disk.now = true
      let written = 0
      let refusal: string | undefined
      while (refusal === undefined) {
        const result = yield* Effect.either(journal.append({ text: "x".repeat(500) }, forward))
        if (Either.isLeft(result)) refusal = result.left.message
        else written += 1
      }
      assert.isAtMost(written, 40)
      assert.include(refusal, "ENOSPC")
      assert.isTrue(Either.isLeft(yield* Effect.either(journal.append({ n: 1 }, forward))))
      for (let n = 0; n < 60; n += 1) yield* journal.append({ undo: n, text: "x".repeat(500) }, backward)
      disk.now = false
      assert.strictEqual((yield* open(root)).entries.length, 1 + written + 60)
    }).pipe(Effect.provide(Layer.mergeAll(fullDisk(disk), NodePath.layer)))
  )

  it.scoped("is noticed before anything is written when there is no room at all", () =>
    Effect.gen(function* () {
      const root = yield* directory
      const journal = yield* open(root)
      disk.now = true
      const error = yield* Effect.flip(journal.append({ n: 1 }, forward))
      assert.strictEqual(error.reason, "Unwritable")
      disk.now = false
      assert.deepStrictEqual((yield* open(root)).entries, [])
    }).pipe(Effect.provide(Layer.mergeAll(fullDisk(disk), NodePath.layer)))
  )
})

/** Notes what is written and synced, in order: `write`, `sync`, and `sync DIRECTORY`. */
const noting = (notes: Array<string>) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      open: (path: string, options?: FileSystem.OpenFileOptions) =>
        Effect.map(fs.open(path, options), (handle) => {
          const noted = (what: string) => Effect.sync(() => notes.push(what))
          return {
            ...handle,
            stat: handle.stat,
            seek: (offset: FileSystem.SizeInput, from: FileSystem.SeekMode) => handle.seek(offset, from),
            sync: Effect.zipRight(noted(path.endsWith(".ndjson") ? "sync" : "sync directory"), handle.sync),
            writeAll: (bytes: Uint8Array) => Effect.zipRight(noted("write"), handle.writeAll(bytes))
          } as FileSystem.File
        })
    }))
  ).pipe(Layer.provide(NodeFileSystem.layer))

describe("a power cut", () => {
  const notes: Array<string> = []
  it.scoped("takes nothing that was to be safe: neither the entry nor the name of its file", () =>
    Effect.gen(function* () {
      const journal = yield* open(yield* directory)
      yield* journal.append({ n: 1 }, forward)
      assert.include(notes, "sync directory")
      assert.deepStrictEqual(notes.slice(-2), ["write", "sync"])
      notes.length = 0
      yield* journal.append({ n: 2 }, { sync: false, reserved: false })
      assert.deepStrictEqual(notes, ["write"])
      yield* journal.append({ n: 3 }, backward)
      assert.deepStrictEqual(notes, ["write", "write", "sync"])
    }).pipe(Effect.provide(Layer.mergeAll(noting(notes), NodePath.layer)))
  )
})

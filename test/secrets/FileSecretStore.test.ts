import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Ref from "effect/Ref"
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { inspect, promisify } from "node:util"
import * as FileSecretStore from "../../src/secrets/FileSecretStore.ts"
import { SecretGenerator } from "../../src/secrets/SecretGenerator.ts"
import { SecretObserver, type SecretWarning } from "../../src/secrets/SecretObserver.ts"
import { type ResolvedSecret, SecretStore } from "../../src/secrets/SecretStore.ts"
import { resolveIn } from "./Resolve.ts"

const scope = "shop/production/api"
const run = promisify(execFile)

interface Setup {
  readonly given?: Record<string, string>
  readonly environment?: Record<string, string>
  readonly envFileRequired?: boolean
  readonly dryRun?: boolean
  readonly fileSystem?: (fs: FileSystem.FileSystem) => FileSystem.FileSystem
}

/** One invocation: its own layer over the directory. */
const invoke = <A, E>(
  directory: string,
  setup: Setup,
  body: (store: typeof SecretStore.Service) => Effect.Effect<A, E>
) => {
  const options = {
    envFiles: [join(directory, ".env")],
    envFileRequired: setup.envFileRequired ?? false,
    directory: join(directory, ".fabrik"),
    given: new Map(Object.entries(setup.given ?? {}).map(([key, value]) => [key, Redacted.make(value)]))
  }
  const store = setup.dryRun ? FileSecretStore.layerDryRun(options) : FileSecretStore.layer(options)
  const fileSystem = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, setup.fileSystem ?? ((fs) => fs))
  )
  return Effect.flatMap(SecretStore, body).pipe(
    Effect.provide(store.pipe(Layer.provide(fileSystem), Layer.provide(NodeContext.layer))),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(setup.environment ?? {}))))
  )
}

const resolve = (directory: string, names: ReadonlyArray<string>, setup: Setup = {}, at = scope) =>
  invoke(directory, setup, (store) => resolveIn(store, at, names))

const shown = (secrets: ReadonlyArray<ResolvedSecret>) =>
  secrets.map(({ name, origin, value }) => [name, origin, Redacted.value(value)])

const valueOf = (secrets: ReadonlyArray<ResolvedSecret>) => Redacted.value(secrets[0]!.value)

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const write = Effect.fnUntraced(function* (file: string, text: string, mode = 0o600) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString(file, text)
  yield* fs.chmod(file, mode)
})

const stored = (directory: string, name = "API_KEY") =>
  join(directory, ".fabrik", "secrets", "shop", "production", "api", `${name}.env`)

/** A file system where one call on one kind of path fails with this errno. */
const failing = (
  method: "link" | "open" | "writeAll" | "sync" | "makeDirectory",
  code: string,
  path = /./
) => {
  const error = new PlatformError.SystemError({
    module: "FileSystem",
    method,
    reason: "Unknown",
    description: `${code}: injected`
  })
  return (fs: FileSystem.FileSystem): FileSystem.FileSystem => ({
    ...fs,
    ...(method === "link"
      ? { link: (from, to) => (path.test(to) ? Effect.fail(error) : fs.link(from, to)) }
      : {}),
    ...(method === "makeDirectory" ? { makeDirectory: () => Effect.fail(error) } : {}),
    ...(method === "open"
      ? { open: (file, options) => (path.test(file) ? Effect.fail(error) : fs.open(file, options)) }
      : {}),
    ...(method === "writeAll" || method === "sync"
      ? {
          open: (file, options) =>
            Effect.map(fs.open(file, options), (handle) =>
              path.test(file)
                ? new Proxy(handle, {
                    get: (target, property) => {
                      if (property === method)
                        return method === "sync" ? Effect.fail(error) : () => Effect.fail(error)
                      const value: unknown = Reflect.get(target, property, target)
                      return typeof value === "function" ? value.bind(target) : value
                    }
                  })
                : handle
            )
        }
      : {})
  })
}

type OnDisk = Layer.Layer.Success<typeof NodeContext.layer> | Scope.Scope

/** Not `it.layer`: that gives its clock to the suites after it in the same process. */
const onDisk = <E>(name: string, body: () => Effect.Effect<void, E, OnDisk>) =>
  it.scoped(name, () => Effect.provide(body(), NodeContext.layer))

const onDiskAsRoot = <E>(name: string, body: () => Effect.Effect<void, E, OnDisk>) =>
  it.scoped.skipIf(process.geteuid?.() !== 0)(name, () => Effect.provide(body(), NodeContext.layer))

describe("FileSecretStore", () => {
  onDisk("takes the first of given, environment, .env, stored, generated", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const [before] = yield* resolve(directory, ["STORED"])
      yield* write(join(directory, ".env"), "GIVEN=file\nENVIRONMENT=file\nFILE=file\n")
      const secrets = yield* resolve(directory, ["STORED", "FILE", "NEW", "ENVIRONMENT", "GIVEN"], {
        given: { GIVEN: "given" },
        environment: { GIVEN: "environment", ENVIRONMENT: "environment" }
      })
      assert.deepStrictEqual(shown(secrets), [
        ["STORED", "stored", Redacted.value(before!.value)],
        ["FILE", "env-file", "file"],
        ["NEW", "generated", Redacted.value(secrets[2]!.value)],
        ["ENVIRONMENT", "environment", "environment"],
        ["GIVEN", "given", "given"]
      ])
    })
  )

  onDisk("generates once: the next run, another name beside it and another scope do not change it", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const first = yield* resolve(directory, ["API_KEY", "API_KEY"])
      assert.strictEqual(first.length, 1)
      assert.strictEqual(first[0]?.origin, "generated")
      assert.match(valueOf(first), /^[A-Za-z0-9]{32}$/)
      const other = yield* resolve(directory, ["API_KEY"], {}, "shop/staging/api")
      assert.notStrictEqual(valueOf(other), valueOf(first))
      const second = yield* resolve(directory, ["OTHER", "API_KEY"])
      assert.deepStrictEqual(shown(second)[1], ["API_KEY", "stored", valueOf(first)])
    })
  )

  onDisk("keeps a value as KEY=VALUE in a private file, with nothing else beside it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const secrets = yield* resolve(directory, ["API_KEY"])
      assert.strictEqual(yield* fs.readFileString(stored(directory)), `API_KEY=${valueOf(secrets)}\n`)
      const modes: Record<string, string> = {}
      const root = join(directory, ".fabrik")
      for (const entry of yield* fs.readDirectory(root, { recursive: true })) {
        const info = yield* fs.stat(join(root, entry))
        modes[entry] = (info.mode & 0o777).toString(8)
      }
      assert.deepStrictEqual(modes, {
        secrets: "700",
        "secrets/.gitignore": "600",
        "secrets/shop": "700",
        "secrets/shop/production": "700",
        "secrets/shop/production/api": "700",
        "secrets/shop/production/api/API_KEY.env": "600"
      })
      assert.strictEqual(yield* fs.readFileString(join(root, "secrets", ".gitignore")), "*\n")
    })
  )

  onDisk("keeps hostile scopes inside its directory and apart from each other", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const scopes = ["../../x/y", "a/../b", "a//b", "a/b", "A/b", "a/%/b", "é/\0/.", "a.b", "a%2eb", ""]
      const values = yield* Effect.forEach(scopes, (at) =>
        Effect.map(resolve(directory, ["KEY"], {}, at), valueOf)
      )
      assert.strictEqual(new Set(values).size, scopes.length)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [".fabrik"])
      assert.deepStrictEqual(yield* fs.readDirectory(join(directory, ".fabrik")), ["secrets"])
    })
  )

  onDisk("generates nothing for a name no environment can hold", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      for (const name of ["../../escaped", "A B", "", "1A", "A=B"]) {
        for (const dryRun of [false, true]) {
          const error = yield* Effect.flip(resolve(directory, ["FINE", name], { dryRun }))
          assert.strictEqual(error.reason, "CannotPersist")
        }
      }
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    })
  )

  onDisk("names of JavaScript objects are not found in the real environment", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* temporary
        const options = {
          envFiles: [join(directory, ".env")],
          envFileRequired: false,
          directory: join(directory, ".fabrik"),
          given: new Map<string, Redacted.Redacted<string>>()
        }
        const secrets = yield* Effect.flatMap(SecretStore, (store) =>
          resolveIn(store, scope, ["toString", "constructor"])
        ).pipe(Effect.provide(FileSecretStore.layer(options).pipe(Layer.provide(NodeContext.layer))))
        assert.deepStrictEqual(
          secrets.map(({ origin }) => origin),
          ["generated", "generated"]
        )
      })
    )
  )

  onDisk("an empty value is an error that says where, and nothing is generated beside it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const failure = (setup: Setup) =>
        Effect.map(Effect.flip(resolve(directory, ["NEW", "API_KEY"], setup)), (error) => [
          error.reason,
          error.message
        ])
      assert.deepStrictEqual(yield* failure({ given: { API_KEY: "" } }), [
        "EmptyValue",
        "API_KEY: is set but empty on the command line"
      ])
      assert.deepStrictEqual(yield* failure({ environment: { API_KEY: " " } }), [
        "EmptyValue",
        "API_KEY: is set but empty in the environment"
      ])
      yield* write(join(directory, ".env"), "API_KEY=\n")
      assert.deepStrictEqual(yield* failure({}), [
        "EmptyValue",
        `API_KEY: is set but empty in ${join(directory, ".env")}`
      ])
      assert.isFalse(yield* fs.exists(join(directory, ".fabrik")))
    })
  )

  onDisk("a missing .env matters only when the user named it", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* resolve(directory, ["A"], { environment: { A: "1" } })
      const error = yield* Effect.flip(
        resolve(directory, ["A"], { environment: { A: "1" }, envFileRequired: true })
      )
      assert.strictEqual(error.reason, "UnreadableFile")
      assert.include(error.message, "does not exist")
    })
  )

  onDisk("refuses what is asked for and broken with its place, and leaves the rest alone", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = join(directory, ".env")
      const warnings = yield* Ref.make<ReadonlyArray<string>>([])
      const read = yield* Ref.make<ReadonlyArray<string>>([])
      const observer = {
        warn: ({ detail }: SecretWarning) => Ref.update(warnings, (all) => [...all, detail]),
        read: (name: string) => Ref.update(read, (all) => [...all, name])
      }
      yield* write(file, "2FA_SECRET=abc\nSESSION=x1234567\nA: 1\n")
      const [session] = yield* resolve(directory, ["SESSION"]).pipe(
        Effect.provideService(SecretObserver, observer)
      )
      assert.deepInclude(session, { name: "SESSION", origin: "env-file", file })
      assert.deepStrictEqual(yield* Ref.get(warnings), [
        "has no NAME=value in lines 1, 3, which is passed over"
      ])
      assert.deepStrictEqual(yield* Ref.get(read), [file])
      const error = yield* Effect.flip(resolve(directory, ["A"]))
      assert.deepStrictEqual([error.reason, error.subject], ["BadFile", `${file}:3`])
      yield* resolve(directory, ["A"], { environment: { A: "1" } })

      yield* write(file, "A=canary#1\nB=1\n")
      assert.strictEqual((yield* Effect.flip(resolve(directory, ["A"]))).subject, `${file}:1:9`)
      assert.deepStrictEqual(shown(yield* resolve(directory, ["B"])), [["B", "env-file", "1"]])

      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFile(file, Uint8Array.of(0x41, 0x3d, 0xff, 0xfe))
      assert.strictEqual((yield* Effect.flip(resolve(directory, ["A"]))).detail, "is not UTF-8 text")
      for (const utf16 of [
        [0xff, 0xfe, 0x41, 0, 0x3d, 0, 0x31, 0],
        [0xfe, 0xff, 0, 0x41, 0, 0x3d, 0, 0x31],
        [0x41, 0, 0x3d, 0, 0x31, 0]
      ]) {
        yield* fs.writeFile(file, Uint8Array.from(utf16))
        assert.include((yield* Effect.flip(resolve(directory, ["A"]))).detail, "is UTF-16 text")
      }
      yield* write(file, "#".repeat(1024 * 1024 + 1))
      assert.strictEqual((yield* Effect.flip(resolve(directory, ["A"]))).detail, "is larger than 1 MiB")
    })
  )

  onDisk("refuses symbolic links, directories and pipes", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const file = join(directory, ".env")
      yield* write(join(directory, "real"), "A=1\n")
      const detail = Effect.map(Effect.flip(resolve(directory, ["A"])), (error) => [
        error.reason,
        error.detail
      ])
      const link = ["UnsafeFile", "is a symbolic link: name the file itself"]

      yield* fs.symlink(join(directory, "real"), file)
      assert.deepStrictEqual(yield* detail, link)
      yield* fs.remove(file)
      yield* fs.symlink(join(directory, "nowhere"), file)
      assert.deepStrictEqual(yield* detail, link)
      yield* fs.remove(file)
      yield* fs.makeDirectory(file)
      assert.deepStrictEqual(yield* detail, ["BadFile", "is a folder, not a file"])
      yield* fs.remove(file, { recursive: true })
      yield* Effect.promise(() => run("mkfifo", [file]))
      assert.deepStrictEqual(yield* detail, ["UnsafeFile", "is not a regular file"])
      yield* fs.remove(file)

      yield* resolve(directory, ["API_KEY"])
      yield* fs.rename(stored(directory), join(directory, "moved"))
      yield* fs.symlink(join(directory, "moved"), stored(directory))
      assert.deepStrictEqual(
        yield* Effect.flip(resolve(directory, ["API_KEY"])).pipe(Effect.map((e) => e.detail)),
        link[1]
      )
    })
  )

  onDisk("refuses a file that is exchanged for another one while it is read", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* write(join(directory, ".env"), "A=mine\n")
      yield* write(join(directory, "other"), "A=other\n")
      const error = yield* Effect.flip(
        resolve(directory, ["A"], {
          fileSystem: (fs) => ({
            ...fs,
            open: (file, options) => fs.open(file.endsWith(".env") ? join(directory, "other") : file, options)
          })
        })
      )
      assert.deepStrictEqual([error.reason, error.detail], ["UnsafeFile", "was exchanged while it was read"])
    })
  )

  onDisk("warns of a .env others can read, refuses one everybody can write", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = join(directory, ".env")
      const warnings = yield* Ref.make<ReadonlyArray<string>>([])
      const read = resolve(directory, ["A"]).pipe(
        Effect.provideService(SecretObserver, {
          warn: ({ detail }) => Ref.update(warnings, (all) => [...all, detail]),
          read: () => Effect.void
        })
      )
      const fix = `make it private: chmod 600 ${file}`
      for (const mode of [0o600, 0o644, 0o660]) {
        yield* write(file, "A=1\n", mode)
        assert.deepStrictEqual(shown(yield* read), [["A", "env-file", "1"]])
      }
      assert.deepStrictEqual(yield* Ref.get(warnings), [
        `can be read by other users; ${fix}`,
        `can be written by its group; ${fix}`
      ])
      yield* write(file, "A=1\n", 0o602)
      const error = yield* Effect.flip(read)
      assert.deepStrictEqual(
        [error.reason, error.detail],
        ["UnsafeFile", `can be written by every user; ${fix}`]
      )
    })
  )

  onDisk("refuses its own file when others can read it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      yield* resolve(directory, ["API_KEY"])
      yield* fs.chmod(stored(directory), 0o640)
      assert.strictEqual((yield* Effect.flip(resolve(directory, ["API_KEY"]))).reason, "UnsafeFile")
      yield* invoke(directory, {}, (store) => store.digest(Redacted.make("x")))
      yield* fs.chmod(join(directory, ".fabrik", "key"), 0o604)
      const error = yield* Effect.flip(invoke(directory, {}, (store) => store.digest(Redacted.make("x"))))
      assert.strictEqual(error.reason, "UnsafeFile")
    })
  )

  onDiskAsRoot("refuses a file of another user", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* temporary
        yield* write(join(directory, ".env"), "A=1\n")
        yield* fs.chown(join(directory, ".env"), 12345, 12345)
        const error = yield* Effect.flip(resolve(directory, ["A"]))
        assert.strictEqual(error.reason, "UnsafeFile")
        assert.include(error.detail, "belongs to user 12345")
      })
    )
  )

  onDisk("a stored file without its value is an error, never a reason to make a new one", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* resolve(directory, ["API_KEY"])
      const reason = Effect.map(Effect.flip(resolve(directory, ["API_KEY"])), (error) => error.reason)
      yield* write(stored(directory), "")
      assert.strictEqual(yield* reason, "BadFile")
      yield* write(stored(directory), "API_KEY=\n")
      assert.strictEqual(yield* reason, "EmptyValue")
      yield* write(join(directory, ".fabrik", "key"), "short\n")
      const error = yield* Effect.flip(invoke(directory, {}, (store) => store.digest(Redacted.make("x"))))
      assert.strictEqual(error.reason, "BadFile")
    })
  )

  for (const [method, code, path] of [
    ["makeDirectory", "EROFS", /./],
    ["open", "EROFS", /\.tmp$/],
    ["writeAll", "ENOSPC", /\.tmp$/],
    ["sync", "EIO", /\.tmp$/],
    ["sync", "EIO", /api$/],
    ["link", "EPERM", /\.env$/]
  ] as const) {
    onDisk(`returns nothing when ${method} of ${path.source} fails with ${code}`, () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* temporary
        const error = yield* Effect.flip(
          resolve(directory, ["API_KEY"], { fileSystem: failing(method, code, path) })
        )
        assert.strictEqual(error.reason, "CannotPersist")
        assert.include(error.detail, code)
        const left = (yield* fs.exists(join(directory, ".fabrik")))
          ? yield* fs.readDirectory(join(directory, ".fabrik"), { recursive: true })
          : []
        assert.deepStrictEqual(
          left.filter((entry) => entry.endsWith(".tmp")),
          []
        )
      })
    )
  }

  onDisk("an unreadable .env is an error, not an absent one", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* write(join(directory, ".env"), "A=1\n")
      const error = yield* Effect.flip(
        resolve(directory, ["A"], { fileSystem: failing("open", "EACCES", /\.env$/) })
      )
      assert.strictEqual(error.reason, "UnreadableFile")
    })
  )

  onDisk("of two runs that both saw no value, both get the one that was kept", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const arrived = yield* Ref.make(0)
      const both = yield* Deferred.make<void>()
      // Each waits after its look-up, before it writes, until the other is there too.
      const generator = {
        secret: () =>
          Effect.gen(function* () {
            const count = yield* Ref.updateAndGet(arrived, (n) => n + 1)
            if (count === 2) yield* Deferred.succeed(both, undefined)
            yield* Deferred.await(both)
            return Redacted.make(`value-of-run-${count}`)
          }),
        key: Effect.succeed(Redacted.make("00".repeat(32)))
      }
      const results = yield* Effect.all([resolve(directory, ["API_KEY"]), resolve(directory, ["API_KEY"])], {
        concurrency: 2
      }).pipe(Effect.provideService(SecretGenerator, generator))
      assert.strictEqual(valueOf(results[0]), valueOf(results[1]))
      assert.deepStrictEqual(results.map((secrets) => secrets[0]?.origin).toSorted(), ["generated", "stored"])
    })
  )

  onDisk("digests tell values apart, stay the same across runs and differ between machines", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const [here, there] = [yield* temporary, yield* temporary]
      const digest = (directory: string, value: string, setup: Setup = {}) =>
        invoke(directory, setup, (store) => store.digest(Redacted.make(value)))
      const first = yield* digest(here, "a")
      assert.match(first, /^[0-9a-f]{64}$/)
      assert.strictEqual(yield* digest(here, "a"), first)
      assert.strictEqual(yield* digest(here, "a", { dryRun: true }), first)
      assert.notStrictEqual(yield* digest(here, "b"), first)
      assert.notStrictEqual(yield* digest(there, "a"), first)
      assert.match(yield* fs.readFileString(join(here, ".fabrik", "key")), /^[0-9a-f]{64}\n$/)
      assert.strictEqual((yield* fs.stat(join(here, ".fabrik", "key"))).mode & 0o777, 0o600)
    })
  )

  onDisk("the digest is HMAC-SHA256, as another implementation computes it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      yield* fs.makeDirectory(join(directory, ".fabrik"))
      yield* write(join(directory, ".fabrik", "key"), `${"0b".repeat(32)}\n`)
      const digest = yield* invoke(directory, {}, (store) => store.digest(Redacted.make("Hi There")))
      assert.strictEqual(digest, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7")
    })
  )

  onDisk("a dry run reads the same, writes nothing and keeps its throw-away values while it lasts", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      yield* write(join(directory, ".env"), "FILE=file\n")
      const setup = { dryRun: true, environment: { ENVIRONMENT: "environment" } }
      const [first, second, digests] = yield* invoke(directory, setup, (store) =>
        Effect.all([
          resolveIn(store, scope, ["ENVIRONMENT", "FILE", "NEW"]),
          resolveIn(store, scope, ["NEW"]),
          Effect.all([store.digest(Redacted.make("a")), store.digest(Redacted.make("a"))])
        ])
      )
      assert.deepStrictEqual(
        first.map(({ origin }) => origin),
        ["environment", "env-file", "generated"]
      )
      assert.strictEqual(valueOf(second), Redacted.value(first[2]!.value))
      assert.strictEqual(digests[0], digests[1])
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [".env"])
      const real = yield* resolve(directory, ["NEW"])
      assert.strictEqual(real[0]?.origin, "generated")
      assert.deepStrictEqual(shown(yield* resolve(directory, ["NEW"], { dryRun: true })), [
        ["NEW", "stored", valueOf(real)]
      ])
    })
  )

  onDisk("shows no value in anything it returns or fails with", () =>
    Effect.gen(function* () {
      const canary = "cAnArY0123456789"
      const directory = yield* temporary
      const show = (exit: Exit.Exit<unknown, unknown>) =>
        [
          inspect(exit, { depth: 20, showHidden: true }),
          JSON.stringify(exit),
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
        ].join("\n")
      const generator = {
        secret: () => Effect.succeed(Redacted.make(canary)),
        key: Effect.succeed(Redacted.make(canary))
      }
      yield* write(join(directory, ".env"), `FILE=${canary}\nHASH=${canary}#x\nQUOTE="${canary}\n`)
      const setup = { given: { GIVEN: canary }, environment: { ENVIRONMENT: canary } }
      const exits = yield* Effect.all([
        Effect.exit(resolve(directory, ["GIVEN", "ENVIRONMENT"], setup)),
        Effect.exit(resolve(directory, ["FILE", "QUOTE"], setup)),
        Effect.exit(
          write(join(directory, ".env"), `FILE=${canary}\nHASH=${canary}#x\n`).pipe(
            Effect.zipRight(resolve(directory, ["FILE", "HASH"]))
          )
        ),
        Effect.exit(resolve(directory, ["NEW"], { fileSystem: failing("writeAll", "ENOSPC", /\.tmp$/) })),
        Effect.exit(resolve(directory, ["NEW"])),
        Effect.exit(resolve(directory, ["NEW"])),
        Effect.exit(invoke(directory, {}, (store) => store.digest(Redacted.make(canary))))
      ]).pipe(Effect.provideService(SecretGenerator, generator))
      assert.deepStrictEqual(
        exits.map((exit) => exit._tag),
        ["Success", "Failure", "Failure", "Failure", "Success", "Success", "Failure"]
      )
      for (const exit of exits) {
        assert.notInclude(show(exit), canary)
      }
    })
  )

  it.live("processes that race for the same names end with one value each", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const bundle = join(directory, "run.mjs")
      yield* Effect.promise(() =>
        build({
          stdin: {
            resolveDir: join(import.meta.dirname, "../.."),
            loader: "ts",
            contents: `
              import * as NodeContext from "@effect/platform-node/NodeContext"
              import * as Effect from "effect/Effect"
              import * as Layer from "effect/Layer"
              import * as Redacted from "effect/Redacted"
              import * as FileSecretStore from "./src/secrets/FileSecretStore.ts"
              import { SecretStore } from "./src/secrets/SecretStore.ts"
              import { resolveIn } from "./test/secrets/Resolve.ts"
              const [directory, startAt] = process.argv.slice(2)
              const options = { envFiles: [directory + "/.env"], envFileRequired: false, directory: directory + "/.fabrik", given: new Map() }
              const program = Effect.gen(function* () {
                const store = yield* SecretStore
                while (Date.now() < Number(startAt)) {}
                const secrets = yield* resolveIn(store, "a/b/c", ["K0", "K1", "K2", "K3", "K4"])
                const digest = yield* store.digest(Redacted.make("x"))
                return JSON.stringify({ digest, secrets: secrets.map((s) => [s.origin, Redacted.value(s.value)]) })
              })
              console.log(await Effect.runPromise(Effect.provide(program, FileSecretStore.layer(options).pipe(Layer.provide(NodeContext.layer)))))
            `
          },
          bundle: true,
          platform: "node",
          format: "esm",
          outfile: bundle,
          banner: {
            js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
          },
          logLevel: "error"
        })
      )
      // All spin until the same instant, so that they meet in the look-up; were they late, they would still have to agree.
      const startAt = String(Date.now() + 2500)
      const outputs = yield* Effect.promise(() =>
        Promise.all(Array.from({ length: 4 }, () => run(process.execPath, [bundle, directory, startAt])))
      )
      const results = outputs.map(
        ({ stdout }) => JSON.parse(stdout) as { digest: string; secrets: ReadonlyArray<[string, string]> }
      )
      const values = results.map(({ secrets }) => secrets.map(([, value]) => value).join())
      assert.strictEqual(new Set(values).size, 1)
      assert.strictEqual(new Set(results.map(({ digest }) => digest)).size, 1)
      for (let index = 0; index < 5; index++) {
        const makers = results.filter(({ secrets }) => secrets[index]?.[0] === "generated")
        assert.strictEqual(makers.length, 1)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
  )
})

import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { isOwnFile } from "../../src/coolify/endpoints/Derived.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { sample } from "../reliability/Scale.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { adoptable, applyTo, destroyFrom, hasty, layersOf, options, specOf } from "./SandboxWorld.ts"

const withFiles = (
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {}
): Spec => ({
  ...specOf(env),
  files: Object.entries(files).map(([path, text]) => ({
    path,
    content: Redacted.make(text),
    losesBreak: false
  }))
})

const conf = withFiles({ "/etc/app.conf": "a=1\nb=${HOME}" })
const start = testSandbox({ seed: { domains: ["api.example.com"] } })

const applied = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.gen(function* () {
    const { events, result } = yield* applyTo(sandbox, spec)
    const plan = events.flatMap(({ event }) => (event._tag === "Planned" ? [event.plan] : []))[0]
    if (Either.isLeft(result)) return assert.fail(result.left.error.message)
    return { report: result.right, plan, lines: plan?.changes.filter(({ kind }) => kind === "file") ?? [] }
  })

/** What the running container reads. */
const seen = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.world, ({ coolify: { containers } }) =>
    containers.flatMap(({ files }) => files.map(({ content, path }) => `${path}=${content}`))
  )

const writes = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.requests, (all) => all.filter(({ method }) => method !== "GET").length)

/** Somebody at work in Coolify. */
const byHand = <A, E>(
  sandbox: SandboxHandle,
  act: (storages: typeof CoolifyClient.Service.storages, uuid: string) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const { applications, storages } = yield* CoolifyClient
    const [application] = yield* applications.list
    return yield* act(storages, application?.uuid ?? "")
  }).pipe(Effect.provide(layersOf(sandbox)))

/** What the client has no request for. */
const posted = (sandbox: SandboxHandle, fields: object) =>
  byHand(sandbox, (_, uuid) =>
    Effect.promise(() =>
      fetch(`${sandbox.apiUrl}/api/v1/applications/${uuid}/storages`, {
        method: "POST",
        headers: { authorization: `Bearer ${sandbox.token}`, "content-type": "application/json" },
        body: JSON.stringify({ type: "file", ...fields })
      })
    )
  )

describe.concurrent("the files of an application", () => {
  it.scopedLive("come with its first apply, and nothing is written when they are there", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const { lines, plan } = yield* applied(sandbox, conf)
      assert.deepInclude(lines, {
        system: "coolify",
        kind: "file",
        name: "/etc/app.conf",
        action: "create",
        fields: [{ field: "content", before: null, after: "2 lines, 13 bytes", secret: false }]
      })
      assert.notInclude(JSON.stringify(plan), "b=$")
      assert.deepStrictEqual(yield* seen(sandbox), ["/etc/app.conf=a=1\nb=${HOME}"])
      const before = yield* writes(sandbox)
      const again = yield* applied(sandbox, conf)
      assert.strictEqual(again.report.outcome, "unchanged")
      assert.strictEqual(yield* writes(sandbox), before)
    })
  )

  it.scopedLive(
    "are made anew where their text changes, so that the container gets it, and go with the spec's",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        yield* applied(sandbox, conf)
        const next = withFiles({ "/etc/app.conf": "a=2\nb=${HOME}", "/etc/empty": "" })
        const { lines } = yield* applied(sandbox, next)
        assert.deepStrictEqual(
          lines.map(({ action, fields, name }) => [name, action, fields[0]?.after]),
          [
            ["/etc/app.conf", "update", "2 lines, 13 bytes, another text"],
            ["/etc/empty", "create", "0 lines, 0 bytes"]
          ]
        )
        assert.deepStrictEqual(yield* seen(sandbox), ["/etc/app.conf=a=2\nb=${HOME}", "/etc/empty="])
        assert.strictEqual((yield* applied(sandbox, specOf())).lines.length, 2)
        assert.deepStrictEqual(yield* seen(sandbox), [])
        const { coolify } = yield* sandbox.world
        assert.deepStrictEqual(coolify.disk, [])
        assert.strictEqual((yield* applied(sandbox, specOf())).report.outcome, "unchanged")
      })
  )

  it.scopedLive("that somebody changed are put back, and told as drift", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, conf)
      yield* byHand(sandbox, (storages, uuid) =>
        Effect.gen(function* () {
          const [file] = (yield* storages.list(uuid)).files
          if (file === undefined || !isOwnFile(file)) return assert.fail("no file")
          yield* storages.removeFile(uuid, file)
          yield* storages.createFile(uuid, { mountPath: "/etc/app.conf", content: Redacted.make("by hand") })
        })
      )
      const { lines } = yield* applied(sandbox, conf)
      assert.include(lines[0], { action: "update", drifted: true })
      assert.deepStrictEqual(yield* seen(sandbox), ["/etc/app.conf=a=1\nb=${HOME}"])
    })
  )

  it.scopedLive("that somebody else added stay, as do directories, with what the server has in them", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, conf)
      yield* posted(sandbox, { mount_path: "/etc/other", content: "other" })
      yield* posted(sandbox, { is_directory: true, fs_path: "/srv/precious", mount_path: "/precious" })
      yield* posted(sandbox, { is_host_file: true, fs_path: "/srv/ca.crt", mount_path: "/etc/ca.crt" })
      const { plan, report } = yield* applied(sandbox, conf)
      assert.strictEqual(report.outcome, "unchanged")
      const notes = plan?.notes.join("\n") ?? ""
      assert.include(notes, "a file /etc/other that the spec does not name; it stays")
      assert.include(notes, "the server's directory /srv/precious at /precious that the spec")
      assert.include(notes, "the server's file /srv/ca.crt at /etc/ca.crt that the spec")
      yield* applied(sandbox, specOf())
      const { disk } = (yield* sandbox.world).coolify
      assert.includeMembers(
        disk.map(({ path }) => path),
        ["/srv/precious"]
      )
      Either.getOrThrow(yield* destroyFrom(sandbox, specOf(), { deleteVolumes: true }))
      assert.include(
        (yield* sandbox.world).coolify.disk.map(({ path }) => path),
        "/srv/precious"
      )
      const deleted = (yield* sandbox.requests).filter(
        ({ method, path }) => method === "DELETE" && path.includes("/storages/")
      )
      assert.lengthOf(deleted, 1, "fabrik's own file")
    })
  )

  it.scopedLive(
    "are refused where a directory of the server stands, as its deletion would take the data",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        yield* applied(sandbox, specOf())
        yield* posted(sandbox, { is_directory: true, fs_path: "/srv/precious", mount_path: "/etc/app.conf" })
        const before = yield* writes(sandbox)
        const { result } = yield* applyTo(sandbox, conf)
        const { error } = Either.getOrThrow(Either.flip(result))
        assert.include(error.message, "the server's directory /srv/precious at /etc/app.conf")
        assert.strictEqual(yield* writes(sandbox), before)
      })
  )

  it.scopedLive(
    "that a directory of the server has taken the place of stay, though the spec drops them",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        yield* applied(sandbox, conf)
        yield* byHand(sandbox, (storages, uuid) =>
          Effect.gen(function* () {
            const [file] = (yield* storages.list(uuid)).files.filter(isOwnFile)
            if (file !== undefined) yield* storages.removeFile(uuid, file)
          })
        )
        yield* posted(sandbox, { is_directory: true, fs_path: "/srv/precious", mount_path: "/etc/app.conf" })
        const { plan } = yield* applied(sandbox, specOf())
        assert.include(plan?.notes.join(), "the server's directory /srv/precious at /etc/app.conf")
        const { disk } = (yield* sandbox.world).coolify
        assert.deepStrictEqual(
          disk.map(({ path }) => path),
          ["/srv/precious"]
        )
      })
  )

  const failures = [
    ["the new version is unhealthy", { SANDBOX_APP: "unhealthy" }, []],
    ["the deployment is refused", {}, ["coolify POST /deploy status=403"]],
    ["a file cannot be added", {}, ["coolify POST /storages status=500 #1"]],
    ["the answer to a new file is lost", {}, ["coolify POST /storages reset after"]],
    ["a file cannot be removed", {}, ["coolify DELETE /storages status=500"]],
    ["the answer to a removal is lost", {}, ["coolify DELETE /storages reset after"]]
  ] as const
  for (const [name, next, faults] of sample(failures, 1)) {
    it.scopedLive(`are as before, byte for byte, when an update fails as ${name}`, () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        yield* applied(sandbox, withFiles({ "/etc/app.conf": "a=1\r\n\tb='x' \"y\"", "/etc/old": "old" }))
        const before = yield* sandbox.world
        yield* sandbox.faults.add(...faults)
        const { result } = yield* applyTo(
          sandbox,
          withFiles({ "/etc/app.conf": "a=2", "/etc/new": "new" }, next)
        )
        assert.isTrue(Either.isLeft(result))
        assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : [], [])
        const { coolify } = yield* sandbox.world
        const texts = (world: typeof before.coolify) => [
          world.applications.flatMap(({ files }) => files),
          world.containers.flatMap(({ files }) => files),
          world.disk
        ]
        assert.deepStrictEqual(texts(coolify), texts(before.coolify))
      })
    )
  }

  it.scopedLive("go with a first apply that fails", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const before = yield* sandbox.world
      const spec = withFiles({ "/etc/app.conf": "a=1" }, { SANDBOX_APP: "unhealthy" })
      assert.isTrue(Either.isLeft((yield* applyTo(sandbox, spec)).result))
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("are in the spec that adopt writes, which then plans nothing, unless they look secret", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, withFiles({ "/etc/app.conf": "a=1\nb=2", "/etc/own": "password = x" }))
      const { spec, text } = yield* adoptable(sandbox)
      assert.include(text, "files:\n  /etc/app.conf:\n    content: |-\n      a=1\n      b=2")
      assert.include(text, "/etc/own is not in")
      assert.notInclude(text, "password")
      const { lines } = yield* applied(sandbox, spec)
      assert.deepStrictEqual(
        lines.map(({ action, name }) => `${action} ${name}`),
        ["delete /etc/own"]
      )
    })
  )

  it.scopedLive("cannot be looked at by some tokens: what fabrik left says what they hold", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, conf)
      const pace = yield* hasty
      const hidden = Layer.effect(
        CoolifyClient,
        Effect.map(CoolifyClient, (client) => ({
          ...client,
          storages: {
            ...client.storages,
            list: (uuid: string) =>
              Effect.map(client.storages.list(uuid), (stored) => ({
                ...stored,
                files: stored.files.map((file) => ({ ...file, content: undefined }))
              }))
          }
        }))
      )
      const notes: Array<string> = []
      const run = (spec: Spec) =>
        apply(spec, {
          ...options,
          confirm: (plan) =>
            Effect.sync(() => {
              notes.push(...plan.notes)
              return true
            })
        }).pipe(
          Effect.provide(Layer.provideMerge(hidden, layersOf(sandbox))),
          Effect.provideService(Pace, pace),
          Effect.catchTag("JournalError", Effect.die),
          Effect.either
        )
      assert.strictEqual(Either.getOrThrow(yield* run(conf)).outcome, "unchanged")
      assert.include(notes.join(), "so /etc/app.conf could not be looked at")
      const changed = withFiles({ "/etc/app.conf": "a=1", "/etc/more": "x" })
      const { error } = Either.getOrThrow(Either.flip(yield* run(changed)))
      assert.include(error.message, "may not read what the file /etc/app.conf holds now")
      const more = { ...conf, files: [...(conf.files ?? []), ...(changed.files ?? []).slice(1)] }
      assert.strictEqual(Either.getOrThrow(yield* run(more)).outcome, "complete")
      assert.deepStrictEqual(yield* seen(sandbox), ["/etc/app.conf=a=1\nb=${HOME}", "/etc/more=x"])
    })
  )
})

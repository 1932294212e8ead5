import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { layerMemory } from "../support/coolify/CoolifyMemory.ts"
import type { Plan } from "../../src/engine/Plan.ts"
import { volumesOf } from "../../src/kinds/Volume.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { sample } from "../reliability/Scale.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { adoptable, applyTo, destroyFrom, layersOf, specOf } from "./SandboxWorld.ts"

const withVolumes = (
  volumes: ReadonlyArray<readonly [name: string, path: string, readOnly?: true]>,
  env: Readonly<Record<string, string>> = {}
): Spec => ({
  ...specOf(env),
  volumes: volumes.map(([name, path, readOnly]) => ({ name, path, ...(readOnly && { readOnly }) }))
})

const data = withVolumes([["data", "/var/lib/app"]])
const start = testSandbox({ seed: { domains: ["api.example.com"] } })

const applied = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.gen(function* () {
    const { events, result } = yield* applyTo(sandbox, spec)
    const plan = events.flatMap(({ event }) => (event._tag === "Planned" ? [event.plan] : []))[0]
    if (Either.isLeft(result)) return assert.fail(result.left.error.message)
    return { report: result.right, plan }
  })

/** The volumes of the only application, as Coolify has them, without the application's uuid. */
const mounted = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.world, ({ coolify: { applications } }) =>
    applications.flatMap(({ storages }) =>
      storages.map(({ mount_path, name }) => `${name.replace(/^[a-z0-9]{20,}-/, "")}:${mount_path}`)
    )
  )

const writes = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.requests, (all) => all.filter(({ method }) => method !== "GET").length)

describe.concurrent("the volumes of an application", () => {
  it.scopedLive("come with its first apply, and nothing is written when they are there", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const { plan } = yield* applied(sandbox, data)
      const line = plan?.changes.find(({ kind }) => kind === "volume")
      assert.include(line, { name: "data", action: "create" })
      assert.deepStrictEqual(yield* mounted(sandbox), ["data:/var/lib/app"])
      const before = yield* writes(sandbox)
      const again = yield* applied(sandbox, data)
      assert.strictEqual(again.report.outcome, "unchanged")
      assert.strictEqual(yield* writes(sandbox), before)
    })
  )

  it.scopedLive("cost an application without any not a single request", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      yield* applied(sandbox, specOf())
      const asked = (yield* sandbox.requests).filter(({ path }) => path.includes("storages"))
      assert.deepStrictEqual(asked, [])
    })
  )

  it.scopedLive("are added, moved and taken off, and what they hold stays on the server", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, data)
      const { volumes } = (yield* sandbox.world).coolify
      assert.lengthOf(volumes, 1)
      yield* applied(
        sandbox,
        withVolumes([
          ["data", "/data"],
          ["logs", "/var/log/app"]
        ])
      )
      assert.deepStrictEqual((yield* mounted(sandbox)).toSorted(), ["data:/data", "logs:/var/log/app"])
      const { plan } = yield* applied(sandbox, withVolumes([["logs", "/var/log/app"]]))
      assert.include(plan?.notes.join(" "), "The volume data is taken off the application")
      assert.deepStrictEqual(yield* mounted(sandbox), ["logs:/var/log/app"])
      assert.includeMembers([...(yield* sandbox.world).coolify.volumes], [...volumes])
      const last = yield* applied(sandbox, specOf())
      assert.strictEqual(last.plan?.changes.find(({ kind }) => kind === "volume")?.action, "delete")
      assert.deepStrictEqual(yield* mounted(sandbox), [])
      assert.strictEqual((yield* applied(sandbox, specOf())).report.outcome, "unchanged")
    })
  )

  it.scopedLive(
    "are renamed by no one, as the new one would be empty, and the way that is told keeps the data",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        yield* applied(sandbox, data)
        const { volumes } = (yield* sandbox.world).coolify
        const before = yield* writes(sandbox)
        for (const other of [["store", "/var/lib/app"] as const, ["store", "/var/lib/app", true] as const]) {
          const { result } = yield* applyTo(sandbox, withVolumes([other]))
          const { error } = Either.getOrThrow(Either.flip(result))
          assert.include(error.message, "store would be another one at /var/lib/app, and empty")
          assert.include(error._tag === "RefusedError" ? error.next : "", "keep `data:/var/lib/app`")
        }
        assert.strictEqual(yield* writes(sandbox), before)
        yield* applied(
          sandbox,
          withVolumes([
            ["data", "/var/lib/app-old"],
            ["store", "/var/lib/app"]
          ])
        )
        const renamed = withVolumes([["store", "/var/lib/app"]])
        yield* applied(sandbox, renamed)
        assert.deepStrictEqual(yield* mounted(sandbox), ["store:/var/lib/app"])
        assert.includeMembers([...(yield* sandbox.world).coolify.volumes], [...volumes])
        Either.getOrThrow(yield* destroyFrom(sandbox, renamed, { deleteVolumes: true }))
        assert.deepStrictEqual((yield* sandbox.world).coolify.volumes, volumes)
      })
  )

  it.scopedLive("that somebody moved are put back, and told as drift", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, data)
      yield* Effect.gen(function* () {
        const { applications, storages } = yield* CoolifyClient
        const [application] = yield* applications.list
        const uuid = application?.uuid ?? ""
        const [storage] = (yield* storages.list(uuid)).volumes
        yield* storages.update(uuid, storage?.uuid ?? "", { mountPath: "/elsewhere" })
      }).pipe(Effect.provide(layersOf(sandbox)))
      const { plan } = yield* applied(sandbox, data)
      assert.include(
        plan?.changes.find(({ kind }) => kind === "volume"),
        { action: "update", drifted: true }
      )
      assert.deepStrictEqual(yield* mounted(sandbox), ["data:/var/lib/app"])
    })
  )

  const failures = [
    ["the new version is unhealthy", { SANDBOX_APP: "unhealthy" }, []],
    ["the deployment is refused", {}, ["coolify POST /deploy status=403"]],
    ["a volume cannot be added", {}, ["coolify POST /storages status=500 #1"]],
    ["the answer to a new volume is lost", {}, ["coolify POST /storages reset after"]],
    ["a volume cannot be moved", {}, ["coolify PATCH /storages status=500"]],
    ["a volume cannot be taken off", {}, ["coolify DELETE /storages status=500"]]
  ] as const
  for (const [name, next, faults] of sample(failures, 1)) {
    it.scopedLive(`are as before when an update fails as ${name}`, () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        yield* applied(
          sandbox,
          withVolumes([
            ["data", "/var/lib/app"],
            ["old", "/old"]
          ])
        )
        const before = yield* sandbox.world
        yield* sandbox.faults.add(...faults)
        const spec = withVolumes(
          [
            ["data", "/data"],
            ["new", "/new"]
          ],
          next
        )
        const { result } = yield* applyTo(sandbox, spec)
        assert.isTrue(Either.isLeft(result))
        assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : [], [])
        const after = yield* sandbox.world
        assert.sameMembers(yield* mounted(sandbox), ["data:/var/lib/app", "old:/old"])
        // A volume that a container had got by then stays on the server, empty.
        assert.includeMembers([...after.coolify.volumes], [...before.coolify.volumes])
      })
    )
  }

  it.scopedLive("go with a first apply that fails", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const before = yield* sandbox.world
      const spec = withVolumes([["data", "/var/lib/app"]], { SANDBOX_APP: "unhealthy" })
      assert.isTrue(Either.isLeft((yield* applyTo(sandbox, spec)).result))
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("are in the spec that adopt writes, which then plans nothing", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, data)
      const { spec, text } = yield* adoptable(sandbox)
      assert.include(text, "volumes:\n  - data:/var/lib/app")
      const { plan } = yield* applied(sandbox, spec)
      assert.deepStrictEqual(
        plan?.changes.filter(({ kind }) => kind === "volume"),
        []
      )
    })
  )

  it.scopedLive("stay when the application is destroyed", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, data)
      const { volumes } = (yield* sandbox.world).coolify
      const notes = yield* Ref.make<ReadonlyArray<string>>([])
      const confirm = (plan: Plan) => Effect.as(Ref.set(notes, plan.notes), true)
      Either.getOrThrow(yield* destroyFrom(sandbox, data, { deleteVolumes: false, confirm }))
      const after = (yield* sandbox.world).coolify
      assert.deepStrictEqual(after.applications, [])
      assert.deepStrictEqual(after.volumes, volumes)
      const [kept = ""] = volumes
      assert.include((yield* Ref.get(notes)).join(), kept.replace("-data", "-NAME"))
      // Another application, with a volume of its own.
      yield* applied(sandbox, data)
      assert.lengthOf((yield* sandbox.world).coolify.volumes, 2)
    })
  )

  it.scopedLive("forbid a source that needs another application, whose volumes would be empty", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, data)
      const before = yield* writes(sandbox)
      const { result } = yield* applyTo(sandbox, {
        ...data,
        source: { _tag: "Dockerfile", text: "FROM a" }
      })
      const { error } = Either.getOrThrow(Either.flip(result))
      assert.include(error.message, "a new application would begin with empty volumes")
      assert.strictEqual(yield* writes(sandbox), before)
    })
  )

  /** What the running container has mounted. */
  const got = (sandbox: SandboxHandle) =>
    Effect.map(sandbox.world, ({ coolify: { containers } }) =>
      containers.flatMap(({ mounts }) =>
        mounts.map(
          ({ path, read_only, source }) =>
            `${source.replace(/^[a-z0-9]{20,}-/, "")}:${path}${read_only === true ? ":ro" : ""}`
        )
      )
    )
  const onDisk = (sandbox: SandboxHandle) =>
    Effect.map(sandbox.world, ({ coolify: { disk } }) => disk.map(({ path }) => path))

  it.scopedLive("may be directories of the server, which stay with what they hold whatever is done", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const media = withVolumes([
        ["/srv/media", "/media", true],
        ["data", "/data"]
      ])
      const first = yield* applied(sandbox, media)
      assert.deepInclude(
        first.plan?.changes.find(({ kind, name }) => kind === "volume" && name === "/srv/media")?.fields ??
          [],
        { field: "path", before: null, after: "/media:ro", secret: false }
      )
      assert.include(
        first.plan?.notes.join(),
        "What the server has in /srv/media is neither made nor ever deleted"
      )
      assert.deepStrictEqual((yield* got(sandbox)).toSorted(), ["/srv/media:/media:ro", "data:/data"])
      const before = yield* writes(sandbox)
      assert.strictEqual((yield* applied(sandbox, media)).report.outcome, "unchanged")
      assert.strictEqual(yield* writes(sandbox), before)

      const moved = withVolumes(
        [
          ["/srv/media", "/m"],
          ["/srv/more", "/more"],
          ["data", "/data", true]
        ],
        { SANDBOX_APP: "unhealthy" }
      )
      const failed = yield* applyTo(sandbox, moved)
      assert.deepStrictEqual(
        Either.isLeft(failed.result) ? failed.result.left.report.leftovers : ["none"],
        []
      )
      assert.sameMembers(
        (yield* mounted(sandbox)).map((one) => one.replace(/^host-[0-9a-f]{8}/, "host")),
        ["host:/media:ro", "data:/data"]
      )
      yield* applied(sandbox, { ...moved, env: specOf().env })
      assert.deepStrictEqual((yield* got(sandbox)).toSorted(), [
        "/srv/media:/m",
        "/srv/more:/more",
        "data:/data:ro"
      ])
      yield* applied(sandbox, withVolumes([["/srv/more", "/more"]]))
      assert.deepStrictEqual(yield* got(sandbox), ["/srv/more:/more"])
      Either.getOrThrow(
        yield* destroyFrom(sandbox, withVolumes([["/srv/more", "/more"]]), { deleteVolumes: true })
      )
      assert.includeMembers([...(yield* onDisk(sandbox))], ["/srv/media", "/srv/more"])
    })
  )

  it.scopedLive("are in the spec that adopt writes as directories too, and go with a new application", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, withVolumes([["/var/run/docker.sock", "/var/run/docker.sock", true]]))
      const { spec, text } = yield* adoptable(sandbox)
      assert.include(text, "volumes:\n  - /var/run/docker.sock:/var/run/docker.sock:ro")
      const { plan } = yield* applied(sandbox, spec)
      assert.deepStrictEqual(
        plan?.changes.filter(({ kind }) => kind === "volume"),
        []
      )
      const replaced = yield* applied(sandbox, { ...spec, source: { _tag: "Dockerfile", text: "FROM a" } })
      assert.strictEqual(replaced.plan?.changes.find(({ kind }) => kind === "application")?.action, "replace")
      assert.deepStrictEqual(yield* got(sandbox), ["/var/run/docker.sock:/var/run/docker.sock:ro"])
    })
  )

  const risks = [
    ["/var/run/docker.sock", "start containers as root"],
    ["/", "reads and writes / of the server"],
    ["/data/coolify/ssh", "/data/coolify/ssh of the server, where its keys"]
  ] as const
  it.effect.each(risks)("%s is told of in the plan", ([name, risk]) =>
    Effect.gen(function* () {
      const { notes } = yield* volumesOf([{ name, path: "/x" }]).plan(
        undefined,
        undefined,
        Effect.succeed({ volumes: [], files: [] })
      )
      assert.include(notes.join(), risk)
      const other = volumesOf([{ name: "/var/lib/app", path: "/x" }])
      const plain = yield* other.plan(undefined, undefined, Effect.succeed({ volumes: [], files: [] }))
      assert.lengthOf(plain.notes, 1)
    }).pipe(Effect.provide(layerMemory()), Effect.provide(secretMemory()))
  )
})

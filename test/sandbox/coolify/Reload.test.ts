import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import * as CoolifyApi from "../../../src/sandbox/coolify/CoolifyApi.ts"
import { CoolifyState } from "../../../src/sandbox/coolify/CoolifyState.ts"
import { initialState } from "../../../src/sandbox/coolify/InitialState.ts"
import * as Stored from "../../../src/sandbox/Stored.ts"
import * as Harness from "./Harness.ts"

const inFile = (file: string) =>
  Stored.makeFile({ file, schema: CoolifyState, initial: initialState({ tokens: Harness.tokens }) })

/** Files are written in real time: lets it pass in step with the test's clock until the answer is the wanted one. */
const until = <A>(wanted: A, read: Effect.Effect<A>): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let n = 0; n < 3000; n++) {
      if ((yield* read) === wanted) return
      yield* TestClock.adjust("250 millis")
      yield* TestServices.provideLive(Effect.sleep("2 millis"))
    }
    assert.strictEqual(yield* read, wanted)
  })

describe("the stored state", () => {
  it.scoped("survives a reload, and what was under way goes on", () =>
    Effect.gen(function* () {
      const file = `${yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()}/sub/coolify.json`
      const first = yield* Scope.make()
      const before = yield* Effect.gen(function* () {
        const harness = yield* Harness.make({ state: yield* inFile(file) })
        const running = yield* harness.application({
          name: "running",
          domains: "https://a.example.com",
          health_check_enabled: true
        })
        yield* harness.put(running, { SANDBOX_APP: "slow:20", FABRIK_RELEASE: "r1" })
        const deployment = yield* harness.deploy(running)
        yield* until("finished", harness.outcome(deployment))
        yield* until("running:healthy", harness.status(running))
        const startedAt = (yield* harness.api.containerFor("a.example.com"))?.startedAt
        const world = yield* harness.api.world
        const doomed = yield* harness.application({ name: "doomed" })
        const again = yield* harness.deploy(running)
        yield* until("in_progress", harness.outcome(again))
        yield* harness.send("DELETE", `/applications/${doomed}`)
        const waiting = yield* harness.deploy(running, "&force=1")
        return { startedAt, world, doomed, again, waiting, running }
      }).pipe(Scope.extend(first))
      yield* Scope.close(first, Exit.void)

      const api = yield* CoolifyApi.make({ state: yield* inFile(file) }).pipe(
        Effect.withRandom(Random.make("coolify"))
      )
      const send = Harness.sender(api.app)
      const container = yield* api.containerFor("a.example.com")
      assert.isDefined(before.startedAt)
      assert.deepInclude(container, { startedAt: before.startedAt, applicationUuid: before.running })
      const status = (uuid: string) =>
        Effect.map(send("GET", `/deployments/${uuid}`), (answer): string => answer.json.status)
      assert.deepStrictEqual(
        [yield* status(before.again), yield* status(before.waiting)],
        ["in_progress", "queued"]
      )
      yield* until("finished", status(before.again))
      yield* until("finished", status(before.waiting))
      const gone = Effect.map(send("GET", `/applications/${before.doomed}`), (answer) => answer.status)
      yield* until(404, gone)
      assert.deepStrictEqual(yield* api.world, before.world)

      // The same seed does not make the same uuids again.
      const known = new Set((yield* api.state.get).applications.map((row) => row.uuid))
      const project = (yield* send("POST", "/projects", { body: { name: "second" } })).json.uuid
      assert.isFalse(known.has(project))
      assert.notStrictEqual(project, before.world.projects[0]?.uuid)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("has services in it, and a start goes on", () =>
    Effect.gen(function* () {
      const file = `${yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()}/coolify.json`
      const first = yield* Scope.make()
      const { uuid, world } = yield* Effect.gen(function* () {
        const { api, base, send } = yield* Harness.make({ state: yield* inFile(file) })
        const { autogenerate_domain: _, ...place } = base
        const text =
          "services:\n  web: { image: 'a:1', environment: { A: '${A:-1}' }, volumes: ['data:/data'] }\n"
        const body = { ...place, name: "office", docker_compose_raw: Buffer.from(text).toString("base64") }
        const { uuid } = (yield* send("POST", "/services", { body })).json
        const world = yield* api.world
        yield* send("POST", `/services/${uuid}/start`)
        return { uuid: String(uuid), world }
      }).pipe(Scope.extend(first))
      yield* Scope.close(first, Exit.void)

      const api = yield* CoolifyApi.make({ state: yield* inFile(file) })
      const send = Harness.sender(api.app)
      assert.deepStrictEqual((yield* api.world).services, world.services)
      const status = Effect.map(send("GET", `/services/${uuid}`), ({ json }): string => json.status)
      yield* until("running:unknown", status)
      const { containers, services, volumes } = yield* api.world
      assert.deepStrictEqual(containers[0]?.env, { A: "1" })
      assert.strictEqual(containers[0]?.application, services[0]?.parts[0]?.uuid)
      assert.deepStrictEqual(volumes, [`${uuid}_data`])
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("keeps everything that was answered when the process dies at once", () =>
    Effect.gen(function* () {
      const file = `${yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()}/coolify.json`
      const harness = yield* Harness.make({ state: yield* inFile(file) })
      yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => `app-${n}`),
        (name) => harness.application({ name }),
        { concurrency: "unbounded" }
      )
      // Another reader, while the first still has the file open and has flushed nothing on closing.
      const seen = yield* (yield* inFile(file)).get
      assert.strictEqual(seen.applications.length, 20)
      const mode = (yield* (yield* FileSystem.FileSystem).stat(file)).mode & 0o777
      assert.strictEqual(mode, 0o600)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("is refused when damaged, naming the file and the remedy but nothing inside", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const file = `${folder}/coolify.json`
      const schema = Schema.Struct({ secrets: Schema.Array(Schema.Number) })
      const open = Stored.makeFile({ file, schema, initial: { secrets: [] } })
      for (const damage of ["{torn canary", '{"secrets":["canary"]}', '{"other":1}', ""]) {
        yield* fs.writeFileString(file, damage)
        const error = yield* Effect.flip(open)
        assert.strictEqual(error.reason, "Damaged")
        assert.include(error.message, file)
        assert.include(error.message, `Delete the sandbox folder ${folder}`)
        assert.notInclude(error.message, "canary")
        assert.strictEqual(yield* fs.readFileString(file), damage)
      }
      yield* fs.remove(file)
      yield* fs.makeDirectory(file)
      assert.strictEqual((yield* Effect.flip(open)).reason, "Unreadable")
    }).pipe(Effect.provide(NodeContext.layer))
  )
})

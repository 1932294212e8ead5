/** Databases of a spec, from the first apply to the end of their data. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { type DatabaseEngine, databaseEngines, engineFacts } from "../../src/coolify/DatabaseEngine.ts"
import { journalName } from "../../src/engine/RunJournal.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import {
  applied,
  changesOf,
  destroyed,
  ended,
  failed,
  layer,
  planned,
  test,
  world,
  writes
} from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, spec as base } from "./Samples.ts"
import { eachCall } from "./EachCall.ts"

const url = [{ database: "main", field: "url" }] as const

const of = (engine: DatabaseEngine, version = "1"): Spec => ({
  ...base,
  databases: [{ name: "main", engine, image: `${engineFacts[engine].image}:${version}` }],
  references: { DATABASE_URL: url, DATABASE_HOST: ["db=", { database: "main", field: "host" }] }
})
const spec = of("postgresql", "17")

/** What the application's container has got. */
const environment = Effect.map(world, ({ coolify }) => coolify.containers[0]?.env ?? {})

describe("a database of a spec", () => {
  for (const engine of databaseEngines) {
    test(
      `is there, with its URL in the application, and is left alone from then on (${engine})`,
      Effect.gen(function* () {
        const wanted = of(engine)
        Either.getOrThrow(yield* applied(wanted))
        const { coolify } = yield* world
        assert.deepStrictEqual(
          coolify.databases.map(({ engine, state }) => [engine, state]),
          [[engine, "running"]]
        )
        const uuid = coolify.databases[0]?.uuid ?? ""
        const { [engineFacts[engine].passwordField]: password = "" } = coolify.databases[0]?.columns ?? {}
        const env = yield* environment
        const { scheme, port } = engineFacts[engine]
        assert.match(String(password), /^[A-Za-z0-9]{32}$/)
        assert.include(env["DATABASE_URL"], `${scheme}://`)
        assert.include(env["DATABASE_URL"], `:${String(password)}@${uuid}:${port}/`)
        assert.strictEqual(env["DATABASE_HOST"], `db=${uuid}`)
        const before = yield* writes
        Either.getOrThrow(yield* applied(wanted))
        assert.deepStrictEqual(yield* writes, before, "the second apply writes nothing")
      })
    )
  }

  test(
    "is told as what is known after apply, in the order of the making",
    Effect.gen(function* () {
      const plan = yield* planned(spec)
      const of = (kind: string) => plan?.changes.filter((change) => change.kind === kind) ?? []
      assert.deepStrictEqual(
        of("database").map(({ action, name }) => [action, name]),
        [["create", "api-main"]]
      )
      const variable = of("variable").find(({ name }) => name === "DATABASE_URL")
      assert.deepStrictEqual(variable?.fields, [
        { field: "value", before: null, after: "set", secret: true, pending: true }
      ])
    })
  )

  test(
    "goes again with a first apply whose deployment fails: nothing has used it",
    Effect.gen(function* () {
      const before = yield* world
      const error = failed(yield* applied({ ...spec, env: { SANDBOX_APP: "fail-build" } }))
      assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
      assert.deepStrictEqual(yield* world, before)
    })
  )

  test(
    "goes again when it does not come up, and says so",
    Effect.gen(function* () {
      const before = yield* world
      const error = failed(yield* applied(of("postgresql", "missing")))
      assert.include(error.message, "the database api-main (postgres:missing) does not come up")
      assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
      assert.deepStrictEqual(yield* world, before)
    })
  )

  test(
    "stays, and is told, once a version has run with it; the next apply goes on with it",
    Effect.gen(function* () {
      const error = failed(yield* applied(spec, {}, false))
      assert.strictEqual(error._tag, "RunError")
      if (error._tag !== "RunError") return
      assert.strictEqual(error.report.outcome, "leftovers")
      assert.deepStrictEqual(
        error.report.leftovers.map(({ recoverable, what }) => [what, recoverable]),
        [["database api-main", false]]
      )
      const { coolify } = yield* world
      assert.deepStrictEqual([coolify.applications.length, coolify.databases.length], [0, 1])
      const uuid = coolify.databases[0]?.uuid
      Either.getOrThrow(yield* applied(spec))
      const now = (yield* world).coolify
      assert.deepStrictEqual(
        now.databases.map((row) => row.uuid),
        [uuid]
      )
      assert.include((yield* environment)["DATABASE_URL"], uuid ?? "none")
    })
  )

  test(
    "that an update adds is gone when it fails, and the application as before",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(base))
      const before = yield* world
      const error = failed(yield* applied({ ...spec, env: { SANDBOX_APP: "fail-build" } }))
      assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
      assert.deepStrictEqual(yield* world, before)
    })
  )

  test(
    "outlives a failed update, and keeps running",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const before = yield* world
      failed(yield* applied({ ...spec, port: 9090 }, {}, false))
      const after = yield* world
      assert.deepStrictEqual(after.coolify.databases, before.coolify.databases)
      assert.deepStrictEqual(after.coolify.volumes, before.coolify.volumes)
    })
  )

  test(
    "that somebody has stopped is started, and stopped again when the run fails",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const { edit } = yield* CoolifyInMemory
      yield* edit((state) => ({
        ...state,
        databases: state.databases.map((row) => ({ ...row, status: "exited:unhealthy" }))
      }))
      assert.include(yield* changesOf(spec), "database api-main")
      const broken = { ...spec, env: { SANDBOX_APP: "fail-build" } }
      failed(yield* applied(broken))
      assert.strictEqual((yield* world).coolify.databases[0]?.state, "exited")
      Either.getOrThrow(yield* applied(spec))
      assert.strictEqual((yield* world).coolify.databases[0]?.state, "running")
    })
  )

  test(
    "that is started beside a new one keeps its password in what is made of both, on another machine too",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const password = (yield* world).coolify.databases[0]?.columns["postgres_password"]
      const { edit } = yield* CoolifyInMemory
      yield* edit((state) => ({
        ...state,
        databases: state.databases.map((row) => ({ ...row, status: "exited:unhealthy" }))
      }))
      const both: Spec = {
        ...spec,
        databases: [...spec.databases, { name: "cache", engine: "redis", image: "redis:7" }],
        references: {
          BOTH: [{ database: "main", field: "password" }, "@", { database: "cache", field: "host" }]
        }
      }
      const elsewhere = Effect.provide(secretMemory({ API_KEY: "s3cret" }))
      Either.getOrThrow(yield* elsewhere(applied(both)))
      assert.isTrue((yield* environment)["BOTH"]?.startsWith(`${String(password)}@`))
    })
  )

  test(
    "whose password is changed in Coolify: the engine takes the old one, so the application keeps it",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const { edit } = yield* CoolifyInMemory
      yield* edit((state) => ({
        ...state,
        databases: state.databases.map((row) => ({
          ...row,
          columns: { ...row.columns, postgres_password: "changed" }
        }))
      }))
      const plan = yield* planned(spec)
      assert.deepStrictEqual(yield* changesOf(spec), [])
      assert.include(plan?.notes.join() ?? "", "DATABASE_URL stays as it is")
      Either.getOrThrow(yield* applied({ ...spec, port: 9090 }))
      assert.notInclude((yield* environment)["DATABASE_URL"], "changed")
    })
  )

  test(
    "whose password its engine does take anew, as Redis does that of its variable, gives it to the application",
    Effect.gen(function* () {
      const redis = of("redis", "7.2")
      Either.getOrThrow(yield* applied(redis))
      const { edit } = yield* CoolifyInMemory
      yield* edit((state) => ({
        ...state,
        // The column is not looked at: the variable is the password (recorded: databases 334-348).
        databases: state.databases.map((row) => ({
          ...row,
          columns: { ...row.columns, redis_password: "ignored" }
        })),
        variables: state.variables.map((row) =>
          row.key === "REDIS_PASSWORD" ? { ...row, value: "anew" } : row
        )
      }))
      assert.deepStrictEqual(yield* changesOf(redis), ["variable DATABASE_URL", "deployment api"])
      Either.getOrThrow(yield* applied(redis))
      assert.include((yield* environment)["DATABASE_URL"], ":anew@")
      assert.deepStrictEqual(yield* changesOf(redis), [])
    })
  )

  test(
    "of another image is refused: its data might not be readable",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const before = yield* world
      const error = failed(yield* applied(of("postgresql", "18")))
      assert.include(error.message, "the database api-main is postgres:17, and the spec wants postgres:18")
      assert.deepStrictEqual(yield* world, before)
    })
  )

  /** Its first answer is lost. */
  const failingOnce = (method: string) =>
    Effect.gen(function* () {
      const left = yield* Ref.make(1)
      const lost = new CoolifyError({
        method,
        reason: "ServerError",
        detail: "scripted",
        outcomeUnknown: true
      })
      return eachCall(yield* CoolifyClient, (name, call: Effect.Effect<unknown, CoolifyError>) =>
        name === method
          ? Effect.flatMap(
              Ref.getAndUpdate(left, (count) => count - 1),
              (count) => (count > 0 ? Effect.zipRight(call, lost) : call)
            )
          : call
      )
    })

  const running = Effect.map(world, ({ coolify }) =>
    coolify.databases.map(({ columns, state, uuid }) => [uuid, columns["image"], state])
  )

  test(
    "gets another release of its major version, once a gap is agreed to, and keeps its data",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(of("postgresql", "17.2")))
      const [[uuid] = []] = yield* running
      const later = of("postgresql", "17.4")
      const before = yield* world
      const error = failed(yield* applied(later))
      assert.include(
        error.message,
        "the database api-main has to be stopped before it can run as postgres:17.4"
      )
      assert.deepStrictEqual(yield* world, before)

      const plan = yield* planned(later, { allowDowntime: true })
      assert.include(plan?.notes.join(), "nobody reaches it in between, which has to be agreed to")
      assert.deepStrictEqual(plan?.changes.find(({ kind }) => kind === "database")?.fields, [
        { field: "image", before: "postgres:17.2", after: "postgres:17.4", secret: false }
      ])
      Either.getOrThrow(yield* applied(later, { allowDowntime: true }))
      assert.deepStrictEqual(yield* running, [[uuid, "postgres:17.4", "running"]])
      assert.deepStrictEqual(yield* changesOf(later), [])
      // Back as well: they read each other's files.
      Either.getOrThrow(yield* applied(of("postgresql", "17.2"), { allowDowntime: true }))
      assert.deepStrictEqual(yield* running, [[uuid, "postgres:17.2", "running"]])
    })
  )

  test(
    "has its image back, and runs, when the update fails at any call or in the end",
    Effect.gen(function* () {
      const first = of("postgresql", "17.2")
      Either.getOrThrow(yield* applied(first))
      const before = yield* world
      const later = { ...of("postgresql", "17.4"), port: 9090 }
      const unhealthy = failed(yield* applied(later, { allowDowntime: true }, false))
      assert.isDefined(unhealthy)
      assert.deepStrictEqual(yield* running, [
        [before.coolify.databases[0]?.uuid, "postgres:17.2", "running"]
      ])
      for (const method of ["stopDatabase", "updateDatabase", "startDatabase"] as const) {
        const client = yield* failingOnce(method)
        const cut = applied(later, { allowDowntime: true }).pipe(Effect.provideService(CoolifyClient, client))
        failed(yield* cut)
        assert.deepStrictEqual(yield* world, before, method)
      }
    })
  )

  for (const [engine, one, other] of [
    ["postgresql", "16.4-alpine", "16.9-alpine"],
    ["mysql", "8.0.36", "8.0.42"],
    ["mysql", "8.4.1", "8.4"],
    ["mariadb", "11.4.2", "11.4.5"],
    ["mongodb", "8.0.4", "8.0.9"],
    ["redis", "7.2.1", "7.2.6"],
    ["clickhouse", "25.8.2.29", "25.8.11.66"]
  ] as const) {
    test(
      `gets another image that reads its files, keeps its data, and has its own back when the run fails (${engine} ${one} to ${other})`,
      Effect.gen(function* () {
        Either.getOrThrow(yield* applied(of(engine, one)))
        const before = yield* world
        const broken = { ...of(engine, other), port: 9090 }
        const error = failed(yield* applied(broken, { allowDowntime: true }, false))
        assert.deepStrictEqual(error._tag === "RunError" ? error.report.leftovers : undefined, [])
        assert.deepStrictEqual((yield* world).coolify.databases, before.coolify.databases)
        Either.getOrThrow(yield* applied(of(engine, other), { allowDowntime: true }))
        const { image } = engineFacts[engine]
        assert.deepStrictEqual(yield* running, [
          [before.coolify.databases[0]?.uuid, `${image}:${other}`, "running"]
        ])
        assert.deepStrictEqual((yield* world).coolify.volumes, before.coolify.volumes)
        assert.deepStrictEqual(yield* changesOf(of(engine, other)), [])
      })
    )
  }

  for (const [engine, one, other, why] of [
    ["postgresql", "17", "18", "of one major version, as 17.2 and 17.4"],
    ["postgresql", "17.2", "17.4-alpine", "of the same name and suffix"],
    ["mysql", "8.0.34", "8.0.36", "of the series 8.4, or 8.0 from 8.0.35 on"],
    ["mysql", "8.0.36", "8.4.1", "of the series 8.4"],
    ["mysql", "9.0.1", "9.1.0", "of the series 8.4"],
    ["mariadb", "11.4.2", "11.8.2", "of one series, as 11.4.2 and 11.4.5"],
    ["mariadb", "11", "11.4", "of one series"],
    ["mongodb", "7.0.4", "8.0.4", "of one series, as 8.0.4 and 8.0.9"],
    ["redis", "7.2.1", "7.4.2", "of one series, as 7.2.4 and 7.2.6"],
    [
      "keydb",
      "x86_64_v6.3.3",
      "x86_64_v6.3.4",
      "which versions of keydb read each other's files is not known"
    ],
    ["dragonfly", "v1.34.1", "v1.34.2", "which versions of dragonfly"],
    ["clickhouse", "25.8.2", "25.11.1", "of one release, as 25.8.2 and 25.8.11"]
  ] as const) {
    test(
      `of another image that may not read its files is refused (${engine} ${one} to ${other})`,
      Effect.gen(function* () {
        Either.getOrThrow(yield* applied(of(engine, one)))
        const before = yield* world
        const error = failed(yield* applied(of(engine, other), { allowDowntime: true }))
        assert.include(error.message, "its data may not be readable by that")
        assert.include(error.message, why)
        assert.deepStrictEqual(yield* world, before)
      })
    )
  }

  test(
    "of the same name that somebody else has made is refused before anything is sent",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const { edit } = yield* CoolifyInMemory
      yield* edit((state) => ({
        ...state,
        databases: state.databases.map((row) => ({ ...row, columns: { ...row.columns, description: null } }))
      }))
      const before = yield* writes
      const error = failed(yield* applied(spec))
      assert.include(error.message, "Coolify already has a database api-main there that fabrik did not make")
      assert.deepStrictEqual(yield* writes, before)
    })
  )

  test(
    "that the spec drops stays, and every plan says so",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      Either.getOrThrow(yield* applied({ ...base, port: 9090 }))
      assert.lengthOf((yield* world).coolify.databases, 1)
      const renamed = yield* planned({
        ...spec,
        databases: [{ name: "primary", engine: "postgresql", image: "postgres:17" }],
        references: { DATABASE_URL: [{ database: "primary", field: "url" }] }
      })
      assert.include(
        renamed?.notes.join(),
        "The database api-primary is a new one, and empty: what api-main holds does not get there"
      )
      const plan = yield* planned({ ...base, port: 7070 })
      assert.notInclude(plan?.notes.join(), "is a new one")
      assert.include(plan?.notes.join() ?? "", "The database api-main is not in the spec any more")
      assert.isUndefined((yield* environment)["DATABASE_URL"])
    })
  )

  test(
    "stays when the application is destroyed, and goes with its data when asked to",
    Effect.gen(function* () {
      const before = yield* world
      Either.getOrThrow(yield* applied(spec))
      Either.getOrThrow(yield* destroyed(spec, { deleteVolumes: false }))
      const kept = yield* world
      assert.deepStrictEqual(
        [kept.coolify.applications.length, kept.coolify.databases[0]?.state, kept.coolify.volumes.length],
        [0, "running", 1]
      )
      Either.getOrThrow(yield* destroyed(spec, { deleteVolumes: true }))
      assert.deepStrictEqual(yield* world, before)
    })
  )

  test(
    "of a run that was killed while it came up is deleted by whoever recovers it",
    Effect.gen(function* () {
      const before = yield* world
      const journals = yield* MemoryJournals
      const fiber = yield* apply(of("postgresql", "missing"), applyOptions).pipe(
        Effect.provideService(HealthProbe, probe(true)),
        Effect.fork
      )
      yield* TestClock.adjust("1 minute")
      assert.lengthOf((yield* world).coolify.databases, 1)
      // What its journal says now is all that a killed process leaves.
      const left = yield* Ref.get(journals)
      yield* Effect.zipRight(Fiber.interruptFork(fiber), TestClock.adjust("3 hours"))
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(yield* world, before, "an interrupted run rolls back")
      yield* Ref.set(journals, left)
      const report = yield* ended(rollBackOpen(journalName("default", spec), { mode: "sandbox", ...spec }))
      assert.deepStrictEqual(Either.getOrThrow(report).leftovers, [])
      assert.deepStrictEqual(yield* world, before)
    })
  )
})

describe("a token that may not read secrets", () => {
  const plain = layer(["read", "write", "deploy"])

  it.effect("is enough: the password is known from the making, and the value by its digest", () =>
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const before = yield* writes
      Either.getOrThrow(yield* applied(spec))
      assert.deepStrictEqual(yield* writes, before)
    }).pipe(Effect.provide(plain))
  )

  it.effect("keeps on another machine what stands there, and refuses what nobody can know", () =>
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const elsewhere = Effect.provide(secretMemory({ API_KEY: "s3cret" }))
      const before = yield* writes
      Either.getOrThrow(yield* elsewhere(applied(spec)))
      assert.deepStrictEqual(yield* writes, before)
      const more = { ...spec, references: { ...spec.references, SECOND_URL: url } }
      const error = failed(yield* elsewhere(applied(more)))
      assert.include(error.message, "SECOND_URL needs the URL of api-main")
      assert.deepStrictEqual(yield* writes, before)
    }).pipe(Effect.provide(plain))
  )
})

describe("a database that is there without the spec", () => {
  const worker: Spec = {
    ...base,
    name: "worker",
    domains: [],
    sharedDatabases: [{ name: "main", use: "api-main" }],
    references: { DATABASE_URL: url, DATABASE_HOST: [{ database: "main", field: "host" }] }
  }
  const environmentOf = (name: string) =>
    Effect.map(world, ({ coolify }) => {
      const uuid = coolify.applications.find(({ columns }) => columns["name"] === name)?.uuid
      return coolify.containers.find(({ application }) => application === uuid)?.env ?? {}
    })
  const databases = Effect.map(world, ({ coolify }) => coolify.databases)

  test(
    "gives its URL, and is neither made nor changed nor deleted",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const before = yield* databases
      Either.getOrThrow(yield* applied(worker))
      const [own, other] = [yield* environmentOf("api"), yield* environmentOf("worker")]
      assert.match(other["DATABASE_URL"] ?? "", /^postgres:\/\//)
      assert.strictEqual(other["DATABASE_URL"], own["DATABASE_URL"])
      assert.deepStrictEqual(yield* databases, before)

      const so = (yield* writes).length
      assert.deepStrictEqual(yield* changesOf(worker), [])
      Either.getOrThrow(yield* applied(worker))
      assert.strictEqual((yield* writes).length, so)

      Either.getOrThrow(yield* destroyed(worker, { deleteVolumes: true }))
      assert.deepStrictEqual(yield* databases, before)
    })
  )

  test(
    "stays as it is when the first apply of what uses it fails",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const before = yield* databases
      const failing = { ...worker, env: { ...worker.env, SANDBOX_APP: "fail-build" } }
      const error = failed(yield* applied(failing))
      assert.deepStrictEqual(error._tag === "RunError" ? error.report.leftovers : undefined, [])
      assert.deepStrictEqual(yield* databases, before)
      assert.deepStrictEqual(yield* environmentOf("worker"), {})
    })
  )

  test(
    "is found in another environment too, and by its uuid, and told when it is stopped",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const [database] = yield* databases
      const elsewhere: Spec = {
        ...worker,
        environment: "staging",
        sharedDatabases: [{ name: "main", use: database?.uuid ?? "" }]
      }
      const { databases: client } = yield* CoolifyClient
      yield* client.stop(database?.uuid ?? "")
      yield* TestClock.adjust("1 minute")
      const plan = yield* planned(elsewhere)
      assert.include(plan?.notes.join(" "), "The database api-main, which the spec only uses, is stopped")
    })
  )

  test(
    "is refused before anything is sent where there is none of that name",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const so = (yield* writes).length
      const lost: Spec = { ...worker, sharedDatabases: [{ name: "main", use: "shop-main" }] }
      assert.include(
        failed(yield* applied(lost)).message,
        "Coolify has no database shop-main, which main uses (it has: api-main)"
      )
      assert.strictEqual((yield* writes).length, so)
    })
  )
})

/** Backups of a spec's databases: schedules that come and go, and files that nobody deletes. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import type { Database } from "../../src/appspec/sections/Databases.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { Progress } from "../../src/engine/DeploymentEvent.ts"
import type { Plan } from "../../src/engine/Plan.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import type { CoolifyState, DatabaseBackup, S3Storage } from "../../src/sandbox/coolify/CoolifyState.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import { ended, test } from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, destroyOptions, spec as base } from "./Samples.ts"

const specOf = (backup: Database["backup"], more: Partial<Spec> = {}): Spec => ({
  ...base,
  databases: [
    {
      name: "main",
      engine: "postgresql",
      image: "postgres:17",
      ...(backup === undefined ? {} : { backup })
    }
  ],
  references: { DATABASE_URL: [{ database: "main", field: "url" }] },
  ...more
})
const nightly = { schedule: "0 3 * * *", keep: 7 }

/** What a run comes to, its plan, and what it has asked Coolify for. */
const run = (wanted: Spec, healthy = true) =>
  Effect.gen(function* () {
    const memory = yield* CoolifyInMemory
    const before = (yield* memory.calls).length
    const seen = yield* Ref.make<Plan | undefined>(undefined)
    const result = yield* ended(
      apply(wanted, applyOptions).pipe(
        Effect.provideService(Progress, {
          emit: ({ event }) => (event._tag === "Planned" ? Ref.set(seen, event.plan) : Effect.void)
        })
      ),
      healthy
    )
    const plan = yield* Ref.get(seen)
    return {
      result,
      notes: (plan?.notes ?? []).join("\n"),
      lines: (plan?.changes ?? [])
        .filter(({ action, kind }) => action !== "unchanged" && kind === "backup")
        .map(
          ({ action, fields, name }) =>
            `${action} ${name}: ${fields.map(({ after, before, field }) => `${field} ${before}>${after}`).join(", ")}`
        ),
      deploys: plan?.changes.some(({ kind }) => kind === "deployment") ?? false,
      calls: (yield* memory.calls).slice(before).filter((method) => /backup|s3/i.test(method))
    }
  })

const good = (wanted: Spec) =>
  Effect.tap(run(wanted), ({ result }) => {
    if (Either.isLeft(result)) assert.fail(result.left.message)
  })

const failureOf = (wanted: Spec) =>
  Effect.map(run(wanted), ({ result }) => Either.getOrThrow(Either.flip(result)).message)

const backups = Effect.gen(function* () {
  const { databases } = yield* (yield* CoolifyInMemory).api.world
  return databases
    .flatMap((database) => database.backups)
    .map(({ columns, s3 }) => ({
      when: columns["frequency"],
      keep: columns["database_backup_retention_amount_locally"],
      save_s3: columns["save_s3"],
      enabled: columns["enabled"],
      s3
    }))
})

const world = Effect.flatMap(CoolifyInMemory, ({ api }) =>
  Effect.map(api.world, ({ applications, databases, containers }) => ({
    applications,
    databases,
    containers
  }))
)

const edit = (change: (state: CoolifyState) => CoolifyState) =>
  Effect.flatMap(CoolifyInMemory, (memory) => memory.edit(change))

const storages = (...names: ReadonlyArray<string>) =>
  edit((state) => ({
    ...state,
    s3_storages: names.map((name, index): S3Storage => ({
      id: 900 + index,
      uuid: `s3storage00000000000000${index}`,
      team_id: 0,
      columns: { name, is_usable: !name.includes("broken"), key: "k3y", secret: "h1dden" },
      created_at: 0,
      updated_at: 0
    }))
  }))

/** As somebody does it in Coolify. */
const byHand = <A, E>(act: (client: typeof CoolifyClient.Service, database: string) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const client = yield* CoolifyClient
    const { databases } = yield* (yield* CoolifyInMemory).api.world
    return yield* act(client, databases[0]?.uuid ?? "")
  })

const weekly = { frequency: "weekly", enabled: true, keep: 3, s3: undefined }

describe("the backups of a database", () => {
  test(
    "are scheduled once it is there, go nowhere that is not named, and are left alone from then on",
    Effect.gen(function* () {
      const { lines } = yield* good(specOf(nightly))
      assert.deepStrictEqual(lines, ["create api-main: schedule null>0 3 * * *, keep null>7"])
      assert.deepStrictEqual(yield* backups, [
        { when: "0 3 * * *", keep: 7, save_s3: false, enabled: true, s3: null }
      ])
      const again = yield* good(specOf(nightly))
      assert.deepStrictEqual([again.lines, again.calls], [[], ["listBackups"]])
    })
  )

  test(
    "cost a spec without any no request",
    Effect.gen(function* () {
      yield* good(specOf(undefined))
      assert.deepStrictEqual((yield* good(specOf(undefined))).calls, [])
    })
  )

  test(
    "change without a deployment, and are switched off where the spec drops them, with their files",
    Effect.gen(function* () {
      yield* good(specOf(nightly))
      const changed = yield* good(specOf({ schedule: "daily", keep: 3 }))
      assert.deepStrictEqual(changed.lines, ["update api-main: schedule 0 3 * * *>daily, keep 7>3"])
      assert.isFalse(changed.deploys)
      const dropped = yield* good(specOf(undefined))
      assert.deepStrictEqual(dropped.lines, ["update api-main: enabled true>false"])
      assert.include(dropped.notes, "switched off and not deleted, as Coolify deletes the files with it")
      const off = { when: "daily", keep: 3, save_s3: false, enabled: false, s3: null }
      assert.deepStrictEqual(yield* backups, [off])
      assert.deepStrictEqual((yield* good(specOf(undefined))).lines, [])
      // The same one goes on, and keeps the files that it has.
      yield* good(specOf({ schedule: "daily", keep: 3 }))
      assert.deepStrictEqual(yield* backups, [{ ...off, enabled: true }])
    })
  )

  test(
    "that somebody changed are put right, and others stay",
    Effect.gen(function* () {
      yield* good(specOf(nightly))
      yield* byHand((client, database) =>
        Effect.gen(function* () {
          const [ours] = yield* client.backups.list(database, "postgresql")
          yield* client.backups.update(database, ours?.uuid ?? "", { enabled: false, keep: 1 })
          yield* client.backups.create(database, weekly)
        })
      )
      const { lines, notes } = yield* good(specOf(nightly))
      assert.deepStrictEqual(lines, ["update api-main: keep 1>7, enabled false>true"])
      assert.include(
        notes,
        "The database api-main has another backup schedule in Coolify (weekly); it stays."
      )
      yield* good(specOf(undefined))
      assert.sameDeepMembers(
        (yield* backups).map(({ enabled, when }) => ({ enabled, when })),
        [
          { when: "0 3 * * *", enabled: false },
          { when: "weekly", enabled: true }
        ]
      )
    })
  )

  test(
    "of another database with the same number in another engine's table are nobody's business",
    Effect.gen(function* () {
      yield* good(specOf(nightly))
      yield* edit((state) => ({
        ...state,
        backups: [
          ...state.backups,
          ...state.backups.map((row): DatabaseBackup => ({
            ...row,
            id: 999,
            uuid: "othersbackup000000000001",
            engine: "mysql",
            columns: { ...row.columns, frequency: "hourly" }
          }))
        ]
      }))
      const { lines, notes } = yield* good(specOf({ schedule: "daily", keep: 3 }))
      assert.deepStrictEqual(lines, ["update api-main: schedule 0 3 * * *>daily, keep 7>3"])
      assert.notInclude(notes, "another backup schedule")
      yield* good(specOf(undefined))
      const { backups: rows } = yield* (yield* CoolifyInMemory).api.state.get
      const [other] = rows.filter(({ engine }) => engine === "mysql")
      assert.deepInclude(other?.columns, { frequency: "hourly", enabled: true })
    })
  )

  test(
    "are sent to the S3 storage that is named, and to another one when that is named",
    Effect.gen(function* () {
      yield* storages("here", "there", "broken one")
      yield* good(specOf({ ...nightly, s3: "here" }))
      assert.deepStrictEqual(yield* backups, [
        { when: "0 3 * * *", keep: 7, save_s3: true, enabled: true, s3: "here" }
      ])
      assert.deepStrictEqual((yield* good(specOf({ ...nightly, s3: "here" }))).lines, [])
      const moved = yield* good(specOf({ ...nightly, s3: "there" }))
      assert.deepStrictEqual(moved.lines, ["update api-main: s3 here>there"])
      assert.strictEqual((yield* backups)[0]?.s3, "there")
      const kept = yield* good(specOf(nightly))
      assert.deepStrictEqual(kept.lines, ["update api-main: s3 there>null"])
      assert.isFalse((yield* backups)[0]?.save_s3)
    })
  )

  test(
    "are refused before anything is sent where the storage is not there, twice there, or not usable",
    Effect.gen(function* () {
      yield* storages("here", "broken one", "two", "two")
      const before = yield* world
      assert.include(
        yield* failureOf(specOf({ ...nightly, s3: "nowhere" })),
        "Coolify has no S3 storage nowhere (it has: here, broken one, two, two)"
      )
      assert.include(yield* failureOf(specOf({ ...nightly, s3: "two" })), "2 S3 storages named two")
      assert.include(yield* failureOf(specOf({ ...nightly, s3: "broken one" })), "could not write")
      assert.deepStrictEqual(yield* world, before)
    })
  )

  test(
    "that somebody has sent to S3 are not changed blindly",
    Effect.gen(function* () {
      yield* storages("here")
      yield* good(specOf(nightly))
      yield* byHand((client, database) =>
        Effect.flatMap(client.backups.list(database, "postgresql"), ([ours]) =>
          client.backups.update(database, ours?.uuid ?? "", { s3: "s3storage000000000000000" })
        )
      )
      assert.include(yield* failureOf(specOf(nightly)), "Coolify does not tell to which storage")
    })
  )

  for (const [name, before, after] of [
    ["are new", undefined, nightly],
    ["change", nightly, { schedule: "daily", keep: 3 }],
    ["move to another storage", { ...nightly, s3: "here" }, { ...nightly, s3: "there" }],
    ["are sent to S3", nightly, { ...nightly, s3: "here" }],
    ["are dropped", nightly, undefined]
  ] as const) {
    test(
      `are as before when an update fails in which they ${name}`,
      Effect.gen(function* () {
        yield* storages("here", "there")
        yield* good(specOf(before))
        const standing = yield* world
        const { result } = yield* run(specOf(after, { env: { NEW: "1" } }), false)
        const error = Either.getOrThrow(Either.flip(result))
        assert.deepStrictEqual(error._tag === "RunError" ? error.report.leftovers : [], [])
        const { containers: _, ...now } = yield* world
        const { containers: __, ...then } = standing
        assert.deepStrictEqual(now, then)
      })
    )
  }

  test(
    "that have been made by then stay when an update fails, and no more are made",
    Effect.gen(function* () {
      yield* good(specOf(undefined))
      const ran = (state: CoolifyState): CoolifyState => ({
        ...state,
        backups: state.backups.map((row) => ({
          ...row,
          executions: [
            {
              uuid: "execution000000000000001",
              filename: "/data/coolify/backups/a.dmp",
              size: 1,
              created_at: "",
              message: null,
              status: "success"
            }
          ]
        }))
      })
      const memory = yield* CoolifyInMemory
      const fiber = yield* run(specOf(nightly), false).pipe(
        Effect.provideService(HealthProbe, probe(false)),
        Effect.fork
      )
      yield* Effect.repeat(Effect.yieldNow(), {
        until: () => Effect.map(memory.api.state.get, ({ backups: rows }) => rows.length > 0)
      })
      yield* edit(ran)
      const { result } = yield* Fiber.join(fiber)
      const error = Either.getOrThrow(Either.flip(result))
      const [left] = error._tag === "RunError" ? error.report.leftovers : []
      assert.include(left?.why, "its files stay")
      const { backups: rows } = yield* memory.api.state.get
      assert.deepStrictEqual(
        rows.map(({ columns, executions }) => [columns["enabled"], executions.length]),
        [[false, 1]]
      )
    })
  )

  test(
    "are in the spec that adopt writes, which then plans nothing",
    Effect.gen(function* () {
      yield* storages("here")
      for (const asked of [nightly, { schedule: "weekly", keep: 2, s3: "here" }]) {
        yield* good(specOf(asked))
        const search = { application: "api", project: undefined, environment: undefined, dns: false }
        const { spec } = yield* readAdoptable(search)
        assert.deepStrictEqual(spec.databases[0]?.backup, asked)
        assert.deepStrictEqual((yield* good({ ...specOf(asked), databases: spec.databases })).lines, [])
      }
      yield* byHand((client, database) =>
        Effect.flatMap(client.backups.list(database, "postgresql"), ([ours]) =>
          client.backups.update(database, ours?.uuid ?? "", { keep: 0 })
        )
      )
      const search = { application: "api", project: undefined, environment: undefined, dns: false }
      assert.include((yield* readAdoptable(search)).text, "left in Coolify as it is: backups of api-main")
    })
  )

  test(
    "go on when the application is destroyed, as its database does",
    Effect.gen(function* () {
      yield* good(specOf(nightly))
      const before = yield* backups
      Either.getOrThrow(yield* ended(destroy(specOf(nightly), { ...destroyOptions, deleteVolumes: false })))
      assert.deepStrictEqual(yield* backups, before)
      // The one that is there is taken, not another one made.
      const again = yield* good(specOf(nightly))
      assert.deepStrictEqual([again.lines, yield* backups], [[], before])
    })
  )
})

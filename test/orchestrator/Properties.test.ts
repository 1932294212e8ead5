/** What holds for any specs and any failure. What fails prints its seed, its path and the smallest case. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import type { Outcome } from "../support/coolify/CoolifyWorld.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { DnsError } from "../../src/dns/DnsError.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { apply, type ApplyOptions } from "../../src/orchestrator/Apply.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import { hasChanges, type Plan } from "../../src/engine/Plan.ts"
import { looksSecret, textLooksSecret } from "../../src/orchestrator/PlainVariables.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { secretsOf } from "../../src/appspec/Interpolate.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { BasicAuth } from "../../src/appspec/sections/BasicAuth.ts"
import type { BuildSettings } from "../../src/appspec/sections/Build.ts"
import type { Database, DatabaseBackup } from "../../src/appspec/sections/Databases.ts"
import type { DnsSettings } from "../../src/appspec/sections/Dns.ts"
import type { SpecFile } from "../../src/appspec/sections/Files.ts"
import type { Healthcheck } from "../../src/appspec/sections/Healthcheck.ts"
import type { NamedRecords } from "../../src/appspec/sections/Records.ts"
import type { Resources } from "../../src/appspec/sections/Resources.ts"
import type { Schedule } from "../../src/appspec/sections/Schedules.ts"
import type { Source } from "../../src/appspec/sections/Source.ts"
import type { Volume } from "../../src/appspec/sections/Volumes.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { draw, size } from "../reliability/Scale.ts"
import { eachCall } from "./EachCall.ts"
import { applyOptions, destroyOptions, server, spec as base, zone, withoutWaits } from "./Samples.ts"
import { probe } from "../support/Probe.ts"
import { anySpec, keepingVersions, privateSources, reordered, twoVersions } from "./SpecArbitrary.ts"

// Much of it is waited for at a clock that takes ten real milliseconds an instant, so all of it is for the full suite.
// So is making a failing case smaller, which takes more runs than finding it: its seed is told.
const bounded = (numRuns: number) => ({ fastCheck: { numRuns, endOnFailure: true, ...draw } })
const runs = { ...bounded(size(3, 100)), timeout: size(300_000, 3_600_000) }

/** Another's record beside ours, and another's project. */
const world = () =>
  Layer.mergeAll(
    coolifyMemory({
      servers: [server],
      world: { projects: [{ uuid: "other", name: "other", description: "" }], ...privateSources },
      deployment: { polls: 1 },
      deletion: { polls: 1 }
    }),
    Layer.provideMerge(
      authoritativeMemory,
      dnsMemory(
        [zone],
        [
          {
            name: "_dmarc.api.example.com",
            type: "TXT",
            ttl: 60,
            values: ["keep"],
            proxied: false,
            comment: undefined
          }
        ]
      )
    ),
    secretMemory(),
    journalsMemory
  )

/** The `nth` call (from 0) of a service, and what becomes of it. */
interface Fault {
  readonly service: "coolify" | "dns"
  readonly nth: number
  readonly how: "refused" | "failed before" | "failed after" | "hangs before" | "hangs after"
}

const writes = /^(create|update|delete|put|remove|deploy|cancel|stop)/

type Failing = CoolifyError | DnsError
/** The service with faults; a fault's count begins when `armed` holds. */
const faulty = <S extends object>(
  service: S,
  failure: (method: string, outcomeUnknown: boolean) => Failing,
  faults: ReadonlyArray<{ readonly fault: Fault; readonly armed: Effect.Effect<boolean> }>
): Effect.Effect<S> =>
  Effect.gen(function* () {
    const counts = yield* Effect.forEach(faults, (fault) =>
      Effect.map(Ref.make(0), (seen) => ({ ...fault, seen }))
    )
    const around = (method: string, call: Effect.Effect<unknown, Failing>) =>
      Effect.gen(function* () {
        for (const { fault, armed, seen } of counts) {
          if (!(yield* armed)) continue
          const number = yield* Ref.getAndUpdate(seen, (count) => count + 1)
          if (number !== fault.nth) continue
          if (fault.how.endsWith("after")) yield* Effect.exit(call)
          if (fault.how.startsWith("hangs")) return yield* Effect.never
          return yield* failure(method, fault.how !== "refused" && writes.test(method))
        }
        return yield* call
      })
    return eachCall(service, around)
  })

/** Ports of the server and other images of databases have to be agreed to. */
const options: ApplyOptions = { ...applyOptions, timeout: Duration.minutes(5), allowDowntime: true }

interface Disturbance {
  readonly faults?: ReadonlyArray<Fault>
  /** Counted from the beginning of the rollback. */
  readonly undoFaults?: ReadonlyArray<Fault>
  readonly healthy?: boolean
  /** Of the run's deployments. */
  readonly outcomes?: ReadonlyArray<Outcome>
  /** Milliseconds after the start. */
  readonly interrupted?: number
}

/** Runs to the end under the test clock. */
const applied = (spec: Spec, changes: Partial<ApplyOptions> = {}, disturbance: Disturbance = {}) =>
  Effect.gen(function* () {
    const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
    const rollingBack = Effect.map(Ref.get(events), (all) =>
      all.some(({ event }) => event._tag === "StateChanged" && event.to === "ROLLING_BACK")
    )
    const faultsOf = (service: Fault["service"]) =>
      [
        ...(disturbance.faults ?? []).map((fault) => ({ fault, armed: Effect.succeed(true) })),
        ...(disturbance.undoFaults ?? []).map((fault) => ({ fault, armed: rollingBack }))
      ].filter(({ fault }) => fault.service === service)
    const coolify = yield* faulty(
      yield* CoolifyClient,
      (method, outcomeUnknown) =>
        new CoolifyError({ method, reason: "ServerError", detail: "scripted", outcomeUnknown }),
      faultsOf("coolify")
    )
    const dns = yield* faulty(
      yield* DnsClient,
      (method) => new DnsError({ provider: "memory", method, reason: "Unavailable", detail: "scripted" }),
      faultsOf("dns")
    )
    const memory = yield* CoolifyMemory
    yield* memory.outcomes(disturbance.outcomes ?? [])
    const emit = (emitted: Emitted) =>
      Effect.gen(function* () {
        yield* Ref.update(events, (all) => [...all, emitted])
        // The rollback's own deployment is a good one.
        if (yield* rollingBack) yield* memory.outcomes([])
      })
    const pace = yield* Pace
    const disturbed = Object.keys(disturbance).length > 0
    const fiber = yield* apply(spec, { ...options, ...changes }).pipe(
      Effect.provideService(Progress, { emit }),
      Effect.provideService(Pace, disturbed ? pace : withoutWaits(pace)),
      Effect.provideService(HealthProbe, probe(disturbance.healthy ?? true)),
      Effect.provideService(CoolifyClient, coolify),
      Effect.provideService(DnsClient, dns),
      Effect.catchTag("JournalError", Effect.die),
      Effect.either,
      Effect.fork
    )
    if (disturbance.interrupted !== undefined) {
      yield* TestClock.adjust(Duration.millis(disturbance.interrupted))
      yield* Effect.fork(Fiber.interrupt(fiber))
    }
    yield* TestClock.adjust("3 hours")
    const exit = yield* Fiber.await(fiber)
    const all = yield* Ref.get(events)
    const told = [
      ...all.map(({ state, event }) => `${state} ${JSON.stringify(event)}`),
      exit._tag === "Success" && Either.isLeft(exit.value) ? exit.value.left.message : exit._tag
    ].join("\n")
    const finished = all.at(-1)?.event
    if (finished?._tag !== "RunFinished") return assert.fail(`it did not finish:\n${told}`)
    const plan = all.find(({ event }) => event._tag === "Planned")?.event
    return {
      succeeded: ["complete", "unchanged", "declined"].includes(finished.outcome),
      report: finished,
      plan: plan?._tag === "Planned" ? plan.plan : undefined,
      told
    }
  })

const succeeds = (spec: Spec) =>
  Effect.gen(function* () {
    const run = yield* applied(spec)
    assert.isTrue(run.succeeded, run.told)
    return run
  })

const planOf = (spec: Spec) =>
  Effect.gen(function* () {
    const { plan, told } = yield* applied(spec, { confirm: () => Effect.succeed(false) })
    return plan ?? assert.fail(told)
  })

const by =
  <A>(key: (row: A) => string) =>
  (a: A, b: A): number =>
    key(a) < key(b) ? -1 : 1

/** Everything but the ids and the order of variables, and history. */
const snapshot = Effect.gen(function* () {
  const coolify = yield* (yield* CoolifyMemory).world
  return {
    projects: coolify.projects,
    environments: coolify.environments,
    applications: coolify.applications,
    variables: coolify.variables
      .map(({ uuid: _, value, ...row }) => ({ ...row, value: value && Redacted.value(value) }))
      .toSorted(by((row) => JSON.stringify([row.applicationUuid, row.key, row.isPreview]))),
    files: coolify.files
      .map(({ content, mountPath }) => `${mountPath}=${content && Redacted.value(content)}`)
      .toSorted(),
    volumes: coolify.storages
      .map(({ applicationUuid, hostPath, mountPath, name }) => ({
        applicationUuid,
        hostPath,
        mountPath,
        name
      }))
      .toSorted(by(({ name }) => name)),
    tasks: coolify.tasks.map(({ uuid: _, ...row }) => row).toSorted(by(({ name }) => name)),
    // Which ones they are is what they hold.
    databases: coolify.databases
      .map(({ engine, image, status, uuid }) => ({ engine, image, status, uuid }))
      .toSorted(by(({ uuid }) => uuid)),
    backups: coolify.backups.map(({ uuid: _, ...row }) => row).toSorted(by((row) => JSON.stringify(row))),
    records: (yield* (yield* DnsMemory).recordSets).toSorted(by(({ name, type }) => `${name} ${type}`))
  }
})

/** What two runs of one spec come to alike: without ids, and without who ran when. */
const normalised = Effect.map(snapshot, (so) => {
  const unrun = (text: string | undefined) =>
    text?.replace(/\brun=[0-9a-f]{12}/, "run=*").replace(/^fabrik release [0-9a-f]{12}/, "fabrik release *")
  return {
    projects: so.projects.map(({ uuid: _, ...row }) => ({ ...row, description: unrun(row.description) })),
    environments: so.environments.map(({ name }) => name),
    applications: so.applications.map(({ uuid: _, projectUuid: __, ...row }) => ({
      ...row,
      description: unrun(row.description)
    })),
    variables: so.variables.map(({ applicationUuid: _, ...row }) => ({
      ...row,
      value: row.key === "FABRIK_RELEASE" ? "*" : row.value,
      // A preview row shows what its production row was when it was made.
      comment: row.isPreview ? unrun(row.comment)?.replace(/ pending$/, "") : unrun(row.comment)
    })),
    files: so.files,
    records: so.records.map((row) => ({ ...row, comment: unrun(row.comment) }))
  }
})

/** The rows of everything in another order, as an API may answer them next time. */
const shuffled = Effect.gen(function* () {
  const memory = yield* CoolifyMemory
  yield* memory.edit((so) => ({
    ...so,
    servers: so.servers.toReversed(),
    projects: so.projects.toReversed(),
    applications: so.applications.toReversed(),
    variables: so.variables.toReversed(),
    files: so.files.toReversed()
  }))
  const dns = yield* DnsMemory
  const records = yield* dns.recordSets
  for (const { name, type } of records) yield* dns.erase(name, type)
  for (const record of records.toReversed()) yield* dns.seed(record)
})

const isRead = (call: string) => !writes.test(call)

describe("any spec", () => {
  it.effect.prop(
    "applied twice writes nothing the second time, and its plan is then empty",
    [anySpec],
    ([spec]) =>
      Effect.gen(function* () {
        yield* succeeds(spec)
        const before = yield* snapshot
        const coolify = yield* CoolifyMemory
        const dns = yield* DnsMemory
        const calls = Effect.all({
          coolify: coolify.calls,
          dns: Effect.map(dns.calls, (all) => all.map(({ method }) => method))
        })
        const first = yield* calls
        assert.isFalse(hasChanges(yield* planOf(spec)))
        assert.isFalse(hasChanges(yield* planOf(reordered(spec))))
        const { report } = yield* succeeds(reordered(spec))
        assert.strictEqual(report.outcome, "unchanged")
        const after = yield* calls
        assert.deepStrictEqual(
          after.coolify.slice(first.coolify.length).filter((call) => !isRead(call)),
          []
        )
        assert.deepStrictEqual(
          after.dns.slice(first.dns.length).filter((call) => !isRead(call)),
          []
        )
        assert.deepStrictEqual(yield* snapshot, before)
      }).pipe(Effect.provide(world())),
    runs
  )

  it.effect.prop(
    "applied and destroyed leaves the world from before, and destroying again is nothing",
    [twoVersions],
    ([[first, second]]) =>
      Effect.gen(function* () {
        const before = yield* snapshot
        yield* succeeds(first)
        yield* succeeds(second)
        assert.strictEqual((yield* destroyed(second)).outcome, "complete")
        assert.deepStrictEqual(yield* snapshot, before)
        const coolify = yield* CoolifyMemory
        const calls = (yield* coolify.calls).length
        assert.strictEqual((yield* destroyed(second)).outcome, "unchanged")
        assert.deepStrictEqual(
          (yield* coolify.calls).slice(calls).filter((call) => !isRead(call)),
          []
        )
      }).pipe(Effect.provide(world())),
    runs
  )
})

/** What a spec can say, and adopt reads into a file: its names and texts look like no secrets. */
const isReadable = ({ env, files = [], healthcheck, release, secrets }: Spec): boolean =>
  // Coolify's check waits for one, whatever else is asked for.
  release === undefined &&
  !healthcheck.path.includes("?") &&
  !secrets.includes("PORT") &&
  Object.entries(env).every(([key, value]) => !looksSecret(key, value)) &&
  files.every(({ content }) => content === undefined || !textLooksSecret(Redacted.value(content)))

type Drawn = "drawn" | `not: ${string}`

/** What of a spec is not drawn, and why; a new key does not compile before it stands here. */
const drawn: Readonly<Record<keyof Spec, Drawn>> = {
  name: "not: it tells which spec it is",
  project: "not: it tells where the spec stands",
  environment: "not: it tells where the spec stands",
  server: "not: it tells where the spec stands",
  template: "not: the reader turns it into a source",
  interpolated: "not: the reader has put the values in",
  secretRules: "not: test/secrets, for values that nobody gives",
  needs: "not: several specs, in test/cli/Batch.test.ts",
  process: "not: several applications, in Processes.test.ts",
  sharedDatabases: "not: another spec's, in Databases.test.ts",
  routes: "not: of compose files, in Compose.test.ts and GitCompose.test.ts",
  ports: "drawn",
  domains: "drawn",
  redirect: "drawn",
  basicAuth: "drawn",
  source: "drawn",
  build: "drawn",
  command: "drawn",
  release: "drawn",
  port: "drawn",
  env: "drawn",
  secrets: "drawn",
  volumes: "drawn",
  files: "drawn",
  resources: "drawn",
  networkAliases: "drawn",
  stopGracePeriod: "drawn",
  autoDeploy: "drawn",
  runOptions: "drawn",
  databases: "drawn",
  references: "drawn",
  schedules: "drawn",
  dns: "drawn",
  healthcheck: "drawn"
}

/** The same of the keys inside of one. */
const section = <A extends object>(
  keys: Readonly<Record<keyof A, Drawn>>,
  of: (spec: Spec) => ReadonlyArray<A | undefined>
) => ({
  keys: new Map<string, Drawn>(Object.entries(keys)),
  all: (specs: ReadonlyArray<Spec>): ReadonlyArray<object> =>
    specs.flatMap(of).filter((one) => one !== undefined)
})

const sections = {
  source: section<Extract<Source, { readonly _tag: "Git" }>>(
    {
      _tag: "not: what tells that it is one",
      repository: "drawn",
      access: "drawn",
      branch: "drawn",
      commit: "drawn",
      buildPack: "drawn",
      baseDirectory: "drawn",
      dockerfile: "drawn",
      compose: "not: a compose file, in GitCompose.test.ts"
    },
    ({ source }) => [source._tag === "Git" ? source : undefined]
  ),
  build: section<BuildSettings>(
    { env: "drawn", command: "drawn", install: "drawn", target: "drawn", publish: "drawn", spa: "drawn" },
    ({ build }) => [build]
  ),
  dns: section<DnsSettings>(
    {
      provider: "not: which client it is",
      ttl: "drawn",
      proxied: "drawn",
      target: "drawn",
      records: "drawn",
      none: "drawn",
      coolify: "not: of a newer Coolify than this one, in Requirements.test.ts"
    },
    ({ dns }) => [dns]
  ),
  record: section<NamedRecords>(
    { name: "drawn", type: "drawn", values: "drawn", ttl: "drawn" },
    ({ dns }) => dns.records ?? []
  ),
  healthcheck: section<Healthcheck>(
    {
      path: "drawn",
      status: "drawn",
      timeout: "drawn",
      interval: "drawn",
      retries: "drawn",
      startPeriod: "drawn",
      settle: "drawn",
      container: "drawn",
      command: "drawn",
      release: "drawn"
    },
    ({ healthcheck }) => [healthcheck]
  ),
  resources: section<Resources>({ memory: "drawn", cpus: "drawn" }, ({ resources }) => [resources]),
  volume: section<Volume>({ name: "drawn", path: "drawn", readOnly: "drawn" }, ({ volumes }) => volumes),
  file: section<Omit<SpecFile, "content"> & { readonly content: string }>(
    {
      path: "drawn",
      content: "drawn",
      from: "not: the reader has read it",
      losesBreak: "not: the reader's remark"
    },
    ({ files = [] }) =>
      files.map(({ content = Redacted.make(""), ...rest }) => ({ ...rest, content: Redacted.value(content) }))
  ),
  schedule: section<Schedule>(
    { name: "drawn", cron: "drawn", command: "drawn", timeout: "drawn", enabled: "drawn" },
    ({ schedules = [] }) => schedules
  ),
  database: section<Database>(
    { name: "drawn", engine: "drawn", image: "drawn", backup: "drawn", publicPort: "drawn" },
    ({ databases }) => databases
  ),
  backup: section<DatabaseBackup>(
    { schedule: "drawn", keep: "drawn", s3: "not: a storage by its name, in Backups.test.ts" },
    ({ databases }) => databases.map(({ backup }) => backup)
  ),
  basicAuth: section<BasicAuth>(
    { username: "drawn", secret: "not: which of the secrets it is" },
    ({ basicAuth }) => [basicAuth]
  )
}

const several = (all: ReadonlyArray<object>, key: string): boolean =>
  new Set(all.map((one) => JSON.stringify(new Map(Object.entries(one)).get(key)))).size > 1

describe("the specs that are drawn", () => {
  const specs = FastCheck.sample(
    FastCheck.oneof(
      anySpec,
      keepingVersions.map(([first]) => first)
    ),
    { numRuns: 300, seed: 17 }
  )
  const spec = { keys: new Map<string, Drawn>(Object.entries(drawn)), all: () => specs }

  it.each(Object.entries({ spec, ...sections }))(
    "have every key of a %s in several ways, but for those with a reason",
    (_, { all, keys }) => {
      assert.deepStrictEqual(
        [...keys.keys()].filter((key) => several(all(specs), key)),
        [...keys].flatMap(([key, said]) => (said === "drawn" ? [key] : []))
      )
    }
  )
})

describe("any spec that holds data", () => {
  it.effect.prop(
    "is adopted as it was applied, and what was read plans nothing",
    [keepingVersions.map(([first]) => first).filter(isReadable)],
    ([spec]) =>
      Effect.gen(function* () {
        yield* succeeds(spec)
        const search = { application: spec.name, project: undefined, environment: undefined, dns: true }
        const written = yield* readAdoptable(search)
        const plan = yield* planOf(written.spec)
        assert.deepStrictEqual(
          plan.changes.filter(({ action }) => action !== "unchanged"),
          [],
          `${written.text}${JSON.stringify(plan.changes)}`
        )
        const before = yield* snapshot
        assert.isTrue((yield* applied(written.spec)).succeeded)
        assert.deepStrictEqual(yield* snapshot, before)
      }).pipe(Effect.provide(world())),
    runs
  )

  it.effect.prop(
    "keeps its data when it is destroyed without --delete-volumes",
    [keepingVersions.map(([first]) => first)],
    ([spec]) =>
      Effect.gen(function* () {
        yield* succeeds(spec)
        const { databases } = yield* snapshot
        yield* destroyed(spec, { deleteVolumes: false })
        assert.deepStrictEqual((yield* snapshot).databases, databases)
      }).pipe(Effect.provide(world())),
    runs
  )
})

const destroyed = (spec: Spec, changes: Partial<typeof destroyOptions> = {}) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(destroy(spec, { ...destroyOptions, ...changes }))
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

describe("any two versions of a spec", () => {
  it.effect.prop(
    "the first, the second and the first again end as the first did",
    [twoVersions],
    ([[first, second]]) =>
      Effect.gen(function* () {
        yield* succeeds(first)
        const once = yield* normalised
        yield* succeeds(second)
        yield* succeeds(first)
        const again = yield* normalised
        // What was plain in between stays as the secret's value: an application keeps what it has.
        const plain = { ...second.env, ...second.references }
        const own = first.secrets.filter((key) => Object.hasOwn(plain, key))
        const made = Object.entries(first.references).flatMap(([key, template]) =>
          secretsOf(template).some((secret) => own.includes(secret)) ? [key] : []
        )
        const kept = [...own, ...made]
        const settled = (of: typeof once) => ({
          ...of,
          variables: of.variables.map((row) =>
            kept.includes(row.key)
              ? { key: row.key }
              : row.key === "FABRIK_RELEASE" && kept.length > 0
                ? { ...row, comment: row.comment?.replace(/ spec=\w+/, "") }
                : row
          )
        })
        assert.deepStrictEqual(settled(again), settled(once))
      }).pipe(Effect.provide(world())),
    runs
  )

  it.effect.prop(
    "the second ends alike, whether the first stood there or nothing",
    [twoVersions],
    ([[first, second]]) =>
      Effect.gen(function* () {
        const alone = yield* Effect.zipRight(succeeds(second), normalised).pipe(Effect.provide(world()))
        const over = yield* Effect.all([succeeds(first), succeeds(second), normalised]).pipe(
          Effect.map(([, , end]) => end),
          Effect.provide(world())
        )
        const secret = [...second.secrets, ...Object.keys(second.references)]
        const ours = (of: typeof alone) => ({
          ...of,
          // What is of no effect may differ, and the preview rows are the user's.
          applications: of.applications.map(({ healthcheck, source, ...row }) => ({
            ...row,
            healthcheck: healthcheck.enabled ? healthcheck : "off",
            source:
              source._tag === "Git" && source.buildPack !== "dockerfile"
                ? { ...source, dockerfile: "" }
                : source
          })),
          records: of.records.map((row) => (row.proxied ? { ...row, ttl: undefined } : row)),
          variables: of.variables
            .filter((row) => !row.isPreview)
            .map((row) => ({
              ...row,
              value: secret.includes(row.key) ? "*" : row.value,
              // Of a value that was plain before and is kept.
              isMultiline: secret.includes(row.key) ? false : row.isMultiline,
              comment: ""
            }))
        })
        assert.deepStrictEqual(ours(over), ours(alone))
      }),
    runs
  )

  it.effect.prop(
    "no drift is told when nobody else changed anything",
    [twoVersions],
    ([[first, second]]) =>
      Effect.gen(function* () {
        yield* succeeds(first)
        yield* succeeds(second)
        for (const version of [first, second]) {
          const plan = yield* planOf(version)
          assert.deepStrictEqual(
            plan.changes.filter(({ drifted }) => drifted),
            []
          )
        }
      }).pipe(Effect.provide(world())),
    runs
  )

  it.effect.prop(
    "the plan is the same for every order of the same facts, and shows no secret, given up or not",
    [twoVersions],
    ([[first, second]]) =>
      Effect.gen(function* () {
        const fresh = yield* planOf(first)
        assert.deepStrictEqual(yield* planOf(reordered(first)), fresh)
        yield* succeeds(first)
        const plans: Array<Plan> = []
        const secrets = (yield* snapshot).variables
          .filter(({ key }) => first.secrets.includes(key))
          .map((row) => row.value ?? "")
        for (const version of [second, reordered(second)]) {
          plans.push(yield* planOf(version))
          yield* shuffled
          plans.push(yield* planOf(version))
        }
        for (const plan of plans) assert.deepStrictEqual(plan, plans[0])
        for (const secret of secrets) assert.notInclude(JSON.stringify(plans), secret)
      }).pipe(Effect.provide(world())),
    runs
  )
})

const how = FastCheck.constantFrom("refused" as const, "failed before" as const, "failed after" as const)
const fault = (nth: number, kinds: FastCheck.Arbitrary<Fault["how"]>): FastCheck.Arbitrary<Fault> =>
  FastCheck.oneof(
    {
      weight: 4,
      arbitrary: FastCheck.record({
        service: FastCheck.constant("coolify" as const),
        nth: FastCheck.nat({ max: nth }),
        how: kinds
      })
    },
    {
      weight: 1,
      arbitrary: FastCheck.record({
        service: FastCheck.constant("dns" as const),
        nth: FastCheck.nat({ max: 6 }),
        how: kinds
      })
    }
  )

const outcomes = FastCheck.constantFrom(
  { status: "failed" } as const,
  { status: "cancelled-by-user" } as const,
  { status: "stuck" } as const,
  { status: "waiting" } as const,
  { status: "finished", applicationStatus: "restarting:unknown" } as const
)

/** One cause of failure, often with a second fault on the way back. */
const failure = FastCheck.record({
  cause: FastCheck.oneof(
    {
      weight: 6,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("Fault" as const),
        fault: fault(
          45,
          FastCheck.oneof(how, FastCheck.constantFrom("hangs before" as const, "hangs after" as const))
        )
      })
    },
    {
      weight: 2,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("Deployment" as const),
        /** A replacement deploys twice. */
        before: FastCheck.array(FastCheck.constant({ status: "finished" as const }), { maxLength: 1 }),
        outcome: outcomes
      })
    },
    { weight: 2, arbitrary: FastCheck.constant({ _tag: "Unhealthy" as const }) },
    {
      weight: 1,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("Interrupted" as const),
        after: FastCheck.nat({ max: 4000 })
      })
    }
  ),
  undo: FastCheck.option(fault(16, how), { nil: undefined })
})
type Failure = typeof failure extends FastCheck.Arbitrary<infer A> ? A : never

const disturbanceOf = ({ cause, undo }: Failure): Disturbance => ({
  ...(cause._tag === "Fault" ? { faults: [cause.fault] } : {}),
  ...(cause._tag === "Deployment" ? { outcomes: [...cause.before, cause.outcome] } : {}),
  ...(cause._tag === "Interrupted" ? { interrupted: cause.after } : {}),
  healthy:
    cause._tag !== "Unhealthy" && !(cause._tag === "Deployment" && cause.outcome.status === "finished"),
  ...(undo === undefined ? {} : { undoFaults: [undo] })
})

/** Applies under a failure: what fails leaves the world as it was, and what succeeds in spite of it has converged. */
const withstands = (spec: Spec, failing: Failure) =>
  Effect.gen(function* () {
    const before = yield* snapshot
    const run = yield* applied(spec, {}, disturbanceOf(failing))
    if (run.succeeded && run.report.leftovers.length > 0) {
      // The new version stands and is verified: only what is dropped at the end could not be deleted.
      const left = run.report.leftovers.map(({ what }) => what).join()
      assert.match(left, /^the (?:old application|schedule) [^,]*$/)
      return left.startsWith("the old application") ? "left the old one" : "left a schedule"
    }
    if (run.succeeded) {
      assert.isFalse(hasChanges(yield* planOf(spec)), run.told)
      return "survived"
    }
    assert.deepStrictEqual(run.report.leftovers, [], run.told)
    assert.deepStrictEqual(yield* snapshot, before, run.told)
    return "failed"
  })

describe("any failure", () => {
  const seen: Array<string> = []

  it.effect.prop(
    "of a first apply leaves the world as it was",
    [anySpec, failure],
    ([spec, failing]) =>
      Effect.gen(function* () {
        seen.push(yield* withstands(spec, failing))
        yield* succeeds(spec)
      }).pipe(Effect.provide(world())),
    runs
  )

  it.effect.prop(
    "of an update leaves the version before, with its release",
    [twoVersions, failure],
    ([[first, second], failing]) =>
      Effect.gen(function* () {
        yield* succeeds(first)
        const end = yield* withstands(second, failing)
        seen.push(end)
        if (end !== "left the old one") yield* succeeds(second)
      }).pipe(Effect.provide(world())),
    { ...runs, ...bounded(size(2, 150)) }
  )

  const inline = (text: string): Spec => ({ ...base, source: { _tag: "Dockerfile", text } })
  for (const [kind, first, second] of [
    ["in place", base, { ...base, port: 3000, env: { NEW: "1" } }],
    ["by replacement", inline("FROM a\n"), inline("FROM b\n")]
  ] as const) {
    it.effect(`of any single call of an update ${kind} leaves either version, whole`, () =>
      Effect.gen(function* () {
        const calls = yield* Effect.gen(function* () {
          yield* succeeds(first)
          const memory = yield* CoolifyMemory
          const before = (yield* memory.calls).length
          yield* succeeds(second)
          return (yield* memory.calls).length - before
        }).pipe(Effect.provide(world()))
        assert.isAbove(calls, 8)
        for (let nth = 0; nth < calls; nth += 1) {
          for (const kind of ["refused", "failed after", "hangs after"] as const) {
            const cause = { _tag: "Fault" as const, fault: { service: "coolify" as const, nth, how: kind } }
            yield* succeeds(first).pipe(
              Effect.zipRight(withstands(second, { cause, undo: undefined })),
              Effect.provide(world())
            )
          }
        }
      })
    )
  }

  it.effect.prop(
    "leaves what holds data: volumes and databases, and all that is made of them",
    [keepingVersions, failure],
    ([[first, second], failing]) =>
      Effect.gen(function* () {
        yield* succeeds(first)
        const before = yield* snapshot
        const there = before.databases.map(({ uuid }) => uuid)
        const run = yield* applied(second, {}, disturbanceOf(failing))
        const after = yield* snapshot
        const old = <A extends { readonly uuid: string }>(rows: ReadonlyArray<A>) =>
          rows.filter(({ uuid }) => there.includes(uuid))
        assert.deepStrictEqual(
          old(after.databases).map(({ uuid }) => uuid),
          there,
          run.told
        )
        if (run.succeeded) {
          // What is dropped at the end, and could not be deleted, goes with the next apply.
          for (const { what } of run.report.leftovers) assert.match(what, /^the schedule /)
          if (run.report.leftovers.length > 0) yield* succeeds(second)
          assert.isFalse(hasChanges(yield* planOf(second)), run.told)
          return
        }
        // A version may have written into what the run has made, so that nobody deletes it.
        const left = run.report.leftovers.filter(({ what }) => !what.startsWith("database "))
        assert.deepStrictEqual(left, [], run.told)
        const known = (so: typeof before) => ({
          ...so,
          databases: old(so.databases),
          backups: so.backups.filter(({ database }) => there.includes(database))
        })
        assert.deepStrictEqual(known(after), known(before), run.told)
        seen.push("failed")
        yield* succeeds(second)
      }).pipe(Effect.provide(world())),
    { ...runs, ...bounded(size(2, 150)) }
  )

  it("was a failure often enough", () => {
    assert.isAbove(seen.filter((end) => end === "failed").length, seen.length / 4)
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import type { Server } from "../../src/coolify/endpoints/Servers.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import type { World } from "../support/coolify/CoolifyWorld.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { ProbeError } from "../../src/health/HealthProbe.ts"
import { answering, layerMemory as healthMemory } from "../../src/health/MemoryHealthProbe.ts"
import { apply, type ApplyOptions } from "../../src/orchestrator/Apply.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import { journalSchema, type JournalEntry } from "../../src/engine/JournalSchema.ts"
import { journalName, peek } from "../../src/engine/RunJournal.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { Journals } from "../../src/state/Journals.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import {
  domain,
  application,
  applyOptions as options,
  destroyOptions,
  server,
  spec,
  zone
} from "./Samples.ts"

const ok = answering({ status: 200, release: undefined }, { address: server.ip })

const world = (
  options: {
    readonly healthy?: boolean
    readonly servers?: ReadonlyArray<Server>
    readonly others?: Partial<World>
    readonly publicAddress?: string
  } = {}
) => {
  const dns = dnsMemory([zone])
  return Layer.mergeAll(
    coolifyMemory({
      servers: options.servers ?? [server],
      world: options.others ?? {},
      ...(options.publicAddress === undefined ? {} : { publicAddress: options.publicAddress }),
      deployment: { polls: 1 },
      deletion: { polls: 1 }
    }),
    Layer.provideMerge(authoritativeMemory, dns),
    healthMemory({
      answers:
        options.healthy === false
          ? { [server.ip]: [new ProbeError({ reason: "ConnectionRefused", detail: "connection refused" })] }
          : { [server.ip]: [ok], [domain]: [ok], "web.example.com": [ok] }
    }),
    secretMemory({ API_KEY: "s3cret" }),
    journalsMemory
  )
}

/** Runs to the end under the test clock, with its events. */
const applied = (
  of: Spec = spec,
  changes: Partial<ApplyOptions> = {},
  patience: Duration.DurationInput = "2 hours"
) =>
  Effect.gen(function* () {
    const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
    const fiber = yield* apply(of, { ...options, ...changes }).pipe(
      Effect.provideService(Progress, { emit: (event) => Ref.update(events, (all) => [...all, event]) }),
      Effect.catchTag("JournalError", Effect.die),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust(patience)
    const result = yield* Fiber.join(fiber)
    return { result, events: yield* Ref.get(events) }
  })

/** How the logs ended, if that was told before anything was undone. */
const tailsOf = (events: ReadonlyArray<Emitted>) => {
  const end = events.findIndex(({ event }) => event._tag === "StateChanged" && event.to === "ROLLING_BACK")
  return events.slice(0, end).flatMap(({ event }) => (event._tag === "LogTails" ? [event] : []))
}

const states = (events: ReadonlyArray<Emitted>) =>
  events.flatMap(({ event }) => (event._tag === "StateChanged" ? [event.to] : []))

/** What a restored world must be equal in. */
const snapshot = Effect.gen(function* () {
  const coolify = yield* (yield* CoolifyMemory).world
  const records = yield* (yield* DnsMemory).recordSets
  return JSON.parse(
    JSON.stringify({
      projects: coolify.projects,
      environments: coolify.environments,
      applications: coolify.applications.map(({ status: _, ...application }) => application),
      variables: coolify.variables.map(({ uuid: _, value, ...row }) => ({
        ...row,
        value: value === undefined ? null : Redacted.value(value)
      })),
      records
    })
  ) as unknown
})

const error = (reason: CoolifyError["reason"], outcomeUnknown = false) =>
  new CoolifyError({ method: "test", reason, detail: "scripted", outcomeUnknown })

const destroyed = (of: Spec) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(
      Effect.either(Effect.catchTag(destroy(of, destroyOptions), "JournalError", Effect.die))
    )
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const staging: Spec = { ...spec, environment: "staging" }

const begunAt = (server: string) =>
  ({
    _tag: "Begun",
    run: "0123456789ab",
    at: 0,
    command: "apply",
    file: "spec.yaml",
    text: "",
    skipDns: true,
    skipDeploy: false,
    allowDowntime: false,
    deleteVolumes: false,
    server,
    secrets: []
  }) as const

const leave = (...entries: ReadonlyArray<JournalEntry>) =>
  Effect.gen(function* () {
    const journals = yield* Journals
    const { encode } = journalSchema()
    const journal = yield* journals.open(journalName("default", spec))
    for (const entry of entries) yield* journal.append(encode(entry), { sync: true, reserved: false })
  }).pipe(Effect.scoped)

describe("a journal whose kept values are gone", () => {
  it.effect("is finished with what is left to do, says what could not be put back, and is closed", () =>
    Effect.gen(function* () {
      yield* applied(spec, { skipDns: true })
      const [application] = (yield* (yield* CoolifyMemory).world).applications
      const { name } = application ?? { name: "" }
      yield* leave(
        begunAt(server.uuid),
        {
          _tag: "Change",
          id: 1,
          run: "0123456789ab",
          address: { kind: "coolify/variables", name },
          what: `variables of ${name}`,
          next: "",
          way: "restored",
          sealed: "gone"
        },
        { _tag: "RollingBack" }
      )
      const { events, result } = yield* applied(spec, { skipDns: true })
      const [leftover] = events.flatMap(({ event }) => (event._tag === "UndoFailed" ? [event.leftover] : []))
      assert.include(leftover?.what, "variables of api")
      assert.include(leftover?.why, "no longer kept")
      assert.strictEqual(Either.getOrThrow(result).outcome, "unchanged")
      const { entries } = yield* Effect.scoped((yield* Journals).open(journalName("default", spec)))
      assert.lengthOf(entries, 0)
    }).pipe(Effect.provide(world()))
  )
})

describe("a journal of an earlier version", () => {
  it.effect("is refused in one sentence, and stays", () =>
    Effect.gen(function* () {
      const journals = yield* Journals
      yield* leave(begunAt(server.uuid))
      const undo = { _tag: "CreatedProject", name: "test", run: "0123456789ab" }
      yield* Effect.scoped(
        Effect.flatMap(journals.open(journalName("default", spec)), ({ append }) =>
          append({ _tag: "Change", id: 1, undo }, { sync: true, reserved: false })
        )
      )
      const before = yield* snapshot
      const refused = yield* Effect.flip(apply(spec, options))
      assert.include(refused.message, "was written by an earlier version of fabrik")
      assert.deepStrictEqual(yield* snapshot, before)
      const { entries } = yield* Effect.scoped(journals.open(journalName("default", spec)))
      assert.lengthOf(entries, 2)
    }).pipe(Effect.provide(world()))
  )
})

describe("a journal that another Coolify's run has left", () => {
  it.effect("is neither undone nor gone on with here, and stays", () =>
    Effect.gen(function* () {
      const journals = yield* Journals
      const name = journalName("default", spec)
      yield* leave(begunAt("elsewhere"))
      const before = yield* snapshot
      const { result } = yield* applied()
      const refused = Either.isLeft(result) ? result.left.message : ""
      assert.include(refused, "at another Coolify or in another team: this one has no server elsewhere")
      assert.deepStrictEqual(yield* snapshot, before)
      const gone = yield* destroyed(spec)
      assert.include(Either.isLeft(gone) ? gone.left.message : "", "this one has no server elsewhere")
      assert.deepStrictEqual(yield* snapshot, before)
      const { entries } = yield* Effect.scoped(journals.open(name))
      assert.lengthOf(entries, 1)
    }).pipe(Effect.provide(world()))
  )
})

describe("the journal of a destroy", () => {
  it.effect("tells which Coolify it is for, also when the application is gone already", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* applied()
      for (const method of ["deleteApplication", "deleteProject"] as const) {
        yield* memory.failNext(method, error("ServerError"))
        yield* destroyed(spec)
        const left = yield* peek(journalName("default", spec))
        assert.deepInclude(left?.begun, { command: "destroy", server: server.uuid })
      }
    }).pipe(Effect.provide(world()))
  )
})

describe("a domain that moves", () => {
  it.effect("has no new record before the application says that a run is under way", () =>
    Effect.gen(function* () {
      yield* applied()
      const client = yield* CoolifyClient
      const { variables } = client
      const slow: typeof client = {
        ...client,
        variables: { ...variables, put: (...given) => Effect.delay(variables.put(...given), "3 seconds") }
      }
      const { events, result } = yield* applied({ ...spec, domains: ["web.example.com"] }).pipe(
        Effect.provideService(CoolifyClient, slow)
      )
      assert.isTrue(Either.isRight(result))
      const said = events.findIndex(
        ({ event }) =>
          event._tag === "ChangeFinished" && event.address === `coolify/variables ${spec.name}` && event.made
      )
      const moves = events.findIndex(
        ({ event }) => event._tag === "ChangeStarted" && event.address === "dns/record web.example.com A"
      )
      assert.isAbove(said, -1)
      assert.isAbove(moves, said)
    }).pipe(Effect.provide(world()))
  )
})

describe("places that fabrik made", () => {
  it.effect("go with their last application, also when two leave at once", () =>
    Effect.gen(function* () {
      const { world: look } = yield* CoolifyMemory
      const second: Spec = { ...staging, name: "web", domains: ["web.example.com"] }
      yield* applied(staging, { skipDns: true })
      yield* applied(second, { skipDns: true })
      assert.lengthOf((yield* look).applications, 2)
      yield* Effect.all([destroyed(staging), destroyed(second)], { concurrency: "unbounded" })
      const { applications, environments, projects } = yield* look
      assert.deepStrictEqual([applications, environments, projects], [[], [], []])
    }).pipe(Effect.provide(world()))
  )

  it.effect("are not taken from others: an environment goes, the project of somebody else stays", () =>
    Effect.gen(function* () {
      const { edit, world: look } = yield* CoolifyMemory
      yield* edit((so) => ({
        ...so,
        projects: [{ uuid: "hand", name: spec.project, description: "by hand" }],
        environments: [{ projectUuid: "hand", uuid: "e", name: "production" }]
      }))
      yield* applied(staging, { skipDns: true })
      assert.lengthOf((yield* look).environments, 2)
      yield* destroyed(staging)
      const { environments, projects } = yield* look
      assert.deepStrictEqual(
        [environments.map(({ name }) => name), projects.map(({ uuid }) => uuid)],
        [["production"], ["hand"]]
      )
    }).pipe(Effect.provide(world()))
  )

  it.effect("are found wherever the application lives, and an empty second project goes", () =>
    Effect.gen(function* () {
      const { edit, world: look } = yield* CoolifyMemory
      yield* applied(spec, { skipDns: true })
      yield* edit((so) => ({
        ...so,
        projects: [...so.projects.map((project) => ({ ...project, uuid: "older" })), ...so.projects]
      }))
      const { result } = yield* applied(spec, { skipDns: true })
      assert.strictEqual(Either.getOrThrow(result).outcome, "complete")
      const { applications, projects } = yield* look
      assert.deepStrictEqual(
        projects.map(({ uuid }) => uuid),
        [applications[0]?.projectUuid],
        "the older one, which nobody lives in, is gone"
      )
      const again = yield* applied(spec, { skipDns: true })
      assert.strictEqual(Either.getOrThrow(again.result).outcome, "unchanged")
    }).pipe(Effect.provide(world()))
  )
})

describe("apply", () => {
  it.effect("takes an empty world to a verified URL, through every state in order", () =>
    Effect.gen(function* () {
      const { result, events } = yield* applied()
      assert.isTrue(Either.isRight(result), String(Either.isLeft(result) && result.left.message))
      assert.deepStrictEqual(states(events), [
        "VALIDATING",
        "PROVISIONING",
        "DEPLOYING",
        "VERIFYING",
        "COMPLETE"
      ])
      assert.strictEqual(events.at(-1)?.event._tag, "RunFinished")
      const coolify = yield* (yield* CoolifyMemory).world
      assert.deepStrictEqual(
        coolify.applications.map(({ name, domains }) => [name, domains]),
        [["api", ["https://api.example.com"]]]
      )
      const [record] = yield* (yield* DnsMemory).recordSets
      assert.deepStrictEqual(
        [record?.name, record?.type, record?.values],
        ["api.example.com", "A", [server.ip]]
      )
    }).pipe(Effect.provide(world()))
  )

  it.effect("does it with four writes besides the project, the last to confirm it, and again with none", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* applied()
      const first = yield* memory.calls
      const writes = first.filter((call) => !/^(list|get|inventory|version|logs|served|may)/.test(call))
      assert.deepStrictEqual(writes, [
        "createProject",
        "createApplication",
        "putVariables",
        "deploy",
        "putVariables"
      ])
      const { result } = yield* applied()
      const second = (yield* memory.calls).slice(first.length)
      assert.deepStrictEqual(second.toSorted(), ["inventory", "listProjects", "listServers", "listVariables"])
      assert.strictEqual(Either.getOrThrow(result).outcome, "unchanged")
    }).pipe(Effect.provide(world()))
  )

  it.effect("asks before it changes anything, and takes a no", () =>
    Effect.gen(function* () {
      const before = yield* snapshot
      const confirm = () => Effect.as(Effect.sleep("10 minutes"), false)
      const { result } = yield* applied(spec, { confirm })
      const { millis, outcome } = Either.getOrThrow(result)
      assert.strictEqual(outcome, "declined")
      assert.isBelow(millis, 600_000, "the run's time is without the question's")
      assert.deepStrictEqual(yield* snapshot, before)
    }).pipe(Effect.provide(world()))
  )

  it.effect("never shows a secret in an event", () =>
    Effect.gen(function* () {
      const { events } = yield* applied()
      assert.notInclude(JSON.stringify(events), "s3cret")
    }).pipe(Effect.provide(world()))
  )
})

describe("a failed first apply leaves the world as it was", () => {
  for (const method of ["createProject", "createApplication", "putVariables", "deploy"] as const) {
    for (const applies of [false, true]) {
      it.effect(`when ${method} fails ${applies ? "after it took effect" : "before"}`, () =>
        Effect.gen(function* () {
          const before = yield* snapshot
          const memory = yield* CoolifyMemory
          yield* memory.failNext(method, error(applies ? "ServerError" : "Invalid", applies), {
            applied: applies
          })
          const { result, events } = yield* applied()
          // A create whose answer was lost is found by its mark and goes on; the others fail.
          const survives = applies && method !== "putVariables"
          assert.strictEqual(Either.isRight(result), survives)
          if (survives) return
          assert.strictEqual(states(events).at(-1), "ROLLED_BACK")
          assert.deepStrictEqual(yield* snapshot, before)
        }).pipe(Effect.provide(world()))
      )
    }
  }

  it.effect("when the deployment fails", () =>
    Effect.gen(function* () {
      const before = yield* snapshot
      const memory = yield* CoolifyMemory
      yield* memory.outcomes([{ status: "failed", logs: [{ stream: "stderr", text: "no such image" }] }])
      const { events, result } = yield* applied()
      const failure = Either.getOrThrow(Either.flip(result))
      assert.deepStrictEqual(tailsOf(events), [
        { _tag: "LogTails", step: "deploy", deployment: ["no such image"], container: null }
      ])
      assert.strictEqual(failure.step, "deploy")
      assert.deepStrictEqual(failure.error._tag === "DeploymentFailedError" ? failure.error.log : [], [
        "no such image"
      ])
      assert.strictEqual(failure.report.outcome, "rolled-back")
      assert.deepStrictEqual(yield* snapshot, before)
    }).pipe(Effect.provide(world()))
  )

  it.effect("when it never becomes healthy", () =>
    Effect.gen(function* () {
      const before = yield* snapshot
      const { events, result } = yield* applied()
      const failure = Either.getOrThrow(Either.flip(result))
      assert.strictEqual(failure.error._tag, "UnhealthyError")
      assert.isUndefined(failure.report.answers, "nothing was there before")
      assert.deepStrictEqual(
        tailsOf(events).map(({ container, step }) => [step, container]),
        [["verify", ["api listens on 8080"]]]
      )
      assert.deepStrictEqual(yield* snapshot, before)
    }).pipe(Effect.provide(world({ healthy: false })))
  )

  it.effect("when its time is up while it is not healthy, and shows what its container said", () =>
    Effect.gen(function* () {
      const { events, result } = yield* applied(
        { ...spec, healthcheck: { ...spec.healthcheck, retries: 1000 } },
        { timeout: Duration.seconds(60) }
      )
      assert.strictEqual(Either.getOrThrow(Either.flip(result)).error._tag, "DeadlineError")
      assert.deepStrictEqual(
        tailsOf(events).map(({ container, step }) => [step, container]),
        [["verify", ["api listens on 8080"]]]
      )
    }).pipe(Effect.provide(world({ healthy: false })))
  )

  it.effect("when the deadline passes during a deployment that hangs", () =>
    Effect.gen(function* () {
      const before = yield* snapshot
      const memory = yield* CoolifyMemory
      yield* memory.outcomes([{ status: "stuck" }])
      const { result } = yield* applied(spec, { timeout: Duration.minutes(5) })
      assert.strictEqual(Either.getOrThrow(Either.flip(result)).error._tag, "DeadlineError")
      assert.deepStrictEqual(yield* snapshot, before)
    }).pipe(Effect.provide(world()))
  )

  it.effect("when it is interrupted in the middle of a create that took effect without an answer", () =>
    Effect.gen(function* () {
      const before = yield* snapshot
      const memory = yield* CoolifyMemory
      yield* memory.hangNext("createApplication", { applied: true })
      const fiber = yield* Effect.fork(apply(spec, options))
      yield* TestClock.adjust("10 seconds")
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(yield* snapshot, before)
    }).pipe(Effect.provide(world()))
  )
})

describe("a failed update puts the old version back", () => {
  const changed: Spec = {
    ...spec,
    source: { _tag: "Image", name: "nginx", tag: "1.28" },
    env: { LOG_LEVEL: "debug", NEW: "1" },
    healthcheck: { ...spec.healthcheck, path: "/ready" }
  }

  for (const [name, script] of [
    ["the deployment fails", [{ status: "failed" }]],
    ["the deployment is cancelled by somebody else", [{ status: "cancelled-by-user" }]]
  ] as const) {
    it.effect(`when ${name}`, () =>
      Effect.gen(function* () {
        yield* applied()
        const before = yield* snapshot
        const memory = yield* CoolifyMemory
        yield* memory.outcomes(script)
        const { result } = yield* applied(changed)
        assert.strictEqual(Either.getOrThrow(Either.flip(result)).report.outcome, "rolled-back")
        assert.deepStrictEqual(yield* snapshot, before)
      }).pipe(Effect.provide(world()))
    )
  }

  it.effect("and deploys it again when the new one had replaced it", () =>
    Effect.gen(function* () {
      yield* applied()
      const before = yield* snapshot
      const memory = yield* CoolifyMemory
      const calls = (yield* memory.calls).length
      const wrong: Spec = { ...changed, healthcheck: { ...changed.healthcheck, status: 204 } }
      const { result } = yield* applied(wrong)
      const failure = Either.getOrThrow(Either.flip(result))
      assert.strictEqual(failure.error._tag, "UnhealthyError")
      // What was seen, and not that all is well because it was put back.
      assert.deepStrictEqual(
        failure.report.answers?.map(({ ok, status, url }) => [url, ok, status]),
        [[`https://${domain}/ready`, false, 200]]
      )
      assert.deepStrictEqual(yield* snapshot, before)
      const deploys = (yield* memory.calls).slice(calls).filter((call) => call === "deploy")
      assert.strictEqual(deploys.length, 2)
    }).pipe(Effect.provide(world()))
  )

  it.effect(
    "[fault 12: foreign change before the undo] and leaves a record that somebody else has taken meanwhile to them",
    () =>
      Effect.gen(function* () {
        yield* applied()
        const memory = yield* CoolifyMemory
        const dns = yield* DnsMemory
        yield* memory.outcomes([{ status: "stuck" }])
        const moved: Spec = { ...changed, dns: { ...changed.dns, target: "192.0.2.77" } }
        const fiber = yield* Effect.fork(
          apply(moved, { ...options, timeout: Duration.minutes(5) }).pipe(
            Effect.catchTag("JournalError", Effect.die),
            Effect.either
          )
        )
        yield* TestClock.adjust("1 minute")
        const [ours] = yield* dns.recordSets
        assert.deepStrictEqual(ours?.values, ["192.0.2.77"])
        const theirs = { ...ours!, values: ["192.0.2.88"], comment: "by hand" }
        yield* dns.seed(theirs)
        yield* TestClock.adjust("2 hours")
        const { report } = Either.getOrThrow(Either.flip(yield* Fiber.join(fiber)))
        assert.deepStrictEqual(yield* dns.recordSets, [theirs])
        assert.deepStrictEqual(
          report.leftovers.map(({ what, recoverable }) => [what, recoverable]),
          [["record api.example.com A", false]]
        )
      }).pipe(Effect.provide(world()))
  )

  it.effect("and never overwrites what somebody else changed meanwhile", () =>
    Effect.gen(function* () {
      yield* applied()
      const memory = yield* CoolifyMemory
      yield* memory.outcomes([{ status: "stuck" }])
      const fiber = yield* Effect.fork(
        apply(changed, { ...options, timeout: Duration.minutes(5) }).pipe(
          Effect.catchTag("JournalError", Effect.die),
          Effect.either
        )
      )
      yield* TestClock.adjust("1 minute")
      yield* memory.edit((now) => ({
        ...now,
        applications: now.applications.map((application) => ({
          ...application,
          port: 9999,
          source: { _tag: "Image", name: "nginx", tag: "by-hand" }
        }))
      }))
      yield* TestClock.adjust("2 hours")
      const failure = Either.getOrThrow(Either.flip(yield* Fiber.join(fiber)))
      assert.strictEqual(failure.report.outcome, "leftovers")
      assert.include(failure.report.leftovers[0]?.why, "source")
      const [application] = (yield* memory.world).applications
      assert.strictEqual(application?.source._tag === "Image" && application.source.tag, "by-hand")
      assert.strictEqual(application?.healthcheck.path, "/health")
    }).pipe(Effect.provide(world()))
  )
})

describe("an application that stops before its new version starts", () => {
  const stopsFirst = Effect.flatMap(CoolifyMemory, (memory) =>
    memory.edit((now) => ({
      ...now,
      applications: now.applications.map((application) => ({ ...application, stopsFirst: true }))
    }))
  )
  const changed: Spec = { ...spec, env: { LOG_LEVEL: "debug" } }

  it.effect("is updated only when the gap was agreed to", () =>
    Effect.gen(function* () {
      yield* applied()
      yield* stopsFirst
      const before = yield* snapshot
      const { result } = yield* applied(changed)
      const failure = Either.getOrThrow(Either.flip(result)).error
      assert.strictEqual(failure._tag === "RefusedError" && failure.reason, "Downtime")
      assert.deepStrictEqual(yield* snapshot, before)
      const agreed = yield* applied(changed, { allowDowntime: true })
      assert.strictEqual(Either.getOrThrow(agreed.result).outcome, "complete")
    }).pipe(Effect.provide(world()))
  )

  it.effect("may be left as it is without asking", () =>
    Effect.gen(function* () {
      yield* applied()
      yield* stopsFirst
      const { result } = yield* applied()
      assert.strictEqual(Either.getOrThrow(result).outcome, "unchanged")
    }).pipe(Effect.provide(world()))
  )
})

describe("what the API makes hard", () => {
  it.effect("follows the deployment under way when its own was a phantom, then deploys again", () =>
    Effect.gen(function* () {
      yield* applied()
      const memory = yield* CoolifyMemory
      const [application] = (yield* memory.world).applications
      yield* memory.edit((now) => ({
        ...now,
        deployments: [
          ...now.deployments,
          {
            uuid: "elsewhere",
            status: "in_progress",
            commit: "HEAD",
            createdAt: "",
            logs: [],
            logsBefore: 0,
            applicationUuid: application!.uuid,
            due: { _tag: "Polls", left: 3 },
            outcome: { status: "finished" }
          }
        ]
      }))
      const { result } = yield* applied(spec, { redeploy: true })
      assert.isTrue(Either.isRight(result), String(Either.isLeft(result) && result.left.message))
      const finished = (yield* memory.world).deployments.filter(({ status }) => status === "finished")
      assert.strictEqual(finished.length, 3)
    }).pipe(Effect.provide(world()))
  )

  it.effect("waits for room in a full queue as long as the API says", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* memory.failNext(
        "deploy",
        new CoolifyError({ method: "deploy", reason: "QueueFull", detail: "full", retryAfterMillis: 60_000 })
      )
      const { result, events } = yield* applied()
      assert.isTrue(Either.isRight(result))
      const retry = events.find(({ event }) => event._tag === "Retrying")?.event
      assert.strictEqual(retry?._tag === "Retrying" && retry.delayMillis, 60_000)
    }).pipe(Effect.provide(world()))
  )

  it.effect("tells a full queue from a failure when it stays full", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      const full = new CoolifyError({
        method: "deploy",
        reason: "QueueFull",
        detail: "full",
        retryAfterMillis: 60_000
      })
      yield* Effect.replicateEffect(memory.failNext("deploy", full), 200)
      const { result } = yield* applied(spec, {}, "4 hours")
      const failure = Either.getOrThrow(Either.flip(result)).error
      assert.strictEqual(failure._tag === "DeploymentFailedError" && failure.reason, "QueueFull")
    }).pipe(Effect.provide(world()))
  )

  it.effect(
    "asks for no address of the server where it leaves DNS alone, and checks the domain all the same",
    () =>
      Effect.gen(function* () {
        const { result } = yield* applied(spec, { skipDns: true })
        assert.isTrue(Either.isRight(result), String(Either.isLeft(result) && result.left.message))
        assert.deepStrictEqual(yield* (yield* DnsMemory).recordSets, [])
        assert.deepStrictEqual(yield* (yield* DnsMemory).calls, [])
      }).pipe(
        Effect.provide(
          Layer.mergeAll(
            coolifyMemory({
              servers: [{ ...server, ip: "host.docker.internal" }],
              deployment: { polls: 1 },
              deletion: { polls: 1 }
            }),
            Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
            // By name alone: nobody answers at any address.
            healthMemory({ answers: { [domain]: [ok] } }),
            secretMemory({ API_KEY: "s3cret" }),
            journalsMemory
          )
        )
      )
  )

  it.effect("does not believe `finished` when the container keeps restarting", () =>
    Effect.gen(function* () {
      const before = yield* snapshot
      const memory = yield* CoolifyMemory
      yield* memory.outcomes([{ status: "finished", applicationStatus: "restarting:unknown" }])
      const { result } = yield* applied()
      const failure = Either.getOrThrow(Either.flip(result)).error
      assert.strictEqual(failure._tag === "DeploymentFailedError" && failure.reason, "CrashLoop")
      assert.deepStrictEqual(yield* snapshot, before)
    }).pipe(Effect.provide(world({ healthy: false })))
  )
})

describe("before anything is sent", () => {
  const held = { ...application(spec, { uuid: "other", name: "shop", description: "" }), gone: undefined }
  const elsewhere = { projectUuid: "q", environmentName: "production", serverUuid: server.uuid }
  const others = (domain: string) => ({
    projects: [{ uuid: "q", name: "elsewhere", description: "" }],
    environments: [{ projectUuid: "q", uuid: "f", name: "production" }],
    applications: [{ ...held, ...elsewhere, domains: [domain] }]
  })
  const writes = (calls: ReadonlyArray<string>) =>
    calls.filter((call) => /^(create|put|update|deploy)/.test(call))

  it.effect("a domain that another application holds is refused, which is named", () =>
    Effect.gen(function* () {
      const { result } = yield* applied()
      const { error, report } = Either.getOrThrow(Either.flip(result))
      assert.strictEqual(report.outcome, "nothing-changed")
      assert.deepInclude(error, { _tag: "RefusedError", reason: "Held" })
      assert.include(error.message, "belongs to another application in Coolify, shop (other)")
      assert.deepStrictEqual(writes(yield* (yield* CoolifyMemory).calls), [])
      assert.deepStrictEqual(yield* (yield* DnsMemory).recordSets, [])
    }).pipe(Effect.provide(world({ others: others(`https://${domain}/`) })))
  )

  it.effect("another path of the host is no conflict", () =>
    Effect.gen(function* () {
      const { result } = yield* applied()
      assert.isTrue(Either.isRight(result))
    }).pipe(Effect.provide(world({ others: others(`https://${domain}/shop`) })))
  )

  it.effect("nobody is asked about a domain that the application has", () =>
    Effect.gen(function* () {
      yield* applied()
      const memory = yield* CoolifyMemory
      const asked = (yield* memory.calls).filter((call) => call === "servedDomains").length
      assert.strictEqual(asked, 1)
      yield* applied({ ...spec, port: 9090 })
      assert.strictEqual((yield* memory.calls).filter((call) => call === "servedDomains").length, asked)
    }).pipe(Effect.provide(world()))
  )

  it.effect("a Coolify that cannot tell its domains stops nothing", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* memory.failNext(
        "servedDomains",
        new CoolifyError({
          method: "servedDomains",
          reason: "ServerError",
          detail: "Server Error",
          status: 500
        })
      )
      const { result } = yield* applied()
      assert.isTrue(Either.isRight(result))
    }).pipe(Effect.provide(world()))
  )

  it.effect("a token that may not deploy is noticed", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* memory.failNext(
        "mayDeploy",
        new CoolifyError({
          method: "mayDeploy",
          reason: "MissingAbility",
          detail: "Missing required permissions: deploy",
          ability: "deploy"
        })
      )
      const { result } = yield* applied()
      const { error, report } = Either.getOrThrow(Either.flip(result))
      assert.strictEqual(report.outcome, "nothing-changed")
      assert.deepInclude(error, { _tag: "CoolifyError", reason: "MissingAbility" })
      assert.deepStrictEqual(writes(yield* memory.calls), [])
      assert.deepStrictEqual(yield* (yield* DnsMemory).recordSets, [])
    }).pipe(Effect.provide(world()))
  )

  it.effect("a run that deploys nothing does not ask whether it may", () =>
    Effect.gen(function* () {
      yield* applied()
      yield* applied()
      const { calls } = yield* CoolifyMemory
      assert.lengthOf(
        (yield* calls).filter((call) => call === "mayDeploy"),
        1
      )
    }).pipe(Effect.provide(world()))
  )
})

describe("Coolify's own host", () => {
  const own = { ...server, ip: "host.docker.internal" }
  const neighbour = {
    ...application(spec, {
      uuid: "other",
      name: "shop",
      description: "",
      domains: ["https://shop.example.com"]
    }),
    projectUuid: "q",
    environmentName: "production",
    serverUuid: server.uuid,
    gone: undefined
  }
  const others = {
    projects: [{ uuid: "q", name: "elsewhere", description: "" }],
    environments: [{ projectUuid: "q", uuid: "f", name: "production" }],
    applications: [neighbour]
  }
  const second = { ...server, uuid: "srv2", name: "vps2", ip: "192.0.2.99" }
  const onSecond = { ...neighbour, uuid: "third", serverUuid: "srv2", domains: ["https://third.example.com"] }

  it.effect("is pointed at by the address that Coolify tells", () =>
    Effect.gen(function* () {
      const { result } = yield* applied()
      assert.isTrue(Either.isRight(result))
      const [record] = yield* (yield* DnsMemory).recordSets
      assert.deepStrictEqual(record?.values, [server.ip])
    }).pipe(
      Effect.provide(
        world({
          servers: [own, second],
          others: { ...others, applications: [onSecond, neighbour] },
          publicAddress: server.ip
        })
      )
    )
  )

  for (const [title, options] of [
    ["no application has a domain yet", { publicAddress: server.ip }],
    ["the instance does not know it", { others }]
  ] as const) {
    it.effect(`is asked for when ${title}`, () =>
      Effect.gen(function* () {
        const { result } = yield* applied()
        const { error } = Either.getOrThrow(Either.flip(result))
        assert.deepInclude(error, { _tag: "RefusedError", reason: "NotPublic" })
        assert.isFalse((yield* (yield* CoolifyMemory).calls).includes("createProject"))
      }).pipe(Effect.provide(world({ servers: [own], ...options })))
    )
  }
})

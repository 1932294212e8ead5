/** The applications of a spec with processes: they come, stay and go together, with one value of each secret. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { link } from "../../src/appspec/Batch.ts"
import { parseSpecs, specOf } from "../../src/appspec/ParseSpec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { RunFinished } from "../../src/engine/DeploymentEvent.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { Owner } from "../../src/engine/Owner.ts"
import { journalName, journalOf } from "../../src/engine/RunJournal.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { adopt, readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { runBatch } from "../../src/orchestrator/Batch.ts"
import { formerProcesses } from "../../src/orchestrator/FormerProcesses.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import {
  applied as appliedAlone,
  destroyed,
  ended,
  ok,
  planned,
  test,
  world,
  writes
} from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, batchOptions } from "./Samples.ts"

const spec = (processes: string, more = "") => `name: shop
domain: shop.example.com
source: { image: "nginx:1.27" }
port: 80
secrets: { SESSION_KEY: generate }
${more}processes: ${processes}
`

const specsOf = (text: string) => Either.getOrThrow(parseSpecs(text, "app.yaml"))

/** How each of them ended: its outcome, or what stood in its way. */
const applied = (text: string, ill = false) =>
  Effect.gen(function* () {
    const [first] = specsOf(text)
    const links = Either.getOrThrow(link(specsOf(text).map((one) => ({ file: "app.yaml", text, spec: one }))))
    const fiber = yield* runBatch(
      links,
      {
        ...batchOptions,
        stands: ({ outcome }: typeof RunFinished.Type) => outcome === "complete" || outcome === "unchanged"
      },
      (index, gate) => apply(links[index]?.subject.spec ?? first, { ...applyOptions, ...gate })
    ).pipe(Effect.provideService(HealthProbe, probe(!ill)), Effect.fork)
    yield* TestClock.adjust("6 hours")
    return (yield* Fiber.join(fiber)).map((end) =>
      end._tag === "Ended" ? end.result.outcome : end._tag === "Failed" ? end.error.message : end.why
    )
  })

const applications = Effect.map(world, ({ coolify }) =>
  coolify.applications.map(({ columns }) => String(columns["name"])).toSorted()
)

const client = CoolifyClient

const uuidOf = (name: string) =>
  Effect.flatMap(client, ({ applications }) =>
    Effect.map(applications.list, (all) => all.find((one) => one.name === name)?.uuid ?? "")
  )

/** The value of a variable of an application. */
const valueOf = (application: string, key: string) =>
  Effect.gen(function* () {
    const rows = yield* (yield* client).variables.list(yield* uuidOf(application))
    const value = rows.find((row) => row.key === key && !row.isPreview)?.value
    return value === undefined ? undefined : Redacted.value(value)
  })

/** Another machine, without anything that was kept on the first. */
const elsewhere = secretMemory({}, "another")

/** What a token without `read:sensitive` sees. */
const blind = Effect.map(client, (seeing) => ({
  ...seeing,
  variables: {
    ...seeing.variables,
    list: (uuid: string) =>
      Effect.map(seeing.variables.list(uuid), (rows) => rows.map((row) => ({ ...row, value: undefined })))
  }
}))

describe("the processes of a spec", () => {
  test(
    "are applied as one, with one value of a generated secret, and then nothing is written",
    Effect.gen(function* () {
      const text = spec("{ web: {}, worker: { command: bin/work }, clock: { command: bin/clock } }")
      assert.deepStrictEqual(yield* applied(text), ["complete", "complete", "complete"])
      assert.deepStrictEqual(yield* applications, ["shop", "shop-clock", "shop-worker"])
      const value = yield* valueOf("shop", "SESSION_KEY")
      assert.lengthOf(value ?? "", 32)
      assert.strictEqual(yield* valueOf("shop-worker", "SESSION_KEY"), value)
      assert.strictEqual(yield* valueOf("shop-clock", "SESSION_KEY"), value)
      const before = yield* writes
      assert.deepStrictEqual(yield* applied(text), ["unchanged", "unchanged", "unchanged"])
      assert.deepStrictEqual(yield* applied(text).pipe(Effect.provide(elsewhere)), [
        "unchanged",
        "unchanged",
        "unchanged"
      ])
      assert.deepStrictEqual(yield* writes, before)
    })
  )

  test(
    "leave the application of a spec that had none as it is",
    Effect.gen(function* () {
      const [alone] = specsOf(spec("{}"))
      yield* ok(appliedAlone(alone))
      const before = yield* uuidOf("shop")
      assert.deepStrictEqual(yield* applied(spec("{ web: {}, worker: {} }")), ["unchanged", "complete"])
      assert.strictEqual(yield* uuidOf("shop"), before)
      assert.strictEqual(yield* valueOf("shop-worker", "SESSION_KEY"), yield* valueOf("shop", "SESSION_KEY"))
    })
  )

  test(
    "stand or fall together, and leave the world as it was",
    Effect.gen(function* () {
      const empty = yield* world
      const fails = "{ web: {}, worker: { env: { SANDBOX_APP: crash } } }"
      const first = yield* applied(spec(fails))
      assert.include(
        first[0],
        "shop-worker does not stand, and the processes of a spec were to stand or none"
      )
      assert.notInclude(first, "complete")
      assert.deepStrictEqual(yield* world, empty)
      yield* applied(spec("{ web: {}, worker: {} }"))
      const stood = yield* world
      assert.notInclude(yield* applied(spec(fails, "env: { A: b }\n")), "complete")
      assert.deepStrictEqual(yield* world, stood)
      // The other way round: one that nobody can reach takes the rest back.
      assert.notInclude(yield* applied(spec("{ web: {}, worker: {} }", "env: { A: b }\n"), true), "complete")
      assert.deepStrictEqual(yield* world, stood)
    })
  )

  test(
    "have the value that the others have, where one is added later from another machine",
    Effect.gen(function* () {
      yield* applied(spec("{ web: {}, worker: {} }"))
      const value = yield* valueOf("shop", "SESSION_KEY")
      const more = spec("{ web: {}, worker: {}, clock: {} }")
      assert.deepStrictEqual(yield* applied(more).pipe(Effect.provide(elsewhere)), [
        "unchanged",
        "unchanged",
        "complete"
      ])
      assert.strictEqual(yield* valueOf("shop-clock", "SESSION_KEY"), value)
    })
  )

  test(
    "are not given another value where that of the others cannot be read, or is not one",
    Effect.gen(function* () {
      yield* applied(spec("{ web: {}, worker: {} }"))
      const clock = specOf(specsOf(spec("{ web: {}, worker: {}, clock: {} }")), "shop-clock")
      const before = yield* writes
      const unseen = yield* appliedAlone(clock).pipe(
        Effect.provide(elsewhere),
        Effect.provideServiceEffect(CoolifyClient, blind)
      )
      assert.include(
        Either.getOrThrow(Either.flip(unseen)).message,
        "SESSION_KEY is to be as shop has it, and this token may not read that"
      )
      assert.deepStrictEqual(yield* writes, before)
      const uuid = yield* uuidOf("shop-worker")
      const { variables } = yield* client
      const rows = yield* variables.list(uuid)
      yield* variables.put(
        uuid,
        rows.flatMap(({ uuid: _, value, ...row }) =>
          row.key === "SESSION_KEY" && value !== undefined
            ? [{ ...row, value: Redacted.make("another value of the same secret") }]
            : []
        )
      )
      const edited = yield* writes
      const two = yield* appliedAlone(clock)
      assert.include(
        Either.getOrThrow(Either.flip(two)).message,
        "shop and shop-worker have two values of SESSION_KEY"
      )
      assert.deepStrictEqual(yield* writes, edited)
    })
  )

  test(
    "are known by the names of their journals, for whoever recovers a run",
    Effect.gen(function* () {
      const owner = yield* Owner
      const all = specsOf(spec("{ web: {}, worker: {} }"))
      for (const one of all) assert.strictEqual(specOf(all, journalOf(journalName(owner, one))), one)
      const former = specOf(all, journalOf(journalName(owner, { ...all[0], name: "shop-clock" })))
      assert.strictEqual(former.name, "shop-clock")
    })
  )

  test(
    "share a database that one of them makes",
    Effect.gen(function* () {
      const more = 'databases: { main: postgres:17 }\nenv: { DATABASE_URL: "${databases.main.url}" }\n'
      const text = spec("{ web: {}, worker: {} }", more)
      assert.deepStrictEqual(yield* applied(text), ["complete", "complete"])
      assert.strictEqual(
        yield* valueOf("shop-worker", "DATABASE_URL"),
        yield* valueOf("shop", "DATABASE_URL")
      )
      assert.deepStrictEqual(yield* applied(text), ["unchanged", "unchanged"])
    })
  )

  test(
    "are known when the spec does not have them any more, and other specs' are not",
    Effect.gen(function* () {
      yield* applied(spec("{ web: {}, worker: {}, clock: {} }"))
      const [other] = specsOf(
        spec("{}").replace("name: shop", "name: shop-mail").replace("shop.ex", "mail.ex")
      )
      yield* ok(appliedAlone(other))
      const now = specsOf(spec("{ web: {}, clock: {} }"))
      const former = Effect.map(formerProcesses(now[0], now), (all) => all.map(({ name }) => name))
      assert.deepStrictEqual(yield* former, ["shop-worker"])
      const [alone] = specsOf(spec("{}"))
      const plan = yield* planned(alone)
      assert.include(plan?.notes.join("\n"), "shop-worker was made for a process of this spec")
      const worker = specOf(now, "shop-worker")
      yield* ok(destroyed(worker))
      assert.deepStrictEqual(yield* former, [])
      assert.deepStrictEqual(yield* applications, ["shop", "shop-clock", "shop-mail"])
      // The one of the spec's own name was `web`, or there before there were processes.
      const [renamed] = specsOf(spec("{ web: {}, api: {} }")).slice(1)
      assert.isDefined(renamed)
      if (renamed === undefined) return
      assert.deepStrictEqual(
        (yield* formerProcesses(renamed, [renamed])).map(({ name }) => name).toSorted(),
        ["shop", "shop-clock"]
      )
    })
  )

  test(
    "are a spec of their own once they are adopted, and no process that is missed",
    Effect.gen(function* () {
      yield* applied(spec("{ web: {}, worker: {} }"))
      const now = specsOf(spec("{ web: {} }"))
      assert.lengthOf(yield* formerProcesses(now[0], now), 1)
      const adoptable = yield* readAdoptable({
        application: "shop-worker",
        project: undefined,
        environment: undefined,
        dns: false
      })
      const report = yield* ok(
        ended(
          adopt(adoptable, {
            mode: "sandbox",
            confirm: () => Effect.succeed(true),
            origin: applyOptions.origin
          })
        )
      )
      assert.strictEqual(report.outcome, "complete")
      assert.deepStrictEqual(yield* formerProcesses(now[0], now), [])
      const plan = yield* planned(adoptable.spec)
      assert.deepStrictEqual(
        plan?.changes.filter(({ action }) => action !== "unchanged"),
        []
      )
    })
  )

  test(
    "take in an application that had a spec of its own, and let it go again",
    Effect.gen(function* () {
      const [web] = specsOf(spec("{}"))
      yield* ok(appliedAlone(web))
      const [alone] = specsOf(
        spec("{}")
          .replace("name: shop", "name: shop-worker")
          .replace("domain: shop.example.com", "domain: none")
      )
      yield* ok(appliedAlone(alone))
      const uuid = yield* uuidOf("shop-worker")
      const all = specsOf(spec("{ web: {}, worker: { port: 80 } }"))
      const worker = specOf(all, "shop-worker")
      const mark = Effect.map(
        Effect.flatMap(client, ({ applications }) => applications.get(uuid)),
        (found) => Marker.parse(found.description)
      )
      const before = yield* Effect.orDie(Effect.fromNullable(yield* mark))
      assert.isUndefined(before.of)
      const plan = yield* planned(worker)
      assert.deepInclude(plan?.changes.flatMap(({ fields }) => fields) ?? [], {
        field: "belongs to",
        before: "a spec of its own",
        after: "this spec",
        secret: false
      })
      yield* ok(appliedAlone(worker))
      assert.deepStrictEqual(yield* mark, {
        ...before,
        of: Marker.applicationKey(yield* Owner, web)
      })
      assert.deepStrictEqual(
        (yield* formerProcesses(all[0], [all[0]])).map(({ name }) => name),
        ["shop-worker"]
      )
      yield* ok(appliedAlone(alone))
      assert.deepStrictEqual(yield* mark, before)
      assert.strictEqual(yield* uuidOf("shop-worker"), uuid)
    })
  )
})

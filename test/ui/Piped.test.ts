/** What a file, a pipe or a CI job gets of the main commands, whole: over the sandbox in memory, on the clock of the test. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { assert, describe, expect } from "vitest"
import { link } from "../../src/appspec/Batch.ts"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import { report } from "../../src/cli/Report.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { type Emitted, Progress } from "../../src/engine/DeploymentEvent.ts"
import { begin, withEvent } from "../../src/engine/RunRecord.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { runBatch } from "../../src/orchestrator/Batch.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import { checkCoolify, checkDns } from "../../src/orchestrator/Doctor.ts"
import type { RunError } from "../../src/orchestrator/RunError.ts"
import { status } from "../../src/orchestrator/Status.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import type { JournalError } from "../../src/state/Journals.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { makeBatchText } from "../../src/ui/BatchText.ts"
import { renderBatch, renderCounts } from "../../src/ui/BatchView.ts"
import { renderChecked, renderChecks } from "../../src/ui/DoctorView.ts"
import { explain } from "../../src/ui/Explain.ts"
import { widthOf } from "../../src/ui/Layout.ts"
import { renderRun } from "../../src/ui/RunsView.ts"
import { Screen } from "../../src/ui/Screen.ts"
import { renderStatus } from "../../src/ui/StatusView.ts"
import { plainStyle } from "../../src/ui/Style.ts"
import { grow, noTree } from "../../src/ui/tree/Tree.ts"
import * as Text from "../../src/ui/Text.ts"
import { applyOptions, batchOptions, destroyOptions, server, zone } from "../orchestrator/Samples.ts"
import { layerDirect } from "../support/CoolifyInMemory.ts"
import { startHere } from "../support/InThisProcess.ts"
import { probe } from "../support/Probe.ts"

const world = Layer.mergeAll(
  layerDirect({ servers: [server] }),
  Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
  secretMemory({ API_KEY: "s3cret-of-the-tests" }),
  journalsMemory
)

const textOf = (name: string, version: string, more = "") => `name: ${name}
domain: ${name}.example.com
source: { image: "nginx:${version}" }
port: 80
env: { GREETING: hello }
${more}`

const specOf = (name: string, version = "1.27", more = "") =>
  Either.getOrThrow(parseSpec(textOf(name, version, more), `${name}.yaml`))

const further = `databases: { main: "postgres:17" }
dns: { records: ["_dmarc.api TXT v=DMARC1; p=reject"] }
`
const withSecret = "secrets: { API_KEY: generate }\n"

/** Both streams, as `2>&1` has them. */
const recording = () => {
  const written = { text: "" }
  const stream = {
    write: (text: string) => Effect.sync(() => void (written.text += text)),
    closed: Effect.never,
    style: plainStyle,
    tty: false
  }
  return { written, layer: Layer.succeed(Screen, { out: stream, err: stream }) }
}

const { layer: screen, written } = recording()

/** As it stands in the file, below the command that writes it. */
const scene = (command: string, text: string) => `$ ${command} 2>&1 | cat\n${text.trim()}\n`

const shown = <A, E, R>(command: string, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    written.text = ""
    const result = yield* effect
    return { result, scene: scene(command, written.text) }
  })

/** Runs to its end on the clock of the test, and tells how it failed. */
const told = <R>(run: Effect.Effect<unknown, RunError | JournalError, R>, healthy = true) =>
  Effect.gen(function* () {
    const events: Array<Emitted> = []
    const text = yield* Layer.build(Text.layer({ quiet: false, verbose: false }))
    const { emit } = yield* Effect.provide(Progress, text)
    const fiber = yield* run.pipe(
      Effect.catchTag("JournalError", Effect.die),
      Effect.provideService(HealthProbe, probe(healthy)),
      Effect.provideService(Progress, {
        emit: (emitted) => {
          events.push(emitted)
          return emit(emitted)
        }
      }),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("3 hours")
    const ended = yield* Fiber.join(fiber)
    if (Either.isLeft(ended)) {
      yield* report(ended.left, { json: false, reads: false, recover: "fabrik recover" })
    }
    return { ended, events }
  })

const rendered = (command: string, lines: ReadonlyArray<string>) => scene(command, lines.join("\n"))

/** The third one fails, the fourth needs it. */
const several = Effect.gen(function* () {
  const members = [
    { name: "api", more: "" },
    { name: "docs", more: "" },
    { name: "shop", more: "needs: [api]\n" },
    { name: "admin", more: "needs: [shop]\n" }
  ].map(({ more, name }) => ({
    file: `${name}.yaml`,
    text: textOf(name, "1.27", more),
    spec: specOf(name, "1.27", more)
  }))
  const links = Either.getOrThrow(link(members))
  const text = yield* makeBatchText(
    links.map(({ label }) => ({ label, group: undefined })),
    { quiet: false, verbose: false }
  )
  const labels = links.map(({ label }) => label)
  const fiber = yield* runBatch(
    links,
    {
      ...batchOptions,
      stands: () => true,
      decide: () => Effect.as(text.showPlans(new Set(labels)), true)
    },
    (index, gate) => {
      const { label = "", subject } = links[index] ?? {}
      return apply(subject?.spec ?? specOf("none"), { ...applyOptions, ...gate }).pipe(
        Effect.catchTag("JournalError", Effect.die),
        Effect.provideService(Progress, text.progress(label)),
        Effect.provideService(HealthProbe, probe(label !== "shop"))
      )
    }
  ).pipe(Effect.fork)
  yield* TestClock.adjust("6 hours")
  const ends = yield* Fiber.join(fiber)
  const rows = ends.map((end, index) => ({
    label: labels[index] ?? "",
    removes: false,
    result:
      end._tag === "Ended"
        ? ({ _tag: "Ended", report: end.result, answers: true, changes: 1 } as const)
        : end._tag === "Skipped"
          ? end
          : ({ _tag: "Failed", report: end.error.report, step: end.error.step } as const)
  }))
  const { out } = yield* Screen
  yield* out.write(`\n${renderBatch(rows, "apply", plainStyle).join("\n")}\n`)
  yield* out.write(`${renderCounts(rows, "apply")}\n`)
  return rows.map(({ result }) => result._tag)
})

const facts = {
  command: "apply",
  file: "api.yaml",
  application: "api",
  project: "fabrik",
  environment: "production",
  coolify: "https://coolify.example.com/api/v1",
  owner: "default",
  user: "ada",
  machine: "laptop",
  process: 4711,
  fabrik: "0.1.0"
}

describe("piped", () => {
  it.scoped("the main commands write plain lines, one for each change", () =>
    Effect.gen(function* () {
      const spec = specOf("api", "1.27", withSecret)
      const next = specOf("api", "1.28", withSecret)
      const plan = yield* shown(
        "fabrik plan api.yaml",
        told(apply(spec, { ...applyOptions, command: "plan", mode: "dry-run" }))
      )
      const first = yield* shown("fabrik apply api.yaml --yes", told(apply(spec, applyOptions)))
      const again = yield* shown("fabrik apply api.yaml --yes", told(apply(spec, applyOptions)))
      const stands = yield* shown(
        "fabrik status api.yaml",
        status(spec, { skipDns: false, holder: Effect.succeed(undefined) }).pipe(
          Effect.provideService(HealthProbe, probe(true))
        )
      )
      const failing = yield* shown("fabrik apply api.yaml --yes", told(apply(next, applyOptions), false))
      const checks = yield* Effect.zipWith(checkCoolify(), checkDns([spec]), (a, b) => [...a, ...b]).pipe(
        Effect.provideService(HealthProbe, probe(true))
      )
      const batch = yield* shown("fabrik apply specs/ --yes", several)
      const gone = yield* shown("fabrik destroy api.yaml --yes", told(destroy(spec, destroyOptions)))
      const [begun, ...events] = failing.result.events
      assert.isDefined(begun)
      const error = Either.getOrThrow(Either.flip(failing.result.ended))
      const { next: way, what } = explain(error.error)
      const record = {
        ...events.reduce(withEvent, begin(facts, begun)),
        exit: 10,
        failure: { step: error.step, cause: "ProbeError", message: what, next: way }
      }
      const explained = startHere(["explain", "unhealthy-connection-refused"])
      yield* Effect.promise(() => explained.done)
      assert.isTrue(Either.isRight(first.result.ended))
      assert.deepStrictEqual(batch.result, ["Ended", "Ended", "Failed", "Skipped"])
      const scenes = [
        plan.scene,
        first.scene,
        again.scene,
        rendered("fabrik status api.yaml", renderStatus(stands.result, plainStyle)),
        failing.scene,
        rendered(
          "fabrik runs show last",
          renderRun({ record, standing: "ended" }, [".fabrik/runs/0123456789ab/container.log"], plainStyle)
        ),
        scene("fabrik explain unhealthy-connection-refused", explained.output.out + explained.output.err),
        rendered("fabrik doctor api.yaml", [...renderChecks(checks, plainStyle), renderChecked(checks)]),
        batch.scene,
        gone.scene
      ]
      const text = scenes
        .join("\n")
        .replace(/\b[0-9a-f]{12}\b/g, "0123456789ab")
        .replace(/\b(?=[a-z]*\d)[a-z0-9]{24}\b/g, "a0b1c2d3e4f5g6h7i8j9k0l1")
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(text, /[\u0000-\u0009\u000b-\u001f]/)
      for (const line of text.split("\n")) assert.isAtMost(widthOf(line), 80, line)
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("../../fixtures/screens/piped.txt"))
    }).pipe(Effect.provide(Layer.mergeAll(world, screen)))
  )

  it.scoped("whatever a terminal shows as still to come begins under that name", () =>
    Effect.gen(function* () {
      const spec = specOf("api", "1.27", further)
      const { events } = yield* told(apply(spec, applyOptions))
      const planned = events.findIndex(({ event }) => event._tag === "Planned")
      const shownAsComing = events
        .slice(0, planned + 1)
        .reduce(grow, noTree)
        .planned.map(([address]) => address)
        .toSorted()
      const began = events.flatMap(({ event }) => (event._tag === "ChangeStarted" ? [event.address] : []))
      assert.deepStrictEqual(shownAsComing, [
        "coolify/application api",
        "coolify/database api-main",
        "coolify/project fabrik",
        "dns/record _dmarc.api.example.com TXT",
        "dns/record api.example.com A"
      ])
      assert.includeMembers(began, shownAsComing)
      const steps = events.flatMap(({ event }) =>
        event._tag === "StepStarted" ? [[event.step, event.next]] : []
      )
      assert.deepStrictEqual(steps.slice(2), [
        ["provision", ["deploy", "verify"]],
        ["deploy", ["verify"]],
        ["verify", undefined]
      ])
    }).pipe(Effect.provide(Layer.mergeAll(world, screen)))
  )

  const rewrites = (output: { readonly out: string; readonly err: string }) =>
    // oxlint-disable-next-line no-control-regex
    /\r|\u001b\[[0-9]*[A-HJK]/u.test(output.out + output.err)

  it.each([
    [{}, true, true],
    [{ NO_COLOR: "1" }, false, false],
    [{ TERM: "dumb" }, false, false],
    [{ CI: "true" }, false, true]
  ])(
    "a terminal with %j has lines written anew in place: %s, and colours: %s",
    async (env, anew, colours) => {
      const { done, output } = startHere(["apply", "--dry-run", "fixtures/test-api.yaml"], {
        columns: 80,
        env,
        readLine: () => () => {}
      })
      assert.strictEqual(await done, 0)
      assert.strictEqual(rewrites(output), anew)
      assert.strictEqual((output.out + output.err).includes("\u001b[1m"), colours)
    }
  )
})

/** What fabrik did not make stays as it is, whatever happens around it. */
import { assert, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { apply } from "../../src/orchestrator/Apply.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import { Pace } from "../../src/engine/Pace.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { Source } from "../../src/appspec/sections/Source.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { isFull, size } from "../reliability/Scale.ts"
import { destroyOptions } from "../orchestrator/Samples.ts"
import { hasty, layersOf, options, specOf } from "./SandboxWorld.ts"

const zone = "example.com"

/** By hand, past fabrik's clients. */
const byHand = (sandbox: SandboxHandle) => {
  const send = (url: string, method: string, headers: Record<string, string>, body: unknown) =>
    Effect.promise(async () => {
      const response = await fetch(url, {
        method,
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(body)
      })
      const text = await response.text()
      assert.isTrue(response.ok, `${method} ${url}: ${response.status} ${text}`)
      return text
    })
  const coolify = (path: string, body: unknown) =>
    send(`${sandbox.apiUrl}/api/v1${path}`, "POST", { authorization: `Bearer ${sandbox.token}` }, body)
  const made = (path: string, body: unknown) =>
    Effect.map(coolify(path, body), (text) => (JSON.parse(text) as { readonly uuid: string }).uuid)
  const record = (name: string, type: string, content: string, comment?: string) =>
    send(
      `${sandbox.dnsApiUrl}/api/v1/servers/localhost/zones/${zone}.`,
      "PATCH",
      { "x-api-key": sandbox.dnsApiKey },
      {
        rrsets: [
          {
            name: `${name}.${zone}.`,
            type,
            ttl: 600,
            changetype: "REPLACE",
            records: [{ content, disabled: false }],
            comments: comment === undefined ? [] : [{ content: comment, account: "fabrik" }]
          }
        ]
      }
    )
  return { coolify, made, record }
}

/** In fabrik's own form, with the key of nobody here. */
const otherMark = "managed by fabrik - key=0123456789abcdef run=0123456789ab"

/** Everything that stands in the way or looks like fabrik's, in a project called `web`. */
const decoys = (sandbox: SandboxHandle) =>
  Effect.gen(function* () {
    const { coolify, made, record } = byHand(sandbox)
    const servers = yield* Effect.promise(() =>
      fetch(`${sandbox.apiUrl}/api/v1/servers`, {
        headers: { authorization: `Bearer ${sandbox.token}` }
      }).then((response) => response.json() as Promise<ReadonlyArray<{ readonly uuid: string }>>)
    )
    const project = yield* made("/projects", { name: "web", description: "by hand" })
    yield* coolify(`/projects/${project}/environments`, { name: "staging" })
    yield* coolify("/projects", { name: "empty", description: otherMark })
    const application = (name: string, environment: string, domain: string, description: string) =>
      Effect.gen(function* () {
        const uuid = yield* made("/applications/dockerimage", {
          project_uuid: project,
          server_uuid: servers[0]?.uuid,
          environment_name: environment,
          docker_registry_image_name: "nginx",
          docker_registry_image_tag: "1.27",
          ports_exposes: "80",
          autogenerate_domain: false,
          name,
          description,
          domains: `https://${domain}.${zone}`
        })
        yield* coolify(`/applications/${uuid}/envs`, { key: "KEEP", value: "this" })
        yield* coolify(`/applications/${uuid}/envs`, {
          key: "FABRIK_RELEASE",
          value: "0123456789ab",
          comment: "fabrik 00000000000000000000000000000000"
        })
        yield* coolify(`/deploy?uuid=${uuid}`, {})
      })
    yield* application("shop", "production", "shop", "")
    yield* application("lookalike", "production", "lookalike", otherMark)
    yield* application("lane0-svc0", "staging", "staging", "")
    yield* record("*", "A", "192.0.2.77")
    yield* record("shop", "A", "192.0.2.78")
    yield* record("owned", "A", "192.0.2.79", otherMark)
    yield* record("taken", "CNAME", "elsewhere.example.net.")
    for (const name of ["lane0-svc0", "lane1-svc1"]) {
      yield* record(name, "TXT", '"keep"')
      yield* record(name, "MX", "10 mail.example.net.")
      yield* record(`_acme-challenge.${name}`, "TXT", '"keep"')
    }
    const world = yield* sandbox.world.pipe(
      Effect.delay("20 millis"),
      Effect.repeat({ until: ({ coolify: { containers } }) => containers.length === 3 })
    )
    const uuids = new Set(world.coolify.applications.map(({ uuid }) => uuid))
    const projects = new Set(world.coolify.projects.map(({ uuid }) => uuid))
    const rows = new Set(
      world.zones.flatMap(({ rrsets }) => rrsets.map(({ name, type }) => `${name} ${type}`))
    )
    /** The decoys of the world as it is, as text. */
    const now = Effect.map(sandbox.world, (so) =>
      JSON.stringify({
        projects: so.coolify.projects.filter(({ uuid }) => projects.has(uuid)),
        applications: so.coolify.applications.filter(({ uuid }) => uuids.has(uuid)),
        containers: so.coolify.containers.filter((one) => uuids.has(one.application)),
        records: so.zones.flatMap(({ rrsets }) =>
          rrsets.filter(({ name, type }) => rows.has(`${name} ${type}`))
        )
      })
    )
    return { now, before: yield* now, world: yield* sandbox.world }
  })

const pick = <A>(choices: ReadonlyArray<A>) =>
  Effect.map(Random.nextIntBetween(0, choices.length), (index) => choices[index]!)

const sources: ReadonlyArray<Source> = [
  { _tag: "Image", name: "registry.example/api", tag: "1" },
  { _tag: "Image", name: "registry.example/api", tag: "2" },
  { _tag: "Dockerfile", text: "FROM nginx:1.27\n" }
]

const quick = (spec: Spec): Spec => ({
  ...spec,
  healthcheck: {
    ...spec.healthcheck,
    interval: Duration.millis(50),
    timeout: Duration.seconds(5)
  }
})

/** A spec of this lane, in some version, good or broken. */
const someSpec = (lane: number) =>
  Effect.gen(function* () {
    const name = `lane${lane}-svc${yield* Random.nextIntBetween(0, 2)}`
    const behaviour = yield* pick(["ok", "ok", "crash", "unhealthy", "fail-build"])
    const spec = quick(
      specOf({ SANDBOX_APP: behaviour, VERSION: String(yield* Random.nextIntBetween(0, 3)) })
    )
    return {
      ...spec,
      name,
      project: yield* pick(["web", `lane${lane}`]),
      domains: [`${name}.${zone}`],
      source: yield* pick(sources),
      dns: { ...spec.dns, ttl: yield* pick([undefined, 60]) }
    }
  })

/** Specs that name what is not theirs. */
const trespassers: ReadonlyArray<Partial<Spec>> = [
  { name: "shop", project: "web", domains: [`new.${zone}`] },
  { name: "lookalike", project: "web", domains: [`new.${zone}`] },
  { name: "lane0-svc0", project: "web", environment: "staging", domains: [`new.${zone}`] },
  { name: "thief", domains: [`shop.${zone}`] },
  { name: "thief", domains: [`owned.${zone}`] },
  { name: "thief", domains: [`taken.${zone}`] }
]

const lanes = 4
const runsPerLane = size(2, 50)

it.scopedLive(
  `${lanes * runsPerLane} runs leave what is not theirs byte for byte as it was`,
  () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({
        seed: { domains: [`api.${zone}`] },
        latency: { queue: "1 millis", build: "5 millis", statusRefresh: "5 millis", deleteJob: "5 millis" }
      })
      const { now, before, world } = yield* decoys(sandbox)
      const pace = yield* hasty
      const layers = yield* Layer.build(layersOf(sandbox))
      const seed = yield* Random.nextInt
      const ended = new Map<string, number>()

      const applied = (spec: Spec, timeout: Duration.Duration) =>
        Effect.catchTag(apply(spec, { ...options, timeout }), "JournalError", Effect.die)
      const destroyed = (spec: Spec) =>
        destroy(spec, destroyOptions).pipe(Effect.catchTag("JournalError", Effect.die))

      const oneRun = (lane: number, history: Array<string>) =>
        Effect.gen(function* () {
          const spec = yield* someSpec(lane)
          const kind = yield* pick([
            "apply",
            "apply",
            "deadline",
            "interrupt",
            "destroy",
            "trespass"
          ] as const)
          history.push(`${kind} ${JSON.stringify(spec)}`)
          switch (kind) {
            case "apply":
              return yield* Effect.either(applied(spec, options.timeout))
            case "deadline":
              return yield* Effect.either(
                applied(spec, Duration.millis(yield* Random.nextIntBetween(1, 400)))
              )
            case "interrupt": {
              const fiber = yield* Effect.fork(applied(spec, options.timeout))
              yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(1, 400)))
              yield* Fiber.interrupt(fiber)
              return undefined
            }
            case "destroy":
              return yield* Effect.either(destroyed(spec))
            case "trespass": {
              const foreign = { ...spec, ...(yield* pick(trespassers)) }
              const refused = Either.flip(yield* Effect.either(applied(foreign, options.timeout)))
              assert.strictEqual(Either.getOrThrow(refused).error._tag, "RefusedError", foreign.name)
              return yield* Effect.either(destroyed(foreign))
            }
          }
        })

      const inLane = (lane: number) =>
        Effect.gen(function* () {
          const history: Array<string> = []
          for (let number = 0; number < runsPerLane; number += 1) {
            const result = yield* oneRun(lane, history)
            history.push(JSON.stringify(result))
            const at = `seed ${seed}, lane ${lane}, run ${number}\n${history.slice(-6).join("\n")}`
            assert.strictEqual(yield* now, before, at)
            const report =
              result === undefined
                ? undefined
                : Either.match(result, { onLeft: (failure) => failure.report, onRight: (settled) => settled })
            assert.deepStrictEqual(report?.leftovers ?? [], [], at)
            const outcome = report?.outcome ?? "interrupted"
            ended.set(outcome, (ended.get(outcome) ?? 0) + 1)
          }
          for (const name of [`lane${lane}-svc0`, `lane${lane}-svc1`]) {
            for (const project of ["web", `lane${lane}`]) {
              yield* destroyed({ ...specOf(), name, project, domains: [`${name}.${zone}`] })
            }
          }
        }).pipe(Effect.withRandom(Random.make(seed + lane)))

      yield* Effect.forEach(
        Array.from({ length: lanes }, (_, lane) => lane),
        inLane,
        { concurrency: "unbounded", discard: true }
      ).pipe(Effect.provideService(Pace, pace), Effect.provide(layers))
      assert.deepStrictEqual(yield* sandbox.world, world, `seed ${seed}`)
      // Few runs need not come to each end.
      const ends = ["complete", "rolled-back", "interrupted", "nothing-changed"]
      for (const outcome of isFull ? ends : []) {
        assert.isAbove(
          ended.get(outcome) ?? 0,
          0,
          `${outcome} of ${JSON.stringify([...ended])}, seed ${seed}`
        )
      }
      yield* Effect.logInfo(JSON.stringify([...ended]))
    }),
  // Half a minute on a quiet machine; on a busy one it takes many times as long.
  size(600_000, 7_200_000)
)

/** A compose file as Coolify's service, from the first apply to the end of its data. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { journalName } from "../../src/engine/RunJournal.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { logs } from "../../src/orchestrator/Logs.ts"
import { status } from "../../src/orchestrator/Status.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import {
  applied,
  changesOf,
  destroyed,
  ended,
  failed,
  layer,
  ok,
  planned,
  test,
  world,
  writes,
  killed
} from "../support/DirectWorld.ts"
import { spec as base } from "./Samples.ts"

interface Asked {
  readonly web?: string
  readonly env?: Readonly<Record<string, string>>
  readonly more?: string
}

const text = ({ more = "", web = "registry.example/web:1" }: Asked) => `# A comment that Coolify drops
services:
  web:
    image: ${web}
    environment:
      - GREETING=\${GREETING}
      - PASSWORD=\${API_KEY:?set it}
      - SERVICE_URL_WEB
      - PUBLIC_URL=\${SERVICE_URL_WEB}
    depends_on: [db]
  db:
    image: postgres:17
    volumes: ["data:/var/lib/postgresql/data"]
${more}volumes:
  data:
`

/** Nothing is heard of what does not come up, for as short as the test lets it. */
const hasty = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Pace, (pace) =>
    Effect.provideService(run, Pace, { ...pace, serviceStart: Duration.seconds(10) })
  )

const of = (asked: Asked = {}): Spec => ({
  ...Either.getOrThrow(
    parseSpec(
      [
        `name: ${base.name}`,
        `project: ${base.project}`,
        `environment: ${base.environment}`,
        "domains:",
        `  web: ${base.domains[0]}`,
        "source:",
        "  compose: |",
        ...text(asked)
          .split("\n")
          .map((line) => `    ${line}`),
        "env:",
        ...Object.entries({ GREETING: "hello", ...asked.env }).map(([key, value]) => `  ${key}: ${value}`),
        "secrets: [API_KEY]"
      ].join("\n"),
      "spec.yaml"
    )
  ),
  server: base.server
})
const spec = of()

/** The containers as they run. */
const containers = Effect.map(world, ({ coolify }) => coolify.containers)
const web = Effect.map(containers, (all) => all.find(({ image }) => image.startsWith("registry.example/web")))
const services = Effect.map(world, ({ coolify }) => coolify.services)

describe("a compose file", () => {
  test(
    "runs whole, with its values and its address, and is left alone from then on",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      assert.lengthOf(yield* containers, 2)
      assert.include((yield* web)?.env, {
        GREETING: "hello",
        PASSWORD: "s3cret",
        PUBLIC_URL: `https://${base.domains[0]}`
      })
      const [service] = yield* services
      assert.deepStrictEqual(
        service?.parts.map(({ fqdn, name }) => [name, fqdn]),
        [
          ["db", null],
          ["web", `https://${base.domains[0]}`]
        ]
      )
      assert.lengthOf((yield* world).records, 1)
      const before = yield* writes
      yield* ok(applied(spec))
      assert.deepStrictEqual(yield* writes, before, "the second apply writes nothing")
    })
  )

  test(
    "is the same without its comments, its anchors and the order of its keys",
    Effect.gen(function* () {
      yield* ok(applied(of({ more: "  job:\n    image: job:1\n    restart: always\n" })))
      assert.deepStrictEqual(
        yield* changesOf(of({ more: "  job: &job\n    restart: always # for ever\n    image: 'job:1'\n" })),
        []
      )
    })
  )

  test(
    "is changed in place: a container added, one taken off, an image and a value",
    Effect.gen(function* () {
      yield* ok(applied(of({ more: "  old:\n    image: old:1\n" })))
      const { coolify } = yield* world
      const next = of({
        web: "registry.example/web:2",
        env: { GREETING: "bye" },
        more: "  cache:\n    image: redis:7\n"
      })
      const plan = yield* planned(next)
      assert.includeMembers(plan?.changes.flatMap(({ fields }) => fields.map(({ field }) => field)) ?? [], [
        "compose.web",
        "compose.old",
        "compose.cache"
      ])
      assert.include(plan?.notes.join(" "), "stops all containers")
      yield* ok(applied(next))
      const now = yield* containers
      assert.deepStrictEqual(now.map(({ image }) => image).toSorted(), [
        "postgres:17",
        "redis:7",
        "registry.example/web:2"
      ])
      assert.strictEqual((yield* web)?.env["GREETING"], "bye")
      assert.strictEqual((yield* services)[0]?.uuid, coolify.services[0]?.uuid)
      assert.deepStrictEqual(yield* changesOf(next), [], "what left the text does not count")
    })
  )

  test(
    "keeps a volume's name: another one would be empty",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const before = yield* writes
      const renaming = (change: (compose: string) => string): Spec => ({
        ...spec,
        source: { _tag: "Compose", text: change(text({})) }
      })
      const renamed = renaming((compose) => compose.replaceAll("data:", "store:"))
      const { message } = failed(yield* applied(renamed))
      assert.include(message, "store would be another one at /var/lib/postgresql/data of db, and empty")
      assert.deepStrictEqual(yield* writes, before)
      const both = renaming((compose) =>
        compose
          .replace('"data:/var/lib/postgresql/data"', '"data:/old", "store:/var/lib/postgresql/data"')
          .replace("  data:\n", "  data:\n  store:\n")
      )
      yield* ok(applied(both))
      yield* ok(applied(renamed))
      assert.deepStrictEqual(yield* changesOf(renamed), [])
    })
  )

  test(
    "leaves a volume that somebody gave a container in Coolify, which nothing can change or delete",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const { api, calls, edit } = yield* CoolifyInMemory
      // As Coolify stores what its API is given; its PATCH and its DELETE are 422 from then on (recorded: services 156, 165, 166).
      yield* edit((state) => ({
        ...state,
        parts: state.parts.map((part) => {
          const [one] = part.storages
          const more = { name: `${part.uuid}-more`, mount_path: "/more", uuid: "more00000000000000000000" }
          return one === undefined
            ? part
            : { ...part, storages: [...part.storages, { ...one, id: 99, ...more }] }
        })
      }))
      const held = Effect.map(api.state.get, ({ parts }) => JSON.stringify(parts))
      assert.include(yield* held, "/more")
      assert.deepStrictEqual(yield* changesOf(spec), [])
      const before = yield* world
      failed(yield* applied(of({ web: "registry.example/web:2" }), {}, false))
      assert.deepStrictEqual(yield* world, before)
      yield* ok(applied(of({ web: "registry.example/web:2" })))
      assert.include(yield* held, "/more")
      yield* ok(destroyed(spec, { deleteVolumes: true }))
      assert.deepStrictEqual((yield* world).coolify.services, [])
      assert.deepStrictEqual(
        (yield* calls).filter((method) => /storage|file/i.test(method)),
        []
      )
    })
  )

  for (const [name, next, healthy] of [
    ["an image that is not there", of({ web: "registry.example/web:missing" }), true],
    ["a container that crashes", of({ env: { SANDBOX_APP: "crash" } }), true],
    ["an application that does not answer", of({ web: "registry.example/web:2" }), false]
  ] as const) {
    test(
      `of a first apply goes again with ${name}`,
      Effect.gen(function* () {
        const before = yield* world
        const error = failed(yield* hasty(applied(next, {}, healthy)))
        assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
        assert.deepStrictEqual(yield* world, before)
      })
    )

    test(
      `is as it was, and runs, when an update fails with ${name}`,
      Effect.gen(function* () {
        yield* ok(applied(spec))
        const before = yield* world
        const error = failed(yield* hasty(applied(next, {}, healthy)))
        assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
        assert.deepStrictEqual(yield* world, before)
        assert.deepStrictEqual(yield* changesOf(spec), [])
      })
    )
  }

  test(
    "is put back by whoever recovers a run that was killed while it started",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const before = yield* killed(of({ web: "registry.example/web:2" }), "startService")
      yield* ok(ended(rollBackOpen(journalName("default", spec), { mode: "sandbox", ...spec })))
      assert.deepStrictEqual(yield* world, before)
    })
  )

  test(
    "edited by hand in Coolify is drift, and put right",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const coolify = yield* CoolifyClient
      const uuid = (yield* world).coolify.services[0]?.uuid ?? ""
      yield* coolify.services.update(uuid, { compose: text({ web: "registry.example/web:9" }) })
      yield* coolify.services.update(uuid, {
        urls: [{ container: "web", urls: ["https://elsewhere.example.com"] }]
      })
      const plan = yield* planned(spec)
      const line = plan?.changes.find(({ kind }) => kind === "application")
      assert.strictEqual(line?.drifted, true)
      assert.deepStrictEqual(line?.fields.map(({ field }) => field).toSorted(), ["compose.web", "domain"])
      yield* ok(applied(spec))
      assert.deepStrictEqual(yield* changesOf(spec), [])
    })
  )

  test(
    "can take the place of an application, and an application its place",
    Effect.gen(function* () {
      yield* ok(applied(base))
      yield* ok(applied(spec))
      const { coolify } = yield* world
      assert.deepStrictEqual([coolify.applications.length, coolify.services.length], [0, 1])
      assert.deepStrictEqual(yield* changesOf(spec), [])
      yield* ok(applied(base))
      const back = (yield* world).coolify
      assert.deepStrictEqual([back.applications.length, back.services.length], [1, 0])
    })
  )

  test(
    "is deleted with its domain, and its data only when that is said",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const { volumes } = (yield* world).coolify
      assert.lengthOf(volumes, 1)
      yield* ok(destroyed(spec, { deleteVolumes: false }))
      const after = yield* world
      assert.deepStrictEqual([after.coolify.services.length, after.records.length], [0, 0])
      assert.deepStrictEqual(after.coolify.volumes, volumes)
      yield* ok(applied(spec))
      yield* ok(destroyed(spec, { deleteVolumes: true }))
      assert.lengthOf((yield* world).coolify.volumes, volumes.length)
    })
  )

  test(
    "that Coolify has already is adopted, and the spec that is written plans nothing",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const written = yield* ok(
        ended(
          readAdoptable({ application: base.name, project: undefined, environment: undefined, dns: true })
        )
      )
      assert.strictEqual(written.spec.source._tag, "Compose")
      assert.deepStrictEqual(written.spec.domains, spec.domains)
      assert.deepStrictEqual(yield* changesOf({ ...written.spec, secrets: ["API_KEY"] }), [])
    })
  )

  test(
    "tells each container, and the log of the one that answers, or of another by its name",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const all = yield* ok(ended(logs(spec, { lines: 10, timed: false })))
      assert.include(all.map((line) => line.text).join(), "registry.example/web:1")
      const { containers: told } = yield* ok(
        ended(status(spec, { skipDns: false, holder: Effect.succeed(undefined) }))
      )
      assert.deepStrictEqual(
        told?.map(({ image, name }) => [name, image]),
        [
          ["web", "registry.example/web:1"],
          ["db", "postgres:17"]
        ]
      )
      const db = yield* logs(spec, { lines: 10, timed: false, container: "db" })
      assert.include(db.map((line) => line.text).join(), "postgres:17")
    })
  )

  test(
    "with a variable that it demands and nobody gives is refused before anything is sent",
    Effect.gen(function* () {
      const before = yield* writes
      const { message } = failed(yield* applied({ ...spec, secrets: [], secretRules: new Map() }))
      assert.include(message, "API_KEY")
      assert.deepStrictEqual(yield* writes, before)
    })
  )

  test(
    "gets no value with a $ where Compose would read it once more",
    Effect.gen(function* () {
      const asked = of({ more: "  job:\n    image: job:1\n    environment: ['PRICE=${PRICE:-1}']\n" })
      const { message } = failed(yield* applied({ ...asked, env: { ...asked.env, PRICE: "5 $HOME" } }))
      assert.include(message, "PRICE")
      assert.notInclude(message, "5 $HOME")
    })
  )
})

it.effect("a token that may not read compose files changes none", () =>
  Effect.gen(function* () {
    yield* ok(applied(spec))
    const { message } = failed(yield* applied(of({ web: "registry.example/web:2" })))
    assert.include(message, "may not read the compose file")
  }).pipe(Effect.provide(layer(["read", "write", "deploy"])))
)

/** A compose file in a repository, from the first apply to the end, and each kind of source in another one's place. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Either from "effect/Either"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { journalName } from "../../src/engine/RunJournal.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { logs } from "../../src/orchestrator/Logs.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { status } from "../../src/orchestrator/Status.ts"
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
import { isFull } from "../reliability/Scale.ts"
import { spec as base } from "./Samples.ts"

const repository = "https://github.com/acme/shop"

interface Asked {
  readonly compose?: string
  readonly routes?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

const [host = ""] = base.domains

const read = (lines: ReadonlyArray<string>): Spec => ({
  ...Either.getOrThrow(
    parseSpec(
      [
        `name: ${base.name}`,
        `project: ${base.project}`,
        `environment: ${base.environment}`,
        ...lines,
        "secrets: [API_KEY]"
      ].join("\n"),
      "spec.yaml"
    )
  ),
  server: base.server
})

const of = ({
  compose = "/compose.yaml",
  env,
  routes = [`web: { host: ${host}, port: 8080 }`]
}: Asked = {}) =>
  read([
    ...(routes.length === 0 ? [] : ["domains:", ...routes.map((route) => `  ${route}`)]),
    "source:",
    `  git: ${repository}`,
    "  branch: release/1.x",
    `  compose: ${compose}`,
    "env:",
    ...Object.entries({ GREETING: "hello", ...env }).map(([key, value]) => `  ${key}: ${value}`)
  ])
const spec = of()

const file = ({ image = "", more = "", web = "" } = {}) => `# of the repository
services:
  web:
    ${image === "" ? "build: ." : `image: ${image}`}
    environment:
      - GREETING=\${GREETING}
      - PORT=8080
      - PUBLIC_URL=\${SERVICE_URL_WEB}
${web}  cache:
    image: redis:7
${more}`

/** What the repository has at its paths from now on. */
const push = (content: string, path = "/compose.yaml") =>
  Effect.flatMap(CoolifyInMemory, ({ edit }) =>
    edit((state) => ({
      ...state,
      repository_files: [
        ...state.repository_files.filter((one) => one.path !== path),
        { repository, path, content }
      ]
    }))
  )

const withFile = <A, E, R>(run: Effect.Effect<A, E, R>, content = file()) =>
  Effect.zipRight(push(content), run)

const containers = Effect.map(world, ({ coolify }) => coolify.containers)
const web = Effect.map(containers, (all) => all.find(({ routes }) => routes.length > 0))
const application = Effect.map(world, ({ coolify }) => coolify.applications[0])

const outcomeOf = (error: { readonly _tag: string; readonly report?: { readonly outcome: string } }) =>
  error.report?.outcome ?? error._tag

describe("a compose file in a repository", () => {
  test(
    "is built and runs whole, with its values and its address, and is left alone from then on",
    withFile(
      Effect.gen(function* () {
        const plan = yield* planned(spec)
        const fields = plan?.changes.find(({ kind }) => kind === "application")?.fields ?? []
        assert.includeDeepMembers(
          fields.map(({ after, field }) => [field, after]),
          [
            ["git", repository],
            ["branch", "release/1.x"],
            ["compose", "/compose.yaml"],
            ["domain", `https://${host}:8080 (web)`]
          ]
        )
        assert.notIncludeMembers(
          fields.map(({ field }) => field),
          ["port", "buildPack", "healthcheck.container"]
        )
        yield* ok(applied(spec))
        assert.lengthOf(yield* containers, 2)
        const found = yield* web
        assert.include(found?.env, { GREETING: "hello", API_KEY: "s3cret", PUBLIC_URL: `https://${host}` })
        assert.deepStrictEqual(found?.routes, [{ host, path: "/", port: 8080 }])
        const columns = (yield* application)?.columns
        assert.include(columns, {
          build_pack: "dockercompose",
          docker_compose_location: "/compose.yaml",
          git_branch: "release/1.x"
        })
        assert.lengthOf((yield* world).records, 1)
        const before = yield* writes
        yield* ok(applied(spec))
        assert.deepStrictEqual(yield* writes, before, "the second apply writes nothing")
      })
    )
  )

  for (const [name, pushed, asked, healthy] of [
    ["an image that is not there", file({ image: "acme/web:missing" }), {}, true],
    ["a container that crashes", file(), { env: { SANDBOX_APP: "crash" } }, true],
    ["a build that fails", file(), { env: { SANDBOX_APP: "fail-build" } }, true],
    ["no file at its path", file(), { compose: "/other.yaml" }, true],
    ["a container that the file does not have", file(), { routes: [`shop: ${host}`] }, true],
    [
      "a value that would not arrive",
      file({ web: "      - PRICE=${PRICE:-1}\n" }),
      { env: { PRICE: "5 $HOME" } },
      true
    ],
    ["no answer at its domain", file(), {}, false]
  ] as const) {
    test(
      `of a first apply goes again with ${name}`,
      withFile(
        Effect.gen(function* () {
          const before = yield* world
          const error = failed(yield* applied(of(asked), {}, healthy))
          assert.strictEqual(outcomeOf(error), "rolled-back")
          assert.deepStrictEqual(yield* world, before)
        }),
        pushed
      )
    )
  }

  test(
    "says which containers the file has, where a spec names another",
    withFile(
      Effect.gen(function* () {
        const first = failed(yield* applied(of({ routes: [`shop: ${host}`] })))
        assert.include(first.message, "no container shop (it has: web, cache)")
        yield* ok(applied(spec))
        const before = yield* writes
        const later = failed(yield* applied(of({ routes: [`shop: ${host}`] })))
        assert.include(later.message, "no container shop")
        assert.deepStrictEqual(yield* writes, before, "refused before anything is sent")
      })
    )
  )

  for (const [name, asked, healthy] of [
    ["a container that crashes", { env: { SANDBOX_APP: "crash" } }, true],
    ["a build that fails", { env: { SANDBOX_APP: "fail-build" } }, true],
    ["no file at its path", { compose: "/other.yaml" }, true],
    ["no answer at its domain", { env: { GREETING: "bye" }, routes: [`cache: ${host}`] }, false]
  ] as const) {
    test(
      `is as it was, and runs, when an update fails with ${name}`,
      withFile(
        Effect.gen(function* () {
          yield* ok(applied(spec))
          const before = yield* world
          const error = failed(yield* applied(of(asked), {}, healthy))
          assert.strictEqual(outcomeOf(error), "rolled-back")
          assert.deepStrictEqual(yield* world, before)
          assert.deepStrictEqual(yield* changesOf(spec), [])
        })
      )
    )
  }

  test(
    "whose old containers went before the new ones came up is deployed again",
    withFile(
      Effect.gen(function* () {
        yield* ok(applied(spec))
        const before = yield* world
        const error = failed(yield* applied(of({ env: { SANDBOX_APP: "unhealthy" } })))
        assert.strictEqual(outcomeOf(error), "rolled-back")
        assert.lengthOf(yield* containers, 2)
        assert.deepStrictEqual(yield* world, before)
      }),
      file({
        more: "  job:\n    image: job:1\n    restart: 'no'\n    depends_on: { web: { condition: service_healthy } }\n"
      })
    )
  )

  test(
    "is changed in place, and tells that nobody answers meanwhile",
    withFile(
      Effect.gen(function* () {
        yield* ok(applied(spec))
        const { coolify } = yield* world
        yield* push(file({ image: "acme/web:2" }))
        assert.deepStrictEqual(yield* changesOf(spec), [], "what is pushed is not looked for")
        const next = of({
          env: { GREETING: "bye" },
          routes: [`web: { host: ${host}, port: 8080 }`, `cache: cache.${host}`]
        })
        const plan = yield* planned(next)
        assert.include(plan?.notes.join(" "), "stops all containers")
        yield* ok(applied(next))
        assert.strictEqual((yield* web)?.env["GREETING"], "bye")
        assert.deepStrictEqual((yield* containers).map(({ image }) => image).toSorted(), [
          "acme/web:2",
          "redis:7"
        ])
        assert.strictEqual((yield* world).coolify.applications[0]?.uuid, coolify.applications[0]?.uuid)
        assert.deepStrictEqual(yield* changesOf(next), [])
        yield* ok(applied(spec))
        assert.deepStrictEqual(yield* changesOf(spec), [])
        assert.deepStrictEqual(
          (yield* containers).flatMap(({ routes }) => routes.map((one) => one.host)),
          [host]
        )
      })
    )
  )

  test(
    "edited by hand in Coolify is drift, and put right",
    withFile(
      Effect.gen(function* () {
        yield* ok(applied(spec))
        const coolify = yield* CoolifyClient
        const uuid = (yield* application)?.uuid ?? ""
        const now = yield* coolify.applications.get(uuid)
        yield* coolify.applications.update(uuid, { domains: ["https://elsewhere.example.com#cache"] }, now)
        const plan = yield* planned(spec)
        const line = plan?.changes.find(({ kind }) => kind === "application")
        assert.strictEqual(line?.drifted, true)
        assert.deepStrictEqual(
          line?.fields.map(({ field }) => field),
          ["domain"]
        )
        yield* ok(applied(spec))
        assert.deepStrictEqual(yield* changesOf(spec), [])
        assert.deepStrictEqual((yield* web)?.routes, [{ host, path: "/", port: 8080 }])
      })
    )
  )

  test(
    "is put back by whoever recovers a run that was killed while it deployed",
    withFile(
      Effect.gen(function* () {
        yield* ok(applied(spec))
        const before = yield* killed(of({ env: { GREETING: "bye" } }), "deploy")
        yield* ok(ended(rollBackOpen(journalName("default", spec), { mode: "sandbox", ...spec })))
        assert.deepStrictEqual(yield* world, before)
      })
    )
  )

  test(
    "is deleted with its domain; Coolify leaves its volumes, and the plan says so",
    withFile(
      Effect.gen(function* () {
        yield* ok(applied(spec))
        assert.lengthOf((yield* world).coolify.volumes, 1)
        const notes = yield* Ref.make<ReadonlyArray<string>>([])
        yield* ok(
          destroyed(spec, {
            deleteVolumes: true,
            confirm: (plan) => Effect.as(Ref.set(notes, plan.notes), true)
          })
        )
        assert.include((yield* Ref.get(notes)).join(" "), "docker volume ls")
        assert.notInclude((yield* Ref.get(notes)).join(" "), "volumes are deleted")
        const after = yield* world
        assert.deepStrictEqual([after.coolify.applications.length, after.records.length], [0, 0])
        assert.lengthOf(after.coolify.volumes, 1)
      }),
      file({ web: "    volumes: ['data:/data']\n" })
    )
  )

  test(
    "that Coolify has already is adopted, and the spec that is written plans nothing",
    withFile(
      Effect.gen(function* () {
        yield* ok(applied(spec))
        const written = yield* ok(
          ended(
            readAdoptable({ application: base.name, project: undefined, environment: undefined, dns: true })
          )
        )
        assert.include(written.text, "compose: /compose.yaml")
        assert.notInclude(written.text, "buildPack")
        assert.deepStrictEqual(written.spec.routes, spec.routes)
        assert.deepStrictEqual(yield* changesOf({ ...written.spec, secrets: ["API_KEY"] }), [])
      })
    )
  )

  test(
    "tells its status, and the log that Coolify tells",
    withFile(
      Effect.gen(function* () {
        yield* ok(applied(spec))
        const told = yield* ok(ended(status(spec, { skipDns: false, holder: Effect.succeed(undefined) })))
        assert.strictEqual(told.coolify?.status, "running:unknown")
        assert.deepStrictEqual(told.differences, [])
        assert.isTrue(told.ok)
        assert.isNotEmpty(yield* ok(ended(logs(spec, { lines: 10, timed: false }))))
      })
    )
  )
})

it.effect("a token that may not read compose files deploys one, and leaves it alone from then on", () =>
  withFile(
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const before = yield* writes
      yield* ok(applied(spec))
      assert.deepStrictEqual(yield* writes, before)
    })
  ).pipe(Effect.provide(layer(["read", "write", "deploy"])))
)

const sources: Readonly<Record<string, Spec>> = {
  image: base,
  git: read([`domain: ${host}`, "port: 8080", "source:", `  git: ${repository}`]),
  static: read([`domain: ${host}`, "port: 80", "source:", `  git: ${repository}`, "  buildPack: static"]),
  dockerfile: read([`domain: ${host}`, "port: 8080", "source:", "  dockerfile: |", "    FROM nginx:1.27"]),
  service: read([
    "domains:",
    `  web: ${host}`,
    "source:",
    "  compose: |",
    "    services:",
    "      web: { image: 'acme/web:1' }"
  ]),
  compose: spec
}

/** Each of `kinds` to each other one and back, one after the other. */
const walk = (kinds: ReadonlyArray<string>): ReadonlyArray<string> =>
  kinds.flatMap((one, index) => [...kinds.slice(index + 1).flatMap((other) => [one, other]), one])

const there = ["image", "git", "static", "dockerfile", "service"]
const ways = isFull ? walk(["compose", ...there]) : there.flatMap((one) => ["compose", one])

test(
  "another kind of source takes the place of any, and leaves nothing of it",
  withFile(
    Effect.gen(function* () {
      yield* ok(applied(spec))
      for (const [index, to] of ways.entries()) {
        const next = sources[to] ?? spec
        const way = `${ways[index - 1] ?? ""} to ${to}`
        const before = yield* world
        const plan = yield* planned(next)
        const isInPlace = /^(git to static|static to git)$/.test(way) || index === 0
        assert.strictEqual(
          plan?.notes.some((note) => note.includes("deployed beside the old one")),
          !isInPlace && to !== ways[index - 1],
          way
        )
        yield* ok(applied(next))
        const { coolify } = yield* world
        assert.deepStrictEqual(
          [coolify.applications.length, coolify.services.length],
          to === "service" ? [0, 1] : [1, 0],
          way
        )
        const uuidOf = ({ applications, services }: typeof coolify) =>
          applications[0]?.uuid ?? services[0]?.uuid
        if (!isInPlace && to !== ways[index - 1])
          assert.notStrictEqual(uuidOf(coolify), uuidOf(before.coolify), way)
        assert.deepStrictEqual(yield* changesOf(next), [], way)
      }
    })
  )
)

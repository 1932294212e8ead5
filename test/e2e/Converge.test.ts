/** What a second apply and a destroy come to, counted in requests and compared as whole worlds. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { hostsOf } from "../../src/appspec/Domain.ts"
import { subjectOf } from "../../src/cli/Subject.ts"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import { besideOf } from "../../src/appspec/Beside.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, destroyFrom, specOf } from "./SandboxWorld.ts"
import { sample } from "../reliability/Scale.ts"

/** As written, but for how long to wait, and for where the sandbox's applications show their release. */
const quick = (spec: Spec): Spec => ({
  ...spec,
  dns: { ...spec.dns, provider: undefined },
  healthcheck: {
    ...spec.healthcheck,
    interval: Duration.millis(50),
    timeout: Duration.seconds(2),
    startPeriod: Duration.zero,
    settle: Duration.zero,
    release: spec.healthcheck.release?._tag === "Json" ? { _tag: "Json", path: ["release"] } : undefined
  }
})

/** With what stands in the files beside it. */
const read = (file: string): Spec => {
  const text = readFileSync(`fixtures/${file}`, "utf8")
  const names = besideOf(Either.getOrThrow(parseSpec(text, file)))
  const beside = names.map((name) => [name, Either.right(readFileSync(`fixtures/${name}`, "utf8"))] as const)
  return Either.getOrThrow(parseSpec(text, file, undefined, new Map(beside)))
}

const files = readdirSync("fixtures").filter((file) => /(?<!invalid|processes)\.yaml$/.test(file))
const fixtures = sample(files, 7).map((file) => ({ file, spec: quick(read(file)) }))

const sandboxFor = (spec: Spec, { composeFile } = subjectOf(spec)) =>
  testSandbox({
    seed: {
      servers: [spec.server ?? "vps1"],
      domains: hostsOf(spec.domains),
      deployKeys: ["acme-deploy"],
      ...(composeFile === undefined ? {} : { composeFiles: [composeFile] })
    }
  })

const applies = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.gen(function* () {
    const before = (yield* sandbox.requests).length
    const { result, events } = yield* applyTo(sandbox, spec)
    const told = events.map(({ state, event }) => `${state} ${JSON.stringify(event)}`).join("\n")
    if (Either.isLeft(result)) return assert.fail(`${result.left.message}\n${told}`)
    const all = (yield* sandbox.requests).slice(before)
    const of = (api: "coolify" | "dns") => all.filter((request) => request.api === api)
    return {
      outcome: result.right.outcome,
      coolify: of("coolify"),
      dns: of("dns"),
      writes: all.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`)
    }
  })

describe.concurrent("a spec of the fixtures", () => {
  for (const { file, spec } of fixtures) {
    it.scopedLive(`${file} converges at once, and is destroyed without a trace`, () =>
      Effect.gen(function* () {
        const sandbox = yield* sandboxFor(spec)
        const empty = yield* sandbox.world
        assert.strictEqual((yield* applies(sandbox, spec)).outcome, "complete")
        const settled = yield* sandbox.world

        const again = yield* applies(sandbox, spec)
        assert.strictEqual(again.outcome, "unchanged")
        assert.deepStrictEqual(again.writes, [])
        // What only the answer about one application tells takes one more, and so do its volumes and files together.
        const isDetailed = spec.stopGracePeriod !== undefined || spec.autoDeploy !== undefined
        // And so do schedules and the backups of each database, which nothing else tells of.
        const isStored = spec.volumes.length > 0 || spec.files !== undefined
        // And so does the key that reads a private repository.
        const isPrivate = spec.source._tag === "Git" && spec.source.access !== undefined
        const backedUp = spec.databases.filter(({ backup }) => backup !== undefined).length
        // And so does the text of a compose file.
        const isCompose = spec.source._tag === "Compose"
        const others = [isDetailed, spec.schedules !== undefined, isStored, isPrivate, isCompose].filter(
          Boolean
        )
        const more = others.length + backedUp
        assert.isAtMost(again.coolify.length, 4 + more)
        // And so does each name of further records, and each that may be delegated above it.
        const names = (spec.dns.records ?? []).flatMap(({ name }) => name.split("."))
        const looks = spec.domains.length + names.length
        assert.isAtMost(again.dns.length, spec.domains.length === 0 ? 0 : 1 + looks)
        assert.deepStrictEqual(yield* sandbox.world, settled)

        assert.strictEqual(Either.getOrThrow(yield* destroyFrom(sandbox, spec)).outcome, "complete")
        assert.deepStrictEqual(yield* sandbox.world, empty)
        const before = (yield* sandbox.requests).length
        assert.strictEqual(Either.getOrThrow(yield* destroyFrom(sandbox, spec)).outcome, "unchanged")
        const requests = (yield* sandbox.requests).slice(before)
        assert.deepStrictEqual(
          requests.filter(({ method }) => method !== "GET"),
          []
        )
      })
    )
  }
})

/** Asking how far something is, as often as it takes. */
const isPoll = ({ path }: { readonly path: string }) =>
  /\/(deployments|applications)\/[^/?]+(\/logs\?lines=\d+)?$/.test(path)

it.scopedLive("a first apply of an image with variables takes four writes, one more for a new project", () =>
  Effect.gen(function* () {
    const spec = quick(specOf({ VERSION: "1" }))
    const sandbox = yield* testSandbox({ seed: { domains: spec.domains } })
    for (const [name, writes] of [
      ["first", 5],
      ["second", 4]
    ] as const) {
      const { coolify } = yield* applies(sandbox, { ...spec, name, domains: [`${name}.example.com`] })
      // One more asks whether the token may deploy, by cancelling what is not there.
      const written = coolify.filter(({ method, path }) => method !== "GET" && !/\/0{24}\/cancel$/.test(path))
      assert.isAtMost(written.length, writes, JSON.stringify(written))
      const read = coolify.filter((request) => request.method === "GET" && !isPoll(request))
      // What is there, who holds the domain, whether another run has come between or made the project as well, and
      // whether the end is this one's own.
      assert.isAtMost(read.length, 9, JSON.stringify(read.map(({ path }) => path)))
    }
  })
)

/** Without who ran when: marks and releases. */
const timeless = (world: unknown): unknown =>
  JSON.parse(
    JSON.stringify(world)
      .replaceAll(/\brun=[0-9a-f]{12}/g, "run=*")
      .replaceAll(/\bfabrik release [0-9a-f]{12}/g, "fabrik release *")
      .replaceAll(/("FABRIK_RELEASE"(?:,"value")?:)"[0-9a-f]{12}"/g, '$1"*"')
  )

it.scopedLive("a spec, a changed one and the first again end in the world of the first", () =>
  Effect.gen(function* () {
    const first = quick(specOf({ OLD: "goes", BOTH: "1" }))
    const second: Spec = {
      ...quick(specOf({ NEW: "comes", BOTH: "2" }, { path: "/ready", container: false })),
      source: { _tag: "Image", name: "registry.example/api", tag: "2" },
      domains: ["www.example.com"],
      port: 3000,
      secrets: [],
      dns: { ...first.dns, ttl: 60 }
    }
    const sandbox = yield* testSandbox({ seed: { domains: first.domains } })
    yield* applies(sandbox, first)
    const once = timeless(yield* sandbox.world)
    yield* applies(sandbox, second)
    assert.notDeepEqual(timeless(yield* sandbox.world), once)
    yield* applies(sandbox, first)
    assert.deepStrictEqual(timeless(yield* sandbox.world), once)
  })
)

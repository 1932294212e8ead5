/** What becomes of a secret's value at the application, whoever applies from where. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { answering, layerMemory as healthMemory } from "../../src/health/MemoryHealthProbe.ts"
import { apply, type ApplyOptions } from "../../src/orchestrator/Apply.ts"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { hasChanges } from "../../src/engine/Plan.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { SecretStore } from "../../src/secrets/SecretStore.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { domain, applyOptions, server, spec as sample, zone, withoutWaits } from "./Samples.ts"
import { size } from "../reliability/Scale.ts"

const ok = answering({ status: 200, release: undefined }, { address: server.ip })

const world = () =>
  Layer.mergeAll(
    coolifyMemory({ servers: [server], deployment: { polls: 1 }, deletion: { polls: 1 } }),
    Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
    healthMemory({ answers: { [server.ip]: [ok], [domain]: [ok] } }),
    journalsMemory
  )

/** A folder with a store and a key of its own; `environment` is what a run there has exported. */
const machine = (name: string) => {
  const environment: Record<string, string> = {}
  return { environment, layer: secretMemory(environment, `key of ${name}`) }
}
type Machine = ReturnType<typeof machine>

interface Circumstances {
  readonly supplied?: string
  /** Whether the token may read values. */
  readonly sensitive?: boolean
  readonly options?: Partial<ApplyOptions>
}

/** Coolify as a token without `read:sensitive` sees it. */
const blind = Effect.map(CoolifyClient, (client) => ({
  ...client,
  variables: {
    ...client.variables,
    list: (uuid: string) =>
      Effect.map(client.variables.list(uuid), (rows) => rows.map((row) => ({ ...row, value: undefined })))
  }
}))

const applied = (
  spec: Spec,
  { supplied, sensitive = true, options = {} }: Circumstances,
  { environment }: Machine
) =>
  Effect.gen(function* () {
    for (const name of Object.keys(environment)) delete environment[name]
    if (supplied !== undefined) environment["API_KEY"] = supplied
    const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
    const fiber = yield* apply(spec, { ...applyOptions, ...options }).pipe(
      Effect.provideService(CoolifyClient, yield* sensitive ? CoolifyClient : blind),
      Effect.provideService(Pace, withoutWaits(yield* Pace)),
      Effect.provideService(Progress, { emit: (event) => Ref.update(events, (all) => [...all, event]) }),
      Effect.catchTag("JournalError", Effect.die),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("1 hour")
    const result = yield* Fiber.join(fiber)
    const all = (yield* Ref.get(events)).map(({ event }) => event)
    const planned = all.find((event) => event._tag === "Planned")
    return {
      result,
      plan: planned?._tag === "Planned" ? planned.plan : undefined,
      origins: all.flatMap((event) => (event._tag === "SecretResolved" ? [event.origin] : []))
    }
  })

/** The secret at the application that holds the domain. */
const standing = Effect.gen(function* () {
  const { applications, variables } = yield* (yield* CoolifyMemory).world
  const live = applications.find(({ domains }) => domains.length > 0)
  const row = variables.find(
    ({ applicationUuid, isPreview, key }) => applicationUuid === live?.uuid && !isPreview && key === "API_KEY"
  )
  return row?.value === undefined ? undefined : { value: Redacted.value(row.value), comment: row.comment }
})

/** A variable of the application that holds the domain, and the comment that says where its value is from. */
const variableOf = (name: string) =>
  Effect.map(
    Effect.flatMap(CoolifyMemory, (memory) => memory.world),
    ({ variables }) => variables.find(({ isPreview, key }) => !isPreview && key === name)
  )

const writes = Effect.map(
  Effect.flatMap(CoolifyMemory, ({ calls }) => calls),
  (calls) => calls.filter((call) => /^(create|update|delete|put|deploy|stop|cancel)/.test(call)).length
)

const refusal = ({ result }: { readonly result: Either.Either<unknown, { readonly error: unknown }> }) =>
  Either.isLeft(result) ? result.left.error : assert.fail("it was not refused")

const required: Spec = { ...sample, secretRules: new Map([["API_KEY", { _tag: "Required" }]]) }
const rules: ReadonlyArray<Spec> = [
  sample,
  required,
  {
    ...sample,
    secretRules: new Map([["API_KEY", { _tag: "Generate", kind: "hex", length: 64 }]])
  }
]
const fromGit: Spec["source"] = {
  _tag: "Git",
  repository: "https://github.com/example/api",
  branch: "main",
  commit: "HEAD",
  buildPack: "nixpacks",
  baseDirectory: "/",
  dockerfile: "/Dockerfile"
}

const here = machine("here")
const elsewhere = machine("elsewhere")
const on = <A, E, R>(where: Machine, effect: (where: Machine) => Effect.Effect<A, E, R>) =>
  Effect.provide(effect(where), where.layer)

describe("a secret that was given and is not given now", () => {
  it.effect("stays, whether the machine can look at it or not", () =>
    Effect.gen(function* () {
      for (const spec of [sample, required]) {
        yield* on(here, (at) => applied(spec, { supplied: "s3cret-value" }, at))
        const before = yield* standing
        assert.match(before?.comment ?? "", /^fabrik secret given [0-9a-f]{32} key=[0-9a-f]{8}$/)
        for (const sensitive of [true, false]) {
          for (const where of [here, elsewhere]) {
            const { origins, plan, result } = yield* on(where, (at) => applied(spec, { sensitive }, at))
            assert.deepStrictEqual(origins, [sensitive ? "kept" : "kept-unseen"])
            if (sensitive) {
              assert.isTrue(Either.isRight(result))
              assert.isFalse(hasChanges(plan ?? assert.fail("no plan")))
            }
            assert.deepStrictEqual(yield* standing, before)
          }
        }
      }
    }).pipe(Effect.provide(world()))
  )

  it.effect(
    "goes over to a replacement where it can be read, and is refused before any write where it cannot",
    () =>
      Effect.gen(function* () {
        yield* on(here, (at) => applied(sample, { supplied: "s3cret-value" }, at))
        const replacing = { ...sample, source: fromGit }
        const count = yield* writes
        const refused = refusal(yield* on(elsewhere, (at) => applied(replacing, { sensitive: false }, at)))
        assert.deepInclude(refused, { _tag: "RefusedError", reason: "Unreadable" })
        assert.include(String((refused as { message: string }).message), "API_KEY")
        assert.strictEqual(yield* writes, count)
        yield* on(elsewhere, (at) => applied(replacing, {}, at))
        const { value, comment } = (yield* standing) ?? assert.fail("it is gone")
        assert.strictEqual(value, "s3cret-value")
        assert.match(comment, /^fabrik secret given /)
      }).pipe(Effect.provide(world()))
  )

  it.effect("is understood with the comment of an older version", () =>
    Effect.gen(function* () {
      yield* on(here, (at) => applied(sample, { supplied: "s3cret-value" }, at))
      const memory = yield* CoolifyMemory
      yield* memory.edit((so) => ({
        ...so,
        variables: so.variables.map((row) =>
          row.key === "API_KEY" ? { ...row, comment: row.comment.replace(/ given (\w+) .*/, " $1") } : row
        )
      }))
      const before = yield* standing
      assert.match(before?.comment ?? "", /^fabrik secret [0-9a-f]{32}$/)
      const { plan } = yield* on(elsewhere, (at) => applied(sample, {}, at))
      assert.isFalse(hasChanges(plan ?? assert.fail("no plan")))
      assert.deepStrictEqual(yield* standing, before)
    }).pipe(Effect.provide(world()))
  )

  it.effect("stands before what this folder generated earlier", () =>
    Effect.gen(function* () {
      yield* on(here, (at) =>
        Effect.gen(function* () {
          yield* applied(sample, {}, at)
          yield* applied(sample, { supplied: "s3cret-value" }, at)
          const { origins } = yield* applied(sample, {}, at)
          assert.deepStrictEqual(origins, ["kept"])
          assert.strictEqual((yield* standing)?.value, "s3cret-value")
        })
      )
    }).pipe(Effect.provide(world()))
  )
})

describe("a secret that nobody gives", () => {
  it.effect("is generated once, with a warning, and kept by every other machine", () =>
    Effect.gen(function* () {
      const first = yield* on(here, (at) => applied(sample, {}, at))
      assert.deepStrictEqual(first.origins, ["generated"])
      assert.match(first.plan?.notes.join("\n") ?? "", /Nothing is given for API_KEY.*it gets a random one/)
      const made = yield* standing
      assert.match(made?.comment ?? "", /^fabrik secret generated [0-9a-f]{32} key=[0-9a-f]{8}$/)
      const { origins, plan } = yield* on(elsewhere, (at) => applied(sample, {}, at))
      assert.deepStrictEqual(origins, ["kept"])
      assert.isFalse(hasChanges(plan ?? assert.fail("no plan")))
      assert.deepStrictEqual(yield* standing, made)
    }).pipe(Effect.provide(world()))
  )

  it.effect("is made as the spec says, without a warning", () =>
    Effect.gen(function* () {
      const { plan } = yield* on(here, (at) => applied(rules[2] ?? sample, {}, at))
      assert.notInclude(plan?.notes.join("\n") ?? "", "Nothing is given")
      assert.match((yield* standing)?.value ?? "", /^[0-9a-f]{64}$/)
    }).pipe(Effect.provide(world()))
  )

  it.effect("is refused before any write where it is required, with all the others that lack", () =>
    Effect.gen(function* () {
      const both: Spec = {
        ...required,
        secrets: ["API_KEY", "DATABASE_URL", "SESSION_KEY"],
        secretRules: new Map([
          ["API_KEY", { _tag: "Required" }],
          ["DATABASE_URL", { _tag: "Required" }]
        ])
      }
      const refused = refusal(yield* on(here, (at) => applied(both, {}, at)))
      assert.deepInclude(refused, { _tag: "RefusedError", reason: "NoValue" })
      assert.include(String((refused as { message: string }).message), "API_KEY, DATABASE_URL,")
      assert.strictEqual(yield* writes, 0)
    }).pipe(Effect.provide(world()))
  )

  it.effect("may be anything where the application was not looked at, and the plan says so", () =>
    Effect.gen(function* () {
      const options = { mode: "dry-run", offline: true } as const
      const list = yield* Effect.provide(
        on(here, (at) => applied(sample, { options }, at)),
        world()
      )
      assert.deepStrictEqual(list.origins, ["kept-or-generated"])
      assert.match(list.plan?.notes.join("\n") ?? "", /keeps the value that it has, or a random one/)
      const must = yield* on(here, (at) => applied(required, { options }, at))
      assert.deepStrictEqual(must.origins, ["missing"])
      assert.match(
        must.plan?.notes.join("\n") ?? "",
        /unless the application has a value already, apply is refused/
      )
    }).pipe(Effect.provide(world()))
  )
})

describe("a run that is gone on with", () => {
  const versioned: Spec = { ...sample, env: { VERSION: "abc" }, interpolated: ["VERSION"] }

  it.effect("is refused where a value is not the one that it began with, and nothing is made up for it", () =>
    Effect.gen(function* () {
      const digest = (value: string) =>
        on(here, () => Effect.flatMap(SecretStore, (store) => store.digest(Redacted.make(value))))
      const began = (key: string, version: string) =>
        Effect.all([
          Effect.map(digest(key), (hex) => ({ name: "API_KEY", digest: hex })),
          Effect.map(digest(version), (hex) => ({ name: "VERSION", digest: hex }))
        ])
      for (const [key, version, supplied] of [
        ["first-value", "abc", "other-value"],
        ["first-value", "abc", undefined],
        ["first-value", "abd", "first-value"]
      ] as const) {
        const options = { begunSecrets: yield* began(key, version) }
        const circumstances = { options, ...(supplied === undefined ? {} : { supplied }) }
        const refused = refusal(yield* on(here, (at) => applied(versioned, circumstances, at)))
        assert.deepInclude(refused, { _tag: "RefusedError", reason: "Unsettled" })
        assert.strictEqual(yield* writes, 0)
      }
      const options = { begunSecrets: yield* began("first-value", "abc") }
      const { result } = yield* on(here, (at) => applied(versioned, { options, supplied: "first-value" }, at))
      assert.isTrue(Either.isRight(result))
      // By now the application has the value, so that it need not be given again.
      const again = yield* on(here, (at) => applied(versioned, { options }, at))
      assert.isTrue(Either.isRight(again.result))
    }).pipe(Effect.provide(world()))
  )
})

const editByHand = Effect.flatMap(CoolifyMemory, ({ edit }) =>
  edit((so) => ({
    ...so,
    variables: so.variables.map((row) =>
      row.key === "API_KEY" && !row.isPreview ? { ...row, value: Redacted.make("by-hand") } : row
    )
  }))
)

describe("a value that was changed by hand, with its comment as it was", () => {
  it.effect("is drift from a value that is given, and from one that was generated here", () =>
    Effect.gen(function* () {
      for (const supplied of ["s3cret-value", undefined]) {
        const circumstances = supplied === undefined ? {} : { supplied }
        yield* Effect.gen(function* () {
          yield* on(here, (at) =>
            Effect.gen(function* () {
              yield* applied(sample, circumstances, at)
              const before = yield* standing
              yield* editByHand
              const { plan } = yield* applied(sample, circumstances, at)
              assert.deepStrictEqual(
                plan?.changes
                  .filter(({ kind }) => kind === "variable")
                  .map(({ name, drifted }) => [name, drifted]),
                [["API_KEY", true]]
              )
              assert.deepStrictEqual(yield* standing, before)
            })
          )
        }).pipe(Effect.provide(world()))
      }
    })
  )

  it.effect("stays where nobody gives a value now, and the plan says that it was changed", () =>
    Effect.gen(function* () {
      yield* on(here, (at) => applied(sample, { supplied: "s3cret-value" }, at))
      yield* editByHand
      const { plan } = yield* on(here, (at) => applied(sample, {}, at))
      assert.isFalse(hasChanges(plan ?? assert.fail("no plan")))
      assert.match(plan?.notes.join("\n") ?? "", /somebody else has changed it in Coolify.*that one stays/)
      assert.strictEqual((yield* standing)?.value, "by-hand")
      // Another machine's key tells nothing.
      const other = yield* on(elsewhere, (at) => applied(sample, {}, at))
      assert.notMatch(other.plan?.notes.join("\n") ?? "", /somebody else/)
    }).pipe(Effect.provide(world()))
  )

  it.effect("is not called as the spec says where the token may not read it", () =>
    Effect.gen(function* () {
      yield* on(here, (at) => applied(sample, { supplied: "s3cret-value" }, at))
      yield* editByHand
      const { plan } = yield* on(here, (at) =>
        applied(sample, { supplied: "s3cret-value", sensitive: false }, at)
      )
      assert.isFalse(hasChanges(plan ?? assert.fail("no plan")))
      assert.match(plan?.notes.join("\n") ?? "", /API_KEY, LOG_LEVEL could not be looked at/)
      assert.deepStrictEqual(plan?.unseen, ["API_KEY", "LOG_LEVEL"])
    }).pipe(Effect.provide(world()))
  )
})

describe("any runs from any machines", () => {
  const step = FastCheck.record({
    where: FastCheck.constantFrom("here", "elsewhere", "a fresh clone"),
    supplied: FastCheck.constantFrom(undefined, undefined, "first-value", "second-value"),
    sensitive: FastCheck.boolean(),
    spec: FastCheck.constantFrom(...rules),
    source: FastCheck.constantFrom(sample.source, sample.source, fromGit)
  })

  it.effect.prop(
    "never change a secret at the application but to a value that was given",
    [FastCheck.array(step, { minLength: 2, maxLength: 6 })],
    ([steps]) =>
      Effect.gen(function* () {
        const machines = new Map(
          yield* Effect.forEach(["here", "elsewhere"], (name) => {
            const own = machine(name)
            return Effect.map(Layer.build(own.layer), (context) => [name, { own, context }] as const)
          })
        )
        for (const [index, { where, supplied, sensitive, spec, source }] of steps.entries()) {
          const fresh = machine(`clone ${index}`)
          const { context, own } = machines.get(where) ?? {
            own: fresh,
            context: yield* Layer.build(fresh.layer)
          }
          const before = yield* standing
          const circumstances = { sensitive, ...(supplied === undefined ? {} : { supplied }) }
          const { result } = yield* Effect.provide(applied({ ...spec, source }, circumstances, own), context)
          const after = yield* standing
          if (Either.isRight(result) && supplied !== undefined) assert.strictEqual(after?.value, supplied)
          else if (before !== undefined) assert.strictEqual(after?.value, before.value)
          else if (spec === required && supplied === undefined) assert.isUndefined(after)
        }
      }).pipe(Effect.scoped, Effect.provide(world())),
    { fastCheck: { numRuns: size(10, 25) } }
  )
})

describe("a variable that is made of a secret", () => {
  const made: Spec = {
    ...sample,
    // Nobody can look at these elsewhere either.
    env: {},
    references: { DSN: ["https://", { secret: "API_KEY" }, "@errors.example.com/1"] }
  }
  const dsn = Effect.map(variableOf("DSN"), (row) => Redacted.value(row?.value ?? Redacted.make("")))

  it.effect("has its value, goes with it, and is a secret itself", () =>
    Effect.gen(function* () {
      const first = yield* on(here, (at) => applied(made, { supplied: "s3cret-value" }, at))
      assert.deepStrictEqual(first.origins, ["environment", "secrets"])
      assert.notInclude(JSON.stringify(first.plan), "s3cret-value")
      assert.strictEqual(yield* dsn, "https://s3cret-value@errors.example.com/1")
      assert.match((yield* variableOf("DSN"))?.comment ?? "", /^fabrik secret /)

      const again = yield* on(elsewhere, (at) => applied(made, {}, at))
      assert.isFalse(again.plan === undefined || hasChanges(again.plan))
      yield* on(elsewhere, (at) => applied(made, { supplied: "an0ther-value" }, at))
      assert.strictEqual(yield* dsn, "https://an0ther-value@errors.example.com/1")
    }).pipe(Effect.provide(world()))
  )

  it.effect("stays where nobody can look at the secret, and is refused where it is new", () =>
    Effect.gen(function* () {
      yield* on(here, (at) => applied(made, { supplied: "s3cret-value" }, at))
      const blindly = yield* on(elsewhere, (at) => applied(made, { sensitive: false }, at))
      assert.isFalse(blindly.plan === undefined || hasChanges(blindly.plan))
      assert.strictEqual(yield* dsn, "https://s3cret-value@errors.example.com/1")

      const before = yield* writes
      const more: Spec = { ...made, references: { ...made.references, OTHER: [{ secret: "API_KEY" }] } }
      const refused = refusal(yield* on(elsewhere, (at) => applied(more, { sensitive: false }, at)))
      assert.include(String(refused), "OTHER is made of API_KEY")
      assert.strictEqual(yield* writes, before)
    }).pipe(Effect.provide(world()))
  )

  it.effect("is generated with it", () =>
    Effect.gen(function* () {
      yield* on(here, (at) => applied(made, {}, at))
      assert.match(yield* dsn, /^https:\/\/[A-Za-z0-9]{32}@errors\.example\.com\/1$/)
    }).pipe(Effect.provide(world()))
  )
})

/**
 * How much of what people have already can be brought here: imports every file of the collection, applies what comes of it
 * to a sandbox in this process, applies it again, destroys it, and prints a table. Run by `npm run coverage`.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { existsSync, readdirSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { isDeepStrictEqual } from "node:util"
import { parseWhole } from "../../src/appspec/LoadSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { Progress } from "../../src/engine/DeploymentEvent.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { hasChanges, type Plan } from "../../src/engine/Plan.ts"
import type { Imported } from "../../src/import/Input.ts"
import { loadImport } from "../../src/import/LoadImport.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { hasty, layersOf, options } from "../e2e/SandboxWorld.ts"
import { destroyOptions } from "../orchestrator/Samples.ts"
import { temporaryDirectory, testSandbox } from "../sandbox/TestSandbox.ts"

interface Outcome {
  readonly kind: string
  readonly file: string
  /** How far it got. */
  readonly read: boolean
  /** Nothing of the file is left out. */
  readonly whole: boolean
  readonly applied: boolean
  /** Applied again, nothing is written; destroyed, the world is as it was before. */
  readonly settled: boolean
  /** What `adopt` writes of what was applied asks for nothing else. */
  readonly adopted?: boolean
  /** What it asks for, or why there is no such spec. */
  readonly differs?: ReadonlyArray<string>
  readonly why: string
}

/** As written, but for how long to wait: the sandbox takes milliseconds where the world takes minutes. */
const quick = (spec: Spec): Spec => ({
  ...spec,
  dns: { ...spec.dns, provider: undefined },
  healthcheck: {
    ...spec.healthcheck,
    interval: Duration.millis(50),
    timeout: Duration.seconds(20),
    startPeriod: Duration.zero,
    settle: Duration.zero
  }
})

/** What whoever owns the file would have in `.env`. */
const valuesOf = (specs: ReadonlyArray<Spec>) =>
  new Map(
    specs
      .flatMap(({ secrets }) => secrets)
      .map((name) => [name, Redacted.make(`given-for-${name.toLowerCase()}`)])
  )

type World = Effect.Effect.Success<SandboxHandle["world"]>

/** Without the server's own directories, which a file may mount: what they hold is nobody's to delete. */
const withoutServer = (world: World): World => ({
  ...world,
  coolify: {
    ...world.coolify,
    disk: world.coolify.disk.filter(({ path }) => path.startsWith("/data/coolify/"))
  }
})

const toldIn = ({ changes, name }: Plan): ReadonlyArray<string> =>
  changes
    .filter(({ action }) => action !== "unchanged")
    .flatMap(({ action, fields, kind }) => {
      const shown = fields.map(
        ({ after, before, field, secret }) =>
          `${field}${secret ? "" : `: ${String(before).split("\n")[0]} -> ${String(after).split("\n")[0]}`}`
      )
      return (shown.length === 0 ? [""] : shown).map((one) => `${name}: ${action} ${kind} ${one}`)
    })

const runsOf = (sandbox: SandboxHandle, specs: ReadonlyArray<Spec>) =>
  Effect.gen(function* () {
    const layers = layersOf(sandbox, valuesOf(specs))
    // Many at once on a small machine: what would be a fault elsewhere is only slow here.
    const pace = { ...(yield* hasty), propagation: Duration.seconds(60), certificate: Duration.seconds(30) }
    const settings = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Pace, pace)
    const applyAll = Effect.forEach(specs, (spec) =>
      apply(spec, options).pipe(settings, Effect.provide(layers), Effect.catchTag("JournalError", Effect.die))
    )
    // A spec that is written from what stands there asks for nothing else.
    const differingAfterAdopt = Effect.forEach(specs, ({ domains, environment, name, process, project }) =>
      Effect.gen(function* () {
        const search = { application: name, project, environment, dns: domains.length > 0 }
        const { spec: alone } = yield* readAdoptable(search)
        // That it is a spec of its own then is what adopt is for.
        const spec = process === undefined ? alone : { ...alone, process }
        const plans: Array<Plan> = []
        yield* apply(quick(spec), { ...options, command: "plan", mode: "dry-run" }).pipe(
          Effect.provideService(Progress, {
            emit: ({ event }) => Effect.sync(() => void (event._tag === "Planned" && plans.push(event.plan)))
          })
        )
        const [plan] = plans
        return plan === undefined ? [`${name}: no plan`] : hasChanges(plan) ? toldIn(plan) : []
      }).pipe(settings, Effect.provide(layers), Effect.catchTag("JournalError", Effect.die))
    ).pipe(Effect.map((all) => all.flat()))
    const destroyAll = Effect.forEach(specs.toReversed(), (spec) =>
      destroy(spec, destroyOptions).pipe(
        settings,
        Effect.provide(layers),
        Effect.catchTag("JournalError", Effect.die)
      )
    )
    const empty = yield* sandbox.world
    const first = yield* Effect.either(applyAll)
    if (Either.isLeft(first)) return { applied: false, settled: false, why: first.left.message }
    const before = (yield* sandbox.requests).length
    const again = yield* Effect.either(applyAll)
    const writes = (yield* sandbox.requests).slice(before).filter(({ method }) => method !== "GET")
    if (Either.isLeft(again))
      return { applied: true, settled: false, why: `applied again: ${again.left.message}` }
    if (writes.length > 0) {
      const [one] = writes
      return { applied: true, settled: false, why: `applied again, it writes: ${one?.method} ${one?.path}` }
    }
    const differing = yield* Effect.either(differingAfterAdopt)
    const differs = Either.isRight(differing) ? differing.right : [differing.left.message]
    const adopted = differs.length === 0
    const gone = yield* Effect.either(destroyAll)
    if (Either.isLeft(gone))
      return { applied: true, settled: false, adopted, differs, why: `destroyed: ${gone.left.message}` }
    const isEqual = isDeepStrictEqual(withoutServer(yield* sandbox.world), withoutServer(empty))
    return {
      applied: true,
      settled: isEqual,
      adopted,
      differs,
      why: isEqual ? "" : "destroyed, something of it is left"
    }
  })

const written = Effect.fnUntraced(function* (folder: string, { copies, specs }: Imported) {
  const fs = yield* FileSystem.FileSystem
  for (const { file, text } of [...specs, ...copies]) {
    yield* fs.makeDirectory(join(folder, file, ".."), { recursive: true })
    yield* fs.writeFileString(join(folder, file), text)
  }
  return yield* Effect.forEach(specs, ({ file, text }) => {
    const names = [...text.matchAll(/\$\{env\.(\w+)\}/g)].map(([, name = ""]) => [name, "given"] as const)
    return parseWhole(text, join(folder, file), new Map(names))
  })
})

const tryOne = (kind: string, path: string): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const file = basename(path)
    const none = { kind, file, read: false, whole: false, applied: false, settled: false }
    const folder = yield* temporaryDirectory
    const name = file.replace(/^\d+-/, "").replace(/\..*$/, "")
    const domain = `${name.toLowerCase().replace(/[^a-z0-9-]/g, "")}.example.org`
    const wanted = { output: folder, domain, git: "https://github.com/acme/shop", branch: undefined }
    const imported = yield* Effect.either(loadImport(path, wanted))
    if (Either.isLeft(imported)) return { ...none, why: imported.left.message.replace(/^.*?: /, "") }
    const { leftOut } = imported.right
    const whole = leftOut.length === 0
    const specs = yield* Effect.either(written(folder, imported.right))
    if (Either.isLeft(specs)) {
      const problems = specs.left._tag === "SpecError" ? specs.left.problems : []
      // What follows from a bad source is said beside it.
      const problem = problems.find(({ path }) => path.startsWith("source")) ?? problems[0]
      const why = problem?.message ?? String(specs.left)
      return { ...none, read: true, why }
    }
    const all = specs.right.flat().map(quick)
    const sandbox = yield* testSandbox({
      seed: { servers: ["vps1"], domains: [...new Set(all.flatMap(({ domains }) => domains))] }
    })
    return { kind, file, read: true, whole, ...(yield* runsOf(sandbox, all)) }
  }).pipe(
    Effect.catchTag("SandboxError", Effect.die),
    Effect.scoped,
    Effect.provide(NodeFileSystem.layer),
    Effect.timeoutTo({
      duration: "3 minutes",
      onSuccess: (outcome: Outcome) => outcome,
      onTimeout: (): Outcome => ({
        kind,
        file: basename(path),
        read: true,
        whole: false,
        applied: false,
        settled: false,
        why: "no end after three minutes"
      })
    }),
    Effect.catchAllDefect((defect) =>
      Effect.succeed<Outcome>({
        kind,
        file: basename(path),
        read: true,
        whole: false,
        applied: false,
        settled: false,
        why: `a defect: ${String(defect)}`
      })
    )
  )

const print = (text: string) => void process.stdout.write(`${text}\n`)

const percent = (part: number, all: number): string => `${all === 0 ? 0 : Math.round((100 * part) / all)}%`

const table = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))]
  const rows = [...kinds, "all templates", "all public files"].map((kind) => {
    const own = outcomes.filter((one) =>
      kind === "all templates"
        ? one.kind === "coolify-templates"
        : kind === "all public files"
          ? one.kind !== "coolify-templates"
          : one.kind === kind
    )
    const count = (is: (one: Outcome) => boolean) => own.filter(is).length
    const read = count((one) => one.read)
    const applied = count((one) => one.applied)
    const settled = count((one) => one.settled)
    return [
      kind,
      String(own.length),
      String(read),
      String(count((one) => one.whole)),
      `${applied} ${percent(applied, own.length)}`,
      `${settled} ${percent(settled, own.length)}`,
      String(count((one) => one.adopted === true))
    ]
  })
  const head = [
    "kind",
    "files",
    "read",
    "nothing left out",
    "applied",
    "and then 0 writes, equal world",
    "adopt agrees"
  ]
  const widths = head.map((word, column) =>
    Math.max(word.length, ...rows.map((row) => row[column]?.length ?? 0))
  )
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
      )
      .join("  ")
  return [line(head), ...rows.map(line)]
}

const collection = fileURLToPath(
  new URL(process.env["FABRIK_SPECS"] ?? "../shared/data/specs/", `file://${process.cwd()}/`)
)

const filesOf = (kind: string): ReadonlyArray<string> =>
  readdirSync(join(collection, kind))
    .filter((name) => !/\.(?:Procfile|heroku\.yml|tsv)$/.test(name))
    .map((name) => join(collection, kind, name))

const main = Effect.gen(function* () {
  if (!existsSync(collection)) {
    print(`the collection of files is not at ${collection}: nothing was tried`)
    return
  }
  const [only = ""] = process.argv.slice(2)
  const kinds = [
    "coolify-templates",
    ...readdirSync(join(collection, "public"), { withFileTypes: true })
      .filter((one) => one.isDirectory())
      .map(({ name }) => `public/${name}`)
  ]
  const files = kinds
    .flatMap((kind) => filesOf(kind).map((path) => ({ kind, path })))
    .filter(({ path }) => path.includes(only))
  const outcomes = yield* Effect.forEach(
    files,
    ({ kind, path }) =>
      Effect.tap(tryOne(kind, path), (one) =>
        Effect.sync(() =>
          process.stderr.write(
            `${one.settled ? "ok  " : one.applied ? "half" : "no  "} ${kind}/${one.file}${one.why === "" ? "" : `: ${one.why.split("\n")[0]}`}\n`
          )
        )
      ),
    { concurrency: 3 }
  )
  print(table(outcomes).join("\n"))
  const failed = outcomes.filter((one) => !one.settled)
  if (failed.length > 0)
    print(
      [
        "",
        "Why not:",
        ...failed.map(({ file, kind, why }) => `  ${kind}/${file}: ${why.split("\n")[0]}`)
      ].join("\n")
    )
  const differing = outcomes.filter(({ differs = [] }) => differs.length > 0)
  if (differing.length > 0)
    print(
      [
        "",
        "What adopt would change:",
        ...differing.flatMap(({ differs = [], file, kind }) =>
          differs.map((one) => `  ${kind}/${file}: ${one}`)
        )
      ].join("\n")
    )
})

await Effect.runPromise(main)

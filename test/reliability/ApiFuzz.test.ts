/**
 * Whatever Coolify or a DNS provider answers, a call ends, in a value that is what the contract says or in a typed
 * error; it asks nobody else, for nothing else, and not too often; and nothing secret comes out of it.
 */
import process from "node:process"
import { inspect } from "node:util"
import { gzipSync } from "node:zlib"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import * as Cloudflare from "../../src/dns/cloudflare/Cloudflare.ts"
import { DnsClient, type RecordSet } from "../../src/dns/DnsClient.ts"
import { DnsError } from "../../src/dns/DnsError.ts"
import * as PowerDns from "../../src/dns/powerdns/PowerDns.ts"
import {
  dockerfileApplication,
  fixture,
  gitApplication,
  imageApplication,
  variable
} from "../coolify/samples.ts"
import { scriptedServer } from "../coolify/ScriptedServer.ts"
import { type Answer, mutated, right } from "./Answers.ts"
import { Dice } from "./Dice.ts"
import { FastClock } from "./FastClock.ts"
import { note, sample, size } from "./Scale.ts"
import { scriptedHttp } from "./ScriptedHttp.ts"

const runs = size(50, 10_000)
/** How many calls share one clock: turning it takes longer than all of them. */
const together = 500
const replay = process.env["FABRIK_FUZZ_SEED"]

const half = "c4n4ryTokenSecretHalf0123456789abcdefXYZ"
const canaries = { token: `42|${half}`, hidden: "c4n4ry-of-a-variable-in-an-answer" }
const given = "c4n4ry-of-a-variable-that-was-given"

/** What the contracts promise of each value, said without the clients' own schemas. */
const Id = Schema.String.pipe(Schema.pattern(/^[a-z0-9-]{1,64}$/))
const Count = Schema.Int
const Application = Schema.Struct({
  uuid: Id,
  name: Schema.String,
  description: Schema.String,
  domains: Schema.Array(Schema.NonEmptyTrimmedString),
  port: Count,
  status: Schema.String,
  stopsFirst: Schema.Boolean,
  restartCount: Schema.Int,
  source: Schema.Union(
    Schema.TaggedStruct("Image", { name: Schema.String, tag: Schema.String }),
    Schema.TaggedStruct("Dockerfile", { text: Schema.UndefinedOr(Schema.String) }),
    Schema.TaggedStruct("Git", {
      repository: Schema.String,
      branch: Schema.String,
      commit: Schema.String,
      buildPack: Schema.String,
      baseDirectory: Schema.String,
      dockerfile: Schema.String
    })
  ),
  healthcheck: Schema.Struct({
    enabled: Schema.Boolean,
    path: Schema.String,
    port: Schema.String,
    status: Count,
    interval: Count,
    timeout: Count,
    retries: Count,
    startPeriod: Count
  })
})
const Deployment = Schema.Struct({
  uuid: Id,
  status: Schema.Literal("queued", "in_progress", "finished", "failed", "cancelled-by-user"),
  commit: Schema.String,
  createdAt: Schema.String,
  logs: Schema.UndefinedOr(
    Schema.Array(Schema.Struct({ stream: Schema.Literal("stdout", "stderr"), text: Schema.String }))
  )
})
const Variable = Schema.Struct({
  uuid: Id,
  key: Schema.String,
  value: Schema.UndefinedOr(Schema.RedactedFromSelf(Schema.String)),
  isPreview: Schema.Boolean,
  isLiteral: Schema.Boolean,
  isMultiline: Schema.Boolean,
  isShownOnce: Schema.Boolean,
  isRuntime: Schema.Boolean,
  isBuildtime: Schema.Boolean,
  comment: Schema.String
})
const Made = Schema.Struct({ uuid: Id })
const RecordSets = Schema.Array(
  Schema.Struct({
    name: Schema.Literal("www.example.test"),
    type: Schema.String,
    ttl: Schema.UndefinedOr(Schema.NonNegativeInt),
    values: Schema.NonEmptyArray(Schema.String),
    proxied: Schema.Boolean,
    comment: Schema.UndefinedOr(Schema.String)
  })
)

/** What a DNS provider has at the name. */
type Standing = ReadonlyArray<RecordSet>

interface Call {
  readonly name: string
  readonly run: Effect.Effect<unknown, CoolifyError | DnsError, CoolifyClient | DnsClient>
  readonly promised: Schema.Schema.AnyNoContext
  /** What the API said when it was well, by request. */
  readonly answers: (request: HttpClientRequest.HttpClientRequest, stands: Standing) => unknown
  readonly mostRequests: number
  /** What stands at the provider once a write has taken effect. */
  readonly makes: Standing
}

const uuid = "app000000000000000000001"
const project = "pr0j00000000000000000001"
/** The values stand first, so that no error is too short to hold one. */
const envs = (fixture("envs") as ReadonlyArray<object>).map((row) => ({
  value: canaries.hidden,
  real_value: canaries.hidden,
  ...Object.fromEntries(Object.entries(row).filter(([key]) => !key.endsWith("value")))
}))
const application = fixture("application-image")

const coolify = (
  name: string,
  promised: Schema.Schema.AnyNoContext,
  body: unknown,
  run: (client: typeof CoolifyClient.Service) => Effect.Effect<unknown, CoolifyError>,
  mostRequests = 5
): Call => ({
  name,
  promised,
  answers: () => body,
  run: Effect.flatMap(CoolifyClient, run),
  mostRequests,
  makes: []
})

const coolifyCalls: ReadonlyArray<Call> = [
  coolify("version", Schema.String.pipe(Schema.pattern(/^\d+\.\d+\.\d+\S*$/)), 4, (c) => c.version),
  coolify(
    "listServers",
    Schema.Array(
      Schema.Struct({
        uuid: Id,
        name: Schema.String,
        ip: Schema.String,
        reachable: Schema.Boolean,
        usable: Schema.Boolean
      })
    ),
    fixture("servers"),
    (c) => c.servers.list
  ),
  coolify(
    "listProjects",
    Schema.Array(
      Schema.Struct({ uuid: Id, id: Schema.Int, name: Schema.String, description: Schema.String })
    ),
    fixture("projects"),
    (c) => c.projects.list
  ),
  coolify("createProject", Made, { uuid: project }, (c) =>
    c.projects.create({ name: "a", description: "b" })
  ),
  coolify("deleteProject", Schema.Void, { message: "ok" }, (c) => c.projects.remove(project)),
  coolify("createEnvironment", Made, { uuid: project }, (c) => c.environments.create(project, "staging")),
  coolify("updateEnvironment", Schema.Void, { message: "ok" }, (c) =>
    c.environments.update(project, "staging", { name: "a", description: "b" })
  ),
  coolify("deleteEnvironment", Schema.Void, { message: "ok" }, (c) =>
    c.environments.remove(project, "staging")
  ),
  coolify(
    "inventory",
    Schema.Struct({
      environmentUuid: Id,
      description: Schema.String,
      applications: Schema.Array(Application),
      others: Schema.Int
    }),
    fixture("environment"),
    (c) => c.environments.inventory(project, "production")
  ),
  coolify(
    "listEnvironments",
    Schema.Array(Schema.Struct({ uuid: Id, name: Schema.String, id: Count })),
    [{ uuid: project, name: "production", id: 1 }],
    (c) => c.environments.list(project)
  ),
  coolify(
    "listApplications",
    Schema.Array(
      Schema.Struct({
        ...Application.fields,
        environmentId: Count,
        server: Schema.UndefinedOr(Schema.Struct({ uuid: Id, name: Schema.String })),
        otherSettings: Schema.Array(Schema.String)
      })
    ),
    [
      {
        ...(application as object),
        environment_id: 1,
        destination: { server: { uuid: project, name: "vps1" } }
      }
    ],
    (c) => c.applications.list
  ),
  coolify("createApplication", Made, { uuid }, (c) => c.applications.create(gitApplication)),
  coolify(
    "createApplication (twice)",
    Made,
    { uuid },
    (c) => c.applications.create(dockerfileApplication),
    10
  ),
  coolify("getApplication", Application, application, (c) => c.applications.get(uuid)),
  coolify("getApplication (git)", Application, fixture("application-git"), (c) => c.applications.get(uuid)),
  coolify("updateApplication", Schema.Void, { uuid }, (c) =>
    c.applications.update(uuid, { port: 1 }, imageApplication)
  ),
  coolify("deleteApplication", Schema.Void, { message: "ok" }, (c) =>
    c.applications.remove(uuid, { deleteVolumes: false })
  ),
  coolify("stopApplication", Schema.Void, { message: "ok" }, (c) => c.applications.stop(uuid)),
  coolify("listVariables", Schema.Array(Variable), envs, (c) => c.variables.list(uuid)),
  coolify("putVariables", Schema.Void, envs, (c) => c.variables.put(uuid, [variable("A", given)])),
  coolify("deleteVariable", Schema.Void, { message: "ok" }, (c) =>
    c.variables.remove(uuid, "var000000000000000000011")
  ),
  coolify(
    "deploy",
    Schema.Struct({ message: Schema.String, deploymentUuid: Schema.UndefinedOr(Id) }),
    fixture("deploy-queued"),
    (c) => c.deployments.start(uuid, { force: false })
  ),
  coolify("getDeployment", Deployment, fixture("deployment-finished"), (c) =>
    c.deployments.get("dep000000000000000000001")
  ),
  coolify("listDeployments", Schema.Array(Deployment), fixture("deployments"), (c) =>
    c.deployments.list(uuid, 10)
  ),
  coolify("listDeployments (keyed)", Schema.Array(Deployment), fixture("deployments-keyed"), (c) =>
    c.deployments.list(uuid, 10)
  ),
  coolify("cancelDeployment", Schema.Void, { message: "ok" }, (c) =>
    c.deployments.cancel("dep000000000000000000001")
  ),
  coolify("logs", Schema.String, { logs: "one\ntwo\n" }, (c) => c.applications.logs(uuid, 10))
]

const at = "www.example.test"
const before: RecordSet = {
  name: at,
  type: "A",
  ttl: 300,
  values: ["192.0.2.1"],
  proxied: false,
  comment: "mark"
}
const wanted: RecordSet = { ...before, values: ["192.0.2.2"] }

const anew: RecordSet = { ...before, type: "AAAA", values: ["2001:db8::1"] }

const rrset = ({ type, ttl, values, comment }: RecordSet) => ({
  name: `${at}.`,
  type,
  ttl,
  records: values.map((content) => ({ content, disabled: false })),
  comments: comment === undefined ? [] : [{ content: comment, account: "fabrik", modified_at: 1 }]
})
const text = { ...before, type: "TXT", values: ['"v=1 \\"x\\"" "y"'] }

const powerDnsAnswers: Call["answers"] = ({ method, url }, stands) => {
  if (method === "PATCH") return ""
  if (url.endsWith("/zones"))
    return [
      { id: "example.test.", name: "example.test.", kind: "Native" },
      { id: "other.test.", name: "other.test.", kind: "Native" }
    ]
  return { id: "example.test.", name: "example.test.", rrsets: [...stands, text].map(rrset) }
}

const record = ({ type, values, ttl, proxied, comment }: RecordSet) => ({
  id: `0a1b2c3d4e5f60718293a4b5c6d7e8${type.toLowerCase()}`,
  name: at,
  type,
  content: values[0],
  ttl,
  proxied,
  comment
})

const cloudflareAnswers: Call["answers"] = ({ method, url }, stands) => ({
  success: true,
  errors: [],
  messages: [],
  result:
    method === "POST"
      ? { posts: stands.map(record), patches: [], deletes: [] }
      : url.endsWith("/zones")
        ? [{ id: "023e105f4ecef8ad9ca31a8372d0c353", name: "example.test", status: "active", type: "full" }]
        : [...stands, text].map(record),
  result_info: { page: 1, per_page: 100, count: 2, total_pages: 1 }
})

const zone = { id: "example.test.", name: "example.test" }

const dns = (answers: Call["answers"], pages: number): ReadonlyArray<Call> => {
  const call = (
    name: string,
    promised: Schema.Schema.AnyNoContext,
    mostRequests: number,
    makes: Standing,
    run: (client: typeof DnsClient.Service) => Effect.Effect<unknown, DnsError>
  ): Call => ({ name, promised, answers, mostRequests, makes, run: Effect.flatMap(DnsClient, run) })
  const Zone = Schema.Struct({
    // It stands in a path.
    id: Schema.String.pipe(Schema.pattern(/^(?!\.*$)[\w.=-]+$/)),
    name: Schema.Literal("example.test", "www.example.test")
  })
  return [
    call("findZone", Zone, 15, [], (c) => c.findZone(at)),
    call("listAt", RecordSets, 5 * pages, [], (c) => c.listAt(zone, at)),
    call("find and list", RecordSets, 15 + 5 * pages, [], (c) =>
      Effect.flatMap(c.findZone(at), (found) => c.listAt(found, at))
    ),
    call("put", Schema.Void, 10 * pages + 10, [wanted], (c) =>
      c.put(zone, wanted, { _tag: "Exactly", recordSet: before })
    ),
    call("put anew", Schema.Void, 10 * pages + 10, [before, anew], (c) =>
      c.put(zone, anew, { _tag: "Absent" })
    ),
    call("remove", Schema.Void, 10 * pages + 10, [], (c) => c.remove(zone, before))
  ]
}

const token = Redacted.make(canaries.token)
const noDns = Layer.succeed(DnsClient, DnsClient.of(Object.create(null)))
const noCoolify = Layer.succeed(CoolifyClient, CoolifyClient.of(Object.create(null)))
const live = {
  coolify: {
    calls: coolifyCalls,
    layer: Layer.merge(noDns, CoolifyHttp.layer({ baseUrl: "https://api.host.example/api/v1", token })),
    path: /^\/api\/v1\/(version|servers|projects|applications|deployments|deploy)(\/[a-z0-9-]+)*$/
  },
  powerdns: {
    calls: dns(powerDnsAnswers, 1),
    layer: Layer.merge(
      noCoolify,
      PowerDns.layer({ apiUrl: "https://api.host.example", apiKey: token, serverName: "localhost" })
    ),
    path: /^\/api\/v1\/servers\/localhost\/zones(\/[\w.=-]+)?$/
  },
  cloudflare: {
    calls: dns(cloudflareAnswers, 20),
    layer: Layer.merge(
      noCoolify,
      Cloudflare.layer({ apiToken: token, baseUrl: "https://api.host.example/client/v4" })
    ),
    path: /^\/client\/v4\/zones(\/[\w.=-]+\/dns_records(\/batch)?)?$/
  }
} as const

interface Exchange {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly answer: Answer
}

const prototype = Reflect.ownKeys(Object.prototype).length

/** Everything that somebody could print of an exit. */
const shown = (exit: Exit.Exit<unknown, CoolifyError | DnsError>): string => {
  const failures = Exit.isFailure(exit) ? [...Cause.failures(exit.cause)] : []
  return [
    inspect(exit, { depth: 12, showHidden: true }),
    ...(Exit.isFailure(exit) ? [Cause.pretty(exit.cause)] : []),
    ...failures.flatMap((error) => [
      error.message,
      error.stack ?? "",
      String(error),
      JSON.stringify(error),
      inspect(error, { depth: 12 })
    ])
  ].join("\n")
}

const requestHolds = (client: keyof typeof live, { request }: Exchange) => {
  const url = new URL(request.url)
  assert.strictEqual(url.origin, "https://api.host.example")
  // As it was written: nothing in it made it another path.
  assert.strictEqual(request.url, url.href)
  assert.match(url.pathname, live[client].path)
  const { authorization, "x-api-key": key, ...headers } = request.headers
  assert.include(`${authorization} ${key}`, canaries.token)
  assert.notInclude(JSON.stringify([headers, request.urlParams, request.body]), half)
}

const isWrite = ({ request }: Exchange) => request.method !== "GET"
const saysNo = ({ answer }: Exchange) => /"success":\s*false/.test(Buffer.from(answer.body).toString())

const failureHolds = (call: Call, error: CoolifyError | DnsError, exchanges: ReadonlyArray<Exchange>) => {
  assert.isTrue(error instanceof CoolifyError || error instanceof DnsError)
  assert.notStrictEqual(error.detail, "")
  assert.isAtMost(error.message.length, 1000)
  assert.isAtMost(JSON.stringify(error).length, 60_000)
  for (const said of [
    error.message,
    ...("found" in error ? error.found : []),
    ...("problems" in error ? error.problems.flatMap(Object.values) : [])
  ]) {
    assert.notMatch(said, /[\p{Cc}\u202A-\u202E\u2066-\u2069\u2028\u2029]/u)
  }
  if (error.retryAfterMillis !== undefined)
    assert.isTrue(Number.isFinite(error.retryAfterMillis) && error.retryAfterMillis >= 0)
  const lastWrite = exchanges.findLast(isWrite)
  if (lastWrite === undefined) {
    if (error instanceof CoolifyError) assert.isFalse(error.outcomeUnknown)
    return
  }
  const { fate, status } = lastWrite.answer
  const arrived = fate !== "refused"
  const unclear =
    arrived &&
    (fate === "silent" ||
      status < 200 ||
      status >= 500 ||
      (status < 300 && (fate === "whole" || fate === "stalled" || fate === "broken")))
  if (error instanceof CoolifyError) {
    const piecemeal = call.name === "putVariables" && status === 422
    const half =
      call.name === "createApplication (twice)" && exchanges.some(({ request }) => request.method === "PATCH")
    if (unclear || half) assert.isTrue(error.outcomeUnknown, `${fate} ${status}`)
    else if (!piecemeal && fate === "whole") assert.isFalse(error.outcomeUnknown, `${fate} ${status}`)
  } else if (unclear && status < 300 && !saysNo(lastWrite)) {
    assert.include(["OutcomeUnknown", "Conflict", "BadResponse", "Unavailable"], error.reason)
    // Without an answer to the question what stands there now, nobody knows. (A second write takes the first one back.)
    const writes = exchanges.filter((one) => isWrite(one) && one.answer.status !== 429)
    const last = exchanges.at(-1)
    const unasked = last === lastWrite || last?.answer.fate !== "whole" || last.answer.status >= 300
    if (unasked && writes.length === 1) assert.strictEqual(error.reason, "OutcomeUnknown")
  }
}

interface Case {
  readonly seed: number
  readonly client: keyof typeof live
  readonly call: Call
  readonly exchanges: Array<Exchange>
  readonly fiber: Fiber.Fiber<unknown, CoolifyError | DnsError>
}

const start = (seed: number) =>
  Effect.gen(function* () {
    const dice = new Dice(seed)
    const client = dice.pick(["coolify", "coolify", "coolify", "powerdns", "cloudflare"] as const)
    // Those that read the most, and those that use what they read, come oftener.
    const often = live[client].calls.filter(({ name }) =>
      /Application( \(git\))?$|^inventory$|Variables$|find and/.test(name)
    )
    const call = dice.pick<Call>(dice.chance(0.4) ? often : live[client].calls)
    const trouble = dice.pick([1, 1, 0.5, 0.25])
    // It may begin after a while, and it may be the same each time.
    const begins = dice.pick([0, 0, 1, 2, 3])
    const remembered = dice.chance(0.4) ? new Map<string, Answer>() : undefined
    const exchanges: Array<Exchange> = []
    let stands: Standing = [before]
    const http = scriptedHttp((request) => {
      // A write may take effect although its answer is lost, and the other way round.
      if (request.method !== "GET" && dice.chance(0.8)) stands = call.makes
      const well = call.answers(request, stands)
      const troubled = exchanges.length >= begins && dice.chance(trouble)
      const answer =
        remembered?.get(request.method) ?? (troubled ? mutated(dice, canaries, well) : right(well))
      if (troubled) remembered?.set(request.method, answer)
      exchanges.push({ request, answer })
      return answer
    })
    const fiber = yield* call.run.pipe(
      Effect.provide(live[client].layer),
      Effect.provideService(HttpClient.HttpClient, http),
      Effect.fork
    )
    return { seed, client, call, exchanges, fiber } satisfies Case
  })

/** Throws what is wrong with how a call ended; otherwise whether it succeeded. */
const holds = (
  { client, call, exchanges }: Case,
  exit: Exit.Exit<unknown, CoolifyError | DnsError> | undefined
): boolean => {
  if (exit === undefined) throw new Error("it never ends")
  assert.isAtMost(exchanges.length, call.mostRequests, "requests")
  for (const exchange of exchanges) requestHolds(client, exchange)
  assert.strictEqual(Reflect.ownKeys(Object.prototype).length, prototype)
  const out = shown(exit)
  assert.notInclude(out, canaries.hidden)
  if (Exit.isSuccess(exit)) {
    Schema.validateSync(call.promised)(exit.value)
    return true
  }
  for (const secret of [half, given]) assert.notInclude(out, secret)
  assert.isTrue(Cause.isFailType(exit.cause), Cause.pretty(exit.cause))
  for (const error of Cause.failures(exit.cause)) failureHolds(call, error, exchanges)
  return false
}

const told = (
  { seed, client, call, exchanges }: Case,
  exit: Exit.Exit<unknown, CoolifyError | DnsError> | undefined,
  cause: unknown
) => {
  const why = cause instanceof Error ? cause.message : String(cause)
  const log = exchanges
    .slice(0, 10)
    .map(
      ({ request, answer }) =>
        `${request.method} ${request.url} -> ${answer.fate} ${answer.status} ${JSON.stringify(answer.headers)} ` +
        Buffer.from(answer.body).toString().slice(0, 1000)
    )
  return [`FABRIK_FUZZ_SEED=${seed} ${client} ${call.name}: ${why}`, ...log, inspect(exit, { depth: 6 })]
    .map((line) => line.slice(0, 2000))
    .join("\n")
}

describe("mutated answers", () => {
  it.effect(
    `${runs} calls`,
    () =>
      Effect.gen(function* () {
        const seeds =
          replay === undefined ? Array.from({ length: runs }, (_, index) => index) : [Number(replay)]
        const failures: Array<string> = []
        let succeeded = 0
        for (let from = 0; from < seeds.length; from += together) {
          const clock = new FastClock(Date.parse("2026-11-25T00:00:00Z"))
          const cases = yield* Effect.forEach(seeds.slice(from, from + together), start).pipe(
            Effect.withClock(clock)
          )
          // A read, a write and a read again of twenty pages each, all five times and with the longest waits.
          yield* Effect.promise(() => clock.pass("4 hours"))
          const exits = yield* Effect.forEach(cases, ({ fiber }) =>
            Effect.map(Fiber.poll(fiber), Option.getOrUndefined)
          )
          for (const [index, one] of cases.entries()) {
            try {
              if (holds(one, exits[index])) succeeded += 1
            } catch (cause) {
              failures.push(told(one, exits[index], cause))
            }
          }
        }
        if (failures.length > 0)
          throw new Error(`${failures.length} do not hold\n${failures.slice(0, 5).join("\n\n")}`)
        if (replay !== undefined) return
        assert.isAbove(succeeded, runs / 10)
        assert.isBelow(succeeded, runs * 0.8)
        note({
          suite: "API answers, mutated",
          runs,
          invariants: "typed end, bounded, own origin, ids, no secrets, unknown is told"
        })
      }),
    300_000
  )
})

/** One call of a client over `http`. */
const callOver = (client: keyof typeof live, name: string, http: HttpClient.HttpClient) =>
  Effect.suspend(
    () => live[client].calls.find((call) => call.name === name)?.run ?? Effect.dieMessage(name)
  ).pipe(Effect.provide(live[client].layer), Effect.provideService(HttpClient.HttpClient, http), Effect.exit)

describe("a value that would take the square of its length to read", () => {
  const units = ["x", "/", " ", "1.", '\\"', ":", "例"]
  const values = ["", '"', "https://h.example/"].flatMap((head) =>
    units.map((unit) => `${head}${unit.repeat(100_000 / unit.length)}x`)
  )
  // Every unit once.
  const some = sample(values, units.length)
  const kept = /^(uuid|id|name|build_pack|status|.*_uuid)$/

  for (const [client, name] of [
    ["coolify", "getApplication"],
    ["coolify", "getApplication (git)"],
    ["coolify", "listVariables"],
    ["coolify", "getDeployment"],
    ["powerdns", "listAt"],
    ["cloudflare", "listAt"]
  ] as const) {
    it.live(`${client} ${name}`, () =>
      Effect.gen(function* () {
        const call = live[client].calls.find((one) => one.name === name)
        for (const value of some) {
          // In every text at once, but for those that make the answer one to this call.
          const http = scriptedHttp((request) => {
            const body = JSON.stringify(call?.answers(request, [before]))
            return right(
              JSON.parse(body, (key, own: unknown) =>
                typeof own === "string" && !kept.test(key) ? value : own
              )
            )
          })
          const started = process.cpuUsage()
          yield* callOver(client, name, http)
          assert.isBelow(process.cpuUsage(started).user / 1000, 1000, JSON.stringify(value.slice(0, 30)))
        }
      })
    )
  }
})

describe("an answer of a hundred megabytes", () => {
  const piece = new Uint8Array(64 * 1024).fill(0x61)

  for (const [client, name, megabytes] of [
    ["coolify", "listServers", 8],
    ["powerdns", "listAt", 64],
    ["cloudflare", "listAt", 64]
  ] as const) {
    it.live(`${client} is not read to its end`, () =>
      Effect.gen(function* () {
        let pieces = 0
        const flood = Stream.repeatEffect(
          Effect.sync(() => {
            pieces += 1
            return piece
          })
        ).pipe(Stream.take(1600))
        const before = process.memoryUsage().rss
        const exit = yield* callOver(
          client,
          name,
          scriptedHttp(() => ({ ...right({}), stream: flood }))
        )
        assert.isTrue(Exit.isFailure(exit) && Cause.isFailType(exit.cause), inspect(exit))
        assert.isAtMost(pieces, megabytes * 16 + 2)
        assert.isBelow((process.memoryUsage().rss - before) / 2 ** 20, 300, "MB more")
      })
    )
  }

  // What fetch unpacks comes in pieces, too; a megabyte of zeros takes a kilobyte.
  const packed = gzipSync(new Uint8Array(2 ** 20))
  for (const [what, body] of [
    ["packed", Buffer.concat(Array.from({ length: 100 }, () => packed))],
    ["said to be packed, which it is not", new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3])]
  ] as const) {
    it.scopedLive(`${what}, over a real socket`, () =>
      Effect.gen(function* () {
        const server = yield* scriptedServer(() => ({
          status: 200,
          body,
          headers: { "content-encoding": "gzip" }
        }))
        const layers = Layer.mergeAll(
          CoolifyHttp.layer({ baseUrl: `${server.origin}/api/v1`, token }),
          PowerDns.layer({ apiUrl: server.origin, apiKey: token, serverName: "localhost" })
        ).pipe(Layer.provide(FetchHttpClient.layer))
        const made = yield* Effect.flatMap(CoolifyClient, (client) =>
          client.projects.create({ name: "a", description: "" })
        ).pipe(Effect.provide(layers), Effect.flip)
        assert.isTrue(made instanceof CoolifyError && made.outcomeUnknown, inspect(made))
        const found = yield* Effect.flatMap(DnsClient, (client) => client.findZone(at)).pipe(
          Effect.provide(layers),
          Effect.flip
        )
        assert.instanceOf(found, DnsError)
      })
    )
  }
})

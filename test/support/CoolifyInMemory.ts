/** The sandbox's Coolify in memory, with the live client over it: without sockets, and on the clock of the test. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { withCompose } from "../../src/coolify/ComposeApplications.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { ListedApplication } from "../../src/coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../../src/coolify/endpoints/Variables.ts"
import { makeCoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import type { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { type CoolifyCall, makeTransportOver } from "../../src/coolify/Transport.ts"
import type { Keeping } from "../../src/http/AnswerBody.ts"
import { unreadable } from "../../src/http/Failure.ts"
import type { Http, HttpPolicy } from "../../src/http/Http.ts"
import { makeSieve } from "../../src/http/JsonSieve.ts"
import { keepOf } from "../../src/http/Keep.ts"
import { journaled } from "../../src/http/RequestJournal.ts"
import * as CoolifyApi from "../../src/sandbox/coolify/CoolifyApi.ts"
import type { Ability, CoolifyState } from "../../src/sandbox/coolify/CoolifyState.ts"
import { initialState, type ServerSeed } from "../../src/sandbox/coolify/InitialState.ts"
import type { Latency } from "../../src/sandbox/coolify/Latency.ts"
import * as InProcess from "../../src/sandbox/InProcess.ts"
import { makeMemory } from "../../src/sandbox/Stored.ts"
import { eachCall } from "../orchestrator/EachCall.ts"

interface InMemoryOptions {
  readonly servers?: ReadonlyArray<ServerSeed>
  /** Of the token; all that fabrik asks for when absent. */
  readonly abilities?: ReadonlyArray<Ability>
  readonly latency?: Partial<Latency>
  /** That it says it is. */
  readonly version?: string
}

type Client = Context.Tag.Service<CoolifyClient>

/** The Coolify behind {@link layerMemory} and {@link layerDirect}. */
export class CoolifyInMemory extends Context.Tag("fabrik/test/support/CoolifyInMemory")<
  CoolifyInMemory,
  {
    readonly api: CoolifyApi.CoolifyApi
    /** What a client finds that may see everything. */
    readonly seen: Effect.Effect<{
      readonly applications: ReadonlyArray<ListedApplication>
      readonly variables: ReadonlyArray<ObservedVariable & { readonly applicationUuid: string }>
    }>
    /** Changes Coolify's rows behind everybody's back. */
    readonly edit: (change: (state: CoolifyState) => CoolifyState) => Effect.Effect<void>
    /** The methods that the client was asked for so far. */
    readonly calls: Effect.Effect<ReadonlyArray<string>>
  }
>() {}

const services = (api: CoolifyApi.CoolifyApi, client: Client) =>
  Effect.gen(function* () {
    const calls = yield* Ref.make<ReadonlyArray<string>>([])
    const counted = eachCall(client, (method, call: Effect.Effect<unknown>) =>
      Effect.zipRight(
        Ref.update(calls, (all) => [...all, method]),
        call
      )
    )
    const seen = Effect.gen(function* () {
      const applications = yield* client.applications.list
      const variables = yield* Effect.forEach(applications, ({ uuid: applicationUuid }) =>
        Effect.map(client.variables.list(applicationUuid), (rows) =>
          rows.map((row) => ({ ...row, applicationUuid }))
        )
      )
      return { applications, variables: variables.flat() }
    }).pipe(Effect.orDie)
    return Context.make(CoolifyClient, counted).pipe(
      Context.add(CoolifyInMemory, {
        api,
        seen,
        edit: (change) => api.state.modify((state) => [undefined, change(state)]),
        calls: Ref.get(calls)
      })
    )
  })

const secret = `${"a".repeat(40)}0f0f0f0f`
const all: ReadonlyArray<Ability> = ["read", "read:sensitive", "write", "deploy"]

const makeApi = ({
  abilities = all,
  latency = {},
  servers = [{ name: "vps1", ip: "192.0.2.10" }],
  version
}: InMemoryOptions) =>
  Effect.gen(function* () {
    const state = yield* makeMemory(initialState({ tokens: [{ id: 1, secret, abilities }] }))
    const api = yield* CoolifyApi.make({
      state,
      latency,
      rateLimit: 100_000_000,
      ...(version === undefined ? {} : { version })
    })
    yield* api.seed({ servers, deployKeys: ["acme"], githubApps: ["acme"] })
    return api
  })

const config = Effect.orDie(makeCoolifyConfig("https://coolify.test", Redacted.make(`1|${secret}`)))

export const layerMemory = (options: InMemoryOptions = {}): Layer.Layer<CoolifyClient | CoolifyInMemory> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const api = yield* makeApi(options)
      const client = yield* Effect.provideServiceEffect(
        CoolifyHttp.make(yield* config),
        HttpClient.HttpClient,
        InProcess.client(api.app)
      )
      return yield* services(api, yield* withCompose(client))
    })
  )

const isOk = (status: number) => status >= 200 && status < 300

const decoder = new TextDecoder()

const keptOf = (bytes: Uint8Array, { keep, texts }: Keeping): string => {
  const sieve = makeSieve({ keep, longest: Infinity, ...(texts === undefined ? {} : { texts }) })
  const fault = sieve.push(bytes)
  const end = fault ?? sieve.end()
  return typeof end === "object" ? end.json : ""
}

/** A call is the sandbox's answer: no deadlines, nothing that is sent again. */
const directly =
  (app: HttpApp.Default) =>
  (policy: HttpPolicy<CoolifyError, CoolifyCall>): Http<CoolifyError, CoolifyCall> => {
    const send = (call: CoolifyCall, keeping?: Keeping) => {
      const asked = Effect.gen(function* () {
        const { body, headers, status } = yield* Effect.orDie(InProcess.ask(app, call.request))
        const bytes = body._tag === "Uint8Array" ? body.body : new Uint8Array()
        const text = isOk(status) && keeping !== undefined ? keptOf(bytes, keeping) : decoder.decode(bytes)
        const error = policy.judge(call, { status, headers, text }, yield* Clock.currentTimeMillis)
        return error === undefined ? { status, headers, text } : yield* Effect.fail(error)
      }).pipe(Effect.uninterruptible)
      return call.write && call.harmless !== true
        ? journaled(policy.errors, { method: call.method, what: call.request.url }, asked)
        : asked
    }
    return {
      text: (call) => Effect.map(send(call), ({ text }) => text),
      answer: (call) => send(call),
      json: (call, schema, texts) =>
        Effect.flatMap(send(call, { keep: keepOf(schema), texts }), ({ status, text }) =>
          Schema.decodeUnknown(Schema.parseJson(schema))(text).pipe(
            Effect.mapError(({ message }) => policy.failed(call, unreadable(status, message)))
          )
        )
    }
  }

/** A Coolify that does at once what takes a real one minutes. */
export const atOnce: Latency = { queue: 0, build: 0, statusRefresh: 0, statusCheck: "1 second", deleteJob: 0 }

/**
 * {@link layerMemory} for suites of thousands of runs: the same endpoints and Schemas, without what the HTTP client does
 * around each request (deadlines, retries, absences), which costs ten times as much as the sandbox's answer.
 */
export const layerDirect = (options: InMemoryOptions = {}): Layer.Layer<CoolifyClient | CoolifyInMemory> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const api = yield* makeApi(options)
      const transport = yield* makeTransportOver(yield* config, directly(api.app))
      return yield* services(api, yield* Effect.flatMap(CoolifyHttp.makeOver(transport), withCompose))
    })
  )

/** The live client over the sandbox's Coolify in memory: without sockets, and on the clock of the test. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { makeCoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import * as CoolifyApi from "../../src/sandbox/coolify/CoolifyApi.ts"
import { type Ability, initialState, type ServerSeed } from "../../src/sandbox/coolify/CoolifyState.ts"
import type { Latency } from "../../src/sandbox/coolify/Latency.ts"
import * as InProcess from "../../src/sandbox/InProcess.ts"
import { makeMemory } from "../../src/sandbox/Stored.ts"

export interface InMemoryOptions {
  readonly servers?: ReadonlyArray<ServerSeed>
  /** Of the token; all that fabrik asks for when absent. */
  readonly abilities?: ReadonlyArray<Ability>
  readonly latency?: Partial<Latency>
}

/** The Coolify behind {@link layerMemory}. */
export class CoolifyInMemory extends Context.Tag("fabrik/test/support/CoolifyInMemory")<
  CoolifyInMemory,
  CoolifyApi.CoolifyApi
>() {}

const secret = `${"a".repeat(40)}0f0f0f0f`
const all: ReadonlyArray<Ability> = ["read", "read:sensitive", "write", "deploy"]

export const layerMemory = ({
  abilities = all,
  latency = {},
  servers = [{ name: "vps1", ip: "192.0.2.10" }]
}: InMemoryOptions = {}): Layer.Layer<CoolifyClient | CoolifyInMemory> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const state = yield* makeMemory(initialState({ tokens: [{ id: 1, secret, abilities }] }))
      const api = yield* CoolifyApi.make({ state, latency, rateLimit: 100_000_000 })
      yield* api.seed({ servers })
      const config = yield* makeCoolifyConfig("https://coolify.test", Redacted.make(`1|${secret}`))
      const client = yield* Effect.provideServiceEffect(
        CoolifyHttp.make(config),
        HttpClient.HttpClient,
        InProcess.client(api.app)
      )
      return Context.make(CoolifyClient, client).pipe(Context.add(CoolifyInMemory, api))
    }).pipe(Effect.orDie)
  )

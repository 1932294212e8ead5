/** Drives the API as HTTP requests within the test's own fiber, so that TestClock and seeded Random hold for it. */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/TestClock"
import * as CoolifyApi from "../../../src/sandbox/coolify/CoolifyApi.ts"
import type { Ability, CoolifyState } from "../../../src/sandbox/coolify/CoolifyState.ts"
import { initialState, type TokenSeed } from "../../../src/sandbox/coolify/InitialState.ts"
import * as Stored from "../../../src/sandbox/Stored.ts"

export const secret = "s3cr3t"
const token = (id: number, abilities: ReadonlyArray<Ability>, rest: Partial<TokenSeed> = {}): TokenSeed => ({
  id,
  secret,
  abilities,
  ...rest
})

export const bearer = {
  full: `1|${secret}`,
  read: `2|${secret}`,
  write: `3|${secret}`,
  deploy: `4|${secret}`,
  root: `5|${secret}`,
  expired: `6|${secret}`,
  otherTeam: `7|${secret}`,
  plain: `8|${secret}`
}

export const tokens: ReadonlyArray<TokenSeed> = [
  token(1, ["read", "read:sensitive", "write", "deploy"]),
  token(2, ["read"]),
  token(3, ["write"]),
  token(4, ["deploy"]),
  token(5, ["root"]),
  token(6, ["root"], { expiresAt: 0 }),
  token(7, ["root"], { teamId: 7, userId: 7 }),
  token(8, ["read", "write", "deploy"])
]

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // The API is untyped from the outside, and so are its tests.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any
}

interface Sent {
  readonly body?: unknown
  readonly token?: string | null
  readonly headers?: Record<string, string>
  readonly from?: string
}

export type Send = (method: string, path: string, sent?: Sent) => Effect.Effect<Answer>

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const sender =
  (app: CoolifyApi.CoolifyApi["app"]): Send =>
  (method, path, { body, token = bearer.full, headers = {}, from } = {}) =>
    Effect.gen(function* () {
      const text = typeof body === "string" ? body : JSON.stringify(body)
      const request = new Request(`http://localhost${path.startsWith("/api") ? path : `/api/v1${path}`}`, {
        method,
        headers: {
          accept: "application/json",
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers
        },
        ...(body === undefined ? {} : { body: text })
      })
      const incoming = HttpServerRequest.fromWeb(request).modify({ remoteAddress: from ?? "127.0.0.1" })
      const response = yield* Effect.provideService(app, HttpServerRequest.HttpServerRequest, incoming)
      const web = HttpServerResponse.toWeb(response)
      const answer = yield* Effect.promise(() => web.text())
      return { status: web.status, headers: web.headers, text: answer, json: parsed(answer) }
    })

export const make = Effect.fn("Harness.make")(function* (
  options: Partial<CoolifyApi.CoolifyOptions> & { readonly initial?: CoolifyState } = {}
) {
  const state = options.state ?? (yield* Stored.makeMemory(options.initial ?? initialState({ tokens })))
  const api = yield* CoolifyApi.make({ rateLimit: 100_000, ...options, state }).pipe(
    Effect.withRandom(Random.make("coolify"))
  )
  yield* api.seed({ servers: [{ name: "vps1", ip: "203.0.113.10" }] })
  const send = sender(api.app)
  const server: string = (yield* send("GET", "/servers")).json[0].uuid
  const project: string = (yield* send("POST", "/projects", { body: { name: "shop" } })).json.uuid
  const base = {
    project_uuid: project,
    server_uuid: server,
    environment_name: "production",
    autogenerate_domain: false
  }

  /** An image application with these fields; answers its uuid. */
  const application = (fields: Record<string, unknown> = {}) =>
    Effect.map(
      send("POST", "/applications/dockerimage", {
        body: {
          ...base,
          name: "web",
          docker_registry_image_name: "ghcr.io/acme/web:1",
          ports_exposes: "8000",
          ...fields
        }
      }),
      (answer): string => {
        if (answer.status !== 201) throw new Error(answer.text)
        return answer.json.uuid
      }
    )

  const put = (uuid: string, env: Record<string, string>) =>
    send("PATCH", `/applications/${uuid}/envs/bulk`, {
      body: { data: Object.entries(env).map(([key, value]) => ({ key, value })) }
    })

  /** The uuid that `/deploy` gives, be it a phantom. */
  const deploy = (uuid: string, query = "") =>
    Effect.map(
      send("POST", `/deploy?uuid=${uuid}${query}`),
      (answer): string => answer.json.deployments[0].deployment_uuid
    )

  const status = (uuid: string) =>
    Effect.map(send("GET", `/applications/${uuid}`), (answer): string => answer.json.status)
  const outcome = (deployment: string) =>
    Effect.map(send("GET", `/deployments/${deployment}`), (answer): string => answer.json.status)

  /** Time for a deployment and what follows it. */
  const settle = TestClock.adjust("5 seconds")
  return { api, send, server, project, base, application, put, deploy, status, outcome, settle }
})

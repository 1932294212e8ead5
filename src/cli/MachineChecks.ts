/** What `doctor` looks at on this machine: its clock, its proxies, its files, and its way to name servers. Reads alone. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { dirname, join } from "node:path"
import { coolifyConfig } from "../coolify/CoolifyConfig.ts"
import { type DnsServer, transports } from "../dns/DnsExchange.ts"
import { type Check, failed, passed, type Seen, unseen, warned } from "../orchestrator/Doctor.ts"
import { secretsDirectoryOf } from "./Layers.ts"
import { proxyFor, proxySettings } from "./Proxy.ts"

/** @param specs files beside which a `.env` is read. */
export const checkMachine = Effect.fn("checkMachine")(function* (specs: ReadonlyArray<string>) {
  const { http } = yield* Effect.promise(() => import("./LiveLayers.ts"))
  const proxies = yield* Effect.either(proxySettings)
  const config = yield* Effect.either(coolifyConfig)
  const baseUrl = Either.isRight(config) ? config.right.config?.baseUrl : undefined
  const proxy = Either.isRight(proxies) ? proxies.right : undefined
  const seen: ReadonlyArray<Effect.Effect<readonly [what: string, Seen], never, FileSystem.FileSystem>> = [
    Effect.map(
      baseUrl === undefined
        ? Effect.succeed(unseen("no Coolify is set to compare it with"))
        : Effect.provide(clock(new URL("/api/health", baseUrl)), http(proxy)),
      (found) => ["its clock is right", found] as const
    ),
    Effect.map(routes(baseUrl), (found) => ["its proxies", found] as const),
    ...[...new Set([...specs.map(dirname), "."])].map((folder) =>
      Effect.map(
        ownFile(join(folder, ".env"), "600"),
        (found) => [`${join(folder, ".env")} is its owner's alone`, found] as const
      )
    ),
    Effect.map(
      ownFile(secretsDirectoryOf(undefined), "700"),
      (found) => [`${secretsDirectoryOf(undefined)} is its owner's alone`, found] as const
    ),
    Effect.map(nameServers(rootServers), (found) => ["it can ask name servers (port 53)", found] as const)
  ]
  const all = yield* Effect.all(seen, { concurrency: "unbounded" })
  return all.map(([what, found]): Check => ({ area: "this machine", what, ...found }))
})

/** Seconds from which on signed requests and certificates begin to be refused somewhere. */
const tolerated = 30

/** By the Date of any answer, whatever else it says; a whole second is all that it tells. */
export const clock = Effect.fn("clock")(function* (url: URL) {
  const client = yield* HttpClient.HttpClient
  const before = yield* Clock.currentTimeMillis
  const response = yield* client.get(url).pipe(Effect.timeout("5 seconds"), Effect.scoped, Effect.option)
  const after = yield* Clock.currentTimeMillis
  const date = Option.map(response, ({ headers }) => Date.parse(headers["date"] ?? ""))
  if (Option.isNone(date)) return unseen(`${url.host} did not answer`)
  if (Number.isNaN(date.value)) return unseen(`${url.host} does not tell the time`)
  // It was told at some time in between.
  const early = (before - (date.value + 1000)) / 1000
  const late = (date.value - after) / 1000
  const ahead = Math.max(early, 0)
  const behind = Math.max(late, 0)
  const off = Math.max(ahead, behind)
  if (off <= tolerated) return passed(`as ${url.host} has it`)
  return warned(
    `${Math.round(off)} s ${ahead > behind ? "ahead of" : "behind"} ${url.host}`,
    "Let a time service set it (timedatectl set-ntp true), here or there: DNS providers refuse requests that are signed at another time."
  )
})

export const routes = Effect.fnUntraced(function* (baseUrl: string | undefined) {
  const set = yield* Effect.either(proxySettings)
  if (Either.isLeft(set)) return failed(set.left.detail, set.left.next)
  if (set.right === undefined) return passed("none is set: everything is asked directly")
  const { direct, http, https } = set.right
  const named = [
    ...(https === undefined ? [] : [`https goes through ${https.host}`]),
    ...(http === undefined ? [] : [`http goes through ${http.host}`])
  ]
  const coolify = baseUrl === undefined ? undefined : new URL(baseUrl)
  const through = coolify === undefined ? undefined : proxyFor(set.right, coolify)
  return passed(
    [
      ...named,
      direct.length === 0 ? "NO_PROXY names no host" : `NO_PROXY: ${direct.join(", ")}`,
      ...(coolify === undefined
        ? []
        : [
            `so Coolify (${coolify.host}) is asked ${through === undefined ? "directly" : `through ${through.host}`}`
          ]),
      "health checks and name servers always directly"
    ].join("; ")
  )
})

/** @param mode what it should have, for the next step. */
export const ownFile = Effect.fn("ownFile")(function* (path: string, mode: "600" | "700") {
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.either(fs.stat(path))
  if (Either.isLeft(info)) {
    return info.left._tag === "SystemError" && info.left.reason === "NotFound"
      ? passed("there is none")
      : unseen(`it cannot be looked at (${info.left.message})`)
  }
  const others = info.right.mode & 0o077
  if (others !== 0) {
    const shown = (info.right.mode & 0o777).toString(8).padStart(3, "0")
    return warned(`others of this machine may use it (mode ${shown})`, `chmod ${mode} ${path}`)
  }
  const usable = yield* Effect.either(fs.access(path, { readable: true, writable: mode === "700" }))
  return Either.isLeft(usable)
    ? failed("this user may not use it", `Check who owns it: ls -ld ${path}`)
    : passed(`mode ${mode}`)
})

/** Of the root zone, a and l: they answer for it themselves, from anywhere (IANA, named.root). */
const rootServers: ReadonlyArray<DnsServer> = [
  { host: "198.41.0.4", port: 53 },
  { host: "199.7.83.42", port: 53 }
]

/** By asking servers for the root zone, which they have, and which nobody in between has. */
export const nameServers = Effect.fn("nameServers")(function* (servers: ReadonlyArray<DnsServer>) {
  const question = { name: ".", type: "NS", recursive: false } as const
  const replies = yield* Effect.forEach(servers, (server) => transports(server, question), {
    concurrency: "unbounded"
  })
  const udp = replies.flatMap((each) => Option.toArray(each.udp))
  const tcp = replies.flatMap((each) => Option.toArray(each.tcp))
  const open =
    "Open port 53 over UDP and TCP to the outside: a run waits until the zone's name servers answer right."
  if (udp.length === 0 && tcp.length === 0) return failed("no root server answers over UDP or TCP", open)
  if (udp.length === 0) return failed("over UDP no root server answers, over TCP one does", open)
  if ([...udp, ...tcp].some((reply) => reply !== "truncated" && !reply.authoritative)) {
    return warned(
      "something in between answers in the place of the name servers",
      "Let requests to port 53 through as they are: what a resolver remembers may be old."
    )
  }
  if (tcp.length === 0) return warned("over UDP a root server answers, over TCP none does", open)
  return passed("root servers answer over UDP and TCP")
})

/** Whether everything is there that a deployment will need, looked at without changing anything. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { hostsOf } from "../appspec/Domain.ts"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Server } from "../coolify/endpoints/Servers.ts"
import { AuthoritativeDns } from "../dns/AuthoritativeDns.ts"
import { DnsClient } from "../dns/DnsClient.ts"
import * as Marker from "../engine/Marker.ts"
import { HealthProbe, type ProbeError } from "../health/HealthProbe.ts"
import { specialAddress } from "../health/SpecialAddress.ts"
import { refuseDelegated } from "./Delegation.ts"
import { observeDns } from "./ObserveDns.ts"
import { isOlder, newestOf, requirements } from "./Requirements.ts"
import type { StepError } from "./RunError.ts"
import { withPublicAddress } from "./ServedDomains.ts"

/** `warned`: it works, and something will not. `unseen`: nobody could look. */
export type CheckState = "passed" | "warned" | "failed" | "unseen"

export interface Check {
  readonly area: "this machine" | "shared state" | "Coolify" | "servers" | "DNS"
  /** What is asked for: `the token may deploy`. */
  readonly what: string
  readonly state: CheckState
  /** What was seen. */
  readonly detail: string
  /** What to do; empty where nothing is. */
  readonly next: string
  /** Why it failed, where a service said so. */
  readonly error?: StepError | ProbeError
}

export type Seen = Omit<Check, "area" | "what">

export const passed = (detail: string): Seen => ({ state: "passed", detail, next: "" })
export const warned = (detail: string, next: string): Seen => ({ state: "warned", detail, next })
export const failed = (detail: string, next: string): Seen => ({ state: "failed", detail, next })
export const unseen = (detail: string, next = ""): Seen => ({ state: "unseen", detail, next })

/** One look; that it cannot be had is what was found. */
const look = <E extends StepError | ProbeError, R>(
  area: Check["area"],
  what: string,
  seen: Effect.Effect<Seen, E, R>
): Effect.Effect<Check, never, R> =>
  Effect.match(seen, {
    onSuccess: (found) => ({ area, what, ...found }),
    onFailure: (error) => ({ area, what, ...failed(error.message, ""), error })
  })

/** No project has it, so that a request to delete it tells whether it would be allowed, and nothing else. */
const noProject = "fabrik-doctor-asks-for-nothing"
const patience = Duration.seconds(5)

/** What Coolify and its token can do, and each of its servers. Nothing further is asked of one that does not answer. */
export const checkCoolify = Effect.fn("checkCoolify")(function* () {
  const coolify = yield* CoolifyClient
  const version = yield* Effect.either(coolify.version)
  const answers = yield* look(
    "Coolify",
    "it answers, and takes the token",
    Effect.map(version, (v) => passed(v))
  )
  if (Either.isLeft(version)) return [answers]
  const lacking = requirements.filter(
    ({ isByChoice, since }) => isByChoice !== true && isOlder(version.right, since)
  )
  const age: Check = {
    area: "Coolify",
    what: "its version",
    ...(lacking.length === 0
      ? passed("it takes all that a spec can say")
      : warned(
          `${version.right} does not know ${lacking.map(({ key }) => key).join(", ")}`,
          `Update Coolify to ${newestOf(lacking)} or newer.`
        ))
  }
  const checks = yield* Effect.all(
    [
      look("Coolify", "the token may see secret values", readsSecrets),
      look("Coolify", "the token may write", mayWrite),
      look("Coolify", "the token may deploy", Effect.as(coolify.deployments.mayStart, passed("yes")))
    ],
    { concurrency: "unbounded" }
  )
  return [answers, age, ...checks, ...(yield* checkServers())]
})

const readsSecrets = Effect.gen(function* () {
  const coolify = yield* CoolifyClient
  for (const { uuid } of (yield* coolify.applications.list).slice(0, 3)) {
    const [row] = yield* coolify.variables.list(uuid)
    if (row !== undefined) {
      return row.value === undefined
        ? warned(
            "no: an update of secrets cannot be undone, and what was edited by hand is not seen",
            "Give the token the ability read:sensitive (Coolify: Keys & Tokens)."
          )
        : passed("yes")
    }
  }
  return unseen("no application has a variable to look at")
})

const mayWrite = Effect.gen(function* () {
  const coolify = yield* CoolifyClient
  return yield* coolify.projects.remove(noProject).pipe(
    Effect.as(passed("yes")),
    Effect.catchIf(
      ({ reason }) => reason === "NotFound",
      () => Effect.succeed(passed("yes"))
    )
  )
})

const checkServers = Effect.fn("checkServers")(function* () {
  const coolify = yield* CoolifyClient
  const servers = yield* Effect.either(coolify.servers.list)
  if (Either.isLeft(servers)) return [yield* look("servers", "there is one", Effect.fail(servers.left))]
  if (servers.right.length === 0) {
    const none = failed("Coolify has no server", "Add one in Coolify (Servers, Add).")
    return [{ area: "servers", what: "there is one", ...none } satisfies Check]
  }
  const checks = yield* Effect.forEach(servers.right, (server) => checkServer(server, servers.right), {
    concurrency: 4
  })
  return checks.flat()
})

const checkServer = Effect.fn("checkServer")(function* (given: Server, all: ReadonlyArray<Server>) {
  const { name } = given
  const usable = given.usable
    ? passed("Coolify reaches it")
    : failed("Coolify says that it is not usable", "Open it in Coolify, and validate it.")
  const found = yield* Effect.either(withPublicAddress(given, all))
  const address = Either.isRight(found) ? found.right.ip : given.ip
  return [
    { area: "servers", what: `${name} is usable`, ...usable },
    yield* look("servers", `${name} can be reached from outside`, entrance(address))
  ] satisfies ReadonlyArray<Check>
})

/** Whether a proxy listens there; what it answers to a name that it does not know says nothing. */
const entrance = Effect.fn("entrance")(function* (address: string) {
  const probe = yield* HealthProbe
  const why = specialAddress(address)
  if (address === "host.docker.internal") {
    return warned(
      "it is Coolify's own host, whose public address is not known",
      "Set it in Coolify (Settings, General, Instance's Public IPv4), or `dns.target` in the specs."
    )
  }
  // A sandbox is on this machine.
  if (why !== undefined && probe.port === 443) {
    return warned(`${address} is ${why}`, "Set `dns.target` in the specs to the server's public address.")
  }
  return yield* probe.get({ host: address, path: "/", address, timeout: patience }).pipe(
    Effect.as(passed(`${address} answers on port ${probe.port}`)),
    Effect.catchIf(
      ({ reason }) => reason === "Tls" || reason === "Broken",
      () => Effect.succeed(passed(`${address} listens on port ${probe.port}`))
    )
  )
})

/** The DNS account, and for each name of the specs its zone and what answers for it. */
export const checkDns = Effect.fn("checkDns")(function* (specs: ReadonlyArray<Spec>) {
  const dns = yield* DnsClient
  const { provider } = dns
  const account = yield* look(
    "DNS",
    `${provider} takes the credentials`,
    Effect.map(dns.listCommented(`${Marker.sign} -`), (own) =>
      passed(own.length === 1 ? "it has 1 record of fabrik's" : `it has ${own.length} records of fabrik's`)
    )
  )
  if (account.state === "failed") return [account]
  const hosts = [
    ...new Set(specs.filter(({ dns }) => dns.none !== true).flatMap(({ domains }) => hostsOf(domains)))
  ]
  const checks = yield* Effect.forEach(hosts, checkHost, { concurrency: 4 })
  return [account, ...checks.flat()]
})

const checkHost = Effect.fn("checkHost")(function* (host: string) {
  const observed = yield* Effect.either(observeDns({ domains: [host] }))
  const zone = yield* look(
    "DNS",
    `${host} is in a zone of the account`,
    Effect.gen(function* () {
      const [found] = yield* observed
      if (found === undefined) return unseen("it was not looked at")
      yield* refuseDelegated(found)
      return passed(`in ${found.zone.name}`)
    })
  )
  if (zone.state === "failed" || Either.isLeft(observed)) return [zone]
  const [found] = observed.right
  return found === undefined
    ? [zone]
    : [
        zone,
        yield* look(
          "DNS",
          `the name servers of ${found.zone.name} answer`,
          nameServers(found.zone.name, host)
        )
      ]
})

const nameServers = Effect.fn("nameServers")(function* (zone: string, host: string) {
  const authoritative = yield* AuthoritativeDns
  const answers = yield* authoritative.ask(zone, host, "A")
  const good = answers.filter(({ outcome }) => ["answer", "no-such-name", "no-data"].includes(outcome))
  const bad = answers.filter((answer) => !good.includes(answer))
  const lame = bad.map(({ outcome, server }) => `${server}: ${outcome}`).join("; ")
  if (good.length === 0) return failed(lame, "Check that the domain is delegated to this DNS account.")
  return bad.length === 0
    ? passed(`${good.length} of ${answers.length}`)
    : warned(
        `${good.length} of ${answers.length}; ${lame}`,
        "Take what does not answer out of the zone's NS records: a run waits until all of them answer right."
      )
})

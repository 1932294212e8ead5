/** What Docker makes of a service's compose text on its server. Compose reads it as in Compose 2.26.1. */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Behaviour from "./Behaviour.ts"
import * as Compose from "./Compose.ts"
import type { Container, CoolifyState, Route } from "./CoolifyState.ts"
import * as Domains from "./Domains.ts"
import * as Dotenv from "./Dotenv.ts"
import { written } from "./EnvFile.ts"
import * as Lifeline from "./Lifeline.ts"
import type { ComposeService, ServicePart } from "./ServiceState.ts"
import type { Mount } from "./StorageState.ts"
import { variablesOf } from "./VariableRoutes.ts"

/** Compose ended before it had made a container; those that run go on. */
class NotStarted extends Data.TaggedError("NotStarted")<{ readonly detail: string }> {}

/** The `.env` beside the compose text. */
const envFile = (state: CoolifyState, service: ComposeService, file: Compose.ComposeFile): string =>
  [
    ...file.services.map(
      ([name]) => `SERVICE_NAME_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}=${name}`
    ),
    ...variablesOf(state, service).map((row) => `${row.key}=${written(row)}`)
  ].join("\n")

/** Names that Coolify gives every container, and that tell nothing of what it was given. */
const isCoolifys = (name: string): boolean => /^(COOLIFY|SERVICE_NAME)_/.test(name)

/** Where Coolify's proxy sends what comes in for a domain; without a port: to the one that the image exposes. */
const routesOf = ({ fqdn }: ServicePart): ReadonlyArray<Route> =>
  Domains.list(fqdn ?? "").flatMap((one) => {
    if (!URL.canParse(one)) return []
    const { hostname, pathname } = new URL(one)
    // The default port of its scheme is no part of a URL.
    const port = /^[a-z]+:\/\/[^/:]+:(\d+)/i.exec(one)?.[1]
    return [{ host: hostname.toLowerCase(), path: pathname, port: port === undefined ? null : Number(port) }]
  })

const mountsOf = (entry: Compose.Mapping): ReadonlyArray<Mount> =>
  Compose.volumes(entry).flatMap(({ source, target }) =>
    source === undefined ? [] : [{ source, path: target.replace(/:.*/, "") }]
  )

const isChecked = (entry: Compose.Mapping): boolean => {
  const check: unknown = entry["healthcheck"]
  return Compose.isMapping(check) && check["disable"] !== true
}

const started = (
  part: ServicePart,
  entry: Compose.Mapping,
  env: Dotenv.Names,
  image: string,
  now: number
): Container => {
  const { PORT: port = "" } = env
  const healthy = Behaviour.isHealthy(Behaviour.fromVariables(env))
  return {
    application_uuid: part.uuid,
    deployment_uuid: "",
    name: part.name,
    image,
    commit: "",
    env,
    routes: part.kind === "application" ? routesOf(part) : [],
    mounts: mountsOf(entry),
    files: [],
    listens: /^\d{1,5}$/.test(port) ? Number(port) : null,
    health: isChecked(entry) ? (healthy ? "healthy" : "unhealthy") : "none",
    started_at: now
  }
}

/** Of an image with this tag no registry knows. */
const missingTag = /:missing$/

/** The containers that `docker compose up` makes of the text as it was last written. */
export const containersOf = (
  state: CoolifyState,
  service: ComposeService,
  parts: ReadonlyArray<ServicePart>,
  now: number
): Either.Either<ReadonlyArray<Container>, NotStarted> =>
  Either.gen(function* () {
    const failed = (detail: string) => Either.left(new NotStarted({ detail }))
    const file = yield* Either.mapLeft(
      Compose.read(service.docker_compose),
      (detail) => new NotStarted({ detail })
    )
    const text = envFile(state, service, file)
    const project = yield* Either.mapLeft(
      Dotenv.readProject(text),
      ({ detail }) => new NotStarted({ detail })
    )
    const given = yield* Either.mapLeft(Dotenv.read(text), ({ detail }) => new NotStarted({ detail }))
    const expanded = (value: string) =>
      Either.mapLeft(
        Dotenv.expand(value, (name) => Dotenv.helperEnvironment[name] ?? project[name]),
        ({ detail }) => new NotStarted({ detail })
      )
    const containers: Array<Container> = []
    for (const [name, entry] of file.services) {
      const part = parts.find((row) => row.name === name)
      if (part === undefined || Compose.isInProfile(entry)) continue
      const image = yield* expanded(Compose.imageOf(entry))
      if ("build" in entry) yield* failed(`unable to prepare context: the folder of "${name}" is not there`)
      if (image === "") yield* failed(`service "${name}" has neither an image nor a build context specified`)
      if (missingTag.test(image)) yield* failed(`manifest for ${image} not found`)
      const env: Record<string, string> = { ...given }
      for (const { key, value = "" } of Compose.environment(entry)) env[key] = yield* expanded(value)
      const own = Object.fromEntries(Object.entries(env).filter(([key]) => !isCoolifys(key)))
      if (Behaviour.fromVariables(own)._tag === "FailBuild") yield* failed(`pull of ${image} failed`)
      containers.push(started(part, entry, own, image, now))
    }
    return containers.filter(({ name }) => isReached(file, containers, name, []))
  })

/** Whether Compose gets as far as a container: what it depends on has to be as it wants it. */
const isReached = (
  file: Compose.ComposeFile,
  containers: ReadonlyArray<Container>,
  name: string,
  above: ReadonlyArray<string>
): boolean => {
  const entry = file.services.find(([one]) => one === name)?.[1] ?? {}
  return Compose.dependencies(entry).every(([other, condition]) => {
    const container = containers.find((one) => one.name === other)
    if (container === undefined || above.includes(other)) return true
    const crashes = Behaviour.fromVariables(container.env)._tag === "Crash"
    // Where the text has no check, the image may have one.
    const fails =
      condition === "service_healthy"
        ? crashes || container.health === "unhealthy"
        : condition === "service_completed_successfully" && crashes
    if (fails) return false
    return isReached(file, containers, other, [...above, name])
  })
}

/** What Docker says of a part's container. */
const reported = (container: Container | undefined, now: number): string => {
  if (container === undefined) return "exited"
  const behaviour = Behaviour.fromVariables(container.env)
  if (behaviour._tag === "Crash" || !Lifeline.lifeAt(behaviour, container.started_at, now).up) {
    return "restarting:unknown"
  }
  if (container.health === "none") return "running:unknown"
  return isWarmingUp(container, now) ? "running:starting" : `running:${container.health}`
}

/** Its health is not known yet. */
const isWarmingUp = ({ env, started_at }: Container, now: number): boolean => {
  const behaviour = Behaviour.fromVariables(env)
  return behaviour._tag === "Slow" && now < started_at + behaviour.seconds * 1000
}

const containerOf = (state: CoolifyState, part: ServicePart): Container | undefined =>
  state.containers.find((one) => one.application_uuid === part.uuid)

/** Coolify's look at Docker. */
export const withReport = (
  state: CoolifyState,
  parts: ReadonlyArray<ServicePart>,
  now: number
): CoolifyState => {
  const own = new Set(parts.map(({ id }) => id))
  return {
    ...state,
    parts: state.parts.map((part) => {
      const status = own.has(part.id) ? reported(containerOf(state, part), now) : part.status
      return status === part.status ? part : { ...part, status, updated_at: now }
    })
  }
}

/** Whether another look will find something else. */
export const isUnsettled = (state: CoolifyState, parts: ReadonlyArray<ServicePart>, now: number): boolean =>
  parts.some((part) => {
    const container = containerOf(state, part)
    return (
      container !== undefined &&
      (isWarmingUp(container, now) || Lifeline.exits(Behaviour.fromVariables(container.env)))
    )
  })

/**
 * Of a service, made of those of its parts; those that are excluded do not count. From
 * app/Services/ContainerStatusAggregator.php at 4.3.11, as recorded.
 */
export const statusOf = (service: ComposeService, parts: ReadonlyArray<ServicePart>): string => {
  if (service.is_starting) return "starting:unhealthy"
  const counted = parts.filter((part) => !part.exclude_from_status && !part.exclude_from_hc)
  const statuses = counted.map(({ status }) => status)
  const some = (pattern: RegExp) => statuses.some((one) => pattern.test(one))
  if (some(/^(restarting|degraded)/)) return "degraded:unhealthy"
  if (some(/^running/)) {
    if (some(/^starting/)) return "starting:unknown"
    if (some(/^exited/)) return "degraded:unhealthy"
    return `running:${some(/unhealthy/) ? "unhealthy" : some(/unknown/) ? "unknown" : "healthy"}`
  }
  return some(/^starting/) ? "starting:unknown" : "exited"
}

/** The services of a {@link World}. Of a compose text only the containers count, their images and their variables. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { stringify } from "yaml"
import { composeDocument } from "../../../src/coolify/ComposeText.ts"
import {
  findEnvironment,
  isIn,
  mint,
  notFound,
  refuse,
  step,
  type Step,
  type World,
  type WorldService,
  type WorldVariable
} from "./CoolifyWorld.ts"
import type { ContainerUrls } from "../../../src/coolify/ContainerUrls.ts"
import type {
  CreateService,
  Service,
  ServiceContainer,
  ServicePatch
} from "../../../src/coolify/endpoints/Services.ts"
import type { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import { conflictOf } from "./WorldDomains.ts"
import { environmentId } from "./WorldLists.ts"

type Mapping = Readonly<Record<string, unknown>>

const mappingOf = (value: unknown): Mapping =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {}

interface Entry {
  readonly name: string
  readonly image: string
  readonly isChecked: boolean
  /** Variables that the text makes, with their values. */
  readonly variables: ReadonlyArray<readonly [key: string, value: string]>
}

const variablesOf = (environment: unknown): Entry["variables"] =>
  Object.values(mappingOf(environment)).flatMap((line) => {
    const [, key, value = ""] = /\$\{([A-Za-z_]\w*)(?::?[-?]([^{}]*))?\}$/.exec(String(line)) ?? []
    return key === undefined ? [] : [[key, value] as const]
  })

const entryOf = ([name, value]: readonly [string, unknown]): Entry => {
  const entry = mappingOf(value)
  return {
    name,
    image: typeof entry["image"] === "string" ? entry["image"] : "",
    isChecked: "healthcheck" in entry,
    variables: variablesOf(entry["environment"])
  }
}

const readCompose = (
  method: string,
  compose: string
): Either.Either<{ readonly text: string; readonly entries: ReadonlyArray<Entry> }, CoolifyError> => {
  const document = composeDocument(compose)
  const read = Either.try((): unknown => document.toJS())
  if (document.errors.length > 0 || Either.isLeft(read))
    return refuse(method, "ServerError", 500, "Server Error")
  const whole = read.right
  const entries = Object.entries(mappingOf(mappingOf(whole)["services"])).map(entryOf)
  return entries.length === 0
    ? refuse(method, "Invalid", 422, 'Docker Compose file must contain a "services" section')
    : Either.right({ text: stringify(whole), entries })
}

const isDatabase = (image: string) => /^(postgres|redis|mysql|mariadb|mongo)(:|$)/.test(image)

/** Those that have left the text stay. */
const containersAfter = (
  world: World,
  before: ReadonlyArray<ServiceContainer>,
  entries: ReadonlyArray<Entry>
): readonly [ReadonlyArray<ServiceContainer>, World] => {
  let next = world
  const added: Array<ServiceContainer> = []
  for (const { image, name } of entries) {
    if (before.some((one) => one.name === name)) continue
    const [uuid, ready] = mint(next, "container")
    next = ready
    const kind = isDatabase(image) ? "database" : "application"
    added.push({ uuid, name, kind, status: "exited", image, urls: [] })
  }
  const images = new Map(entries.map(({ image, name }) => [name, image]))
  const kept = before.map((one) => ({ ...one, image: images.get(one.name) ?? one.image }))
  return [[...kept, ...added], next]
}

const withVariables = (world: World, service: string, entries: ReadonlyArray<Entry>): World =>
  entries
    .flatMap(({ variables }) => variables)
    .reduce((so, [key, value]) => {
      if (so.variables.some((row) => row.applicationUuid === service && row.key === key)) return so
      const [uuid, ready] = mint(so, "variable")
      const row: WorldVariable = {
        uuid,
        applicationUuid: service,
        key,
        value: Redacted.make(value),
        isPreview: false,
        isLiteral: false,
        isMultiline: false,
        isShownOnce: false,
        isRuntime: true,
        isBuildtime: true,
        comment: ""
      }
      return { ...ready, variables: [...ready.variables, row] }
    }, world)

const withUrls = (
  world: World,
  method: string,
  containers: ReadonlyArray<ServiceContainer>,
  urls: ReadonlyArray<ContainerUrls>
): Either.Either<ReadonlyArray<ServiceContainer>, CoolifyError> =>
  Either.gen(function* () {
    let after = containers
    for (const { container, urls: wanted } of urls) {
      const found = after.find(({ kind, name }) => kind === "application" && name === container)
      if (found === undefined) {
        return yield* refuse(method, "Invalid", 422, `Service container with '${container}' not found.`)
      }
      const conflict = conflictOf(world, method, found.uuid, wanted)
      if (conflict !== undefined) return yield* conflict
      after = after.map((one) => (one === found ? { ...one, urls: wanted } : one))
    }
    return after
  })

const statusOf = ({ containers, phase }: WorldService): string => {
  if (phase === "starting") return "starting:unhealthy"
  const some = (text: string) => containers.some(({ status }) => status.includes(text))
  if (!some("running")) return "exited"
  if (some("exited")) return "degraded:unhealthy"
  return some("unknown") ? "running:unknown" : "running:healthy"
}

const shown =
  (world: World) =>
  (service: WorldService): Service => ({
    uuid: service.uuid,
    name: service.name,
    description: service.description,
    status: statusOf(service),
    compose: service.compose,
    sharesNetwork: service.sharesNetwork,
    containers: service.containers,
    environmentId: environmentId(world, service.projectUuid, service.environmentName),
    server: world.servers.find(({ uuid }) => uuid === service.serverUuid)
  })

export const listServices = (world: World): ReadonlyArray<Service> => world.services.map(shown(world))

export const servicesIn = (world: World, environmentUuid: string): ReadonlyArray<Service> => {
  const environment = world.environments.find(({ uuid }) => uuid === environmentUuid)
  return environment === undefined
    ? []
    : world.services.filter((one) => isIn(one, environment)).map(shown(world))
}

export const createService = (world: World, service: CreateService): Step<{ readonly uuid: string }> =>
  Either.gen(function* () {
    const method = "createService"
    const { environmentName, projectUuid, serverUuid, urls, ...rest } = service
    const { entries, text } = yield* readCompose(method, service.compose)
    if (!world.projects.some(({ uuid }) => uuid === projectUuid)) return yield* notFound(method, "Project")
    const environment = findEnvironment(world, projectUuid, environmentName)
    if (environment === undefined)
      return yield* refuse(method, "Invalid", 422, "You need to provide a valid environment_name.")
    if (!world.servers.some(({ uuid }) => uuid === serverUuid)) return yield* notFound(method, "Server")
    const [uuid, named] = mint(world, "service")
    const [made, ready] = containersAfter(named, [], entries)
    const row: WorldService = {
      ...rest,
      uuid,
      projectUuid,
      serverUuid,
      environmentName: environment.name,
      compose: text,
      sharesNetwork: false,
      containers: yield* withUrls(ready, method, made, urls),
      phase: "settled"
    }
    const added = { ...ready, services: [...ready.services, row] }
    return [{ uuid }, withVariables(added, uuid, entries)] as const
  })

export const findService = (world: World, method: string, uuid: string) => {
  const found = world.services.find((row) => row.uuid === uuid)
  return found === undefined ? notFound(method, "Service") : Either.right(found)
}

const replace = (world: World, changed: WorldService): World => ({
  ...world,
  services: world.services.map((row) => (row.uuid === changed.uuid ? changed : row))
})

/** A refusal leaves all as it was, which the live one does not for a text that comes with URLs. */
export const updateService = (world: World, uuid: string, patch: ServicePatch): Step<void> =>
  Either.gen(function* () {
    const method = "updateService"
    const found = yield* findService(world, method, uuid)
    const { entries, text } = yield* readCompose(method, patch.compose ?? found.compose)
    const [made, ready] = containersAfter(world, found.containers, entries)
    const containers = yield* withUrls(ready, method, made, patch.urls ?? [])
    const changed = replace(ready, {
      ...found,
      name: patch.name ?? found.name,
      description: patch.description ?? found.description,
      sharesNetwork: patch.sharesNetwork ?? found.sharesNetwork,
      compose: text,
      containers
    })
    return [undefined, withVariables(changed, uuid, entries)] as const
  })

const running = (service: WorldService): ReadonlyArray<ServiceContainer> => {
  const read = readCompose("startService", service.compose)
  const entries = Either.isRight(read) ? read.right.entries : []
  return service.containers.map((one) => {
    const entry = entries.find(({ name }) => name === one.name)
    const health = entry?.isChecked === true ? "healthy" : "unknown"
    return { ...one, status: entry === undefined ? "exited" : `running:${health}` }
  })
}

/** Each look brings it a step further: it starts, seems to have exited, runs. */
export const getService = (world: World, uuid: string): Step<Service> =>
  Either.map(findService(world, "getService", uuid), (found) => {
    const next: WorldService =
      found.phase === "starting"
        ? { ...found, phase: "started" }
        : found.phase === "started"
          ? { ...found, phase: "settled", containers: running(found) }
          : found
    return [shown(world)(found), replace(world, next)] as const
  })

const exited = (service: WorldService): WorldService => ({
  ...service,
  containers: service.containers.map((one) => ({ ...one, status: "exited" }))
})

export const startService = (world: World, uuid: string): Step<void> =>
  Either.flatMap(findService(world, "startService", uuid), (found) =>
    statusOf(found).includes("running")
      ? refuse("startService", "Refused", 400, "Service is already running.")
      : step(undefined, replace(world, { ...found, phase: "starting" }))
  )

export const stopService = (world: World, uuid: string): Step<void> =>
  Either.flatMap(findService(world, "stopService", uuid), (found) =>
    statusOf(found) === "exited"
      ? refuse("stopService", "Refused", 400, "Service is already stopped.")
      : step(undefined, replace(world, { ...exited(found), phase: "settled" }))
  )

export const restartService = (world: World, uuid: string): Step<void> =>
  Either.flatMap(findService(world, "restartService", uuid), (found) =>
    step(undefined, replace(world, { ...exited(found), phase: "starting" }))
  )

export const deleteService = (world: World, uuid: string): Step<void> =>
  Either.flatMap(findService(world, "deleteService", uuid), () =>
    step(undefined, {
      ...world,
      services: world.services.filter((row) => row.uuid !== uuid),
      variables: world.variables.filter((row) => row.applicationUuid !== uuid)
    })
  )

export const serviceLogs = (world: World, uuid: string, container: string): Step<string> =>
  Either.flatMap(findService(world, "serviceLogs", uuid), ({ containers }) => {
    const found = containers.find(({ name }) => name === container)
    return found === undefined || !found.status.startsWith("running")
      ? notFound("serviceLogs", "Container")
      : step(`${container} starts from ${found.image}`, world)
  })

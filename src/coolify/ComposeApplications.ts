/**
 * Lets a service, which is how Coolify runs a compose file, be told and asked for as an application whose source is
 * `Compose`: plans, rollbacks and drift are then one thing for both. Only a start is not: a service has no deployments
 * (`services.has` tells), so they are started by `kinds/ServiceStart`.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "./CoolifyClient.ts"
import { composeFile } from "./ComposeText.ts"
import { containerUrl, isMadeUp, urlsOf } from "./ContainerUrls.ts"
import { CoolifyError } from "./CoolifyError.ts"
import type { Application, ApplicationPatch, ListedApplication } from "./endpoints/Applications.ts"
import { defaultPort } from "./endpoints/Derived.ts"
import type { Service, ServiceContainer } from "./endpoints/Services.ts"

type Client = Context.Tag.Service<CoolifyClient>

/** The containers that are to run and go on running. One that has left the text stays, as `exited`. */
export const steady = (service: Service): ReadonlyArray<ServiceContainer> => {
  const file = composeFile(service.compose)
  if (file === undefined) return service.containers
  const names = file.services
    .filter(({ isInProfile, isOneShot }) => !isOneShot && !isInProfile)
    .map(({ name }) => name)
  return service.containers.filter(({ name }) => names.includes(name))
}

/** The worst of all: what is no more, what is not yet, and what is not well. */
const order = ["restarting", "exited", "dead", "created", "paused", "starting", "running"]

/** Of all containers that are to run, in the form of an application's status. */
export const statusOf = (service: Service): string => {
  const parts = steady(service).map(({ status }) => status.split(":"))
  const states = parts.map(([state = ""]) => state)
  if (states.length === 0) return service.status
  if (states.every((state) => state === "exited"))
    return service.status.startsWith("starting") ? service.status : "exited"
  const worst = order.find((state) => states.includes(state)) ?? "running"
  if (worst !== "running") return worst === "restarting" ? "restarting:unhealthy" : "degraded:unhealthy"
  const healths = parts.map(([, health = "unknown"]) => health)
  return `running:${["unhealthy", "starting", "unknown", "healthy"].find((health) => healths.includes(health)) ?? "unknown"}`
}

/** The one whose log tells how the whole fares: the first that answers somewhere, else the first. */
const mainOf = (service: Service): string | undefined => {
  const containers = steady(service)
  const answering = containers.find(({ urls }) => urls.some((url) => !isMadeUp(url, service.uuid)))
  return (answering ?? containers.find(({ kind }) => kind === "application") ?? containers[0])?.name
}

const noCheck = {
  enabled: false,
  path: "/",
  port: "",
  status: 200,
  interval: 0,
  timeout: 0,
  retries: 0,
  startPeriod: 0
}

const asApplication = (service: Service): Application => ({
  uuid: service.uuid,
  name: service.name,
  description: service.description,
  domains: service.containers.flatMap(({ name, urls }) =>
    urls.filter((url) => !isMadeUp(url, service.uuid)).map((url) => containerUrl(url, name))
  ),
  port: defaultPort,
  healthcheck: noCheck,
  source: { _tag: "Compose", text: service.compose },
  containers: steady(service),
  status: statusOf(service),
  stopsFirst: false,
  restartCount: 0
})

const asListed = (service: Service): ListedApplication => ({
  ...asApplication(service),
  environmentId: service.environmentId,
  server: service.server,
  otherSettings: service.sharesNetwork ? ["connect_to_docker_network"] : []
})

/** Coolify tells these of the URLs only when they are written to what is there already (recorded: services 36, 60). */
const asksForAddress = (text: string): boolean => /SERVICE_(?:URL|FQDN)_/.test(text)

type Seen = "application" | Service

/** The client with its services among its applications. */
export const withCompose = (below: Client): Effect.Effect<Client> =>
  Effect.gen(function* () {
    const seen = yield* Ref.make<ReadonlyMap<string, Seen>>(new Map())
    const note = (found: {
      readonly applications?: ReadonlyArray<{ readonly uuid: string }>
      readonly services?: ReadonlyArray<Service>
    }) =>
      Ref.update(
        seen,
        (before) =>
          new Map<string, Seen>([
            ...before,
            ...(found.applications ?? []).map(({ uuid }) => [uuid, "application"] as const),
            ...(found.services ?? []).map((service) => [service.uuid, service] as const)
          ])
      )
    const getService = (uuid: string) =>
      Effect.tap(below.services.get(uuid), (service) => note({ services: [service] }))
    const getApplication = (uuid: string) =>
      Effect.tap(below.applications.get(uuid), (application) => note({ applications: [application] }))

    /** What nobody has seen yet is taken for an application, until there is none. */
    const either = <A>(
      uuid: string,
      ofApplication: Effect.Effect<A, CoolifyError>,
      ofService: (found?: Service) => Effect.Effect<A, CoolifyError>
    ) =>
      Effect.flatMap(Ref.get(seen), (known) => {
        const is = known.get(uuid)
        if (is !== undefined) return is === "application" ? ofApplication : ofService()
        return Effect.catchIf(
          ofApplication,
          ({ reason }) => reason === "NotFound",
          (error) =>
            getService(uuid).pipe(
              Effect.mapError((other) => (other.reason === "NotFound" ? error : other)),
              Effect.flatMap(ofService)
            )
        )
      })

    const has = (uuid: string) =>
      Effect.flatMap(Ref.get(seen), (known) => {
        const is = known.get(uuid)
        return is !== undefined
          ? Effect.succeed(is !== "application")
          : Effect.catchIf(
              either(uuid, Effect.as(getApplication(uuid), false), () => Effect.succeed(true)),
              ({ reason }) => reason === "NotFound",
              () => Effect.succeed(false)
            )
      })

    /** The inventory does not tell the text, by which the main one is chosen. */
    const serviceOf = (uuid: string) =>
      Effect.flatMap(Ref.get(seen), (known) => {
        const is = known.get(uuid)
        return is === undefined || is === "application" || is.compose === undefined
          ? getService(uuid)
          : Effect.succeed(is)
      })

    const updateService = (uuid: string, patch: ApplicationPatch, current: Pick<Application, "domains">) => {
      const text = patch.source?._tag === "Compose" ? patch.source.text : undefined
      return below.services.update(uuid, {
        ...(patch.name === undefined ? {} : { name: patch.name }),
        ...(patch.description === undefined ? {} : { description: patch.description }),
        ...(text === undefined ? {} : { compose: text }),
        ...(patch.domains === undefined ? {} : { urls: urlsOf(patch.domains, current.domains) })
      })
    }

    return {
      ...below,
      environments: {
        ...below.environments,
        inventory: (project, environment) =>
          below.environments.inventory(project, environment).pipe(
            Effect.tap(note),
            Effect.map((inventory) => ({
              ...inventory,
              applications: [...inventory.applications, ...inventory.services.map(asApplication)],
              others: inventory.others - inventory.services.length
            }))
          )
      },
      applications: {
        list: Effect.all([below.applications.list, below.services.list], { concurrency: "unbounded" }).pipe(
          Effect.tap(([applications, services]) => note({ applications, services })),
          Effect.map(([applications, services]) => [...applications, ...services.map(asListed)])
        ),
        create: (application) => {
          const { source } = application
          if (source._tag !== "Compose") {
            return Effect.tap(below.applications.create(application), (made) =>
              note({ applications: [made] })
            )
          }
          const text = source.text ?? ""
          const urls = urlsOf(application.domains, [])
          return Effect.gen(function* () {
            const { projectUuid, serverUuid, environmentName, name, description } = application
            const place = { projectUuid, serverUuid, environmentName }
            const made = yield* below.services.create({ ...place, name, description, compose: text, urls })
            if (urls.length > 0 && asksForAddress(text)) {
              yield* Effect.mapError(
                below.services.update(made.uuid, { urls }),
                (error) =>
                  new CoolifyError({
                    ...error,
                    method: "createService",
                    detail: `the service ${made.uuid} was created, but setting its URLs failed: ${error.detail}`,
                    outcomeUnknown: true
                  })
              )
            }
            return made
          })
        },
        get: (uuid) =>
          either(uuid, getApplication(uuid), (found) =>
            Effect.map(found === undefined ? getService(uuid) : Effect.succeed(found), asApplication)
          ),
        update: (uuid, patch, current) =>
          current.source._tag === "Compose"
            ? updateService(uuid, patch, current)
            : below.applications.update(uuid, patch, current),
        remove: (uuid, options) =>
          either(uuid, below.applications.remove(uuid, options), () => below.services.remove(uuid, options)),
        // Nothing is stopped twice: that is what was asked for.
        stop: (uuid) =>
          either(uuid, below.applications.stop(uuid), () =>
            Effect.catchIf(
              below.services.stop(uuid),
              ({ reason }) => reason === "Refused",
              () => Effect.void
            )
          ),
        logs: (uuid, lines, options) =>
          either(uuid, below.applications.logs(uuid, lines, options), () =>
            Effect.flatMap(serviceOf(uuid), (service) => {
              const container = options?.container ?? mainOf(service)
              const names = service.containers.map(({ name }) => name)
              if (container !== undefined && !names.includes(container)) {
                const detail = `it has no container ${container} (it has: ${names.join(", ")})`
                return new CoolifyError({ method: "serviceLogs", reason: "Invalid", detail })
              }
              return container === undefined
                ? new CoolifyError({
                    method: "serviceLogs",
                    reason: "Refused",
                    detail: "it has no container"
                  })
                : Effect.mapError(below.services.logs(uuid, container, lines, options), (error) =>
                    // There is none while it does not run.
                    error.reason === "NotFound" ? new CoolifyError({ ...error, reason: "Refused" }) : error
                  )
            })
          )
      },
      variables: {
        list: (uuid) =>
          either(uuid, below.variables.list(uuid), () =>
            Effect.map(below.serviceVariables.list(uuid), (rows) =>
              // Nothing is built: of that flag Coolify takes no change (recorded: services 61 to 74).
              rows.map((row) => ({ ...row, isBuildtime: false }))
            )
          ),
        put: (uuid, variables) =>
          either(uuid, below.variables.put(uuid, variables), () =>
            below.serviceVariables.put(uuid, variables)
          ),
        remove: (uuid, variable) =>
          either(uuid, below.variables.remove(uuid, variable), () =>
            below.serviceVariables.remove(uuid, variable)
          )
      },
      deployments: {
        ...below.deployments,
        list: (uuid, take) => either(uuid, below.deployments.list(uuid, take), () => Effect.succeed([]))
      },
      services: { ...below.services, has }
    }
  })

/** Decorates the client it is given. */
export const layer: Layer.Layer<CoolifyClient, never, CoolifyClient> = Layer.effect(
  CoolifyClient,
  Effect.flatMap(CoolifyClient, withCompose)
)

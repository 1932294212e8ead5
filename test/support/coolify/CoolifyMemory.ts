/**
 * The contract in memory: a Coolify whose every move a test decides. It is left for the exhaustive suites and for those
 * that script its deployments; others have the live client over the sandbox in memory (test/support/CoolifyInMemory.ts),
 * with which a first apply takes 1.7 times the processor time, and 2.9 times with the HTTP client in between.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { CoolifyClient, type CoolifyMethod } from "../../../src/coolify/CoolifyClient.ts"
import type { Application } from "../../../src/coolify/endpoints/Applications.ts"
import { isInInventory } from "../../../src/coolify/endpoints/Derived.ts"
import type { Database } from "../../../src/coolify/endpoints/Databases.ts"
import type { ObservedVariable } from "../../../src/coolify/endpoints/Variables.ts"
import type { Server } from "../../../src/coolify/endpoints/Servers.ts"
import { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import * as Applications from "./WorldApplications.ts"
import * as Worlds from "./CoolifyWorld.ts"
import type { Outcome, Step, World } from "./CoolifyWorld.ts"
import { backupArea } from "./WorldBackups.ts"
import * as Databases from "./WorldDatabases.ts"
import * as Deployments from "./WorldDeployments.ts"
import * as Lists from "./WorldLists.ts"
import { servicesIn } from "./WorldServices.ts"
import { serviceAreas, shownService } from "./MemoryServices.ts"
import * as Storages from "./WorldStorages.ts"
import { taskArea } from "./WorldTasks.ts"
import * as Variables from "./WorldVariables.ts"

type Service = Context.Tag.Service<CoolifyClient>

/** How long something takes: a number of looks at it, or a duration of the Clock's. */
type Pace = { readonly polls: number } | { readonly duration: Duration.DurationInput }

export interface MemoryOptions {
  readonly servers?: ReadonlyArray<Server>
  /** What is there already; `servers` adds to it. */
  readonly world?: Partial<World>
  /** From queued to its end; 2 looks when absent. */
  readonly deployment?: Pace
  /** From the request to the application's disappearance; 2 looks when absent. */
  readonly deletion?: Pace
  /** Whether the token may read values, Dockerfiles and build logs; true when absent. */
  readonly sensitive?: boolean
  /** Of Coolify's own host, where the instance knows it. */
  readonly publicAddress?: string
  /** Deployments that may wait or run; 25 when absent. */
  readonly queueLimit?: number
}

/** Whether a disturbed call still takes effect, as when only its answer is lost. */
export interface Disturbance {
  readonly applied: boolean
}

/** The strings of the in-memory Coolify. */
export class CoolifyMemory extends Context.Tag("fabrik/test/support/coolify/CoolifyMemory")<
  CoolifyMemory,
  {
    /** Everything there is, as of now. */
    readonly world: Effect.Effect<World>
    /** Changes it behind the client's back. */
    readonly edit: (change: (world: World) => World) => Effect.Effect<void>
    /** The next call of `method` fails so; several wait in line. */
    readonly failNext: (
      method: CoolifyMethod,
      error: CoolifyError,
      disturbance?: Disturbance
    ) => Effect.Effect<void>
    /** The next call of `method` never answers. */
    readonly hangNext: (method: CoolifyMethod, disturbance?: Disturbance) => Effect.Effect<void>
    /** How the deployments to come end, in this order; `finished` once the list is used up. */
    readonly outcomes: (outcomes: ReadonlyArray<Outcome>) => Effect.Effect<void>
    /** The methods called so far, disturbed calls included. */
    readonly calls: Effect.Effect<ReadonlyArray<CoolifyMethod>>
  }
>() {}

interface Disturbed {
  readonly method: CoolifyMethod
  readonly applied: boolean
  readonly ending: Effect.Effect<never, CoolifyError>
}

const defaultServer: Server = {
  uuid: "server000000000000000001",
  name: "vps1",
  ip: "192.0.2.10",
  reachable: true,
  usable: true
}

const dueAt = (pace: Pace, now: number): Worlds.Due =>
  "polls" in pace
    ? { _tag: "Polls", left: pace.polls }
    : { _tag: "At", millis: now + Duration.toMillis(pace.duration) }

const make = (options: MemoryOptions = {}) =>
  Effect.gen(function* () {
    const sensitive = options.sensitive ?? true
    const world = yield* Ref.make<World>({
      ...Worlds.emptyWorld,
      ...options.world,
      servers: [...(options.world?.servers ?? []), ...(options.servers ?? [defaultServer])]
    })
    const disturbances = yield* Ref.make<ReadonlyArray<Disturbed>>([])
    const upcoming = yield* Ref.make<ReadonlyArray<Outcome>>([])
    const calls = yield* Ref.make<ReadonlyArray<CoolifyMethod>>([])

    const settled = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.updateAndGet(world, (so) => Deployments.settle(so, now))
    )

    /** `look` is what the looking itself does, whatever the answer is. */
    const call = <A>(
      method: CoolifyMethod,
      take: (world: World, now: number) => Step<A>,
      look: (world: World) => World = (so) => so
    ) =>
      Effect.gen(function* () {
        yield* Ref.update(calls, (so) => [...so, method])
        const disturbed = yield* Ref.modify(disturbances, (so) => {
          const index = so.findIndex((one) => one.method === method)
          return index < 0 ? [undefined, so] : [so[index], so.toSpliced(index, 1)]
        })
        if (disturbed?.applied === false) return yield* disturbed.ending
        const now = yield* Clock.currentTimeMillis
        yield* Ref.update(world, (so) => Deployments.settle(look(so), now))
        const result = yield* Ref.modify(world, (so): readonly [Either.Either<A, CoolifyError>, World] =>
          Either.match(take(so, now), {
            onLeft: (error) => [Either.left(error), so],
            onRight: ([value, after]) => [Either.right(value), after]
          })
        )
        if (disturbed !== undefined) return yield* disturbed.ending
        return yield* result
      })

    const read = <A>(method: CoolifyMethod, look: (world: World) => A) =>
      call(method, (so): Step<A> => Either.right([look(so), so]))

    const shown = <A extends Application>(stored: A): A => {
      if (sensitive) return stored
      const { basicAuth, composeText, source } = stored
      const told = composeText === undefined ? stored : { ...stored, composeText: undefined }
      const application =
        basicAuth === undefined ? told : { ...told, basicAuth: { ...basicAuth, password: undefined } }
      if (source._tag === "Image") return application
      if (source._tag === "Dockerfile") return { ...application, source: { ...source, text: undefined } }
      if (source._tag === "Compose") return application
      return source.access?.kind === "deployKey"
        ? { ...application, source: { ...source, access: { kind: "deployKey" } } }
        : application
    }
    const shownDatabase = <A extends Database>(database: A): A =>
      sensitive ? database : { ...database, url: undefined }
    const shownVariable = (row: ObservedVariable): ObservedVariable =>
      sensitive && !row.isShownOnce ? row : { ...row, value: undefined }
    const shownLogs = <A extends { readonly logs: unknown }>(deployment: A) =>
      sensitive ? deployment : { ...deployment, logs: undefined }

    const deployed = (method: CoolifyMethod, uuid: string, how: Deployments.How) =>
      Effect.flatMap(
        Ref.modify(upcoming, (so) => [so[0] ?? ({ status: "finished" } as const), so.slice(1)]),
        (outcome) =>
          call(method, (so, now) => {
            const due = dueAt(options.deployment ?? { polls: 2 }, now)
            const { queueLimit = 25 } = options
            return Deployments.deploy(so, uuid, { ...how, due, outcome, now, queueLimit })
          })
      )

    const client: Service = {
      version: read("version", () => "4.3.11"),
      servers: {
        list: read("listServers", ({ servers }) => servers),
        domains: () => read("servedDomains", (so) => Lists.servedDomains(so, options.publicAddress))
      },
      sources: {
        deployKeys: read("listDeployKeys", ({ deployKeys }) => deployKeys),
        githubApps: read("listGithubApps", ({ githubApps }) => githubApps)
      },
      projects: {
        list: read("listProjects", Lists.projects),
        create: (project) => call("createProject", (so) => Worlds.createProject(so, project)),
        remove: (uuid) => call("deleteProject", (so) => Worlds.deleteProject(so, uuid))
      },
      environments: {
        create: (projectUuid, name) =>
          call("createEnvironment", (so) => Worlds.createEnvironment(so, projectUuid, name)),
        update: (projectUuid, name, to) =>
          call("updateEnvironment", (so) => Worlds.updateEnvironment(so, projectUuid, name, to)),
        remove: (projectUuid, name) =>
          call("deleteEnvironment", (so) => Worlds.deleteEnvironment(so, projectUuid, name)),
        inventory: (projectUuid, environment) =>
          call(
            "inventory",
            (so) =>
              Either.map(Worlds.inventory(so, projectUuid, environment), ([found, then]) => [
                {
                  ...found,
                  applications: found.applications.map(shown),
                  databases: Databases.databasesIn(so, found.environmentUuid)
                    .filter(({ engine }) => isInInventory(engine))
                    .map(shownDatabase),
                  services: servicesIn(so, found.environmentUuid).map((one) => shownService(one, sensitive))
                },
                then
              ]),
            (so) => Deployments.lookAtDeletions(so, (one) => one.projectUuid === projectUuid)
          ),
        list: (projectUuid) =>
          call("listEnvironments", (so) =>
            Either.map(Lists.environments(so, projectUuid), (found) => [found, so])
          )
      },
      applications: {
        list: call(
          "listApplications",
          (so) => Either.right([Lists.applications(so).map(shown), so]),
          (so) => Deployments.lookAtDeletions(so, () => true)
        ),
        create: (application) =>
          call("createApplication", (so) => Applications.createApplication(so, application)),
        get: (uuid) =>
          call(
            "getApplication",
            (so) =>
              Either.map(Worlds.findApplication(so, "getApplication", uuid), (found) => [
                shown(Worlds.shownApplication(found)),
                so
              ]),
            (so) => Deployments.lookAtDeletions(so, (one) => one.uuid === uuid)
          ),
        update: (uuid, patch, current) =>
          call("updateApplication", (so) => Applications.updateApplication(so, uuid, patch, current)),
        remove: (uuid) =>
          call("deleteApplication", (so, now) =>
            Applications.deleteApplication(so, uuid, dueAt(options.deletion ?? { polls: 2 }, now))
          ),
        stop: (uuid) => call("stopApplication", (so) => Applications.stopApplication(so, uuid)),
        logs: (uuid, lines, timed) =>
          call("logs", (so) =>
            Either.flatMap(Worlds.findApplication(so, "logs", uuid), ({ name, port, status }) =>
              status.startsWith("running")
                ? Either.right([
                    [
                      `${timed?.timestamps === true ? `${new Date(0).toISOString()} ` : ""}${name} listens on ${port}`
                    ]
                      .slice(0, lines)
                      .join("\n"),
                    so
                  ] as const)
                : Worlds.refuse("logs", "Refused", 400, "Application is not running.")
            )
          )
      },
      variables: {
        list: (uuid) =>
          call("listVariables", (so) =>
            Either.map(Worlds.findApplication(so, "listVariables", uuid), () => [
              Variables.listVariables(so, uuid).map(shownVariable),
              so
            ])
          ),
        put: (uuid, variables) =>
          call("putVariables", (so) => Variables.putVariables(so, "application", uuid, variables)),
        remove: (application, variable) =>
          call("deleteVariable", (so) => Variables.deleteVariable(so, "application", application, variable))
      },
      storages: {
        list: (uuid) =>
          call("listStorages", (so) =>
            Either.map(Worlds.findApplication(so, "listStorages", uuid), () => [
              Storages.listStorages(so, uuid, sensitive),
              so
            ])
          ),
        create: (uuid, storage) => call("createStorage", (so) => Storages.createStorage(so, uuid, storage)),
        update: (application, storage, to) =>
          call("updateStorage", (so) => Storages.updateStorage(so, application, storage, to)),
        remove: (application, storage) =>
          call("deleteStorage", (so) => Storages.deleteStorage(so, application, storage)),
        createFile: (uuid, file) => call("createFile", (so) => Storages.createFile(so, uuid, file)),
        removeFile: (application, { uuid }) =>
          call("deleteFile", (so) => Storages.deleteFile(so, application, uuid))
      },
      scheduledTasks: taskArea(call),
      databases: {
        list: read("listDatabases", (so) => Databases.listDatabases(so).map(shownDatabase)),
        create: (database) => call("createDatabase", (so) => Databases.createDatabase(so, database)),
        get: (uuid) =>
          call("getDatabase", (so) =>
            Either.map(Databases.getDatabase(so, uuid), ([found, then]) => [shownDatabase(found), then])
          ),
        update: (uuid, patch) => call("updateDatabase", (so) => Databases.updateDatabase(so, uuid, patch)),
        start: (uuid) => call("startDatabase", (so) => Databases.startDatabase(so, uuid)),
        stop: (uuid) => call("stopDatabase", (so) => Databases.stopDatabase(so, uuid)),
        remove: (uuid) => call("deleteDatabase", (so) => Databases.deleteDatabase(so, uuid))
      },
      ...serviceAreas(call, Ref.get(world), sensitive),
      backups: backupArea(call),
      deployments: {
        start: (uuid, { force }) => deployed("deploy", uuid, { force }),
        restart: (uuid) => deployed("restartApplication", uuid, { force: false }),
        deployCommit: (uuid, commit) => deployed("deployCommit", uuid, { force: true, commit }),
        mayStart: read("mayDeploy", () => undefined),
        get: (uuid) =>
          call(
            "getDeployment",
            (so) =>
              Either.map(Deployments.getDeployment(so, uuid), ([found, then]) => [shownLogs(found), then]),
            (so) => Deployments.lookAtDeployments(so, (one) => one.uuid === uuid)
          ),
        underWay: call(
          "listDeploymentsUnderWay",
          (so) => Either.right([Deployments.underWay(so).map(shownLogs), so]),
          (so) => Deployments.lookAtDeployments(so, () => true)
        ),
        list: (uuid, take) =>
          call(
            "listDeployments",
            (so) =>
              Either.map(Worlds.findApplication(so, "listDeployments", uuid), () => [
                Deployments.listDeployments(so, uuid, take),
                so
              ]),
            (so) => Deployments.lookAtDeployments(so, (one) => one.applicationUuid === uuid)
          ),
        cancel: (uuid) => call("cancelDeployment", (so) => Deployments.cancelDeployment(so, uuid))
      }
    }

    const disturb = (
      method: CoolifyMethod,
      ending: Effect.Effect<never, CoolifyError>,
      { applied }: Disturbance = { applied: false }
    ) => Ref.update(disturbances, (so) => [...so, { method, ending, applied }])

    const memory: Context.Tag.Service<CoolifyMemory> = {
      world: settled,
      edit: (change) => Ref.update(world, change),
      failNext: (method, error, disturbance) => disturb(method, Effect.fail(error), disturbance),
      hangNext: (method, disturbance) => disturb(method, Effect.never, disturbance),
      outcomes: (outcomes) => Ref.set(upcoming, outcomes),
      calls: Ref.get(calls)
    }
    return { client, memory }
  })

/** The client with its strings. */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<CoolifyClient | CoolifyMemory> =>
  Layer.effectContext(
    Effect.map(make(options), ({ client, memory }) =>
      Context.make(CoolifyClient, client).pipe(Context.add(CoolifyMemory, memory))
    )
  )

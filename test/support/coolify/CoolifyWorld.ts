/**
 * A Coolify as plain data, with the steps that change it: what the in-memory client and the dry run share. Reproduces
 * what callers have to cope with: names that are not unique, domains that are, preview twins of variables,
 * deployments and deletions that take time, duplicates that answer an id which exists nowhere.
 */
import * as Either from "effect/Either"
import type { Application } from "../../../src/coolify/endpoints/Applications.ts"
import type { NewBackup, S3Storage } from "../../../src/coolify/endpoints/Backups.ts"
import type { CreateDatabase, PublicAccess } from "../../../src/coolify/endpoints/Databases.ts"
import type { Deployment, DeploymentLogLine } from "../../../src/coolify/endpoints/Deployments.ts"
import type { Inventory } from "../../../src/coolify/endpoints/Environments.ts"
import type { CreateService, ServiceContainer } from "../../../src/coolify/endpoints/Services.ts"
import type { ObservedVariable } from "../../../src/coolify/endpoints/Variables.ts"
import type { ScheduledTask } from "../../../src/coolify/endpoints/ScheduledTasks.ts"
import type { FileStorage, Storage } from "../../../src/coolify/endpoints/Storages.ts"
import type { Project } from "../../../src/coolify/endpoints/Projects.ts"
import type { Server } from "../../../src/coolify/endpoints/Servers.ts"
import type { NamedSource } from "../../../src/coolify/endpoints/Sources.ts"
import { CoolifyError, type CoolifyErrorReason } from "../../../src/coolify/CoolifyError.ts"

/** When something under way ends: after so many more looks at it, or at a time of the Clock's. */
export type Due =
  | { readonly _tag: "Polls"; readonly left: number }
  | { readonly _tag: "At"; readonly millis: number }

/** How a deployment ends, if it does: `stuck` runs for ever, `waiting` never starts. */
export interface Outcome {
  readonly status: "finished" | "failed" | "cancelled-by-user" | "stuck" | "waiting"
  /** What the application's status is then; by default running if finished, and as before otherwise. */
  readonly applicationStatus?: string
  readonly logs?: ReadonlyArray<DeploymentLogLine>
}

interface WorldEnvironment {
  readonly projectUuid: string
  readonly uuid: string
  readonly name: string
  readonly description?: string
}

export interface WorldApplication extends Application {
  readonly projectUuid: string
  readonly environmentName: string
  readonly serverUuid: string
  /** Set while its deletion is under way. */
  readonly gone: Due | undefined
}

export interface WorldVariable extends ObservedVariable {
  /** Or a service's. */
  readonly applicationUuid: string
}

export interface WorldStorage extends Storage {
  readonly applicationUuid: string
}

export interface WorldFile extends FileStorage {
  readonly applicationUuid: string
}

export interface WorldDatabase extends CreateDatabase {
  readonly uuid: string
  readonly status: string
  /** It has been asked to run and does not yet. */
  readonly starts: boolean
  readonly access: PublicAccess
  /** The port at which Coolify's proxy listens for it. */
  readonly proxy: number | undefined
}

export interface WorldService extends Omit<CreateService, "urls"> {
  readonly uuid: string
  readonly sharesNetwork: boolean
  readonly containers: ReadonlyArray<ServiceContainer>
  /** `starting`: it has been asked to run; `started`: its containers run, and nobody has looked. */
  readonly phase: "starting" | "started" | "settled"
}

export interface WorldDeployment extends Deployment {
  readonly applicationUuid: string
  readonly due: Due
  readonly outcome: Outcome
}

export interface World {
  readonly servers: ReadonlyArray<Server>
  readonly deployKeys: ReadonlyArray<NamedSource>
  readonly githubApps: ReadonlyArray<NamedSource>
  /** Oldest first. */
  readonly projects: ReadonlyArray<Omit<Project, "id">>
  readonly environments: ReadonlyArray<WorldEnvironment>
  readonly applications: ReadonlyArray<WorldApplication>
  readonly variables: ReadonlyArray<WorldVariable>
  readonly storages: ReadonlyArray<WorldStorage>
  readonly files: ReadonlyArray<WorldFile>
  readonly tasks: ReadonlyArray<ScheduledTask & { readonly applicationUuid: string }>
  readonly databases: ReadonlyArray<WorldDatabase>
  readonly services: ReadonlyArray<WorldService>
  /** Schedules of databases, by uuid. */
  readonly backups: ReadonlyArray<
    NewBackup & { readonly uuid: string; readonly database: string; readonly runs: number }
  >
  readonly s3Storages: ReadonlyArray<S3Storage>
  /** Oldest first. */
  readonly deployments: ReadonlyArray<WorldDeployment>
  /** The number in the next id. */
  readonly next: number
  /** What ids begin with, to tell them from those of another world. */
  readonly mark: string
}

export const emptyWorld: World = {
  servers: [],
  deployKeys: [],
  githubApps: [],
  projects: [],
  environments: [],
  applications: [],
  variables: [],
  storages: [],
  files: [],
  tasks: [],
  databases: [],
  services: [],
  backups: [],
  s3Storages: [],
  deployments: [],
  next: 1,
  mark: ""
}

/** A result and the world after it; an error leaves the world as it was. */
export type Step<A> = Either.Either<readonly [A, World], CoolifyError>

export const refuse = (method: string, reason: CoolifyErrorReason, status: number, detail: string) =>
  Either.left(new CoolifyError({ method, reason, status, detail }))

export const notFound = (method: string, what: string) =>
  refuse(method, "NotFound", 404, `${what} not found.`)

export const step = <A>(result: A, world: World): Step<A> => Either.right([result, world])

/** An id in Coolify's form: 24 lower-case letters and digits. */
export const mint = (world: World, kind: string): readonly [string, World] => [
  world.mark + kind + String(world.next).padStart(24 - world.mark.length - kind.length, "0"),
  { ...world, next: world.next + 1 }
]

export const createProject = (
  world: World,
  project: { readonly name: string; readonly description: string }
): Step<{ readonly uuid: string }> => {
  const [uuid, named] = mint(world, "project")
  const [environmentUuid, ready] = mint(named, "environment")
  return step(
    { uuid },
    {
      ...ready,
      projects: [...ready.projects, { uuid, ...project }],
      environments: [...ready.environments, { projectUuid: uuid, uuid: environmentUuid, name: "production" }]
    }
  )
}

export const deleteProject = (world: World, uuid: string): Step<void> => {
  if (!world.projects.some((project) => project.uuid === uuid)) return notFound("deleteProject", "Project")
  if (
    [...world.applications, ...world.databases, ...world.services].some(
      ({ projectUuid }) => projectUuid === uuid
    )
  ) {
    return refuse("deleteProject", "Refused", 400, "Project has resources, so it cannot be deleted.")
  }
  return step(undefined, {
    ...world,
    projects: world.projects.filter((project) => project.uuid !== uuid),
    environments: world.environments.filter((environment) => environment.projectUuid !== uuid)
  })
}

/** An environment is found by the very name or uuid. */
export const findEnvironment = (world: World, projectUuid: string, name: string) =>
  world.environments.find(
    (environment) =>
      environment.projectUuid === projectUuid && (environment.name === name || environment.uuid === name)
  )

export const createEnvironment = (
  world: World,
  projectUuid: string,
  name: string
): Step<{ readonly uuid: string }> => {
  const saved = name.trim().toLowerCase().replaceAll("/", "-")
  if (findEnvironment(world, projectUuid, name) !== undefined) {
    return refuse("createEnvironment", "Conflict", 409, "Environment with this name already exists.")
  }
  // The check compares the name as given, the unique index the name as saved.
  if (findEnvironment(world, projectUuid, saved) !== undefined) {
    return refuse("createEnvironment", "ServerError", 500, "Server Error")
  }
  const [uuid, ready] = mint(world, "environment")
  return step(
    { uuid },
    { ...ready, environments: [...ready.environments, { projectUuid, uuid, name: saved }] }
  )
}

export const updateEnvironment = (
  world: World,
  projectUuid: string,
  name: string,
  to: { readonly name: string; readonly description: string }
): Step<void> => {
  const environment = findEnvironment(world, projectUuid, name)
  if (environment === undefined) return notFound("updateEnvironment", "Environment")
  const saved = to.name.trim().toLowerCase().replaceAll("/", "-")
  const rival = world.environments.some(
    (other) => other.projectUuid === projectUuid && other.uuid !== environment.uuid && other.name === saved
  )
  if (rival) return refuse("updateEnvironment", "Conflict", 409, "Environment with this name already exists.")
  const changed = { ...environment, name: saved, description: to.description }
  return step(undefined, {
    ...world,
    environments: world.environments.map((one) => (one.uuid === environment.uuid ? changed : one)),
    applications: world.applications.map((one) =>
      isIn(one, environment) ? { ...one, environmentName: saved } : one
    ),
    databases: world.databases.map((one) =>
      isIn(one, environment) ? { ...one, environmentName: saved } : one
    ),
    services: world.services.map((one) => (isIn(one, environment) ? { ...one, environmentName: saved } : one))
  })
}

export const isIn = (
  resource: Pick<WorldApplication, "environmentName" | "projectUuid">,
  environment: WorldEnvironment
) => resource.projectUuid === environment.projectUuid && resource.environmentName === environment.name

export const deleteEnvironment = (world: World, projectUuid: string, name: string): Step<void> => {
  const environment = findEnvironment(world, projectUuid, name)
  if (environment === undefined) return notFound("deleteEnvironment", "Environment")
  if ([...world.applications, ...world.databases, ...world.services].some((one) => isIn(one, environment))) {
    return refuse("deleteEnvironment", "Refused", 400, "Environment has resources, so it cannot be deleted.")
  }
  return step(undefined, {
    ...world,
    environments: world.environments.filter(({ uuid }) => uuid !== environment.uuid)
  })
}

/** Without what only the world knows. */
export const shownApplication = ({
  projectUuid: _project,
  environmentName: _environment,
  serverUuid: _server,
  gone: _gone,
  ...application
}: WorldApplication): Application => application

/** But for its databases and services. */
export const inventory = (
  world: World,
  projectUuid: string,
  name: string
): Step<Omit<Inventory, "databases" | "services">> => {
  const environment = findEnvironment(world, projectUuid, name)
  return environment === undefined
    ? notFound("inventory", "Environment")
    : step(
        {
          environmentUuid: environment.uuid,
          description: environment.description ?? "",
          applications: world.applications.filter((one) => isIn(one, environment)).map(shownApplication),
          others: [...world.databases, ...world.services].filter((one) => isIn(one, environment)).length
        },
        world
      )
}

export const findApplication = (
  world: World,
  method: string,
  uuid: string
): Either.Either<WorldApplication, CoolifyError> => {
  const found = world.applications.find((application) => application.uuid === uuid)
  return found === undefined ? notFound(method, "Application") : Either.right(found)
}

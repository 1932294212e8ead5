/**
 * Rows by what requests name them with. Everything is team-scoped: what belongs to another team does not exist.
 */
import * as Either from "effect/Either"
import * as Columns from "./Columns.ts"
import * as ContainerDomains from "./ContainerDomains.ts"
import type {
  Application,
  CoolifyState,
  Environment,
  Project,
  Server,
  StandaloneDatabase,
  Token
} from "./CoolifyState.ts"
import type { ComposeService, ServicePart } from "./ServiceState.ts"
import { refuse, type Refusal } from "./Reply.ts"

const found = <A>(row: A | undefined, message: string): Either.Either<A, Refusal> =>
  row === undefined ? Either.left(refuse(404, message)) : Either.right(row)

type Team = Pick<Token, "team_id">

export const servers = (state: CoolifyState, team: Team): ReadonlyArray<Server> =>
  state.servers.filter((row) => row.team_id === team.team_id)

export const server = (state: CoolifyState, team: Team, uuid: unknown) =>
  found(
    servers(state, team).find((row) => row.uuid === uuid),
    "Server not found."
  )

export const projects = (state: CoolifyState, team: Team): ReadonlyArray<Project> =>
  state.projects.filter((row) => row.team_id === team.team_id)

export const project = (state: CoolifyState, team: Team, uuid: unknown) =>
  found(
    projects(state, team).find((row) => row.uuid === uuid),
    "Project not found."
  )

export const environments = (state: CoolifyState, project: Project): ReadonlyArray<Environment> =>
  state.environments.filter((row) => row.project_id === project.id)

/** By name as it was sent (names are stored in lower case), then by uuid. */
export const environment = (state: CoolifyState, project: Project, nameOrUuid: unknown) => {
  const rows = environments(state, project)
  return found(
    rows.find((row) => row.name === nameOrUuid) ?? rows.find((row) => row.uuid === nameOrUuid),
    "Environment not found."
  )
}

export interface Placed {
  readonly application: Application
  readonly environment: Environment
  readonly project: Project
  readonly server: Server
}

/** The rows that a resource hangs on; `undefined` only if the state is not consistent. */
const placeOf = (
  state: CoolifyState,
  row: { readonly environment_id: number; readonly server_id: number }
) => {
  const environment = state.environments.find((one) => one.id === row.environment_id)
  const project = state.projects.find((one) => one.id === environment?.project_id)
  const server = state.servers.find((one) => one.id === row.server_id)
  return environment === undefined || project === undefined || server === undefined
    ? undefined
    : { environment, project, server }
}

export const place = (state: CoolifyState, application: Application): Placed | undefined => {
  const at = placeOf(state, application)
  return at && { application, ...at }
}

export const applications = (state: CoolifyState, team: Team): ReadonlyArray<Placed> =>
  state.applications.flatMap((row) => {
    const placed = place(state, row)
    return placed?.project.team_id === team.team_id ? [placed] : []
  })

/** Routes that change an application leave out the full stop of the message. */
export const application = (
  state: CoolifyState,
  team: Team,
  uuid: unknown,
  message = "Application not found."
): Either.Either<Placed, Refusal> => {
  const row = state.applications.find((row) => row.uuid === uuid)
  const placed = row === undefined ? undefined : place(state, row)
  return found(placed?.project.team_id === team.team_id ? placed : undefined, message)
}

export interface PlacedDatabase extends Omit<Placed, "application"> {
  readonly row: StandaloneDatabase
}

export const databases = (state: CoolifyState, team: Team): ReadonlyArray<PlacedDatabase> =>
  state.databases.flatMap((row) => {
    const at = placeOf(state, row)
    return at?.project.team_id === team.team_id ? [{ row: withPassword(state, row), ...at }] : []
  })

/** Redis keeps its password among its variables. */
const withPassword = (state: CoolifyState, row: StandaloneDatabase): StandaloneDatabase => {
  const kept = state.variables.find((one) => one.application_id === row.id && one.key === redisPassword)
  return row.engine !== "redis" || kept === undefined
    ? row
    : { ...row, columns: { ...row.columns, redis_password: kept.value } }
}

export const redisPassword = "REDIS_PASSWORD"

export const database = (state: CoolifyState, team: Team, uuid: unknown) =>
  found(
    databases(state, team).find(({ row }) => row.uuid === uuid),
    "Database not found."
  )

export interface PlacedService extends Omit<Placed, "application"> {
  readonly service: ComposeService
  /** In the order of the compose file. */
  readonly parts: ReadonlyArray<ServicePart>
}

export const services = (state: CoolifyState, team: Team): ReadonlyArray<PlacedService> =>
  state.services.flatMap((service) => {
    const at = placeOf(state, service)
    const parts = state.parts.filter((one) => one.service_id === service.id)
    return at?.project.team_id === team.team_id ? [{ service, parts, ...at }] : []
  })

export const service = (state: CoolifyState, team: Team, uuid: unknown) =>
  found(
    services(state, team).find(({ service }) => service.uuid === uuid),
    "Service not found."
  )

/** Who holds a domain: an application, or a part of a service. */
export interface DomainHolder {
  readonly kind: "application" | "service"
  /** Of the application or the service. */
  readonly name: string
  /** Of the application or the part. */
  readonly uuid: string
  /** Of the container, where it is one of an application's compose file. */
  readonly service?: string
  /** A comma list of full URLs. */
  readonly fqdn: string
}

export const domainHolders = (state: CoolifyState, team: Team): ReadonlyArray<DomainHolder> => [
  ...applications(state, team).flatMap(({ application }) => {
    const { columns, uuid } = application
    const holder = { kind: "application" as const, name: Columns.string(columns, "name"), uuid }
    return [
      { ...holder, fqdn: Columns.string(columns, "fqdn") },
      ...Object.entries(ContainerDomains.of(application)).map(([service, { domain }]) => ({
        ...holder,
        service,
        fqdn: domain ?? ""
      }))
    ]
  }),
  ...services(state, team).flatMap(({ parts, service }) =>
    parts.map(({ fqdn, uuid }) => ({ kind: "service" as const, name: service.name, uuid, fqdn: fqdn ?? "" }))
  )
]

export const notFoundOnWrite = "Application not found"

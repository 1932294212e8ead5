/** The databases of a {@link World}. */
import * as Either from "effect/Either"
import {
  findEnvironment,
  mint,
  notFound,
  refuse,
  step,
  type Step,
  type World,
  type WorldDatabase
} from "./CoolifyWorld.ts"
import { connectionOf } from "../../../src/coolify/DatabaseEngine.ts"
import type {
  CreateDatabase,
  Database,
  DatabasePatch,
  ListedDatabase,
  PublicAccess
} from "../../../src/coolify/endpoints/Databases.ts"
import { openPort } from "../../../src/coolify/endpoints/Derived.ts"
import { environmentId } from "./WorldLists.ts"

const shown = ({
  access,
  description,
  engine,
  image,
  name,
  password,
  status,
  uuid
}: WorldDatabase): Database => ({
  uuid,
  name,
  engine,
  description,
  image,
  status,
  url: connectionOf(engine, uuid, password).url,
  ...access
})

export const databasesIn = (world: World, environmentUuid: string): ReadonlyArray<Database> => {
  const environment = world.environments.find(({ uuid }) => uuid === environmentUuid)
  return world.databases
    .filter(
      ({ environmentName, projectUuid }) =>
        projectUuid === environment?.projectUuid && environmentName === environment.name
    )
    .map(shown)
}

export const listDatabases = (world: World): ReadonlyArray<ListedDatabase> =>
  world.databases.map((row) => ({
    ...shown(row),
    environmentId: environmentId(world, row.projectUuid, row.environmentName),
    server: row.serverUuid
  }))

export const createDatabase = (world: World, database: CreateDatabase): Step<{ readonly uuid: string }> => {
  const { environmentName, projectUuid, serverUuid } = database
  if (!world.servers.some(({ uuid }) => uuid === serverUuid)) return notFound("createDatabase", "Server")
  if (!world.projects.some(({ uuid }) => uuid === projectUuid)) return notFound("createDatabase", "Project")
  const environment = findEnvironment(world, projectUuid, environmentName)
  if (environment === undefined)
    return refuse("createDatabase", "Invalid", 422, "You need to provide a valid environment_name.")
  const [uuid, ready] = mint(world, "db")
  const row: WorldDatabase = {
    ...database,
    environmentName: environment.name,
    uuid,
    status: "exited:unhealthy",
    starts: true,
    access: { isPublic: false, publicPort: undefined },
    proxy: undefined
  }
  return step({ uuid }, { ...ready, databases: [...ready.databases, row] })
}

const find = (world: World, method: string, uuid: string) => {
  const found = world.databases.find((row) => row.uuid === uuid)
  return found === undefined ? notFound(method, "Database") : Either.right(found)
}

const replace = (world: World, changed: WorldDatabase): World => ({
  ...world,
  databases: world.databases.map((row) => (row.uuid === changed.uuid ? changed : row))
})

/** Each look brings it a step further. */
export const getDatabase = (world: World, uuid: string): Step<Database> =>
  Either.flatMap(find(world, "getDatabase", uuid), (found) => {
    const next: WorldDatabase = !found.starts
      ? found
      : found.status === "running:starting"
        ? { ...found, status: "running:healthy", starts: false }
        : { ...found, status: "running:starting" }
    return step(shown(found), replace(world, next))
  })

export const updateDatabase = (world: World, uuid: string, { access, image }: DatabasePatch): Step<void> =>
  Either.flatMap(find(world, "updateDatabase", uuid), (found) => {
    const port = access === undefined ? undefined : openPort(access)
    const isTaken = (other: WorldDatabase) =>
      other.uuid !== uuid && other.serverUuid === found.serverUuid && openPort(other.access) === port
    if (port !== undefined && world.databases.some(isTaken)) {
      return refuse("updateDatabase", "Refused", 400, "Public port already used by another database.")
    }
    return step(
      undefined,
      replace(world, {
        ...found,
        ...(image === undefined ? {} : { image }),
        ...(access === undefined ? {} : { access, proxy: proxyAfter(found, access) })
      })
    )
  })

/** Another port of one that is public moves nothing. */
const proxyAfter = (found: WorldDatabase, to: PublicAccess): number | undefined =>
  found.access.isPublic === to.isPublic ? found.proxy : openPort(to)

export const startDatabase = (world: World, uuid: string): Step<void> =>
  Either.flatMap(find(world, "startDatabase", uuid), (found) =>
    found.status.startsWith("running")
      ? refuse("startDatabase", "Refused", 400, "Database is already running.")
      : step(undefined, replace(world, { ...found, starts: true }))
  )

export const stopDatabase = (world: World, uuid: string): Step<void> =>
  Either.flatMap(find(world, "stopDatabase", uuid), (found) =>
    step(undefined, replace(world, { ...found, status: "exited:unhealthy", starts: false }))
  )

export const deleteDatabase = (world: World, uuid: string): Step<void> =>
  Either.flatMap(find(world, "deleteDatabase", uuid), ({ uuid: gone }) =>
    step(undefined, {
      ...world,
      databases: world.databases.filter((row) => row.uuid !== gone),
      backups: world.backups.filter(({ database }) => database !== gone)
    })
  )

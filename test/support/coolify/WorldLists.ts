/** What a Coolify as plain data lists across projects. */
import * as Either from "effect/Either"
import type { Environment } from "../../../src/coolify/endpoints/Environments.ts"
import type { ListedApplication } from "../../../src/coolify/endpoints/Applications.ts"
import type { Project } from "../../../src/coolify/endpoints/Projects.ts"
import type { ServedDomains } from "../../../src/coolify/endpoints/Servers.ts"
import type { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import { notFound, shownApplication, type World } from "./CoolifyWorld.ts"

/** Numbered in the order in which they stand in the world. */
const numbered = (world: World) =>
  world.environments.map((environment, index) => ({ ...environment, id: index + 1 }))

/** The number of an environment. */
export const environmentId = (world: World, projectUuid: string, name: string): number =>
  numbered(world).find((one) => one.projectUuid === projectUuid && one.name === name)?.id ?? 0

/** Numbered in the order in which they stand in the world, which is that of their making. */
export const projects = (world: World): ReadonlyArray<Project> =>
  world.projects.map((project, index) => ({ ...project, id: index + 1 }))

const environmentsOf = (world: World, projectUuid: string): ReadonlyArray<Environment> =>
  numbered(world)
    .filter((environment) => environment.projectUuid === projectUuid)
    .map(({ id, name, uuid }) => ({ id, name, uuid }))

export const environments = (
  world: World,
  projectUuid: string
): Either.Either<ReadonlyArray<Environment>, CoolifyError> =>
  world.projects.some(({ uuid }) => uuid === projectUuid)
    ? Either.right(environmentsOf(world, projectUuid))
    : notFound("listEnvironments", "Project")

export const applications = (world: World): ReadonlyArray<ListedApplication> => {
  return world.applications
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name === b.name ? 0 : 1))
    .map((application) => {
      const server = world.servers.find(({ uuid }) => uuid === application.serverUuid)
      return {
        ...shownApplication(application),
        environmentId: environmentId(world, application.projectUuid, application.environmentName),
        server: server === undefined ? undefined : { uuid: server.uuid, name: server.name },
        otherSettings: []
      }
    })
}

/** @param publicAddress of Coolify's own host. */
export const servedDomains = (
  world: World,
  publicAddress: string | undefined
): ReadonlyArray<ServedDomains> => {
  const served = new Map<string, ReadonlyArray<string>>()
  const services = world.services.map(({ containers, serverUuid }) => ({
    serverUuid,
    domains: containers.flatMap(({ urls }) => urls)
  }))
  for (const { domains, serverUuid } of [...world.applications, ...services]) {
    const ip = world.servers.find(({ uuid }) => uuid === serverUuid)?.ip ?? ""
    const address = ip === "host.docker.internal" ? (publicAddress ?? ip) : ip
    const hosts = domains.filter((url) => URL.canParse(url)).map((url) => new URL(url).hostname)
    served.set(address, [...(served.get(address) ?? []), ...hosts])
  }
  return [...served].map(([ip, domains]) => ({ ip, domains }))
}

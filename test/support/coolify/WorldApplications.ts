/** The applications of a Coolify as plain data. */
import * as Either from "effect/Either"
import { containersIn } from "../../../src/coolify/ContainerUrls.ts"
import type {
  ApplicationPatch,
  ApplicationSettings,
  CreateApplication
} from "../../../src/coolify/endpoints/Applications.ts"
import { plainAfter, publishes } from "../../../src/coolify/endpoints/PlainSettings.ts"
import type { NamedSource } from "../../../src/coolify/endpoints/Sources.ts"
import {
  type Due,
  findApplication,
  findEnvironment,
  mint,
  notFound,
  step,
  type Step,
  type World,
  type WorldApplication
} from "./CoolifyWorld.ts"
import { refusedPatch } from "../../../src/coolify/Refusals.ts"
import { repositoryUrl } from "../../../src/coolify/Repository.ts"
import { isCompose, type RepositoryAccess } from "../../../src/coolify/Source.ts"
import { conflictOf } from "./WorldDomains.ts"

const savedDomain = (domain: string) => domain.replace(/^[a-z]+:\/\/[^/]+/i, (origin) => origin.toLowerCase())

const savedSettings = <S extends ApplicationPatch>(settings: S): S => ({
  ...settings,
  ...(settings.domains === undefined ? {} : { domains: settings.domains.map(savedDomain) }),
  ...(settings.source?._tag === "Git"
    ? {
        source: {
          ...settings.source,
          repository: repositoryUrl(settings.source.repository),
          ...toldAccess(settings.source.access)
        }
      }
    : {})
})

/** Of what a repository is read with, an application tells the number. */
const toldAccess = (access: RepositoryAccess | undefined): { readonly access?: RepositoryAccess } =>
  access === undefined
    ? {}
    : { access: { kind: access.kind, ...(access.id === undefined ? {} : { id: access.id }) } }

const unknownAccess = (world: World, { source }: CreateApplication) => {
  const access = source._tag === "Git" ? source.access : undefined
  if (access === undefined) return undefined
  const isThere = ({ uuid }: NamedSource) => uuid === access.uuid
  return access.kind === "deployKey"
    ? world.deployKeys.some(isThere)
      ? undefined
      : "Private Key"
    : world.githubApps.some(isThere)
      ? undefined
      : "Github App"
}

/** What nobody has set any more is not there. */
const withPlain = (
  { plain: before = {}, stopsFirst, ...rest }: WorldApplication,
  { plain: patch = {} }: ApplicationPatch
): WorldApplication => {
  const plain = plainAfter(before, patch)
  return {
    ...rest,
    stopsFirst: publishes(plain) || (stopsFirst && !publishes(before)),
    ...(Object.keys(plain).length === 0 ? {} : { plain })
  }
}

const withAuth = ({ basicAuth: before, ...rest }: WorldApplication, auth: ApplicationPatch["basicAuth"]) => {
  if (auth === "off") return rest
  const basicAuth = auth === undefined ? before : { ...auth, password: auth.password ?? before?.password }
  return basicAuth === undefined ? rest : { ...rest, basicAuth }
}

/** A repository has just the containers that are asked for, or one. */
const readText = ({ domains, source }: CreateApplication): Pick<CreateApplication, "composeText"> => {
  if (source._tag !== "Git" || !isCompose(source)) return {}
  const names = domains.length === 0 ? ["web"] : containersIn(domains)
  return {
    composeText: ["services:", ...names.flatMap((name) => [`  ${name}:`, "    build: ."]), ""].join("\n")
  }
}

/** Trusts that project, environment and server exist. */
const insertApplication = (world: World, application: CreateApplication): Step<{ readonly uuid: string }> => {
  const saved = savedSettings(application)
  const conflict = conflictOf(world, "createApplication", undefined, saved.domains)
  if (conflict !== undefined) return conflict
  const [uuid, ready] = mint(world, "app")
  const added = {
    ...saved,
    ...readText(saved),
    uuid,
    status: "exited",
    stopsFirst: false,
    restartCount: 0,
    gone: undefined
  }
  const settled = withPlain({ ...added, plain: {} }, saved)
  return step({ uuid }, { ...ready, applications: [...ready.applications, settled] })
}

export const createApplication = (
  world: World,
  application: CreateApplication
): Step<{ readonly uuid: string }> => {
  const { projectUuid, environmentName, serverUuid } = application
  if (!world.projects.some(({ uuid }) => uuid === projectUuid))
    return notFound("createApplication", "Project")
  const environment = findEnvironment(world, projectUuid, environmentName)
  if (environment === undefined) return notFound("createApplication", "Environment")
  if (!world.servers.some(({ uuid }) => uuid === serverUuid)) return notFound("createApplication", "Server")
  const unknown = unknownAccess(world, application)
  if (unknown !== undefined) return notFound("createApplication", unknown)
  return insertApplication(world, { ...application, environmentName: environment.name })
}

const replaceApplication = (world: World, changed: WorldApplication): World => ({
  ...world,
  applications: world.applications.map((one) => (one.uuid === changed.uuid ? changed : one))
})

export const updateApplication = (
  world: World,
  uuid: string,
  patch: ApplicationPatch,
  current: ApplicationSettings
): Step<void> => {
  const refused = refusedPatch(patch, current)
  if (refused !== undefined) return Either.left(refused)
  return Either.flatMap(findApplication(world, "updateApplication", uuid), (found) => {
    const saved = savedSettings(patch)
    const conflict = conflictOf(world, "updateApplication", uuid, saved.domains ?? [])
    if (conflict !== undefined) return conflict
    const kept = saved.source?._tag === "Dockerfile" ? { source: found.source } : {}
    const { basicAuth, ...fields } = saved
    const changed = withAuth({ ...found, ...fields, ...kept, plain: found.plain ?? {} }, basicAuth)
    return step(undefined, replaceApplication(world, withPlain(changed, saved)))
  })
}

export const stopApplication = (world: World, uuid: string): Step<void> =>
  Either.flatMap(findApplication(world, "stopApplication", uuid), (found) =>
    step(undefined, replaceApplication(world, { ...found, status: "exited:unhealthy" }))
  )

/** Asked again while under way, it starts anew. */
export const deleteApplication = (world: World, uuid: string, due: Due): Step<void> =>
  Either.flatMap(findApplication(world, "deleteApplication", uuid), (found) =>
    step(undefined, replaceApplication(world, { ...found, gone: due }))
  )

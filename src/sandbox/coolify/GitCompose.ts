/**
 * A compose file in a repository, as Coolify reads it for an application of the build pack `dockercompose`: some seconds
 * after its creation, and at each deployment. From Models/Application.php (loadComposeFile) and applicationParser in
 * bootstrap/helpers/parsers.php at 4.3.11, as recorded; the labels of its proxy are left out of the text.
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Behaviour from "./Behaviour.ts"
import * as Columns from "./Columns.ts"
import * as ContainerDomains from "./ContainerDomains.ts"
import * as Compose from "./Compose.ts"
import type { Application, Container, CoolifyState, Route, Server } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Disk from "./Disk.ts"
import * as Domains from "./Domains.ts"
import * as Dotenv from "./Dotenv.ts"
import { addressRows, secret } from "./ServiceParse.ts"
import type { Mount } from "./StorageState.ts"
import { addVariable, variablesOf } from "./VariableRoutes.ts"

/** As Coolify stores it of a public repository. */
export const short = (repository: string): string =>
  repository.replace(/^https:\/\/github\.com\//, "").replace(/\.git$/, "")

const pathOf = ({ columns }: Application): string =>
  `${Columns.string(columns, "base_directory").replace(/\/$/, "")}${Columns.string(columns, "docker_compose_location")}`

const fileOf = (state: CoolifyState, application: Application): string | undefined =>
  state.repository_files.find(
    ({ path, repository }) =>
      short(repository) === short(Columns.string(application.columns, "git_repository")) &&
      path === pathOf(application)
  )?.content

/** A compose file at `path` that has at least these containers. */
export const withComposeFile = (
  state: CoolifyState,
  {
    containers,
    path,
    repository
  }: { readonly repository: string; readonly path: string; readonly containers: ReadonlyArray<string> }
): CoolifyState => {
  const isIt = (row: CoolifyState["repository_files"][number]) =>
    short(row.repository) === short(repository) && row.path === path
  const found = state.repository_files.find(isIt)
  const read = found === undefined ? undefined : Either.getOrUndefined(Compose.read(found.content))
  if (found !== undefined && read === undefined) return state
  const names = read?.services.map(([name]) => name) ?? []
  if (containers.every((name) => names.includes(name)) && found !== undefined) return state
  const made = (containers.length === 0 && found === undefined ? ["web"] : containers).map(
    (name) => [name, { build: "." }] as const
  )
  const services = Object.fromEntries([...made, ...(read?.services ?? [])])
  const row = { repository, path, content: Compose.write({ ...read?.whole, services }) }
  return { ...state, repository_files: [...state.repository_files.filter((one) => !isIt(one)), row] }
}

const variableName = (container: string): string => container.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")

/** Those that a container asks an address for by name, and that nobody has given one, get what Coolify makes up. */
const withGenerated = (
  map: ContainerDomains.DomainMap,
  { services }: Compose.ComposeFile,
  { uuid }: Application,
  server: Server
): ContainerDomains.DomainMap => {
  const known = Object.entries(map).filter(([name]) => services.some(([one]) => one === name))
  const asked = services
    .filter(([name, entry]) => {
      const asks = Compose.environment(entry).flatMap(({ key, value = "" }) => [
        key,
        ...Compose.references(value)
      ])
      return map[name] === undefined && asks.some((one) => isAddressOf(one, name))
    })
    .map(([name]) => [name, { domain: Domains.generated(`${name}-${uuid}`, server) }] as const)
  return Object.fromEntries([...known, ...asked])
}

const isAddressOf = (variable: string, container: string): boolean => {
  const magic = Compose.magic(variable)
  return magic?._tag === "Address" && magic.base === variableName(container)
}

const ensured = (
  state: CoolifyState,
  fresh: Fresh,
  application: Application,
  row: { readonly key: string; readonly value: string | null }
): CoolifyState =>
  variablesOf(state, application).some(({ key }) => key === row.key)
    ? state
    : addVariable(state, fresh, { id: application.id, hasPreviews: true }, { ...row, is_preview: false })[1]

const withVariables = (
  state: CoolifyState,
  fresh: Fresh,
  application: Application,
  { services }: Compose.ComposeFile
): CoolifyState => {
  const entries = services.flatMap(([, entry]) => Compose.environment(entry))
  let next = state
  for (const { key, value = "" } of entries) {
    for (const name of [key, ...Compose.references(value)]) {
      const magic = Compose.magic(name)
      if (magic?._tag === "Secret") {
        next = ensured(next, fresh, application, { key: name, value: secret(fresh, magic) })
      }
    }
    const reference = Compose.reference(value)
    if (reference !== undefined && Compose.magic(reference.name) === undefined) {
      const { name, rest, sign } = reference
      next = ensured(next, fresh, application, { key: name, value: sign === "" ? null : rest })
    }
  }
  const rows = new Map(
    Object.entries(ContainerDomains.of(application)).flatMap(([container, { domain }]) => {
      const [first] = Domains.list(domain ?? "")
      if (first === undefined || !URL.canParse(first)) return []
      const { hostname, protocol } = new URL(first)
      return addressRows(`${protocol}//${hostname}`, variableName(container), undefined).map(
        (row) => [row.key, row.value] as const
      )
    })
  )
  const asked = new Set(entries.flatMap(({ key, value = "" }) => [key, ...Compose.references(value)]))
  for (const [key, value] of rows) {
    if (asked.has(key)) next = ensured(next, fresh, application, { key, value })
  }
  return {
    ...next,
    variables: next.variables.map((row) => {
      const value = row.application_id === application.id ? rows.get(row.key) : undefined
      return value === undefined || value === row.value ? row : { ...row, value, updated_at: fresh.now }
    })
  }
}

/** As a container has them: a name of its own for a volume, and the application's folder for what lies beside the file. */
const mountsOf = ({ uuid }: Application, entry: Compose.Mapping): ReadonlyArray<Mount> =>
  Compose.volumes(entry).flatMap(({ source, target }) => {
    if (source === undefined) return []
    const inFolder = `${Disk.folderOf(uuid)}/${source.replace(/^(\.\/)+/, "")}`
    const from = Compose.isPath(source) ? (source.startsWith(".") ? inFolder : source) : `${uuid}_${source}`
    return [{ source: from, path: target.replace(/:.*/, "") }]
  })

const withStorages = (
  state: CoolifyState,
  fresh: Fresh,
  application: Application,
  { services }: Compose.ComposeFile
): CoolifyState => {
  let next = state
  for (const { path: mount_path, source } of services.flatMap(([, entry]) => mountsOf(application, entry))) {
    const isFile = source.startsWith("/")
    const isKnown = isFile
      ? next.files.some((row) => row.application_id === application.id && row.fs_path === source)
      : next.storages.some((row) => row.application_id === application.id && row.name === source)
    if (isKnown) continue
    const [id, taken] = takeId(next)
    const row = {
      id,
      uuid: fresh.uuid(),
      application_id: application.id,
      mount_path,
      is_preview_suffix_enabled: true,
      created_at: fresh.now,
      updated_at: fresh.now
    }
    next = isFile
      ? {
          ...taken,
          files: [
            ...taken.files,
            { ...row, fs_path: source, content: null, is_directory: true, is_host_file: false }
          ]
        }
      : { ...taken, storages: [...taken.storages, { ...row, name: source, host_path: null }] }
  }
  return next
}

/** What Coolify makes of a text that it has. */
const parsed = (
  state: CoolifyState,
  fresh: Fresh,
  application: Application,
  server: Server,
  text: string
): CoolifyState => {
  const read = Compose.read(text)
  if (Either.isLeft(read)) return state
  const file = read.right
  const map = ContainerDomains.of(application)
  const row: Application = {
    ...application,
    columns: {
      ...application.columns,
      docker_compose_raw: Object.keys(map).length === 0 ? text : Compose.write(Compose.kept(file)),
      docker_compose: Object.keys(map).length === 0 ? null : Compose.write(Compose.kept(file)),
      docker_compose_domains: ContainerDomains.stored(withGenerated(map, file, application, server))
    },
    updated_at: fresh.now
  }
  const changed = { ...state, applications: replaceRow(state.applications, row) }
  return withStorages(withVariables(changed, fresh, row, file), fresh, row, file)
}

/** The domains that were sent for containers of the text, for each beside what it had; those of others are dropped. */
export const readdressed = (
  state: CoolifyState,
  fresh: Fresh,
  application: Application,
  {
    sent,
    server,
    text
  }: { readonly server: Server; readonly text: string; readonly sent: ContainerDomains.DomainMap }
): CoolifyState => {
  const read = Compose.read(text)
  const names = Either.isLeft(read) ? [] : read.right.services.map(([name]) => name)
  const before = ContainerDomains.of(application)
  const taken = Object.entries(sent).filter(([name]) => names.includes(name))
  if (taken.length === 0) return state
  const map = {
    ...before,
    ...Object.fromEntries(taken.map(([name, one]) => [name, { ...before[name], ...one }]))
  }
  const row = {
    ...application,
    columns: { ...application.columns, docker_compose_domains: ContainerDomains.stored(map) }
  }
  return parsed({ ...state, applications: replaceRow(state.applications, row) }, fresh, row, server, text)
}

/** Reads the file anew; without one, or one that is none, all stays as it is. */
export const load = (state: CoolifyState, fresh: Fresh, application: Application): CoolifyState => {
  const text = fileOf(state, application)
  const server = state.servers.find((row) => row.id === application.server_id)
  return text === undefined || server === undefined ? state : parsed(state, fresh, application, server, text)
}

/** `docker compose up` has ended before all of its containers ran; those that ran before are gone. */
class NotUp extends Data.TaggedError("NotUp")<{ readonly detail: string; readonly isGone: boolean }> {}

/** The default port of its scheme is no part of a URL; without a port it is the one that the image exposes. */
const routesOf = (domain: string): ReadonlyArray<Route> =>
  Domains.list(domain)
    .filter((one) => URL.canParse(one))
    .map((one) => {
      const { hostname, pathname } = new URL(one)
      const port = /^[a-z]+:\/\/[^/:]+:(\d+)/i.exec(one)?.[1]
      return { host: hostname.toLowerCase(), path: pathname, port: port === undefined ? null : Number(port) }
    })

const isCoolifys = (name: string): boolean => /^(COOLIFY|SERVICE_NAME)_/.test(name)

type Started = Omit<Container, "started_at" | "health" | "files">

/**
 * The containers that a deployment makes of the file in the repository, without those that run once.
 * @param envFile the `.env` that each of them gets.
 */
export const containersOf = (
  state: CoolifyState,
  application: Application,
  {
    commit,
    deployment,
    envFile
  }: { readonly commit: string; readonly deployment: string; readonly envFile: string }
): Either.Either<ReadonlyArray<Started>, NotUp> =>
  Either.gen(function* () {
    const { uuid } = application
    const failed = (detail: string, isGone = false) => Either.left(new NotUp({ detail, isGone }))
    const text = fileOf(state, application)
    if (text === undefined) return yield* failed(`Docker Compose file not found at: ${pathOf(application)}`)
    const file = yield* Either.mapLeft(Compose.read(text), (detail) => new NotUp({ detail, isGone: false }))
    const unread = ({ detail }: { readonly detail: string }) =>
      new NotUp({ detail: `failed to read .env: ${detail}`, isGone: false })
    const project = yield* Either.mapLeft(Dotenv.readProject(envFile), unread)
    const given = yield* Either.mapLeft(Dotenv.read(envFile), unread)
    const expanded = (value: string) =>
      Either.mapLeft(
        Dotenv.expand(value, (name) => Dotenv.helperEnvironment[name] ?? project[name]),
        unread
      )
    const map = ContainerDomains.of(application)
    const containers: Array<Started> = []
    for (const [name, entry] of file.services) {
      if (Compose.isInProfile(entry) || Compose.isExcluded(entry)) continue
      const named = yield* expanded(Compose.imageOf(entry))
      const isBuilt = "build" in entry
      if (named === "" && !isBuilt)
        yield* failed(`service "${name}" has neither an image nor a build context specified`)
      if (named.endsWith(":missing")) yield* failed(`manifest for ${named} not found: manifest unknown`)
      const env: Record<string, string> = { ...given }
      for (const { key, value } of Compose.environment(entry)) {
        if (value !== undefined) env[key] = yield* expanded(value)
      }
      const own = Object.fromEntries(Object.entries(env).filter(([key]) => !isCoolifys(key)))
      const { PORT: port = "" } = own
      containers.push({
        application_uuid: uuid,
        deployment_uuid: deployment,
        name: `${name}-${uuid}`,
        image: named === "" ? `${uuid}_${name}:${commit}` : named,
        commit,
        env: own,
        mounts: mountsOf(application, entry),
        routes: routesOf(map[name]?.domain ?? ""),
        listens: /^\d{1,5}$/.test(port) ? Number(port) : null
      })
      const isAwaited = file.services.some(([, other]) =>
        Compose.dependencies(other).some(([on, condition]) => on === name && condition === "service_healthy")
      )
      if (isAwaited && !Behaviour.isHealthy(Behaviour.fromVariables(own))) {
        yield* failed(`dependency failed to start: container ${name}-${uuid} is unhealthy`, true)
      }
    }
    return containers
  })

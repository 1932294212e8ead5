/**
 * What Coolify makes of a service's compose text: its parts, their domains, the variables, and the text that its server
 * gets. It does so at each write of the service and at each start. From serviceParser in bootstrap/helpers/parsers.php
 * at 4.3.11, as recorded; the labels of its proxy are left out of the text.
 */
import * as Either from "effect/Either"
import * as Compose from "./Compose.ts"
import type { CoolifyState, Server } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Disk from "./Disk.ts"
import * as Domains from "./Domains.ts"
import type { ComposeService, ServicePart, ServiceStorage } from "./ServiceState.ts"
import { addVariable, variablesOf } from "./VariableRoutes.ts"

const storagesOf = (
  service: ComposeService,
  part: Pick<ServicePart, "storages">,
  entry: Compose.Mapping,
  fresh: Fresh,
  id: number
): ReadonlyArray<ServiceStorage> => {
  const all = [...part.storages]
  for (const { content, source, target } of Compose.volumes(entry)) {
    if (source === undefined) continue
    const name = Compose.isPath(source) ? null : `${service.uuid}_${source}`
    // What is there already wins over another content.
    if (all.some((one) => one.mount_path === target && one.name === name)) continue
    all.push({
      id: id + all.length,
      uuid: fresh.uuid(),
      name,
      fs_path: Compose.isPath(source) ? pathOf(service, source) : null,
      mount_path: target,
      content: content ?? null,
      is_directory: content === undefined,
      created_at: fresh.now,
      updated_at: fresh.now
    })
  }
  return all
}

/** A file is written once, when the text first names it. */
const withFiles = (
  disk: CoolifyState["disk"],
  { server_id }: ComposeService,
  before: ReadonlyArray<ServiceStorage>,
  after: ReadonlyArray<ServiceStorage>
): CoolifyState["disk"] =>
  after.reduce(
    (so, row) =>
      row.content === null || row.fs_path === null || before.includes(row)
        ? so
        : Disk.writeFile(so, server_id, row.fs_path, row.content),
    disk
  )

export const folderOf = ({ uuid }: ComposeService): string => `/data/coolify/services/${uuid}`

/** Relative paths lie in the service's folder on its server. */
const pathOf = (service: ComposeService, source: string): string =>
  source.startsWith(".") ? `${folderOf(service)}/${source.replace(/^(\.\/)+/, "")}` : source

const withPart = (
  state: CoolifyState,
  fresh: Fresh,
  service: ComposeService,
  [name, entry]: readonly [string, Compose.Mapping]
): CoolifyState => {
  const image = Compose.imageOf(entry)
  const exclude_from_hc = Compose.isExcluded(entry)
  const found = state.parts.find((row) => row.service_id === service.id && row.name === name)
  if (found !== undefined) {
    const storages = storagesOf(service, found, entry, fresh, found.id)
    const parts = replaceRow(state.parts, { ...found, image, exclude_from_hc, storages })
    return { ...state, parts, disk: withFiles(state.disk, service, found.storages, storages) }
  }
  const [id, next] = takeId(state)
  const row: ServicePart = {
    id,
    uuid: fresh.uuid(),
    service_id: service.id,
    kind: Compose.isDatabase(image) ? "database" : "application",
    name,
    image,
    status: "exited",
    fqdn: null,
    human_name: null,
    description: null,
    exclude_from_status: false,
    exclude_from_hc,
    is_gzip_enabled: true,
    is_stripprefix_enabled: true,
    is_public: false,
    public_port: null,
    storages: storagesOf(service, { storages: [] }, entry, fresh, id),
    created_at: fresh.now,
    updated_at: fresh.now
  }
  return {
    ...next,
    parts: [...next.parts, row],
    disk: withFiles(next.disk, service, [], row.storages)
  }
}

const ensured = (
  state: CoolifyState,
  fresh: Fresh,
  service: ComposeService,
  row: { readonly key: string; readonly value: string | null; readonly is_required?: boolean }
): CoolifyState =>
  variablesOf(state, service).some(({ key }) => key === row.key)
    ? state
    : addVariable(state, fresh, { id: service.id, hasPreviews: false }, { ...row, is_preview: false })[1]

export const secret = (
  fresh: Fresh,
  { form, length }: Extract<Compose.Magic, { readonly _tag: "Secret" }>
) => {
  let random = ""
  while (random.length < length) random += fresh.uuid()
  if (form === "letters") return random.slice(0, length)
  return Buffer.from(random.slice(0, length))
    .toString(form)
    .slice(0, form === "hex" ? length : undefined)
}

/** The URL that Coolify makes up for `SERVICE_URL_<base>`. */
const addressOf = (service: ComposeService, server: Server, base: string): string =>
  Domains.generated(`${base.toLowerCase().replaceAll("_", "-")}-${service.uuid}`, server)

export const addressRows = (url: string, base: string, port: string | undefined) => {
  const host = url.replace(/^[a-z]+:\/\//, "")
  return [
    { key: `SERVICE_FQDN_${base}`, value: host },
    { key: `SERVICE_URL_${base}`, value: url },
    ...(port === undefined
      ? []
      : [
          { key: `SERVICE_FQDN_${base}_${port}`, value: `${host}:${port}` },
          { key: `SERVICE_URL_${base}_${port}`, value: `${url}:${port}` }
        ])
  ]
}

const letters = (name: string) => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "")

/** A part that has no domain gets the one that the text asks for it: in its own environment, or by its name. */
const withAddress = (
  state: CoolifyState,
  service: ComposeService,
  name: string,
  isDeclared: boolean,
  base: string,
  url: string
): CoolifyState => ({
  ...state,
  parts: state.parts.map((part) =>
    part.service_id === service.id &&
    part.kind === "application" &&
    part.fqdn === null &&
    (isDeclared ? part.name === name : letters(part.name) === letters(base))
      ? { ...part, fqdn: url }
      : part
  )
})

const withMagic = (
  state: CoolifyState,
  fresh: Fresh,
  service: ComposeService,
  server: Server,
  part: string,
  { key, value = "" }: Compose.Entry
): CoolifyState => {
  let next = state
  for (const name of [key, ...Compose.references(value)]) {
    const magic = Compose.magic(name)
    if (magic === undefined) continue
    if (magic._tag === "Secret") {
      next = ensured(next, fresh, service, { key: name, value: secret(fresh, magic) })
      continue
    }
    const { base, port } = magic
    const url = addressOf(service, server, base)
    for (const row of addressRows(url, base, port)) next = ensured(next, fresh, service, row)
    const path = name === key && value.startsWith("/") ? value : ""
    const full = `${url}${port === undefined ? "" : `:${port}`}${path}`
    next = withAddress(next, service, part, name === key, base, full)
  }
  return next
}

const withVariables = (
  state: CoolifyState,
  fresh: Fresh,
  service: ComposeService,
  { key, value }: Compose.Entry
): CoolifyState => {
  const reference = value === undefined ? undefined : Compose.reference(value)
  if (value === undefined || reference === undefined || Compose.magic(key) !== undefined) return state
  const { name, rest, sign } = reference
  if (Compose.magic(name) !== undefined) return ensured(state, fresh, service, { key, value })
  if (sign === "") {
    const named = ensured(state, fresh, service, { key: name, value: null })
    return name === key ? named : ensured(named, fresh, service, { key, value })
  }
  // The text of an error becomes the value.
  const is_required = sign.endsWith("?")
  return ensured(state, fresh, service, { key: name, value: rest, is_required })
}

/** What stands in the text for the server: a default has given way to the variable's value, and is interpolated again. */
const writtenValue = (state: CoolifyState, service: ComposeService, value: string): string => {
  const reference = Compose.reference(value)
  if (reference === undefined || reference.sign === "") return value
  return variablesOf(state, service).find(({ key }) => key === reference.name)?.value ?? reference.rest
}

const generated = (state: CoolifyState, service: ComposeService, file: Compose.ComposeFile): string => {
  const names = file.services.map(([name]) => [
    `SERVICE_NAME_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`,
    name
  ])
  const volumes = new Set<string>()
  const services = file.services.map(([name, entry]) => {
    const part = state.parts.find((row) => row.service_id === service.id && row.name === name)
    const [url] = Domains.list(part?.fqdn ?? "")
    const address = url !== undefined && URL.canParse(url) ? new URL(url) : undefined
    const own = Compose.environment(entry)
      .filter(({ key, value }) => Compose.magic(key)?._tag !== "Address" || value !== undefined)
      .map(({ key, value }) => [
        key,
        value === undefined ? `\${${key}}` : writtenValue(state, service, value)
      ])
    const mounts = Compose.volumes(entry).map(({ source, target }) => {
      if (source === undefined) return target
      if (Compose.isPath(source)) return `${pathOf(service, source)}:${target}`
      volumes.add(`${service.uuid}_${source}`)
      return `${service.uuid}_${source}:${target}`
    })
    const { environment: _, exclude_from_hc: __, networks: ___, volumes: ____, ...rest } = entry
    return [
      name,
      {
        restart: "unless-stopped",
        ...rest,
        environment: Object.fromEntries([
          ...own,
          ["COOLIFY_RESOURCE_UUID", service.uuid],
          ["COOLIFY_CONTAINER_NAME", `${name}-${service.uuid}`],
          ...(address === undefined
            ? []
            : [
                ["COOLIFY_FQDN", address.hostname],
                ["COOLIFY_URL", `${address.protocol}//${address.hostname}`]
              ]),
          ...names
        ]),
        ...(mounts.length === 0 ? {} : { volumes: mounts }),
        container_name: `${name}-${service.uuid}`,
        labels: [
          "coolify.managed=true",
          `coolify.serviceId=${service.id}`,
          "coolify.type=service",
          `coolify.name=${name}-${service.uuid}`,
          `coolify.service.subType=${part?.kind ?? "application"}`,
          `coolify.service.subName=${name}`
        ],
        networks: { [service.uuid]: null },
        env_file: [".env"]
      }
    ]
  })
  return Compose.write({
    services: Object.fromEntries(services),
    ...(volumes.size === 0
      ? {}
      : { volumes: Object.fromEntries([...volumes].map((name) => [name, { name }])) }),
    networks: { [service.uuid]: { name: service.uuid, external: true } },
    ...Object.fromEntries(
      Object.entries(file.whole).filter(([key]) => key === "configs" || key === "secrets")
    )
  })
}

/** A text that cannot be read changes nothing. */
export const parse = (
  state: CoolifyState,
  fresh: Fresh,
  service: ComposeService,
  server: Server
): CoolifyState => {
  const read = Compose.read(service.docker_compose_raw)
  if (Either.isLeft(read)) return state
  const file = read.right
  let next = file.services.reduce((so, entry) => withPart(so, fresh, service, entry), state)
  const lines = file.services.flatMap(([name, entry]) =>
    Compose.environment(entry).map((line) => ({ name, line }))
  )
  for (const { line, name } of lines) next = withMagic(next, fresh, service, server, name, line)
  for (const { line } of lines) next = withVariables(next, fresh, service, line)
  const row: ComposeService = {
    ...service,
    docker_compose_raw: Compose.write(Compose.kept(file)),
    docker_compose: generated(next, service, file)
  }
  return { ...next, services: replaceRow(next.services, row) }
}

/** The domains of the parts reach the variables that stand for their addresses. */
export const readdressed = (
  state: CoolifyState,
  fresh: Pick<Fresh, "now">,
  service: ComposeService
): CoolifyState =>
  state.parts
    .filter((part) => part.service_id === service.id)
    .reduce((so, part) => withAddressOf(so, fresh, service, part), state)

const withAddressOf = (
  state: CoolifyState,
  { now }: Pick<Fresh, "now">,
  service: ComposeService,
  part: ServicePart
): CoolifyState => {
  const read = Compose.read(service.docker_compose_raw)
  const [url] = Domains.list(part.fqdn ?? "")
  if (Either.isLeft(read) || url === undefined || !URL.canParse(url)) return state
  const entry = read.right.services.find(([name]) => name === part.name)?.[1] ?? {}
  const { hostname, protocol } = new URL(url)
  const rows = new Map(
    Compose.environment(entry).flatMap(({ key }) => {
      const magic = Compose.magic(key)
      return magic?._tag === "Address"
        ? addressRows(`${protocol}//${hostname}`, magic.base, magic.port).map(
            (row) => [row.key, row.value] as const
          )
        : []
    })
  )
  return {
    ...state,
    variables: state.variables.map((row) => {
      const value = row.application_id === service.id ? rows.get(row.key) : undefined
      return value === undefined ? row : { ...row, value, updated_at: now }
    })
  }
}

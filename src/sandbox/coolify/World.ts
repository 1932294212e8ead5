/**
 * What the sandbox's Coolify amounts to, for comparing before with after: no times, no row numbers, no history.
 */
import type { Application, Column, CoolifyState, ScheduledTask, Variable } from "./CoolifyState.ts"
import * as Columns from "./Columns.ts"
import * as ContainerDomains from "./ContainerDomains.ts"

interface WorldVariable {
  readonly key: string
  readonly value: string | null
  readonly comment: string | null
  readonly is_preview: boolean
  readonly is_literal: boolean
  readonly is_multiline: boolean
  readonly is_shown_once: boolean
  readonly is_runtime: boolean
  readonly is_buildtime: boolean
}

interface WorldApplication {
  readonly uuid: string
  readonly project: string
  readonly environment: string
  readonly server: string
  /** Every settable column, `fqdn` and `custom_labels`. */
  readonly columns: Readonly<Record<string, Column>>
  readonly settings: Readonly<Record<string, Column>>
  readonly tags: ReadonlyArray<string>
  readonly variables: ReadonlyArray<WorldVariable>
  readonly storages: ReadonlyArray<{
    readonly name: string
    readonly mount_path: string
    readonly host_path: string | null
  }>
  readonly files: ReadonlyArray<{
    readonly mount_path: string
    readonly fs_path: string
    readonly content: string | null
    readonly is_directory: boolean
    readonly is_host_file: boolean
  }>
  readonly tasks: ReadonlyArray<
    Pick<ScheduledTask, "name" | "command" | "container" | "enabled" | "frequency" | "timeout">
  >
}

interface WorldService {
  readonly uuid: string
  readonly project: string
  readonly environment: string
  readonly server: string
  readonly name: string
  readonly description: string
  readonly compose: string
  readonly connect_to_docker_network: boolean
  readonly tags: ReadonlyArray<string>
  readonly variables: ReadonlyArray<WorldVariable>
  readonly parts: ReadonlyArray<{
    readonly uuid: string
    readonly name: string
    readonly kind: string
    readonly image: string
    readonly fqdn: string | null
  }>
}

interface WorldContainer {
  /** Or a part of a service. */
  readonly application: string
  readonly image: string
  readonly env: Readonly<Record<string, string>>
  readonly routes: ReadonlyArray<{
    readonly host: string
    readonly path: string
    readonly port: number | null
    readonly redirect?: "www" | "non-www"
    readonly users?: string
  }>
  readonly mounts: ReadonlyArray<{
    readonly source: string
    readonly path: string
    readonly read_only?: true
  }>
  /** Of the mounts those that are files, as the container sees them. */
  readonly files: ReadonlyArray<{ readonly path: string; readonly content: string }>
  readonly listens: number | null
  readonly health: string
}

export interface CoolifyWorld {
  readonly projects: ReadonlyArray<{
    readonly uuid: string
    readonly name: string
    readonly description: string | null
    readonly environments: ReadonlyArray<string>
  }>
  readonly applications: ReadonlyArray<WorldApplication>
  readonly containers: ReadonlyArray<WorldContainer>
  readonly services: ReadonlyArray<WorldService>
  readonly databases: ReadonlyArray<{
    readonly uuid: string
    readonly project: string
    readonly environment: string
    readonly server: string
    readonly engine: string
    readonly columns: Readonly<Record<string, Column>>
    readonly state: string
    /** The port of the server at which everybody reaches it. */
    readonly proxy: number | null
    readonly backups: ReadonlyArray<{
      readonly columns: Readonly<Record<string, Column>>
      /** The name of the storage that the files are sent to. */
      readonly s3: string | null
    }>
  }>
  /** The names of Docker's volumes, whether anything uses them or not. */
  readonly volumes: ReadonlyArray<string>
  /** Files and directories of the servers, as far as applications get at them; `content` of a directory is null. */
  readonly disk: ReadonlyArray<{ readonly path: string; readonly content: string | null }>
}

const by =
  <A>(key: (row: A) => string) =>
  (a: A, b: A): number =>
    key(a) < key(b) ? -1 : key(a) === key(b) ? 0 : 1

const sortedKeys = <V>(record: Readonly<Record<string, V>>): Record<string, V> =>
  Object.fromEntries(Object.entries(record).toSorted(by(([key]) => key)))

const variable = (row: Variable): WorldVariable => ({
  key: row.key,
  value: row.value,
  comment: row.comment,
  is_preview: row.is_preview,
  is_literal: row.is_literal,
  is_multiline: row.is_multiline,
  is_shown_once: row.is_shown_once,
  is_runtime: row.is_runtime,
  is_buildtime: row.is_buildtime
})

/** A container whose domain was taken away stays in the map, without one: it answers nowhere either way. */
const served = (row: Application): Column =>
  ContainerDomains.stored(
    Object.fromEntries(Object.entries(ContainerDomains.of(row)).filter(([, { domain }]) => domain !== null))
  )

/** Of a state that is not consistent an empty name. */
const placeOf = (
  state: CoolifyState,
  row: { readonly environment_id: number; readonly server_id: number }
) => {
  const environment = state.environments.find((one) => one.id === row.environment_id)
  return {
    project: state.projects.find((one) => one.id === environment?.project_id)?.uuid ?? "",
    environment: environment?.name ?? "",
    server: state.servers.find((one) => one.id === row.server_id)?.uuid ?? ""
  }
}

const tagNamesOf = (state: CoolifyState, row: { readonly tag_ids: ReadonlyArray<number> }) =>
  state.tags
    .filter((tag) => row.tag_ids.includes(tag.id))
    .map((tag) => tag.name)
    .toSorted()

export const world = (state: CoolifyState): CoolifyWorld => ({
  projects: state.projects
    .map((project) => ({
      uuid: project.uuid,
      name: project.name,
      description: project.description,
      environments: state.environments
        .filter((row) => row.project_id === project.id)
        .map((row) => row.name)
        .toSorted()
    }))
    .toSorted(by((row) => `${row.name} ${row.uuid}`)),
  applications: state.applications
    .map((row) => {
      return {
        uuid: row.uuid,
        ...placeOf(state, row),
        columns: sortedKeys({ ...row.columns, docker_compose_domains: served(row) }),
        settings: sortedKeys(row.settings),
        tags: tagNamesOf(state, row),
        variables: state.variables
          .filter((one) => one.application_id === row.id)
          .map(variable)
          .toSorted(by((one) => JSON.stringify([one.key, one.is_preview, one]))),
        storages: state.storages
          .filter((one) => one.application_id === row.id)
          .map(({ name, mount_path, host_path }) => ({ name, mount_path, host_path }))
          .toSorted(by(({ name }) => name)),
        files: state.files
          .filter((one) => one.application_id === row.id)
          .map(({ content, fs_path, is_directory, is_host_file, mount_path }) => ({
            mount_path,
            fs_path,
            content,
            is_directory,
            is_host_file
          }))
          .toSorted(by(({ mount_path }) => mount_path)),
        tasks: state.tasks
          .filter((one) => one.application_id === row.id)
          .map(({ name, command, container, enabled, frequency, timeout }) => ({
            name,
            command,
            container,
            enabled,
            frequency,
            timeout
          }))
          .toSorted(by((one) => JSON.stringify([one.name, one])))
      }
    })
    .toSorted(by((row) => `${Columns.string(row.columns, "name")} ${row.uuid}`)),
  containers: state.containers
    .map((row) => ({
      application: row.application_uuid,
      image: row.image,
      env: sortedKeys(row.env),
      routes: row.routes,
      mounts: row.mounts,
      files: row.files.toSorted(by(({ path }) => path)),
      listens: row.listens,
      health: row.health
    }))
    .toSorted(by((row) => row.application)),
  databases: state.databases
    .map((row) => {
      return {
        uuid: row.uuid,
        ...placeOf(state, row),
        engine: row.engine,
        columns: sortedKeys(row.columns),
        state: row.status.split(":")[0] ?? "",
        proxy: row.proxy,
        backups: state.backups
          .filter((one) => one.engine === row.engine && one.number === row.number)
          .map((one) => {
            const storage = state.s3_storages.find(({ id }) => id === one.s3_storage_id)
            return {
              columns: sortedKeys(one.columns),
              s3:
                storage === undefined || !Columns.flag(one.columns, "save_s3")
                  ? null
                  : Columns.string(storage.columns, "name")
            }
          })
          .toSorted(by((one) => JSON.stringify(one)))
      }
    })
    .toSorted(by((row) => `${Columns.string(row.columns, "name")} ${row.uuid}`)),
  services: state.services
    .map((row) => {
      return {
        uuid: row.uuid,
        ...placeOf(state, row),
        name: row.name,
        description: row.description,
        compose: row.docker_compose_raw,
        connect_to_docker_network: row.connect_to_docker_network,
        tags: tagNamesOf(state, row),
        variables: state.variables
          .filter((one) => one.application_id === row.id)
          .map(variable)
          .toSorted(by((one) => JSON.stringify([one.key, one]))),
        parts: state.parts
          .filter((one) => one.service_id === row.id)
          .map(({ fqdn, image, kind, name, uuid }) => ({ uuid, name, kind, image, fqdn }))
          .toSorted(by(({ name }) => name))
      }
    })
    .toSorted(by((row) => `${row.name} ${row.uuid}`)),
  volumes: state.volumes.map(({ name }) => name).toSorted(),
  disk: state.disk.map(({ content, path }) => ({ path, content })).toSorted(by(({ path }) => path))
})

/** What becomes of services that are started, stopped and deleted. */
import * as Either from "effect/Either"
import { createHash } from "node:crypto"
import type { Container, CoolifyState, Job } from "./CoolifyState.ts"
import { type Fresh, replaceRow } from "./Database.ts"
import * as Disk from "./Disk.ts"
import { folderOf, parse } from "./ServiceParse.ts"
import { containersOf, isUnsettled, withReport } from "./ServiceRun.ts"
import type { ComposeService, ServicePart } from "./ServiceState.ts"
import { collectTags } from "./Tags.ts"

/** A service, and the parts of it that a job is about. */
interface Subject {
  readonly service: ComposeService
  readonly parts: ReadonlyArray<ServicePart>
}

export const subjectOf = (state: CoolifyState, uuid: string): Subject | undefined => {
  const part = state.parts.find((one) => one.uuid === uuid)
  const service = state.services.find((one) => one.uuid === uuid || one.id === part?.service_id)
  if (service === undefined) return undefined
  const parts = state.parts.filter((one) => one.service_id === service.id)
  return { service, parts: part === undefined ? parts : [part] }
}

const written = (state: CoolifyState, row: ComposeService): CoolifyState => ({
  ...state,
  services: replaceRow(state.services, row)
})

const isOf = (parts: ReadonlyArray<ServicePart>) => {
  const uuids = new Set(parts.map(({ uuid }) => uuid))
  return ({ application_uuid }: Container) => uuids.has(application_uuid)
}

/** The new containers take the old ones' place; Docker makes the volumes that are not there yet. */
const replaced = (
  state: CoolifyState,
  { server_id }: ComposeService,
  parts: ReadonlyArray<ServicePart>,
  containers: ReadonlyArray<Container>
): CoolifyState => {
  const known = new Set(state.volumes.filter((one) => one.server_id === server_id).map(({ name }) => name))
  const sources = new Set(containers.flatMap(({ mounts }) => mounts.map(({ source }) => source)))
  const made = [...sources].filter((source) => !source.startsWith("/") && !known.has(source))
  const isOwn = isOf(parts)
  const mounts = containers.flatMap((one) => one.mounts)
  const disk = Disk.mounted(state.disk, server_id, mounts)
  return {
    ...state,
    volumes: [...state.volumes, ...made.map((name) => ({ server_id, name }))],
    disk,
    containers: [
      ...state.containers.filter((one) => !isOwn(one)),
      ...containers.map((one) => ({ ...one, files: Disk.filesOf(disk, server_id, one.mounts) }))
    ]
  }
}

/** `up -d --force-recreate --remove-orphans`. When it fails, what runs goes on, and nothing is told. */
const up = (
  state: CoolifyState,
  { parts, service }: Subject,
  now: number,
  wanted: (container: Container) => boolean
): CoolifyState =>
  Either.match(containersOf(state, service, parts, now), {
    onLeft: () => state,
    onRight: (containers) =>
      written(replaced(state, service, parts, containers.filter(wanted)), {
        ...service,
        config_hash: createHash("md5").update(service.docker_compose).digest("hex")
      })
  })

const down = (state: CoolifyState, parts: ReadonlyArray<ServicePart>, now: number): CoolifyState => {
  const isOwn = isOf(parts)
  const containers = state.containers.filter((one) => !isOwn(one))
  return withReport({ ...state, containers }, parts, now)
}

const removed = (state: CoolifyState, { parts, service }: Subject, keepsVolumes: boolean): CoolifyState => {
  const isOwn = isOf(parts)
  const volumes = new Set(
    keepsVolumes ? [] : parts.flatMap(({ storages }) => storages.map(({ name }) => name))
  )
  return collectTags(
    {
      ...state,
      disk: Disk.remove(state.disk, service.server_id, folderOf(service)),
      services: state.services.filter(({ id }) => id !== service.id),
      parts: state.parts.filter((one) => one.service_id !== service.id),
      variables: state.variables.filter((one) => one.application_id !== service.id),
      containers: state.containers.filter((one) => !isOwn(one)),
      volumes: state.volumes.filter(
        ({ name, server_id }) => server_id !== service.server_id || !volumes.has(name)
      )
    },
    service.tag_ids
  )
}

export const perform = (state: CoolifyState, job: Job, fresh: Fresh): CoolifyState => {
  const subject = subjectOf(state, job.application_uuid)
  const server = state.servers.find(({ id }) => id === subject?.service.server_id)
  if (subject === undefined || server === undefined) return state
  const { parts, service } = subject
  const { now } = fresh
  switch (job.kind) {
    case "start-service":
      return parse(
        written(state, { ...service, is_starting: true }),
        fresh,
        { ...service, is_starting: true },
        server
      )
    case "up-service": {
      const ready = { ...service, is_starting: false }
      return up(written(state, ready), { parts, service: ready }, now, () => true)
    }
    case "report-service":
      return withReport(state, parts, now)
    case "stop-service":
    case "restart-service":
    case "stop-part":
      return down(state, parts, now)
    case "start-part":
    case "restart-part":
      return up(state, subject, now, ({ application_uuid }) => application_uuid === job.application_uuid)
    case "delete-service":
      return removed(state, subject, job.keeps_volumes)
    default:
      return state
  }
}

/** What comes after a job that was done, and about what. */
export const following = (
  state: CoolifyState,
  job: Job,
  now: number
): { readonly kind: Job["kind"]; readonly uuid: string } | undefined => {
  const subject = subjectOf(state, job.application_uuid)
  if (subject === undefined) return undefined
  const { uuid } = subject.service
  switch (job.kind) {
    case "restart-service":
      return { kind: "start-service", uuid }
    case "start-service":
      return { kind: "up-service", uuid }
    case "up-service":
    case "start-part":
    case "restart-part":
      return { kind: "report-service", uuid }
    case "report-service":
      return isUnsettled(state, subject.parts, now) &&
        !state.jobs.some((one) => one.kind === "report-service" && one.application_uuid === uuid)
        ? { kind: "report-service", uuid }
        : undefined
    default:
      return undefined
  }
}

/** What destroying a spec takes away, as lines. Pure. */
import * as EffectArray from "effect/Array"
import { stillOpen } from "../kinds/PublicPort.ts"
import type { Spec } from "../appspec/Spec.ts"
import { isOfServer } from "../appspec/sections/Volumes.ts"
import { hasBackups } from "../coolify/DatabaseEngine.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import { isCompose } from "../coolify/Source.ts"
import type { RecordSet } from "../dns/DnsClient.ts"
import type { Change, Plan } from "../engine/Plan.ts"
import type { OrphanRecord } from "../kinds/DiffRecord.ts"
import { toldDomains } from "./Desired.ts"
import { formerNote } from "./PlanNotes.ts"

export interface Doomed {
  /** The runs that have changed the applications last. */
  readonly stood: ReadonlyArray<string>
  readonly applications: ReadonlyArray<Application>
  /** The spec's, whether it still names them or not: they go with their data, or stay. */
  readonly databases: ReadonlyArray<Database>
  /** Of processes that the spec had, as it has none any more: they stay. */
  readonly former: ReadonlyArray<Application>
  /** What is left empty without them. */
  readonly places: ReadonlyArray<Place>
  /** Ours that are not empty without them. */
  readonly shared: ReadonlyArray<Project>
  readonly records: ReadonlyArray<OrphanRecord>
  /** Names of ours that stay, as another application answers at the same host. */
  readonly sharedRecords: ReadonlyArray<string>
  /** What else stands at the domains and leads somewhere: fabrik did not make it for this spec. */
  readonly foreignRecords: ReadonlyArray<RecordSet>
}

/** A project, or an environment of one. */
export interface Place {
  readonly project: Project
  readonly environment: string | undefined
}

/** As events and plans call it. */
export const nameOf = ({ environment, project }: Place) =>
  environment === undefined
    ? ({ kind: "project", name: project.name } as const)
    : ({ kind: "environment", name: `${project.name}/${environment}` } as const)

/**
 * Of a compose file in a repository they stay, whatever is asked for (recorded: compose-app 83, 84), and so do those that
 * an application had once.
 */
const deletedVolumesNotes = (applications: ReadonlyArray<Application>): ReadonlyArray<string> => {
  const [kept, deleted] = EffectArray.partition(
    applications,
    ({ source }) => !(source._tag === "Git" && isCompose(source))
  )
  const former = deleted.filter(({ source }) => !isCompose(source)).map(({ uuid }) => `${uuid}-NAME`)
  return [
    ...kept.map(
      ({ uuid }) =>
        `Coolify does not delete the volumes of a compose file in a repository: they stay on the server, where \`docker volume ls --filter name=${uuid}_\` shows them.`
    ),
    ...(deleted.length === 0 ? [] : ["Its volumes are deleted with all their data."]),
    ...(former.length === 0
      ? []
      : [
          `A volume that was taken off before stays on the server, where \`docker volume ls\` shows it as ${former.join(" or ")}.`
        ])
  ]
}

/** What is made anew has another uuid, and its volumes another name. */
const keptVolumesNote = ({ volumes }: Spec, applications: ReadonlyArray<Application>): string => {
  const has = applications.filter(({ source }) => isCompose(source) || !volumes.every(isOfServer))
  const names = has.map(({ source, uuid }) => `${uuid}${isCompose(source) ? "_" : "-"}NAME`)
  return names.length === 0
    ? "Its volumes are kept on the server."
    : `Its volumes are kept on the server, where \`docker volume ls\` shows them as ${names.join(" or ")}. Applied again it begins with empty ones.`
}

const directoriesNote = ({ volumes }: Spec): ReadonlyArray<string> => {
  const directories = volumes.filter(isOfServer).map(({ name }) => name)
  return directories.length === 0 ? [] : [`What the server has in ${directories.join(", ")} stays.`]
}

/** What goes, and what stays. */
export const destructionPlan = (
  spec: Spec,
  { applications, databases, foreignRecords, former, places, records, shared, sharedRecords }: Doomed,
  options: { readonly deleteVolumes: boolean; readonly why?: string }
): Plan => {
  const deletion = (system: Change["system"], kind: Change["kind"], name: string): Change => ({
    system,
    kind,
    name,
    action: "delete",
    fields: []
  })
  return {
    name: spec.name,
    ...toldDomains(spec),
    project: spec.project,
    environment: spec.environment,
    server: spec.server ?? "",
    basis: "observed",
    changes: [
      ...applications.map(({ name }) => deletion("coolify", "application", name)),
      ...(options.deleteVolumes ? databases.map(({ name }) => deletion("coolify", "database", name)) : []),
      ...records.map(({ recordSet }) => deletion("dns", "record", `${recordSet.name} ${recordSet.type}`)),
      ...places.map((place) => {
        const { kind, name } = nameOf(place)
        return deletion("coolify", kind, name)
      })
    ],
    notes: [
      ...(options.why === undefined || applications.length === 0 ? [] : [options.why]),
      ...former.map(({ name }) => formerNote(name)),
      ...(applications.length === 0
        ? []
        : [
            ...(options.deleteVolumes
              ? deletedVolumesNotes(applications)
              : [keptVolumesNote(spec, applications)]),
            ...directoriesNote(spec)
          ]),
      ...databases.map(({ engine, name, ...one }) =>
        options.deleteVolumes
          ? `The database ${name} is deleted with all its data${hasBackups(engine) ? "; files of backups that were made of it stay where they are" : ""}.`
          : `The database ${name} stays, with its data, and runs on${stillOpen(one)}; \`fabrik destroy --delete-volumes\` deletes it.`
      ),
      ...sharedRecords.map(
        (name) => `The record ${name} stays: another application in Coolify answers at that host.`
      ),
      ...foreignRecords.map(
        ({ name, type, values }) =>
          `The record ${name} ${type} ${values.join(", ")} stays: fabrik did not make it for ${spec.name}.`
      ),
      ...shared.map(({ name }) => `The project ${name} stays as long as something else lives in it.`)
    ]
  }
}

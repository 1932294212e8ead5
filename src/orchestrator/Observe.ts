import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import { isInInventory } from "../coolify/endpoints/Derived.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import type { Server } from "../coolify/endpoints/Servers.ts"
import { mayStopDeployment } from "../coolify/VariableValue.ts"
import { DnsClient } from "../dns/DnsClient.ts"
import { noProvider } from "../dns/DnsDryRun.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import type { Spec } from "../appspec/Spec.ts"
import { backupsOf, databasesOf, givenOf, ownDatabases, partsOf, publicPortsOf } from "./Blueprint.ts"
import { refuseDelegated } from "./Delegation.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { holders } from "./Managed.ts"
import { isPlainComment, isSecretComment, releaseIn } from "../kinds/VariableComment.ts"
import { refuseTooOld } from "./Requirements.ts"
import { absentIfNotFound } from "../kinds/Find.ts"
import type { RepositoryAccess } from "../coolify/Source.ts"
import * as Marker from "../engine/Marker.ts"
import type { ObservedDns, OrphanRecord } from "../kinds/DiffRecord.ts"
import { backup, planBackups } from "../kinds/Backup.ts"
import { planDatabase, type PlannedDatabase } from "../kinds/Database.ts"
import type { Given, PlannedPart } from "../kinds/Part.ts"
import { planPublicPorts, publicPort } from "../kinds/PublicPort.ts"
import { furnishings, isEmpty, namesakes } from "../kinds/Projects.ts"
import { type Further, hasLeft, observeFurther } from "./FurtherRecords.ts"
import { isNowhere, observeDns, observeOrphans } from "./ObserveDns.ts"
import { findAccess } from "./RepositoryAccess.ts"
import { withPublicAddress } from "./ServedDomains.ts"
import { findShared } from "./SharedDatabases.ts"
import { Owner } from "../engine/Owner.ts"
import { findUndeployed, type Undeployed } from "./Undeployed.ts"

/** What stands where the spec points. */
export interface Observed {
  readonly server: Server
  /** What the spec names, found in Coolify. */
  readonly access: RepositoryAccess | undefined
  readonly project: Project | undefined
  readonly environmentExists: boolean
  /** The application that carries this spec's mark. */
  readonly application: Application | undefined
  /** Empty projects of ours of the same name, made at the same time by several runs. */
  readonly duplicates: ReadonlyArray<Project>
  /** Others that carry it, left by a replacement that did not come to its end. */
  readonly remains: ReadonlyArray<Application>
  /** One of the same name without it. */
  readonly foreign: Application | undefined
  readonly variables: ReadonlyArray<ObservedVariable>
  /** Those of the spec's variables that were written since what runs was deployed: Coolify has them, its containers do not. */
  readonly undeployed?: Undeployed
  /** The applications of the spec's other processes. */
  readonly siblings: ReadonlyArray<Application>
  /** Those of processes that the spec had, as it has none any more. */
  readonly former: ReadonlyArray<Application>
  /** What fabrik has given the application, of one kind; `undefined`: nothing tells. */
  readonly given: (kind: string) => Given | undefined
  /** What belongs to the application beside its variables, compared with the spec. */
  readonly parts: ReadonlyArray<PlannedPart>
  /** The spec's, compared with those that are there. */
  readonly databases: ReadonlyArray<PlannedDatabase>
  /** Those that the spec uses and that are there without it. */
  readonly sharedDatabases: ReadonlyArray<PlannedDatabase>
  /** Those of ours that the spec does not name any more. */
  readonly otherDatabases: ReadonlyArray<Database>
  /** At each of its domains; empty where DNS is left alone. */
  readonly dns: ReadonlyArray<ObservedDns>
  /** What stands at the names of `dns.records`; absent where DNS is left alone. */
  readonly further?: ReadonlyArray<Further>
  /** Records of ours that the spec no longer has, as of names that the application answered for before. */
  readonly orphans: ReadonlyArray<OrphanRecord>
  /** An earlier run may have left records, and without credentials nobody can look for them. */
  readonly recordsUnseen?: true
}

/**
 * Reads all of it, side by side: four requests to Coolify and two to the DNS provider, one more for the address of Coolify's
 * own host, two more for a name given up, one more for each name of `dns.records`.
 */
export const observe = Effect.fn("observe")(function* (
  spec: Spec,
  options: { readonly skipDns: boolean; readonly offline?: boolean }
) {
  const [server, access, coolify, { dns, further }] = yield* Effect.all(
    [
      findServer(spec),
      findAccess(spec),
      observeCoolify(spec),
      options.skipDns ? Effect.succeed({ dns: [], further: undefined }) : observeRecords(spec)
    ],
    { concurrency: "unbounded" }
  )
  // A run that did not come to its end may have moved the application already, and only its record tells from where.
  const release = releaseIn(coolify.variables)
  const everywhere = release?.pending === true
  const { provider } = yield* DnsClient
  const recordsUnseen = everywhere && !options.skipDns && isNowhere(spec) && provider === noProvider
  const given = (kind: string): Given | undefined => {
    if (release !== undefined) return givenOf(kind, release.has)
    // A first run that was killed had no time to note it. What has never run holds nothing that anybody could miss.
    return coolify.application?.status === "exited"
      ? { has: () => true, isEmpty: false, isNoted: false, digest: () => undefined }
      : undefined
  }
  const stored = yield* Effect.cached(storedOf(coolify.application))
  const [undeployed, sharedDatabases, { ofDatabases, ...databases }, parts, orphans] = yield* Effect.all(
    [
      findUndeployed(spec, coolify),
      findShared(spec, coolify.databases, options),
      Effect.flatMap(observeDatabases(spec, coolify.databases), (databases) =>
        Effect.map(
          Effect.all(
            [
              planBackups(backupsOf(spec, databases.databases), given(backup.name), options).pipe(
                // An older Coolify has no such list: which one is needed says more.
                Effect.tapError(() => refuseTooOld(spec))
              ),
              planPublicPorts(
                publicPortsOf(spec, databases.databases),
                given(publicPort.name),
                server,
                options
              )
            ],
            { concurrency: "unbounded" }
          ),
          (ofDatabases) => ({ ...databases, ofDatabases })
        )
      ),
      Effect.forEach(partsOf(spec), ({ kind, plan }) => plan(coolify.application, given(kind), stored), {
        concurrency: "unbounded"
      }),
      further === undefined
        ? Effect.succeed([])
        : observeOrphans(spec, coolify.application, {
            everywhere: everywhere || hasLeft(coolify.variables, further),
            kept: further.map(({ want }) => want)
          })
    ],
    { concurrency: "unbounded" }
  )
  return {
    server,
    access,
    ...coolify,
    ...databases,
    undeployed,
    sharedDatabases,
    given,
    parts: [...parts, ...ofDatabases],
    dns,
    ...(further === undefined ? {} : { further }),
    orphans,
    ...(recordsUnseen ? { recordsUnseen } : {})
  } satisfies Observed
})

const observeRecords = Effect.fn("observeRecords")(function* (spec: Spec) {
  const dns = yield* observeDns(spec)
  const [further] = yield* Effect.all(
    [observeFurther(spec, dns), Effect.forEach(dns, refuseDelegated, { discard: true })],
    { concurrency: "unbounded" }
  )
  return { dns, further }
})

const storedOf = (application: Application | undefined) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const stored =
      application === undefined ? undefined : yield* absentIfNotFound(coolify.storages.list(application.uuid))
    return stored ?? { volumes: [], files: [] }
  })

/** @param inventory what the environment tells of; for other engines one more request is needed. */
export const everyDatabase = Effect.fn("everyDatabase")(function* (
  spec: Spec,
  inventory: ReadonlyArray<Database>
) {
  const coolify = yield* CoolifyClient
  const others = spec.databases.every(({ engine }) => isInInventory(engine))
    ? []
    : yield* coolify.databases.list
  return [...inventory, ...others.filter(({ engine }) => !isInInventory(engine))]
})

const observeDatabases = Effect.fn("observeDatabases")(function* (
  spec: Spec,
  inventory: ReadonlyArray<Database>
) {
  const owner = yield* Owner
  const wanted = databasesOf(owner, spec)
  const there = yield* everyDatabase(spec, inventory)
  return {
    databases: yield* Effect.forEach(wanted, (one) => planDatabase(one, there)),
    otherDatabases: ownDatabases(owner, spec, there).filter(({ name }) =>
      wanted.every(({ resource }) => resource !== name)
    )
  }
})

/** Its name; where others have it too, what tells them apart. */
const described = ({ ip, name, uuid }: Server, among: ReadonlyArray<Server>): string =>
  among.some((other) => other.uuid !== uuid && other.name === name) ? `${name} (${uuid}, ${ip})` : name

export const findServer = Effect.fn("findServer")(function* ({ dns, domains, server: wanted }: Spec) {
  const coolify = yield* CoolifyClient
  const servers = yield* coolify.servers.list
  const matches =
    wanted === undefined
      ? servers
      : servers.filter((server) => [server.name, server.uuid, server.ip].includes(wanted))
  const names = servers.map((server) => described(server, servers)).join(", ")
  const [server] = matches
  if (server === undefined) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail:
        wanted === undefined
          ? "Coolify has no server"
          : `Coolify has no server ${wanted} (it has: ${names || "none"})`,
      next: "set `server` in the spec to one of Coolify's servers"
    })
  }
  if (matches.length > 1) {
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `${wanted === undefined ? "Coolify has several servers" : `several servers match ${wanted}`}: ${matches.map((one) => described(one, matches)).join(", ")}`,
      next: "set `server` in the spec to the uuid of one of them, or to its name if no other has it"
    })
  }
  if (!server.usable) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: `Coolify says that the server ${server.name} is not usable`,
      next: "open the server in Coolify and validate it"
    })
  }
  const needsAddress = dns.target === undefined && domains.length > 0
  return needsAddress ? yield* withPublicAddress(server, servers) : server
})

/** Applications of ours in an environment, and namesakes that are not. */
export const observeCoolify = Effect.fn("observeCoolify")(function* (spec: Spec) {
  const coolify = yield* CoolifyClient
  const owner = yield* Owner
  const projects = yield* findProjects(spec.project)
  const key = Marker.applicationKey(owner, spec)
  const isOurs = (candidate: Application) => Marker.parse(candidate.description)?.key === key
  const rooms = yield* Effect.forEach(projects, (found) =>
    Effect.map(
      absentIfNotFound(coolify.environments.inventory(found.uuid, spec.environment)),
      (inventory) => ({
        project: found,
        inventory
      })
    )
  )
  const ours = rooms.flatMap(({ inventory }) => inventory?.applications ?? []).filter(isOurs)
  const [application, ...rivals] = holders(ours)
  if (ours.length > 1 && (application === undefined || rivals.length > 0)) {
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `Coolify has ${ours.length} applications that carry the mark of ${spec.name}: ${ours.map((application) => application.uuid).join(", ")}`,
      next: "delete all but one of them in Coolify"
    })
  }
  // Where it lives is where it stays; what lives nowhere goes to the oldest, as everybody's does.
  const isHome = (room: (typeof rooms)[number]) =>
    application !== undefined && room.inventory?.applications.includes(application) === true
  const { inventory, project } = rooms.find(isHome) ??
    rooms[0] ?? { inventory: undefined, project: undefined }
  const applications = inventory?.applications ?? []
  // The inventory does not have the text of a compose file.
  const whole =
    application?.source._tag === "Compose"
      ? ((yield* absentIfNotFound(coolify.applications.get(application.uuid))) ?? application)
      : application
  const duplicates = yield* Effect.filter(
    projects.filter((candidate) => candidate !== project),
    ({ uuid }) => Effect.map(furnishings(uuid), (all) => all.every(isEmpty))
  )
  return {
    project,
    duplicates,
    environmentExists: inventory !== undefined,
    application: whole,
    remains: ours.filter((candidate) => candidate !== application),
    /** How many other applications the environment has. */
    others: applications.filter((candidate) => !isOurs(candidate)).length,
    foreign: applications.find((candidate) => candidate.name === spec.name && !ours.includes(candidate)),
    databases: inventory?.databases ?? [],
    /** Those of the spec's other processes. */
    siblings: siblingsOf(owner, spec).flatMap((one) =>
      applications.filter(({ description }) => Marker.parse(description)?.key === one)
    ),
    /** Of processes that the spec had, as it has none any more. */
    former:
      spec.process === undefined
        ? applications.filter(({ description }) => Marker.parse(description)?.of === key)
        : [],
    variables: application === undefined ? [] : yield* readVariables(spec, application.uuid)
  }
})

/** The keys of the spec's other processes, in their order. */
const siblingsOf = (owner: string, spec: Spec): ReadonlyArray<string> =>
  (spec.process?.applications ?? [])
    .filter((name) => name !== spec.name)
    .map((name) => Marker.applicationKey(owner, { ...spec, name }))

/**
 * Secrets as they stand there: the application may write them into its log, also those that the spec changes now. And what
 * somebody else wrote, where the error that it leads to repeats it.
 */
const readVariables = Effect.fn("readVariables")(function* (spec: Spec, uuid: string) {
  const coolify = yield* CoolifyClient
  const known = yield* KnownSecrets
  const rows = yield* coolify.variables.list(uuid)
  for (const row of rows) {
    const { comment, key, value } = row
    if (value === undefined) continue
    const isRepeated = !isPlainComment(comment) && mayStopDeployment(Redacted.value(value), row)
    if (spec.secrets.includes(key) || isSecretComment(comment) || isRepeated) yield* known.add(value)
  }
  return rows
})

/** Ours, oldest first; without one the only one of that name. */
export const findProjects = Effect.fn("findProjects")(function* (name: string) {
  const { ours, others } = yield* namesakes(name)
  if (ours.length > 0 || others.length < 2) return ours.length > 0 ? ours : others
  return yield* new RefusedError({
    reason: "Ambiguous",
    detail: `Coolify has ${others.length} projects named ${name}`,
    next: "rename all but one of them in Coolify, or set another `project` in the spec"
  })
})

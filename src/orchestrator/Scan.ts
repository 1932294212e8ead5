/** Everything of fabrik's in the world, found by its marks alone: for when no journal tells what was begun. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { DnsClient } from "../dns/DnsClient.ts"
import { holders, listManaged } from "./Managed.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"

export const Marked = Schema.Struct({
  kind: Schema.Literal("application", "record", "project"),
  /** `api`, `api.example.com A`. */
  name: Schema.String,
  /** The application's project and environment, or the record's zone. */
  place: Schema.String,
  id: Schema.NullOr(Schema.String),
  /** The run that made it. */
  run: Schema.String,
  state: Schema.Literal(
    /** Part of a whole. */
    "in use",
    /** An application that no deployment has ever brought up. */
    "never deployed",
    /** An application that another one of the same mark has replaced, or was to replace. */
    "beside another",
    /** A record or a project with no application of its mark: of another Coolify or owner, or left over. */
    "alone",
    /** The mark of another owner, or of another name or place. */
    "not ours"
  )
})
export type Marked = typeof Marked.Type

/** Reads Coolify's applications and projects and every zone of the DNS account, side by side. */
export const scan = Effect.gen(function* () {
  const coolify = yield* CoolifyClient
  const dns = yield* DnsClient
  const owner = yield* Owner
  const [managed, projects, records] = yield* Effect.all(
    [listManaged, coolify.projects.list, dns.listCommented(Marker.sign)],
    { concurrency: "unbounded" }
  )
  const keys = new Set(managed.map(({ key }) => key))
  const applications = yield* Effect.forEach(
    managed,
    ({ createdBy: run, environment, key, name, ours, project, status, uuid }) =>
      Effect.gen(function* () {
        const rivals = managed.filter((other) => other.key === key)
        const holder = holders(rivals)[0] ?? rivals[0]
        const isRival = holder?.uuid !== uuid
        const deployed = !status.startsWith("exited") || (yield* wasDeployed(uuid))
        const state = !ours ? "not ours" : isRival ? "beside another" : deployed ? "in use" : "never deployed"
        const place = `${project ?? "?"}/${environment ?? "?"}`
        return { kind: "application", name, place, id: uuid, run, state } satisfies Marked
      }),
    { concurrency: 4 }
  )
  const used = new Set(managed.map(({ project }) => project))
  return [
    ...applications,
    ...records.flatMap(({ zone, recordSet }): ReadonlyArray<Marked> => {
      const mark = Marker.parse(recordSet.comment)
      if (mark === undefined) return []
      const name = `${recordSet.name} ${recordSet.type}`
      const state = keys.has(mark.key) ? "in use" : "alone"
      return [{ kind: "record", name, place: zone.name, id: null, run: mark.run, state }]
    }),
    ...projects.flatMap(({ description, name, uuid }): ReadonlyArray<Marked> => {
      const mark = Marker.parse(description)
      if (mark === undefined) return []
      const isOurs = mark.key === Marker.projectKey(owner, name)
      const state = !isOurs ? "not ours" : used.has(name) ? "in use" : "alone"
      return [{ kind: "project", name, place: "", id: uuid, run: mark.run, state }]
    })
  ]
}).pipe(Effect.withSpan("scan"))

const wasDeployed = (uuid: string) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    // Each row carries its whole build log over the line, so the newest one is asked for alone first.
    for (const take of [1, 10]) {
      const deployments = yield* coolify.deployments.list(uuid, take)
      if (deployments.some(({ status }) => status === "finished")) return true
      if (deployments.length < take) return false
    }
    return false
  })

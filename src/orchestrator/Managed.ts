import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Environment } from "../coolify/endpoints/Environments.ts"
import type { ListedApplication } from "../coolify/endpoints/Applications.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"

/** An application that carries fabrik's mark. */
export const Managed = Schema.Struct({
  /** `null`: it lives where the token cannot look. */
  project: Schema.NullOr(Schema.String),
  environment: Schema.NullOr(Schema.String),
  name: Schema.String,
  uuid: Schema.String,
  domains: Schema.Array(Schema.String),
  /** Coolify's own word, e.g. `running:healthy`. */
  status: Schema.String,
  server: Schema.NullOr(Schema.String),
  /** The key of its mark. */
  key: Schema.String,
  /** The run that created it. */
  createdBy: Schema.String,
  /** The mark is this owner's, for this very place and name: `fabrik apply` finds it as its own. */
  ours: Schema.Boolean
})
export type Managed = typeof Managed.Type

/** Everything on this Coolify that carries fabrik's mark, by project, environment and name. */
export const listManaged = Effect.gen(function* () {
  const coolify = yield* CoolifyClient
  const owner = yield* Owner
  const [applications, projects] = yield* Effect.all([coolify.applications.list, coolify.projects.list], {
    concurrency: "unbounded"
  })
  const marked = applications.flatMap((application) => {
    const mark = Marker.parse(application.description)
    return mark === undefined ? [] : [{ application, mark }]
  })
  const places = yield* placesOf(
    marked.map(({ application }) => application),
    projects
  )
  return marked
    .map(({ application, mark }): Managed => {
      const place = places.get(application.environmentId)
      // What was adopted may have a name in Coolify that no spec can have.
      const keys = [application.name, specName(application.name)].map((name) =>
        Marker.applicationKey(owner, {
          project: place?.project.name ?? "",
          environment: place?.environment.name ?? "",
          name
        })
      )
      return {
        project: place?.project.name ?? null,
        environment: place?.environment.name ?? null,
        name: application.name,
        uuid: application.uuid,
        domains: application.domains,
        status: application.status,
        server: application.server?.name ?? null,
        key: mark.key,
        createdBy: mark.run,
        ours: place !== undefined && keys.includes(mark.key)
      }
    })
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}).pipe(Effect.withSpan("listManaged"))

/**
 * Of applications with one mark, those that may be the one that serves: only one can hold the domain, and without one only
 * one goes on running. What is beside it was left by a replacement that did not come to its end.
 */
export const holders = <A extends Pick<ListedApplication, "domains" | "status">>(
  rivals: ReadonlyArray<A>
): ReadonlyArray<A> => {
  if (rivals.length < 2) return rivals
  const reached = rivals.filter(({ domains }) => domains.length > 0)
  return reached.length > 0 ? reached : rivals.filter(({ status }) => !status.startsWith("exited"))
}

/** The name of a spec for an application of any name: a DNS label. */
export const specName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "")

const sortKey = ({ project, environment, name, uuid }: Managed): string =>
  [project ?? "", environment ?? "", name, uuid].join("\u0000")

/** Where an application lives. */
export interface Place {
  readonly project: Project
  readonly environment: Environment
}

/**
 * The places of these applications, by the id of their environment. An application names its environment by that id
 * alone, and only a project tells its environments: so projects are asked until all are found, fabrik's own first.
 */
export const placesOf = Effect.fn("placesOf")(function* (
  applications: ReadonlyArray<ListedApplication>,
  projects: ReadonlyArray<Project>
) {
  const coolify = yield* CoolifyClient
  const places = new Map<number, Place>()
  const wanted = new Set(applications.map(({ environmentId }) => environmentId))
  const ours = projects.filter(({ description }) => Marker.parse(description) !== undefined)
  for (const batch of [ours, projects.filter((project) => !ours.includes(project))]) {
    if ([...wanted].every((id) => places.has(id))) break
    yield* Effect.forEach(
      batch,
      (project) =>
        Effect.map(coolify.environments.list(project.uuid), (environments) => {
          for (const environment of environments) places.set(environment.id, { project, environment })
        }),
      { concurrency: 4, discard: true }
    )
  }
  return places
})

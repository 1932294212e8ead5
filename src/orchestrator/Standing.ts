/** Which run has changed an application last, as its marks tell, whatever machine that run was on. */
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import type { Spec } from "../appspec/Spec.ts"
import { releaseIn } from "../kinds/VariableComment.ts"
import { absentIfNotFound } from "../kinds/Find.ts"
import * as Marker from "../engine/Marker.ts"
import type { Observed } from "./Observe.ts"
import { Owner } from "../engine/Owner.ts"

/** An application that carries a spec's mark. */
export interface Standing {
  readonly uuid: string
  readonly name: string
  /** The names that it answers for. */
  readonly hosts: ReadonlyArray<string>
  /** The run whose release it has or, before it has one, the run that made it. */
  readonly run: string
  /** That run was not seen to end well: it was cut short, or is still at it. */
  readonly pending: boolean
}

/** Where a spec's application lives. */
export type Place = Pick<Spec, "project" | "environment" | "name">

type Marked = Pick<Application, "description" | "domains" | "name" | "uuid">

/** Of a URL; none of what is no URL. */
export const hostOf = (url: string) => (URL.canParse(url) ? [new URL(url).hostname] : [])

/** What its marks say; nothing without any. */
export const standingOf = (
  { description, domains, name, uuid }: Marked,
  variables: ReadonlyArray<ObservedVariable>
): ReadonlyArray<Standing> => {
  const release = releaseIn(variables)
  const run = release?.release ?? Marker.parse(description)?.run
  return run === undefined
    ? []
    : [{ uuid, name, hosts: domains.flatMap(hostOf), run, pending: release?.pending ?? true }]
}

/** All applications that carry the spec's mark, now: three requests, one more for each further application. */
export const readStandings = Effect.fn("readStandings")(function* (place: Place) {
  const coolify = yield* CoolifyClient
  const key = Marker.applicationKey(yield* Owner, place)
  const namesakes = (yield* coolify.projects.list).filter(({ name, uuid }) =>
    [name, uuid].includes(place.project)
  )
  const found = yield* Effect.forEach(namesakes, ({ uuid }) =>
    absentIfNotFound(coolify.environments.inventory(uuid, place.environment))
  )
  const ours = found
    .flatMap((inventory) => inventory?.applications ?? [])
    .filter(({ description }) => Marker.parse(description)?.key === key)
  return (yield* Effect.forEach(ours, readStanding)).flat()
})

const readStanding = (application: Marked) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const variables = yield* absentIfNotFound(coolify.variables.list(application.uuid))
    return variables === undefined ? [] : standingOf(application, variables)
  })

/** {@link readStandings} of what was observed already: it asks only for what a replacement has left. */
export const standingsSeen = Effect.fn("standingsSeen")(function* ({
  application,
  remains,
  variables
}: Pick<Observed, "application" | "remains" | "variables">) {
  const rest = yield* Effect.forEach(remains, readStanding)
  return [...(application === undefined ? [] : standingOf(application, variables)), ...rest.flat()]
})

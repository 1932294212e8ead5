/**
 * The mark that tells what fabrik made from what it must not touch. It stands in Coolify descriptions and DNS
 * comments: at most 100 characters (Cloudflare's free plan) of the set that Coolify's own forms accept.
 */
import { createHash } from "node:crypto"

/** What every mark begins with. */
export const sign = "managed by fabrik"

export interface Marker {
  /** The application it belongs to: the same for every run of one spec. */
  readonly key: string
  /** The run that created the resource. */
  readonly run: string
  /** A digest of what cannot be changed in place (an inline Dockerfile's text). */
  readonly source: string | undefined
  /** Of one process of a spec: the key of the application that has the spec's own name. */
  readonly of?: string | undefined
}

export const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16)

/** Where an application lives, and its name there. */
export interface Named {
  readonly project: string
  readonly environment: string
  readonly name: string
}

/** What tells one application from another across machines: who owns it, and where it lives. */
export const applicationKey = (owner: string, spec: Named): string =>
  digest(JSON.stringify([owner, spec.project, spec.environment, spec.name]))

/** Of a database that a spec names so. */
export const databaseKey = (owner: string, spec: Named, name: string): string =>
  digest(JSON.stringify([owner, spec.project, spec.environment, spec.name, "database", name]))

export const projectKey = (owner: string, project: string): string => digest(JSON.stringify([owner, project]))

export const environmentKey = (owner: string, project: string, environment: string): string =>
  digest(JSON.stringify([owner, project, environment]))

export const render = (marker: Marker): string =>
  [
    `${sign} - key=${marker.key} run=${marker.run}`,
    ...(marker.source === undefined ? [] : [`src=${marker.source}`]),
    ...(marker.of === undefined ? [] : [`of=${marker.of}`])
  ].join(" ")

/** The mark in `text`, or `undefined` when it is not fabrik's. */
export const parse = (text: string | undefined): Marker | undefined => {
  const match =
    /^managed by fabrik - key=([0-9a-f]{16}) run=([0-9a-f]{12})(?: src=([0-9a-f]{16}))?(?: of=([0-9a-f]{16}))?$/.exec(
      text ?? ""
    )
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : {
        key: match[1],
        run: match[2],
        source: match[3],
        ...(match[4] === undefined ? {} : { of: match[4] })
      }
}

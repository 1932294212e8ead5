import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { takenFromBeside, withBeside } from "../appspec/Beside.ts"
import type { Spec } from "../appspec/Spec.ts"
import * as Marker from "../engine/Marker.ts"
import { SecretStore } from "../secrets/SecretStore.ts"
import { History, type Release } from "../state/History.ts"
import { RefusedError } from "../engine/DeployError.ts"
import type { RunFinished } from "../engine/DeploymentEvent.ts"

/** A run that may have been a release. */
export interface Finished {
  readonly spec: Spec
  /** The YAML that `spec` was read from. */
  readonly text: string
  readonly run: string
  readonly report: typeof RunFinished.Type
  /** The release that was gone back to. */
  readonly backTo: string | undefined
  /** The address of the Coolify that it was deployed to; `undefined`: a sandbox. */
  readonly coolify: string | undefined
}

const kept = (spec: Spec) =>
  takenFromBeside(spec).flatMap(({ content, use }) => (content === undefined ? [] : [{ use, content }]))

const groupOf = (release: string): string => `release-${release}`

/** Keeps what the files beside the spec held, as they may hold something else when it is gone back to. */
const keepFiles = Effect.fn("keepFiles")(function* (spec: Spec, release: string) {
  const store = yield* SecretStore
  const files = kept(spec)
  if (files.length === 0) return {}
  for (const { content, use } of files) {
    yield* store.keep(groupOf(release), Marker.digest(use), content)
  }
  const all = JSON.stringify(files.map(({ content, use }) => [use, Redacted.value(content)]))
  return { files: yield* store.digest(Redacted.make(all)) }
})

/** A release's spec with what the files beside it held; `missing`: the names of those that are not kept here. */
export const withKeptFiles = Effect.fn("withKeptFiles")(function* (spec: Spec, release: string) {
  const store = yield* SecretStore
  const found = yield* Effect.forEach(takenFromBeside(spec), ({ name, use }) =>
    Effect.map(store.kept(groupOf(release), Marker.digest(use)), (content) => ({ name, use, content }))
  )
  const contents = new Map(
    found.flatMap(({ content, use }) => (Option.isSome(content) ? [[use, content.value] as const] : []))
  )
  const missing = found.flatMap(({ name, use }) => (contents.has(use) ? [] : [name]))
  return { spec: withBeside(spec, contents), missing }
})

/**
 * Notes a release: a run that changed something and succeeded. A run that did not look
 * at the application is none. One that found everything right is noted when there is
 * none yet, or when it went back: then what stands is what its spec says. So is one of several processes whose text is
 * another: then another process has changed, and the history of each is that of all.
 */
export const recordRelease = Effect.fn("recordRelease")(function* (finished: Finished) {
  const { outcome, verified } = finished.report
  if ((outcome !== "complete" && outcome !== "unchanged" && outcome !== "pending") || verified === false)
    return
  const history = yield* History
  const { spec, text, backTo, coolify } = finished
  const before = yield* history.list(spec)
  const last = before.at(-1)
  const isNoted = last !== undefined && (spec.process === undefined || last.text === text)
  if (outcome === "unchanged" && backTo === undefined && isNoted) return
  const at = yield* Clock.currentTimeMillis
  const files = yield* keepFiles(spec, finished.run)
  yield* history.record(spec, {
    release: finished.run,
    at,
    text,
    ...files,
    ...(backTo === undefined ? {} : { backTo }),
    ...(coolify === undefined ? {} : { coolify })
  })
  const now = yield* history.list(spec)
  const store = yield* SecretStore
  const dropped = before.filter(({ release }) => now.every((one) => one.release !== release))
  yield* Effect.forEach(
    dropped.filter((one) => one.files !== undefined),
    ({ release }) => store.forget(groupOf(release)),
    { discard: true }
  )
})

/**
 * The release to go back to: `to` (the first digits suffice), or the newest one before the present whose spec is another.
 * @param releases oldest first.
 */
export const chooseRelease = (
  releases: ReadonlyArray<Release>,
  to: string | undefined
): Either.Either<Release, RefusedError> => {
  const present = releases.at(-1)
  if (present === undefined) {
    return refuse(
      "no release of this spec was recorded here",
      "deploy with `fabrik apply` from this folder: from then on each release is recorded"
    )
  }
  if (to === undefined) {
    const earlier = releases.findLast(({ files, text }) => text !== present.text || files !== present.files)
    return earlier === undefined
      ? refuse(
          "no earlier release with another spec is recorded here",
          "change the spec and `fabrik apply` it: then there are two"
        )
      : Either.right(earlier)
  }
  const matches = releases.filter(({ release }) => release.startsWith(to.toLowerCase()))
  const [match] = matches
  if (match === undefined || matches.length > 1) {
    return refuse(
      match === undefined
        ? `no release ${to} is recorded here`
        : `${matches.length} releases begin with ${to}`,
      "see the recorded releases with `fabrik rollback --list`"
    )
  }
  return Either.right(match)
}

/** What is said of a release that another Coolify has; one may be known by two addresses. */
export const deployedElsewhere = (
  { coolify, release }: Release,
  here: string | undefined
): string | undefined =>
  coolify === undefined || here === undefined || coolify === here
    ? undefined
    : `release ${release} was deployed to the Coolify at ${coolify}, and this one is at ${here}: where these are two, its spec was not meant for this one`

const refuse = (detail: string, next: string) =>
  Either.left(new RefusedError({ reason: "NoRelease", detail, next }))

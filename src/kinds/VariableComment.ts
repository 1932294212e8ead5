/** What the comments of variables say: whose they are, of which value, and of which release. */
import * as Redacted from "effect/Redacted"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"

/** Set by fabrik in every application; what a healthy response must show where `healthcheck.release` says so. */
export const releaseKey = "FABRIK_RELEASE"

/** How a secret's value came to be, for every machine to know: one that was given is never replaced by a made one. */
type SecretMaking = "given" | "generated"

/**
 * The comment of a variable: its digest tells later, without `read:sensitive`, whether the value is still the same. A
 * digest can be made again only where its key is, so a secret's comment names the key.
 */
export const plainComment = (hex: string): string => `fabrik ${hex.slice(0, 32)}`
export const secretComment = (making: SecretMaking, hex: string, key: string): string =>
  `fabrik secret ${making} ${hex.slice(0, 32)} key=${key.slice(0, 8)}`
/** Of a secret whose making is not known, as of those that older versions wrote. */
export const unknownSecretComment = (digest: string): string => `fabrik secret ${digest}`

const digestPattern = /^fabrik (?:secret (?:(?:given|generated) )?)?([0-9a-f]{32})(?: key=[0-9a-f]{8})?$/

/** The digest of the value that fabrik wrote, 32 hex digits; `undefined`: the comment is not fabrik's. */
export const digestOfComment = (comment: string): string | undefined => digestPattern.exec(comment)?.[1]

const releasePattern =
  /^fabrik release ([0-9a-f]{12}) spec=([0-9a-f]{16})(?: has=((?:[@%!+=]?[0-9a-f]{4}(?:~[0-9a-f]{8})?|\.[a-z])(?:,(?:[@%!+=]?[0-9a-f]{4}(?:~[0-9a-f]{8})?|\.[a-z]))*))?( pending)?$/

/**
 * @param has short names of what the application has from fabrik beside its settings and variables, some with a digest
 * (`ab12~0123abcd`).
 */
export const releaseComment = (
  release: string,
  specDigest: string,
  pending: boolean,
  has: ReadonlyArray<string> = []
): string =>
  `fabrik release ${release} spec=${specDigest}${has.length === 0 ? "" : ` has=${has.join(",")}`}${pending ? " pending" : ""}`
export const isOurComment = (comment: string): boolean =>
  digestOfComment(comment) !== undefined || releasePattern.test(comment)

/** Whether the comment tells that the value stood in a spec, so that it may be shown. */
export const isPlainComment = (comment: string): boolean => /^fabrik [0-9a-f]{32}$/.test(comment)

/** Whether the comment tells that the value is a secret's. */
export const isSecretComment = (comment: string): boolean =>
  comment.startsWith("fabrik secret ") && digestOfComment(comment) !== undefined

/** What a release's comment tells. */
export interface CommentedRelease {
  readonly release: string
  /** Of the spec that it was made from. */
  readonly specDigest: string
  /** Short names of what the application has from fabrik beside its settings and variables. */
  readonly has: ReadonlyArray<string>
  /** Its deployment was not seen to end well. */
  readonly pending: boolean
}

export const releaseOfComment = (comment: string): CommentedRelease | undefined => {
  const match = releasePattern.exec(comment)
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : {
        release: match[1],
        specDigest: match[2],
        has: match[3]?.split(",") ?? [],
        pending: match[4] !== undefined
      }
}

/** The release among an application's variables. */
export const releaseIn = (
  variables: ReadonlyArray<Pick<ObservedVariable, "key" | "isPreview" | "comment">>
): CommentedRelease | undefined => {
  const row = variables.find(({ isPreview, key }) => key === releaseKey && !isPreview)
  return row === undefined ? undefined : releaseOfComment(row.comment)
}

/** Whether a value that was read is the one that was written. */
export const holdsValue = (read: Redacted.Redacted<string>, written: Redacted.Redacted<string>): boolean =>
  Redacted.value(read) === Redacted.value(written)

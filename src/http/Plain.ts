import * as Redacted from "effect/Redacted"

/** What a text of somebody else's must not repeat. */
export interface Hidden {
  /** Takes out the secrets that the whole program knows. */
  readonly hide: (text: string) => string
  /** Those of this client or call. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
}

/** Values shorter than this are no secrets, and replacing them would garble every message. */
const shortestSecret = 4
const longestText = 400

/** One line without control or direction-changing characters, without secrets, of bounded length. */
export const plain = ({ hide, secrets }: Hidden, text: string): string => {
  const safe = secrets
    .map(Redacted.value)
    .filter((secret) => secret.length >= shortestSecret)
    .toSorted((a, b) => b.length - a.length)
    .reduce((kept, secret) => kept.replaceAll(secret, "[redacted]"), hide(text))
  const line = safe.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, " ").trim()
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line
}

/** Pure: what an application's visitors are asked for, as a spec says it. */
import * as Redacted from "effect/Redacted"
import { type BasicAuth, usernamePattern } from "../appspec/sections/BasicAuth.ts"
import type { BasicAuth as There } from "../coolify/endpoints/BasicAuth.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { isSecretComment } from "../kinds/VariableComment.ts"

const fresh = ["BASIC_AUTH_PASSWORD", "SITE_PASSWORD", "PROXY_PASSWORD"]

/**
 * The password stays a secret: by the name of fabrik's own variable that holds the same, else by one that the application
 * does not have. `undefined`: no spec can say it.
 */
export const readBasicAuth = (
  there: There | undefined,
  variables: ReadonlyArray<ObservedVariable>
): BasicAuth | undefined => {
  if (there === undefined || !usernamePattern.test(there.username)) return undefined
  const { password, username } = there
  const same = variables.find(
    ({ comment, isPreview, value }) =>
      !isPreview &&
      isSecretComment(comment) &&
      value !== undefined &&
      password !== undefined &&
      Redacted.value(value) === Redacted.value(password)
  )
  const secret = same?.key ?? fresh.find((name) => variables.every(({ key }) => key !== name))
  return secret === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(secret) ? undefined : { username, secret }
}

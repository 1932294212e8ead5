/** `basicAuth`: a name and a password that visitors are asked for. */
import type { Check } from "../Decode.ts"
import { map, matching } from "../Form.ts"
import { nearest } from "../Nearest.ts"
import type { Spec } from "../Spec.ts"

export interface BasicAuth {
  readonly username: string
  /** The name of the secret that is the password. */
  readonly secret: string
}

/** No `:`, which ends a name in the header, and nothing that a proxy's label could read otherwise. */
export const usernamePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

const referencePattern = /^\$\{secrets\.[A-Za-z_][A-Za-z0-9_]*\}$/

export const BasicAuthSection = map(
  {
    username: matching(
      {
        description: "The name that visitors give",
        examples: ["admin"],
        pattern: usernamePattern,
        numeral: true
      },
      {
        message: "this is no name for `basicAuth`",
        hint: "letters, digits, `.`, `_`, `@` and `-`, at most 64"
      }
    ),
    password: matching(
      {
        description:
          "The secret that is the password. One that is not under `secrets` is the proxy's alone: it comes from the environment or .env, or stays as the application has it",
        examples: ["${secrets.SITE_PASSWORD}"],
        pattern: referencePattern
      },
      {
        message: "a password never stands in a spec",
        hint: "name a secret: `password: ${secrets.SITE_PASSWORD}`, and give its value in the environment or in .env"
      }
    )
  },
  {
    description:
      "What Coolify's proxy asks visitors for before anything of the application answers; fabrik's own probes send it",
    hint: 'write `basicAuth: { username: admin, password: "${secrets.SITE_PASSWORD}" }`',
    missing: ({ path }) => ({
      message: `\`${path}\` needs a \`username\` and a \`password\``,
      hint: 'write `basicAuth: { username: admin, password: "${secrets.SITE_PASSWORD}" }`'
    }),
    elsewhere: { user: "did you mean `username`?", name: "did you mean `username`?" }
  }
)
type Given = typeof BasicAuthSection.Type

export const basicAuthIn = (
  given: Given | undefined,
  { isNowhere, secrets }: { readonly isNowhere: boolean; readonly secrets: ReadonlyArray<string> },
  check: Check
): { readonly basicAuth?: BasicAuth } => {
  const field = check.at("basicAuth")
  if (given === undefined || field === undefined) return {}
  const secret = given.password.slice("${secrets.".length, -1)
  if (isNowhere) {
    check.complain(field, {
      at: field.keyAt,
      message: "nobody can visit what has no domain",
      hint: "remove `basicAuth`, or name a `domain`"
    })
  }
  const near = secrets.includes(secret) ? undefined : nearest(secret, secrets)
  const password = check.at("basicAuth", "password")
  if (near !== undefined && password !== undefined) {
    check.complain(password, {
      message: `the spec has no secret \`${secret}\``,
      hint: `did you mean \`\${secrets.${near}}\`?`
    })
  }
  return { basicAuth: { username: given.username, secret } }
}

/** As {@link basicAuthIn} reads it. */
export const basicAuthOut = (auth: BasicAuth | undefined): { readonly basicAuth?: Given } =>
  auth === undefined ? {} : { basicAuth: { username: auth.username, password: `\${secrets.${auth.secret}}` } }

/** Of all secrets of a spec, whoever gets them. */
export const secretNamesOf = ({ basicAuth, secrets }: Pick<Spec, "basicAuth" | "secrets">) =>
  basicAuth === undefined ? secrets : [...new Set([...secrets, basicAuth.secret])]

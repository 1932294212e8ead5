/** The password that visitors are asked for: whose it is, what of it changes, and what the probes send. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Spec } from "../appspec/Spec.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { Run } from "../engine/Run.ts"
import type { Credentials } from "../health/HealthProbe.ts"
import { basicAuth, planBasicAuth } from "../kinds/BasicAuth.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import type { FoundSecret } from "../secrets/SecretStore.ts"
import type { PlannedSecret } from "./Desired.ts"
import type { Observed } from "./Observe.ts"
import { nobodyGives, refuseOthers, type SecretWorld, type SettledSecrets } from "./steps/ResolveSecrets.ts"

interface Settled {
  /** With the part that writes it. */
  readonly observed: Observed
  /** What gets a visitor in; `undefined`: nothing is asked for, or the token may not read what is. */
  readonly credentials: Credentials | undefined
  /** What is supplied for the proxy alone, so that another run of this one's needs it too. */
  readonly supplied: ReadonlyArray<Pick<PlannedSecret, "name" | "value">>
}

/** Once the secrets are settled: what they are compared with stands in {@link Observed}. */
export const withBasicAuth = Effect.fn("withBasicAuth")(function* (
  spec: Spec,
  observed: Observed,
  found: ReadonlyArray<FoundSecret>,
  secrets: SettledSecrets,
  world: Pick<SecretWorld, "begun" | "offline">
) {
  const { application, given } = observed
  const { add } = yield* KnownSecrets
  const there = application?.basicAuth?.password
  if (there !== undefined) yield* add(there)
  const { basicAuth: wanted } = spec
  if (wanted === undefined) {
    const part = yield* planBasicAuth(undefined, application, given(basicAuth.name))
    const username = application?.basicAuth?.username ?? ""
    const stays = there !== undefined && part.fields === undefined
    const credentials = stays ? { username, password: there } : undefined
    return { observed: withPart(observed, part), credentials, supplied: [] } satisfies Settled
  }
  const { secret: name, username } = wanted
  const supplied = spec.secrets.includes(name) ? undefined : yield* suppliedFor(name, found, there, world)
  const password = spec.secrets.includes(name) ? yield* settledValue(name, secrets) : (supplied ?? there)
  if (password === undefined && application?.basicAuth !== undefined) return yield* unreadable(name)
  if (password === undefined && !world.offline) return yield* nobodyGives([name])
  if (password !== undefined) {
    yield* add(password)
    yield* refuseUnsendable(name, password)
  }
  const part = yield* planBasicAuth({ username, password }, application, given(basicAuth.name))
  return {
    observed: withPart(observed, part),
    credentials: password === undefined ? undefined : { username, password },
    supplied: supplied === undefined ? [] : [{ name, value: supplied }]
  } satisfies Settled
})

const withPart = (observed: Observed, part: Observed["parts"][number]): Observed => ({
  ...observed,
  parts: [...observed.parts, part]
})

/** Of a secret that is also a variable of the application. */
const settledValue = (name: string, { held, secrets, standing }: SettledSecrets) =>
  held.some(({ key }) => key === name)
    ? unreadable(name)
    : Effect.succeed(
        secrets.find((one) => one.name === name)?.value ?? standing.find(({ key }) => key === name)?.value
      )

/** What was generated here once, as a variable's, stands behind what the application has. */
const suppliedFor = Effect.fnUntraced(function* (
  name: string,
  found: ReadonlyArray<FoundSecret>,
  there: Redacted.Redacted<string> | undefined,
  { begun }: Pick<SecretWorld, "begun">
) {
  const run = yield* Run
  const secret = Option.getOrUndefined(found.find((one) => one.name === name)?.secret ?? Option.none())
  const isKept = secret === undefined || (secret.origin === "stored" && there !== undefined)
  const value = isKept ? there : secret.value
  if (value !== undefined && (!isKept || begun?.some((one) => one.name === name) === true)) {
    yield* refuseOthers(
      [{ name, choice: { _tag: "Value", secret: { name, value, origin: "given" } } }],
      begun
    )
  }
  if (isKept) {
    if (there !== undefined) yield* run.emit({ _tag: "SecretResolved", name, origin: "kept" })
    return undefined
  }
  const file = secret.file === undefined ? {} : { file: secret.file }
  yield* run.emit({ _tag: "SecretResolved", name, origin: secret.origin, ...file })
  return secret.value
})

/** The proxy looks at the first 72 bytes of a password alone (bcrypt), and Coolify drops blanks at its ends. */
const mostBytes = 72

const refuseUnsendable = (name: string, password: Redacted.Redacted<string>) => {
  const text = Redacted.value(password)
  const problem =
    text === "" || text !== text.trim()
      ? "is empty or begins or ends with a blank, which Coolify drops"
      : /\p{Cc}/u.test(text)
        ? "has a control character or a line break, which no browser sends"
        : Buffer.byteLength(text) > mostBytes
          ? `has more than ${mostBytes} bytes, and the proxy looks at no more`
          : undefined
  return problem === undefined
    ? Effect.void
    : new RefusedError({
        reason: "Unsendable",
        detail: `${name} cannot be the password of \`basicAuth\`: it ${problem}`,
        next: "give it another value"
      })
}

const unreadable = (name: string) =>
  new RefusedError({
    reason: "Unreadable",
    detail: `\`basicAuth\` needs ${name}, which the health check sends: Coolify has the value, but this token may not read it`,
    next: "give the value (in the environment, in .env or in a file named with --env-file), or tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
  })

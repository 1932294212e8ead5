/** The Doctor's checks in the world that a command asks for: what cannot be opened is a check that failed. */
import * as Effect from "effect/Effect"
import { hostsOf } from "../appspec/Domain.ts"
import type { Spec } from "../appspec/Spec.ts"
import { type Check, checkCoolify, checkDns } from "../orchestrator/Doctor.ts"
import { openWorld, type WorldRequest } from "./Layers.ts"
import { noSecrets, noSubject, subjectOf } from "./Subject.ts"

type Asked = Pick<WorldRequest, "sandbox" | "dryRun">

export const inCoolify = (request: Asked) =>
  Effect.gen(function* () {
    const world = yield* openWorld({
      ...request,
      ...noSubject,
      needs: { coolify: true, dns: "no" },
      secrets: noSecrets
    })
    return yield* Effect.provide(checkCoolify(), world.layer)
  }).pipe(Effect.catchAll((error) => Effect.succeed([unopened("Coolify", "it can be asked", error)])))

export const inDns = (request: Asked, specs: ReadonlyArray<Spec>) =>
  Effect.gen(function* () {
    const [first] = specs
    const world = yield* openWorld({
      ...request,
      ...(first === undefined ? noSubject : subjectOf(first)),
      domains: hostsOf(specs.flatMap(({ domains }) => domains)),
      needs: { coolify: false, dns: "if-set" },
      secrets: noSecrets
    })
    return world.hasDns ? yield* Effect.provide(checkDns(specs), world.layer) : [noDns]
  }).pipe(Effect.catchAll((error) => Effect.succeed([unopened("DNS", "it can be asked", error)])))

const noDns: Check = {
  area: "DNS",
  what: "a provider is set",
  state: "warned",
  detail: "no: records are left to you",
  next: "Set the variables of one, which `fabrik --help` lists; or say `dns: none` in the specs, where a wildcard or another record leads to the server already."
}

type OpenError = Effect.Effect.Error<ReturnType<typeof openWorld>>

const unopened = (area: Check["area"], what: string, error: OpenError): Check => {
  const check = { area, what, state: "failed", detail: error.message } as const
  switch (error._tag) {
    case "CredentialsError":
    case "StateError":
      return { ...check, next: error.next }
    case "SandboxError":
      return { ...check, next: "" }
    default:
      return { ...check, next: "", error }
  }
}

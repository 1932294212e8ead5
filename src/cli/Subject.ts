import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { asciiDomain, hostsOf } from "../appspec/Domain.ts"
import { nearest } from "../appspec/Nearest.ts"
import { secretNamesOf } from "../appspec/sections/BasicAuth.ts"
import type { Spec } from "../appspec/Spec.ts"
import { UsageError } from "./Arguments.ts"
import type { WorldRequest } from "./Layers.ts"
import * as Say from "./Say.ts"

/** The part of a command's flags that says which world it is. */
export interface WorldFlags {
  readonly sandbox: boolean
  readonly sandboxDir: string | undefined
  readonly sandboxFault: ReadonlyArray<string>
}

export const sandboxOf = (flags: WorldFlags): WorldRequest["sandbox"] =>
  flags.sandbox ? { dir: flags.sandboxDir, faults: flags.sandboxFault } : undefined

export const subjectOf = (
  spec: Spec
): Pick<WorldRequest, "access" | "composeFile" | "domains" | "server" | "dnsProvider"> => ({
  domains: hostsOf(spec.domains),
  server: spec.server,
  access: spec.source._tag === "Git" ? spec.source.access : undefined,
  composeFile: composeFileOf(spec),
  dnsProvider: spec.dns.provider
})

/** A sandbox has no repositories, so the spec has to say what is in one. */
const composeFileOf = ({ routes = [], source }: Spec): WorldRequest["composeFile"] =>
  source._tag === "Git" && source.compose !== undefined
    ? {
        repository: source.repository,
        path: `${source.baseDirectory.replace(/\/$/, "")}${source.compose}`,
        containers: routes.map(({ container }) => container)
      }
    : undefined

/** Whether the record is left to somebody else, by the spec or for this once. */
export const leavesDns = (spec: Spec, skipDns: boolean): boolean => skipDns || spec.dns.none === true

/** What a command needs of DNS: without a domain only what an earlier one has left is looked at. */
export const dnsNeeds = (spec: Spec, skipDns: boolean): WorldRequest["needs"]["dns"] =>
  leavesDns(spec, skipDns) ? "no" : spec.domains.length === 0 ? "if-set" : "yes"

/** For a command that is about no spec in particular. */
export const noSubject: Pick<WorldRequest, "domains" | "server" | "dnsProvider"> = {
  domains: [],
  server: undefined,
  dnsProvider: undefined
}

export const noSecrets: WorldRequest["secrets"] = {
  envFile: undefined,
  spec: undefined,
  given: new Map()
}

/** A domain has dots and neither slashes nor the ending of a spec. What is pasted with its scheme means one as well. */
export const isDomain = (subject: string): boolean =>
  /^https?:\/\//i.test(subject) ||
  (/^[^/\\]+\.[^/\\.]+\.?$/.test(subject) && !/\.(?:ya?ml|json)$/i.test(subject))

/** As specs, Coolify and name servers have it, whatever form it is written in. */
export const domainOf = (subject: string, command: string): Effect.Effect<string, UsageError> =>
  Effect.mapError(
    asciiDomain(subject),
    ({ hint, message }) => new UsageError({ message: `${subject}: ${message}; ${hint}`, command })
  )

/**
 * `KEY=VALUE`, of which argv has been checked to be made.
 * @param specs each name must be a secret of one of them.
 */
export const givenSecrets = Effect.fn("givenSecrets")(function* (
  pairs: ReadonlyArray<string>,
  specs: ReadonlyArray<Spec>,
  command: string
) {
  if (pairs.length > 0) {
    yield* Say.warn(
      "values given with --secrets can be seen by other users of this machine (ps) and stay in the shell's history; rather use the environment or --env-file"
    )
  }
  const given = new Map(
    pairs.map((pair) => {
      const at = pair.indexOf("=")
      return [pair.slice(0, at), Redacted.make(pair.slice(at + 1))] as const
    })
  )
  const names = specs.flatMap(secretNamesOf)
  const stray = [...given.keys()].find((name) => !names.includes(name))
  if (stray !== undefined && specs.length > 0) {
    const near = nearest(stray, names)
    const hint =
      near !== undefined
        ? `did you mean ${near}?`
        : specs.some(({ env }) => Object.hasOwn(env, stray))
          ? "it stands under `env`, with its value"
          : names.length === 0
            ? "it has none"
            : `it has ${names.join(", ")}`
    return yield* new UsageError({
      message: `--secrets ${stray}: the spec has no such name under \`secrets\`; ${hint}`,
      command
    })
  }
  const known = yield* KnownSecrets
  yield* Effect.forEach(given.values(), known.add, { discard: true })
  return given
})

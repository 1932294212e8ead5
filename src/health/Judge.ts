import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ReleaseProbe } from "../appspec/sections/Healthcheck.ts"
import type { Expectation, ProbeResponse } from "./HealthProbe.ts"

export type Verdict =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason: "Gateway" | "Status" | "Release" | "Certificate"
      /** A clause that follows the host's name: `answered 503, expected 200`. */
      readonly detail: string
    }

/**
 * The first thing wrong with the answer: the status, then the release, then the certificate. What is repeated of the
 * answer goes through `hide` before it is shortened.
 */
export const judge = (
  response: ProbeResponse,
  expectation: Expectation,
  hide: (text: string) => string = (text) => text
): Verdict => {
  const { problem } = response.certificate
  const trusted: Verdict =
    problem === undefined ? { ok: true } : { ok: false, reason: "Certificate", detail: problem }
  // Whoever is asked for a password and does not give it sees nothing of the application.
  if (response.withheld === true && problem !== undefined) {
    return {
      ok: false,
      reason: "Certificate",
      detail: `${problem}, so the password of \`basicAuth\` is not sent`
    }
  }
  if (expectation.leadsTo !== undefined) {
    const wrong = otherwiseLed(response, expectation.leadsTo, hide)
    return wrong === undefined ? trusted : { ok: false, reason: "Status", detail: wrong }
  }
  if (response.status !== expectation.status) {
    if (isProxys(response)) {
      return {
        ok: false,
        reason: "Gateway",
        detail: `the proxy answered ${response.status}, expected ${expectation.status}`
      }
    }
    return {
      ok: false,
      reason: "Status",
      detail: `answered ${response.status}, expected ${expectation.status}`
    }
  }
  if (expectation.release !== undefined) {
    const { probe, expected } = expectation.release
    const found = readRelease(response, probe)
    if (Either.isLeft(found)) return { ok: false, reason: "Release", detail: found.left }
    if (found.right !== expected) {
      const detail = `answers with release ${printable(hide(found.right))}, expected ${expected}: the old version is still serving`
      return { ok: false, reason: "Release", detail }
    }
  }
  return trusted
}

/** What the answer does instead of redirecting to `host` over https. */
const otherwiseLed = (
  response: ProbeResponse,
  host: string,
  hide: (text: string) => string
): string | undefined => {
  const { headers, status } = response
  const location = Option.getOrElse(own(headers, "location"), () => "")
  const to = status >= 300 && status < 400 && URL.canParse(location) ? new URL(location) : undefined
  if (to?.hostname === host && to.protocol === "https:") return undefined
  const shown = to === undefined ? "" : `, a redirect to ${printable(hide(`${to.origin}${to.pathname}`))}`
  return `answered ${status}${shown}, expected a redirect to https://${host}`
}

/**
 * Whether the server's proxy answered in the application's place: Traefik's own texts (pkg/proxy and
 * pkg/server/service/loadbalancer) or Caddy's empty body. An application that is itself a gateway says more.
 */
const isProxys = ({ body, headers, status }: ProbeResponse): boolean =>
  (status === 502 || status === 503 || status === 504) &&
  (proxyTexts.has(body.trim().toLowerCase()) || (body === "" && /^caddy/i.test(headers["server"] ?? "")))

const proxyTexts: ReadonlySet<string> = new Set([
  "bad gateway",
  "service unavailable",
  "no available server",
  "gateway timeout"
])

/** The release id in the answer; left: where it is missing. */
export const readRelease = (response: ProbeResponse, probe: ReleaseProbe): Either.Either<string, string> => {
  if (probe._tag === "Header") {
    const name = probe.name.toLowerCase()
    return Either.fromOption(own(response.headers, name), () => `answers without the release header ${name}`)
  }
  const json = Option.getRight(decodeJson(response.body))
  if (Option.isNone(json)) return Either.left("answers no JSON to read the release from")
  let found: Option.Option<unknown> = json
  for (const key of probe.path) found = Option.flatMap(found, (value) => own(value, key))
  return found.pipe(
    Option.filter((value) => typeof value === "string" || typeof value === "number"),
    Option.map(String),
    Either.fromOption(() => `answers JSON without a release at ${probe.path.join(".")}`)
  )
}

const decodeJson = Schema.decodeUnknownEither(Schema.parseJson())

/** Own properties only: `constructor` is no release. */
const own = <A>(value: A, key: string): Option.Option<A[keyof A]> =>
  typeof value === "object" && value !== null
    ? Option.fromNullable(Object.getOwnPropertyDescriptor(value, key)?.value)
    : Option.none()

/** Somebody else's text, fit for one line of a terminal. */
const printable = (text: string): string => {
  const plain = text.replace(/[^\x20-\x7e]/g, "?")
  return plain.length > 80 ? `${plain.slice(0, 80)}...` : plain
}

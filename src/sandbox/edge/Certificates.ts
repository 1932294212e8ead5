/** Who gets which certificate: a sandbox's own Let's Encrypt. */
import * as tls from "node:tls"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SandboxError } from "../SandboxError.ts"
import type { Stored } from "../Stored.ts"
import {
  day,
  expiryOf,
  issue,
  isUsable,
  type KeyAndCertificate,
  makeAuthority,
  makeDefault
} from "./Certificate.ts"

/** Issued certificates by host. */
export const IssuedCertificates = Schema.Record({
  key: Schema.String,
  value: Schema.Struct({ key: Schema.String, certificate: Schema.String })
})
export type IssuedCertificates = typeof IssuedCertificates.Type

export interface Certificates {
  readonly authorityPem: string
  readonly fallback: KeyAndCertificate
  /** The TLS context for a host: the default certificate where none can be issued. */
  readonly contextFor: (host: string) => Effect.Effect<tls.SecureContext>
}

export const authorityFile = "ca.pem"
const authorityKeyFile = "ca-key.pem"

/** The authority of `dir`, made at the first start: who trusts it once, trusts the next run too. */
const loadAuthority = Effect.fnUntraced(function* (dir: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const keyFile = path.join(dir, authorityKeyFile)
  const certificateFile = path.join(dir, authorityFile)
  const both = (yield* fs.exists(keyFile)) && (yield* fs.exists(certificateFile))
  if (both) {
    const stored = {
      key: yield* fs.readFileString(keyFile),
      certificate: yield* fs.readFileString(certificateFile)
    }
    if (isUsable(stored)) return stored
    return yield* new SandboxError({
      reason: "BadState",
      detail: `${certificateFile} and ${authorityKeyFile} are no pair of certificate and key; delete both to get new ones`
    })
  }
  const made = makeAuthority(yield* Clock.currentTimeMillis)
  yield* fs.writeFileString(keyFile, made.key, { mode: 0o600 })
  yield* fs.writeFileString(certificateFile, made.certificate, { mode: 0o600 })
  return made
})

/** With fewer days left a certificate is issued anew, as a renewal would. */
const renewalDays = 30

export const make = Effect.fn("Certificates.make")(function* (options: {
  readonly dir: string
  readonly issued: Stored<IssuedCertificates>
  /** Whether the authority's own look-up of the host ends at one of the servers (HTTP-01). */
  readonly isReachable: (host: string) => Effect.Effect<boolean>
}) {
  const authority = yield* loadAuthority(options.dir).pipe(
    Effect.catchTags({
      BadArgument: (cause) => new SandboxError({ reason: "Unwritable", detail: cause.message, cause }),
      SystemError: (cause) => new SandboxError({ reason: "Unwritable", detail: cause.message, cause })
    })
  )
  const fallback = makeDefault(yield* Clock.currentTimeMillis)
  const contextOf = ({ key, certificate }: KeyAndCertificate) =>
    tls.createSecureContext({ key, cert: certificate })
  const fallbackContext = contextOf(fallback)

  /** What each host's certificate was found to be: every handshake asks, and parsing it costs more than the rest of one. */
  const parsed = new Map<string, { readonly given: KeyAndCertificate; readonly expiry: number | undefined }>()
  const expiryIfUsable = (host: string, given: KeyAndCertificate): number | undefined => {
    const known = parsed.get(host)
    if (known?.given.certificate === given.certificate && known.given.key === given.key) return known.expiry
    const expiry = isUsable(given) ? expiryOf(given.certificate) : undefined
    parsed.set(host, { given, expiry })
    return expiry
  }

  const certificateFor = Effect.fnUntraced(function* (host: string) {
    const now = yield* Clock.currentTimeMillis
    const existing = (yield* options.issued.get)[host]
    const expiry = (existing && expiryIfUsable(host, existing)) ?? 0
    if (expiry > now + renewalDays * day) return existing
    if (!(yield* options.isReachable(host))) return expiry > now ? existing : undefined
    const made = issue(authority, host, now)
    return yield* options.issued.modify((issued) => [made, { ...issued, [host]: made }])
  })

  const contexts = new Map<string, { readonly certificate: string; readonly context: tls.SecureContext }>()
  const certificates: Certificates = {
    authorityPem: authority.certificate,
    fallback,
    contextFor: (host) =>
      Effect.map(certificateFor(host.toLowerCase()), (found) => {
        if (found === undefined) return fallbackContext
        const known = contexts.get(host)
        if (known?.certificate === found.certificate) return known.context
        const context = contextOf(found)
        contexts.set(host, { certificate: found.certificate, context })
        return context
      })
  }
  return certificates
})

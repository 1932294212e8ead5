/** The {@link HealthProbe} that really asks: one TLS connection, one GET, nothing kept. */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { X509Certificate } from "node:crypto"
import type { ClientRequest, IncomingMessage } from "node:http"
import { request as httpsRequest } from "node:https"
import { isIP, type LookupFunction } from "node:net"
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls"
import {
  type Certificate,
  type Credentials,
  HealthProbe,
  ProbeError,
  type ProbeRequest,
  type ProbeResponse
} from "./HealthProbe.ts"
import { endpoint, fromConnection } from "./ProbeFailure.ts"
import { type Resolver, resolveHost } from "./ResolveHost.ts"

export interface HealthProbeOptions {
  /** The port of the public entrance. */
  readonly port: number
  /** Ask these instead of the system's resolver; the hosts are addresses. */
  readonly resolvers?: ReadonlyArray<Resolver>
  /** PEM; trusted alone, in place of Node's own roots: who has a CA of its own has all hosts behind it. */
  readonly ca?: string
  /** Why an address is not to be asked, whatever name led to it; `undefined`: nothing against it. */
  readonly refuse?: (address: string) => string | undefined
}

const maxBody = 64 * 1024
const day = 24 * 60 * 60 * 1000

/** Fails only for options that cannot work: a CA that is no certificate. */
export const layer = (options: HealthProbeOptions): Layer.Layer<HealthProbe, ProbeError> =>
  Layer.effect(
    HealthProbe,
    Effect.gen(function* () {
      const secureContext = options.ca === undefined ? undefined : yield* trusting(options.ca)
      return HealthProbe.of({
        port: options.port,
        get: Effect.fn("HealthProbe.get")(function* (request) {
          const started = yield* Clock.currentTimeMillis
          const exchange = Effect.gen(function* () {
            const addresses =
              request.address === undefined
                ? yield* resolveHost(request.host, options.resolvers ?? [])
                : Arr.of(request.address)
            for (const address of addresses) {
              const why = options.refuse?.(address)
              if (why !== undefined) {
                const detail = `${address} is not asked: it is ${why}`
                return yield* new ProbeError({ reason: "Unreachable", detail })
              }
            }
            return yield* send({ request, addresses, port: options.port, secureContext })
          })
          const answer = yield* Effect.timeoutFail(exchange, {
            duration: request.timeout,
            onTimeout: () =>
              new ProbeError({
                reason: "Timeout",
                detail: `no complete answer ${request.address === undefined ? "" : `from ${endpoint(request.address, options.port)} `}within ${Duration.format(request.timeout)}`
              })
          })
          const now = yield* Clock.currentTimeMillis
          const { certificate, ...rest } = answer
          const daysLeft = Math.floor((certificate.notAfter - now) / day)
          return {
            ...rest,
            certificate: { ...certificate, daysLeft },
            millis: now - started
          } satisfies ProbeResponse
        })
      })
    })
  )

/** Node ignores what it cannot read in `ca`, so every block is read here first. */
const trusting = (pem: string): Effect.Effect<SecureContext, ProbeError> =>
  Effect.try({
    try: () => {
      const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
      if (blocks.length === 0) throw new Error("no PEM certificate")
      const certificates = blocks.map((block) => new X509Certificate(block).toString())
      return createSecureContext({ ca: certificates })
    },
    catch: () => new ProbeError({ reason: "Tls", detail: "the CA is not a PEM certificate" })
  })

interface Sending {
  readonly request: ProbeRequest
  readonly addresses: Arr.NonEmptyReadonlyArray<string>
  readonly port: number
  readonly secureContext: SecureContext | undefined
}

interface Answer extends Omit<ProbeResponse, "certificate" | "millis"> {
  readonly certificate: Omit<Certificate, "daysLeft">
}

const send = (sending: Sending): Effect.Effect<Answer, ProbeError> =>
  Effect.async<Answer, ProbeError>((resume) => {
    const { addresses, port, request, secureContext } = sending
    const where = endpoint(addresses.length === 1 ? addresses[0] : request.host, port)
    let outgoing: ClientRequest | undefined
    const finish = (result: Effect.Effect<Answer, ProbeError>) => {
      resume(result)
      outgoing?.destroy()
    }
    try {
      outgoing = httpsRequest({
        agent: false,
        host: addresses.length === 1 ? addresses[0] : request.host,
        port,
        lookup: answerLookup(addresses),
        // Empty: no SNI, which knows no addresses.
        servername: isIP(request.host) === 0 ? request.host : "",
        path: request.path,
        headers: {
          host: port === 443 ? request.host : `${request.host}:${port}`,
          "user-agent": "fabrik",
          accept: "*/*",
          connection: "close"
        },
        // An untrusted chain is to be reported, not to end the connection. Said here, the environment has no say.
        rejectUnauthorized: false,
        ...(secureContext === undefined ? {} : { secureContext })
      })
    } catch {
      // Node refuses characters that would split the request; it never got as far as a connection.
      finish(
        Effect.fail(new ProbeError({ reason: "Broken", detail: "the host or the path cannot be requested" }))
      )
      return
    }
    const sent = outgoing
    let withheld = false
    sent.on("error", (cause) => finish(Effect.fail(fromConnection(cause, where))))
    sent.on("response", (incoming) => receive(incoming, { host: request.host, where, withheld }, finish))
    const { credentials } = request
    if (credentials === undefined) sent.end()
    else {
      // Nothing is sent before it is known who listens.
      sent.on("socket", (socket) =>
        socket.once("secureConnect", () => {
          withheld = !(socket instanceof TLSSocket && socket.authorized)
          if (!withheld) sent.setHeader("authorization", basic(credentials))
          sent.end()
        })
      )
    }
    return Effect.sync(() => outgoing?.destroy())
  })

const basic = ({ password, username }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${Redacted.value(password)}`, "utf8").toString("base64")}`

const receive = (
  incoming: IncomingMessage,
  { host, where, withheld }: { readonly host: string; readonly where: string; readonly withheld: boolean },
  finish: (result: Effect.Effect<Answer, ProbeError>) => void
): void => {
  const certificate =
    incoming.socket instanceof TLSSocket ? readCertificate(incoming.socket, host) : undefined
  if (certificate === undefined) {
    finish(Effect.fail(new ProbeError({ reason: "Tls", detail: `${where} showed no certificate` })))
    return
  }
  const address = incoming.socket.remoteAddress ?? where
  const chunks: Array<Buffer> = []
  let size = 0
  const done = () =>
    finish(
      Effect.succeed({
        status: incoming.statusCode ?? 0,
        headers: Object.fromEntries(
          Object.entries(incoming.headersDistinct).map(([name, values]) => [name, (values ?? []).join(", ")])
        ),
        body: new TextDecoder().decode(Buffer.concat(chunks).subarray(0, maxBody)),
        certificate,
        address,
        ...(withheld ? { withheld: true as const } : {})
      })
    )
  incoming.on("data", (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= maxBody) done()
  })
  incoming.on("end", done)
  incoming.on("error", (cause) => finish(Effect.fail(fromConnection(cause, where))))
}

const readCertificate = (socket: TLSSocket, host: string): Answer["certificate"] | undefined => {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  return {
    issuer: certificate.issuer.split("\n").join(", "),
    notAfter: Date.parse(certificate.validTo),
    problem: socket.authorized ? undefined : problemText(String(socket.authorizationError), host, certificate)
  }
}

const problemText = (code: string, host: string, certificate: X509Certificate): string => {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `the certificate expired on ${certificate.validTo}`
    case "CERT_NOT_YET_VALID":
      return `the certificate is not valid before ${certificate.validFrom}`
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return "the certificate is self-signed"
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "the certificate comes from an authority that is not trusted, or its chain is incomplete"
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate is for other names than ${host}`
    default:
      return `the certificate is not trusted (${code})`
  }
}

/** The addresses are resolved before, so that the resolver can be chosen; Node tries them side by side. */
const answerLookup =
  (addresses: Arr.NonEmptyReadonlyArray<string>): LookupFunction =>
  (_host, options, callback) => {
    const all = addresses.map((address) => ({ address, family: isIP(address) }))
    if (options.all === true) callback(null, all)
    else callback(null, addresses[0], isIP(addresses[0]))
  }

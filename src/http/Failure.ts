/** The ways an exchange over HTTP fails, whatever API it is with. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Predicate from "effect/Predicate"

/** A complete answer. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly text: string
}

export type HttpFailure =
  /** The request cannot be built from the configuration. */
  | { readonly _tag: "Unformed" }
  /** It never left. `passing`: the next try may find a connection. */
  | { readonly _tag: "Unsent"; readonly code: string; readonly detail: string; readonly passing: boolean }
  /** It may have left, and no whole answer came. */
  | { readonly _tag: "Broken"; readonly code: string; readonly detail: string }
  /** The answer came and cannot be used; `detail` goes on from "answered 200 with". */
  | { readonly _tag: "Unreadable"; readonly status: number; readonly detail: string }

/** A write that failed so may have taken effect. */
export const isOutcomeUnknown = ({ _tag }: HttpFailure): boolean => _tag === "Broken" || _tag === "Unreadable"

/** Whether a write may have taken effect although it was answered so: 4xx is a decision, 5xx is none. */
export const isUndecided = (status: number): boolean => status >= 500 || status < 200

/** The answers of a gateway (nginx, Traefik, Cloudflare) that has given up on the server behind it. */
export const isGateway = (status: number): boolean =>
  (status >= 502 && status <= 504) || (status >= 520 && status <= 524)

/**
 * The first error code on the chain of causes: Node's (`ECONNREFUSED`), OpenSSL's or undici's. A host with several
 * addresses fails with all their errors in one.
 */
const codeOf = (cause: unknown, depth = 0): { readonly code: string; readonly syscall: string } => {
  if (depth > 5 || !Predicate.isRecord(cause)) return { code: "", syscall: "" }
  const { code, syscall, errors } = cause
  if (typeof code !== "string") return codeOf(cause["cause"], depth + 1)
  // A socket's own name for what OpenSSL said.
  if (code === "EPROTO" && /:wrong version number:/.test(String(cause["message"]))) {
    return { code: "ERR_SSL_WRONG_VERSION_NUMBER", syscall: "" }
  }
  return Array.isArray(errors) && errors.length > 0
    ? { code, syscall: codeOf(errors[0], depth + 1).syscall }
    : { code, syscall: typeof syscall === "string" ? syscall : "" }
}

/** Codes that can only come before a request has been sent. */
const beforeSending = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT"
])
const tls = /^(ERR_SSL|ERR_TLS|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH)/

/** What answers in the clear where TLS was begun. */
const notTls = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/

const tlsText = (code: string): string => {
  if (notTls.test(code)) {
    return "what answers at that port speaks no TLS: the URL says https, and that may be an http port"
  }
  return /SELF_SIGNED|UNABLE_TO_/.test(code)
    ? `TLS failed (${code}): nobody here vouches for the certificate; for a CA of your own set NODE_EXTRA_CA_CERTS to its file`
    : `TLS failed (${code}): is the certificate valid for this name?`
}

/** The codes of a proxy's connection (HTTPS_PROXY), which the client makes itself. */
const proxyTexts: ReadonlyMap<string, string> = new Map([
  [
    "PROXY_UNREACHABLE",
    "the proxy that HTTPS_PROXY names cannot be reached (a host in NO_PROXY is asked without it)"
  ],
  [
    "PROXY_AUTHENTICATION",
    "the proxy that HTTPS_PROXY names wants a user and a password, or does not take these"
  ],
  ["PROXY_REFUSED", "the proxy that HTTPS_PROXY names does not connect to that host"]
])

export const broken = (detail: string, code = ""): HttpFailure => ({ _tag: "Broken", code, detail })

export const unreadable = (status: number, detail: string): HttpFailure => ({
  _tag: "Unreadable",
  status,
  detail
})

/** What a request that failed before its answer came to. */
export const fromRequestError = (failure: HttpClientError.RequestError): HttpFailure => {
  if (failure.reason !== "Transport") return { _tag: "Unformed" }
  const { code, syscall } = codeOf(failure.cause)
  const unsent = (detail: string, passing = false): HttpFailure => ({
    _tag: "Unsent",
    code,
    detail,
    passing
  })
  if (tls.test(code)) return unsent(tlsText(code))
  const byProxy = proxyTexts.get(code)
  if (byProxy !== undefined) return unsent(byProxy)
  if (code === "ENOTFOUND") return unsent("the host name of the URL does not exist")
  if (beforeSending.has(code) || syscall === "connect") return unsent(`no connection (${code})`, true)
  return broken(`the connection broke before an answer came${code === "" ? "" : ` (${code})`}`, code)
}

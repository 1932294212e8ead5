import { isIPv6 } from "node:net"
import { ProbeError } from "./HealthProbe.ts"

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export const endpoint = (host: string, port: number): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`

/** A ProbeError in plain words for what Node's sockets, TLS and HTTP parser fail with. */
export const fromConnection = (cause: unknown, where: string): ProbeError => {
  const code = textOf(cause, "code")
  switch (code) {
    case "ECONNREFUSED":
      return new ProbeError({ reason: "ConnectionRefused", detail: `connection refused by ${where}` })
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
    case "ENETDOWN":
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "EACCES":
    case "EPERM":
      return new ProbeError({ reason: "Unreachable", detail: `no way to ${where} (${code})` })
    case "ETIMEDOUT":
    case "ERR_SOCKET_CONNECTION_TIMEOUT":
      return new ProbeError({ reason: "Timeout", detail: `no connection to ${where} (${code})` })
    case "ENOTFOUND":
      return new ProbeError({ reason: "NameNotFound", detail: `${where} has no address` })
    case "ECONNRESET":
    case "ECONNABORTED":
    case "EPIPE":
      return new ProbeError({
        reason: "Broken",
        detail: `${where} closed the connection before the answer was complete`
      })
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) {
    const reason = textOf(cause, "reason") || code
    const inTheClear = /wrong version number/.test(`${reason} ${textOf(cause, "message")}`)
    const said = inTheClear ? "what answers there speaks no TLS" : reason
    return new ProbeError({ reason: "Tls", detail: `no TLS session with ${where}: ${said}` })
  }
  if (code.startsWith("HPE_")) {
    return new ProbeError({
      reason: "Broken",
      detail: `${where} answered something that is not HTTP (${code})`
    })
  }
  return new ProbeError({
    reason: "Broken",
    detail: `the connection to ${where} failed (${code || "no reason given"})`
  })
}

/** For what `node:dns` fails with. */
export const fromResolver = (cause: unknown, host: string): ProbeError => {
  const code = textOf(cause, "code")
  if (code === "ETIMEOUT" || code === "ECANCELLED") {
    return new ProbeError({ reason: "Timeout", detail: `no answer about the addresses of ${host}` })
  }
  const because = code === "ENOTFOUND" || code === "ENODATA" || code === "" ? "" : ` (${code})`
  return new ProbeError({ reason: "NameNotFound", detail: `${host} has no address${because}` })
}

const textOf = (cause: unknown, key: "code" | "reason" | "message"): string => {
  const value: unknown = typeof cause === "object" && cause !== null ? Reflect.get(cause, key) : undefined
  return typeof value === "string" ? value : ""
}

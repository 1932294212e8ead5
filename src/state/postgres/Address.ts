/** What `FABRIK_STATE_URL` says. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { StateError } from "../StateError.ts"

export interface Address {
  /** For messages: without user and password. */
  readonly place: string
  /** A name, an address, or the folder of a socket. */
  readonly host: string
  readonly port: number
  readonly database: string | undefined
  readonly username: string | undefined
  readonly password: Redacted.Redacted<string> | undefined
  readonly tls: boolean
}

const form = "postgres://USER:PASSWORD@HOST/DATABASE"

const bad = (detail: string, next = `Set FABRIK_STATE_URL to ${form}.`) =>
  Either.left(new StateError({ reason: "BadAddress", place: "", detail, next }))

const isHere = (host: string): boolean =>
  host.startsWith("/") || host === "localhost" || host === "::1" || host.startsWith("127.")

const modes: ReadonlyMap<string, boolean> = new Map([
  ["disable", false],
  ["require", true],
  ["verify-ca", true],
  ["verify-full", true]
])

/**
 * Reads the address. Without `sslmode` only a server on this machine is spoken to in clear; whatever else uses TLS checks
 * the certificate and its name, as `verify-full` does.
 */
export const parseAddress = (url: Redacted.Redacted<string>): Either.Either<Address, StateError> => {
  const text = Redacted.value(url).trim()
  if (!URL.canParse(text)) return bad("has an address that is no URL: FABRIK_STATE_URL")
  const parsed = new URL(text)
  if (parsed.protocol !== "postgres:" && parsed.protocol !== "postgresql:") {
    return bad("is to be in PostgreSQL, but FABRIK_STATE_URL does not begin with postgres://")
  }
  const unknown = [...parsed.searchParams.keys()].find((name) => name !== "sslmode" && name !== "host")
  if (unknown !== undefined) {
    return bad(
      "has an address with a parameter that fabrik does not know: FABRIK_STATE_URL",
      "Only sslmode=disable, require or verify-full and host=FOLDER (of a socket) may follow the `?`."
    )
  }
  const mode = parsed.searchParams.get("sslmode")
  if (mode !== null && !modes.has(mode)) {
    return bad(
      "has an address with an sslmode that fabrik does not take: FABRIK_STATE_URL",
      "Say sslmode=require (which checks the certificate), or sslmode=disable where the network is yours. For a CA of your own, set NODE_EXTRA_CA_CERTS to its file."
    )
  }
  const decoded = Either.try(() => ({
    host: parsed.searchParams.get("host") ?? decodeURIComponent(parsed.hostname.replace(/^\[|\]$/g, "")),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    username: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password)
  }))
  if (Either.isLeft(decoded)) {
    return bad(
      "has an address with a % that begins no escape: FABRIK_STATE_URL",
      "Write % in a password as %25."
    )
  }
  const { database, password, username } = decoded.right
  const host = decoded.right.host === "" ? "localhost" : decoded.right.host
  const port = parsed.port === "" ? 5432 : Number(parsed.port)
  return Either.right({
    place: `${host}:${port}${database === "" ? "" : `/${database}`}`,
    host,
    port,
    database: database === "" ? undefined : database,
    username: username === "" ? undefined : username,
    password: password === "" ? undefined : Redacted.make(password),
    tls: mode === null ? !isHere(host) : modes.get(mode) === true
  })
}

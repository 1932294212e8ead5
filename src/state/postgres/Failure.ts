/** What PostgreSQL and the way to it answer, in fabrik's words. */
import * as Predicate from "effect/Predicate"
import { StateError } from "../StateError.ts"

const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? cause.code : ""

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : "")

/** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const isSqlState = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)

/** Whether the connection is gone, and not only the statement refused: 57P01 to 57P05 end a session. */
export const endsConnection = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return !isSqlState(code) || code.startsWith("08") || code.startsWith("57P")
}

const tlsCode =
  /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|EPROTO|HOSTNAME_MISMATCH)/

export const failureOf = (place: string, cause: unknown): StateError => {
  const code = codeOf(cause)
  const message = messageOf(cause)
  const told = (reason: StateError["reason"], detail: string, next: string) =>
    new StateError({ reason, place, detail, next })
  if (tlsCode.test(code) || /does not support SSL/.test(message)) {
    return told(
      "Tls",
      /does not support SSL/.test(message)
        ? "does not speak TLS"
        : `has a certificate that cannot be trusted (${code})`,
      "For a CA of your own set NODE_EXTRA_CA_CERTS to its file; where the network is yours, end FABRIK_STATE_URL in ?sslmode=disable."
    )
  }
  if (code === "28P01" || code === "28000" || message.startsWith("SASL")) {
    return told(
      "Unauthenticated",
      code === "28000"
        ? "does not let this user in: it knows no such user, or lets none in from here (pg_hba.conf)"
        : message.startsWith("SASL")
          ? "asks for a password, and FABRIK_STATE_URL has none"
          : "does not take this user and password",
      "Check the user and the password in FABRIK_STATE_URL."
    )
  }
  if (code === "3D000") {
    return told("Forbidden", "is not there: the server has no such database", "Create it with `createdb`.")
  }
  if (code === "42501") {
    return told(
      "Forbidden",
      "may not be used: this user has not the right to create the schema `fabrik`, or to use what is in it",
      "Grant it: GRANT CREATE ON DATABASE ... TO ...; or create the schema yourself: CREATE SCHEMA fabrik AUTHORIZATION ..."
    )
  }
  if (!isSqlState(code) || code.startsWith("08") || code.startsWith("57P") || code === "53300") {
    const why =
      code !== "" ? code : /timed? ?out/i.test(message) ? "it took too long" : "the connection ended"
    return told(
      "Unreachable",
      `cannot be reached (${code === "53300" ? "it has too many connections" : why})`,
      "Check that the server runs, and its address in FABRIK_STATE_URL."
    )
  }
  return told("Failed", `answers with the error ${code}`, "See the log of the PostgreSQL server.")
}

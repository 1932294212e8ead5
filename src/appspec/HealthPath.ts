import * as Either from "effect/Either"
import { type Complaint, quote } from "./Report.ts"

/** The characters that Coolify stores (app/Livewire/Project/Shared/HealthChecks.php, 4.3): no query, no shell. */
const allowed = /[^A-Za-z0-9/._~%,;-]/

/** What {@link healthPath} takes, as far as a pattern can say it. */
export const healthPathPattern = /^\/(?!\/)[A-Za-z0-9/._~%,;-]{0,254}$/

const plainPath = "write the path as the application knows it, e.g. /health"

const complaintAbout = (path: string): Complaint | undefined => {
  if (!path.startsWith("/")) {
    const slash = "start it with `/`: the host is always the spec's own domain"
    return { message: "a health path is a path, not an address", hint: slash }
  }
  if (path.length > 255) return { message: "a health path has at most 255 characters" }
  if (path.includes("//")) return { message: "a health path cannot contain `//`", hint: "write one `/`" }
  if (path.includes("?"))
    return { message: "a health path has no query", hint: "Coolify does not accept one" }
  const odd = allowed.exec(path)
  if (odd !== null) {
    return {
      message: `a health path cannot contain ${quote(odd[0])}`,
      hint: "letters, digits and / - _ . ~ % , ; are accepted; write the rest as %XX"
    }
  }
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return { message: "`%` must be followed by two hexadecimal digits" }
  if (/%([01][0-9A-F]|7F|2F|5C)/i.test(path)) {
    return {
      message: "a health path cannot contain an encoded slash, backslash or control character",
      hint: plainPath
    }
  }
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(path))
    return { message: "a health path cannot contain `.` or `..` steps", hint: plainPath }
  return undefined
}

/** A path that, joined to any origin, stays on that origin and means itself: no `//`, no dot steps, nothing to encode. */
export const healthPath = (input: string): Either.Either<string, Complaint> => {
  const complaint = complaintAbout(input)
  return complaint === undefined ? Either.right(input) : Either.left(complaint)
}

import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { DnsErrorReason } from "../DnsError.ts"
import type { Answer } from "../../http/Failure.ts"
import type { Explanation } from "../ProviderHttp.ts"
import { Failure } from "./Wire.ts"

/** Cloudflare's own error codes, where they say more than the HTTP status. */
const meaning = new Map<number, DnsErrorReason>([
  // The token: malformed, unknown, expired.
  [1000, "Unauthorized"],
  [6003, "Unauthorized"],
  [10001, "Unauthorized"],
  // No such zone id.
  [7003, "ZoneNotFound"],
  // The record that a change names is gone.
  [81044, "Conflict"],
  // A, AAAA or CNAME clash at the host; the record exists; an identical record exists.
  [81053, "Conflict"],
  [81054, "Conflict"],
  [81057, "Conflict"],
  [81058, "Conflict"]
])

/** Said of a token that is unknown, and of one that is good but not for this resource, or not from this address. */
const notForYou = 9109

const byStatus = (status: number): DnsErrorReason | undefined => {
  if (status === 401) return "Unauthorized"
  if (status === 403) return "Forbidden"
  if (status === 404) return "ZoneNotFound"
  return status < 500 && status !== 429 ? "Invalid" : undefined
}

/** What an answer of Cloudflare's means. A 200 may carry `success: false`. */
export const explain = (answer: Answer): Explanation | undefined => {
  const failure = Option.getOrUndefined(Schema.decodeOption(Failure)(answer.text))
  if (failure === undefined || failure.success) return undefined
  const [known] = failure.errors.flatMap(({ code, message }) => {
    if (code !== notForYou) return meaning.get(code) ?? []
    return /invalid (access )?token/i.test(message) ? ("Unauthorized" as const) : ("Forbidden" as const)
  })
  const reason = known ?? byStatus(answer.status)
  if (reason === undefined) return undefined
  const said = failure.errors.map(({ code, message }) => `${message} (${code})`).join("; ")
  return { reason, detail: said || `HTTP ${answer.status}` }
}

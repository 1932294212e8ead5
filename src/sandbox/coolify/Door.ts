/**
 * What stands before every route: token, throttle, the API switch, addresses, abilities. From Http/Kernel.php and
 * Http/Middleware at 4.3.11.
 */
import { BlockList, isIP } from "node:net"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import type { CoolifyState, Token } from "./CoolifyState.ts"
import { refusal, refuse, type Refusal } from "./Reply.ts"
import type { Route } from "./Route.ts"

const unauthenticated = refuse(401, "Unauthenticated.")

/** `Authorization: Bearer <id>|<secret>`. */
export const tokenOf = (
  state: CoolifyState,
  authorization: string | undefined,
  now: number
): Either.Either<Token, Refusal> => {
  const [, id, secret] = /^Bearer\s+(\d+)\|(\S+)$/i.exec(authorization ?? "") ?? []
  const token = state.tokens.find((row) => String(row.id) === id && row.secret === secret)
  if (token === undefined) return Either.left(unauthenticated)
  return token.expires_at !== null && token.expires_at <= now
    ? Either.left(unauthenticated)
    : Either.right(token)
}

const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4")

const isAllowed = (allowed: string, address: string): boolean => {
  const entries = allowed
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")
  if (entries.length === 0 || entries.includes("0.0.0.0")) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "")
  if (isIP(plain) === 0) return false
  const list = new BlockList()
  for (const entry of entries) {
    const [net = "", bits] = entry.split("/")
    const most = isIP(net) === 6 ? 128 : 32
    if (isIP(net) === 0 || Number(bits ?? 0) > most) continue
    if (bits === undefined) list.addAddress(net, family(net))
    else list.addSubnet(net, Number(bits), family(net))
  }
  return list.check(plain, family(plain))
}

/** The API switch, then the address, then the ability; `success: true` is Coolify's own. */
export const admit = (
  state: CoolifyState,
  route: Route,
  token: Token,
  address: string
): Either.Either<void, Refusal> => {
  if (route.always !== true && !state.settings.api_enabled) {
    return Either.left(refusal(403, { success: true, message: "API is disabled." }))
  }
  if (route.always !== true && !isAllowed(state.settings.allowed_ips, address)) {
    return Either.left(refusal(403, { success: true, message: "You are not allowed to access the API." }))
  }
  const ability = route.ability
  return ability === undefined || token.abilities.includes("root") || token.abilities.includes(ability)
    ? Either.void
    : Either.left(refuse(403, `Missing required permissions: ${ability}`))
}

export type Throttle = (
  key: string,
  limit: number
) => Effect.Effect<Readonly<Record<string, string>>, Refusal>

/** So many requests in the window that begins with the first; answers the headers to send along. */
export const makeThrottle = Effect.fnUntraced(function* (windowMillis: number) {
  const windows = yield* Ref.make<ReadonlyMap<string, { readonly ends: number; readonly count: number }>>(
    new Map()
  )
  const throttle: Throttle = (key, limit) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const { ends, count } = yield* Ref.modify(windows, (all) => {
        const old = all.get(key)
        const current = old === undefined || old.ends <= now ? { ends: now + windowMillis, count: 0 } : old
        const next = { ...current, count: current.count + 1 }
        return [next, new Map(all).set(key, next)]
      })
      const headers = {
        "X-RateLimit-Limit": String(limit),
        "X-RateLimit-Remaining": String(Math.max(0, limit - count))
      }
      if (count <= limit) return headers
      return yield* refusal(
        429,
        { message: "Too Many Attempts." },
        {
          ...headers,
          "Retry-After": String(Math.ceil((ends - now) / 1000)),
          "X-RateLimit-Reset": String(Math.ceil(ends / 1000))
        }
      )
    })
  return throttle
})

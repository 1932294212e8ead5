/**
 * Where the Coolify API is and what opens it, from the variables that Coolify's other tools read.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { BlockList, isIP } from "node:net"
import { CoolifyError } from "./CoolifyError.ts"

export interface CoolifyConfig {
  /** Ends in `/api/v1`, without a slash behind it. */
  readonly baseUrl: string
  readonly token: Redacted.Redacted<string>
}

/** Variables that may hold the address of Coolify. */
export const urlNames = ["COOLIFY_ENDPOINT", "COOLIFY_BASE_URL", "COOLIFY_API_URL"]
// Coolify sets these two in every container it runs, to the address of that application, not of Coolify.
const injectedUrlNames = ["COOLIFY_URL", "COOLIFY_FQDN"]
/** Variables that may hold the token. */
export const tokenNames = ["COOLIFY_TOKEN", "COOLIFY_API_TOKEN", "COOLIFY_ACCESS_TOKEN"]

const badConfig = (detail: string) => new CoolifyError({ method: "config", reason: "BadConfig", detail })

const isLoopback = (host: string) =>
  host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host)

const lists = () => {
  const list = new BlockList()
  for (const [network, bits] of [
    ["10.0.0.0", 8],
    ["172.16.0.0", 12],
    ["192.168.0.0", 16],
    ["100.64.0.0", 10]
  ] as const) {
    list.addSubnet(network, bits, "ipv4")
  }
  list.addSubnet("fd00::", 8, "ipv6")
  return list
}

/** Addresses of private networks (RFC 1918, 4193) and tailnets (RFC 6598), and names that no public DNS has. */
const isPrivate = (host: string): boolean => {
  const address = host.replace(/^\[|\]$/g, "")
  const family = isIP(address)
  if (family !== 0) return lists().check(address, family === 4 ? "ipv4" : "ipv6")
  return /^[a-z0-9_-]+$/i.test(host) || /\.(ts\.net|internal|local|lan|home\.arpa)$/i.test(host)
}

/** Set to `1`, it lets the token go over a private network in the clear. */
const allowHttp = "FABRIK_ALLOW_HTTP"

/** `name` is the variable that the URL came from; the URL itself may hold a password and is never shown. */
const parseBaseUrl = (
  name: string,
  text: string,
  mayBeHttp: boolean
): Effect.Effect<string, CoolifyError> => {
  if (!URL.canParse(text)) {
    return Effect.fail(badConfig(`${name} is not a URL; write it as https://coolify.example.com`))
  }
  const url = new URL(text)
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return Effect.fail(badConfig(`${name} is not an https URL; write it as https://coolify.example.com`))
  }
  if (url.username !== "" || url.password !== "") {
    return Effect.fail(badConfig(`${name} holds a user name or password; the token goes into COOLIFY_TOKEN`))
  }
  if (text.includes("?") || text.includes("#")) {
    return Effect.fail(badConfig(`${name} has a query or fragment; give the address only`))
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname) && !(mayBeHttp && isPrivate(url.hostname))) {
    const way = isPrivate(url.hostname)
      ? `use https, or set ${allowHttp}=1 if you trust the network all the way`
      : mayBeHttp
        ? `use https (${allowHttp} is for private addresses only)`
        : "use https"
    return Effect.fail(badConfig(`${name} is plain http, which would send the token in the clear; ${way}`))
  }
  const path = url.pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "")
  return Effect.succeed(`${url.origin}${path}/api/v1`)
}

const parseToken = (name: string, token: Redacted.Redacted<string>) =>
  /^[\x21-\x7e]+$/.test(Redacted.value(token))
    ? Effect.succeed(token)
    : Effect.fail(badConfig(`${name} holds characters that no token has (a space or a line break inside?)`))

/** Settings given otherwise than by the environment. `name` says where they came from, for the error. */
export const makeCoolifyConfig = (
  url: string,
  token: Redacted.Redacted<string>,
  name = "the URL of Coolify"
): Effect.Effect<CoolifyConfig, CoolifyError> =>
  Effect.all({ baseUrl: parseBaseUrl(name, url, false), token: parseToken("the token of Coolify", token) })

/** A variable that is set and not blank. */
const read = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
  const found: Array<{ readonly name: string; readonly value: Redacted.Redacted<string> }> = []
  for (const name of names) {
    const value = yield* Config.option(Config.redacted(Config.string(name))).pipe(
      Effect.mapError(() => badConfig(`${name} cannot be read`))
    )
    const text = Option.match(value, { onNone: () => "", onSome: (set) => Redacted.value(set).trim() })
    if (text !== "") found.push({ name, value: Redacted.make(text) })
  }
  return found
})

/**
 * The first variable that is set wins; where another one says otherwise, a warning names both. The URL is taken with
 * or without `/api/v1`. `config` is `undefined` when neither URL nor token is set. Names: the Terraform providers
 * (`COOLIFY_ENDPOINT`, `COOLIFY_TOKEN`), Pulumi and the MCP servers (`COOLIFY_BASE_URL`, `COOLIFY_ACCESS_TOKEN`),
 * the Python fabrik (`COOLIFY_API_URL`, `COOLIFY_API_TOKEN`).
 */
export const coolifyConfig: Effect.Effect<
  { readonly config: CoolifyConfig | undefined; readonly warnings: ReadonlyArray<string> },
  CoolifyError
> = Effect.gen(function* () {
  const inside = yield* read(["COOLIFY_RESOURCE_UUID"])
  const urls = yield* read(inside.length === 0 ? [...urlNames, ...injectedUrlNames] : urlNames)
  const tokens = yield* read(tokenNames)
  const [url] = urls
  const [token] = tokens
  if (url === undefined && token === undefined) return { config: undefined, warnings: [] }
  if (url === undefined) {
    return yield* badConfig("a token is set but no address: set COOLIFY_ENDPOINT to the URL of your Coolify")
  }
  if (token === undefined) {
    return yield* badConfig(
      `${url.name} is set but no token: set COOLIFY_TOKEN to an API token of your Coolify`
    )
  }
  const [allowed] = yield* read([allowHttp])
  const mayBeHttp = allowed !== undefined && /^(1|true|yes)$/i.test(Redacted.value(allowed.value))
  const baseUrl = yield* parseBaseUrl(url.name, Redacted.value(url.value), mayBeHttp)
  const config = { baseUrl, token: yield* parseToken(token.name, token.value) }
  const warnings: Array<string> = []
  if (baseUrl.startsWith("http:") && !isLoopback(new URL(baseUrl).hostname)) {
    warnings.push(`${url.name} is plain http: the token goes over the network in the clear (${allowHttp})`)
  }
  for (const other of urls.slice(1)) {
    const same = yield* parseBaseUrl(other.name, Redacted.value(other.value), mayBeHttp).pipe(
      Effect.map((parsed) => parsed === baseUrl),
      Effect.orElseSucceed(() => false)
    )
    if (!same) warnings.push(`${url.name} is used; ${other.name} says otherwise and is ignored`)
  }
  for (const other of tokens.slice(1)) {
    if (Redacted.value(other.value) !== Redacted.value(token.value)) {
      warnings.push(`${token.name} is used; ${other.name} says otherwise and is ignored`)
    }
  }
  return { config, warnings }
})

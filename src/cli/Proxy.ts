/** Which proxy a request goes through, by the variables that curl, Go and most tools read. Pure but for the reading. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { BlockList, isIP } from "node:net"
import { CredentialsError } from "./CliError.ts"

export interface ProxySettings {
  readonly https: URL | undefined
  readonly http: URL | undefined
  /** The entries of NO_PROXY. */
  readonly direct: ReadonlyArray<string>
}

/** Lower case counts first, as everywhere. */
const variable = (name: string) =>
  Config.string(name.toLowerCase()).pipe(
    Config.orElse(() => Config.string(name)),
    Config.option,
    Config.map((value) => ({ name, text: Option.getOrElse(value, () => "").trim() }))
  )

const variables = Config.all({
  https: variable("HTTPS_PROXY"),
  http: variable("HTTP_PROXY"),
  all: variable("ALL_PROXY"),
  direct: variable("NO_PROXY")
})

type Named = { readonly name: string; readonly text: string }

/** The address is never shown: it may hold a password. */
const parse = ({ name, text }: Named): Effect.Effect<URL | undefined, CredentialsError> => {
  if (text === "") return Effect.succeed(undefined)
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(written) ? new URL(written) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== ""
    ? Effect.succeed(url)
    : new CredentialsError({
        detail: `${name} is not the address of an http proxy`,
        next: "Write it as http://proxy.example.com:3128 (SOCKS is not supported), or unset it; hosts in NO_PROXY are asked without it."
      })
}

/** `undefined`: no proxy is named. */
export const proxySettings: Effect.Effect<ProxySettings | undefined, CredentialsError> = Effect.gen(
  function* () {
    const set = yield* Effect.orDie(variables)
    const https = yield* parse(set.https.text === "" ? set.all : set.https)
    const http = yield* parse(set.http.text === "" ? set.all : set.http)
    if (https === undefined && http === undefined) return undefined
    return { https, http, direct: set.direct.text.split(/[\s,]+/).filter((entry) => entry !== "") }
  }
)

const isLoopback = (host: string): boolean =>
  host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host)

const isInNetwork = (host: string, entry: string): boolean => {
  const [network = "", bits = ""] = entry.split("/")
  const family = isIP(network)
  const length = /^\d{1,3}$/.test(bits) ? Number(bits) : -1
  if (family === 0 || isIP(host) !== family || length < 0 || length > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(network, length, family === 4 ? "ipv4" : "ipv6")
  return list.check(host, family === 4 ? "ipv4" : "ipv6")
}

/** `example.com` and `.example.com` mean the host and all below it; a port, an address, a network and `*` as in Go. */
const isDirect = (host: string, port: string, entry: string): boolean => {
  if (entry === "*") return true
  if (entry.includes("/")) return isInNetwork(host, entry)
  const [, bracketed, plain, wantedPort] =
    /^(?:\[([^\]]*)\]|(.*?))(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? []
  const name = (bracketed ?? plain ?? "").toLowerCase().replace(/^\*?\./, "")
  return (
    name !== "" &&
    (wantedPort === undefined || wantedPort === port) &&
    (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)))
  )
}

/** The proxy for a request to `url`; `undefined`: none. This machine itself is never asked through one. */
export const proxyFor = ({ direct, http, https }: ProxySettings, url: URL): URL | undefined => {
  const proxy = url.protocol === "https:" ? https : http
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase()
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port
  return proxy === undefined || isLoopback(host) || direct.some((entry) => isDirect(host, port, entry))
    ? undefined
    : proxy
}

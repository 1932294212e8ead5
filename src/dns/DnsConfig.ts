import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { DnsProvider } from "../appspec/sections/Dns.ts"
import type { DnsClient } from "./DnsClient.ts"
import { DnsError } from "./DnsError.ts"

/** The provider to use, ready to be built. */
interface SelectedDns {
  readonly provider: DnsProvider
  readonly layer: Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient>
}

/** Variables that hold a key or token of a provider. */
export const secretNames = ["CLOUDFLARE_API_TOKEN", "CF_DNS_API_TOKEN", "PDNS_API_KEY"] as const

/** An empty variable is an unset one. */
const text = (name: string) =>
  Config.option(Config.string(name)).pipe(
    Config.map((value) => Option.getOrElse(value, () => "").trim()),
    Config.map((value) => (value === "" ? undefined : value))
  )

const secret = (name: (typeof secretNames)[number]) =>
  Config.option(Config.redacted(name)).pipe(
    Config.map((value) =>
      Redacted.make(Redacted.value(Option.getOrElse(value, () => Redacted.make(""))).trim())
    ),
    Config.map((value) => (Redacted.value(value) === "" ? undefined : value))
  )

const variables = Config.all({
  apiToken: secret("CLOUDFLARE_API_TOKEN"),
  dnsApiToken: secret("CF_DNS_API_TOKEN"),
  zoneId: text("CLOUDFLARE_ZONE_ID"),
  cloudflareUrl: text("CLOUDFLARE_BASE_URL"),
  apiUrl: text("PDNS_API_URL"),
  apiKey: secret("PDNS_API_KEY"),
  serverName: text("PDNS_SERVER_NAME")
})

const unusable = (provider: string, detail: string) =>
  new DnsError({ provider, method: "connect", reason: "BadConfig", detail })

/**
 * Chooses the provider: the one the spec names, or the one whose credentials are set (`CLOUDFLARE_API_TOKEN` or
 * `CF_DNS_API_TOKEN`; `PDNS_API_URL` with `PDNS_API_KEY`). `undefined`: no credentials at all and none named.
 * `BadConfig`: both are set and none is named, or what is set or named lacks a variable.
 */
export const selectDns = Effect.fn("selectDns")(function* (named: DnsProvider | undefined) {
  const found = yield* Effect.mapError(variables, () =>
    unusable("dns", "the environment of the DNS provider cannot be read")
  )
  const { apiUrl, apiKey, zoneId } = found
  const apiToken = found.apiToken ?? found.dnsApiToken
  const hasPowerDns = apiUrl !== undefined || apiKey !== undefined
  if (named === undefined && apiToken !== undefined && hasPowerDns) {
    const detail = "CLOUDFLARE_API_TOKEN and PDNS_API_URL are both set: name one as dns.provider in the spec"
    return yield* unusable("dns", detail)
  }
  const provider = named ?? (apiToken !== undefined ? "cloudflare" : hasPowerDns ? "powerdns" : undefined)

  switch (provider) {
    case undefined:
      return undefined
    case "cloudflare": {
      if (apiToken === undefined) return yield* unusable(provider, "CLOUDFLARE_API_TOKEN is not set")
      const Cloudflare = yield* Effect.promise(() => import("./cloudflare/Cloudflare.ts"))
      const layer = Cloudflare.layer({ apiToken, zoneId, baseUrl: found.cloudflareUrl })
      return { provider, layer } satisfies SelectedDns
    }
    case "powerdns": {
      if (apiUrl === undefined) return yield* unusable(provider, "PDNS_API_URL is not set")
      if (apiKey === undefined) return yield* unusable(provider, "PDNS_API_KEY is not set")
      const PowerDns = yield* Effect.promise(() => import("./powerdns/PowerDns.ts"))
      const layer = PowerDns.layer({ apiUrl, apiKey, serverName: found.serverName ?? "localhost" })
      return { provider, layer } satisfies SelectedDns
    }
  }
})

/** The layers that reach the outside. Layers.ts loads them when one is wanted: a dry run without credentials wants none. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyConfig } from "../coolify/CoolifyConfig.ts"
import * as CoolifyHttp from "../coolify/CoolifyHttp.ts"
import * as AuthoritativeDnsLive from "../dns/AuthoritativeDnsLive.ts"
import type { DnsClient } from "../dns/DnsClient.ts"
import type { DnsError } from "../dns/DnsError.ts"
import * as PowerDns from "../dns/powerdns/PowerDns.ts"
import * as HttpsHealthProbe from "../health/HttpsHealthProbe.ts"

export const http = FetchHttpClient.layer
export const authoritative = AuthoritativeDnsLive.layer
export const health = HttpsHealthProbe.layer

export const coolify = (config: CoolifyConfig): Layer.Layer<CoolifyClient> =>
  Layer.provide(CoolifyHttp.layer(config), http)

export const powerDns = (
  apiUrl: string,
  apiKey: Redacted.Redacted<string>
): Layer.Layer<DnsClient, DnsError> =>
  Layer.provide(PowerDns.layer({ apiUrl, apiKey, serverName: "localhost" }), http)

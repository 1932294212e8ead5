/** The layers that reach the outside. Layers.ts loads them when one is wanted: a dry run without credentials wants none. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyConfig } from "../coolify/CoolifyConfig.ts"
import * as ComposeApplications from "../coolify/ComposeApplications.ts"
import * as CoolifyHttp from "../coolify/CoolifyHttp.ts"
import * as AuthoritativeDnsLive from "../dns/AuthoritativeDnsLive.ts"
import type { DnsClient } from "../dns/DnsClient.ts"
import type { DnsError } from "../dns/DnsError.ts"
import * as PowerDns from "../dns/powerdns/PowerDns.ts"
import * as HttpsHealthProbe from "../health/HttpsHealthProbe.ts"
import type { ProxySettings } from "./Proxy.ts"

/** @param proxy `undefined`: everything is asked directly, as the health check always is. */
export const http = (proxy: ProxySettings | undefined): Layer.Layer<HttpClient> =>
  proxy === undefined
    ? FetchHttpClient.layer
    : Layer.unwrapEffect(
        Effect.map(
          Effect.promise(() => import("./ProxiedFetch.ts")),
          ({ proxiedFetch }) =>
            Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, proxiedFetch(proxy)))
        )
      )
export const authoritative = AuthoritativeDnsLive.layer
export const health = HttpsHealthProbe.layer

export const coolify = (
  config: CoolifyConfig,
  proxy: ProxySettings | undefined
): Layer.Layer<CoolifyClient> =>
  ComposeApplications.layer.pipe(Layer.provide(CoolifyHttp.layer(config)), Layer.provide(http(proxy)))

export const powerDns = (
  apiUrl: string,
  apiKey: Redacted.Redacted<string>
): Layer.Layer<DnsClient, DnsError> =>
  Layer.provide(PowerDns.layer({ apiUrl, apiKey, serverName: "localhost" }), http(undefined))

/** What a redirect in the place of an answer says. */
import * as Schema from "effect/Schema"
import type { ProbeResponse } from "./HealthProbe.ts"

export const Redirect = Schema.Struct({
  /**
   * `loop`: it comes back to where it was; `insecure`: to plain http; `path`: elsewhere on the host; `host`: to another
   * host; `nowhere`: no address.
   */
  kind: Schema.Literal("loop", "insecure", "path", "host", "nowhere"),
  /** Without query, which may hold anything; empty for `nowhere`. */
  location: Schema.String,
  host: Schema.String,
  /** For a request: with its query. Never shown. */
  target: Schema.String,
  /** As a spec may have it; `undefined`: with a query, which is not shown. */
  path: Schema.UndefinedOr(Schema.String),
  /** Cloudflare stands before the server. */
  cloudflare: Schema.Boolean,
  /** What the address that it leads to answers in the end, where that was asked. */
  endsWith: Schema.UndefinedOr(Schema.Number)
})
export type Redirect = typeof Redirect.Type

const longest = 300

/** `undefined`: no redirect. `hide` takes secrets out of what may be shown. */
export const readRedirect = (
  asked: { readonly host: string; readonly path: string },
  { headers, status }: Pick<ProbeResponse, "headers" | "status">,
  hide: (text: string) => string
): Redirect | undefined => {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined
  const from = new URL(`https://${asked.host}${asked.path}`)
  const header = Object.hasOwn(headers, "location") ? headers["location"] : undefined
  const cloudflare = Object.hasOwn(headers, "server") && /^cloudflare$/i.test(headers["server"] ?? "")
  const to =
    header !== undefined && header !== "" && URL.canParse(header, from.href)
      ? new URL(header, from)
      : undefined
  if (to === undefined || !/^https?:$/.test(to.protocol)) {
    return {
      kind: "nowhere",
      location: "",
      host: "",
      target: "",
      path: undefined,
      cloudflare,
      endsWith: undefined
    }
  }
  const target = `${to.pathname}${to.search}`
  // The port of the probe is the sandbox's own.
  const sameHost = to.hostname === from.hostname
  const kind = !sameHost
    ? "host"
    : to.protocol === "http:"
      ? "insecure"
      : target === `${from.pathname}${from.search}`
        ? "loop"
        : "path"
  const shown = hide(`${to.protocol}//${to.host}${to.pathname}`).slice(0, longest)
  const path = hide(to.pathname)
  return {
    kind,
    location: shown,
    host: to.hostname,
    target,
    path: to.search === "" && path === to.pathname && path.length <= longest ? path : undefined,
    cloudflare,
    endsWith: undefined
  }
}

/** A clause that follows the host's name. */
export const describeRedirect = ({ kind, location }: Redirect, status: number): string => {
  if (kind === "nowhere") return `answered ${status}, a redirect that does not say where to`
  return kind === "loop"
    ? `answered ${status}, a redirect to itself (${location})`
    : `answered ${status}, a redirect to ${location}`
}

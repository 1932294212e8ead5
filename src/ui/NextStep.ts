/** Next steps that need more than the reason of an error to fit its cause. */
import type { AuthoritativeDnsError } from "../dns/AuthoritativeDns.ts"
import type { DnsErrorReason } from "../dns/DnsError.ts"

/** For a server error that comes from the proxy before Coolify. */
export const gatewayAdvice = {
  cause:
    "The proxy before Coolify answers, Coolify behind it does not: it starts, updates itself or is down.",
  next: "Wait a minute and run the command again; if it stays, look at the Coolify server (docker ps, docker logs coolify)."
}

/** The next step where the name servers of a zone could not be asked, or disagree. */
export const nameServerAdvice: { readonly [R in AuthoritativeDnsError["reason"]]: string } = {
  NoResolver: "Name a resolver in /etc/resolv.conf.",
  Unresolved:
    "Check that this machine's resolver works (dig NS of the zone), and at the registrar that the zone is delegated.",
  NotDelegated:
    "Delegate the zone at the registrar to the DNS provider's name servers, then run the command again.",
  Differ:
    "Wait until the DNS provider has brought all its name servers up to date, and compare them with those that the registrar names.",
  Unwatchable: "Set `dns.target` to an address or a host name."
}

/** The next step where the provider is known. */
export const dnsNext: Readonly<Record<string, { readonly [R in DnsErrorReason]?: string }>> = {
  cloudflare: {
    Unauthorized:
      "Make a token at Cloudflare under My Profile, API Tokens, and set CLOUDFLARE_API_TOKEN to it.",
    Forbidden:
      "Give the token Zone / Zone / Read and Zone / DNS / Edit for this zone at Cloudflare; if it is limited to addresses, add this machine's.",
    ZoneNotFound:
      "Add the zone at Cloudflare, give the token access to it, or correct `domain` in the spec (or CLOUDFLARE_ZONE_ID, where it is set)."
  },
  powerdns: {
    Unauthorized: "Set PDNS_API_KEY to the server's api-key.",
    Forbidden: "Allow this machine in the server's webserver-allow-from.",
    ZoneNotFound:
      "Create the zone on this server as its primary, or correct `domain` in the spec or PDNS_API_URL."
  }
}

/** Next steps that need more than the reason of an error to fit its cause. */
import type { AuthoritativeDnsError } from "../dns/AuthoritativeDns.ts"

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

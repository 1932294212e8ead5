import { provider } from "../Provider.ts"

export const rfc2136 = provider({
  name: "rfc2136",
  title: "a name server with dynamic updates (RFC 2136: BIND, Knot, PowerDNS)",
  variables: {
    RFC2136_NAMESERVER: { says: "the address of the primary server, with its port where that is not 53" },
    RFC2136_ZONES: { says: "its zones that fabrik may use, with commas between" },
    RFC2136_TSIG_KEY: { says: "the name of the TSIG key, which may transfer and update them" },
    RFC2136_TSIG_SECRET: { says: "its secret, in base64", secret: true },
    RFC2136_TSIG_ALGORITHM: {
      says: "hmac-sha256, hmac-sha384, hmac-sha512 or hmac-sha1 [hmac-sha256]",
      optional: true
    }
  },
  capabilities: {
    compareAndSet: true,
    atomicBatch: true,
    minTtl: 1,
    automaticTtl: 300,
    comments: false,
    proxied: false
  },
  advice: {
    Unauthorized:
      "Set RFC2136_TSIG_KEY, RFC2136_TSIG_SECRET and RFC2136_TSIG_ALGORITHM to a key that the server has, and check the clocks of both machines.",
    Forbidden:
      "Allow the key to transfer and to update the zone (BIND: allow-transfer and update-policy; PowerDNS: TSIG-ALLOW-AXFR and TSIG-ALLOW-DNSUPDATE).",
    ZoneNotFound:
      "Correct RFC2136_ZONES, or `domain` in the spec; the server must be the primary of the zone."
  },
  make: async (given) => {
    const Rfc2136 = await import("./Rfc2136.ts")
    return Rfc2136.layer({
      nameServer: given.RFC2136_NAMESERVER,
      zones: given.RFC2136_ZONES,
      keyName: given.RFC2136_TSIG_KEY,
      secret: given.RFC2136_TSIG_SECRET,
      algorithm: given.RFC2136_TSIG_ALGORITHM ?? "hmac-sha256"
    })
  }
})

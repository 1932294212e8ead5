import { provider } from "../Provider.ts"

/** The TTL of a record set that leaves it to the provider: PowerDNS has none of its own for the API. */
export const automaticTtl = 300

export const powerDns = provider({
  name: "powerdns",
  title: "PowerDNS",
  variables: {
    PDNS_API_URL: { says: "the address of the server's HTTP API, e.g. https://ns1.example.com:8081" },
    PDNS_API_KEY: { says: "the server's api-key", secret: true },
    PDNS_SERVER_NAME: { says: "the server's id in the API [localhost]", optional: true }
  },
  capabilities: {
    compareAndSet: false,
    atomicBatch: true,
    minTtl: 1,
    automaticTtl,
    comments: true,
    proxied: false
  },
  advice: {
    Unauthorized: "Set PDNS_API_KEY to the server's api-key.",
    Forbidden: "Allow this machine in the server's webserver-allow-from.",
    ZoneNotFound:
      "Create the zone on this server as its primary, or correct `domain` in the spec or PDNS_API_URL."
  },
  make: async (given) => {
    const PowerDns = await import("./PowerDns.ts")
    return PowerDns.layer({
      apiUrl: given.PDNS_API_URL,
      apiKey: given.PDNS_API_KEY,
      serverName: given.PDNS_SERVER_NAME ?? "localhost"
    })
  }
})

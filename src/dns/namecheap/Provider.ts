import { provider } from "../Provider.ts"

export const namecheap = provider({
  name: "namecheap",
  title: "Namecheap",
  variables: {
    NAMECHEAP_API_USER: { says: "the name of the account" },
    NAMECHEAP_API_KEY: { says: "its API key", secret: true },
    NAMECHEAP_CLIENT_IP: { says: "the IPv4 address of this machine, which Namecheap must have on its list" },
    NAMECHEAP_API_URL: { says: "another address of the API", optional: true }
  },
  note: "its API writes whole zones: fabrik writes back every other row as it was, and refuses zones that it could not write back (mail by Private Email or Gmail, switched-off rows, dynamic DNS). The API shows no SRV records: do not use it for a zone that has some",
  capabilities: {
    compareAndSet: false,
    atomicBatch: true,
    minTtl: 60,
    comments: false,
    proxied: false,
    lacks: ["SRV"]
  },
  advice: {
    Unauthorized:
      "Switch on API access at Namecheap under Profile, Tools, Business & Dev Tools, set NAMECHEAP_API_KEY to the key, and put NAMECHEAP_CLIENT_IP on the list of allowed addresses there.",
    ZoneNotFound:
      "Use the account that has the domain, with Namecheap's own name servers (BasicDNS), or correct `domain` in the spec."
  },
  make: async (given) => {
    const Namecheap = await import("./Namecheap.ts")
    return Namecheap.layer({
      apiUser: given.NAMECHEAP_API_USER,
      apiKey: given.NAMECHEAP_API_KEY,
      clientIp: given.NAMECHEAP_CLIENT_IP,
      baseUrl: given.NAMECHEAP_API_URL
    })
  }
})

import { provider } from "../Provider.ts"

export const deSec = provider({
  name: "desec",
  title: "deSEC",
  variables: {
    DESEC_TOKEN: { says: "a token that may write the domain's record sets", secret: true },
    DESEC_API_URL: { says: "another address of the API", optional: true }
  },
  capabilities: {
    compareAndSet: false,
    atomicBatch: true,
    // Each domain has its own, usually an hour: the API says so where it is undercut.
    minTtl: 1,
    automaticTtl: 3600,
    comments: false,
    proxied: false
  },
  advice: {
    Unauthorized: "Make a token at desec.io under Token Management, and set DESEC_TOKEN to it.",
    Forbidden: "Give the token a policy at desec.io that may write the domain.",
    ZoneNotFound: "Add the domain at desec.io, or correct `domain` in the spec.",
    Invalid:
      "deSEC takes no TTL under the domain's own minimum, usually 3600: set `dns.ttl` to that, or leave it out."
  },
  make: async (given) => {
    const DeSec = await import("./DeSec.ts")
    return DeSec.layer({ token: given.DESEC_TOKEN, baseUrl: given.DESEC_API_URL })
  }
})

import { provider } from "../Provider.ts"

export const hetzner = provider({
  name: "hetzner",
  title: "Hetzner",
  variables: {
    HETZNER_API_TOKEN: {
      says: "a token of the Cloud project that has the zones, with the right to read and write",
      secret: true,
      also: "HCLOUD_TOKEN"
    },
    HETZNER_BASE_URL: { says: "another address of the API", optional: true }
  },
  capabilities: { compareAndSet: false, atomicBatch: false, minTtl: 60, comments: true, proxied: false },
  advice: {
    Unauthorized:
      "Make a token in the Hetzner Console, in the project that has the zone, under Security, API tokens, and set HETZNER_API_TOKEN to it. Tokens of the old DNS Console do not work.",
    Forbidden: "Make a token with the permission Read & Write in the Hetzner Console.",
    ZoneNotFound:
      "Use a token of the project that has the zone (a token sees one project), move the zone from the old DNS Console, or correct `domain` in the spec."
  },
  make: async (given) => {
    const Hetzner = await import("./Hetzner.ts")
    return Hetzner.layer({ token: given.HETZNER_API_TOKEN, baseUrl: given.HETZNER_BASE_URL })
  }
})

import { provider } from "../Provider.ts"

export const cloudflare = provider({
  name: "cloudflare",
  title: "Cloudflare",
  variables: {
    CLOUDFLARE_API_TOKEN: {
      says: "a token with Zone / Zone / Read and Zone / DNS / Edit",
      secret: true,
      also: "CF_DNS_API_TOKEN"
    },
    CLOUDFLARE_ZONE_ID: { says: "the one zone of a token that may not list zones", optional: true },
    CLOUDFLARE_BASE_URL: { says: "another address of the API", optional: true }
  },
  capabilities: { compareAndSet: false, atomicBatch: true, minTtl: 60, comments: true, proxied: true },
  advice: {
    Unauthorized:
      "Make a token at Cloudflare under My Profile, API Tokens, and set CLOUDFLARE_API_TOKEN to it.",
    Forbidden:
      "Give the token Zone / Zone / Read and Zone / DNS / Edit for this zone at Cloudflare; if it is limited to addresses, add this machine's.",
    ZoneNotFound:
      "Add the zone at Cloudflare, give the token access to it, or correct `domain` in the spec (or CLOUDFLARE_ZONE_ID, where it is set)."
  },
  make: async (given) => {
    const Cloudflare = await import("./Cloudflare.ts")
    return Cloudflare.layer({
      apiToken: given.CLOUDFLARE_API_TOKEN,
      zoneId: given.CLOUDFLARE_ZONE_ID,
      baseUrl: given.CLOUDFLARE_BASE_URL
    })
  }
})

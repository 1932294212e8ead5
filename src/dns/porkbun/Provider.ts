import { provider } from "../Provider.ts"

export const porkbun = provider({
  name: "porkbun",
  title: "Porkbun",
  variables: {
    PORKBUN_API_KEY: { says: "the API key (pk1_...)", secret: true },
    PORKBUN_SECRET_API_KEY: { says: "the secret key that came with it (sk1_...)", secret: true },
    PORKBUN_API_URL: { says: "another address of the API", optional: true }
  },
  capabilities: {
    compareAndSet: false,
    atomicBatch: false,
    minTtl: 600,
    automaticTtl: 600,
    comments: false,
    proxied: false
  },
  advice: {
    Unauthorized:
      "Make a key at porkbun.com/account/api, and set PORKBUN_API_KEY and PORKBUN_SECRET_API_KEY to its two halves.",
    Forbidden: "Switch on API ACCESS for this domain at Porkbun, in the domain's details.",
    ZoneNotFound: "Use the keys of the account that has the domain, or correct `domain` in the spec."
  },
  make: async (given) => {
    const Porkbun = await import("./Porkbun.ts")
    return Porkbun.layer({
      apiKey: given.PORKBUN_API_KEY,
      secretApiKey: given.PORKBUN_SECRET_API_KEY,
      baseUrl: given.PORKBUN_API_URL
    })
  }
})

import { provider } from "../Provider.ts"

export const hostinger = provider({
  name: "hostinger",
  title: "Hostinger",
  variables: {
    HOSTINGER_API_TOKEN: { says: "an API token of the account that has the domain", secret: true },
    HOSTINGER_API_URL: { says: "another address of the API", optional: true }
  },
  capabilities: {
    compareAndSet: false,
    atomicBatch: false,
    minTtl: 1,
    automaticTtl: 14_400,
    comments: false,
    proxied: false
  },
  advice: {
    Unauthorized: "Make a token in hPanel under Account, API, and set HOSTINGER_API_TOKEN to it.",
    ZoneNotFound:
      "Use a token of the account that has the domain at Hostinger, or correct `domain` in the spec."
  },
  make: async (given) => {
    const Hostinger = await import("./Hostinger.ts")
    return Hostinger.layer({ token: given.HOSTINGER_API_TOKEN, baseUrl: given.HOSTINGER_API_URL })
  }
})

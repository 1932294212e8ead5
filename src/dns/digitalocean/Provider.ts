import { provider } from "../Provider.ts"

export const digitalOcean = provider({
  name: "digitalocean",
  title: "DigitalOcean",
  variables: {
    DO_AUTH_TOKEN: {
      says: "a token with the scopes of domain: read, create, update and delete",
      secret: true,
      also: "DIGITALOCEAN_ACCESS_TOKEN"
    },
    DO_API_URL: { says: "another address of the API", optional: true }
  },
  capabilities: {
    compareAndSet: false,
    atomicBatch: false,
    minTtl: 30,
    automaticTtl: 1800,
    comments: false,
    proxied: false
  },
  advice: {
    Unauthorized: "Make a token at DigitalOcean under API, Tokens, and set DO_AUTH_TOKEN to it.",
    Forbidden: "Give the token the scopes of domain (read, create, update, delete) at DigitalOcean.",
    ZoneNotFound:
      "Add the domain at DigitalOcean under Networking, Domains, use a token of its team, or correct `domain` in the spec."
  },
  make: async (given) => {
    const DigitalOcean = await import("./DigitalOcean.ts")
    return DigitalOcean.layer({ token: given.DO_AUTH_TOKEN, baseUrl: given.DO_API_URL })
  }
})

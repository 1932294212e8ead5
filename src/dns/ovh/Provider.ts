import { provider } from "../Provider.ts"

export const ovh = provider({
  name: "ovh",
  title: "OVHcloud",
  variables: {
    OVH_ENDPOINT: {
      says: "`ovh-eu`, `ovh-ca`, `ovh-us` [ovh-eu], or another address of the API",
      optional: true
    },
    OVH_APPLICATION_KEY: { says: "the key of an application" },
    OVH_APPLICATION_SECRET: { says: "its secret", secret: true },
    OVH_CONSUMER_KEY: {
      says: "a consumer key with GET, POST, PUT and DELETE on /domain/zone/*, and GET on /domain/zone",
      secret: true
    }
  },
  note: "a change is published together with whatever else waits in the zone",
  capabilities: {
    compareAndSet: false,
    atomicBatch: false,
    minTtl: 60,
    comments: false,
    proxied: false
  },
  advice: {
    Unauthorized:
      "Make an application and a consumer key at https://api.ovh.com/createToken (for ovh-eu), and set OVH_APPLICATION_KEY, OVH_APPLICATION_SECRET and OVH_CONSUMER_KEY; OVH_ENDPOINT must be where they were made.",
    Forbidden: "Give the consumer key GET, POST, PUT and DELETE on /domain/zone/* and GET on /domain/zone.",
    ZoneNotFound: "Use the keys of the account that has the zone, or correct `domain` in the spec."
  },
  make: async (given) => {
    const Ovh = await import("./Ovh.ts")
    return Ovh.layer({
      endpoint: given.OVH_ENDPOINT ?? "ovh-eu",
      applicationKey: given.OVH_APPLICATION_KEY,
      applicationSecret: given.OVH_APPLICATION_SECRET,
      consumerKey: given.OVH_CONSUMER_KEY
    })
  }
})

import { provider } from "../Provider.ts"

export const route53 = provider({
  name: "route53",
  title: "Route 53",
  variables: {
    AWS_ACCESS_KEY_ID: {
      says: "a key with route53:ListHostedZones, ListResourceRecordSets and ChangeResourceRecordSets"
    },
    AWS_SECRET_ACCESS_KEY: { says: "its secret", secret: true },
    AWS_SESSION_TOKEN: { says: "the token of a temporary key", secret: true, optional: true },
    AWS_HOSTED_ZONE_ID: {
      says: "the one zone to use, where the account has its name twice or the key may not list zones",
      optional: true
    },
    ROUTE53_ENDPOINT_URL: { says: "another address of the API", optional: true }
  },
  // They are about everything at AWS.
  onlyNamed: true,
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
      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key that is in use, with AWS_SESSION_TOKEN where it is a temporary one; check this machine's clock.",
    Forbidden:
      "Give the key route53:ListHostedZones, and route53:ListResourceRecordSets and route53:ChangeResourceRecordSets for the zone.",
    ZoneNotFound:
      "Make a public hosted zone, use a key of the account that has it, or correct `domain` in the spec (or AWS_HOSTED_ZONE_ID, where it is set).",
    AmbiguousZone: "Set AWS_HOSTED_ZONE_ID to the zone that the domain is delegated to."
  },
  make: async (given) => {
    const Route53 = await import("./Route53.ts")
    return Route53.layer({
      accessKeyId: given.AWS_ACCESS_KEY_ID,
      secretAccessKey: given.AWS_SECRET_ACCESS_KEY,
      sessionToken: given.AWS_SESSION_TOKEN,
      zoneId: given.AWS_HOSTED_ZONE_ID,
      baseUrl: given.ROUTE53_ENDPOINT_URL
    })
  }
})

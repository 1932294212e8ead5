/**
 * The form of a spec as it is written today, for editors and agents (JSON Schema). The loader does not decode with it:
 * its messages need the place of every key, and it reads the older keys too.
 */
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import {
  buildPacks,
  dnsProviders,
  environmentPattern,
  headerPattern,
  namePattern,
  projectPattern,
  type Range,
  ranges,
  secretKinds,
  variablePattern
} from "./Limits.ts"
import { templates } from "./templates/Templates.ts"

const text = (description: string, pattern?: RegExp) =>
  (pattern === undefined ? Schema.String : Schema.String.pipe(Schema.pattern(pattern))).annotations({
    description
  })

const integer = ({ min, max }: Range, description: string) =>
  Schema.Int.pipe(Schema.between(min, max)).annotations({ description })

const variableName = Schema.String.pipe(Schema.pattern(variablePattern))

const optional = Schema.optional

const Source = Schema.Union(
  Schema.Struct({
    image: text("Image with a tag or a digest, e.g. nginx:1.27 or ghcr.io/owner/app@sha256:...")
  }),
  Schema.Struct({
    git: text("https address of a public repository"),
    branch: optional(text("Default: main")),
    commit: optional(text("Full commit id; default: HEAD")),
    buildPack: optional(
      Schema.Literal(...buildPacks).annotations({
        description: "Default: nixpacks, or dockerfile where `dockerfile` is given"
      })
    ),
    baseDirectory: optional(text("Folder to build in; default: /")),
    dockerfile: optional(text("Path of the Dockerfile in the repository; default: /Dockerfile"))
  }),
  Schema.Struct({ dockerfile: text("Text of a Dockerfile, built without a repository") })
).annotations({ description: "Where the application comes from; default: the template's starter" })

const Build = Schema.Struct({
  env: optional(
    Schema.Array(variableName).annotations({
      description:
        "Names of variables and secrets that the build reads too; what it reads can be read in the image"
    })
  )
}).annotations({ description: "For a repository or a Dockerfile" })

const Dns = Schema.Struct({
  provider: optional(
    Schema.Literal(...dnsProviders).annotations({ description: "Default: the one whose credentials are set" })
  ),
  ttl: optional(integer(ranges.ttl, "Seconds; default: the provider's own")),
  proxied: optional(Schema.Boolean.annotations({ description: "Cloudflare's proxy; default: false" })),
  target: optional(text("IP address or host name; default: the address of the Coolify server"))
})

const Healthcheck = Schema.Struct({
  path: optional(text("Default: the template's, else /", /^\//)),
  status: optional(integer(ranges.status, "HTTP status of a healthy answer; default: 200")),
  timeout: optional(integer(ranges.timeout, "Seconds for one probe; default: 5")),
  interval: optional(integer(ranges.interval, "Seconds between probes; default: 5")),
  retries: optional(integer(ranges.retries, "Failed probes before giving up; default: 10")),
  startPeriod: optional(integer(ranges.startPeriod, "Seconds before a failed probe counts; default: 5")),
  settle: optional(
    integer(ranges.settle, "Seconds a new version has to be up without a restart; default: 10")
  ),
  container: optional(
    Schema.Boolean.annotations({
      description: "Whether Coolify probes inside the container too (the image needs curl or wget)"
    })
  ),
  release: optional(
    Schema.Union(
      Schema.Struct({ header: text("Response header that holds FABRIK_RELEASE", headerPattern) }),
      Schema.Struct({ json: text("Dotted path to FABRIK_RELEASE in the JSON body, e.g. build.release") })
    ).annotations({ description: "Where the health answer shows which release it is" })
  )
})

const secretKind = Schema.Literal(...Object.keys(secretKinds))

const SecretRule = Schema.Union(
  Schema.Literal("required").annotations({ description: "Never made up: apply is refused without it" }),
  Schema.Literal("generate").annotations({ description: "32 random letters and digits" }),
  Schema.Struct({
    generate: secretKind,
    length: optional(
      integer(ranges.secretLength, "Characters; default: 32, for hex 64, for base64 44 (32 bytes)")
    )
  })
)

export const RawSpec = Schema.Struct({
  name: text("Name of the application: a DNS label", namePattern),
  template: optional(
    Schema.Literal(...templates.map(({ name }) => name)).annotations({
      description: "Defaults to start from, and the starter that runs without a source"
    })
  ),
  domain: text("Public host name, without scheme, port and path"),
  server: optional(text("Name, uuid or address of the Coolify server; default: the only one there is")),
  project: optional(text("Coolify project; default: fabrik", projectPattern)),
  environment: optional(text("Coolify environment; default: production", environmentPattern)),
  source: optional(Source),
  build: optional(Build),
  port: optional(integer(ranges.port, "Port inside the container; default: env.PORT, else the template's")),
  env: optional(
    Schema.Record({
      key: variableName,
      value: Schema.Union(Schema.String, Schema.Number, Schema.Boolean)
    }).annotations({ description: "Variables; nothing secret" })
  ),
  secrets: optional(
    Schema.Union(
      Schema.Array(variableName).annotations({
        description:
          "Names only: values come from the environment or .env, are kept as the application has them, or are generated"
      }),
      Schema.Record({ key: variableName, value: SecretRule }).annotations({
        description: "What becomes of a name that nobody supplies and the application does not have yet"
      })
    )
  ),
  dns: optional(
    Schema.Union(
      Schema.Literal("none").annotations({ description: "The record is made elsewhere and left alone" }),
      Dns
    )
  ),
  healthcheck: optional(Healthcheck)
}).annotations({ title: "fabrik spec", description: "What `fabrik apply` deploys" })

/** JSON Schema (draft 7) of a spec. */
export const specJsonSchema = (): JSONSchema.JsonSchema7Root => JSONSchema.make(RawSpec)

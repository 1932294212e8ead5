/** Specs of one application as a person might write and rewrite them. */
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import { valueProblem } from "../../src/coolify/VariableValue.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { servesFiles } from "../../src/appspec/sections/Build.ts"
import type { DnsSettings } from "../../src/appspec/sections/Dns.ts"
import type { Healthcheck } from "../../src/appspec/sections/Healthcheck.ts"
import type { NamedRecords } from "../../src/appspec/sections/Records.ts"
import type { Source } from "../../src/appspec/sections/Source.ts"
import { spec } from "./Samples.ts"

const imageSource: FastCheck.Arbitrary<Source> = FastCheck.record({
  _tag: FastCheck.constant("Image" as const),
  name: FastCheck.constantFrom("nginx", "ghcr.io/example/api"),
  tag: FastCheck.constantFrom("1.27", "latest", `sha256:${"0a".repeat(32)}`)
})

const gitSource: FastCheck.Arbitrary<Source> = FastCheck.record({
  _tag: FastCheck.constant("Git" as const),
  repository: FastCheck.constantFrom(
    "https://github.com/example/api",
    "https://git.example.com/team/api.git"
  ),
  branch: FastCheck.constantFrom("main", "next"),
  commit: FastCheck.constantFrom("HEAD", "a1".repeat(20)),
  buildPack: FastCheck.constantFrom(
    "nixpacks" as const,
    "nixpacks" as const,
    "dockerfile" as const,
    "static" as const
  ),
  baseDirectory: FastCheck.constantFrom("/", "/server"),
  dockerfile: FastCheck.constantFrom("/Dockerfile", "/docker/Dockerfile")
})

/** What Coolify is to have for these specs. */
export const privateSources = {
  deployKeys: [{ id: 2, uuid: "key000000000000000000001", name: "acme" }],
  githubApps: [{ id: 3, uuid: "hub000000000000000000001", name: "acme" }]
}

/** Half of them are private. */
const anyGit = FastCheck.oneof(
  gitSource,
  gitSource.chain((source) =>
    FastCheck.constantFrom(
      {
        ...source,
        repository: "git@github.com:example/api.git",
        access: { kind: "deployKey" as const, name: "acme" }
      },
      {
        ...source,
        repository: "https://github.com/example/api",
        access: { kind: "githubApp" as const, name: "acme" }
      }
    )
  )
)

/** Another text, and every other kind, is another application to Coolify. */
const dockerfileSource: FastCheck.Arbitrary<Source> = FastCheck.record({
  _tag: FastCheck.constant("Dockerfile" as const),
  text: FastCheck.constantFrom("FROM nginx:1.27\n", "FROM node:22\nCMD node .\n")
})

const anySource = FastCheck.oneof(imageSource, anyGit, dockerfileSource)

const seconds = (max: number) => FastCheck.integer({ min: 1, max }).map(Duration.seconds)

const healthcheck: FastCheck.Arbitrary<Healthcheck> = FastCheck.record({
  path: FastCheck.constantFrom("/", "/health", "/ready?deep=1"),
  status: FastCheck.constantFrom(200, 204),
  timeout: seconds(10),
  interval: seconds(10),
  retries: FastCheck.integer({ min: 1, max: 4 }),
  startPeriod: FastCheck.integer({ min: 0, max: 10 }).map(Duration.seconds),
  settle: FastCheck.constantFrom(Duration.zero, Duration.seconds(1)),
  container: FastCheck.boolean(),
  release: FastCheck.constantFrom(
    undefined,
    { _tag: "Header", name: "x-release" } as const,
    { _tag: "Json", path: ["build", "release"] } as const
  )
})

/** What Coolify runs in place of its HTTP probe. */
const checkedByCommand = healthcheck.map((check): Healthcheck => ({
  ...check,
  container: true,
  command: "bin/healthy --quick"
}))

/** Beside the domains' own. */
const records: FastCheck.Arbitrary<ReadonlyArray<NamedRecords>> = FastCheck.subarray<NamedRecords>([
  { name: "@", type: "MX", values: ["10 mx1.example.net", "20 mx2.example.net"] },
  { name: "_dmarc", type: "TXT", values: ["v=DMARC1; p=none"], ttl: 300 },
  { name: "mail.example.com.", type: "A", values: ["198.51.100.9"] }
]).chain((all) =>
  FastCheck.constantFrom<ReadonlyArray<NamedRecords>>(
    all,
    all.map((one) => (one.type === "A" ? { ...one, values: ["198.51.100.10", "198.51.100.11"] } : one))
  )
)

const elsewhere: DnsSettings = {
  provider: undefined,
  ttl: undefined,
  proxied: false,
  target: undefined,
  none: true
}

const ownRecord: FastCheck.Arbitrary<DnsSettings> = FastCheck.record({
  provider: FastCheck.constant(undefined),
  ttl: FastCheck.constantFrom(undefined, 60, 3600),
  proxied: FastCheck.boolean(),
  target: FastCheck.constantFrom(undefined, "198.51.100.7", "2001:db8::7", "edge.example.net"),
  records: FastCheck.oneof(FastCheck.constant([]), records)
}).map(({ records, ...rest }) => (records.length === 0 ? rest : { ...rest, records }))

const dns = FastCheck.oneof({ weight: 6, arbitrary: ownRecord }, FastCheck.constant(elsewhere))

const value = FastCheck.oneof(
  FastCheck.constantFrom("", "info", "$HOME", "a=b # c", '"quoted"', "two\nlines", "[padded ]", "ü✓"),
  // Any other is refused: what then happens is another suite's matter.
  FastCheck.string({ maxLength: 8 }).filter((text) => valueProblem(text) === undefined)
)
/** It may become a password of the proxy's later on, which takes less. */
const visible = value.filter((text) => /^[!-~]+$/.test(text))
const keys = ["API_KEY", "DATABASE_URL", "FEATURE_X", "LOG_LEVEL", "PORT", "SESSION_KEY"] as const

/** Each key is absent, a plain value, or a secret: keys wander between the three. */
const variables = FastCheck.tuple(
  ...keys.map((key) =>
    FastCheck.oneof(
      FastCheck.constant({ env: [], secrets: [] }),
      (key === "SESSION_KEY" ? visible : value).map((text) => ({ env: [[key, text] as const], secrets: [] })),
      FastCheck.constant({ env: [], secrets: [key] })
    )
  )
).map((parts) => ({
  env: Object.fromEntries(parts.flatMap((part) => part.env)),
  secrets: parts.flatMap((part) => part.secrets)
}))

type Settings = Pick<
  Spec,
  | "command"
  | "files"
  | "networkAliases"
  | "release"
  | "resources"
  | "runOptions"
  | "schedules"
  | "stopGracePeriod"
>

const settings: FastCheck.Arbitrary<Settings> = FastCheck.record(
  {
    runOptions: FastCheck.constantFrom(["--init"], ["--cap-add=NET_ADMIN", "--init"]),
    stopGracePeriod: FastCheck.constantFrom(5, 60),
    networkAliases: FastCheck.constantFrom(["api"], ["api", "api-2"]),
    schedules: FastCheck.uniqueArray(
      FastCheck.record({
        name: FastCheck.constantFrom("nightly", "every hour"),
        cron: FastCheck.constantFrom("0 3 * * *", "hourly"),
        command: FastCheck.constantFrom("bin/clean", 'echo "$HOME" | cat\nexit 0'),
        timeout: FastCheck.constantFrom(300, 60),
        enabled: FastCheck.boolean()
      }),
      { minLength: 1, maxLength: 2, selector: ({ name }) => name }
    ),
    files: FastCheck.uniqueArray(
      FastCheck.record({
        path: FastCheck.constantFrom("/etc/app.conf", "/etc/app/motd", "/etc/empty"),
        content: FastCheck.constantFrom("", "a = $HOME", "one\n\ttwo: '${X}'\r\n# \u00fc", "'").map((text) =>
          Redacted.make(text)
        ),
        losesBreak: FastCheck.constant(false)
      }),
      { minLength: 1, maxLength: 3, selector: ({ path }) => path }
    ),
    command: FastCheck.constantFrom("serve --port $PORT", "serve", ["serve", "all of it"]),
    release: FastCheck.constantFrom("bin/migrate", "a && b"),
    resources: FastCheck.record(
      { memory: FastCheck.constantFrom("0", "512M", "1G"), cpus: FastCheck.constantFrom("0.5", "2") },
      { requiredKeys: [] }
    )
  },
  { requiredKeys: [] }
)

/** A shell starts both. */
const withShell = ({ release, ...rest }: Settings): Settings =>
  release === undefined || typeof rest.command !== "string" ? rest : { ...rest, release }

type OfSource = Pick<Spec, "autoDeploy" | "build">

const build = FastCheck.record(
  {
    command: FastCheck.constantFrom("npm run build", "npm ci && npm run build"),
    install: FastCheck.constantFrom("npm ci"),
    target: FastCheck.constantFrom("runner"),
    publish: FastCheck.constantFrom("/dist", "/build/client"),
    spa: FastCheck.boolean()
  },
  { requiredKeys: [] }
)

/** What a source's build takes. */
const ofSource = (source: Source): FastCheck.Arbitrary<OfSource> =>
  FastCheck.record({
    autoDeploy: FastCheck.constantFrom(undefined, false),
    given: build,
    env: FastCheck.subarray([...keys])
  }).map(({ autoDeploy, env, given: { command, install, publish, spa, target } }) => {
    if (source._tag === "Image" || source._tag === "Compose") return { build: { env: [] } }
    if (source._tag === "Dockerfile") return { build: { env, ...(target === undefined ? {} : { target }) } }
    const isNixpacks = source.buildPack === "nixpacks"
    const serves = source.buildPack === "static" || (isNixpacks && publish !== undefined)
    return {
      ...(autoDeploy === undefined ? {} : { autoDeploy }),
      build: {
        env,
        ...(isNixpacks && command !== undefined ? { command } : {}),
        ...(isNixpacks && install !== undefined ? { install } : {}),
        ...(isNixpacks && publish !== undefined ? { publish } : {}),
        ...(serves && spa !== undefined ? { spa } : {}),
        ...(source.buildPack === "dockerfile" && target !== undefined ? { target } : {})
      }
    }
  })

/** nginx serves the files: no command of the spec's runs, and the port is its own. */
const served = (of: Spec): Spec => {
  if (!servesFiles(of.build, of.source)) return of
  const { command: _, release: __, ...rest } = of
  return { ...rest, port: 80 }
}

/** One mostly; none, and several. Their order makes no difference to Coolify. */
const hosts = FastCheck.constantFrom<Pick<Spec, "domains" | "redirect">>(
  { domains: ["api.example.com"] },
  { domains: ["api.example.com"] },
  { domains: ["www.example.com"] },
  { domains: [] },
  { domains: ["api.example.com", "www.example.com"] },
  { domains: ["www.api.example.com", "api.example.com"], redirect: "www" }
)

const specFrom = (source: FastCheck.Arbitrary<Source>): FastCheck.Arbitrary<Spec> =>
  FastCheck.record({
    source: source.chain((one) => ofSource(one).map((more) => ({ source: one, ...more }))),
    hosts,
    port: FastCheck.constantFrom(80, 3000, 8080),
    variables,
    dns,
    healthcheck: FastCheck.oneof(healthcheck, healthcheck, checkedByCommand),
    settings: settings.map(withShell)
  }).map(({ dns: { records, ...dns }, hosts, settings, source, variables: { env, secrets }, ...rest }) =>
    served({
      ...spec,
      ...rest,
      ...source,
      ...hosts,
      ...settings,
      // In the zone of the first domain.
      dns: records === undefined || hosts.domains.length === 0 ? dns : { ...dns, records },
      build: {
        ...source.build,
        env: source.build.env.filter((key) => key in env || secrets.some((one) => one === key))
      },
      env,
      secrets,
      ...(secrets.includes("SESSION_KEY") && !("FEATURE_X" in env) && !secrets.includes("FEATURE_X")
        ? { references: { FEATURE_X: ["key=", { secret: "SESSION_KEY" }] } }
        : {})
    })
  )

export const anySpec = specFrom(anySource)

/** Two versions of one spec, half of them with one kind of source. */
export const twoVersions: FastCheck.Arbitrary<readonly [Spec, Spec]> = FastCheck.oneof(
  FastCheck.constantFrom(imageSource, anyGit).chain((source) =>
    FastCheck.tuple(specFrom(source), specFrom(source))
  ),
  FastCheck.tuple(anySpec, anySpec)
)

/** The same spec, written in another order. */
export const reordered = (of: Spec): Spec => ({
  ...of,
  env: Object.fromEntries(Object.entries(of.env).toReversed()),
  secrets: of.secrets.toReversed()
})

type Kept = Pick<Spec, "basicAuth" | "databases" | "ports" | "references" | "volumes">

const backup = FastCheck.record({
  schedule: FastCheck.constantFrom("0 3 * * *", "hourly"),
  keep: FastCheck.constantFrom(7, 30)
})

/** What holds data, and what is made of it; each under one name, as another one would be refused. */
const kept: FastCheck.Arbitrary<Kept & { readonly asks: string | undefined }> = FastCheck.record({
  volumes: FastCheck.constantFrom("/var/lib/app", "/data").chain((path) =>
    FastCheck.subarray<Spec["volumes"][number]>([
      { name: "data", path },
      { name: "cache", path: "/var/cache/app" },
      { name: "/srv/media", path: "/media", readOnly: true }
    ])
  ),
  databases: FastCheck.tuple(
    FastCheck.boolean(),
    FastCheck.boolean(),
    FastCheck.option(backup, { nil: undefined }),
    FastCheck.constantFrom(undefined, 15_432, 15_433),
    // Of one series each, so that one takes the files of the other.
    FastCheck.constantFrom("postgres:17.2", "postgres:17.4"),
    FastCheck.constantFrom("redis:7.2.5", "redis:7.2.7")
  ).map(([main, cache, backup, publicPort, postgres, redis]): Spec["databases"] => [
    ...(main
      ? [
          {
            name: "main",
            engine: "postgresql" as const,
            image: postgres,
            ...(backup === undefined ? {} : { backup }),
            ...(publicPort === undefined ? {} : { publicPort })
          }
        ]
      : []),
    ...(cache ? [{ name: "cache", engine: "redis" as const, image: redis }] : [])
  ]),
  // A port of the server is one application's alone, so no other can take its place.
  ports: FastCheck.constantFrom(undefined, undefined, ["25565:25565"], ["25565:25565", "9000:9001"]),
  asks: FastCheck.constantFrom(undefined, "guest", "editor")
}).map(({ asks, databases, ports, volumes }) => ({
  ...(ports === undefined ? {} : { ports }),
  volumes,
  databases,
  asks,
  references: {
    ...(databases.some(({ name }) => name === "main")
      ? { MAIN_URL: [{ database: "main", field: "url" as const }] }
      : {}),
    ...(databases.some(({ name }) => name === "cache")
      ? { CACHE_HOST: ["tcp://", { database: "cache", field: "host" as const }] }
      : {})
  }
}))

const keepingFrom = (source: FastCheck.Arbitrary<Source>): FastCheck.Arbitrary<Spec> =>
  FastCheck.tuple(specFrom(source), kept).map(([one, { asks, references, ...more }]) => ({
    ...one,
    ...more,
    references: { ...one.references, ...references },
    ...(asks !== undefined && one.domains.length > 0 && one.secrets.includes("SESSION_KEY")
      ? { basicAuth: { username: asks, secret: "SESSION_KEY" } }
      : {})
  }))

/** What has volumes never becomes another application. */
export const keepingVersions: FastCheck.Arbitrary<readonly [Spec, Spec]> = FastCheck.constantFrom(
  imageSource,
  gitSource
).chain((source) => FastCheck.tuple(keepingFrom(source), keepingFrom(source)))

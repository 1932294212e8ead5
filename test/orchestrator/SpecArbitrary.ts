/** Specs of one application as a person might write and rewrite them. */
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import { valueProblem } from "../../src/coolify/VariableValue.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { DnsSettings } from "../../src/appspec/sections/Dns.ts"
import type { Healthcheck } from "../../src/appspec/sections/Healthcheck.ts"
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
  buildPack: FastCheck.constantFrom("nixpacks" as const, "dockerfile" as const),
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

const dns: FastCheck.Arbitrary<DnsSettings> = FastCheck.record({
  provider: FastCheck.constant(undefined),
  ttl: FastCheck.constantFrom(undefined, 60, 3600),
  proxied: FastCheck.boolean(),
  target: FastCheck.constantFrom(undefined, "198.51.100.7", "2001:db8::7", "edge.example.net")
})

const value = FastCheck.oneof(
  FastCheck.constantFrom("", "info", "$HOME", "a=b # c", '"quoted"', "two\nlines", "[padded ]", "ü✓"),
  // Any other is refused: what then happens is another suite's matter.
  FastCheck.string({ maxLength: 8 }).filter((text) => valueProblem(text) === undefined)
)
const keys = ["API_KEY", "DATABASE_URL", "FEATURE_X", "LOG_LEVEL", "PORT", "SESSION_KEY"] as const

/** Each key is absent, a plain value, or a secret: keys wander between the three. */
const variables = FastCheck.tuple(
  ...keys.map((key) =>
    FastCheck.oneof(
      FastCheck.constant({ env: [], secrets: [] }),
      value.map((text) => ({ env: [[key, text] as const], secrets: [] })),
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

/** Host ports are left out: an update with them has to be agreed to. */
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

type OfGit = Pick<Spec, "autoDeploy" | "build">

/** What a repository alone has, of the kind of build that takes it. */
const ofGit = (source: Source): FastCheck.Arbitrary<OfGit> =>
  source._tag !== "Git"
    ? FastCheck.constant({ build: spec.build })
    : FastCheck.record({
        autoDeploy: FastCheck.constantFrom(undefined, false),
        command: FastCheck.constantFrom(undefined, "npm run build"),
        install: FastCheck.constantFrom(undefined, "npm ci"),
        target: FastCheck.constantFrom(undefined, "runner")
      }).map(({ autoDeploy, command, install, target }) => ({
        ...(autoDeploy === undefined ? {} : { autoDeploy }),
        build: {
          ...spec.build,
          ...(source.buildPack !== "nixpacks" || command === undefined ? {} : { command }),
          ...(source.buildPack !== "nixpacks" || install === undefined ? {} : { install }),
          ...(source.buildPack !== "dockerfile" || target === undefined ? {} : { target })
        }
      }))

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
    source: source.chain((one) => ofGit(one).map((more) => ({ source: one, ...more }))),
    hosts,
    port: FastCheck.constantFrom(80, 3000, 8080),
    variables,
    dns,
    healthcheck: FastCheck.oneof(healthcheck, healthcheck, checkedByCommand),
    settings: settings.map(withShell)
  }).map(({ hosts, settings, source, variables: { env, secrets }, ...rest }) => ({
    ...spec,
    ...rest,
    ...source,
    ...hosts,
    ...settings,
    env,
    secrets,
    ...(secrets.includes("SESSION_KEY") && !("FEATURE_X" in env) && !secrets.includes("FEATURE_X")
      ? { references: { FEATURE_X: ["key=", { secret: "SESSION_KEY" }] } }
      : {})
  }))

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

type Kept = Pick<Spec, "basicAuth" | "databases" | "references" | "volumes">

const backup = { schedule: "0 3 * * *", keep: 7 } as const

/** What holds data, and what is made of it; each under one name, as another one would be refused. */
const kept: FastCheck.Arbitrary<Kept & { readonly asks: boolean }> = FastCheck.record({
  volumes: FastCheck.subarray<Spec["volumes"][number]>([
    { name: "data", path: "/var/lib/app" },
    { name: "cache", path: "/var/cache/app" },
    { name: "/srv/media", path: "/media", readOnly: true }
  ]),
  databases: FastCheck.tuple(
    FastCheck.boolean(),
    FastCheck.boolean(),
    FastCheck.boolean(),
    FastCheck.constantFrom(undefined, 15_432, 15_433)
  ).map(([main, cache, isBackedUp, publicPort]): Spec["databases"] => [
    ...(main
      ? [
          {
            name: "main",
            engine: "postgresql" as const,
            image: "postgres:17",
            ...(isBackedUp ? { backup } : {}),
            ...(publicPort === undefined ? {} : { publicPort })
          }
        ]
      : []),
    ...(cache ? [{ name: "cache", engine: "redis" as const, image: "redis:7" }] : [])
  ]),
  asks: FastCheck.boolean()
}).map(({ asks, databases, volumes }) => ({
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
    ...(asks && one.domains.length > 0 && one.secrets.includes("SESSION_KEY")
      ? { basicAuth: { username: "guest", secret: "SESSION_KEY" } }
      : {})
  }))

/** What has volumes never becomes another application. */
export const keepingVersions: FastCheck.Arbitrary<readonly [Spec, Spec]> = FastCheck.constantFrom(
  imageSource,
  gitSource
).chain((source) => FastCheck.tuple(keepingFrom(source), keepingFrom(source)))

/**
 * The one normalised form of a specification. Everything behind the loader sees this and nothing else: aliases are
 * resolved, template defaults are filled in, names are ASCII, durations are `Duration`s.
 */
import type * as Duration from "effect/Duration"

/** Where the application comes from. */
export type Source = ImageSource | GitSource | DockerfileSource

/** A ready image. `tag` is a tag or, for an image pinned by digest, `sha256:<64 hex>`. */
export interface ImageSource {
  readonly _tag: "Image"
  readonly name: string
  readonly tag: string
}

/** A public git repository that Coolify builds. `baseDirectory` and `dockerfile` are absolute inside it. */
export interface GitSource {
  readonly _tag: "Git"
  readonly repository: string
  readonly branch: string
  /** A full commit id, or `HEAD` for the newest of the branch. */
  readonly commit: string
  readonly buildPack: "nixpacks" | "railpack" | "static" | "dockerfile"
  readonly baseDirectory: string
  readonly dockerfile: string
}

/** The text of a Dockerfile, built without a repository. */
export interface DockerfileSource {
  readonly _tag: "Dockerfile"
  readonly text: string
}

/** Where the release id is read from in the health response; it is compared with `FABRIK_RELEASE`. */
export type ReleaseProbe =
  | { readonly _tag: "Header"; readonly name: string }
  | { readonly _tag: "Json"; readonly path: ReadonlyArray<string> }

export interface Healthcheck {
  /** Starts with exactly one `/`; joined to the origin, it can never change the host. */
  readonly path: string
  /** The HTTP status a healthy application answers. */
  readonly status: number
  /** How long one probe may take. */
  readonly timeout: Duration.Duration
  readonly interval: Duration.Duration
  readonly retries: number
  /** Grace before the first failed probe counts. */
  readonly startPeriod: Duration.Duration
  /** How long a new version has to have been up, without a restart, before it counts as good. */
  readonly settle: Duration.Duration
  /** Whether Coolify probes inside the container too (the image must ship curl or wget). */
  readonly container: boolean
  readonly release: ReleaseProbe | undefined
}

export interface BuildSettings {
  /** Names of variables and secrets that the build reads too. What a build reads can be read in its image. */
  readonly env: ReadonlyArray<string>
}

export type SecretKind = "alphanumeric" | "base64" | "hex" | "password" | "uuid"

/** How a new secret is made. */
interface SecretRecipe {
  readonly kind: SecretKind
  /** In characters. */
  readonly length: number
}

/** What may become of a secret that nobody supplies and the application does not have yet. */
export type SecretRule =
  /** It is never made up. */
  { readonly _tag: "Required" } | ({ readonly _tag: "Generate" } & SecretRecipe)

export type DnsProvider = "cloudflare" | "powerdns"

export interface DnsSettings {
  /** `undefined`: the provider whose credentials are set. */
  readonly provider: DnsProvider | undefined
  /** Seconds; `undefined`: the provider's own default. */
  readonly ttl: number | undefined
  readonly proxied: boolean
  /** An address (A, AAAA) or a host name (CNAME); `undefined`: the Coolify server's own address. */
  readonly target: string | undefined
  /** The record is made elsewhere, and left alone. */
  readonly none?: true
}

export interface Spec {
  readonly name: string
  readonly project: string
  readonly environment: string
  /** Name, uuid or address of the Coolify server; `undefined`: the only one there is. */
  readonly server: string | undefined
  /** ASCII (punycode), lower case, no final dot. */
  readonly domain: string
  readonly template: string | undefined
  readonly source: Source
  readonly build: BuildSettings
  /** The port the application listens on inside its container. */
  readonly port: number
  readonly env: Readonly<Record<string, string>>
  /** The names in `env` whose value comes from the environment of whoever runs fabrik. */
  readonly interpolated?: ReadonlyArray<string>
  /** Names only: values come from the SecretStore. */
  readonly secrets: ReadonlyArray<string>
  /** By name; a name of the list form has none: it is supplied, else kept, else generated. */
  readonly secretRules: ReadonlyMap<string, SecretRule>
  readonly dns: DnsSettings
  readonly healthcheck: Healthcheck
}

/** Which world a command works in, and the layers that make it. The only place besides main.ts that composes layers. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { type CoolifyConfig, coolifyConfig, makeCoolifyConfig } from "../coolify/CoolifyConfig.ts"
import type { RepositoryAccess } from "../coolify/Source.ts"
import * as CoolifyDryRun from "../coolify/CoolifyDryRun.ts"
import type { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { AuthoritativeDns } from "../dns/AuthoritativeDns.ts"
import * as MemoryAuthoritativeDns from "../dns/MemoryAuthoritativeDns.ts"
import type { AuthoritativeDnsOptions } from "../dns/AuthoritativeDnsLive.ts"
import type { DnsClient } from "../dns/DnsClient.ts"
import { selectDns } from "../dns/DnsConfig.ts"
import * as DnsDryRun from "../dns/DnsDryRun.ts"
import type { DnsError } from "../dns/DnsError.ts"
import { type DnsProvider, whatToSet } from "../dns/Providers.ts"
import type { HealthProbe } from "../health/HealthProbe.ts"
import type { HealthProbeOptions } from "../health/HttpsHealthProbe.ts"
import { specialAddress } from "../health/SpecialAddress.ts"
import * as HealthDryRun from "../health/HealthDryRun.ts"
import type { SandboxError } from "../sandbox/SandboxError.ts"
import type { SandboxHandle } from "../sandbox/SandboxHandle.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import type { SecretStore } from "../secrets/SecretStore.ts"
import { Owner } from "../engine/Owner.ts"
import { Pace } from "../engine/Pace.ts"
import * as FileHistory from "../state/FileHistory.ts"
import { History } from "../state/History.ts"
import { Journals } from "../state/Journals.ts"
import * as FileJournals from "../state/FileJournals.ts"
import * as MemoryJournals from "../state/MemoryJournals.ts"
import type { Screen } from "../ui/Screen.ts"
import { CredentialsError } from "./CliError.ts"
import { lateEffects } from "./LateEffects.ts"
import { placeLock } from "./RunLock.ts"
import { type ProxySettings, proxySettings } from "./Proxy.ts"
import * as Say from "./Say.ts"
import { refuseUnverifiedTls } from "./VerifiedTls.ts"
import { secretsLayers, type SecretsRequest } from "./SecretsLayers.ts"
import { defaultSandboxDir } from "./SharedFlags.ts"
import { ownOwner, type Team, teamJournals, teamOf, teamOn, teamPacing, teamState } from "./TeamState.ts"

type Services = CoolifyClient | DnsClient | AuthoritativeDns | SecretStore | HealthProbe | Journals

export interface WorldRequest {
  /** Empty: the command is about none. */
  readonly domains: ReadonlyArray<string>
  /** The Coolify server that the spec names. */
  readonly server: string | undefined
  /** What it names to read its repository with. */
  readonly access?: RepositoryAccess | undefined
  /** The compose file in a repository that it names, and which containers of it. */
  readonly composeFile?:
    | { readonly repository: string; readonly path: string; readonly containers: ReadonlyArray<string> }
    | undefined
  readonly dnsProvider: DnsProvider | undefined
  readonly sandbox:
    | {
        readonly dir: string | undefined
        readonly faults: ReadonlyArray<string>
        /** Where a command opens several worlds: the sandbox that they have in common, once it runs. */
        readonly shared?: Ref.Ref<SandboxHandle | undefined>
      }
    | undefined
  /** Writes go nowhere; without credentials nothing is read either. */
  readonly dryRun: boolean
  readonly needs: {
    readonly coolify: boolean
    /** `if-set`: use it where credentials are. */
    readonly dns: "yes" | "if-set" | "no"
  }
  readonly secrets: SecretsRequest
}

export interface World {
  readonly layer: Layer.Layer<Services>
  /** Finds secrets and generates none. */
  readonly knownSecrets: Layer.Layer<SecretStore>
  readonly place: "live" | "sandbox"
  /** Coolify was not read: an empty one is assumed. */
  readonly offline: boolean
  /** FABRIK_OWNER. */
  readonly owner: string
  /** Which Coolify it is. */
  readonly target: string
  /** Where fabrik keeps what it must remember itself. */
  readonly directory: string
  /** What it shares with other machines instead. */
  readonly team: Team | undefined
  /** What was deployed before. */
  readonly history: Layer.Layer<History>
  /** DNS is real. */
  readonly hasDns: boolean
  /** How to visit what was deployed where no public DNS and no public CA knows it. */
  readonly visit: (url: string) => ReadonlyArray<string>
}

/** How to reach the outside. `undefined`: no credentials. */
interface Access {
  readonly coolify: CoolifyConfig | undefined
  /** For Coolify and the DNS provider; a sandbox is on this machine. */
  readonly proxy: ProxySettings | undefined
  readonly dns: Layer.Layer<DnsClient, DnsError> | undefined
  readonly authoritative: AuthoritativeDnsOptions
  readonly health: HealthProbeOptions
  readonly secretsDirectory: string
  readonly visit: World["visit"]
}

/** Reads the environment, starts the sandbox where one is wanted (the scope's end stops it), and sends nothing. */
export const openWorld = Effect.fn("openWorld")(function* (request: WorldRequest) {
  yield* refuseUnverifiedTls
  const access = yield* accessTo(request)
  const { dryRun, needs } = request
  if (!dryRun) yield* demandCredentials(request, access)
  const owner = yield* ownOwner
  const target = request.sandbox === undefined ? (access.coolify?.baseUrl ?? "") : access.secretsDirectory
  // A dry run that reads nothing reads no state either.
  const isAlone = request.sandbox !== undefined || (dryRun && access.coolify === undefined)
  const state = isAlone ? undefined : yield* teamState(!dryRun)
  const team = state === undefined ? undefined : teamOn(state, owner, target)
  const secrets = yield* secretsLayers(request.secrets, access.secretsDirectory, team)
  const pacing = yield* teamPacing(state, access.coolify)
  const services = {
    secrets: dryRun ? secrets.known : secrets.kept,
    ...(dryRun ? dryRunLayers(access, request, pacing) : liveLayers(access, needs.dns === "no", pacing))
  }
  const layer = Layer.mergeAll(
    services.coolify,
    services.dns,
    services.health,
    services.secrets,
    dryRun
      ? MemoryJournals.layerMemory
      : state === undefined
        ? yield* fileJournals(request, access)
        : Layer.provide(teamJournals(state, target), services.coolify),
    Layer.succeed(Owner, owner),
    Layer.succeed(Pace, { ...(yield* Pace), ...(yield* lateEffects) }),
    // A dry run writes no file, and makes nothing.
    dryRun ? Layer.empty : placeLock(target, state)
  )
  // Made once, however often a command uses it.
  const built = yield* Layer.build(layer)
  const world: World = {
    layer: Layer.succeedContext(built),
    knownSecrets: secrets.known,
    owner,
    place: request.sandbox === undefined ? "live" : "sandbox",
    offline: access.coolify === undefined,
    target,
    directory: access.secretsDirectory,
    team,
    history:
      team === undefined ? yield* fileHistory(access.secretsDirectory) : Layer.succeed(History, team.history),
    hasDns: access.dns !== undefined && needs.dns !== "no",
    visit: access.visit
  }
  return world
})

/** What was deployed before, without a look at the world it was deployed to. */
export const openHistory = Effect.fn("openHistory")(function* (sandbox: WorldRequest["sandbox"]) {
  const team = yield* teamOf(sandbox)
  return team?.history ?? (yield* Effect.provide(History, yield* fileHistory(secretsDirectoryOf(sandbox))))
})

const fileHistory = (directory: string) =>
  Effect.map(platform, (services) => Layer.provide(FileHistory.layer({ directory }), services))

const platform = Effect.map(Effect.all([FileSystem.FileSystem, Path.Path]), ([fs, path]) =>
  Layer.succeedContext(Context.make(FileSystem.FileSystem, fs).pipe(Context.add(Path.Path, path)))
)

/** Where fabrik keeps what it must remember itself: a sandbox's secrets lie with the sandbox. */
export const secretsDirectoryOf = (sandbox: WorldRequest["sandbox"]): string =>
  sandbox === undefined ? nowhere.secretsDirectory : (sandbox.dir ?? defaultSandboxDir)

const liveLayers = (access: Access, withoutDns: boolean, pacing: Layer.Layer<never>) => ({
  coolify:
    access.coolify === undefined
      ? CoolifyDryRun.layerOffline({ serverName: "localhost" })
      : coolifyLayer(access.coolify, access.proxy, pacing),
  dns:
    access.dns === undefined || withoutDns
      ? Layer.provideMerge(MemoryAuthoritativeDns.layerMemory, DnsDryRun.layerOffline)
      : Layer.provideMerge(
          live(({ authoritative }) => authoritative(access.authoritative)),
          access.dns
        ),
  health: live(({ health }) => health(access.health))
})

const dryRunLayers = (
  access: Access,
  { access: repository, server }: WorldRequest,
  pacing: Layer.Layer<never>
) => ({
  coolify: Layer.provide(
    CoolifyDryRun.layerDryRun,
    access.coolify === undefined
      ? CoolifyDryRun.layerOffline({ serverName: server ?? "the only one", access: repository })
      : coolifyLayer(access.coolify, access.proxy, pacing)
  ),
  dns: Layer.provideMerge(
    MemoryAuthoritativeDns.layerMemory,
    Layer.provide(DnsDryRun.layerDryRun, access.dns ?? DnsDryRun.layerOffline)
  ),
  health: HealthDryRun.layerDryRun
})

const live = <A, E, R>(
  choose: (layers: typeof import("./LiveLayers.ts")) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R> =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("./LiveLayers.ts")),
      choose
    )
  )

const coolifyLayer = (
  config: CoolifyConfig,
  proxy: ProxySettings | undefined,
  pacing: Layer.Layer<never>
): Layer.Layer<CoolifyClient> =>
  Layer.provide(
    live(({ coolify }) => coolify(config, proxy)),
    pacing
  )

const accessTo = (
  request: WorldRequest
): Effect.Effect<
  Access,
  CoolifyError | CredentialsError | DnsError | SandboxError,
  FileSystem.FileSystem | Path.Path | Screen | Scope.Scope
> =>
  Effect.gen(function* () {
    const { sandbox } = request
    if (sandbox === undefined) return yield* accessFromEnvironment(request)
    const dir = sandbox.dir ?? defaultSandboxDir
    const fs = yield* FileSystem.FileSystem
    // A dry run makes no sandbox: one that is not there is an empty world.
    if (request.dryRun && !(yield* Effect.orElseSucceed(fs.exists(dir), () => false))) return nowhere
    const known = yield* KnownSecrets
    const { attachOrStart } = yield* Effect.promise(() => import("../sandbox/Attach.ts"))
    const seed = {
      ...(request.server === undefined ? {} : { servers: [request.server] }),
      ...(request.access?.name === undefined ? {} : { [`${request.access.kind}s`]: [request.access.name] }),
      ...(request.composeFile === undefined ? {} : { composeFiles: [request.composeFile] }),
      domains: request.domains
    }
    const running = sandbox.shared === undefined ? undefined : yield* Ref.get(sandbox.shared)
    const handle = running ?? (yield* attachOrStart({ dir, faults: sandbox.faults, seed }))
    if (running !== undefined) yield* running.seed(seed)
    if (sandbox.shared !== undefined) yield* Ref.set(sandbox.shared, handle)
    yield* known.add(Redacted.make(handle.token))
    yield* known.add(Redacted.make(handle.dnsApiKey))
    return yield* accessToSandbox(handle)
  })

const accessFromEnvironment = Effect.fn("accessFromEnvironment")(function* (request: WorldRequest) {
  const { dryRun, needs } = request
  const { config, warnings } = needs.coolify ? yield* coolifyConfig : { config: undefined, warnings: [] }
  yield* Effect.forEach(warnings, Say.warn, { discard: true })
  // A dry run goes without credentials even where the spec names a provider.
  const unset =
    needs.dns === "no" ||
    (dryRun && Option.contains(yield* Effect.option(selectDns(undefined, request.domains)), undefined))
  const dns = unset ? undefined : yield* selectDns(request.dnsProvider, request.domains)
  const proxy = yield* proxySettings
  const known = yield* KnownSecrets
  for (const { password } of [proxy?.https, proxy?.http].filter((url) => url !== undefined)) {
    if (password !== "") yield* known.add(Redacted.make(decodeURIComponent(password)))
  }
  const access: Access = {
    ...nowhere,
    coolify: config,
    proxy,
    dns:
      dns === undefined
        ? undefined
        : Layer.provide(
            dns.layer,
            live(({ http }) => http(proxy))
          )
  }
  return access
})

const accessToSandbox = Effect.fn("accessToSandbox")(function* (handle: SandboxHandle) {
  const access: Access = {
    proxy: undefined,
    coolify: yield* makeCoolifyConfig(handle.apiUrl, Redacted.make(handle.token)),
    dns: live(({ powerDns }) => powerDns(handle.dnsApiUrl, Redacted.make(handle.dnsApiKey))),
    authoritative: { nameServers: [handle.dnsServer] },
    health: { port: handle.edge.port, resolvers: [handle.dnsServer], ca: handle.caPem },
    secretsDirectory: handle.dir,
    visit: visitSandbox(handle)
  }
  return access
})

const nowhere: Access = {
  coolify: undefined,
  proxy: undefined,
  dns: undefined,
  authoritative: {},
  health: { port: 443, refuse: specialAddress },
  secretsDirectory: ".fabrik",
  visit: () => []
}

const visitSandbox =
  ({ caFile, edge, pid }: SandboxHandle): World["visit"] =>
  (url) => {
    const { hostname } = new URL(url)
    const embedded = pid === process.pid
    return [
      ...(embedded
        ? ["The sandbox stops with this command; `fabrik sandbox` in another terminal keeps it up. Then:"]
        : ["Visit it with:"]),
      `  curl --cacert ${caFile} --resolve ${hostname}:${edge.port}:${edge.host} ${url}`
    ]
  }

const fileJournals = ({ sandbox }: WorldRequest, access: Access) =>
  Effect.map(platform, (services) =>
    Layer.provide(
      FileJournals.layer({
        directory: access.secretsDirectory,
        world: sandbox === undefined ? (access.coolify?.baseUrl ?? "") : "sandbox"
      }),
      services
    )
  )

const demandCredentials = (
  { needs }: WorldRequest,
  access: Access
): Effect.Effect<void, CredentialsError> => {
  const lacksDns = needs.dns === "yes" && access.dns === undefined
  const missing = [
    ...(needs.coolify && access.coolify === undefined
      ? ["COOLIFY_ENDPOINT and COOLIFY_TOKEN (for Coolify)"]
      : []),
    ...(lacksDns ? [`the variables of a DNS provider (${whatToSet})`] : [])
  ]
  return missing.length === 0
    ? Effect.void
    : new CredentialsError({
        detail: `not set in the environment: ${missing.join("; ")}`,
        next: `Set them${needs.coolify && access.coolify === undefined ? ", or choose a Coolify with `fabrik context`" : ""}.${lacksDns ? " Where a wildcard or another record leads to the server already, say `dns: none` in the spec, and no DNS provider is needed." : ""} Without an account there is --sandbox, a Coolify inside fabrik; \`fabrik plan\` needs none either.`
      })
}

/**
 * What fabrik needs of a Coolify server, in fabrik's own terms. The wire form (snake_case, base64, strings for
 * lists) stays inside the live layer.
 *
 * Facts about the API are from coollabsio/coolify, routes/api.php and app/Http/Controllers/Api, at 4.3.11.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { CoolifyError } from "./CoolifyError.ts"

export interface Server {
  readonly uuid: string
  readonly name: string
  /** The address Coolify reaches it at: an IP, a host name, or `host.docker.internal` for Coolify's own host. */
  readonly ip: string
  readonly reachable: boolean
  readonly usable: boolean
}

/** The host names that Coolify serves at one address. */
export interface ServedDomains {
  readonly ip: string
  readonly domains: ReadonlyArray<string>
}

export interface Project {
  readonly uuid: string
  /** Grows: of two, the older one has the smaller. */
  readonly id: number
  readonly name: string
  readonly description: string
}

/** Coolify's probe inside the container. Numbers are seconds, but for `retries` and `status`. */
export interface ContainerHealthcheck {
  readonly enabled: boolean
  readonly path: string
  readonly port: string
  readonly status: number
  readonly interval: number
  readonly timeout: number
  readonly retries: number
  readonly startPeriod: number
}

/** The part of an application that fabrik writes, compares and restores. `undefined`/absent: not sent. */
export interface ApplicationSettings {
  readonly name: string
  readonly description: string
  /** Full URLs, e.g. `https://api.example.com`. Empty: none (no domain is generated). */
  readonly domains: ReadonlyArray<string>
  readonly port: number
  readonly healthcheck: ContainerHealthcheck
  readonly source: ApplicationSource
}

export type ApplicationSource =
  | { readonly _tag: "Image"; readonly name: string; readonly tag: string }
  | {
      readonly _tag: "Git"
      readonly repository: string
      readonly branch: string
      readonly commit: string
      readonly buildPack: string
      readonly baseDirectory: string
      readonly dockerfile: string
    }
  /** `text` is `undefined` when read with a token without `read:sensitive`. */
  | { readonly _tag: "Dockerfile"; readonly text: string | undefined }

/** An application as the API shows it. */
export interface Application extends ApplicationSettings {
  readonly uuid: string
  /** `state:health`, e.g. `running:healthy`, `exited:unhealthy`, `restarting:unknown`; bare `exited` before a first run. */
  readonly status: string
  /**
   * It publishes host ports or has a fixed name or address, so that Coolify stops it before it starts a new version.
   * A fixed name is told by `getApplication` alone.
   */
  readonly stopsFirst: boolean
  /**
   * How often its container has restarted by itself since its deployment, as far as Coolify has noticed: its look at
   * Docker lags by up to a minute, and so does `status`.
   */
  readonly restartCount: number
}

/** An environment of a project. */
export interface Environment {
  readonly uuid: string
  readonly name: string
  /** What an application names its environment by. */
  readonly id: number
}

/** An application among all of the team's. */
export interface ListedApplication extends Application {
  readonly environmentId: number
  /** `undefined` where Coolify does not say. */
  readonly server: Pick<Server, "uuid" | "name"> | undefined
  /** Coolify's names of settings that are not at their defaults and that fabrik neither reads nor writes. */
  readonly otherSettings: ReadonlyArray<string>
}

export interface CreateApplication extends ApplicationSettings {
  readonly projectUuid: string
  readonly serverUuid: string
  readonly environmentName: string
}

/** The fields to change; the rest stays. The source's kind and an inline Dockerfile's text cannot be changed. */
export type ApplicationPatch = Partial<ApplicationSettings>

/** Everything of fabrik's concern in one environment, from one request. */
export interface Inventory {
  readonly environmentUuid: string
  readonly description: string
  readonly applications: ReadonlyArray<Application>
  /** How many services and databases it has. Coolify does not tell all of its kinds of database here. */
  readonly others: number
}

export interface Variable {
  readonly key: string
  readonly value: Redacted.Redacted<string>
  readonly isPreview: boolean
  readonly isLiteral: boolean
  readonly isMultiline: boolean
  readonly isShownOnce: boolean
  readonly isRuntime: boolean
  readonly isBuildtime: boolean
  /** At most 256 characters; readable without `read:sensitive`. */
  readonly comment: string
}

/** A variable as listed; `value` is `undefined` when the token may not read it. */
export interface ObservedVariable extends Omit<Variable, "value"> {
  readonly uuid: string
  readonly value: Redacted.Redacted<string> | undefined
}

type DeploymentStatus = "queued" | "in_progress" | "finished" | "failed" | "cancelled-by-user"

export interface DeploymentLogLine {
  readonly stream: "stdout" | "stderr"
  readonly text: string
}

export interface Deployment {
  readonly uuid: string
  readonly status: DeploymentStatus
  readonly commit: string
  /** ISO 8601. */
  readonly createdAt: string
  /**
   * The newest lines. `undefined` when the token may not read them (`read:sensitive`), and in lists. Hidden lines are
   * left out.
   */
  readonly logs: ReadonlyArray<DeploymentLogLine> | undefined
  /** How many lines before the first of `logs` were not kept. */
  readonly logsBefore: number
}

export interface DeployTicket {
  readonly message: string
  /** May be a phantom: when the deployment was skipped as a duplicate, Coolify answers an uuid that exists nowhere. */
  readonly deploymentUuid: string | undefined
}

export interface DeleteOptions {
  readonly deleteVolumes: boolean
}

/**
 * The Coolify API. Every method is one HTTP request (plus the retries that are safe: any GET, and a write that was
 * refused before it could take effect), fails with a {@link CoolifyError} and is interruptible at any point. An update
 * without a change sends nothing; creating an inline Dockerfile on another port than 80 takes a second request.
 */
export class CoolifyClient extends Context.Tag("fabrik/coolify/CoolifyClient")<
  CoolifyClient,
  {
    /** The server's version, e.g. `4.3.11`. */
    readonly version: Effect.Effect<string, CoolifyError>
    readonly listServers: Effect.Effect<ReadonlyArray<Server>, CoolifyError>
    /**
     * The host names of all applications and services of the token's team, by the address of the server that they run on.
     * For Coolify's own host that is its public address, where the instance knows it; empty while there are no
     * domains. The controller looks at no server (ServersController::domains_by_server, 4.3.11), so every server's are
     * in it.
     */
    readonly servedDomains: (serverUuid: string) => Effect.Effect<ReadonlyArray<ServedDomains>, CoolifyError>
    readonly listProjects: Effect.Effect<ReadonlyArray<Project>, CoolifyError>
    /** A new project has the environment `production`. Project names are not unique. */
    readonly createProject: (project: {
      readonly name: string
      readonly description: string
    }) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
    /** Refused while it has resources: wait for their deletion first. */
    readonly deleteProject: (uuid: string) => Effect.Effect<void, CoolifyError>
    readonly createEnvironment: (
      projectUuid: string,
      name: string
    ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
    /** `Conflict` or `ServerError` where another of the project has that name. */
    readonly updateEnvironment: (
      projectUuid: string,
      name: string,
      to: { readonly name: string; readonly description: string }
    ) => Effect.Effect<void, CoolifyError>
    readonly deleteEnvironment: (projectUuid: string, name: string) => Effect.Effect<void, CoolifyError>
    /** `NotFound` when the project or the environment does not exist. */
    readonly inventory: (projectUuid: string, environment: string) => Effect.Effect<Inventory, CoolifyError>
    /** The environments of a project. */
    readonly listEnvironments: (
      projectUuid: string
    ) => Effect.Effect<ReadonlyArray<Environment>, CoolifyError>
    /** Every application of the token's team, in all projects; which project, only its environments tell. */
    readonly listApplications: Effect.Effect<ReadonlyArray<ListedApplication>, CoolifyError>
    /** Never deploys. Names are not unique: look before, and after an unknown outcome. */
    readonly createApplication: (
      application: CreateApplication
    ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
    readonly getApplication: (uuid: string) => Effect.Effect<Application, CoolifyError>
    /** Sends `domains` along where Coolify would otherwise keep stale proxy labels (it needs `current` for that). */
    readonly updateApplication: (
      uuid: string,
      patch: ApplicationPatch,
      current: ApplicationSettings
    ) => Effect.Effect<void, CoolifyError>
    /** Asynchronous: the application answers and holds its domain until the server's job has run, then `NotFound`. */
    readonly deleteApplication: (uuid: string, options: DeleteOptions) => Effect.Effect<void, CoolifyError>
    /** Asynchronous: its containers are removed and its status becomes `exited`; a deployment starts it again. */
    readonly stopApplication: (uuid: string) => Effect.Effect<void, CoolifyError>
    /** Production rows and preview rows alike. */
    readonly listVariables: (
      applicationUuid: string
    ) => Effect.Effect<ReadonlyArray<ObservedVariable>, CoolifyError>
    /** Upserts by key and `isPreview`; never deletes. Keys must not repeat within `variables`. */
    readonly putVariables: (
      applicationUuid: string,
      variables: ReadonlyArray<Variable>
    ) => Effect.Effect<void, CoolifyError>
    readonly deleteVariable: (
      applicationUuid: string,
      variableUuid: string
    ) => Effect.Effect<void, CoolifyError>
    readonly deploy: (
      applicationUuid: string,
      options: { readonly force: boolean }
    ) => Effect.Effect<DeployTicket, CoolifyError>
    /**
     * Succeeds when the token may deploy, and fails with `MissingAbility` when not. Asks for the end of a deployment
     * that does not exist: abilities are looked at before resources (routes/api.php, 4.3.11; 403 and 404 recorded).
     */
    readonly mayDeploy: Effect.Effect<void, CoolifyError>
    readonly getDeployment: (uuid: string) => Effect.Effect<Deployment, CoolifyError>
    /** Newest first. */
    readonly listDeployments: (
      applicationUuid: string,
      take: number
    ) => Effect.Effect<ReadonlyArray<Deployment>, CoolifyError>
    readonly cancelDeployment: (uuid: string) => Effect.Effect<void, CoolifyError>
    /**
     * The newest `lines` lines of the running container, with `timestamps` each behind its time
     * (`2026-01-31T12:00:00.000000000Z `). `Refused` when it is not running.
     */
    readonly logs: (
      applicationUuid: string,
      lines: number,
      options?: { readonly timestamps: boolean }
    ) => Effect.Effect<string, CoolifyError>
  }
>() {}

/** Applications, their containers and their logs. */
import * as Effect from "effect/Effect"
import { CoolifyError } from "../CoolifyError.ts"
import { refusedPatch } from "../Refusals.ts"
import type { ObservedSource } from "../Source.ts"
import type { Body, Transport } from "../Transport.ts"
import { ApplicationRow, ListedRows, toApplication, toListedApplication } from "./ApplicationAnswer.ts"
import { createApplicationBody, patchApplicationBody, routingBody } from "./ApplicationRequest.ts"
import type { BasicAuth } from "./BasicAuth.ts"
import { defaultPort } from "./Derived.ts"
import { Created, Logs, logsQuery } from "./Fields.ts"
import { plainBody, type PlainSettings } from "./PlainSettings.ts"
import type { Server } from "./Servers.ts"

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
  /** What it runs in place of its HTTP probe. Absent: it asks over HTTP. */
  readonly command?: string
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
  /** Absent: all of them are as nobody has set them. */
  readonly plain?: PlainSettings
  /** Absent: whoever comes is let in. A new application gets it by an update. */
  readonly basicAuth?: BasicAuth
  /**
   * Of a compose file in a repository: what Coolify has read of it. `null`: nothing yet, or there is none at its path. It
   * reads it some seconds after the creation (recorded: 11 s), and anew at each deployment. Absent where nothing tells.
   */
  readonly composeText?: string | null | undefined
}

/** `text` of a Dockerfile is `undefined` when read with a token without `read:sensitive`. */
export type ApplicationSource = ObservedSource

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
  /** Told by `getApplication` alone. */
  readonly hasFixedName?: boolean
  /** Of a compose file, those that are to run and go on running. */
  readonly containers?: ReadonlyArray<Container>
}

/** One of several containers of an application. */
interface Container {
  readonly name: string
  readonly image: string
  /** As an application's. */
  readonly status: string
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
export type ApplicationPatch = Partial<Omit<ApplicationSettings, "basicAuth" | "composeText">> & {
  readonly basicAuth?: BasicAuth | "off"
}

export interface DeleteOptions {
  readonly deleteVolumes: boolean
}

/** All of these default to true; the last would prune images that belong to others on the server. */
export const deletionQuery = ({ deleteVolumes }: DeleteOptions): Readonly<Record<string, string>> => ({
  delete_volumes: String(deleteVolumes),
  delete_connected_networks: "true",
  delete_configurations: "true",
  docker_cleanup: "false"
})

/** Requests about applications. */
export interface Applications {
  /** Every application of the token's team, in all projects; which project, only its environments tell. */
  readonly list: Effect.Effect<ReadonlyArray<ListedApplication>, CoolifyError>
  /** Never deploys. Names are not unique: look before, and after an unknown outcome. */
  readonly create: (application: CreateApplication) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  readonly get: (uuid: string) => Effect.Effect<Application, CoolifyError>
  /** Sends `domains` along where Coolify would otherwise keep stale proxy labels (it needs `current` for that). */
  readonly update: (
    uuid: string,
    patch: ApplicationPatch,
    current: ApplicationSettings
  ) => Effect.Effect<void, CoolifyError>
  /** Asynchronous: the application answers and holds its domain until the server's job has run, then `NotFound`. */
  readonly remove: (uuid: string, options: DeleteOptions) => Effect.Effect<void, CoolifyError>
  /** Asynchronous: its containers are removed and its status becomes `exited`; a deployment starts it again. */
  readonly stop: (uuid: string) => Effect.Effect<void, CoolifyError>
  /**
   * The newest `lines` lines of the running container, with `timestamps` each behind its time
   * (`2026-01-31T12:00:00.000000000Z `). `Refused` when it is not running.
   */
  readonly logs: (
    applicationUuid: string,
    lines: number,
    options?: LogOptions
  ) => Effect.Effect<string, CoolifyError>
}

interface LogOptions {
  readonly timestamps: boolean
  /** Of a compose file: which of its containers; absent: the main one. */
  readonly container?: string
}

/**
 * What Coolify does not take, or ignores, when an application is made (the port of an inline Dockerfile, the stage of a
 * Dockerfile) goes in a second request; when that one fails the error's outcome is unknown: the application exists and has
 * to be found and removed.
 */
export const makeApplications = ({ done, json }: Transport): Applications => ({
  list: json({ method: "listApplications", verb: "GET", path: "/applications" }, ListedRows).pipe(
    Effect.map((rows) => rows.map(toListedApplication))
  ),
  create: Effect.fn("coolify.createApplication")(function* (application) {
    const method = "createApplication"
    const { source } = application
    if (source._tag === "Compose") {
      return yield* new CoolifyError({
        method,
        reason: "Invalid",
        detail: "a compose file is no application"
      })
    }
    const { variant, body } = createApplicationBody({ ...application, source })
    const { uuid } = yield* json({ method, verb: "POST", path: `/applications/${variant}`, body }, Created)
    const rest: Body = {
      ...(application.source._tag === "Dockerfile" && application.port !== defaultPort
        ? routingBody(application.port, application.domains)
        : {}),
      ...plainBody(application.plain ?? {}, "patch")
    }
    if (Object.keys(rest).length > 0) {
      yield* done({
        method,
        verb: "PATCH",
        path: "/applications/{uuid}",
        ids: { uuid },
        body: rest
      }).pipe(
        Effect.mapError(
          (error) =>
            new CoolifyError({
              ...error,
              detail: `the application ${uuid} was created, but setting its ${Object.keys(rest).join(", ")} failed: ${error.detail}`,
              outcomeUnknown: true
            })
        )
      )
    }
    return { uuid }
  }),
  get: (uuid) =>
    json(
      { method: "getApplication", verb: "GET", path: "/applications/{uuid}", ids: { uuid } },
      ApplicationRow
    ).pipe(Effect.map(toApplication)),
  update: (uuid, patch, current) => {
    const refused = refusedPatch(patch, current)
    if (refused !== undefined) return Effect.fail(refused)
    const body = patchApplicationBody(patch, current)
    // Coolify refuses an empty object.
    return Object.keys(body).length === 0
      ? Effect.void
      : done({
          method: "updateApplication",
          verb: "PATCH",
          path: "/applications/{uuid}",
          ids: { uuid },
          body
        })
  },
  remove: (uuid, options) =>
    done({
      method: "deleteApplication",
      verb: "DELETE",
      path: "/applications/{uuid}",
      ids: { uuid },
      query: deletionQuery(options)
    }),
  stop: (uuid) =>
    done({ method: "stopApplication", verb: "POST", path: "/applications/{uuid}/stop", ids: { uuid } }),
  logs: (uuid, lines, options) =>
    json(
      {
        method: "logs",
        verb: "GET",
        path: "/applications/{uuid}/logs",
        ids: { uuid },
        query: logsQuery(lines, options)
      },
      Logs
    ).pipe(Effect.map(({ logs }) => logs))
})

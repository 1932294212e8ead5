/** Services: docker compose files that Coolify runs beside applications. */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import type { ContainerUrls } from "../ContainerUrls.ts"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Body, Transport } from "../Transport.ts"
import { type DeleteOptions, deletionQuery } from "./Applications.ts"
import { Created, Logs, logsQuery, orElse, text, Uuid, Whole } from "./Fields.ts"
import type { Server } from "./Servers.ts"

/** An entry of the compose file's `services`. One that has left the file stays, with the status `exited`. */
export interface ServiceContainer {
  readonly uuid: string
  /** Its key in the compose file. Docker and its neighbours know it as `<name>-<uuid of the service>`. */
  readonly name: string
  /** Coolify tells by the image. Only applications have URLs. */
  readonly kind: "application" | "database"
  /** `state:health`, without a health check `running:unknown`; bare `exited` while there is none. */
  readonly status: string
  readonly image: string
  /** Full URLs, e.g. `https://api.example.com:8080`: the port is the container's, not the visitors'. */
  readonly urls: ReadonlyArray<string>
}

export interface Service {
  readonly uuid: string
  readonly name: string
  readonly description: string
  /**
   * `state:health` of all its containers together: `degraded:unhealthy` if some of them are up and others are not,
   * `starting:unhealthy` while Coolify starts it. After a start it dips to `exited` for 1 to 48 s before it is `running`,
   * so that `exited` then does not mean failed; the API tells of no failure.
   */
  readonly status: string
  /**
   * As Coolify has written it anew: without comments and anchors, and without the `content` of files. `undefined` without
   * `read:sensitive`, and where the answer does not have it: then `get` tells.
   */
  readonly compose: string | undefined
  /** Its containers are on the network of the applications and databases of its server too. */
  readonly sharesNetwork: boolean
  readonly containers: ReadonlyArray<ServiceContainer>
  /** 0 where Coolify does not tell. */
  readonly environmentId: number
  /** `undefined` where Coolify does not tell. */
  readonly server: Pick<Server, "uuid" | "name"> | undefined
}

export interface CreateService {
  readonly projectUuid: string
  readonly serverUuid: string
  readonly environmentName: string
  readonly name: string
  readonly description: string
  readonly compose: string
  readonly urls: ReadonlyArray<ContainerUrls>
}

/** The fields to change; the rest stays. Containers that `urls` does not name keep theirs. */
export interface ServicePatch {
  readonly name?: string
  readonly description?: string
  readonly compose?: string
  readonly urls?: ReadonlyArray<ContainerUrls>
  readonly sharesNetwork?: boolean
}

/**
 * Requests about services. Coolify has no record of a start: it is followed by the status. Whatever it says of the compose
 * text happens when the text arrives and again at each start:
 * - each `${NAME:-default}`, `${NAME:?text}` and `SERVICE_...` becomes a variable of the service. A default is copied into
 *   the text for the server, where Compose reads the value once more, so that the flag `isLiteral` does not protect a `$`
 *   in it. The value of a missing `${NAME:?text}` is the text: the container starts with it.
 * - the `content` of a file counts when it is first read: another one later changes nothing.
 * - a container whose text asks for a domain (`SERVICE_FQDN_...`, `SERVICE_URL_...`) and that has none gets one. Of a service
 *   that is created with URLs these variables tell of the domain that Coolify has made up all the same.
 *
 * Measured on 4.3.11, but for what a start does to a domain that was taken away.
 */
export interface Services {
  /** Every service of the token's team; those of one environment stand in its inventory. */
  readonly list: Effect.Effect<ReadonlyArray<Service>, CoolifyError>
  /**
   * Starts nothing. Names are not unique: look before, and after an unknown outcome. A text without `services` is
   * `Invalid`, one that is no YAML a `ServerError`, a URL that is held elsewhere a `Conflict`; then nothing is made.
   */
  readonly create: (service: CreateService) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  readonly get: (uuid: string) => Effect.Effect<Service, CoolifyError>
  /** Whether this is the uuid of a service, and not of an application. */
  readonly has: (uuid: string) => Effect.Effect<boolean, CoolifyError>
  /**
   * Takes effect with the next start or restart. The text is stored before the URLs are looked at, so a refusal of those
   * leaves the outcome unknown.
   */
  readonly update: (uuid: string, patch: ServicePatch) => Effect.Effect<void, CoolifyError>
  /** Asynchronous: it answers and holds its URLs until the server's job has run, then `NotFound`. */
  readonly remove: (uuid: string, options: DeleteOptions) => Effect.Effect<void, CoolifyError>
  /** Asynchronous. `Refused` while it runs: then `restart` brings a change to its containers. */
  readonly start: (uuid: string) => Effect.Effect<void, CoolifyError>
  /** Asynchronous: its containers are removed, its volumes stay. `Refused` while it does not run. */
  readonly stop: (uuid: string) => Effect.Effect<void, CoolifyError>
  /** Asynchronous: all its containers are made anew, the old ones go first. */
  readonly restart: (uuid: string) => Effect.Effect<void, CoolifyError>
  /**
   * The newest `lines` lines of a container that runs, with `timestamps` each behind its time. `NotFound` or `Refused`
   * while there is none.
   */
  readonly logs: (
    uuid: string,
    container: string,
    lines: number,
    options?: { readonly timestamps: boolean }
  ) => Effect.Effect<string, CoolifyError>
}

const containerFields = {
  uuid: Uuid,
  name: Schema.String,
  status: text,
  image: text
}

export const ServiceRow = Schema.Struct({
  uuid: Uuid,
  name: Schema.String,
  description: text,
  status: text,
  docker_compose_raw: Schema.optionalWith(Schema.String, { nullable: true }),
  connect_to_docker_network: orElse(Schema.Boolean, false),
  applications: orElse(Schema.Array(Schema.Struct({ ...containerFields, fqdn: text })), []),
  databases: orElse(Schema.Array(Schema.Struct(containerFields)), []),
  environment_id: orElse(Whole, 0),
  server: Schema.optionalWith(Schema.Struct({ uuid: Uuid, name: Schema.String }), { nullable: true })
})

const urlsOf = (fqdn: string): ReadonlyArray<string> =>
  fqdn
    .split(",")
    .map((url) => url.trim())
    .filter((url) => url !== "")

export const toService = (row: typeof ServiceRow.Type): Service => ({
  uuid: row.uuid,
  name: row.name,
  description: row.description,
  status: row.status,
  compose: row.docker_compose_raw,
  sharesNetwork: row.connect_to_docker_network,
  environmentId: row.environment_id,
  server: row.server,
  containers: [
    ...row.applications.map(({ fqdn, ...rest }) => ({
      ...rest,
      kind: "application" as const,
      urls: urlsOf(fqdn)
    })),
    ...row.databases.map((rest) => ({ ...rest, kind: "database" as const, urls: [] }))
  ]
})

/** An empty list of all would give the container the domain that Coolify makes up. */
const urlsBody = (urls: ReadonlyArray<ContainerUrls>): Body =>
  urls.length === 0
    ? {}
    : { urls: urls.map(({ container, urls }) => ({ name: container, url: urls.join(",") })) }

const patchBody = ({ compose, description, name, sharesNetwork, urls }: ServicePatch): Body => ({
  ...(name === undefined ? {} : { name }),
  ...(description === undefined ? {} : { description }),
  ...(compose === undefined ? {} : { docker_compose_raw: Encoding.encodeBase64(compose) }),
  ...(sharesNetwork === undefined ? {} : { connect_to_docker_network: sharesNetwork }),
  ...urlsBody(urls ?? [])
})

export const makeServices = ({ done, json }: Transport): Services => {
  const get = (uuid: string) =>
    json({ method: "getService", verb: "GET", path: "/services/{uuid}", ids: { uuid } }, ServiceRow).pipe(
      Effect.map(toService)
    )
  const act = (method: "startService" | "stopService" | "restartService", word: string) => (uuid: string) =>
    done({ method, verb: "POST", path: `/services/{uuid}/${word}`, ids: { uuid } })
  return {
    list: json({ method: "listServices", verb: "GET", path: "/services" }, Schema.Array(ServiceRow)).pipe(
      Effect.map((rows) => rows.map(toService))
    ),
    create: (service) =>
      json(
        {
          method: "createService",
          verb: "POST",
          path: "/services",
          body: {
            project_uuid: service.projectUuid,
            server_uuid: service.serverUuid,
            environment_name: service.environmentName,
            name: service.name,
            description: service.description,
            docker_compose_raw: Encoding.encodeBase64(service.compose),
            ...urlsBody(service.urls),
            instant_deploy: false
          }
        },
        Created
      ),
    get,
    has: (uuid) =>
      Effect.catchIf(
        Effect.as(get(uuid), true),
        ({ reason }) => reason === "NotFound",
        () => Effect.succeed(false)
      ),
    update: (uuid, patch) => {
      const body = patchBody(patch)
      // Coolify refuses an empty object.
      return Object.keys(body).length === 0
        ? Effect.void
        : done({
            method: "updateService",
            verb: "PATCH",
            path: "/services/{uuid}",
            ids: { uuid },
            body,
            piecemeal: patch.urls !== undefined
          })
    },
    remove: (uuid, options) =>
      done({
        method: "deleteService",
        verb: "DELETE",
        path: "/services/{uuid}",
        ids: { uuid },
        query: deletionQuery(options)
      }),
    start: act("startService", "start"),
    stop: act("stopService", "stop"),
    restart: act("restartService", "restart"),
    logs: (uuid, container, lines, options) =>
      json(
        {
          method: "serviceLogs",
          verb: "GET",
          path: "/services/{uuid}/logs",
          ids: { uuid },
          query: { sub_service_name: container, ...logsQuery(lines, options) }
        },
        Logs
      ).pipe(Effect.map(({ logs }) => logs))
  }
}

/** Services: read, create, change, delete, start, stop. From ServicesController at 4.3.11, as recorded. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import * as Compose from "./Compose.ts"
import type { CoolifyState, Token } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { templates } from "./OneClick.ts"
import { invalid, refusal, refuse, reply, serverError, type Refusal } from "./Reply.ts"
import { action, get, remove, send, type Call, type Fields, type Route } from "./Route.ts"
import { domainsOf, withUrls } from "./ServiceDomains.ts"
import { parse, readdressed } from "./ServiceParse.ts"
import { statusOf } from "./ServiceRun.ts"
import type { ComposeService } from "./ServiceState.ts"
import * as Wire from "./ServiceWire.ts"
import { placeFor } from "./StandaloneRoutes.ts"
import * as Tags from "./Tags.ts"
import { check, checkKnown, isTrue, text, type Errors, type Rules } from "./Validation.ts"

const common: Rules = {
  name: { type: "string", max: 255 },
  description: { type: "string", nullable: true },
  docker_compose_raw: { type: "string" },
  instant_deploy: { type: "boolean" },
  urls: { type: "array", nullable: true },
  force_domain_override: { type: "boolean" },
  is_container_label_escape_enabled: { type: "boolean" }
}

const forCreate: Rules = {
  type: { type: "string" },
  project_uuid: { type: "string", required: true },
  environment_name: { type: "string", nullable: true },
  environment_uuid: { type: "string", nullable: true },
  server_uuid: { type: "string", required: true },
  destination_uuid: { type: "string", nullable: true },
  ...common,
  tags: { type: "array" }
}

const forPatch: Rules = { ...common, connect_to_docker_network: { type: "boolean" } }

/** One of both has to be there. */
const missingSource = (body: Fields): Errors => {
  const lacks = (field: string) => body[field] === undefined || body[field] === null
  if (!lacks("type") || !lacks("docker_compose_raw")) return {}
  const words = (field: string, other: string) =>
    `The ${field.replaceAll("_", " ")} field is required when ${other.replaceAll("_", " ")} is not present.`
  return {
    type: [words("type", "docker_compose_raw")],
    docker_compose_raw: [words("docker_compose_raw", "type")]
  }
}

const merged = (...all: ReadonlyArray<Errors>): Errors => {
  const out: Errors = {}
  for (const errors of all) {
    for (const [field, messages] of Object.entries(errors)) out[field] = [...(out[field] ?? []), ...messages]
  }
  return out
}

const checked = (
  body: Fields,
  rules: Rules,
  ...more: ReadonlyArray<Errors>
): Either.Either<void, Refusal> => {
  const errors = checkKnown(body, Object.keys(rules), merged(check(body, rules), ...more))
  return Object.keys(errors).length === 0 ? Either.void : Either.left(invalid(errors))
}

/** The text of a request, once it is one that Coolify can read. */
const composeText = (sent: string): Either.Either<string, Refusal> => {
  const bad = (message: string) => Either.left(invalid({ docker_compose_raw: message }))
  const decoded = Buffer.from(sent, "base64")
  if (decoded.toString("base64") !== sent) return bad("The docker_compose_raw should be base64 encoded.")
  const source = decoded.toString("utf8")
  return Either.match(Compose.read(source), {
    onLeft: (fault) =>
      fault === "Malformed"
        ? Either.left(serverError)
        : bad('Docker Compose file must contain a "services" section'),
    onRight: (file) => {
      const fault = Compose.volumeFault(file)
      return fault === undefined ? Either.right(source) : bad(fault)
    }
  })
}

const sourceOf = (
  body: Fields
): Either.Either<{ readonly source: string; readonly type: string | null }, Refusal> => {
  const type = text(body["type"])
  if (type === "") {
    return Either.map(composeText(text(body["docker_compose_raw"])), (source) => ({ source, type: null }))
  }
  if (text(body["docker_compose_raw"]) !== "") {
    const message = "You cannot provide both service type and docker_compose_raw. Use one or the other."
    return Either.left(refuse(422, message))
  }
  const source = templates[type]
  return source === undefined
    ? Either.left(
        refusal(404, { message: "Invalid service type.", valid_service_types: Object.keys(templates) })
      )
    : Either.right({ source, type })
}

const answered = (state: CoolifyState, { id, uuid }: ComposeService) => ({
  uuid,
  domains: domainsOf(state.parts.filter((part) => part.service_id === id))
})

/** All or nothing: what a refused one has made so far is gone again. */
const create = (state: CoolifyState, fresh: Fresh, body: Fields, token: Token) =>
  Either.gen(function* () {
    yield* checked(body, forCreate, missingSource(body))
    const { source, type } = yield* sourceOf(body)
    const { environment, server } = yield* placeFor(state, token, body)
    const [id, next] = takeId(state)
    const uuid = fresh.uuid()
    const names: Array<string> = []
    for (const name of Array.isArray(body["tags"]) ? body["tags"] : []) {
      names.push(yield* Tags.normalise("tags", name))
    }
    const [tags, tagged] = Tags.ensureAll(next, fresh, token.team_id, names)
    const row: ComposeService = {
      id,
      uuid,
      environment_id: environment.id,
      server_id: server.id,
      name: text(body["name"]) || `${type ?? "service"}-${uuid}`,
      description: text(body["description"]),
      docker_compose_raw: source,
      docker_compose: "",
      service_type: type,
      connect_to_docker_network: false,
      is_container_label_escape_enabled:
        !("is_container_label_escape_enabled" in body) || isTrue(body["is_container_label_escape_enabled"]),
      config_hash: null,
      is_starting: false,
      tag_ids: tags,
      created_at: fresh.now,
      updated_at: fresh.now
    }
    const parsed = parse({ ...tagged, services: [...tagged.services, row] }, fresh, row, server)
    const done = yield* withUrls(parsed, fresh, token, row, body)
    return [answered(done, row), done] as const
  })

/**
 * What is written before the addresses are looked at stays when they are refused, so the outcome comes beside the state.
 */
const update = (
  state: CoolifyState,
  fresh: Fresh,
  body: Fields,
  { server, service, token }: Lookup.PlacedService & { readonly token: Token }
): readonly [Either.Either<object, Refusal>, CoolifyState] => {
  const source =
    "docker_compose_raw" in body
      ? composeText(text(body["docker_compose_raw"]))
      : Either.right(service.docker_compose_raw)
  if (Either.isLeft(source)) return [Either.left(source.left), state]
  const flag = (name: "connect_to_docker_network" | "is_container_label_escape_enabled") =>
    name in body ? isTrue(body[name]) : service[name]
  const row: ComposeService = {
    ...service,
    name: text(body["name"]) || service.name,
    description: "description" in body ? text(body["description"]) : service.description,
    connect_to_docker_network: flag("connect_to_docker_network"),
    is_container_label_escape_enabled: flag("is_container_label_escape_enabled"),
    docker_compose_raw: source.right,
    updated_at: fresh.now
  }
  const parsed = parse({ ...state, services: replaceRow(state.services, row) }, fresh, row, server)
  const addressed = withUrls(parsed, fresh, token, row, body)
  return Either.isLeft(addressed)
    ? [Either.left(addressed.left), parsed]
    : [Either.right(answered(addressed.right, row)), readdressed(addressed.right, fresh, row)]
}

const patch = ({ database, engine }: Backend, { body, param, token }: Call) =>
  Effect.gen(function* () {
    const outcome = yield* database.transact((state, fresh) =>
      Either.gen(function* () {
        const placed = yield* Lookup.service(state, token, param("uuid"))
        yield* checked(body, forPatch)
        return update(state, fresh, body, { ...placed, token })
      })
    )
    const answer = yield* outcome
    if (isTrue(body["instant_deploy"])) yield* engine.later("start-service", param("uuid"))
    return reply(200, answer)
  })

const readRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/services", "read", ({ query, sensitive, token }) =>
    database.read((state) => {
      const tag = query["tag"]
      const ids = state.tags.filter((row) => row.name === tag).map((row) => row.id)
      const rows = Lookup.services(state, token).filter(
        ({ service }) => !tag || service.tag_ids.some((id) => ids.includes(id))
      )
      return Either.right(
        reply(
          200,
          rows.map((placed) => Wire.listed(placed, sensitive))
        )
      )
    })
  ),
  get("/services/:uuid", "read", ({ param, sensitive, token }) =>
    database.read((state) =>
      Either.map(Lookup.service(state, token, param("uuid")), (placed) =>
        reply(200, Wire.detail(placed, sensitive))
      )
    )
  )
]

const writeRoutes = (backend: Backend): ReadonlyArray<Route> => {
  const { database, engine } = backend
  return [
    send("POST", "/services", "write", ({ body, token }) =>
      Effect.gen(function* () {
        const made = yield* database.transact((state, fresh) => create(state, fresh, body, token))
        if (isTrue(body["instant_deploy"])) yield* engine.later("start-service", made.uuid)
        return reply(201, made)
      })
    ),
    send("PATCH", "/services/:uuid", "write", (call) => patch(backend, call)),
    remove("/services/:uuid", ({ param, query, token }) =>
      Effect.gen(function* () {
        const { service } = yield* database.read((state) => Lookup.service(state, token, param("uuid")))
        const keepsVolumes = "delete_volumes" in query && !isTrue(query["delete_volumes"])
        yield* engine.later("delete-service", service.uuid, { keepsVolumes })
        return reply(200, { message: "Service deletion request queued." })
      })
    )
  ]
}

const runRoutes = ({ database, engine }: Backend): ReadonlyArray<Route> => {
  const work = (
    word: "start" | "stop" | "restart",
    doing: string,
    refused: (status: string) => string | undefined
  ) =>
    action(`/services/:uuid/${word}`, "deploy", ({ param, token }) =>
      Effect.gen(function* () {
        const { parts, service } = yield* database.read((state) =>
          Lookup.service(state, token, param("uuid"))
        )
        const why = refused(statusOf(service, parts))
        if (why !== undefined) return yield* refuse(400, why)
        yield* engine.later(`${word}-service`, service.uuid)
        return reply(200, { message: `Service ${doing} request queued.` })
      })
    )
  return [
    work("start", "starting", (status) =>
      status.includes("running") ? "Service is already running." : undefined
    ),
    work("stop", "stopping", (status) =>
      /stopped|exited/.test(status) ? "Service is already stopped." : undefined
    ),
    work("restart", "restarting", () => undefined)
  ]
}

export const serviceRoutes = (backend: Backend): ReadonlyArray<Route> => [
  ...readRoutes(backend),
  ...writeRoutes(backend),
  ...runRoutes(backend)
]

/**
 * Applications: read, create, change, delete, start, stop. From ApplicationsController at 4.3.11.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ApplicationCreate from "./ApplicationCreate.ts"
import { checkFields, labelled, written } from "./ApplicationWrite.ts"
import type { Backend } from "./Backend.ts"
import * as Behaviour from "./Behaviour.ts"
import * as Columns from "./Columns.ts"
import * as ContainerDomains from "./ContainerDomains.ts"
import { printed } from "./ContainerLog.ts"
import type { Application, CoolifyState } from "./CoolifyState.ts"
import { replaceRow, type Fresh } from "./Database.ts"
import * as Domains from "./Domains.ts"
import * as GitCompose from "./GitCompose.ts"
import * as Lifeline from "./Lifeline.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refusal, refuse, reply, type FieldErrors } from "./Reply.ts"
import { action, get, remove, send, type Call, type Route } from "./Route.ts"
import { check, isTrue, text } from "./Validation.ts"
import * as Wire from "./Wire.ts"

/** Sending one of these writes the labels anew. */
const relabelling = [
  "domains",
  "noindex_domains",
  "is_http_basic_auth_enabled",
  "http_basic_auth_username",
  "http_basic_auth_password",
  "is_gzip_enabled",
  "is_stripprefix_enabled"
]

const patch = (state: CoolifyState, fresh: Fresh, { body, token, param }: Call) =>
  Either.gen(function* () {
    const { application, server } = yield* Lookup.application(
      state,
      token,
      param("uuid"),
      Lookup.notFoundOnWrite
    )
    const { now } = fresh
    if (ContainerDomains.isCompose(application)) yield* ContainerDomains.refuseDomains(body)
    // Domains come first here: their errors hide those of other fields.
    const routed = "domains" in body && server.proxy !== "NONE"
    if (routed && body["domains"] !== null && typeof body["domains"] !== "string") {
      const errors = ["The domains field must be a string."]
      return yield* Either.left(refusal(422, { message: "Validation failed.", errors }))
    }
    const domains = routed ? yield* Domains.normalise(text(body["domains"])) : []
    if (routed && !isTrue(body["force_domain_override"])) {
      const others = Lookup.domainHolders(state, token).filter(({ uuid }) => uuid !== application.uuid)
      yield* Domains.checkFree(domains, others)
    }
    yield* checkFields(body, "patch", [])
    // There is no way back to an image once an application is built from something else.
    const pack = application.columns["build_pack"]
    if (body["build_pack"] === "dockerimage" && pack !== "dockerimage") {
      return yield* Either.left(invalid({ build_pack: ["The selected build pack is invalid."] }))
    }
    if (isTrue(body["is_raw_compose_deployment_enabled"]) && pack !== "dockercompose") {
      const message = "Raw compose deployment can only be enabled for Docker Compose applications."
      return yield* Either.left(invalid({ is_raw_compose_deployment_enabled: message }))
    }
    const compose = application.columns["docker_compose_raw"]
    if ("docker_compose_domains" in body && typeof compose !== "string") {
      const message =
        "Cannot set docker_compose_domains without docker_compose_raw. Reload the compose file from the git repository first."
      return yield* Either.left(invalid({ docker_compose_domains: message }))
    }
    const inContainers = yield* ContainerDomains.sent(body)
    if (!isTrue(body["force_domain_override"])) {
      const others = Lookup.domainHolders(state, token).filter(({ uuid }) => uuid !== application.uuid)
      const named = Object.values(inContainers ?? {}).flatMap(({ domain }) => Domains.list(domain ?? ""))
      yield* Domains.checkFree(named, others)
    }
    const sent = yield* written(body)
    const fqdn = routed ? { fqdn: domains.length === 0 ? null : domains.join(",") } : {}
    const changed: Application = {
      ...application,
      columns: { ...application.columns, ...sent.columns, ...fqdn },
      settings: { ...application.settings, ...sent.settings },
      updated_at: now
    }
    const relabel = relabelling.some((name) => name in body && (name !== "domains" || routed))
    const row = relabel ? labelled(changed) : changed
    const next = { ...state, applications: replaceRow(state.applications, row) }
    return [
      row,
      inContainers === undefined || typeof compose !== "string"
        ? next
        : GitCompose.readdressed(next, fresh, row, { server, text: compose, sent: inContainers })
    ] as const
  })

/** Docker has the log of a container only while it runs: Coolify answers 400 in between. */
const logs = (state: CoolifyState, now: number, { param, query, token }: Call) =>
  Either.gen(function* () {
    const { application } = yield* Lookup.application(state, token, param("uuid"))
    const container = state.containers.find((one) => one.application_uuid === application.uuid)
    const behaviour = Behaviour.fromVariables(container?.env ?? {})
    const life = Lifeline.lifeAt(behaviour, container?.started_at ?? now, now)
    if (container === undefined || !life.up) {
      return yield* Either.left(refuse(400, "Application is not running."))
    }
    return reply(200, { logs: printed(container, behaviour, life, query) })
  })

const move = (state: CoolifyState, now: number, { body, token, param }: Call) =>
  Either.gen(function* () {
    const { application } = yield* Lookup.application(state, token, param("uuid"))
    const errors: FieldErrors = {
      ...check(body, { environment_uuid: { type: "string", required: true } }),
      ...Object.fromEntries(
        Object.keys(body)
          .filter((name) => name !== "environment_uuid")
          .map((name) => [name, "This field is not allowed."])
      )
    }
    if (Object.keys(errors).length > 0) return yield* Either.left(invalid(errors))
    const environment = state.environments.find((row) => row.uuid === body["environment_uuid"])
    const project = Lookup.projects(state, token).find((row) => row.id === environment?.project_id)
    if (environment === undefined || project === undefined) {
      return yield* Either.left(refuse(404, "Target environment not found or not owned by your team."))
    }
    if (environment.id === application.environment_id) {
      return yield* Either.left(refuse(400, "Application is already in this environment."))
    }
    const moved = { ...application, environment_id: environment.id, updated_at: now }
    const answer = reply(200, {
      message: "Application moved successfully.",
      uuid: application.uuid,
      project_uuid: project.uuid,
      environment_uuid: environment.uuid
    })
    return [answer, { ...state, applications: replaceRow(state.applications, moved) }] as const
  })

const readRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/applications", "read", ({ token, query, sensitive }) =>
    database.read((state) => {
      const tag = query["tag"]
      const ids = state.tags.filter((row) => row.name === tag).map((row) => row.id)
      const rows = Lookup.applications(state, token)
        .filter(({ application }) => !tag || application.tag_ids.some((id) => ids.includes(id)))
        .toSorted((a, b) => {
          const [left, right] = [a, b].map((one) => Columns.string(one.application.columns, "name"))
          return (left ?? "") < (right ?? "") ? -1 : left === right ? 0 : 1
        })
      return Either.right(
        reply(
          200,
          rows.map((row) => Wire.application(row, sensitive))
        )
      )
    })
  ),
  get("/applications/:uuid", "read", ({ param, token, sensitive }) =>
    database.read((state) =>
      Lookup.application(state, token, param("uuid")).pipe(
        Either.map((placed) => reply(200, Wire.applicationDetail(placed, sensitive)))
      )
    )
  ),
  get("/applications/:uuid/logs", "read", (call) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => database.read((state) => logs(state, now, call)))
  )
]

const createRoute = ({ database, engine }: Backend, variant: ApplicationCreate.Variant): Route =>
  send("POST", `/applications/${variant}`, "write", ({ body, token }) =>
    Effect.gen(function* () {
      const application = yield* database.transact((state, fresh) =>
        ApplicationCreate.create(state, fresh, variant, body, token)
      )
      // Deploys before anybody can add variables, and says nothing of it.
      if (isTrue(body["instant_deploy"])) yield* engine.enqueue({ application, instant: true })
      else if (ContainerDomains.isCompose(application)) yield* engine.later("load-compose", application.uuid)
      return reply(201, { uuid: application.uuid, domains: application.columns["fqdn"] ?? null })
    })
  )

const writeRoutes = ({ database, engine }: Backend): ReadonlyArray<Route> => [
  send("PATCH", "/applications/:uuid", "write", (call) =>
    Effect.gen(function* () {
      const application = yield* database.transact((state, fresh) => patch(state, fresh, call))
      if (isTrue(call.body["instant_deploy"])) yield* engine.enqueue({ application })
      return reply(200, { uuid: application.uuid })
    })
  ),
  remove("/applications/:uuid", ({ param, query, token }) =>
    database
      .read((state) => Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite))
      .pipe(
        Effect.tap(({ application }) =>
          engine.later("delete", application.uuid, {
            keepsVolumes: "delete_volumes" in query && !isTrue(query["delete_volumes"])
          })
        ),
        Effect.as(reply(200, { message: "Application deletion request queued." }))
      )
  ),
  {
    ...send("POST", "/applications/:uuid/move", "write", (call) =>
      database.transact((state, { now }) => move(state, now, call))
    ),
    body: false
  }
]

const runRoutes = ({ database, engine }: Backend): ReadonlyArray<Route> => {
  const find = ({ param, token }: Call) =>
    database.read((state) => Lookup.application(state, token, param("uuid")))
  return [
    action("/applications/:uuid/start", "deploy", (call) =>
      Effect.gen(function* () {
        const { application } = yield* find(call)
        const answer = yield* engine.enqueue({
          application,
          force: isTrue(call.query["force"]),
          instant: isTrue(call.query["instant_deploy"])
        })
        // A full queue is not told: the uuid exists nowhere then.
        return answer.outcome === "skipped"
          ? reply(200, { message: answer.message })
          : reply(200, { message: "Deployment request queued.", deployment_uuid: answer.deploymentUuid })
      })
    ),
    action("/applications/:uuid/restart", "deploy", (call) =>
      Effect.gen(function* () {
        const { application } = yield* find(call)
        const answer = yield* engine.enqueue({ application, restartOnly: true })
        return answer.outcome === "skipped"
          ? reply(200, { message: answer.message })
          : reply(200, { message: "Restart request queued.", deployment_uuid: answer.deploymentUuid })
      })
    ),
    action("/applications/:uuid/stop", "deploy", (call) =>
      find(call).pipe(
        Effect.tap(({ application }) => engine.later("stop", application.uuid)),
        Effect.as(reply(200, { message: "Application stopping request queued." }))
      )
    )
  ]
}

const variants = ["public", "private-github-app", "private-deploy-key", "dockerfile", "dockerimage"] as const

export const applicationRoutes = (backend: Backend): ReadonlyArray<Route> => [
  ...readRoutes(backend),
  ...variants.map((variant) => createRoute(backend, variant)),
  ...writeRoutes(backend),
  ...runRoutes(backend)
]

/**
 * Deployments: ask for one, look at them, cancel, roll back. From DeployController at 4.3.11.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import * as Columns from "./Columns.ts"
import type { CoolifyState, Deployment, Token } from "./CoolifyState.ts"
import { replaceRow } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refusal, refuse, reply } from "./Reply.ts"
import { action, get, send, type Call, type Route } from "./Route.ts"
import { isActive, queueFull } from "./Queue.ts"
import { check, isEmpty, isTrue, text } from "./Validation.ts"
import { timestamp } from "./Timestamp.ts"
import * as Wire from "./Wire.ts"

const items = (sent: unknown): ReadonlyArray<string> =>
  text(sent)
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")

const full = refusal(429, { message: queueFull }, { "Retry-After": "60" })

const deploy = ({ database, engine }: Backend, call: Call) =>
  Effect.gen(function* () {
    const input = { ...call.query, ...call.body }
    const uuids = items(input["uuid"])
    const tags = items(input["tag"])
    const pullRequest = Number(input["pull_request_id"] ?? input["pr"] ?? 0) || 0
    const dockerTag = text(input["docker_tag"])
    if (uuids.length > 0 && tags.length > 0) {
      return yield* refuse(400, "You can only use uuid or tag, not both.")
    }
    if (tags.length > 0 && pullRequest > 0) {
      return yield* refuse(400, "You can only use tag or pr, not both.")
    }
    if (dockerTag !== "" && pullRequest === 0) {
      return yield* refuse(400, "docker_tag requires pull_request_id.")
    }
    if (uuids.length === 0 && tags.length === 0) return yield* refuse(400, "You must provide uuid or tag.")

    const state = yield* database.get
    const tagIds = state.tags.filter((row) => tags.includes(row.name)).map((row) => row.id)
    const wanted = Lookup.applications(state, call.token).filter(({ application }) =>
      tags.length > 0
        ? application.tag_ids.some((id) => tagIds.includes(id))
        : uuids.includes(application.uuid)
    )
    const services = Lookup.services(state, call.token).filter(({ service }) =>
      tags.length > 0 ? service.tag_ids.some((id) => tagIds.includes(id)) : uuids.includes(service.uuid)
    )
    if (wanted.length + services.length === 0) {
      const message = tags.length > 0 ? "No resources found with this tag." : "No resources found."
      return yield* refuse(404, message)
    }
    const answers = yield* Effect.forEach(wanted, ({ application }) =>
      Effect.gen(function* () {
        if (pullRequest > 0 && dockerTag === "") {
          const message = `Pull request ${pullRequest} not found for this resource.`
          return { message, resource_uuid: application.uuid }
        }
        const answer = yield* engine.enqueue({
          application,
          force: isTrue(input["force"]),
          pullRequest,
          ...(dockerTag === "" ? {} : { dockerTag })
        })
        if (answer.outcome === "full") return yield* full
        // Also for a skipped one, whose uuid exists nowhere.
        return {
          message: answer.message,
          resource_uuid: application.uuid,
          deployment_uuid: answer.deploymentUuid
        }
      })
    )
    const begun = yield* Effect.forEach(services, ({ service }) =>
      Effect.as(engine.later("start-service", service.uuid), {
        message: `Service ${service.name} started. It could take a while, be patient.`,
        resource_uuid: service.uuid
      })
    )
    const all = [...answers, ...begun]
    return tags.length > 0
      ? reply(200, {
          message: all.map((one) => one.message),
          details: all.map(({ message: _, ...detail }) => detail)
        })
      : reply(200, { deployments: all })
  })

const teamOf = (state: CoolifyState, row: Deployment): number | undefined => {
  const application = state.applications.find((one) => one.id === row.application_id)
  return application === undefined ? undefined : Lookup.place(state, application)?.project.team_id
}

const ofTeam = (state: CoolifyState, token: Token, uuid: string) => {
  const row = state.deployments.find((one) => one.deployment_uuid === uuid)
  return row !== undefined && teamOf(state, row) === token.team_id
    ? Either.right(row)
    : Either.left(refuse(404, "Deployment not found."))
}

/**
 * Queued and running ones by id, under the keys they had in the order of the table: a row that was written moves to
 * the end there, and then JSON shows an object instead of an array (Coolify #10077).
 */
const active = (state: CoolifyState, { token, sensitive }: Call) => {
  const physical = state.deployments
    .filter((row) => isActive(row) && teamOf(state, row) === token.team_id)
    .toSorted((a, b) => a.updated_at - b.updated_at || a.id - b.id)
  const shown = physical.map((row) => Wire.deployment(state, row, sensitive))
  const sorted = physical.every((row, index) => index === 0 || (physical[index - 1]?.id ?? 0) < row.id)
  return sorted ? shown : Object.fromEntries(shown.map((row, index) => [String(index), row]))
}

const cancel = ({ database, engine }: Backend, { param, token }: Call) =>
  Effect.gen(function* () {
    const uuid = param("deployment")
    yield* database.transact((state, { now }) =>
      Either.gen(function* () {
        const row = state.deployments.find((one) => one.deployment_uuid === uuid)
        if (row === undefined) return yield* Either.left(refuse(404, "Deployment not found."))
        if (teamOf(state, row) !== token.team_id) {
          return yield* Either.left(refuse(403, "You do not have permission to cancel this deployment."))
        }
        if (!isActive(row)) {
          const message = `Deployment cannot be cancelled. Current status: ${row.status}`
          return yield* Either.left(refuse(400, message))
        }
        const cancelled: Deployment = {
          ...row,
          status: "cancelled-by-user",
          updated_at: now,
          finished_at: now
        }
        return [undefined, { ...state, deployments: replaceRow(state.deployments, cancelled) }] as const
      })
    )
    yield* engine.halt(uuid)
    return reply(200, {
      message: "Deployment cancelled successfully.",
      deployment_uuid: uuid,
      status: "cancelled-by-user"
    })
  }).pipe(Effect.uninterruptible)

const history = (state: CoolifyState, { param, token, query, sensitive }: Call) =>
  Either.gen(function* () {
    const errors = check(query, { skip: { type: "integer", min: 0 }, take: { type: "integer", min: 1 } })
    const [first] = Object.values(errors).flat()
    if (first !== undefined) return yield* Either.left(refusal(422, { message: first, errors }))
    const { application } = yield* Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite)
    const rows = state.deployments.filter((row) => row.application_id === application.id).toReversed()
    const skip = Number(query["skip"] ?? 0)
    const page = rows.slice(skip, skip + Number(query["take"] ?? 10))
    return reply(200, {
      count: rows.length,
      deployments: page.map((row) => Wire.deployment(state, row, sensitive))
    })
  })

const rollbackImages = (state: CoolifyState, { param, token }: Call) =>
  Either.map(Lookup.application(state, token, param("uuid")), ({ application }) => {
    const kept = Columns.integer(application.settings, "docker_images_to_keep") + 1
    const built = state.deployments
      .filter((row) => row.application_id === application.id && row.status === "finished")
      .toReversed()
    const newest = new Map(built.map((row) => [row.commit, row] as const).toReversed())
    const images = [...newest.values()]
      .toSorted((a, b) => b.id - a.id)
      .slice(0, kept)
      .map((row) => ({ tag: row.commit, created_at: timestamp(row.created_at), is_current: false }))
    return reply(200, { current: null, images })
  })

const rollback = ({ database, engine }: Backend, { param, token, body }: Call) =>
  Effect.gen(function* () {
    const { application } = yield* database.read((state) => Lookup.application(state, token, param("uuid")))
    const errors = check(body, { commit: { type: "string", required: true, max: 128 } })
    if (!isEmpty(errors)) return yield* invalid(errors)
    const answer = yield* engine.enqueue({ application, rollbackTo: text(body["commit"]) })
    if (answer.outcome === "full") return yield* refuse(400, answer.message)
    return reply(200, {
      message: "Rollback deployment queued.",
      deployment_uuid: answer.deploymentUuid
    })
  })

export const deploymentRoutes = (backend: Backend): ReadonlyArray<Route> => {
  const { database } = backend
  return [
    action("/deploy", "deploy", (call) => deploy(backend, call)),
    get("/deployments", "read", (call) =>
      database.read((state) => Either.right(reply(200, active(state, call))))
    ),
    get("/deployments/applications/:uuid", "read", (call) => database.read((state) => history(state, call))),
    get("/deployments/:deployment", "read", ({ param, token, sensitive }) =>
      database.read((state) =>
        Either.map(ofTeam(state, token, param("deployment")), (row) => {
          const application = state.applications.find((one) => one.id === row.application_id)
          const placed = application === undefined ? undefined : Lookup.place(state, application)
          return reply(200, {
            ...Wire.deployment(state, row, sensitive),
            ...(placed === undefined ? {} : { application: Wire.deployedApplication(placed) })
          })
        })
      )
    ),
    {
      ...action("/deployments/:deployment/cancel", "deploy", (call) => cancel(backend, call)),
      postOnly: false
    },
    get("/applications/:uuid/rollback-images", "read", (call) =>
      database.read((state) => rollbackImages(state, call))
    ),
    send("POST", "/applications/:uuid/rollback", "deploy", (call) => rollback(backend, call))
  ]
}

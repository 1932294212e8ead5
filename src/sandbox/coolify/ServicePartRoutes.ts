/** The parts of services: read, change, start, stop, logs. From ServicesController at 4.3.11. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import * as Behaviour from "./Behaviour.ts"
import { printed } from "./ContainerLog.ts"
import type { CoolifyState, Token } from "./CoolifyState.ts"
import { replaceRow, type Fresh } from "./Database.ts"
import * as Lifeline from "./Lifeline.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply } from "./Reply.ts"
import { action, get, send, type Call, type Fields, type Route } from "./Route.ts"
import { withUrl } from "./ServiceDomains.ts"
import { parse, readdressed } from "./ServiceParse.ts"
import type { ServicePart } from "./ServiceState.ts"
import * as Wire from "./ServiceWire.ts"
import { check, checkKnown, isEmpty, isTrue, text, type Rules } from "./Validation.ts"

type Kind = ServicePart["kind"]

const common: Rules = {
  human_name: { type: "string", nullable: true, max: 255 },
  description: { type: "string", nullable: true },
  image: { type: "string", max: 255 },
  exclude_from_status: { type: "boolean" },
  is_gzip_enabled: { type: "boolean" },
  is_stripprefix_enabled: { type: "boolean" }
}

const rules: Readonly<Record<Kind, Rules>> = {
  application: {
    ...common,
    url: { type: "string", nullable: true },
    force_domain_override: { type: "boolean" }
  },
  database: { ...common, is_public: { type: "boolean" }, public_port: { type: "number", nullable: true } }
}

const found = (state: CoolifyState, token: Token, kind: Kind, { param }: Pick<Call, "param">) =>
  Either.flatMap(Lookup.service(state, token, param("uuid")), (placed) => {
    const part = placed.parts.find((row) => row.kind === kind && row.uuid === param("part"))
    return part === undefined
      ? Either.left(refuse(404, `Service ${kind} not found.`))
      : Either.right({ part, placed })
  })

const written = (part: ServicePart, body: Fields, now: number): ServicePart => {
  const flag = (
    name: "exclude_from_status" | "is_gzip_enabled" | "is_stripprefix_enabled" | "is_public"
  ): boolean => (name in body ? isTrue(body[name]) : part[name])
  const words = (name: "human_name" | "description"): string | null =>
    name in body ? text(body[name]) || null : part[name]
  const port = Number(body["public_port"])
  return {
    ...part,
    human_name: words("human_name"),
    description: words("description"),
    image: text(body["image"]) || part.image,
    exclude_from_status: flag("exclude_from_status"),
    is_gzip_enabled: flag("is_gzip_enabled"),
    is_stripprefix_enabled: flag("is_stripprefix_enabled"),
    is_public: flag("is_public"),
    public_port: "public_port" in body ? port || null : part.public_port,
    updated_at: now
  }
}

const patch = (state: CoolifyState, fresh: Fresh, kind: Kind, call: Call) =>
  Either.gen(function* () {
    const { body, token } = call
    const { part, placed } = yield* found(state, token, kind, call)
    const errors = checkKnown(body, Object.keys(rules[kind]), check(body, rules[kind]))
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    const isForced = isTrue(body["force_domain_override"])
    const addressed =
      "url" in body ? yield* withUrl(state, fresh, token, part, text(body["url"]), isForced) : part
    const changed = written(addressed, body, fresh.now)
    const { server, service } = placed
    const parts = replaceRow(state.parts, changed)
    const done = parse(
      "url" in body ? readdressed({ ...state, parts }, fresh, service) : { ...state, parts },
      fresh,
      service,
      server
    )
    const after = { ...placed, parts: done.parts.filter((row) => row.service_id === service.id) }
    return [reply(200, Wire.partWritten(after, changed)), done] as const
  })

/** Docker has the log of a container only while it runs. */
const logs = (
  state: CoolifyState,
  now: number,
  part: ServicePart,
  { query }: Call,
  down: { readonly absent: string; readonly status: number; readonly stopped: string }
) => {
  const container = state.containers.find((one) => one.application_uuid === part.uuid)
  if (container === undefined) return Either.left(refuse(down.status, down.absent))
  const behaviour = Behaviour.fromVariables(container.env)
  const life = Lifeline.lifeAt(behaviour, container.started_at, now)
  return life.up
    ? Either.right(reply(200, { logs: printed(container, behaviour, life, query) }))
    : Either.left(refuse(400, down.stopped))
}

const serviceLogs = (state: CoolifyState, now: number, call: Call) =>
  Either.flatMap(Lookup.service(state, call.token, call.param("uuid")), ({ parts }) => {
    const name = text(call.query["sub_service_name"])
    if (name === "") return Either.left(refuse(400, "Sub service name is required."))
    const part = parts.find((row) => row.name === name)
    const absent = "Container not found."
    return part === undefined
      ? Either.left(refuse(404, absent))
      : logs(state, now, part, call, { absent, status: 404, stopped: "Container is not running." })
  })

const partRoutes = ({ database, engine }: Backend, kind: Kind): ReadonlyArray<Route> => {
  const path = `/services/:uuid/${kind}s`
  const work = (word: "start" | "stop" | "restart", doing: string) =>
    action(`${path}/:part/${word}`, "deploy", (call) =>
      Effect.gen(function* () {
        const { part } = yield* database.read((state) => found(state, call.token, kind, call))
        yield* engine.later(`${word}-part`, part.uuid)
        return reply(200, { message: `Service ${kind} ${doing} request queued.` })
      })
    )
  return [
    get(path, "read", ({ param, token }) =>
      database.read((state) =>
        Either.map(Lookup.service(state, token, param("uuid")), ({ parts }) =>
          reply(200, parts.filter((row) => row.kind === kind).map(Wire.part))
        )
      )
    ),
    get(`${path}/:part`, "read", (call) =>
      database.read((state) =>
        Either.map(found(state, call.token, kind, call), ({ part, placed }) =>
          reply(200, Wire.partDetail(placed, part))
        )
      )
    ),
    send("PATCH", `${path}/:part`, "write", (call) =>
      database.transact((state, fresh) => patch(state, fresh, kind, call))
    ),
    get(`${path}/:part/logs`, "read", (call) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        database.read((state) =>
          Either.flatMap(found(state, call.token, kind, call), ({ part }) => {
            const stopped = `Service ${kind} container is not running.`
            return logs(state, now, part, call, { absent: stopped, status: 400, stopped })
          })
        )
      )
    ),
    work("start", "deploy"),
    work("stop", "stop"),
    work("restart", "restart")
  ]
}

export const servicePartRoutes = (backend: Backend): ReadonlyArray<Route> => {
  const { database } = backend
  return [
    get("/services/:uuid/logs", "read", (call) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        database.read((state) => serviceLogs(state, now, call))
      )
    ),
    ...partRoutes(backend, "application"),
    ...partRoutes(backend, "database")
  ]
}

/** Starting a compose file's containers: Coolify keeps no record of it, so their states tell. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { statusOf, steady } from "../coolify/ComposeApplications.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Deployment } from "../coolify/endpoints/Deployments.ts"
import type { Service, ServiceContainer } from "../coolify/endpoints/Services.ts"
import { DeploymentFailedError } from "../engine/DeployError.ts"
import { tailLength } from "../engine/DeploymentEvent.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"
import { readStatus } from "../health/StatusProbe.ts"

const isDown = (service: Service): boolean =>
  service.containers.every(({ status }) => readStatus(status).state === "exited")

/** Up, and not unwell: without a health check that is all that can be known. */
const isWell = ({ status }: ServiceContainer): boolean => {
  const { health, state } = readStatus(status)
  return state === "running" && health !== "unhealthy" && health !== "starting"
}

/** By the names of its containers. */
const statusesOf = ({ containers }: Service) =>
  HashMap.fromIterable(containers.map(({ name, status }) => [name, status] as const))

const isAllWell = (service: Service): boolean => {
  const containers = steady(service)
  return containers.length > 0 && containers.every(isWell)
}

/** What was asked for twice, or has come to be by itself. */
const settled = <A>(request: Effect.Effect<A, CoolifyError>) =>
  request.pipe(
    // Asking again does no harm: the second one is refused, or does the same once more.
    Effect.catchIf(
      ({ outcomeUnknown }) => outcomeUnknown,
      () => request
    ),
    Effect.catchIf(
      ({ reason }) => reason === "Refused",
      () => Effect.void
    )
  )

/**
 * Gives the containers of a service what its text and variables say now, and follows them until all are up and none is
 * unwell. A `restart` would do so in one request, but nothing tells then whether a container that runs is the old one or
 * the new: Coolify's status lags, and dips to `exited` while it starts (recorded: services 111, 203). So what runs is
 * stopped first, and is seen to be. Either way nobody answers in between: Coolify makes all containers anew.
 */
export const startService = Effect.fn("startService")(function* (uuid: string) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const pace = yield* Pace
  const tell = (status: Deployment["status"]) =>
    run.emit({ _tag: "DeploymentProgress", deployment: uuid, status })
  const first = yield* coolify.services.get(uuid)
  const last = yield* Ref.make({ statuses: statusesOf(first), since: yield* Clock.currentTimeMillis })
  /** Tells what has changed, and for how long nothing has: while Coolify says that it is at it, something does. */
  const look = Effect.gen(function* () {
    const service = yield* coolify.services.get(uuid)
    const now = yield* Clock.currentTimeMillis
    const [before, statuses] = [yield* Ref.get(last), statusesOf(service)]
    for (const { name, status } of steady(service)) {
      if (Option.contains(HashMap.get(before.statuses, name), status)) continue
      yield* run.emit({ _tag: "DeploymentLog", stream: "stdout", text: `${name}: ${status}` })
    }
    const isNews = service.status.startsWith("starting") || !Equal.equals(statuses, before.statuses)
    const since = isNews ? now : before.since
    yield* Ref.set(last, { statuses, since })
    return { service, isStuck: now - since >= Duration.toMillis(pace.serviceStart) }
  })
  yield* tell("queued")
  if (!isDown(first)) {
    yield* settled(coolify.services.stop(uuid))
    const stopped = yield* pollUntil(look, ({ service }) => isDown(service), pollFor(pace, pace.stop))
    if (!isDown(stopped.service)) return yield* failed(stopped.service, "it did not stop")
  }
  yield* settled(coolify.services.start(uuid))
  yield* tell("in_progress")
  const started = yield* Clock.currentTimeMillis
  yield* Ref.update(last, ({ statuses }) => ({ statuses, since: started }))
  const { service } = yield* pollUntil(
    look,
    ({ isStuck, service }) => isStuck || isAllWell(service),
    pollFor(pace, pace.deployment)
  )
  if (isAllWell(service)) return yield* tell("finished")
  yield* tell("failed")
  return yield* failed(service, whatIsWrong(service))
})

const whatIsWrong = (service: Service): string => {
  const containers = steady(service)
  const bad = containers.filter((one) => !isWell(one))
  if (statusOf(service) === "exited") {
    return "none of its containers came up, and Coolify tells no reason: its image may not be there, or the compose file may name what the server does not have"
  }
  return bad.map(({ name, status }) => `${name} is ${status}`).join(", ")
}

/** With the last lines of the first container that is not well. */
const failed = Effect.fnUntraced(function* (service: Service, detail: string) {
  const coolify = yield* CoolifyClient
  const bad = steady(service).find((one) => !isWell(one))
  const text =
    bad === undefined
      ? ""
      : yield* Effect.orElseSucceed(coolify.services.logs(service.uuid, bad.name, tailLength), () => "")
  const log = text.split("\n").filter((line) => line !== "")
  const { logs } = yield* Run
  yield* Ref.update(logs, (before) => ({ ...before, container: bad === undefined ? null : log }))
  return yield* new DeploymentFailedError({
    reason: "Failed",
    detail: `the containers did not come up: ${detail}`,
    deployment: null,
    log
  })
})

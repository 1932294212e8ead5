/** Starting a compose file's containers: Coolify keeps no record of it, so their states tell. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { statusOf, steady } from "../coolify/ComposeApplications.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Deployment } from "../coolify/endpoints/Deployments.ts"
import type { Service, ServiceContainer } from "../coolify/endpoints/Services.ts"
import { DeploymentFailedError } from "../engine/DeployError.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"
import { readStatus } from "../health/StatusProbe.ts"

const logTail = 30

const isDown = (service: Service): boolean =>
  service.containers.every(({ status }) => readStatus(status).state === "exited")

/** Up, and not unwell: without a health check that is all that can be known. */
const isWell = ({ status }: ServiceContainer): boolean => {
  const { health, state } = readStatus(status)
  return state === "running" && health !== "unhealthy" && health !== "starting"
}

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
  const shown = yield* Ref.make<ReadonlyMap<string, string>>(new Map())
  const tell = (status: Deployment["status"]) =>
    run.emit({ _tag: "DeploymentProgress", deployment: uuid, status })
  const read = Effect.tap(coolify.services.get(uuid), (service) =>
    Effect.gen(function* () {
      const before = yield* Ref.getAndSet(
        shown,
        new Map(service.containers.map(({ name, status }) => [name, status]))
      )
      for (const { name, status } of steady(service)) {
        if (before.get(name) === status) continue
        yield* run.emit({ _tag: "DeploymentLog", stream: "stdout", text: `${name}: ${status}` })
      }
    })
  )
  const first = yield* coolify.services.get(uuid)
  yield* Ref.set(shown, new Map(first.containers.map(({ name, status }) => [name, status])))
  yield* tell("queued")
  if (!isDown(first)) {
    yield* settled(coolify.services.stop(uuid))
    const stopped = yield* pollUntil(read, isDown, pollFor(pace, pace.stop))
    if (!isDown(stopped)) return yield* failed(stopped, "it did not stop")
  }
  yield* settled(coolify.services.start(uuid))
  yield* tell("in_progress")
  const started = yield* Clock.currentTimeMillis
  const quietSince = yield* Ref.make(started)
  const seen = yield* Ref.make("")
  const follow = Effect.tap(read, (service) =>
    Effect.gen(function* () {
      const now = service.containers.map(({ name, status }) => `${name} ${status}`).join(", ")
      if ((yield* Ref.getAndSet(seen, now)) !== now)
        yield* Ref.set(quietSince, yield* Clock.currentTimeMillis)
      // Coolify itself says that it is at it.
      if (service.status.startsWith("starting")) yield* Ref.set(quietSince, yield* Clock.currentTimeMillis)
    })
  )
  const quiet = Effect.gen(function* () {
    const service = yield* follow
    const still = (yield* Clock.currentTimeMillis) - (yield* Ref.get(quietSince))
    return { service, isStuck: still >= Duration.toMillis(pace.serviceStart) }
  })
  const { service } = yield* pollUntil(
    quiet,
    (look) => look.isStuck || isAllWell(look.service),
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
  const log =
    bad === undefined
      ? ""
      : yield* Effect.orElseSucceed(coolify.services.logs(service.uuid, bad.name, logTail), () => "")
  return yield* new DeploymentFailedError({
    reason: "Failed",
    detail: `the containers did not come up: ${detail}`,
    deployment: null,
    log: log.split("\n").filter((line) => line !== "")
  })
})

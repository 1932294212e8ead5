import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Healthcheck } from "../../appspec/sections/Healthcheck.ts"
import type { Desired } from "../Desired.ts"
import { Pace } from "../../engine/Pace.ts"
import { Run } from "../../engine/Run.ts"
import { updateApplication } from "../../kinds/Application.ts"
import { watchContainer } from "../../kinds/ContainerWatch.ts"
import { deployAndFollow } from "../../kinds/Deployment.ts"
import { deployOver, stopPrevious } from "../../kinds/Release.ts"
import { staysUp } from "../../kinds/StaysUp.ts"
import type { Provisioned } from "./Provision.ts"
import { answersAtAll } from "./Verify.ts"

/** Step 4: one deployment, followed to its end. A first one is undone with the application that it belongs to. */
export const deploy = Effect.fn("deploy")(function* (application: Provisioned, desired: Desired) {
  switch (application._tag) {
    case "Fresh":
      return yield* deployUnwatched(application.uuid)
    case "Existing":
      return yield* deployOver(application)
    case "Beside":
      return yield* takeOver(application, desired)
  }
})

const deployUnwatched = (uuid: string) =>
  Effect.zipRight(
    deployAndFollow(uuid, () => Effect.void),
    Effect.flatMap(Run, ({ noteUsed }) => noteUsed)
  )

/**
 * Proves the new application without the domain first, then moves the domain over. The second deployment gives the
 * container its routes; the old container keeps its own until it stops, so that somebody answers all the time. Which of
 * the two the proxy asks meanwhile is its own choice (routers with the same rule): what can be seen is that the domain
 * still answers well, and only then the old one is stopped. That it is the new one that answers is for verify to see.
 */
const takeOver = Effect.fn("takeOver")(function* (
  application: Extract<Provisioned, { readonly _tag: "Beside" }>,
  { credentials, spec, target }: Desired
) {
  const { uuid, settings, old } = application
  yield* deployUnwatched(uuid)
  yield* proveBeside(uuid, spec.healthcheck)
  if (old.domains.length > 0) yield* updateApplication(old, { domains: [] })
  if (settings.domains.length === 0) return yield* stopPrevious(old)
  const routeless = { ...settings, uuid, domains: [], status: "", stopsFirst: false, restartCount: 0 }
  yield* updateApplication(routeless, { domains: settings.domains })
  yield* deployUnwatched(uuid)
  yield* answersAtAll({
    spec,
    target,
    credentials,
    applicationUuid: uuid,
    status: undefined,
    release: undefined,
    deployed: true
  })
  yield* stopPrevious(old)
})

/**
 * Without a domain no request gets to a container, so nobody outside can ask it. With Coolify's own check it was healthy
 * before its deployment ended; without, any container that starts counts, so it has to stay up for the spec's time.
 */
const proveBeside = Effect.fn("proveBeside")(function* (
  applicationUuid: string,
  { container, settle }: Healthcheck
) {
  const { settling } = yield* Pace
  if (container || settling === 0) return
  const since = yield* Clock.currentTimeMillis
  const watch = yield* watchContainer(applicationUuid)
  yield* staysUp({ applicationUuid, settle, since, watch })
}, Effect.scoped)

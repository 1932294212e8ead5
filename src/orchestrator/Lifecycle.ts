/** Starts, stops and restarts what is deployed, and looks until it is so. It changes no setting and no release. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { Deployment } from "../coolify/endpoints/Deployments.ts"
import { isCompose } from "../coolify/Source.ts"
import { DeploymentFailedError, RefusedError } from "../engine/DeployError.ts"
import { Owner } from "../engine/Owner.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import { leaveOver } from "../engine/Rollback.ts"
import { asking, inStep, makeReadingRun, reportEnd, Run } from "../engine/Run.ts"
import { journalName, peek } from "../engine/RunJournal.ts"
import { HealthProbe } from "../health/HealthProbe.ts"
import { isRunning, readStatus } from "../health/StatusProbe.ts"
import { watchContainer } from "../kinds/ContainerWatch.ts"
import { deployAndFollow, isActive, keptCommit, newestFinished } from "../kinds/Deployment.ts"
import { releaseIn } from "../kinds/VariableComment.ts"
import { toldDomains } from "./Desired.ts"
import { findApplication } from "./FindApplication.ts"
import { withJournaledClients } from "./JournaledClients.ts"
import { RunError, type StepError } from "./RunError.ts"
import { publicUrl, verify } from "./steps/Verify.ts"

export interface LifecycleOptions {
  readonly command: "start" | "stop" | "restart"
  readonly mode: "live" | "sandbox"
  /** Asked once, before what takes it off the air. */
  readonly confirm: (question: string) => Effect.Effect<boolean>
}

/** The application, and what is known of what it runs. */
interface Subject {
  readonly spec: Spec
  readonly application: Application
  /** `undefined`: fabrik has not deployed it. */
  readonly release: string | undefined
  /** The deployment that made what runs, or ran last; `undefined`: none, or Coolify keeps none of it. */
  readonly deployed: Deployment | undefined
}

/**
 * `stop` ends when no container runs; `start` and `restart` when it answers by its health check, as after a deployment.
 * Nothing is put back after a failure: what was asked of Coolify stays so, and is told as such.
 */
export const lifecycle = Effect.fn("lifecycle")(function* (spec: Spec, options: LifecycleOptions) {
  const { command } = options
  const run = yield* makeReadingRun
  yield* run.emit({ _tag: "RunStarted", command, name: spec.name, ...toldDomains(spec), mode: options.mode })
  yield* Ref.set(run.step, command)
  return yield* withJournaledClients(change(spec, options)).pipe(
    Effect.flatMap(({ outcome, url }) => reportEnd(outcome, url)),
    Effect.catchAll((error) =>
      Effect.flatMap(
        reportFailure(spec, command, error),
        (finished) => new RunError({ step: command, error, report: finished })
      )
    ),
    Effect.provideService(Run, run)
  )
}, Effect.scoped)

const change = Effect.fn("change")(function* (spec: Spec, options: LifecycleOptions) {
  const { command, confirm } = options
  const run = yield* Run
  const { port } = yield* HealthProbe
  const subject = yield* findSubject(spec)
  // A stop harms no run that is still to be put back; what starts a half-changed application does.
  if (command !== "stop") yield* refuseOpenRun(spec)
  const { application } = subject
  const [domain] = spec.domains
  const there = domain === undefined ? null : publicUrl(domain, port, spec.healthcheck.path)
  if (command === "start" && (yield* isUp(application))) {
    yield* inStep(command, answers(subject, false))
    return { outcome: "unchanged", url: there } as const
  }
  if (command === "stop" && (yield* isDown(application))) return { outcome: "unchanged", url: null } as const
  if (command !== "stop") yield* warnOfRelease(subject)
  if (command !== "start" && !(yield* asking(confirm(questionOf(subject, command))))) {
    return { outcome: "declined", url: null } as const
  }
  yield* run.emit({
    _tag: "ChangeStarted",
    what: `${command} of ${spec.name}`,
    address: `fabrik/${command} ${spec.name}`
  })
  if (command === "stop") {
    yield* inStep(command, stop(application))
    return { outcome: "complete", url: null } as const
  }
  yield* inStep(command, Effect.zipRight(startAgain(subject), answers(subject, true)))
  return { outcome: "complete", url: there } as const
})

const findSubject = Effect.fn("findSubject")(function* (spec: Spec) {
  const coolify = yield* CoolifyClient
  const { application, variables } = yield* findApplication(spec)
  const deployments = yield* coolify.deployments.list(application.uuid, 10)
  const active = deployments.find(isActive)
  if (active !== undefined) {
    return yield* new RefusedError({
      reason: "Unsettled",
      detail: `a deployment of ${spec.name} is under way in Coolify (${active.status})`,
      next: "wait for its end, or cancel it with `fabrik cancel`"
    })
  }
  return {
    spec,
    application,
    release: releaseIn(variables)?.release,
    deployed: newestFinished(deployments)
  } satisfies Subject
})

/** What an unfinished run has left has to be settled first. */
export const refuseOpenRun = Effect.fn("refuseOpenRun")(function* (spec: Spec) {
  const open = yield* peek(journalName(yield* Owner, spec))
  if (open === undefined) return
  return yield* new RefusedError({
    reason: "Unsettled",
    detail: `the changes of run ${open.begun.run} to ${spec.name} are still open`,
    next: "settle them with `fabrik recover`"
  })
})

/** Whether Docker has none of its containers running, and Coolify has noticed. Its word alone lags by up to a minute. */
const isDown = Effect.fn("isDown")(function* ({ uuid }: Application) {
  const run = yield* Run
  const coolify = yield* CoolifyClient
  const { status } = yield* coolify.applications.get(uuid)
  if (readStatus(status).state !== "exited") return false
  const { look } = yield* watchContainer(uuid)
  if ((yield* look) === "running") return false
  yield* run.emit({ _tag: "SeenStopped", status })
  return true
}, Effect.scoped)

/** What Coolify says of it lags; what Docker says does not. */
const isUp = Effect.fn("isUp")(function* ({ status, uuid }: Application) {
  if (!isRunning(status)) return false
  const { look } = yield* watchContainer(uuid)
  return (yield* look) !== "stopped"
}, Effect.scoped)

const stop = Effect.fn("stop")(function* (application: Application) {
  const coolify = yield* CoolifyClient
  const pace = yield* Pace
  const request = coolify.applications.stop(application.uuid)
  // Asking again does no harm: what is stopped stays so.
  yield* Effect.catchIf(
    request,
    ({ outcomeUnknown }) => outcomeUnknown,
    () => request
  )
  if (yield* pollUntil(isDown(application), (down) => down, pollFor(pace, pace.stop))) return
  return yield* new DeploymentFailedError({
    reason: "StillRuns",
    detail: `Coolify took the stop, and it was not seen to be down within ${Duration.format(pace.stop)}`,
    deployment: null,
    log: []
  })
})

/**
 * What makes the same release run again. A restart of a branch would build its newest commit, so that one is asked for that
 * ran; of a pinned commit and of an image it deploys what is named.
 */
const startAgain = Effect.fn("startAgain")(function* (subject: Subject) {
  const { application, deployed, spec } = subject
  const { uuid } = application
  const coolify = yield* CoolifyClient
  const isService = yield* coolify.services.has(uuid)
  if (deployed === undefined && !isService) {
    return yield* new RefusedError({
      reason: "NoRelease",
      detail: `Coolify knows no deployment of ${spec.name} that came to its end, so there is nothing to start`,
      next: "deploy it with `fabrik apply`"
    })
  }
  const commit = keptCommit(application.source, deployed)
  const by =
    commit === undefined
      ? coolify.deployments.restart(uuid)
      : Effect.catchIf(
          coolify.deployments.deployCommit(uuid, commit),
          ({ reason }) => reason === "UnknownEndpoint",
          () =>
            new CoolifyError({
              method: "deployCommit",
              reason: "UnknownEndpoint",
              detail: `this Coolify cannot deploy a commit again (4.3.0 and newer can), and its restart would build the newest one of the branch`
            })
        )
  yield* deployAndFollow(uuid, () => Effect.void, by)
})

/** As after a deployment: it answers as its spec says and, where it ran anew, goes on doing so. */
const answers = Effect.fn("answers")(function* (subject: Subject, deployed: boolean) {
  const { application, release, spec } = subject
  const run = yield* Run
  const password = application.basicAuth?.password
  const shut = spec.basicAuth !== undefined && password === undefined
  if (shut) {
    const message = "the token may not read the password of `basicAuth`: only that it is asked for is checked"
    yield* run.emit({ _tag: "Warning", message })
  }
  const { basicAuth: _, ...open } = spec
  yield* verify({
    spec: shut ? { ...open, healthcheck: { ...spec.healthcheck, status: 401, release: undefined } } : spec,
    target: undefined,
    credentials:
      spec.basicAuth === undefined || password === undefined
        ? undefined
        : { username: spec.basicAuth.username, password },
    applicationUuid: application.uuid,
    status: application.status,
    release,
    deployed
  })
})

/** Where nobody can say that the same comes up again. */
const warnOfRelease = Effect.fn("warnOfRelease")(function* ({ application: { source }, spec }: Subject) {
  const run = yield* Run
  const warn = (message: string) => run.emit({ _tag: "Warning", message })
  if (source._tag === "Image" && !source.tag.startsWith("sha256:")) {
    yield* warn(
      `Coolify pulls the image again: should ${source.name}:${source.tag} mean another one by now, that one runs then`
    )
  }
  if (source._tag === "Dockerfile") {
    yield* warn(
      `Coolify builds the Dockerfile of ${spec.name} again, from what its FROM and its downloads are by now`
    )
  }
})

const questionOf = ({ application, spec }: Subject, command: "stop" | "restart"): string => {
  const [domain] = spec.domains
  const who = domain === undefined ? spec.name : `${spec.name} (${domain})`
  if (command === "stop") return `Stop ${who}? It is off the air until \`fabrik start\`.`
  const gap = application.stopsFirst || isCompose(application.source)
  return `Restart ${who}?${gap ? " Its containers stop before the new ones start: nobody answers in between." : ""}`
}

/** What was asked of Coolify is not taken back, so it is told. */
const reportFailure = Effect.fn("reportFailure")(function* (
  { name }: Spec,
  command: LifecycleOptions["command"],
  error: StepError
) {
  const { ledger } = yield* Run
  if ((yield* Ref.get(ledger)).touched === 0) return yield* reportEnd("nothing-changed", null)
  yield* leaveOver({
    what: `${command} of ${name}`,
    why: `it was asked of Coolify, and is not taken back (${error.message})`,
    next: `see where it stands with \`fabrik status\`; \`fabrik ${command}\` tries again`,
    recoverable: false
  })
  return yield* reportEnd("leftovers", null)
})

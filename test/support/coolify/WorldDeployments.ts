/** What takes time in a {@link World}: deployments and deletions. */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type { Deployment, DeployTicket } from "../../../src/coolify/endpoints/Deployments.ts"
import {
  type Due,
  findApplication,
  mint,
  type Outcome,
  refuse,
  type Step,
  type World,
  type WorldApplication,
  type WorldDeployment
} from "./CoolifyWorld.ts"

const isOver = (due: Due, now: number) => (due._tag === "Polls" ? due.left <= 0 : now >= due.millis)

const looked = (due: Due): Due => (due._tag === "Polls" ? { ...due, left: due.left - 1 } : due)

const isTerminal = ({ status }: Pick<Deployment, "status">) => status !== "queued" && status !== "in_progress"

const runningStatus = (application: WorldApplication) =>
  application.healthcheck.enabled ? "running:healthy" : "running:unknown"

/** Somebody looks at a deployment: it starts, and one that is counted in looks comes nearer to its end. */
export const lookAtDeployments = (world: World, isSeen: (deployment: WorldDeployment) => boolean): World => ({
  ...world,
  deployments: world.deployments.map((one) =>
    isSeen(one) && !isTerminal(one) && one.outcome.status !== "waiting"
      ? { ...one, status: "in_progress", due: looked(one.due) }
      : one
  )
})

export const lookAtDeletions = (world: World, isSeen: (application: WorldApplication) => boolean): World => ({
  ...world,
  applications: world.applications.map((one) =>
    isSeen(one) && one.gone !== undefined ? { ...one, gone: looked(one.gone) } : one
  )
})

/** Ends what is due. */
export const settle = (world: World, now: number): World => {
  const ending = world.deployments.filter(
    (one) =>
      !isTerminal(one) &&
      one.outcome.status !== "stuck" &&
      one.outcome.status !== "waiting" &&
      isOver(one.due, now)
  )
  const deployments = world.deployments.map((one): WorldDeployment => {
    const { status, logs } = one.outcome
    return ending.includes(one) && status !== "stuck" && status !== "waiting"
      ? { ...one, status, logs: logs ?? one.logs }
      : one
  })
  const applications = world.applications
    .filter((one) => one.gone === undefined || !isOver(one.gone, now))
    .map((one) =>
      ending
        .filter(({ applicationUuid }) => applicationUuid === one.uuid)
        .reduce(
          (so, { outcome }) => ({
            ...so,
            status:
              outcome.applicationStatus ?? (outcome.status === "finished" ? runningStatus(so) : so.status)
          }),
          one
        )
    )
  const alive = new Set([...applications, ...world.services].map(({ uuid }) => uuid))
  const isKept = ({ applicationUuid }: { readonly applicationUuid: string }) => alive.has(applicationUuid)
  return {
    ...world,
    applications,
    deployments: deployments.filter(isKept),
    variables: world.variables.filter(isKept),
    storages: world.storages.filter(isKept),
    files: world.files.filter(isKept),
    tasks: world.tasks.filter(isKept)
  }
}

/** How a deployment is asked for. */
export interface How {
  readonly force: boolean
  /** Absent: the application's. */
  readonly commit?: string
}

/** What a new deployment will be like. */
interface DeploymentPlan extends How {
  readonly due: Due
  readonly outcome: Outcome
  readonly now: number
  readonly queueLimit: number
}

export const deploy = (world: World, uuid: string, plan: DeploymentPlan): Step<DeployTicket> =>
  Either.flatMap(findApplication(world, "deploy", uuid), (application) => {
    const waiting = world.deployments.filter((one) => !isTerminal(one))
    const commit = plan.commit ?? (application.source._tag === "Git" ? application.source.commit : "HEAD")
    const [deploymentUuid, ready] = mint(world, "deployment")
    if (!plan.force && waiting.some((one) => one.applicationUuid === uuid && one.commit === commit)) {
      // The id is fresh and is never stored.
      return Either.right([{ message: "Deployment already queued for this commit.", deploymentUuid }, ready])
    }
    if (waiting.length >= plan.queueLimit) {
      return refuse(
        "deploy",
        "QueueFull",
        429,
        "Deployment queue is full. Please wait for existing deployments to complete."
      )
    }
    const added: WorldDeployment = {
      uuid: deploymentUuid,
      applicationUuid: uuid,
      status: "queued",
      commit,
      createdAt: DateTime.formatIso(DateTime.unsafeMake(plan.now)),
      logs: [{ stream: "stdout", text: `Starting deployment of ${application.name}.` }],
      logsBefore: 0,
      due: plan.due,
      outcome: plan.outcome
    }
    return Either.right([
      { message: `Application ${application.name} deployment queued.`, deploymentUuid },
      { ...ready, deployments: [...ready.deployments, added] }
    ])
  })

/** Without what only the world knows. */
const shownDeployment = ({
  applicationUuid: _application,
  due: _due,
  outcome: _outcome,
  ...deployment
}: WorldDeployment): Deployment => deployment

export const getDeployment = (world: World, uuid: string): Step<Deployment> => {
  const found = world.deployments.find((one) => one.uuid === uuid)
  return found === undefined
    ? refuse("getDeployment", "NotFound", 404, "Deployment not found.")
    : Either.right([shownDeployment(found), world])
}

/** In their order, as one server has them. */
export const underWay = (world: World): ReadonlyArray<Deployment> =>
  world.deployments
    .filter((one) => !isTerminal(one))
    .map((deployment, ahead) => ({
      ...shownDeployment(deployment),
      ...(deployment.status === "queued" ? { ahead } : {})
    }))

/** Newest first, without their logs. */
export const listDeployments = (world: World, applicationUuid: string, take: number) =>
  world.deployments
    .filter((one) => one.applicationUuid === applicationUuid)
    .toReversed()
    .slice(0, take)
    .map((deployment) => ({ ...shownDeployment(deployment), logs: undefined }))

export const cancelDeployment = (world: World, uuid: string): Step<void> =>
  Either.flatMap(getDeployment(world, uuid), ([found]) =>
    isTerminal(found)
      ? refuse(
          "cancelDeployment",
          "Refused",
          400,
          `Deployment cannot be cancelled. Current status: ${found.status}`
        )
      : Either.right([
          undefined,
          {
            ...world,
            deployments: world.deployments.map((one): WorldDeployment =>
              one.uuid === uuid ? { ...one, status: "cancelled-by-user" } : one
            )
          }
        ])
  )

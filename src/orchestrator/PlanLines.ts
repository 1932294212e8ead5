/** Pure: the lines of a plan about what it makes, replaces and takes away as a whole. */
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import type { Change } from "../engine/Plan.ts"
import type { ApplicationDiff } from "../kinds/DiffApplication.ts"
import type { OrphanRecord } from "../kinds/DiffRecord.ts"
import type { Desired } from "./Desired.ts"
import type { Observed } from "./Observe.ts"
import type { Undeployed } from "./Undeployed.ts"

export const orphanChange = ({ recordSet }: OrphanRecord): Change => ({
  system: "dns",
  kind: "record",
  name: `${recordSet.name} ${recordSet.type}`,
  action: "delete",
  fields: []
})

export const remainsChange = ({ name, uuid }: Application): Change => ({
  system: "coolify",
  kind: "application",
  name: `${name} (${uuid})`,
  action: "delete",
  fields: []
})

export const duplicateChange = ({ name, uuid }: Project): Change => ({
  system: "coolify",
  kind: "project",
  name: `${name} (${uuid}, empty)`,
  action: "delete",
  fields: []
})

export const placeChanges = ({ spec }: Desired, observed: Observed): ReadonlyArray<Change> => {
  const change = (kind: "project" | "environment", name: string): Change => ({
    system: "coolify",
    kind,
    name,
    action: "create",
    fields: []
  })
  return [
    ...(observed.project === undefined ? [change("project", spec.project)] : []),
    ...(observed.environmentExists ? [] : [change("environment", `${spec.project}/${spec.environment}`)])
  ]
}

export const applicationChange = (
  desired: Desired,
  application: Application | undefined,
  { changes, replace }: ApplicationDiff
): Change => ({
  system: "coolify",
  kind: "application",
  name: desired.spec.name,
  action:
    application === undefined ? "create" : replace ? "replace" : changes.length > 0 ? "update" : "unchanged",
  fields: changes
})

/** What wants a deployment although no setting differs. */
interface DeploymentReasons {
  readonly stopped: boolean
  readonly pending: boolean
  readonly unnoted: boolean
  readonly undeployed: Undeployed | undefined
  readonly redeploy: boolean
}

const isWritten = (undeployed: Undeployed | undefined): undeployed is Undeployed =>
  undeployed !== undefined && undeployed.names.length > 0

const writtenSince = ({ isService, names }: Undeployed): string =>
  `${names.join(", ")} ${names.length === 1 ? "was" : "were"} written at Coolify ${isService ? "after fabrik's last deployment; whether its containers were started since, Coolify does not tell" : "and not deployed since"}`

export const isDue = ({ pending, redeploy, stopped, undeployed, unnoted }: DeploymentReasons): boolean =>
  stopped || pending || unnoted || isWritten(undeployed) || redeploy

export const deploymentChange = (name: string, why: DeploymentReasons): Change => {
  const reason = (after: string) => [{ field: "reason", before: null, after, secret: false }]
  return {
    system: "coolify",
    kind: "deployment",
    name,
    action: "create",
    fields: why.stopped
      ? [{ field: "status", before: "exited", after: "running", secret: false }]
      : why.pending
        ? reason("an earlier run did not come to its end")
        : isWritten(why.undeployed)
          ? reason(writtenSince(why.undeployed))
          : why.redeploy
            ? reason("--redeploy")
            : why.unnoted
              ? reason("fabrik has not deployed it yet")
              : []
  }
}

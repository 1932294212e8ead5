/** What puts a change back, as data: it is written down before the change is made, and outlives the process. */
import type { WayBack } from "./DeploymentEvent.ts"
import type { Undo } from "./JournalSchema.ts"

export type { Undo }

export type UndoOf<Tag extends Undo["_tag"]> = Extract<Undo, { readonly _tag: Tag }>

/** What the operator is told of it. */
export interface UndoSubject {
  /** `application test-api`. */
  readonly what: string
  /** What they do when it fails. */
  readonly next: string
}

/** What it does to the world when it has something to do. */
export const wayBackOf = (undo: Undo): Exclude<WayBack, "nothing"> => {
  switch (undo._tag) {
    case "CreatedProject":
    case "CreatedEnvironment":
    case "CreatedApplication":
      return "removed"
    case "PutRecord":
      return undo.before === undefined ? "removed" : "restored"
    case "Deployed":
      return "cancelled"
    case "UpdatedApplication":
    case "UpdatedVariables":
    case "RemovedRecord":
    case "PreviousVersion":
    case "Stopped":
      return "restored"
  }
}

export const subjectOf = (undo: Undo): UndoSubject => {
  switch (undo._tag) {
    case "CreatedProject":
      return { what: `project ${undo.name}`, next: `delete the project ${undo.name} in Coolify` }
    case "CreatedEnvironment":
      return {
        what: `environment ${undo.name}`,
        next: `delete the environment ${undo.name} of ${undo.project} in Coolify`
      }
    case "CreatedApplication":
      return { what: `application ${undo.name}`, next: `delete the application ${undo.name} in Coolify` }
    case "UpdatedApplication": {
      const { description } = undo.before
      return description === undefined
        ? { what: `settings of ${undo.name}`, next: `check the settings of ${undo.name} in Coolify` }
        : {
            what: `description of ${undo.name}`,
            next: `set the description of ${undo.name} in Coolify to what it was: ${description || "nothing"}`
          }
    }
    case "UpdatedVariables":
      return { what: `variables of ${undo.name}`, next: `check the variables of ${undo.name} in Coolify` }
    case "PutRecord":
    case "RemovedRecord": {
      const what = `record ${undo.recordSet.name} ${undo.recordSet.type}`
      return { what, next: `check the ${what} at the DNS provider` }
    }
    case "PreviousVersion":
      return { what: `previous version of ${undo.name}`, next: `deploy ${undo.name} in Coolify` }
    case "Deployed":
      return {
        what: `deployment of ${undo.name}`,
        next: `cancel the deployment of ${undo.name} in Coolify`
      }
    case "Stopped":
      return { what: `stop of ${undo.name}`, next: `deploy ${undo.name} in Coolify` }
  }
}

/** The line of a terminal that is written anew as a run goes on: what is waited for, or being changed. */
import type { Step } from "../engine/DeploymentEvent.ts"
import { listed } from "./Layout.ts"
import { clean, cleanLines } from "./Sanitize.ts"
import type { View } from "./TextView.ts"

/** Facts stand below their step. */
export const indent = "      "

export const inProgress = "deployment is in progress"

export const isBuilding = ({ waiting }: View): boolean => waiting?.startsWith(inProgress) === true

/** With the last line that the build has written. */
export const building = (log: string): string => {
  const last = cleanLines(log).findLast((line) => line.trim() !== "")
  return last === undefined ? inProgress : `${inProgress}: ${last.trim()}`
}

/** What a step is about while there is nothing else to tell. */
const about: Readonly<Record<Step, string>> = {
  validate: "reading the spec",
  secrets: "looking for the secrets",
  provision: "comparing with Coolify and DNS",
  deploy: "waiting for Coolify",
  verify: "checking that it answers and stays up",
  delete: "waiting for Coolify and DNS",
  start: "waiting for Coolify",
  stop: "waiting until its container is down",
  restart: "waiting for Coolify"
}

/** What the live line says: what is waited for, else what is being changed, else the step. */
export const pending = (view: View): string | undefined => {
  const { step, title, waiting } = view
  if (waiting !== undefined) return `${indent}${waiting}`
  if (title !== undefined) return titled(title, view)
  if (step === undefined) return undefined
  return `${indent}${view.changing.length === 0 ? about[step] : changesOf(view.changing)}`
}

/** A step's title with what is being changed in it. */
export const titled = (title: string, { changing }: View): string =>
  changing.length === 0 ? title : `${title}: ${changesOf(changing)}`

const changesOf = (changing: View["changing"]): string => listed(changing.map(({ what }) => clean(what)))

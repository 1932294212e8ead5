import type { Step } from "../engine/DeploymentEvent.ts"

/** `Delete` and its like are the only step of their command. */
const titles: { readonly [S in Step]: string } = {
  validate: "[1/5] Validate",
  secrets: "[2/5] Secrets",
  provision: "[3/5] Provision",
  deploy: "[4/5] Deploy",
  verify: "[5/5] Verify",
  delete: "Delete",
  start: "Start",
  stop: "Stop",
  restart: "Restart"
}

export const stepTitle = (step: Step): string => titles[step]

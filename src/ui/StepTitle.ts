import type { Step } from "../orchestrator/DeploymentEvent.ts"

const steps: { readonly [S in Step]: readonly [number, string] } = {
  validate: [1, "Validate"],
  secrets: [2, "Secrets"],
  provision: [3, "Provision"],
  deploy: [4, "Deploy"],
  verify: [5, "Verify"]
}

/** `[3/5] Provision` */
export const stepTitle = (step: Step): string => `[${steps[step][0]}/5] ${steps[step][1]}`

import type { Step } from "../engine/DeploymentEvent.ts"

const steps: { readonly [S in Step]: readonly [number, string] | undefined } = {
  validate: [1, "Validate"],
  secrets: [2, "Secrets"],
  provision: [3, "Provision"],
  deploy: [4, "Deploy"],
  verify: [5, "Verify"],
  delete: undefined
}

/** `[3/5] Provision`; `Delete`, which is the only step of its command. */
export const stepTitle = (step: Step): string => {
  const place = steps[step]
  return place === undefined ? "Delete" : `[${place[0]}/5] ${place[1]}`
}

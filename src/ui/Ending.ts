/** How a success is told, by command. */
const endings: {
  readonly [command: string]: { readonly complete: string; readonly unchanged: string | undefined }
} = {
  apply: { complete: "is live and verified", unchanged: "is up to date and answers" },
  rollback: { complete: "is live and verified", unchanged: "is up to date and answers" },
  adopt: { complete: "is fabrik's now", unchanged: "is fabrik's already" },
  destroy: { complete: "is gone", unchanged: undefined },
  start: { complete: "runs and answers", unchanged: "runs already, and answers" },
  restart: { complete: "was started anew and answers", unchanged: undefined },
  stop: { complete: "is stopped", unchanged: "is stopped already" },
  verify: { complete: "answers as it should", unchanged: undefined }
}

/** The same of what has no domain: that it answers nobody has seen. */
const endingsNowhere: typeof endings = {
  ...endings,
  apply: { complete: "is deployed and runs (no domain)", unchanged: "is up to date and runs (no domain)" },
  rollback: { complete: "is deployed and runs (no domain)", unchanged: "is up to date and runs (no domain)" },
  start: { complete: "runs (no domain)", unchanged: "runs already (no domain)" },
  restart: { complete: "was started anew and runs (no domain)", unchanged: undefined }
}

/** Of a run that left the application alone. */
const notLooked = {
  complete: "has its DNS record; the application was not looked at (--skip-deploy)",
  unchanged: "needed no change of DNS; the application was not looked at (--skip-deploy)"
}

const notReached = "stands, and the world does not reach it yet"

/**
 * What a run has come to, behind the application's name; `undefined` where that goes without saying.
 * @param verified the application was looked at.
 */
export const endingOf = (
  { command, domains }: { readonly command: string; readonly domains: number },
  outcome: "complete" | "unchanged" | "pending",
  verified: boolean
): string | undefined => {
  if (outcome === "pending") return notReached
  return verified ? (domains === 0 ? endingsNowhere : endings)[command]?.[outcome] : notLooked[outcome]
}

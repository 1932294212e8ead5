import * as Effect from "effect/Effect"
import type { RunFinished } from "../engine/DeploymentEvent.ts"
import { Concluded, UnconfirmedError } from "./CliError.ts"
import { ExitCode, ofReport } from "./ExitCode.ts"
import type { Consent } from "./Operator.ts"

/** The exit code of a run that came to its own end. */
export const conclude = (
  report: typeof RunFinished.Type,
  consent: Consent
): Effect.Effect<void, Concluded | UnconfirmedError> => {
  if (consent === "nobody there") return new UnconfirmedError()
  const code = ofReport(report)
  return code === ExitCode.done ? Effect.void : new Concluded({ code })
}

import * as Effect from "effect/Effect"
import type { Spec } from "../../appspec/Spec.ts"
import { cancel as cancelAll, type Cancelled, deploymentsUnderWay } from "../../orchestrator/Cancel.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Concluded, UnconfirmedError } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import { openSubjects } from "../OpenSubject.ts"
import { askOnce } from "../Operator.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"

interface Flags {
  readonly yes: boolean
  readonly json: boolean
  readonly quiet: boolean
}

export const cancel = define({
  name: "cancel",
  about: [
    "Cancels the deployments of an application that wait or run in Coolify, whoever began them, and looks until they have ended. A `fabrik apply` that follows one puts its changes back.",
    "A domain means the application of fabrik's that answers for it."
  ],
  config: {
    subject: Shared.specOrDomain,
    process: Shared.process,
    yes: Shared.yes,
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik cancel app.yaml", says: "show what is under way, ask, cancel it" },
    { line: "fabrik cancel shop.example.com --yes", says: "no question" }
  ],
  handler: Effect.fn("command.cancel")(function* (flags) {
    const subjects = yield* openSubjects(flags.subject, flags, "cancel")
    yield* Effect.forEach(
      subjects,
      ({ spec, world }) => Effect.provide(cancelOne(spec, flags), world.layer),
      {
        discard: true
      }
    )
  }, Effect.scoped)
})

const cancelOne = Effect.fn("cancelOne")(function* (spec: Spec, { json, quiet, yes }: Flags) {
  const found = yield* deploymentsUnderWay(spec)
  const { deployments } = found
  if (deployments.length === 0) {
    if (json) return yield* Say.result([jsonLine({ type: "Cancelled", name: spec.name, deployments })])
    return quiet ? undefined : yield* Say.hint([`No deployment of ${spec.name} is under way.`])
  }
  if (!yes) {
    const which = deployments.map(({ createdAt, status }) => `${status}, since ${createdAt}`).join("; ")
    const said = yield* askOnce(`Cancel the deployment of ${spec.name} (${clean(which)})?`)
    if (said === "nobody there") return yield* new UnconfirmedError()
    if (said === "no") return yield* new Concluded({ code: ExitCode.refused })
  }
  const ended = yield* cancelAll(found)
  yield* Say.result(
    json
      ? [jsonLine({ type: "Cancelled", name: spec.name, ...ended })]
      : ended.deployments.map(({ status, uuid }) => `${clean(uuid)}: ${status}`)
  )
  if (!quiet) {
    yield* Say.hint([
      `Coolify says of ${spec.name}: ${ended.status}.`,
      ...containerHint(ended.container, spec)
    ])
  }
  // One that goes on, or came to its own end, was not cancelled.
  if (ended.deployments.some(({ status }) => status !== "cancelled-by-user")) {
    return yield* new Concluded({ code: ExitCode.unknown })
  }
})

const containerHint = (container: Cancelled["container"], { name }: Spec): ReadonlyArray<string> => {
  switch (container) {
    case "running":
      return []
    case "stopped":
      return [`No container of ${name} runs: \`fabrik start\` starts what was deployed last.`]
    case "unknown":
      return [`Whether a container of ${name} runs could not be seen.`]
  }
}

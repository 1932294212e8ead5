/** The clients with every request that can change the world written down before it is sent, and its answer after. */
import type * as Context from "effect/Context"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { CoolifyError } from "../coolify/CoolifyError.ts"
import { isGateway } from "../http/Failure.ts"
import { HttpObserver } from "../http/HttpSettings.ts"
import { DnsClient, type RecordSet } from "../dns/DnsClient.ts"
import { DnsError } from "../dns/DnsError.ts"
import type { JournalError } from "../state/Journals.ts"
import { Pace } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"
import type { RunJournal } from "../engine/RunJournal.ts"

/** Notes in the ledger what was sent and not refused: whether anything can have changed is known by that alone. */
const counting = ({ journal, ledger }: Context.Tag.Service<Run>): RunJournal => ({
  ...journal,
  answered: (id, outcome) =>
    Effect.zipRight(
      outcome === "refused"
        ? Effect.void
        : Ref.update(ledger, (before) => ({ ...before, touched: before.touched + 1 })),
      journal.answered(id, outcome)
    )
})

/** Lets an effect use the clients of its surroundings through the run's journal, and tells what they wait for. */
export const withJournaledClients = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const run = yield* Run
    const { emit } = run
    const { lateEffects } = yield* Pace
    const record = { run: { ...run, journal: counting(run) }, lateEffects }
    const coolify = journaledCoolify(yield* CoolifyClient, record)
    const dns = journaledDns(yield* DnsClient, record)
    return yield* effect.pipe(
      Effect.provideService(CoolifyClient, coolify),
      Effect.provideService(DnsClient, dns),
      Effect.provideService(HttpObserver, {
        onRetry: ({ api, method, reason, delayMillis }) =>
          emit({ _tag: "Retrying", what: `${api} ${method}`, why: reason, delayMillis }),
        onAway: (absence) => emit({ _tag: "ApiAway", ...absence }),
        onBack: (absence) => emit({ _tag: "ApiBack", ...absence }),
        onSpaced: (spacing) => emit({ _tag: "RequestsSpaced", ...spacing })
      })
    )
  })

/** What a request is written down in, and how long it may still take effect when no answer of its server's came. */
interface Record {
  readonly run: Context.Tag.Service<Run>
  readonly lateEffects: Duration.Duration
}

/** What answered for itself has decided; nothing more comes of it than what is on its way already. */
const afterAnswer = Duration.seconds(5)

const journaledCoolify = (
  client: Context.Tag.Service<CoolifyClient>,
  journal: Record
): Context.Tag.Service<CoolifyClient> => {
  const write = <A>(method: string, what: string, request: Effect.Effect<A, CoolifyError>) =>
    recorded(journal, method, what, request, {
      unrecorded: ({ message }) => new CoolifyError({ method, reason: "Unrecorded", detail: message }),
      isUnknown: ({ outcomeUnknown }) => outcomeUnknown,
      isLost: ({ status }) => status === undefined || isGateway(status)
    })
  return {
    ...client,
    createProject: (project) => write("createProject", project.name, client.createProject(project)),
    deleteProject: (uuid) => write("deleteProject", uuid, client.deleteProject(uuid)),
    createEnvironment: (project, name) =>
      write("createEnvironment", `${project} ${name}`, client.createEnvironment(project, name)),
    updateEnvironment: (project, name, to) =>
      write(
        "updateEnvironment",
        `${project} ${name} ${to.name}`,
        client.updateEnvironment(project, name, to)
      ),
    deleteEnvironment: (project, name) =>
      write("deleteEnvironment", `${project} ${name}`, client.deleteEnvironment(project, name)),
    createApplication: (application) =>
      write("createApplication", application.name, client.createApplication(application)),
    updateApplication: (uuid, patch, current) =>
      write(
        "updateApplication",
        `${uuid} ${Object.keys(patch).join(",")}`,
        client.updateApplication(uuid, patch, current)
      ),
    deleteApplication: (uuid, options) =>
      write("deleteApplication", uuid, client.deleteApplication(uuid, options)),
    stopApplication: (uuid) => write("stopApplication", uuid, client.stopApplication(uuid)),
    putVariables: (uuid, variables) =>
      write(
        "putVariables",
        `${uuid} ${variables.map(({ key }) => key).join(",")}`,
        client.putVariables(uuid, variables)
      ),
    deleteVariable: (uuid, variable) =>
      write("deleteVariable", `${uuid} ${variable}`, client.deleteVariable(uuid, variable)),
    deploy: (uuid, options) => write("deploy", uuid, client.deploy(uuid, options)),
    cancelDeployment: (uuid) => write("cancelDeployment", uuid, client.cancelDeployment(uuid))
  }
}

const journaledDns = (
  client: Context.Tag.Service<DnsClient>,
  journal: Record
): Context.Tag.Service<DnsClient> => {
  const write = (
    method: string,
    { name, type }: RecordSet,
    request: Effect.Effect<void, DnsError>
  ): Effect.Effect<void, DnsError> =>
    recorded(journal, method, `${name} ${type}`, request, {
      unrecorded: ({ message }) =>
        new DnsError({ provider: client.provider, method, reason: "Unrecorded", detail: message }),
      isUnknown: ({ reason }) => reason === "OutcomeUnknown",
      isLost: () => true
    })
  return {
    ...client,
    put: (zone, recordSet, expected) => write("put", recordSet, client.put(zone, recordSet, expected)),
    remove: (zone, expected) => write("remove", expected, client.remove(zone, expected))
  }
}

const recorded = <A, E>(
  { lateEffects, run: { journal, lateUntil } }: Record,
  method: string,
  what: string,
  request: Effect.Effect<A, E>,
  errors: {
    readonly unrecorded: (error: JournalError) => E
    readonly isUnknown: (error: E) => boolean
    /** The server itself did not answer. */
    readonly isLost: (error: E) => boolean
  }
): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.mapError(journal.sending(method, what), errors.unrecorded), (id) =>
    Effect.onExit(request, (exit) =>
      Effect.gen(function* () {
        if (Exit.isSuccess(exit)) return yield* journal.answered(id, "done")
        const failure = Cause.failureOption(exit.cause)
        if (Option.exists(failure, (error) => !errors.isUnknown(error))) {
          return yield* journal.answered(id, "refused")
        }
        const answered = Option.exists(failure, (error) => !errors.isLost(error))
        const late = answered ? Duration.min(afterAnswer, lateEffects) : lateEffects
        const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(late)
        yield* Ref.update(lateUntil, (before) => Math.max(before, until))
        yield* journal.answered(id, "unknown")
      })
    )
  )

import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import type { Application, ApplicationSettings } from "../../coolify/endpoints/Applications.ts"
import { AuthoritativeDns, type NameServerAnswer } from "../../dns/AuthoritativeDns.ts"
import type { DnsClient, RecordSet } from "../../dns/DnsClient.ts"
import { awaitAuthoritative } from "../../dns/AwaitAuthoritative.ts"
import { type Connection, connectionOf } from "../../coolify/DatabaseEngine.ts"
import { releaseVariable, type Desired } from "../Desired.ts"
import type { Observed } from "../Observe.ts"
import { textOf } from "../../engine/Change.ts"
import { makeAll, node, type Node } from "../../engine/Graph.ts"
import { Pace } from "../../engine/Pace.ts"
import type { Reconciliation } from "../Reconcile.ts"
import { createDatabase, database, isUnready, wakeDatabase } from "../../kinds/Database.ts"
import type { RecordAction } from "../../kinds/DiffRecord.ts"
import { isLater, type PlannedPart } from "../../kinds/Part.ts"
import {
  application as applicationKind,
  createApplication,
  updateApplication
} from "../../kinds/Application.ts"
import type { SecretStore } from "../../secrets/SecretStore.ts"
import type { StepError } from "../RunError.ts"
import { awaitComposeFile } from "../../kinds/ComposeFile.ts"
import { refuseCompose } from "../ComposeNotes.ts"
import { noteBefore } from "./AfterDeployment.ts"
import { createInPlace, placeOf } from "./CreateInPlace.ts"
import { keepPreviousVersion, release } from "../../kinds/Release.ts"
import { putRecord, record } from "../../kinds/Record.ts"
import { releaseKey } from "../../kinds/VariableComment.ts"
import {
  putFreshVariables,
  updateVariables,
  type VariableActions,
  variables as variablesKind
} from "../../kinds/Variables.ts"
import { complete, newPassword } from "../References.ts"
import { Run } from "../../engine/Run.ts"

/** The application that is ready to be deployed, and what ran before it. */
export type Provisioned =
  /** Nothing ran before. */
  | { readonly _tag: "Fresh"; readonly uuid: string; readonly name: string }
  | {
      readonly _tag: "Existing"
      readonly uuid: string
      readonly name: string
    }
  /** Still without the domain, which `old` holds. */
  | {
      readonly _tag: "Beside"
      readonly uuid: string
      readonly name: string
      readonly settings: ApplicationSettings
      readonly old: Application
    }

const provisioned = (application: Provisioned): Provisioned => application

/**
 * Step 3: the DNS records and everything in Coolify, side by side; done when every authoritative name server answers
 * right, because the certificate authority will ask one of them during the deployment.
 */
export const provision = Effect.fn("provision")(function* (
  desired: Desired,
  observed: Observed,
  reconciliation: Reconciliation
) {
  if (reconciliation.later) yield* noteBefore(desired, observed, reconciliation)
  const { announced, application, completed, nodes } = yield* coolifyNodes(desired, observed, reconciliation)
  const records = yield* Effect.forEach(reconciliation.records, (action) => recordNodes(action, announced))
  const further = yield* furtherNodes(
    reconciliation.further,
    records.map(([written]) => written)
  )
  yield* makeAll<StepError, Scope.Scope | Run | SecretStore | CoolifyClient | DnsClient | AuthoritativeDns>([
    ...nodes,
    ...records.flat(),
    ...further
  ])
  return { application: yield* application, desired: yield* completed }
})

const coolifyNodes = Effect.fn("coolifyNodes")(function* (
  desired: Desired,
  observed: Observed,
  reconciliation: Reconciliation
) {
  const { application, variables } = reconciliation
  if (!reconciliation.deploy) {
    return {
      announced: [],
      application: Effect.succeed(undefined),
      completed: Effect.succeed(desired),
      nodes: []
    }
  }
  const { name } = desired.spec
  const early = reconciliation.parts.filter((part) => !isLater(part))
  const at = (kind: { readonly name: string }) => ({ kind: kind.name, name })
  /** All that is asked for, once the databases are there that some of it is made of. */
  const filling = (databases: ReadonlyArray<DatabaseNode>) =>
    node(
      at({ name: "fabrik/values" }),
      databases,
      Effect.flatMap(
        Effect.forEach(databases, ({ output }) => output),
        (made) => complete(desired, observed.variables, new Map(made.flat()))
      )
    )
  const actions = (all: Desired): VariableActions => withCompleted(variables, desired, all)
  if (application._tag === "Create" || (application._tag === "Replace" && observed.project !== undefined)) {
    const made = yield* node(
      at(applicationKind),
      [],
      application._tag === "Create"
        ? createFresh(desired, observed)
        : createBeside(desired, observed, application, observed.project?.uuid ?? "")
    )
    const isPlaced = observed.project !== undefined && observed.environmentExists
    const databases = yield* databaseNodes(
      desired,
      observed,
      isPlaced ? [] : [made],
      isPlaced
        ? Effect.succeed(observed.project?.uuid ?? "")
        : Effect.map(made.output, ({ projectUuid }) => projectUuid)
    )
    const values = yield* filling(databases)
    const filled = yield* node(
      at(variablesKind),
      [made, values],
      Effect.flatMap(Effect.all([made.output, values.output]), ([{ uuid }, all]) =>
        putFreshVariables({ uuid, name }, actions(all))
      )
    )
    const parts = yield* inTurn(early, ({ create, kind }, before) =>
      node(
        { kind, name },
        [made, ...before],
        Effect.flatMap(made.output, ({ uuid }) => create({ uuid, name }))
      )
    )
    return {
      announced: [],
      application: Effect.map(made.output, (one) => one.application),
      completed: values.output,
      nodes: [made, ...databases, values, filled, ...parts]
    }
  }
  const { before } = application
  const kept = yield* node(at(release), [], keepPreviousVersion(before))
  const databases = yield* databaseNodes(
    desired,
    observed,
    [kept],
    Effect.succeed(observed.project?.uuid ?? "")
  )
  const values = yield* filling(databases)
  // The release comes first and says that it is not deployed yet: whoever finds the rest done knows what is left to do.
  const written = yield* node(
    at(variablesKind),
    [kept, values],
    Effect.flatMap(values.output, (all) => updateVariables(before, actions(all), observed.variables))
  )
  const parts = yield* inTurn(early, (one, before) =>
    node({ kind: one.kind, name }, [written, ...before], one.update)
  )
  const changed = yield* node(
    at(applicationKind),
    [written, ...parts],
    Effect.as(
      application._tag === "Update" ? updateApplication(before, application.patch) : Effect.void,
      provisioned({ _tag: "Existing", uuid: before.uuid, name })
    )
  )
  return {
    announced: [written],
    application: changed.output,
    completed: values.output,
    nodes: [kept, ...databases, values, written, ...parts, changed]
  }
})

type Made = Pick<Node<unknown, unknown, unknown>, "output">

/**
 * The nodes of parts: what changes the application itself goes one after the other, as Coolify makes the proxy's labels of
 * all of it at each such request.
 */
const inTurn = Effect.fnUntraced(function* <N extends Made>(
  parts: ReadonlyArray<PlannedPart>,
  make: (part: PlannedPart, before: ReadonlyArray<Made>) => Effect.Effect<N>
) {
  const all: Array<N> = []
  let own: ReadonlyArray<Made> = []
  for (const part of parts) {
    const one = yield* make(part, part.fields === undefined ? [] : own)
    all.push(one)
    if (part.fields !== undefined) own = [one]
  }
  return all
})

/** How a database that was made is reached, by what the spec calls it. What was there before is known from the plan. */
type Reached = ReadonlyArray<readonly [name: string, connection: Connection]>
type DatabaseNode = Node<Reached, StepError, Scope.Scope | Run | SecretStore | CoolifyClient>

/**
 * The databases that are to be made or started, side by side with everything that does not need them.
 * @param after what has to be there before: where the spec's place is new, what makes it.
 */
const databaseNodes = (
  desired: Desired,
  observed: Observed,
  after: ReadonlyArray<Pick<Node<unknown, unknown, unknown>, "output">>,
  projectUuid: Effect.Effect<string>
): Effect.Effect<ReadonlyArray<DatabaseNode>> =>
  Effect.forEach(observed.databases.filter(isUnready), (planned) => {
    const { live, wanted } = planned
    const { engine, name, resource } = wanted
    const create = Effect.gen(function* () {
      const place = placeOf(desired, observed, yield* projectUuid)
      const password = yield* newPassword(desired.spec, name)
      const uuid = yield* createDatabase(place, wanted, password)
      return [[name, connectionOf(engine, uuid, password)] as const]
    })
    const make = live === undefined ? create : Effect.as(wakeDatabase(live, planned), [])
    return node({ kind: database.name, name: resource }, after, make)
  })

/** The variables to write with the values that were pending, and a release that is that of all of them. */
const withCompleted = (variables: VariableActions, planned: Desired, all: Desired): VariableActions => {
  if (all === planned) return variables
  const names = new Set((planned.pending ?? []).map(({ key }) => key))
  const more = all.variables.filter(({ key }) => names.has(key))
  const others = variables.put.filter(({ key }) => key !== releaseKey)
  return { ...variables, put: [...others, ...more, releaseVariable(all, true)] }
}

const createFresh = Effect.fn("createFresh")(function* (desired: Desired, observed: Observed) {
  const { projectUuid, uuid } = yield* createInPlace(desired, observed)
  yield* refuseCompose(desired, yield* awaitComposeFile(uuid, desired.application))
  return { uuid, projectUuid, application: provisioned({ _tag: "Fresh", uuid, name: desired.spec.name }) }
})

/** Coolify gives a domain to one application at a time: the new one gets it once it runs. */
const createBeside = Effect.fn("createBeside")(function* (
  desired: Desired,
  observed: Observed,
  { before, settings }: Extract<Reconciliation["application"], { readonly _tag: "Replace" }>,
  projectUuid: string
) {
  yield* keepPreviousVersion(before)
  const place = placeOf(desired, observed, projectUuid)
  const uuid = yield* createApplication(place, { ...settings, domains: [] }, true)
  yield* refuseCompose(desired, yield* awaitComposeFile(uuid, settings))
  const application = provisioned({ _tag: "Beside", uuid, name: desired.spec.name, settings, old: before })
  return { uuid, projectUuid, application }
})

/** @param announced what tells another machine, should this one die, that records may stand at other names than before. */
const recordNodes = Effect.fn("recordNodes")(function* (
  action: RecordAction,
  announced: ReadonlyArray<Made>
) {
  const address = recordAddress(action)
  const written = yield* node(address, announced, action._tag === "Put" ? putRecord(action) : Effect.void)
  const answered = yield* node({ kind: "dns/answer", name: address.name }, [written], awaitRecord(action))
  return [written, answered] as const
})

/**
 * One after the other, once the domains' own are as they shall be: what takes the place of another stands at its name. The
 * provider has them then; whether its name servers answer with them is not asked, as nothing here waits for it.
 */
const furtherNodes = Effect.fn("furtherNodes")(function* (
  actions: ReadonlyArray<RecordAction>,
  after: ReadonlyArray<Made>
) {
  const all: Array<Effect.Effect.Success<ReturnType<typeof recordNodes>>[0]> = []
  for (const action of actions.filter((one) => one._tag === "Put")) {
    const { name, type } = action.recordSet
    all.push(
      yield* node({ kind: record.name, name: `${name} ${type}` }, [...after, ...all], putRecord(action))
    )
  }
  return all
})

const awaitRecord = Effect.fn("awaitRecord")(function* (action: RecordAction) {
  const run = yield* Run
  const pace = yield* Pace
  yield* awaitAuthoritative({
    zone: action.zone.name,
    record: action.recordSet,
    deadline: pace.propagation,
    confirmAfter: pace.confirmDns,
    onRound: ({ answers }) =>
      run.emit({
        _tag: "DnsChecked",
        name: action.recordSet.name,
        right: answers.filter((answer) => isRight(action.recordSet, answer)).length,
        total: answers.length,
        detail: answers.map((answer) => `${answer.server}: ${said(answer)}`).join("; "),
        behind: answers
          .filter((answer) => !isRight(action.recordSet, answer))
          .map((answer) => `${answer.server} (${said(answer)})`),
        address: textOf(recordAddress(action))
      })
  })
  const { name, type } = action.recordSet
  const dns = yield* AuthoritativeDns
  const bogusAt = isAddressing(type) ? yield* dns.bogusAt(name, type) : undefined
  if (bogusAt === undefined) return
  yield* run.emit({
    _tag: "Warning",
    message: `the name servers answer right for ${name}, but the DNSSEC signatures of its zone do not hold: the resolver ${bogusAt} answers only as long as it checks none. Visitors whose resolver checks them reach nothing, and no certificate is issued: remove the zone's DS record where the domain is registered, or set it to what the DNS provider signs with`
  })
})

const said = ({ outcome, values }: NameServerAnswer): string => values.join(", ") || outcome

const recordAddress = ({ recordSet }: RecordAction) => ({
  kind: record.name,
  name: `${recordSet.name} ${recordSet.type}`
})

const isAddressing = Schema.is(Schema.Literal("A", "AAAA", "CNAME"))

const isRight = (wanted: RecordSet, { outcome, values }: NameServerAnswer): boolean =>
  outcome === "answer" && (wanted.proxied || values.some((value) => wanted.values.includes(value)))

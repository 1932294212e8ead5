/** Several specs in one command: read together, planned together, answered once, told together. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type { Linked, Subject } from "../appspec/Batch.ts"
import { hostsOf } from "../appspec/Domain.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { SpecError } from "../appspec/SpecError.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { sharePolls } from "../coolify/SharedPolls.ts"
import { shareReads } from "../coolify/SharedReads.ts"
import { Progress, type RunFinished } from "../engine/DeploymentEvent.ts"
import { Pace, paceAmong } from "../engine/Pace.ts"
import { hasChanges, type Plan } from "../engine/Plan.ts"
import { type End, type Gate, type Resting, runBatch, type Woken } from "../orchestrator/Batch.ts"
import { byProjectName } from "../orchestrator/ProjectName.ts"
import type { SandboxHandle } from "../sandbox/SandboxHandle.ts"
import { makeBatchText } from "../ui/BatchText.ts"
import { type BatchResult, type BatchRow, renderBatch, renderCounts, wordOf } from "../ui/BatchView.ts"
import * as Json from "../ui/Json.ts"
import { wrap } from "../ui/Layout.ts"
import { clean } from "../ui/Sanitize.ts"
import { Screen } from "../ui/Screen.ts"
import { type BatchLink, formerOf, linked, refuse } from "./BatchLinks.ts"
import { Concluded, UnconfirmedError } from "./CliError.ts"
import { conclude } from "./Conclude.ts"
import { ExitCode, ofReport } from "./ExitCode.ts"
import { openWorld, type World, type WorldRequest } from "./Layers.ts"
import { makeConfirmation } from "./Operator.ts"
import { type CommandError, report } from "./Report.ts"
import * as Say from "./Say.ts"
import { secretsLayers } from "./SecretsLayers.ts"
import { noSecrets, subjectOf } from "./Subject.ts"
import { makeSeen, Watch } from "./Watch.ts"
import * as Watching from "./Watch.ts"

type Report = typeof RunFinished.Type

interface BatchFlags {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly parallelism: number | undefined
  readonly keepGoing: boolean
  readonly target: ReadonlyArray<string>
}

interface BatchRequest<S extends Subject, E, R, L> {
  readonly command: "apply" | "plan" | "destroy"
  readonly flags: BatchFlags
  readonly subjects: ReadonlyArray<S>
  readonly world: Pick<WorldRequest, "dryRun" | "sandbox">
  readonly needs: (spec: Spec) => WorldRequest["needs"]
  readonly secrets: Omit<WorldRequest["secrets"], "spec">
  readonly atomic: boolean
  /** `undefined`: nobody is asked. */
  readonly question: string | undefined
  /** Nothing is to be written there. */
  readonly leavesCoolify?: boolean
  /** Those that need another go before it. */
  readonly backwards?: true
  /** Carries one of them out. */
  readonly run: (
    member: BatchRun<S>,
    gate: Gate,
    woken: Woken<L> | undefined
  ) => Effect.Effect<Report | Resting<L>, E, R>
}

export interface BatchRun<S extends Subject> {
  /** Of a process that its spec had, all that deleting it needs. */
  readonly subject: S
  /** Why it is to be deleted, if it is: its spec has that process no more. */
  readonly former: string | undefined
  /** The subject's, with its project by name. */
  readonly spec: Spec
  readonly world: World
  readonly label: string
  /** How it ends, for itself. */
  readonly conclude: (report: Report) => Effect.Effect<void, Concluded | UnconfirmedError>
}

/** Reads each of the files, which may hold several specs; all that is wrong with any of them is told before it fails. */
export const readAll = Effect.fn("readAll")(function* <A, R>(
  files: ReadonlyArray<string>,
  read: (file: string) => Effect.Effect<ReadonlyArray<A>, SpecError, R>,
  json: boolean
) {
  const all = yield* Effect.forEach(files, (file) => Effect.either(read(file)))
  yield* refuse(
    all.flatMap((one) => (Either.isLeft(one) ? [one.left] : [])),
    json
  )
  return all.flatMap((one) => (Either.isRight(one) ? one.right : []))
})

/** With changes to be made, so many runs wait for the answer as they are. What they keep is about 0.25 MiB each. */
const awake = 64

export const batch = Effect.fn("batch")(function* <S extends Subject, E extends CommandError, R, L = never>(
  request: BatchRequest<S, E, R, L>
) {
  const { command, flags } = request
  const named = yield* linked(request)
  const parallelism = flags.parallelism ?? 10
  const pace = paceAmong(yield* Pace, Math.min(parallelism, named.length))
  const opened = yield* Effect.provideService(openWorlds(request, named), Pace, pace)
  // What is named alone is looked at alone, and a Coolify that is to be left alone keeps what it has.
  const former =
    flags.target.length > 0 || request.leavesCoolify === true ? [] : yield* formerOf(request, named, opened)
  const links: ReadonlyArray<BatchLink<S>> = [...named, ...former.map(({ link }) => link)]
  const worlds = [...opened, ...former.map(({ world }) => world)]
  const { confirm, consent } = yield* makeConfirmation({
    yes: request.question === undefined,
    question: request.question ?? ""
  })
  const labels = links.map(({ label }) => label)
  const text = yield* makeBatchText(
    links.map(({ label, subject, together = [] }) => ({
      label,
      group: together.length === 0 ? undefined : subject.file
    })),
    { ...flags, quiet: flags.quiet || flags.json }
  )
  const screen = yield* Screen
  const seen = yield* Watch
  const plans = new Map<string, Plan>()
  const told = new Set<string>()

  const one = (index: number, gate: Gate, woken?: Woken<L>) =>
    Effect.gen(function* () {
      const found = links[index]
      const world = worlds[index]
      if (found === undefined || world === undefined) return yield* Effect.dieMessage("no such member")
      const { label, subject } = found
      const own = makeSeen(seen)
      seen.members.set(label, own)
      const secrets = yield* secretsLayers(
        { ...request.secrets, spec: subject.file, told },
        world.directory,
        world.team
      )
      const progress = Watching.layer.pipe(
        Layer.provide(flags.json ? Json.layer(label) : Layer.succeed(Progress, text.progress(label))),
        Layer.provideMerge(Layer.succeed(Watch, own))
      )
      const spec = yield* Effect.provide(byProjectName(subject.spec, world.offline), world.layer)
      const layer = Layer.mergeAll(world.layer, request.world.dryRun ? secrets.known : secrets.kept)
      const { confirm, rests } = gate
      const noted =
        (say: Gate["confirm"]): Gate["confirm"] =>
        (plan) =>
          Effect.suspend(() => {
            plans.set(label, plan)
            return say(plan)
          })
      const noting: Gate = {
        ...gate,
        confirm: noted(confirm),
        ...(rests === undefined ? {} : { rests: noted(rests) })
      }
      const member: BatchRun<S> = {
        subject,
        former: found.why,
        spec,
        world: { ...world, layer },
        label,
        conclude: (report) => Effect.flatMap(consent, (said) => conclude(report, said))
      }
      return yield* Effect.provide(request.run(member, noting, woken), progress)
    }).pipe(Effect.scoped)

  const ends = yield* runBatch(
    links,
    {
      parallelism,
      awake: Math.max(awake, 2 * parallelism),
      keepGoing: flags.keepGoing,
      atomic: request.atomic,
      plansOnly: request.command !== "destroy" && request.world.dryRun,
      showLate: (index) => text.showPlans(new Set(labels.filter((_, other) => other === index))),
      stands: ({ outcome }: Report) =>
        outcome === "complete" || outcome === "unchanged" || outcome === "pending" || outcome === "planned",
      decide: (found, late) =>
        Effect.gen(function* () {
          for (const { endSharing } of worlds) yield* endSharing
          const changed = found.flatMap((plan) => (plan !== undefined && hasChanges(plan) ? [plan] : []))
          const [first] = changed
          if (!flags.json) {
            yield* text.showPlans(new Set(labels.filter((_, index) => isShown(found[index], command))))
          }
          if (late.size > 0 && !flags.quiet) {
            const named = labels.filter((_, index) => late.has(index)).join(", ")
            const what = `Planned once the databases are there that they use: ${named}`
            yield* Effect.provideService(Say.hint([what]), Screen, screen)
          }
          return first === undefined || (yield* confirm(first))
        })
    },
    one
  )
  const rows = links.map(({ label, removes, subject }, index): BatchRow => {
    const end = ends[index]
    return { label, result: resultOf(end, subject.spec, plans.get(label)), removes: removes === true }
  })
  if ((yield* consent) === "nobody there") return yield* new UnconfirmedError()
  yield* tell(rows, links, ends, request)
  if (command === "plan" && !flags.json && !flags.quiet) {
    yield* Say.hint(["Nothing was sent. `fabrik apply` carries the plans out."])
  }
  return rows
})

/** A plan without changes is told by the table. */
const isShown = (plan: Plan | undefined, command: string): boolean =>
  plan !== undefined && (hasChanges(plan) || (command === "plan" && plan.notes.length > 0))

type Ends<E> = ReadonlyArray<End<Report, E>>

const resultOf = (
  end: End<Report, CommandError> | undefined,
  spec: Spec,
  plan: Plan | undefined
): BatchResult => {
  if (end === undefined || end._tag === "Skipped") return { _tag: "Skipped", why: end?.why ?? "" }
  if (end._tag === "Failed") {
    const { error } = end
    return error._tag === "RunError"
      ? { _tag: "Failed", report: error.report, step: error.step }
      : { _tag: "Failed", report: undefined, step: undefined }
  }
  return {
    _tag: "Ended",
    report: end.result,
    answers: spec.domains.length > 0,
    changes: plan?.changes.filter(({ action }) => action !== "unchanged").length ?? 0
  }
}

/** One world for all that say the same of server, repository and DNS; what is read there for the plans is read once. */
const openWorlds = Effect.fn("openWorlds")(function* <S extends Subject, E, R, L>(
  request: BatchRequest<S, E, R, L>,
  links: ReadonlyArray<Linked<S>>
) {
  const keyOf = ({ subject: { spec } }: Linked<S>) => {
    const { domains: _, ...place } = subjectOf(spec)
    return JSON.stringify([place, request.needs(spec)])
  }
  const { sandbox } = request.world
  const shared = yield* Ref.make<SandboxHandle | undefined>(undefined)
  const groups = new Map<string, ReadonlyArray<Linked<S>>>()
  for (const one of links) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  const polling = yield* sharePolls((yield* Pace).slowestFollow)
  const worlds = new Map<string, World & { readonly endSharing: Effect.Effect<void> }>()
  for (const [key, members] of groups) {
    const [first] = members
    if (first === undefined) continue
    const { spec } = first.subject
    const world = yield* openWorld({
      ...subjectOf(spec),
      domains: hostsOf(members.flatMap(({ subject }) => subject.spec.domains)),
      ...request.world,
      sandbox: sandbox === undefined ? undefined : { ...sandbox, shared },
      needs: request.needs(spec),
      secrets: noSecrets
    })
    const services = yield* Layer.build(world.layer)
    const { client, end } = yield* shareReads(polling(Context.get(services, CoolifyClient)))
    const layer = Layer.succeedContext(Context.add(services, CoolifyClient, client))
    worlds.set(key, { ...world, layer, endSharing: end })
  }
  return links.flatMap((one) => worlds.get(keyOf(one)) ?? [])
})

/** Each failure with its cause, then all in a table. */
const tell = Effect.fn("tell")(function* <S extends Subject, E extends CommandError, R, L>(
  rows: ReadonlyArray<BatchRow>,
  links: ReadonlyArray<BatchLink<S>>,
  ends: Ends<E>,
  { command, flags }: BatchRequest<S, E, R, L>
) {
  const { err, out } = yield* Screen
  const codes: Array<ExitCode> = []
  for (const [index, end] of ends.entries()) {
    const label = rows[index]?.label ?? ""
    if (end._tag === "Ended") codes.push(ofReport(end.result))
    if (end._tag !== "Failed") continue
    yield* err.write(`\n${err.style.bold(clean(label))}\n`)
    codes.push(
      yield* report(end.error, {
        json: flags.json,
        reads: command === "plan",
        recover: "fabrik recover",
        spec: label
      })
    )
  }
  const code = worst(codes)
  if (flags.json) {
    const specs = rows.map((row, index) => {
      const { label, result } = row
      const { process } = links[index]?.subject.spec ?? {}
      return {
        name: label,
        file: links[index]?.subject.file,
        ...(process === undefined ? {} : { process: process.name }),
        result: wordOf(row, command),
        url: result._tag === "Ended" ? result.report.url : null,
        ...(result._tag === "Skipped" ? { why: result.why } : {})
      }
    })
    yield* out.write(`${Json.jsonLine({ type: "BatchFinished", exit: code, specs })}\n`)
  } else if (rows.every(({ result }) => result._tag === "Ended" && result.report.outcome === "declined")) {
    if (!flags.quiet) yield* err.write("Nothing was changed.\n")
  } else if (!flags.quiet) {
    yield* out.write(`\n${renderBatch(rows, command, out.style).join("\n")}\n`)
    yield* err.write(
      wrap(
        renderCounts(
          rows,
          command,
          links.some(({ subject }) => subject.spec.process !== undefined) ? "application" : "spec"
        ),
        err.style.columns
      )
        .map(err.style.bold)
        .join("\n") + "\n"
    )
  }
  if (code !== ExitCode.done) return yield* new Concluded({ code })
})

/** What needs somebody most: something left, then not known, then undone, then refused. */
const gravest = [ExitCode.bug, ExitCode.leftovers, ExitCode.unknown, ExitCode.undone]

export const worst = (codes: ReadonlyArray<ExitCode>): ExitCode =>
  gravest.find((code) => codes.includes(code)) ?? Math.max(ExitCode.done, ...codes)

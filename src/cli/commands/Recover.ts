import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { byProjectName } from "../../orchestrator/ProjectName.ts"
import { apply } from "../../orchestrator/Apply.ts"
import { destroy } from "../../orchestrator/Destroy.ts"
import type { Unsettled } from "../../engine/JournalEntry.ts"
import { awaitLate } from "../../engine/Late.ts"
import { closeIfOvertaken, seeOvertaken } from "../../orchestrator/Overtaken.ts"
import { goesBack, mustRollBack, refuseOtherInstance, rollBackOpen } from "../../orchestrator/Recover.ts"
import { Owner } from "../../engine/Owner.ts"
import { journalOf, openRunJournal, peek } from "../../engine/RunJournal.ts"
import { scan } from "../../orchestrator/Scan.ts"
import { parseSpecs, specOf } from "../../appspec/ParseSpec.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { Journals } from "../../state/Journals.ts"
import { jsonLine } from "../../ui/Json.ts"
import { renderRolledBack } from "../../ui/Failure.ts"
import { renderScan } from "../../ui/ScanView.ts"
import { renderUnsettled } from "../../ui/UnsettledView.ts"
import { Screen } from "../../ui/Screen.ts"
import { define } from "../CommandInfo.ts"
import { Concluded } from "../CliError.ts"
import { conclude } from "../Conclude.ts"
import { ExitCode, ofReport } from "../ExitCode.ts"
import * as Flag from "../Flag.ts"
import { openWorld, type WorldRequest } from "../Layers.ts"
import { openCoolify } from "../OpenSubject.ts"
import { maskSecrets } from "../Mask.ts"
import { parseAllWithEnvironment } from "../Interpolation.ts"
import * as Output from "../Output.ts"
import { recoverCommand } from "../RecoverCommand.ts"
import { addressOf, recordRelease } from "../Releases.ts"
import { lockRun, runningRun } from "../RunLock.ts"
import { type Report, recorded } from "../RunRecords.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { givenSecrets, sandboxOf, subjectOf, type WorldFlags } from "../Subject.ts"

export const recover = define({
  name: "recover",
  about: [
    "A run that was killed leaves its journal in .fabrik/journal: what it was to do, what it did, and what puts that back. Recover looks at what became of it, then goes on to the end with the spec as it was, or finishes a rollback that had begun. `fabrik apply` of the same application does it too.",
    "Runs that are still under way are left alone."
  ],
  config: {
    rollback: Flag.toggle("rollback", { help: "put everything back instead of going on" }),
    scan: Flag.toggle("scan", {
      help: "show all that carries fabrik's mark, journal or not, and change nothing"
    }),
    dryRun: Flag.toggle("dry-run", { help: "show what is open, and change nothing" }),
    secrets: Shared.secrets,
    envFile: Shared.envFile,
    timeout: Shared.timeout,
    lockTimeout: Shared.lockTimeout,
    ...Shared.world,
    verbose: Shared.verbose,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik recover --dry-run", says: "what is open?" },
    { line: "fabrik recover", says: "go on where it stopped" },
    { line: "fabrik recover --scan", says: "what of fabrik's is there at all?" },
    { line: "fabrik recover --rollback", says: "back to how it was before" }
  ],
  handler: Effect.fn("command.recover")(function* (flags) {
    const { out } = yield* Screen
    if (flags.scan) return yield* showMarked(flags)
    const journals = yield* inWorld(sandboxOf(flags), (world) =>
      Effect.flatMap(allJournals, (all) => Effect.forEach(all, (one) => withHolder(one, world)))
    )
    const named = flags.secrets.length === 0 ? [] : journals
    const specs = yield* Effect.forEach(named, specOfRun)
    const given = yield* givenSecrets(flags.secrets, specs, "recover")
    const open = journals.filter(({ left }) => left.decision !== "closed")
    if (open.length === 0 && !flags.quiet) {
      yield* Say.hint(["Nothing is open: every run has come to its end."])
    }
    if (flags.dryRun) {
      const looked = yield* inWorld(sandboxOf(flags), ({ owner }) =>
        Effect.forEach(open, (one) =>
          Effect.map(lookForOthers(one, owner), (others) => ({ ...one, ...others }))
        )
      )
      return yield* Say.result(
        flags.json
          ? looked.map(({ holder: running, left, overtaken, unseen }) =>
              jsonLine({
                type: "Unsettled",
                ...left,
                running: running ?? null,
                overtaken: overtaken ?? null,
                unseen: unseen ?? null
              })
            )
          : looked.flatMap(({ left, ...standing }) =>
              renderUnsettled(left, mustRollBack(left), standing, out.style)
            )
      )
    }
    let worst: ExitCode = ExitCode.done
    for (const { name, left } of journals) {
      const report = yield* settle(name, left, { ...flags, given })
      if (report === undefined) continue
      worst = Math.max(worst, ofReport(settledAs(report)))
    }
    if (worst !== ExitCode.done) return yield* new Concluded({ code: worst })
  })
})

/** What was to be put back is put back: that is a success here. */
const settledAs = (report: Report): Report =>
  report.outcome === "rolled-back" ? { ...report, outcome: "complete" } : report

const showMarked = Effect.fn("showMarked")(function* (
  flags: WorldFlags & { readonly json: boolean; readonly quiet: boolean }
) {
  const { out } = yield* Screen
  const found = yield* inWorld(sandboxOf(flags), () => scan)
  yield* Say.result(
    flags.json ? found.map((one) => jsonLine({ type: "Marked", ...one })) : renderScan(found, out.style)
  )
  if (found.length === 0 && !flags.quiet) yield* Say.hint(["Nothing carries fabrik's mark here."])
})

interface OpenJournal {
  readonly name: string
  readonly left: Unsettled
}

/** Whose run it was: of several processes the one that the journal is called after. */
const specOfRun = ({ left, name }: OpenJournal) =>
  Either.map(parseSpecs(left.begun.text, left.begun.file), (specs) => specOf(specs, journalOf(name)))

/** Reads this Coolify, and DNS where credentials are set. */
const inWorld = <A, E, R>(
  sandbox: WorldRequest["sandbox"],
  use: (world: Effect.Effect.Success<ReturnType<typeof openWorld>>) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const world = yield* openCoolify(sandbox, "if-set")
      return yield* Effect.provide(use(world), world.layer)
    })
  )

/** With what the run says of itself, if it is still under way. */
const withHolder = <J extends OpenJournal>(journal: J, world: Parameters<typeof runningRun>[1]) =>
  specOfRun(journal).pipe(
    Effect.flatMap((spec) => runningRun(spec, { ...world, owner: journal.left.begun.owner ?? world.owner })),
    // What cannot be read any more is told when it is to be settled.
    Effect.orElseSucceed(() => undefined),
    Effect.map((holder) => ({ ...journal, holder }))
  )

interface Others {
  /** How another run has changed it since. */
  readonly overtaken: string | undefined
  /** Why that could not be looked at. */
  readonly unseen: string | undefined
}
const nobody: Others = { overtaken: undefined, unseen: undefined }

/** Whether another run has changed the application of an unfinished one since. Sends nothing but reads. */
const lookForOthers = (
  { holder, ...journal }: OpenJournal & { readonly holder: string | undefined },
  owner: string
) =>
  Effect.gen(function* () {
    if (holder !== undefined) return nobody
    const { left } = journal
    yield* refuseOtherInstance(left)
    const spec = yield* byProjectName(yield* specOfRun(journal), false)
    return { ...nobody, overtaken: (yield* seeOvertaken(spec, left))?.why }
  }).pipe(
    Effect.provideService(Owner, journal.left.begun.owner ?? owner),
    Effect.catchAll(({ message }) => Effect.succeed({ ...nobody, unseen: message }))
  )

const allJournals = Effect.gen(function* () {
  const journals = yield* Journals
  const all = yield* Effect.forEach(yield* journals.list, (name) =>
    Effect.map(peek(name), (left) => ({ name, left }))
  )
  return all.flatMap(({ name, left }) => (left === undefined ? [] : [{ name, left }]))
})

interface SettleFlags extends WorldFlags {
  readonly rollback: boolean
  readonly given: WorldRequest["secrets"]["given"]
  readonly envFile: string | undefined
  readonly timeout: number | undefined
  readonly lockTimeout: number | undefined
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

/** `undefined`: there was nothing to settle, or another run has done so in the meantime. */
const settle = Effect.fn("settle")(function* (name: string, left: Unsettled, flags: SettleFlags) {
  const { file, text } = left.begun
  // What is put back or deleted needs no values.
  const isRedone = !mustRollBack(left) && !flags.rollback && left.begun.command !== "destroy"
  const written = isRedone
    ? specOf(yield* parseAllWithEnvironment(text, file), journalOf(name))
    : yield* specOfRun({ name, left })
  const world = yield* openWorld({
    ...subjectOf(written),
    sandbox: sandboxOf(flags),
    dryRun: false,
    needs: { coolify: true, dns: left.begun.skipDns || written.domains.length === 0 ? "if-set" : "yes" },
    secrets: { envFile: flags.envFile, spec: left.begun.file, given: flags.given }
  })
  const spec = yield* Effect.provide(byProjectName(written, world.offline), world.layer)
  yield* maskSecrets(spec, left.begun.file, sandboxOf(flags))
  // Whose it was is written there: FABRIK_OWNER may have changed since.
  const owner = left.begun.owner ?? world.owner
  yield* lockRun(spec, { ...world, owner, command: "recover", seconds: flags.lockTimeout ?? 0 })
  const now = yield* Effect.provide(peek(name), world.layer)
  if (now === undefined) return undefined
  if (now.decision === "closed") {
    // Its process ended before the file was gone.
    const screen = yield* Screen
    const warn = (message: string) => Effect.provideService(Say.warn(message), Screen, screen)
    yield* Effect.provide(openRunJournal(name, warn), world.layer)
    return undefined
  }
  yield* Effect.provide(refuseOtherInstance(now), world.layer)
  if (
    yield* overtaken(name, spec, now).pipe(
      Effect.provideService(Owner, owner),
      Effect.provide(world.layer),
      Effect.provide(Output.layer(flags))
    )
  ) {
    return undefined
  }
  const back = goesBack(now, flags.rollback)
  const mode = world.place
  const running = (
    back ? rollBackOpen(name, { mode, ...spec, spec }) : goOn(spec, now, { mode, timeout: flags.timeout })
  ).pipe(Effect.provideService(Owner, owner), Effect.provide(world.layer))
  const report = yield* Effect.provide(
    recorded(running, {
      command: "recover",
      spec,
      file: left.begun.file,
      world: { ...world, owner },
      conclude: (report) => conclude(settledAs(report), "not asked")
    }),
    Output.layer(flags)
  )
  if (!back && now.begun.command !== "destroy") {
    yield* Effect.provide(
      recordRelease({
        spec: written,
        text: now.begun.text,
        report,
        backTo: undefined,
        coolify: addressOf(world)
      }).pipe(Effect.provide(world.layer)),
      world.history
    )
  }
  if (back && !(flags.quiet && report.leftovers.length === 0)) {
    const { err } = yield* Screen
    const again = recoverCommand([...(flags.sandbox ? ["--sandbox"] : []), ...dirWords(flags)])
    yield* err.write(
      renderRolledBack(report, err.style, again)
        .map((line) => `${line}\n`)
        .join("")
    )
  }
  return report
}, Effect.scoped)

/** Closed and told, when another run has changed the application since. */
const overtaken = (name: string, spec: Spec, left: Unsettled) =>
  Effect.zipRight(awaitLate(left), closeIfOvertaken(name, spec, left))

const dirWords = ({ sandboxDir }: WorldFlags) =>
  sandboxDir === undefined ? [] : ["--sandbox-dir", sandboxDir]

const goOn = (
  spec: Spec,
  { begun }: Unsettled,
  { mode, timeout }: { readonly mode: "live" | "sandbox"; readonly timeout: number | undefined }
) => {
  const { allowDowntime, deleteVolumes, file, skipDeploy, skipDns, text } = begun
  const common = {
    command: "recover",
    mode,
    confirm: () => Effect.succeed(true),
    origin: { file, text }
  } as const
  return begun.command === "destroy"
    ? destroy(spec, { ...common, keepDns: skipDns, deleteVolumes })
    : apply(spec, {
        ...common,
        offline: false,
        skipDns,
        skipDeploy,
        redeploy: false,
        allowDowntime,
        expected: undefined,
        begunSecrets: begun.secrets,
        timeout: Duration.seconds(timeout ?? 1800)
      })
}

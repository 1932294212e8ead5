import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { loadWhole } from "../../appspec/LoadSpec.ts"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { shareReads } from "../../coolify/SharedReads.ts"
import { Status, status as readStatus } from "../../orchestrator/Status.ts"
import { jsonLine } from "../../ui/Json.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderStatuses } from "../../ui/StatusView.ts"
import { UsageError } from "../Arguments.ts"
import { readAll } from "../Batch.ts"
import { Concluded } from "../CliError.ts"
import { maskSecrets } from "../Mask.ts"
import { openWorldOf, shareSandbox } from "../OpenSubject.ts"
import { toldOf } from "../Report.ts"
import { runningRun } from "../RunLock.ts"
import * as Say from "../Say.ts"
import { specFiles } from "../SpecFiles.ts"
import { dnsNeeds, leavesDns, sandboxOf, type WorldFlags } from "../Subject.ts"

interface Flags extends WorldFlags {
  readonly files: ReadonlyArray<string>
  readonly process: string | undefined
  readonly skipDns: boolean
  readonly watch: boolean
  readonly json: boolean
  readonly quiet: boolean
}

const usage = (message: string) => new UsageError({ message, command: "status" })

/** So many are looked at side by side; the requests wait for each other's turn anyway. */
const atOnce = 10

const read = (file: string) => Effect.map(loadWhole(file), (specs) => specs.map((spec) => ({ file, spec })))

/** A line for each; one that cannot be read hinders none of the others, and its exit code is the command's. */
export const statusOfSeveral = Effect.fn("statusOfSeveral")(function* (flags: Flags) {
  if (flags.watch) return yield* usage("--watch follows one spec")
  if (flags.process !== undefined) return yield* usage("--process chooses in one spec")
  const subjects = yield* readAll(yield* specFiles(flags.files), read, flags.json)
  const shared = yield* shareSandbox
  const opened = yield* Effect.forEach(subjects, ({ file, spec: written }) =>
    openWorldOf(written, flags, dnsNeeds(written, flags.skipDns), shared).pipe(
      Effect.tap(({ spec }) => maskSecrets(spec, file, sandboxOf(flags))),
      Effect.map((one) => ({ ...one, file }))
    )
  )
  const [first] = opened
  if (first === undefined) return
  const { client } = yield* Effect.flatMap(Effect.provide(CoolifyClient, first.world.layer), shareReads)
  const rows = yield* Effect.forEach(
    opened,
    ({ file, spec, world }) =>
      readStatus(spec, { skipDns: leavesDns(spec, flags.skipDns), holder: runningRun(spec, world) }).pipe(
        Effect.provide(Context.make(CoolifyClient, client)),
        Effect.provide(world.knownSecrets),
        Effect.provide(world.layer),
        Effect.either,
        Effect.map((answer) => ({ answer, file, spec }))
      ),
    { concurrency: atOnce }
  )
  const failed = rows.flatMap(({ answer, spec }) =>
    Either.isLeft(answer) ? [toldOf(answer.left, spec.name)] : []
  )
  const { out } = yield* Screen
  yield* Say.result(
    flags.json
      ? rows.map(({ answer, file, spec }) =>
          Either.isLeft(answer)
            ? toldOf(answer.left, spec.name).line
            : jsonLine({ type: "Status", file, ...Schema.encodeSync(Status)(answer.right) })
        )
      : renderStatuses(
          rows.map(({ answer, spec }) =>
            Either.isLeft(answer) ? { name: spec.name, problem: answer.left.message } : answer.right
          ),
          out.style
        )
  )
  const [problem] = failed
  if (problem !== undefined) return yield* new Concluded({ code: problem.code })
}, Effect.scoped)

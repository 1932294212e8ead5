import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isPassing } from "../../kinds/Find.ts"
import type { StepError } from "../../orchestrator/RunError.ts"
import { Status, status as readStatus } from "../../orchestrator/Status.ts"
import { loadWhole } from "../../appspec/LoadSpec.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { jsonLine } from "../../ui/Json.ts"
import { Screen, type Stream } from "../../ui/Screen.ts"
import { renderStatus } from "../../ui/StatusView.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { chooseProcess } from "../ChooseProcess.ts"
import { openWorldOf, shareSandbox } from "../OpenSubject.ts"
import { maskSecrets } from "../Mask.ts"
import { runningRun } from "../RunLock.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { namesSeveral } from "../SpecFiles.ts"
import { dnsNeeds, leavesDns, sandboxOf } from "../Subject.ts"
import { Watch } from "../Watch.ts"

export const status = define({
  name: "status",
  about: [
    "Reads Coolify, the zone and its name servers, and the URL: what stands, what a plan would change, which release answers, and whether a run is under way or came to no end. Changes nothing. `fabrik verify` is for scripts: it fails when something is wrong.",
    "Of several specs each has one line, what cannot be read included; --json has the facts of each."
  ],
  config: {
    files: Shared.specFiles,
    process: Shared.process,
    skipDns: Shared.skipDns,
    watch: Flag.toggle("watch", {
      alias: "w",
      help: "look again every 5 seconds, and show what has changed, until interrupted"
    }),
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik status app.yaml", says: "where does it stand?" },
    { line: "fabrik status specs/", says: "a line for each spec of a folder" },
    { line: "fabrik status app.yaml --watch", says: "see it become healthy" },
    { line: "fabrik status app.yaml --json", says: "the same facts as one JSON object" }
  ],
  handler: Effect.fn("command.status")(function* (flags) {
    if (yield* namesSeveral({ files: flags.files, target: [] })) {
      const { statusOfSeveral } = yield* Effect.promise(() => import("./StatusBatch.ts"))
      return yield* statusOfSeveral(flags)
    }
    const [file = ""] = flags.files
    const all = yield* chooseProcess(yield* loadWhole(file), flags.process, "status")
    const { out } = yield* Screen
    const shared = yield* shareSandbox
    const reads = yield* Effect.forEach(
      all,
      Effect.fnUntraced(function* (written) {
        const { spec, world } = yield* openWorldOf(written, flags, dnsNeeds(written, flags.skipDns), shared)
        yield* maskSecrets(spec, file, sandboxOf(flags))
        const options = { skipDns: leavesDns(spec, flags.skipDns), holder: runningRun(spec, world) }
        return readStatus(spec, options).pipe(
          Effect.provide(world.knownSecrets),
          Effect.provide(world.layer),
          Effect.map((facts) =>
            flags.json
              ? [jsonLine({ type: "Status", ...processOf(spec), ...Schema.encodeSync(Status)(facts) })]
              : renderStatus(facts, out.style)
          )
        )
      })
    )
    const between = flags.json ? [] : [""]
    const read = Effect.map(Effect.all(reads, { concurrency: "unbounded" }), (blocks) =>
      blocks.flatMap((block, index) => (index === 0 ? block : [...between, ...block]))
    )
    if (!flags.watch) return yield* Say.result(yield* read)
    const seen = yield* Watch
    seen.onSignal = "end"
    yield* watch(read, out, flags.json).pipe(Effect.raceFirst(out.closed))
  }, Effect.scoped)
})

const processOf = ({ process }: Spec) => (process === undefined ? {} : { process: process.name })

/** Troubles that come and go while one watches. */
const isTransient = (error: StepError): boolean => {
  switch (error._tag) {
    case "CoolifyError":
      return isPassing(error)
    case "DnsError":
      return error.reason === "Unavailable" || error.reason === "RateLimited"
    default:
      return error._tag === "AuthoritativeDnsError"
  }
}

/** A terminal's block is drawn anew in its place; elsewhere each change is a block of its own. */
const watch = Effect.fn("watch")(function* <E extends StepError, R>(
  read: Effect.Effect<ReadonlyArray<string>, E, R>,
  out: Stream,
  json: boolean
) {
  let shown: ReadonlyArray<string> = []
  let trouble = ""
  while (true) {
    const answer = yield* Effect.either(read)
    if (answer._tag === "Left") {
      if (shown.length === 0 || !isTransient(answer.left)) return yield* answer.left
      if (answer.left.message !== trouble) yield* Say.hint([`fabrik: ${answer.left.message}; trying again`])
      trouble = answer.left.message
    } else if (answer.right.join("\n") !== shown.join("\n") || trouble !== "") {
      const inPlace = out.tty && shown.length > 0 && trouble === ""
      const between = inPlace ? `\u001b[${shown.length}A\u001b[J` : json || shown.length === 0 ? "" : "\n"
      yield* out.write(between + answer.right.map((line) => `${line}\n`).join(""))
      shown = answer.right
      trouble = ""
    }
    yield* Effect.sleep("5 seconds")
  }
})

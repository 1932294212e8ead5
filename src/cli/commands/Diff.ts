import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { diffSpecs, type KeyDifference } from "../../appspec/DiffSpecs.ts"
import { loadSpecs } from "../../appspec/LoadSpec.ts"
import { mainOf, parseSpecs } from "../../appspec/ParseSpec.ts"
import { RefusedError } from "../../engine/DeployError.ts"
import { chooseRelease } from "../../orchestrator/Releases.ts"
import type { Release } from "../../state/History.ts"
import { jsonLine } from "../../ui/Json.ts"
import { describeRelease, renderDifferences } from "../../ui/ReleasesView.ts"
import { Screen } from "../../ui/Screen.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openHistory } from "../Layers.ts"
import { releasesHere } from "../Releases.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { sandboxOf } from "../Subject.ts"

export const diff = define({
  name: "diff",
  about: [
    "Compares the specs of two recorded releases key by key: the image or commit, domains, settings, and the names of variables and secrets. Values of variables are never shown. Nothing is asked of Coolify, and nothing is changed. `fabrik plan` compares the spec as it is now with what stands."
  ],
  config: {
    file: Shared.specFile,
    releases: Flag.any(
      "RELEASE",
      "the older and the newer one; first digits suffice [the release that `fabrik rollback` goes back to, and the present one]"
    ),
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik diff app.yaml", says: "what did the last release change?" },
    { line: "fabrik diff app.yaml 3f9c", says: "what has changed since that one?" },
    { line: "fabrik diff app.yaml 3f9c a41b --json", says: "between two of them, one key a line" }
  ],
  handler: Effect.fn("command.diff")(function* (flags) {
    const spec = mainOf(yield* loadSpecs(flags.file))
    const releases = yield* (yield* openHistory(sandboxOf(flags))).list(spec)
    const [older, newer, ...more] = flags.releases
    if (more.length > 0) {
      const detail = `diff compares two releases, and ${flags.releases.length} are named`
      return yield* new RefusedError({ reason: "NoRelease", detail, next: "name two of them" })
    }
    const here = yield* releasesHere(releases, flags.sandbox)
    const before = yield* chooseRelease(older === undefined ? here : releases, older)
    const after = newer === undefined ? (here.at(-1) ?? before) : yield* chooseRelease(releases, newer)
    const found = yield* differences(before, after)
    const { out } = yield* Screen
    if (flags.json) {
      const of = { before: before.release, after: after.release }
      return yield* Say.result(found.map((one) => jsonLine({ type: "Difference", ...of, ...sides(one) })))
    }
    yield* Say.result([
      out.style.bold(`- ${describeRelease(before)}`),
      out.style.bold(`+ ${describeRelease(after)}`),
      "",
      ...renderDifferences(found, out.style)
    ])
    if (!flags.quiet && isOfBranch(before) && isOfBranch(after)) {
      yield* Say.hint([
        "Which commits of the branch these were is not recorded: name a commit in the spec to have it told."
      ])
    }
  }, Effect.scoped)
})

/** In `--json` the two sides of a key, whose releases `before` and `after` are. */
const sides = ({ after, before, key, secret }: KeyDifference) => ({ key, was: before, is: after, secret })

const differences = Effect.fn("differences")(function* (before: Release, after: Release) {
  const found = diffSpecs(before.text, after.text)
  if (found === undefined) {
    return yield* new RefusedError({
      reason: "NoRelease",
      detail: "the spec of one of these releases is none that this version of fabrik understands",
      next: "see both with `fabrik history --json`"
    })
  }
  if (before.files === after.files) return found
  const files = (one: Release) => (one.files === undefined ? null : "")
  return [
    ...found,
    { key: "files beside the spec", before: files(before), after: files(after), secret: true }
  ]
})

const isOfBranch = ({ text }: Release): boolean =>
  Either.match(parseSpecs(text, ""), {
    onLeft: () => false,
    onRight: (specs) => specs.some(({ source }) => source._tag === "Git" && source.commit === "HEAD")
  })

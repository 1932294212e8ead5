import * as Effect from "effect/Effect"
import { nearest } from "../../appspec/Nearest.ts"
import { jsonLine } from "../../ui/Json.ts"
import { wrap } from "../../ui/Layout.ts"
import { Screen } from "../../ui/Screen.ts"
import type { Style } from "../../ui/Style.ts"
import { UsageError } from "../Arguments.ts"
import { catalogue, type Entry } from "../Catalogue.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"

export const explain = define({
  name: "explain",
  about: [
    "Each failure shows a code, which stays the same from version to version. Explain tells its cause, what fabrik does then, and what to do; without a code it lists all."
  ],
  config: {
    codes: Flag.any("CODE", "as a failure shows it"),
    ...Shared.screen
  },
  examples: [
    { line: "fabrik explain coolify-missing-ability", says: "what it means, and what to do" },
    { line: "fabrik explain", says: "all there are" }
  ],
  handler: Effect.fn("command.explain")(function* ({ codes, json }) {
    const stray = codes.find((code) => catalogue.every((entry) => entry.code !== code))
    if (stray !== undefined) {
      const near = nearest(
        stray,
        catalogue.map(({ code }) => code)
      )
      const hint = near === undefined ? "`fabrik explain` lists all" : `did you mean ${near}?`
      return yield* new UsageError({ message: `there is no code ${stray}; ${hint}`, command: "explain" })
    }
    const { out } = yield* Screen
    const chosen = catalogue.filter(({ code }) => codes.length === 0 || codes.includes(code))
    if (json) return yield* Say.result(chosen.map((entry) => jsonLine({ type: "Code", ...entry })))
    yield* Say.result(
      chosen.flatMap((entry) =>
        codes.length === 0 ? renderLine(entry, out.style) : renderEntry(entry, out.style)
      )
    )
  })
})

const renderLine = ({ cause, code }: Entry, style: Style): ReadonlyArray<string> => [
  style.bold(code),
  ...wrap(cause, style.columns, "  ")
]

const renderEntry = ({ cause, code, did, next }: Entry, style: Style): ReadonlyArray<string> => [
  style.bold(code),
  ...wrap(cause, style.columns, "  Cause:  "),
  ...wrap(did, style.columns, "  fabrik: "),
  ...wrap(next, style.columns, "  Next:   ")
]

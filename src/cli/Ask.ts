import * as Effect from "effect/Effect"
import { wrap } from "../ui/Layout.ts"
import { clean } from "../ui/Sanitize.ts"
import { Screen } from "../ui/Screen.ts"
import { NotWrittenError } from "./CliError.ts"
import { Operator } from "./Operator.ts"

interface Question {
  /** Ends without a sign. */
  readonly text: string
  /** What an empty answer means. */
  readonly suggestion?: string | undefined
  /** Why this is no answer. */
  readonly problem: (answer: string) => string | undefined
}

/** Asks until the answer is one. The caller has made sure that somebody is there. */
export const ask = Effect.fn("ask")(function* ({ problem, suggestion, text }: Question) {
  const operator = yield* Operator
  const { err } = yield* Screen
  const { bold, columns, yellow } = err.style
  const shown = suggestion === undefined ? `${text}:` : `${text} [${suggestion}]:`
  for (;;) {
    yield* err.write(`${wrap(clean(shown), columns).map(bold).join("\n")} `)
    const line = yield* operator.answer
    if (line === undefined) {
      yield* err.write("\n")
      return yield* new NotWrittenError({
        detail: "the input ended before all questions were answered: nothing was written",
        next: "Run it again, or give the answers as flags."
      })
    }
    const answer = line.trim() === "" ? (suggestion ?? "") : line.trim()
    const wrong = answer === "" ? "an answer is needed here" : problem(answer)
    if (wrong === undefined) return answer
    yield* err.write(
      wrap(clean(wrong), columns, "  ")
        .map((one) => `${yellow(one)}\n`)
        .join("")
    )
  }
})

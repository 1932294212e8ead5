import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { hasChanges, type Plan } from "../engine/Plan.ts"
import { wrap } from "../ui/Layout.ts"
import { Screen } from "../ui/Screen.ts"

/** The person at the terminal, if there is one. */
export class Operator extends Context.Tag("fabrik/cli/Operator")<
  Operator,
  {
    /** stdin and stderr are terminals and `CI` is not set. */
    readonly present: boolean
    /** One line from stdin; `undefined` at its end. */
    readonly answer: Effect.Effect<string | undefined>
    /** stdin is a terminal. */
    readonly terminal: boolean
    /** One line that the terminal does not show; `undefined` at the end. */
    readonly hidden: Effect.Effect<string | undefined>
    /** All of stdin, up to `most` bytes and one more. */
    readonly piped: (most: number) => Effect.Effect<Uint8Array>
  }
>() {}

/** How the question was settled. */
export type Consent = "not asked" | "yes" | "no" | "nobody there"

export interface Confirmation {
  readonly confirm: (plan: Plan) => Effect.Effect<boolean>
  readonly consent: Effect.Effect<Consent>
}

/** Whoever is at the terminal; anything but a yes is a no. */
export const askOnce = Effect.fn("askOnce")(function* (question: string) {
  const operator = yield* Operator
  const { err } = yield* Screen
  if (!operator.present) return "nobody there" as const
  const lines = wrap(`${question} [y/N]`, err.style.columns)
  yield* err.write(`${lines.map(err.style.bold).join("\n")} `)
  const answer = yield* operator.answer
  if (answer === undefined) yield* err.write("\n")
  return /^\s*y(?:es)?\s*$/i.test(answer ?? "") ? ("yes" as const) : ("no" as const)
})

/** Asks once about a plan with changes, unless `--yes` has answered already; where nobody can be asked, the answer is no. */
export const makeConfirmation = (options: {
  readonly yes: boolean
  readonly question: string
}): Effect.Effect<Confirmation, never, Operator | Screen> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Operator | Screen>()
    const consent = yield* Ref.make<Consent>("not asked")
    const ask = Effect.provide(askOnce(options.question), context)
    return {
      confirm: (plan) =>
        options.yes || !hasChanges(plan)
          ? Effect.succeed(true)
          : ask.pipe(
              Effect.tap((said) => Ref.set(consent, said)),
              Effect.map((said) => said === "yes")
            ),
      consent: Ref.get(consent)
    }
  })

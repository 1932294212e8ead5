/** What a container prints, as the API hands it out. */
import * as Behaviour from "./Behaviour.ts"
import type { Container } from "./CoolifyState.ts"
import type { Life } from "./Lifeline.ts"
import type { Fields } from "./Route.ts"
import { timestamp } from "./Timestamp.ts"
import { isTrue, text } from "./Validation.ts"

/** One run of it prints; of its variables only those that it is told to. */
const lines = (container: Container, behaviour: Behaviour.Behaviour): ReadonlyArray<string> => [
  `${container.name} starts from ${container.image}`,
  ...(behaviour._tag === "Crash" || behaviour._tag === "Slow"
    ? []
    : [`listening on port ${container.listens ?? "given by the image"}`]),
  ...Behaviour.echoed(container.env),
  ...(behaviour._tag === "Crash" ? ["fatal: cannot start, exit code 1"] : []),
  ...(container.health === "healthy" ? ["GET / 200"] : [])
]

/** @param query `lines` and `show_timestamps`. */
export const printed = (
  container: Container,
  behaviour: Behaviour.Behaviour,
  { starts }: Life,
  query: Fields
): string => {
  const wanted = Number(text(query["lines"])) || 100
  const stamp = (start: number) => (isTrue(query["show_timestamps"]) ? `${timestamp(start)} ` : "")
  return starts
    .flatMap((start) => lines(container, behaviour).map((line) => `${stamp(start)}${line}\n`))
    .slice(-Math.min(Math.max(wanted, 1), 10_000))
    .join("")
}

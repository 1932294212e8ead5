/** Which of a spec's processes a command is about. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { nearest } from "../appspec/Nearest.ts"
import type { Specs } from "../appspec/ParseSpec.ts"
import { UsageError } from "./Arguments.ts"

/** All of them, or the one that `--process` names. */
export const chooseProcess = (
  specs: Specs,
  name: string | undefined,
  command: string
): Effect.Effect<Specs, UsageError> => {
  if (name === undefined) return Effect.succeed(specs)
  const refuse = (message: string) => new UsageError({ message: `--process ${name}: ${message}`, command })
  const names = specs.flatMap(({ process }) => process?.name ?? [])
  if (names.length === 0) return refuse("the spec has no `processes`")
  const chosen = specs.filter(({ process }) => process?.name === name)
  if (Arr.isNonEmptyReadonlyArray(chosen)) return Effect.succeed(chosen)
  const near = nearest(name, names)
  return refuse(near === undefined ? `the spec has ${names.join(", ")}` : `did you mean ${near}?`)
}

import { assert, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { DeploymentState, transition, transitions } from "../../src/engine/DeploymentState.ts"

const states = DeploymentState.literals
const terminal = ["COMPLETE", "FAILED", "ROLLED_BACK"]
const working = ["VALIDATING", "PROVISIONING", "DEPLOYING", "VERIFYING"] as const

it("goes from start to end in the one order", () => {
  const path: Array<string> = ["PENDING"]
  for (let state: DeploymentState = "PENDING"; transitions[state].length > 0;) {
    state = transitions[state][0]!
    path.push(state)
  }
  assert.deepStrictEqual(path, [
    "PENDING",
    "VALIDATING",
    "PROVISIONING",
    "DEPLOYING",
    "VERIFYING",
    "COMPLETE"
  ])
})

it("lets every working state fail or roll back", () => {
  for (const state of working) assert.includeMembers([...transitions[state]], ["FAILED", "ROLLING_BACK"])
})

it("ends for good in COMPLETE, FAILED and ROLLED_BACK only", () => {
  const dead = states.filter((state) => transitions[state].length === 0)
  assert.sameMembers([...dead], terminal)
})

it.prop(
  "answers every transition outside the table with a typed error that names both ends",
  [FastCheck.constantFrom(...states), FastCheck.constantFrom(...states)],
  ([from, to]) => {
    const result = transition(from, to)
    if (transitions[from].includes(to)) return Either.isRight(result) && result.right === to
    return (
      Either.isLeft(result) && result.left._tag === "IllegalTransition" && result.left.message.includes(from)
    )
  }
)

it.prop("reaches an end from everywhere", [FastCheck.constantFrom(...states)], ([start]) => {
  let frontier = [start]
  for (let depth = 0; depth < states.length; depth += 1)
    frontier = frontier.flatMap((state) => [state, ...transitions[state]])
  return frontier.some((state) => terminal.includes(state))
})

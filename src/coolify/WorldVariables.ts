/** The environment variables of a {@link World}'s applications. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { ObservedVariable, Variable } from "./endpoints/Variables.ts"
import {
  findApplication,
  mint,
  notFound,
  step,
  type Step,
  type World,
  type WorldVariable
} from "./CoolifyWorld.ts"
import { repeatedKey } from "./Refusals.ts"

/** Production rows first. */
export const listVariables = (world: World, applicationUuid: string): ReadonlyArray<ObservedVariable> =>
  world.variables
    .filter((row) => row.applicationUuid === applicationUuid)
    .toSorted((a, b) => Number(a.isPreview) - Number(b.isPreview))
    .map(({ applicationUuid: _, ...row }) => row)

const putVariable = (world: World, applicationUuid: string, variable: Variable): World => {
  const isRow = (row: WorldVariable, isPreview: boolean) =>
    row.applicationUuid === applicationUuid && row.key === variable.key && row.isPreview === isPreview
  if (world.variables.some((row) => isRow(row, variable.isPreview))) {
    const variables = world.variables.map((row) =>
      isRow(row, variable.isPreview) ? { ...row, ...variable } : row
    )
    return { ...world, variables }
  }
  const [uuid, ready] = mint(world, "variable")
  const added = { ...ready, variables: [...ready.variables, { ...variable, uuid, applicationUuid }] }
  if (variable.isPreview || world.variables.some((row) => isRow(row, true))) return added
  return putVariable(added, applicationUuid, { ...variable, isPreview: true })
}

/** Laravel's TrimStrings, which stands before every endpoint. */
const trimmed = (variable: Variable): Variable => ({
  ...variable,
  value: Redacted.make(Redacted.value(variable.value).trim())
})

export const putVariables = (
  world: World,
  applicationUuid: string,
  variables: ReadonlyArray<Variable>
): Step<void> => {
  const repeated = repeatedKey(variables)
  if (repeated !== undefined) return Either.left(repeated)
  if (variables.length === 0) return step(undefined, world)
  return Either.flatMap(findApplication(world, "putVariables", applicationUuid), () =>
    step(
      undefined,
      variables.map(trimmed).reduce((so, variable) => putVariable(so, applicationUuid, variable), world)
    )
  )
}

export const deleteVariable = (world: World, applicationUuid: string, uuid: string): Step<void> => {
  const rest = world.variables.filter((row) => row.applicationUuid !== applicationUuid || row.uuid !== uuid)
  return rest.length === world.variables.length
    ? notFound("deleteVariable", "Environment variable")
    : step(undefined, { ...world, variables: rest })
}

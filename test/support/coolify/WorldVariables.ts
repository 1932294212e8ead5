/** The environment variables of a {@link World}'s applications and services. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { ObservedVariable, Variable } from "../../../src/coolify/endpoints/Variables.ts"
import {
  findApplication,
  mint,
  notFound,
  step,
  type Step,
  type World,
  type WorldVariable
} from "./CoolifyWorld.ts"
import type { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import { repeatedKey } from "../../../src/coolify/Refusals.ts"
import { findService } from "./WorldServices.ts"

/** Production rows first. */
export const listVariables = (world: World, applicationUuid: string): ReadonlyArray<ObservedVariable> =>
  world.variables
    .filter((row) => row.applicationUuid === applicationUuid)
    .toSorted((a, b) => Number(a.isPreview) - Number(b.isPreview))
    .map(({ applicationUuid: _, ...row }) => row)

/** Of an application's variables each brings a twin for previews along. */
type Owner = "application" | "service"

const putVariable = (world: World, owner: Owner, applicationUuid: string, variable: Variable): World => {
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
  const hasTwin = world.variables.some((row) => isRow(row, true))
  if (owner === "service" || variable.isPreview || hasTwin) return added
  return putVariable(added, owner, applicationUuid, { ...variable, isPreview: true })
}

/** Laravel's TrimStrings, which stands before every endpoint. */
const trimmed = (variable: Variable): Variable => ({
  ...variable,
  value: Redacted.make(Redacted.value(variable.value).trim())
})

const ofService = (variable: Variable): Variable => ({
  ...variable,
  isPreview: false,
  isRuntime: true,
  isBuildtime: true
})

const methods = {
  application: { put: "putVariables", remove: "deleteVariable" },
  service: { put: "putServiceVariables", remove: "deleteServiceVariable" }
} as const

export const putVariables = (
  world: World,
  owner: Owner,
  uuid: string,
  variables: ReadonlyArray<Variable>
): Step<void> => {
  const repeated = repeatedKey(methods[owner].put, variables)
  if (repeated !== undefined) return Either.left(repeated)
  if (variables.length === 0) return step(undefined, world)
  const found: Either.Either<unknown, CoolifyError> =
    owner === "application"
      ? findApplication(world, methods[owner].put, uuid)
      : findService(world, methods[owner].put, uuid)
  return Either.flatMap(found, () =>
    step(
      undefined,
      variables
        .map(trimmed)
        .map((variable) => (owner === "service" ? ofService(variable) : variable))
        .reduce((so, variable) => putVariable(so, owner, uuid, variable), world)
    )
  )
}

export const deleteVariable = (
  world: World,
  owner: Owner,
  applicationUuid: string,
  uuid: string
): Step<void> => {
  const rest = world.variables.filter((row) => row.applicationUuid !== applicationUuid || row.uuid !== uuid)
  return rest.length === world.variables.length
    ? notFound(methods[owner].remove, "Environment variable")
    : step(undefined, { ...world, variables: rest })
}

/** The variables of a deployed application by hand: which are there and whose, and which may be written beside its spec. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { isCoolifysOwn, ownVariablePattern } from "../appspec/Limits.ts"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { ObservedVariable, Variable } from "../coolify/endpoints/Variables.ts"
import { valueProblem } from "../coolify/VariableValue.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { isSame } from "../kinds/DiffVariables.ts"
import {
  holdsValue,
  isOurComment,
  isPlainComment,
  isSecretComment,
  releaseKey,
  secretComment
} from "../kinds/VariableComment.ts"
import { SecretStore } from "../secrets/SecretStore.ts"
import { refuseCompose } from "./ComposeNotes.ts"
import { isBuildtime, thisKey } from "./Desired.ts"
import { findApplication } from "./FindApplication.ts"
import { refuseOpenRun } from "./Lifecycle.ts"
import { secretScope } from "./steps/ResolveSecrets.ts"

/** The application of a command, and its spec as it was written; absent where it was found by its domain. */
export interface VariablesSubject {
  readonly spec: Spec
  readonly written: Spec | undefined
}

export interface ListedVariable {
  readonly name: string
  /**
   * `spec`: of its `env`, or made of it. `given`, `generated`, `secret`: a secret, whose comment tells how it came to be, or
   * does not. `by hand`: fabrik has not written it.
   */
  readonly source: "spec" | "given" | "generated" | "secret" | "by hand"
  /** `absent`: the spec names it, and the application does not have it yet. `unreadable`: the token may not read it. */
  readonly state: "there" | "absent" | "unreadable"
  readonly value: Redacted.Redacted<string> | undefined
}

const sourceOf = (comment: string): ListedVariable["source"] => {
  if (isPlainComment(comment)) return "spec"
  if (!isSecretComment(comment)) return "by hand"
  const [, , making] = comment.split(" ")
  return making === "given" || making === "generated" ? making : "secret"
}

const isReserved = (name: string): boolean => name === releaseKey || isCoolifysOwn(name)

/** Without previews, and without what Coolify and fabrik set themselves. By name. */
export const listVariables = Effect.fn("listVariables")(function* ({ spec, written }: VariablesSubject) {
  const { variables } = yield* findApplication(spec)
  const rows = variables.filter(({ isPreview, key }) => !isPreview && !isReserved(key))
  const there = rows.map((row): ListedVariable => ({
    name: row.key,
    source: sourceOf(row.comment),
    state: row.value === undefined ? "unreadable" : "there",
    value: row.value
  }))
  const named = written === undefined ? [] : namesOf(written)
  const absent = named
    .filter(({ name }) => rows.every(({ key }) => key !== name))
    .map(({ name, source }): ListedVariable => ({ name, source, state: "absent", value: undefined }))
  return [...there, ...absent].toSorted((a, b) => (a.name < b.name ? -1 : 1))
})

const namesOf = ({ env, references, secrets }: Spec) => [
  ...[...Object.keys(env), ...Object.keys(references)].map((name) => ({ name, source: "spec" as const })),
  ...secrets
    .filter((name) => !Object.hasOwn(references, name))
    .map((name) => ({ name, source: "secret" as const }))
]

export interface GivenVariable {
  readonly name: string
  readonly value: Redacted.Redacted<string>
}

/** What is to be written, and what it means for each name. */
export interface VariableWrites {
  readonly uuid: string
  readonly put: ReadonlyArray<Variable>
  readonly created: ReadonlyArray<string>
  readonly updated: ReadonlyArray<string>
  readonly unchanged: ReadonlyArray<string>
}

/** Whose a name is to change. */
type Owner = "spec" | "secret" | "dropped" | "hand"

const ownerOf = (written: Spec | undefined, name: string, row: ObservedVariable | undefined): Owner => {
  const comment = row?.comment ?? ""
  if (written === undefined)
    return isPlainComment(comment) ? "spec" : isSecretComment(comment) ? "secret" : "hand"
  if (Object.hasOwn(written.env, name) || Object.hasOwn(written.references, name)) return "spec"
  if (written.secrets.includes(name)) return "secret"
  return isOurComment(comment) ? "dropped" : "hand"
}

const ofSpec = (detail: string, next: string) => new RefusedError({ reason: "OfSpec", detail, next })

const refuseOwner = (
  owner: Owner,
  name: string,
  { spec, written }: VariablesSubject
): RefusedError | undefined => {
  if (isReserved(name)) {
    return ofSpec(
      `${name} is set by ${name === releaseKey ? "fabrik" : "Coolify"} itself`,
      "take another name"
    )
  }
  if (written?.basicAuth?.secret === name && !written.secrets.includes(name)) {
    return ofSpec(
      `${name} is the password of \`basicAuth\`, and no variable`,
      "give it to `fabrik apply` (in the environment or in .env)"
    )
  }
  if (owner === "spec") {
    return ofSpec(
      `${name} is a variable of the spec of ${spec.name}: the next \`fabrik apply\` would write its value again`,
      "change it in the spec, then run `fabrik apply`"
    )
  }
  return owner === "dropped"
    ? ofSpec(
        `${name} was written by fabrik, and the spec does not name it any more: the next \`fabrik apply\` removes it`,
        "write it under `env` or `secrets`, then run `fabrik apply`"
      )
    : undefined
}

/** In Coolify's list of variables. */
const byHand = "set by hand with fabrik env"

/**
 * Checks all that is given before anything is sent. Afterwards the next plan agrees: what the spec itself says is refused,
 * as is a secret of which this machine would give another value; a secret's comment tells that it was given.
 */
export const planWrites = Effect.fn("planWrites")(function* (
  subject: VariablesSubject,
  given: ReadonlyArray<GivenVariable>
) {
  const { spec, written } = subject
  yield* refuseOpenRun(spec)
  const { application, variables } = yield* findApplication(spec)
  const rows = new Map(variables.filter(({ isPreview }) => !isPreview).map((row) => [row.key, row]))
  const secrets = given.filter(({ name }) => ownerOf(written, name, rows.get(name)) === "secret")
  if (secrets.length > 0) yield* refuseOtherSource(subject, secrets)
  const wanted: Array<Variable> = []
  const problems: Array<{ readonly detail: string; readonly next: string }> = []
  for (const { name, value } of given) {
    const row = rows.get(name)
    const text = Redacted.value(value)
    const owner = ownerOf(written, name, row)
    if (owner === "spec" && row?.value !== undefined && Redacted.value(row.value) === text) {
      wanted.push({ ...row, value })
      continue
    }
    const refusal = refuseOwner(owner, name, subject)
    if (refusal !== undefined) return yield* refusal
    const problem = ownVariablePattern.test(name)
      ? text === ""
        ? { what: "has no value", hint: "give one, or take it away with `fabrik env unset`" }
        : valueProblem(text)
      : { what: "is no name of a variable", hint: "letters, digits, _ and . only, the first a letter or _" }
    if (problem !== undefined) problems.push({ detail: `${name} ${problem.what}`, next: problem.hint })
    wanted.push({
      key: name,
      value,
      isPreview: false,
      isLiteral: true,
      isMultiline: text.includes("\n"),
      isShownOnce: row?.isShownOnce ?? false,
      isRuntime: row?.isRuntime ?? true,
      isBuildtime: owner === "secret" ? isBuildtime(written ?? spec, name) : (row?.isBuildtime ?? false),
      comment: owner === "secret" ? yield* givenComment(value) : row === undefined ? byHand : row.comment
    })
  }
  const [first] = problems
  if (first !== undefined) {
    return yield* new RefusedError({
      reason: "Unsendable",
      detail: problems.map(({ detail }) => detail).join("; "),
      next: first.next
    })
  }
  yield* refuseCompose(
    { spec: { ...spec, secrets: [...spec.secrets, ...given.map(({ name }) => name)] }, variables: wanted },
    application.composeText
  )
  const isUnchanged = (one: Variable) => isSame(one, rows.get(one.key))
  const put = wanted.filter((one) => !isUnchanged(one))
  const names = (all: ReadonlyArray<Variable>) => all.map(({ key }) => key).toSorted()
  return {
    uuid: application.uuid,
    put,
    created: names(put.filter(({ key }) => !rows.has(key))),
    updated: names(put.filter(({ key }) => rows.has(key))),
    unchanged: names(wanted.filter(isUnchanged))
  } satisfies VariableWrites
})

const givenComment = Effect.fnUntraced(function* (value: Redacted.Redacted<string>) {
  const store = yield* SecretStore
  return secretComment("given", yield* store.digest(value), yield* thisKey)
})

/** What this machine gives wins in the next run, so that it would put the old value back. */
const refuseOtherSource = Effect.fnUntraced(function* (
  { spec }: VariablesSubject,
  secrets: ReadonlyArray<GivenVariable>
) {
  const store = yield* SecretStore
  const found = yield* store.find(
    secretScope(spec),
    secrets.map(({ name }) => name)
  )
  for (const { name, value } of secrets) {
    const here = Option.getOrUndefined(found.find((one) => one.name === name)?.secret ?? Option.none())
    if (here === undefined || here.origin === "stored" || holdsValue(here.value, value)) continue
    const place = here.origin === "env-file" ? (here.file ?? ".env") : "the environment"
    return yield* ofSpec(
      `${place} gives ${name} another value, which the next \`fabrik apply\` from here would write`,
      `change it there, then run \`fabrik apply\`; or take it away there`
    )
  }
})

/** One request; Coolify writes one after the other, so that a failure may leave some written. */
export const writeVariables = Effect.fn("writeVariables")(function* ({ put, uuid }: VariableWrites) {
  const coolify = yield* CoolifyClient
  yield* coolify.variables.put(uuid, put)
})

/** Rows that may be taken away: by hand only, as a run would write the spec's again. */
export const planRemoval = Effect.fn("planRemoval")(function* (
  subject: VariablesSubject,
  names: ReadonlyArray<string>
) {
  const { spec, written } = subject
  yield* refuseOpenRun(spec)
  const { application, variables } = yield* findApplication(spec)
  const rows: Array<ObservedVariable> = []
  for (const name of new Set(names)) {
    const found = variables.filter(({ isPreview, key }) => !isPreview && key === name)
    const [row] = found
    const owner = ownerOf(written, name, row)
    const refusal = refuseOwner(owner, name, subject)
    if (refusal !== undefined) return yield* refusal
    if (owner === "secret") {
      return yield* ofSpec(
        `${name} is a secret of the spec of ${spec.name}: the next \`fabrik apply\` would want it again`,
        "take it out of the spec, then run `fabrik apply`"
      )
    }
    if (row === undefined) {
      return yield* new RefusedError({
        reason: "NotFound",
        detail: `${spec.name} has no variable ${name}`,
        next: "see which there are with `fabrik env list`"
      })
    }
    rows.push(...found)
  }
  return { uuid: application.uuid, rows }
})

export const removeVariables = Effect.fn("removeVariables")(function* ({
  rows,
  uuid
}: {
  readonly uuid: string
  readonly rows: ReadonlyArray<Pick<ObservedVariable, "uuid">>
}) {
  const coolify = yield* CoolifyClient
  yield* Effect.forEach(rows, (row) => coolify.variables.remove(uuid, row.uuid), { discard: true })
})

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import type { Application } from "../../coolify/endpoints/Applications.ts"
import type { ObservedVariable, Variable } from "../../coolify/endpoints/Variables.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import {
  SecretStore,
  type FoundSecret,
  type ResolvedSecret,
  type SecretRecipe
} from "../../secrets/SecretStore.ts"
import { secretNamesOf } from "../../appspec/sections/BasicAuth.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { RefusedError } from "../../engine/DeployError.ts"
import { isBuildtime, isEdited, type Desired, type PlannedSecret } from "../Desired.ts"
import {
  digestOfComment,
  isPlainComment,
  isSecretComment,
  unknownSecretComment
} from "../../kinds/VariableComment.ts"
import type { SecretOrigin } from "../../engine/DeploymentEvent.ts"
import type { Begun } from "../../engine/JournalSchema.ts"
import { Run } from "../../engine/Run.ts"

/** Keeps the generated secrets of two specs apart: all processes of one have the same. */
export const secretScope = ({ environment, name, process, project }: Spec): string =>
  `${project}/${environment}/${process?.of ?? name}`

/** Values that come from the environment and files beside the spec: no secrets, but another run may have others. */
export const givenBesides = ({
  env,
  files = [],
  interpolated = []
}: Spec): ReadonlyArray<Pick<PlannedSecret, "name" | "value">> => [
  ...interpolated.map((name) => ({ name, value: Redacted.make(env[name] ?? "") })),
  ...files.flatMap(({ content, from, path }) =>
    from === undefined || content === undefined ? [] : [{ name: `files ${path}`, value: content }]
  )
]

/** Step 2: what is supplied for the spec's secrets, or was generated here before. Makes nothing up yet. */
export const resolveSecrets = Effect.fn("resolveSecrets")(function* (spec: Spec) {
  const store = yield* SecretStore
  return yield* store.find(secretScope(spec), secretNamesOf(spec))
})

export interface SecretWorld {
  readonly variables: ReadonlyArray<ObservedVariable>
  /** The applications of the spec's other processes. */
  readonly siblings: ReadonlyArray<Application>
  /** The application was not looked at. */
  readonly offline: boolean
  /** What a run that is gone on with began with. */
  readonly begun: Begun["secrets"] | undefined
}

export interface SettledSecrets
  extends Required<Pick<Desired, "secrets" | "held">>, Pick<Desired, "pending" | "referenceNotes"> {
  readonly edited: ReadonlyArray<string>
  /** Values that stay, as they can be read: the form in which they stand is theirs. */
  readonly standing: ReadonlyArray<Variable>
}

const usual: SecretRecipe = { kind: "alphanumeric", length: 32 }

/**
 * Step 2, once it is known what the application has: what it has stays unless a value is supplied, whatever machine this
 * is. Only a name without any value is generated, and only where the spec allows it.
 */
export const settleSecrets = Effect.fn("settleSecrets")(function* (
  spec: Spec,
  found: ReadonlyArray<FoundSecret>,
  world: SecretWorld
) {
  const store = yield* SecretStore
  const run = yield* Run
  const rows = new Map(
    world.variables.filter((row) => !row.isPreview && hasValue(row)).map((row) => [row.key, row])
  )
  const own = found.filter(({ name }) => spec.secrets.includes(name))
  // What nobody supplies for this run and this application does not have yet, the other processes may have.
  const isOpen = ({ name, secret }: FoundSecret): boolean =>
    !rows.has(name) &&
    Option.match(secret, { onNone: () => true, onSome: ({ origin }) => origin === "stored" })
  const shared = own.some(isOpen) ? yield* readSiblings(world.siblings) : []
  const looked = yield* Effect.forEach(own, (one) =>
    Effect.gen(function* () {
      const { name, secret } = one
      const theirs = isOpen(one) ? yield* sharedValue(name, shared) : undefined
      const choice: Choice =
        theirs === undefined
          ? yield* choose(Option.getOrUndefined(secret), rows.get(name))
          : { _tag: "Value", secret: { name, value: theirs, origin: "shared" } }
      return { name, choice }
    })
  )
  const passed = givenBesides(spec).map((secret): Looked => ({
    name: secret.name,
    choice: { _tag: "Value", secret: { ...secret, origin: "environment" } }
  }))
  yield* refuseOthers([...looked, ...passed], world.begun)

  const lacking = looked.flatMap(({ name, choice }) => (choice._tag === "None" ? [name] : []))
  const missing = lacking.filter((name) => spec.secretRules.get(name)?._tag === "Required")
  if (missing.length > 0 && !world.offline) return yield* nobodyGives(missing)
  const recipeOf = (name: string): SecretRecipe => {
    const rule = spec.secretRules.get(name)
    return rule?._tag === "Generate" ? { kind: rule.kind, length: rule.length } : usual
  }
  const made = yield* store.generate(
    secretScope(spec),
    lacking.map((name) => ({ name, recipe: recipeOf(name) }))
  )

  const secrets = [
    ...looked.flatMap(({ choice }) => (choice._tag === "Value" ? [choice.secret] : [])),
    ...made.map((secret): PlannedSecret => ({
      ...secret,
      origin: !world.offline
        ? originOf(spec, secret)
        : missing.includes(secret.name)
          ? "missing"
          : "kept-or-generated"
    }))
  ]
  const staying = looked.flatMap(({ choice }) => (choice._tag === "Row" ? [choice.row] : []))
  for (const { name } of own) {
    const secret = secrets.find((one) => one.name === name)
    const row = staying.find(({ key }) => key === name)
    const origin = row === undefined ? secret?.origin : row.value === undefined ? "kept-unseen" : "kept"
    if (origin === undefined) continue
    const file = secret?.file === undefined ? {} : { file: secret.file }
    yield* run.emit({ _tag: "SecretResolved", name, origin, ...file })
  }
  const edited = yield* Effect.filter(staying, isEdited)
  const settled: SettledSecrets = {
    secrets,
    edited: edited.map(({ key }) => key),
    held: staying.filter(({ value }) => value === undefined),
    standing: staying.flatMap((row) => standing(spec, row) ?? [])
  }
  return settled
})

/** Nobody had it when it was looked for: what is there now is another process's of this very run. */
const originOf = ({ process }: Spec, { origin }: ResolvedSecret): SecretOrigin =>
  process === undefined ? origin : "generated"

interface Sibling {
  readonly name: string
  readonly rows: ReadonlyArray<ObservedVariable>
}

const readSiblings = (siblings: ReadonlyArray<Application>) =>
  Effect.forEach(siblings, ({ name, uuid }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const known = yield* KnownSecrets
      const all = yield* coolify.variables.list(uuid)
      const rows = all.filter((row) => !row.isPreview && hasValue(row))
      for (const { comment, value } of rows) {
        if (value !== undefined && isSecretComment(comment)) yield* known.add(value)
      }
      return { name, rows } satisfies Sibling
    })
  )

/** The value that all others have which have one: of no other could anybody say that it is right here. */
const sharedValue = Effect.fnUntraced(function* (name: string, siblings: ReadonlyArray<Sibling>) {
  const known = yield* KnownSecrets
  const having = siblings.flatMap(({ name: application, rows }) =>
    rows.filter(({ key }) => key === name).map(({ value }) => ({ application, value }))
  )
  const [first] = having
  if (first === undefined) return undefined
  const unseen = having.find(({ value }) => value === undefined)
  if (unseen !== undefined || first.value === undefined) {
    return yield* new RefusedError({
      reason: "Unreadable",
      detail: `${name} is to be as ${(unseen ?? first).application} has it, and this token may not read that`,
      next: "give the value (in the environment, in .env or in a file named with --env-file), or tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
    })
  }
  const value = Redacted.value(first.value)
  const other = having.find((one) => one.value !== undefined && Redacted.value(one.value) !== value)
  if (other !== undefined) {
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `${first.application} and ${other.application} have two values of ${name}, so nobody can tell which one is meant here`,
      next: "give the right one (in the environment, in .env or in a file named with --env-file): all processes get it then"
    })
  }
  yield* known.add(first.value)
  return first.value
})

/** An empty row is the place of a value, not one. */
const hasValue = ({ value }: ObservedVariable): boolean =>
  value === undefined || Redacted.value(value).trim() !== ""

type Choice =
  | { readonly _tag: "Value"; readonly secret: PlannedSecret }
  | { readonly _tag: "Row"; readonly row: ObservedVariable }
  | { readonly _tag: "None" }

/**
 * What was generated here stands behind what the application has, unless the comment there proves that it is the very
 * value that fabrik wrote: then what differs from it was changed by hand.
 */
const choose = Effect.fnUntraced(function* (
  secret: PlannedSecret | undefined,
  row: ObservedVariable | undefined
) {
  if (secret === undefined) return row === undefined ? none : ({ _tag: "Row", row } satisfies Choice)
  const value: Choice = { _tag: "Value", secret }
  if (secret.origin !== "stored" || row === undefined) return value
  const store = yield* SecretStore
  const digest = (yield* store.digest(secret.value)).slice(0, 32)
  return digestOfComment(row.comment) === digest ? value : ({ _tag: "Row", row } satisfies Choice)
})

interface Looked {
  readonly name: string
  readonly choice: Choice
}

const none: Choice = { _tag: "None" }

export const nobodyGives = (names: ReadonlyArray<string>) =>
  new RefusedError({
    reason: "NoValue",
    detail: `no value is given for ${names.join(", ")}, and the application has none yet`,
    next: `set ${names.length === 1 ? "it" : "them"} in the environment, in .env or in a file named with --env-file; where a random value will do, write \`${names[0]}: generate\` under \`secrets\``
  })

/** The row as it is; one of fabrik's own bears the mark of a secret, and no image holds it that need not. */
export const standing = (spec: Spec, { value, uuid: _, ...row }: ObservedVariable): Variable | undefined => {
  if (value === undefined) return undefined
  const digest = digestOfComment(row.comment)
  if (digest === undefined) return { ...row, value }
  return {
    ...row,
    value,
    isBuildtime: isBuildtime(spec, row.key),
    comment: isPlainComment(row.comment) ? unknownSecretComment(digest) : row.comment
  }
}

/** A secret that cannot be found any more would be generated anew, and one that was changed is not what was begun. */
export const refuseOthers = Effect.fnUntraced(function* (
  looked: ReadonlyArray<Looked>,
  begun: Begun["secrets"] | undefined
) {
  if (begun === undefined) return
  const store = yield* SecretStore
  for (const { name, choice } of looked) {
    const then = begun.find((secret) => secret.name === name)?.digest
    const now =
      choice._tag === "Value"
        ? yield* store.digest(choice.secret.value)
        : choice._tag === "Row"
          ? digestOfComment(choice.row.comment)
          : undefined
    // A run that began without the value had it kept where it stands.
    const isAsThen =
      then === undefined ? choice._tag === "Row" : now !== undefined && then.startsWith(now.slice(0, 32))
    if (isAsThen) continue
    return yield* new RefusedError({
      reason: "Unsettled",
      detail: `the value of ${name} is not the one that the run began with`,
      next: "set it as it was then; or undo the run with `fabrik recover --rollback`; or `fabrik apply` with the new value"
    })
  }
})

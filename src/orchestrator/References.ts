/** Variables whose value is made of secrets and of what databases tell: known now, or once the databases are there. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import {
  type DatabaseReference,
  databasesOf,
  isOpen,
  rendered,
  secretsOf,
  type TextTemplate
} from "../appspec/Interpolate.ts"
import type { Spec } from "../appspec/Spec.ts"
import { type Connection, connectionIn, connectionOf, engineFacts } from "../coolify/DatabaseEngine.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { Run } from "../engine/Run.ts"
import type { PlannedDatabase } from "../kinds/Database.ts"
import { isOurComment } from "../kinds/VariableComment.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { SecretStore } from "../secrets/SecretStore.ts"
import { desiredVariables, type Desired, type PlannedSecret } from "./Desired.ts"
import type { Observed } from "./Observe.ts"
import { secretScope, type SettledSecrets, standing } from "./steps/ResolveSecrets.ts"

/** A variable whose value is known only once its databases are made. */
export interface PendingVariable {
  readonly key: string
  readonly template: TextTemplate
  /** Those of its databases that are there already. */
  readonly connections: ReadonlyMap<string, Connection>
  /** The secrets that it is made of. */
  readonly secrets: Values
}

type Values = ReadonlyMap<string, Redacted.Redacted<string>>

const passwordName = (database: string): string => `databases.${database.replaceAll("-", "_")}.password`

/** The password that a new database gets: it is kept here before anything is sent, so that a lost answer loses nothing. */
export const newPassword = Effect.fn("newPassword")(function* (spec: Spec, database: string) {
  const store = yield* SecretStore
  const recipe = { kind: "alphanumeric", length: 32 } as const
  const [made] = yield* store.generate(secretScope(spec), [{ name: passwordName(database), recipe }])
  return made?.value ?? Redacted.make("")
})

/** How a database is reached that is there: as Coolify tells, or by the password that was kept here when it was made. */
const connect = Effect.fnUntraced(function* (spec: Spec, { live, wanted }: PlannedDatabase) {
  if (live === undefined) return undefined
  if (live.url !== undefined) return connectionIn(live.engine, live.url)
  const store = yield* SecretStore
  const [found] = yield* store.find(secretScope(spec), [passwordName(wanted.name)])
  const kept = Option.getOrUndefined(found?.secret ?? Option.none())
  return kept?.origin === "stored" ? connectionOf(live.engine, live.uuid, kept.value) : undefined
})

export const fieldOf = (connection: Connection, { field }: DatabaseReference): string => {
  switch (field) {
    case "url":
      return Redacted.value(connection.url)
    case "password":
      return Redacted.value(connection.password)
    case "port":
      return String(connection.port)
    default:
      return connection[field]
  }
}

const render = (
  template: TextTemplate,
  connections: ReadonlyMap<string, Connection>,
  secrets: Values
): string =>
  rendered(template, (reference) => {
    if ("secret" in reference) {
      const value = secrets.get(reference.secret)
      return value === undefined ? "" : Redacted.value(value)
    }
    const connection = connections.get(reference.database)
    return connection === undefined ? "" : fieldOf(connection, reference)
  })

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** Whether two values differ in the passwords alone. */
const differsInPassword = (value: string, other: string, passwords: ReadonlyArray<string>): boolean => {
  const pattern = passwords.reduce(
    (so, password) => (password === "" ? so : so.replaceAll(escaped(password), "[^@/]+")),
    escaped(value)
  )
  return value !== other && new RegExp(`^${pattern}$`).test(other)
}

/** The settled secrets, and beside them what becomes of the spec's references to databases in the world as it was observed. */
export const withReferences = Effect.fn("withReferences")(function* (
  spec: Spec,
  {
    databases: own,
    sharedDatabases,
    variables
  }: Pick<Observed, "databases" | "sharedDatabases" | "variables">,
  secrets: SettledSecrets
) {
  const run = yield* Run
  const known = yield* KnownSecrets
  const databases = [...own, ...sharedDatabases]
  const connections = new Map<string, Connection>()
  for (const database of databases) {
    const connection = yield* connect(spec, database)
    if (connection === undefined) continue
    yield* known.add(connection.password)
    yield* known.add(connection.url)
    connections.set(database.wanted.name, connection)
  }
  const values: Values = new Map([
    ...secrets.standing.map(({ key, value }) => [key, value] as const),
    ...secrets.secrets.map(({ name, value }) => [name, value] as const)
  ])
  const held = new Set(secrets.held.map(({ key }) => key))
  const settled = yield* Effect.forEach(
    Object.entries(spec.references),
    Effect.fnUntraced(function* ([key, template]) {
      const names = new Set(databasesOf(template).map((part) => part.database))
      const used = databases.filter(({ wanted }) => names.has(wanted.name))
      const origin = used.length === 0 ? "secrets" : "database"
      if (!isOpen(template)) yield* run.emit({ _tag: "SecretResolved", name: key, origin })
      const unseen = secretsOf(template).filter((name) => held.has(name))
      const unknown = used.filter(({ live, wanted }) => live !== undefined && !connections.has(wanted.name))
      if (used.some(({ live }) => live === undefined)) {
        if (unknown.length > 0) return yield* unreadable(key, unknown)
        if (unseen.length > 0) return yield* unseenSecrets(key, unseen)
        return { pending: { key, template, connections, secrets: values } }
      }
      const row = variables.find((one) => one.key === key && !one.isPreview)
      const ours = row !== undefined && isOurComment(row.comment) ? row : undefined
      if (unknown.length > 0) {
        return ours === undefined ? yield* unreadable(key, unknown) : keeping(spec, ours)
      }
      if (unseen.length > 0) {
        return ours === undefined ? yield* unseenSecrets(key, unseen) : keeping(spec, ours)
      }
      const value = render(template, connections, values)
      const passwords = used
        .filter(({ wanted }) => engineFacts[wanted.engine].keepsPassword === true)
        .map(({ wanted }) => Redacted.value(connections.get(wanted.name)?.password ?? Redacted.make("")))
      if (ours?.value !== undefined && differsInPassword(value, Redacted.value(ours.value), passwords)) {
        return { ...keeping(spec, ours), note: changedPassword(key, used) }
      }
      return { secret: planned(key, value, template) }
    })
  )
  const of = <A>(pick: (one: (typeof settled)[number]) => A | undefined) =>
    settled.flatMap((one): ReadonlyArray<A> => {
      const found = pick(one)
      return found === undefined ? [] : [found]
    })
  const all: SettledSecrets = {
    ...secrets,
    secrets: [...secrets.secrets, ...of((one) => ("secret" in one ? one.secret : undefined))],
    held: [...secrets.held, ...of((one) => ("held" in one ? one.held : undefined))],
    standing: [...secrets.standing, ...of((one) => ("standing" in one ? one.standing : undefined))],
    pending: of((one) => ("pending" in one ? one.pending : undefined)),
    referenceNotes: of((one) => ("note" in one ? one.note : undefined))
  }
  return all
})

const planned = (name: string, value: string, template: TextTemplate): PlannedSecret => ({
  name,
  value: Redacted.make(value),
  origin: databasesOf(template).length === 0 ? "secrets" : "database",
  ...(isOpen(template) ? { open: true } : {})
})

const keeping = (spec: Spec, row: ObservedVariable) => {
  const stays = standing(spec, row)
  return stays === undefined ? { held: row } : { standing: stays }
}

const changedPassword = (key: string, used: ReadonlyArray<PlannedDatabase>): string =>
  `The password of ${used.map(({ wanted }) => wanted.resource).join(", ")} was changed in Coolify, which does not change the one that its engine takes: ${key} stays as it is.`

const unreadable = (key: string, databases: ReadonlyArray<PlannedDatabase>) =>
  new RefusedError({
    reason: "Unreadable",
    detail: `${key} needs the URL of ${databases.map(({ wanted }) => wanted.resource).join(", ")}, which this token may not read, and which was not made on this machine`,
    next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
  })

const unseenSecrets = (key: string, names: ReadonlyArray<string>) =>
  new RefusedError({
    reason: "Unreadable",
    detail: `${key} is made of ${names.join(", ")}: Coolify has the value, but this token may not read it`,
    next: "give the value (in the environment, in .env or in a file named with --env-file), or tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
  })

/** The spec's wishes with the values that were pending, now that the databases are there. */
export const complete = Effect.fn("complete")(function* (
  desired: Desired,
  observed: ReadonlyArray<ObservedVariable>,
  connections: ReadonlyMap<string, Connection>
) {
  const { pending = [], secrets, spec, variables } = desired
  if (pending.length === 0) return desired
  const known = yield* KnownSecrets
  const made = pending.map(({ connections: there, key, secrets: values, template }) =>
    planned(key, render(template, new Map([...there, ...connections]), values), template)
  )
  const secret = made.filter(({ open }) => open !== true)
  yield* Effect.forEach(secret, ({ value }) => known.add(value), { discard: true })
  const more = yield* desiredVariables({ ...spec, env: {} }, made, observed)
  const { pending: _, ...rest } = desired
  const completed: Desired = {
    ...rest,
    secrets: [...secrets, ...made],
    variables: [...variables, ...more].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }
  return completed
})

/** The name and the password that Coolify's proxy asks an application's visitors for. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { BasicAuth } from "../coolify/endpoints/BasicAuth.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import type { FieldChange } from "../engine/Plan.ts"
import { SecretStore } from "../secrets/SecretStore.ts"
import { absentIfNotFound } from "./Find.ts"
import type { Given, PlannedPart } from "./Part.ts"

/** An application has one. */
export const basicAuthName = "basicAuth"

const propsSchema = () =>
  Schema.Struct({
    /** The application's. */
    uuid: Schema.String,
    /** Absent: nobody is asked. */
    auth: Schema.optionalWith(
      Schema.Struct({ username: Schema.String, password: Schema.Redacted(Schema.String) }),
      { exact: true }
    )
  })
type Props = ReturnType<typeof propsSchema>["Type"]
type Auth = Required<Props>["auth"]

const isSame = (one: BasicAuth | undefined, other: BasicAuth | undefined): boolean =>
  one?.username === other?.username && isSamePassword(one?.password, other?.password)

type Password = Redacted.Redacted<string> | undefined

const isSamePassword = (one: Password, other: Password): boolean =>
  one === undefined || other === undefined ? one === other : Redacted.value(one) === Redacted.value(other)

/** A change switches it on, off, or over to another name or password. */
export const basicAuth: Kind<Props, Application, CoolifyError, CoolifyClient> = {
  name: "coolify/basic-auth",
  codec: codecOf(propsSchema),
  sealed: true,
  says: ({ address: { name } }) => ({
    what: `basic auth of ${name}`,
    next: `check HTTP Basic Authentication of ${name} in Coolify`
  }),
  find: ({ after, before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const uuid = (after ?? before)?.uuid ?? ""
      const now = yield* absentIfNotFound(coolify.applications.get(uuid))
      return now === undefined ? [] : [now]
    }),
  fields: () => [basicAuthName],
  holds: (_, live, change, side) => isSame(live.basicAuth, change[side]?.auth),
  restore: (live, { before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      yield* coolify.applications.update(live.uuid, { basicAuth: before?.auth ?? "off" }, live)
    })
}

interface Wanted {
  readonly username: string
  /** `undefined`: nobody has given one, which only a plan without credentials bears. */
  readonly password: Password
}

const short = (password: Redacted.Redacted<string>) =>
  Effect.gen(function* () {
    const store = yield* SecretStore
    return (yield* store.digest(password)).slice(0, 8)
  })

/**
 * What the spec asks for, against what the application has. What fabrik has not given stays, and is told.
 * @param wanted `undefined`: the spec does not say.
 */
export const planBasicAuth = Effect.fn("planBasicAuth")(function* (
  wanted: Wanted | undefined,
  application: Application | undefined,
  given: Given | undefined
) {
  const before = application?.basicAuth
  const own = wanted?.password === undefined ? undefined : yield* short(wanted.password)
  const noted = given?.digest(basicAuthName)
  const isOurs = given?.has(basicAuthName) === true
  if (wanted === undefined && (before === undefined || !isOurs)) return staying(before)
  const isUnseen = before !== undefined && before.password === undefined
  const isEqual =
    wanted?.username === before?.username &&
    (isUnseen
      ? own !== undefined && noted === own
      : wanted !== undefined && isSamePassword(wanted.password, before?.password))
  const digest = isEqual && !isUnseen ? (noted ?? own) : own
  const next = known(wanted)
  const settled: PlannedPart = {
    ...none,
    // One that takes the old one's place has none of it, whatever that one had.
    create: ({ name, uuid }) => (next === undefined ? Effect.void : put({ name, uuid }, next)),
    ...(digest === undefined ? {} : { digests: new Map([[basicAuthName, digest]]) })
  }
  if (isEqual) {
    const told = isUnseen ? { unseen: [basicAuthName], notes: [unseen] } : {}
    return { ...settled, ...told } satisfies PlannedPart
  }
  if (isUnseen) return yield* unrestorable
  const old = known(before)
  const planned: PlannedPart = {
    ...settled,
    fields: fieldsOf(wanted, before),
    update:
      application === undefined
        ? Effect.void
        : Effect.gen(function* () {
            const coolify = yield* CoolifyClient
            const { name, uuid } = application
            const props = (auth: Auth | undefined) => ({ uuid, ...(auth === undefined ? {} : { auth }) })
            yield* changing(basicAuth, { name, before: props(old), after: props(next) }, () =>
              coolify.applications.update(uuid, { basicAuth: next ?? "off" }, application)
            )
            yield* announce({ system: "coolify", kind: "basic auth", name, action: "updated" })
          })
  }
  return planned
})

const none: PlannedPart = {
  kind: basicAuth.name,
  changes: [],
  notes: [],
  staysBehind: undefined,
  create: () => Effect.void,
  update: Effect.void
}

const known = (auth: BasicAuth | undefined): Auth | undefined =>
  auth?.password === undefined ? undefined : { username: auth.username, password: auth.password }

const put = Effect.fn("putBasicAuth")(function* (
  { name, uuid }: { readonly name: string; readonly uuid: string },
  auth: Auth
) {
  const coolify = yield* CoolifyClient
  const now = yield* coolify.applications.get(uuid)
  yield* coolify.applications.update(uuid, { basicAuth: auth }, now)
  yield* announce({ system: "coolify", kind: "basic auth", name, action: "created" })
})

const fieldsOf = (wanted: Wanted | undefined, before: BasicAuth | undefined): ReadonlyArray<FieldChange> => {
  const username =
    wanted?.username === before?.username
      ? []
      : [
          {
            field: `${basicAuthName}.username`,
            before: before?.username ?? null,
            after: wanted?.username ?? null,
            secret: false
          }
        ]
  const hidden = (auth: object | undefined) => (auth === undefined ? null : "set")
  return wanted !== undefined && isSamePassword(wanted.password, before?.password)
    ? username
    : [
        ...username,
        {
          field: `${basicAuthName}.password`,
          before: hidden(before),
          after: hidden(wanted),
          secret: true
        }
      ]
}

/** Of an application that gets none from the spec. */
const staying = (before: BasicAuth | undefined): PlannedPart =>
  before === undefined
    ? none
    : {
        ...none,
        notes: [
          `Coolify's proxy asks visitors of the application for a password (user ${before.username}), which the spec does not name; it stays.`
        ],
        staysBehind: new RefusedError({
          reason: "Unrestorable",
          detail:
            "Coolify cannot change this source in place, and a new application would let everybody in where the old one asks for a password",
          next: "name it in the spec (`basicAuth`), keep the source, or switch it off in Coolify first"
        })
      }

const unseen =
  "The token may not read the password of `basicAuth` (read:sensitive): only the digest that fabrik left was compared, and a password changed by hand in Coolify would not show."

const unrestorable = new RefusedError({
  reason: "Unrestorable",
  detail:
    "the token may not read the password that the application's visitors are asked for now, so a failed update could not put it back",
  next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
})

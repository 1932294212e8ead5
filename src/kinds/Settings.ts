/** What a spec may say of an application beside what it always says: its command, its limits, its host ports. */
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import {
  isDetail,
  type PlainField,
  plainAfter,
  type PlainSettings,
  usualOf
} from "../coolify/endpoints/PlainSettings.ts"
import { RefusedError } from "../engine/DeployError.ts"
import type { FieldChange } from "../engine/Plan.ts"
import { updateApplication } from "./Application.ts"
import { absentIfNotFound } from "./Find.ts"
import type { Part } from "./Part.ts"

/** One setting, as a spec and a plan name it. */
export interface Setting {
  /** `resources.memory`. */
  readonly name: string
  /** Stands for it in the comment of a release, which has little room: one small letter, and always the same. */
  readonly letter: string
  readonly field: PlainField
  /** What it is of what Coolify keeps in the field, where that is not all of it. */
  readonly of?: (stored: string) => string
  /** As a plan shows it, where that is easier to read. */
  readonly say?: (value: string) => string
  /** What Coolify is to keep: with what else stands in the field. */
  readonly into?: (stored: string, value: string) => string
}

interface WantedSetting {
  readonly setting: Setting
  /** `undefined`: the spec does not say. */
  readonly value: string | undefined
}

export const settingsKind = "coolify/settings"

/** What an application has, as a spec would say it. */
export const valueOf = ({ field, of = (stored) => stored }: Setting, plain: PlainSettings): string =>
  of(plain[field] ?? usualOf(field))

const usual = (setting: Setting): string => valueOf(setting, {})

interface Difference {
  readonly setting: Setting
  readonly before: string
  readonly after: string
}

const differencesOf = (
  all: ReadonlyArray<WantedSetting>,
  stored: PlainSettings,
  isGiven: (setting: Setting) => boolean
): ReadonlyArray<Difference> =>
  all.flatMap(({ setting, value }) => {
    const before = valueOf(setting, stored)
    const after = value ?? (isGiven(setting) ? usual(setting) : before)
    return before === after ? [] : [{ setting, before, after }]
  })

/** Several settings may share a field. */
const patchOf = (differences: ReadonlyArray<Difference>, stored: PlainSettings): PlainSettings =>
  differences.reduce(
    (patch: PlainSettings, { after, setting: { field, into = (_, value) => value } }) => ({
      ...patch,
      [field]: into(patch[field] ?? stored[field] ?? usualOf(field), after)
    }),
    {}
  )

/** What a new application is made with. */
export const plainOf = (all: ReadonlyArray<WantedSetting>): PlainSettings =>
  patchOf(
    differencesOf(all, {}, () => false),
    {}
  )

/** No text and no limit is nothing; a switch is always one way or the other. */
const shown = ({ say = (text) => text }: Setting, value: string): string | null =>
  value === "" || value === "0" ? null : say(value)

/** The settings that a spec names. What else the application has stays, unless fabrik has given it. */
export const settingsOf = (all: ReadonlyArray<WantedSetting>): Part => {
  const named = all.filter(({ value }) => value !== undefined)
  return {
    kind: settingsKind,
    names: named.map(({ setting }) => setting.letter),
    wanted: JSON.stringify(named.map(({ setting, value }) => [setting.name, value])),
    plan: Effect.fn("planSettings")(function* (listed, given) {
      const isGiven = ({ letter }: Setting) => given?.has(letter) === true
      const asksMore = all.some(
        ({ setting, value }) => isDetail(setting.field) && (value !== undefined || isGiven(setting))
      )
      const application = asksMore ? yield* detailed(listed) : listed
      const stored = application?.plain ?? {}
      const differences = differencesOf(all, stored, isGiven)
      const plain = patchOf(differences, stored)
      return {
        kind: settingsKind,
        changes: [],
        fields: differences.map(({ after, before, setting }): FieldChange => ({
          field: setting.name,
          before: application === undefined ? null : shown(setting, before),
          after: shown(setting, after),
          secret: false
        })),
        plain,
        notes: all.flatMap(({ setting, value }) => {
          const has = valueOf(setting, stored)
          return value === undefined && !isGiven(setting) && has !== usual(setting)
            ? [
                `The application has ${setting.name} ${has} in Coolify, which the spec does not name; it stays.`
              ]
            : []
        }),
        staysBehind: sharedPorts(application, plainAfter(stored, plain)),
        // A new application is made with them.
        create: () => Effect.void,
        update:
          application === undefined || differences.length === 0
            ? Effect.void
            : updateApplication(application, { plain })
      }
    })
  }
}

/** One request more, for what the lists do not tell. */
const detailed = (application: Application | undefined) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    return application === undefined
      ? undefined
      : yield* absentIfNotFound(coolify.applications.get(application.uuid))
  })

const hostPorts = ({ ports_mappings = "" }: PlainSettings): ReadonlyArray<string> =>
  ports_mappings.split(",").flatMap((pair) => pair.split(":").slice(0, 1).filter(Boolean))

/** A host port belongs to one container at a time, so no other application can be proved beside this one. */
const sharedPorts = (
  application: Application | undefined,
  after: PlainSettings
): RefusedError | undefined => {
  const taken = hostPorts(application?.plain ?? {})
  const both = hostPorts(after).filter((port) => taken.includes(port))
  return both.length === 0
    ? undefined
    : new RefusedError({
        reason: "Unrestorable",
        detail: `Coolify cannot change this source in place, and a new application beside the old one cannot publish the same host port (${both.join(", ")})`,
        next: "keep the source, take `ports` off the spec first, or destroy the application and apply again"
      })
}

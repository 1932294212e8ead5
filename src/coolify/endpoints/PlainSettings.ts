/**
 * Settings of an application that are one column each, in Coolify's words: a further one is a row here. Names, tables and
 * defaults from the recorded answers of 4.3.11.
 */
import * as Option from "effect/Option"
import * as EffectRecord from "effect/Record"
import * as Schema from "effect/Schema"
import type { Body } from "../Transport.ts"
import { orElse } from "./Fields.ts"

interface PlainSetting {
  /** What it is when nobody has set it. */
  readonly usual: string
  /** How it is sent; nothing is sent as `null`. */
  readonly type: "text" | "number" | "switch"
  /** It cannot be given to a new application. */
  readonly patchOnly: boolean
  /** Of the answers only that of `getApplication` tells it. */
  readonly detail: boolean
}

const text = (usual = ""): PlainSetting => ({ usual, type: "text", patchOnly: false, detail: false })

const plainSettings = {
  start_command: text(),
  build_command: text(),
  install_command: text(),
  dockerfile_target_build: { ...text(), patchOnly: true },
  // Recorded by PATCH alone (settings 179 to 184, 240 to 242).
  publish_directory: { ...text(), patchOnly: true },
  is_static: { ...text("false"), type: "switch", patchOnly: true, detail: true },
  is_spa: { ...text("false"), type: "switch", patchOnly: true, detail: true },
  custom_docker_run_options: text(),
  ports_mappings: text(),
  /** `www`, `non-www` or `both`. */
  redirect: text("both"),
  limits_memory: text("0"),
  limits_cpus: text("0"),
  custom_network_aliases: text(),
  stop_grace_period: { ...text(), type: "number", detail: true },
  is_auto_deploy_enabled: { ...text("true"), type: "switch", detail: true }
} as const satisfies Record<string, PlainSetting>

export type PlainField = keyof typeof plainSettings

/** By Coolify's name. Of an application without those that are as nobody has set them. */
export type PlainSettings = Readonly<Partial<Record<PlainField, string>>>

export const isPlainField = (name: string): name is PlainField => name in plainSettings

export const usualOf = (field: PlainField): string => plainSettings[field].usual

/** Whether only `getApplication` tells it. */
export const isDetail = (field: PlainField): boolean => plainSettings[field].detail

/** A few of them, as a journal has them. */
export const plainSchema = () =>
  Schema.partialWith(Schema.Struct(EffectRecord.map(plainSettings, () => Schema.String)), { exact: true })

const Value = Schema.Union(Schema.String, Schema.Number, Schema.Boolean)

/** Of the row of an application; a detail of its `settings`. */
export const plainColumns = EffectRecord.map(plainSettings, ({ usual }) => orElse(Value, usual))

const someOf = (take: (name: PlainField, setting: PlainSetting) => string | undefined): PlainSettings =>
  EffectRecord.filterMap(plainSettings, (setting, name) => Option.fromNullable(take(name, setting)))

type Row = Readonly<Record<string, unknown>>

/** @param details where a detail stands; absent: nothing tells of them. */
export const plainIn = (row: Row, details: Row = {}): PlainSettings =>
  someOf((name, { detail, usual }) => {
    const value = String((detail ? details : row)[name] ?? usual)
    return value === "" || value === usual ? undefined : value
  })

/** What an application has once `patch` was sent. */
export const plainAfter = (before: PlainSettings, patch: PlainSettings): PlainSettings =>
  plainIn({ ...before, ...patch }, { ...before, ...patch })

/**
 * As they are sent. The default of a text is no text, but for those that have another.
 * @param when to a new application, or what that does not take, or (absent) all.
 */
export const plainBody = (settings: PlainSettings, when?: "create" | "patch"): Body =>
  EffectRecord.filterMap(plainSettings, ({ patchOnly, type }, name) => {
    const value = when === undefined || (when === "patch") === patchOnly ? settings[name] : undefined
    return value === undefined ? Option.none() : Option.some(sentAs(type, value))
  })

const sentAs = (type: PlainSetting["type"], value: string): unknown => {
  if (value === "") return null
  return type === "text" ? value : type === "number" ? Number(value) : value === "true"
}

/** Host ports and a fixed address are taken as long as the old container runs. */
export const publishes = ({ custom_docker_run_options = "", ports_mappings = "" }: PlainSettings): boolean =>
  ports_mappings !== "" || /(^|\s)--ip/.test(custom_docker_run_options)

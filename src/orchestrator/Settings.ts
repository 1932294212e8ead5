/** The settings that a spec may name: one row each, from the spec to Coolify's field and back. */
import * as Either from "effect/Either"
import type { Application } from "../coolify/endpoints/Applications.ts"
import { type PlainField, type PlainSettings } from "../coolify/endpoints/PlainSettings.ts"
import {
  afterRelease,
  type Command,
  buildCommand,
  entrypoint,
  fromBuildCommand,
  fromEntrypoint,
  withoutRelease
} from "../appspec/ShellCommand.ts"
import type { Spec, Written as Keys } from "../appspec/Spec.ts"
import { takesCommands } from "../appspec/sections/Command.ts"
import { aliasPattern, runOption } from "../appspec/sections/Runtime.ts"
import { cpusOf, memoryOf } from "../appspec/sections/Resources.ts"
import { plainOf, type Setting, settingsOf, valueOf } from "../kinds/Settings.ts"

interface Row extends Setting {
  /** What the spec asks for; `undefined`: it does not say. */
  readonly wanted: (spec: Spec) => string | undefined
  /** The keys that say it; `undefined`: no spec can, or Coolify ignores it on such a source. */
  readonly written: (
    value: string,
    source: Application["source"],
    plain: PlainSettings
  ) => Partial<Keys> | undefined
}

type Encode = (command: Command) => Either.Either<string, unknown>

/** The spec's section has refused what cannot be encoded. */
const encoded = (encode: Encode, command: Command | undefined): string | undefined =>
  command === undefined ? undefined : Either.getOrUndefined(encode(command))

const started = ({ command, release }: Spec): Command | undefined =>
  release === undefined || command === undefined ? command : afterRelease(release, command)

/** As a spec writes it, where it can. */
const commandSaid =
  (decode: (stored: string) => Command | undefined) =>
  (value: string): string => {
    const { command, release } = withoutRelease(decode(value) ?? value)
    if (typeof command !== "string") return value
    return release === undefined ? command : `${command}, after ${release}`
  }

const canonical = (of: (given: string) => Either.Either<string, unknown>) => (stored: string) =>
  Either.getOrElse(of(stored), () => stored)

const isBuilt = (source: Application["source"]) =>
  source._tag === "Git" && ["nixpacks", "railpack"].includes(source.buildPack)

const isNixpacks = (source: Application["source"]) => source._tag === "Git" && source.buildPack === "nixpacks"

const entrypointOption = /(?:^|\s)--entrypoint(?:=|\s+)("(?:\\.|[^"])*"|'(?:\\.|[^'])*'|\S+)/

const entrypointToken = (stored: string): string => entrypointOption.exec(stored)?.[1] ?? ""

const withoutEntrypoint = (stored: string): string =>
  stored.replace(entrypointOption, "").replaceAll(/\s+/g, " ").trim()

const withEntrypoint = (options: string, token: string): string =>
  [options, token === "" ? "" : `--entrypoint ${token}`].filter(Boolean).join(" ")

/** As Coolify takes the quotes off. */
const unquoted = (token: string): string => {
  if (token.startsWith('"')) return token.slice(1, -1).replace(/\\(["$`\\])/g, "$1")
  return token.startsWith("'") ? token.slice(1, -1) : token
}

const buildRow = (name: "command" | "install", letter: string, field: PlainField): Row => ({
  name: `build.${name}`,
  letter,
  field,
  wanted: ({ build }) => encoded(buildCommand, build[name]),
  written: (value, source) => {
    const command = isBuilt(source) ? fromBuildCommand(value) : undefined
    return command === undefined ? undefined : { build: { [name]: command } }
  }
})

const limitRow = (name: "memory" | "cpus", letter: string, field: PlainField, of: typeof memoryOf): Row => ({
  name: `resources.${name}`,
  letter,
  field,
  of: canonical(of),
  wanted: ({ resources }) => resources?.[name],
  written: (value) => (Either.isRight(of(value)) ? { resources: { [name]: value } } : undefined)
})

/** A letter stands in the comments of releases: it is never given to another setting. */
const rows: ReadonlyArray<Row> = [
  {
    name: "command",
    letter: "c",
    field: "start_command",
    say: commandSaid(fromBuildCommand),
    wanted: (spec) => (takesCommands(spec.source) ? encoded(buildCommand, started(spec)) : undefined),
    written: (value, source) => {
      const command = isBuilt(source) ? fromBuildCommand(value) : undefined
      return command === undefined ? undefined : withoutRelease(command)
    }
  },
  {
    name: "entrypoint",
    letter: "e",
    field: "custom_docker_run_options",
    of: (stored) => unquoted(entrypointToken(stored)),
    say: commandSaid(fromEntrypoint),
    into: (stored, value) => withEntrypoint(withoutEntrypoint(stored), value === "" ? "" : `'${value}'`),
    wanted: (spec) => (takesCommands(spec.source) ? undefined : encoded(entrypoint, started(spec))),
    written: (value, source) => {
      const command = isBuilt(source) ? undefined : fromEntrypoint(value)
      return command === undefined ? undefined : withoutRelease(command)
    }
  },
  buildRow("command", "b", "build_command"),
  buildRow("install", "i", "install_command"),
  {
    name: "build.target",
    letter: "t",
    field: "dockerfile_target_build",
    wanted: ({ build }) => build.target,
    written: (target, source) =>
      source._tag === "Dockerfile" || (source._tag === "Git" && source.buildPack === "dockerfile")
        ? { build: { target } }
        : undefined
  },
  {
    name: "build.publish",
    letter: "s",
    field: "publish_directory",
    wanted: ({ build }) => build.publish,
    written: (publish, source, plain) =>
      plain.is_static === "true" && isNixpacks(source) ? { build: { publish } } : undefined
  },
  {
    // Whether Coolify serves that folder at all.
    name: "build.static",
    letter: "w",
    field: "is_static",
    wanted: ({ build }) => (build.publish === undefined ? undefined : "true"),
    written: (_, source, plain) =>
      (plain.publish_directory ?? "") !== "" && isNixpacks(source) ? {} : undefined
  },
  {
    name: "build.spa",
    letter: "a",
    field: "is_spa",
    wanted: ({ build }) => build.spa?.toString(),
    written: (_, source, plain) =>
      (plain.is_static === "true" && isNixpacks(source)) ||
      (source._tag === "Git" && source.buildPack === "static")
        ? { build: { spa: true } }
        : undefined
  },
  limitRow("memory", "m", "limits_memory", memoryOf),
  limitRow("cpus", "u", "limits_cpus", cpusOf),
  {
    name: "ports",
    letter: "p",
    field: "ports_mappings",
    wanted: ({ ports }) => ports?.join(","),
    written: (value) => ({ ports: value.split(",") })
  },
  {
    name: "networkAliases",
    letter: "n",
    field: "custom_network_aliases",
    wanted: ({ networkAliases }) => networkAliases?.join(","),
    written: (value) => {
      const networkAliases = value.split(",")
      return networkAliases.every((alias) => aliasPattern.test(alias)) ? { networkAliases } : undefined
    }
  },
  {
    name: "runOptions",
    letter: "o",
    field: "custom_docker_run_options",
    of: withoutEntrypoint,
    into: (stored, value) => withEntrypoint(value, entrypointToken(stored)),
    wanted: ({ runOptions }) => runOptions?.join(" "),
    written: (value) => {
      const runOptions = value.split(/ (?=--)/)
      return runOptions.every((option) => Either.isRight(runOption(option))) ? { runOptions } : undefined
    }
  },
  {
    name: "stopGracePeriod",
    letter: "g",
    field: "stop_grace_period",
    wanted: ({ stopGracePeriod }) => stopGracePeriod?.toString(),
    written: (value) => ({ stopGracePeriod: Number(value) })
  },
  {
    name: "autoDeploy",
    letter: "d",
    field: "is_auto_deploy_enabled",
    wanted: ({ autoDeploy }) => autoDeploy?.toString(),
    written: (value, source) => (source._tag === "Git" ? { autoDeploy: value === "true" } : undefined)
  },
  {
    name: "redirect",
    letter: "r",
    field: "redirect",
    of: (stored) => (stored === "non-www" ? "apex" : stored),
    into: (_, value) => (value === "apex" ? "non-www" : value),
    wanted: ({ redirect }) => redirect,
    written: (value) => (value === "www" || value === "apex" ? { redirect: value } : undefined)
  }
]

const wantedOf = (spec: Spec) => rows.map((setting) => ({ setting, value: setting.wanted(spec) }))

export const settingsPart = (spec: Spec) => settingsOf(wantedOf(spec))

/** What a new application of the spec is made with. */
export const plainSettings = (spec: Spec): PlainSettings => plainOf(wantedOf(spec))

const merged = (one: Partial<Keys>, other: Partial<Keys>): Partial<Keys> => ({
  ...one,
  ...other,
  ...(one.build === undefined || other.build === undefined
    ? {}
    : { build: { ...one.build, ...other.build } }),
  ...(one.resources === undefined || other.resources === undefined
    ? {}
    : { resources: { ...one.resources, ...other.resources } })
})

/** The settings of an application in a spec's keys; `left`: those that it has and no spec can say. */
export const readSettings = ({
  plain = {},
  source
}: Application): { readonly sections: Partial<Keys>; readonly left: ReadonlyArray<string> } => {
  let sections: Partial<Keys> = {}
  const left: Array<string> = []
  for (const row of rows) {
    const value = valueOf(row, plain)
    if (value === valueOf(row, {})) continue
    const keys = row.written(value, source, plain)
    if (keys === undefined) left.push(row.field)
    else sections = merged(sections, keys)
  }
  return { sections, left: [...new Set(left)] }
}

/**
 * The `.env` that Coolify writes for a container. From Models/EnvironmentVariable.php, escapeEnvVariables and
 * generate_runtime_environment_variables at 4.3.11, and from what it wrote.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Columns from "./Columns.ts"
import { isCompose } from "./ContainerDomains.ts"
import type { Application, Variable } from "./CoolifyState.ts"

const isJson = (text: string): boolean =>
  /^[{[]/.test(text) && Either.isRight(Schema.decodeEither(Schema.parseJson())(text))

/** In this order, one after the other. */
const escapes: ReadonlyArray<readonly [string, string]> = [
  ["\\", "\\\\"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\0", "\\0"],
  ['"', '\\"'],
  ["'", "\\'"]
]

/**
 * What stands behind the `=`, and what the API shows as `real_value`. JSON stays as it is, whatever the flags; what is
 * literal gets quotes around it and no escapes inside. `{{team.NAME}}` and the like stay too: the sandbox has no shared
 * variables, and Coolify leaves a name that it does not know.
 */
export const written = (row: Pick<Variable, "value" | "is_literal" | "is_multiline">): string => {
  const value = row.value ?? ""
  if (isJson(value)) return value
  if (row.is_literal || row.is_multiline) return `'${value}'`
  return escapes.reduce((text, [from, to]) => text.replaceAll(from, to), value)
}

/** What every application gets besides its own variables. */
const own = (application: Application, container: string): ReadonlyArray<readonly [string, string]> => [
  ["SOURCE_COMMIT", Columns.string(application.columns, "git_commit_sha") || "HEAD"],
  ["COOLIFY_URL", ""],
  ["COOLIFY_FQDN", ""],
  ["COOLIFY_BRANCH", ""],
  ["COOLIFY_RESOURCE_UUID", application.uuid],
  ["COOLIFY_CONTAINER_NAME", container]
]

export interface EnvFile {
  readonly text: string
  /** Names that Coolify adds by itself. */
  readonly added: ReadonlySet<string>
}

/** @param rows those that the container is to get, in the order in which they were made. */
export const envFile = (
  application: Application,
  container: string,
  rows: ReadonlyArray<Variable>
): EnvFile => {
  const names = new Set(rows.map((row) => row.key))
  const before = own(application, container)
  const after = (
    [
      ["PORT", String(Columns.firstPort(application.columns) ?? "")],
      ["HOST", "0.0.0.0"]
    ] as const
  )
    // A compose file's containers have ports of their own (recorded: compose-app 65).
    .filter(([name]) => !names.has(name) && (name !== "PORT" || !isCompose(application)))
  const line = ([name, value]: readonly [string, string]) => `${name}=${value}`
  return {
    text: [...before.map(line), ...rows.map((row) => `${row.key}=${written(row)}`), ...after.map(line)].join(
      "\n"
    ),
    added: new Set([...before, ...after].map(([name]) => name).filter((name) => !names.has(name)))
  }
}

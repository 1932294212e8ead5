/** The text of a spec that somebody is to go on with: what is known, and examples of the rest in comments. */
import { parseSpec } from "./ParseSpec.ts"
import type { SpecProblem } from "./SpecError.ts"
import { comment, yaml } from "./WriteSpec.ts"
import * as Either from "effect/Either"

type Source =
  | { readonly image: string }
  | {
      readonly git: string
      readonly branch?: string
      readonly baseDirectory?: string
      readonly buildPack?: string
    }

export interface FirstSpec {
  /** Where an editor finds the JSON Schema, from the spec on; `undefined`: nowhere. */
  readonly schema: string | undefined
  /** What it is and why it looks as it does. */
  readonly head: string
  readonly name: string
  /** `none`: it answers nowhere. */
  readonly domain: string
  readonly server: string | undefined
  readonly project: string | undefined
  readonly template: string | undefined
  /** `undefined`: the template's starter. */
  readonly source: Source | undefined
  /** `undefined`: the template's. */
  readonly port: number | undefined
  readonly healthPath: string
  readonly env: Readonly<Record<string, string>>
  /** Names of variables whose values somebody has to write. */
  readonly variables: ReadonlyArray<string>
  readonly secrets: ReadonlyArray<readonly [name: string, rule: "required" | "generate"]>
}

/** Lines that only have to be uncommented. */
const example = (value: object): ReadonlyArray<string> =>
  yaml(value)
    .split("\n")
    .map((line) => `# ${line}`)

/** Each line of a comment that {@link example} has made begins with a key, which prose here never does. */
export const writeFirst = (spec: FirstSpec): string => {
  const { domain, env, healthPath, name, port, project, schema, secrets, server, source, template } = spec
  const answers = domain !== "none"
  const examples = Object.fromEntries(spec.variables.map((variable) => [variable, ""]))
  const blocks: ReadonlyArray<ReadonlyArray<string>> = [
    [
      ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
      ...comment(spec.head),
      yaml({
        name,
        ...(template === undefined ? {} : { template }),
        domain,
        ...(server === undefined ? {} : { server }),
        ...(project === undefined ? {} : { project })
      })
    ],
    source === undefined
      ? [
          ...comment("The template's starter is deployed until a source of your own stands here."),
          ...example({ source: { git: "https://github.com/OWNER/REPOSITORY", branch: "main" } })
        ]
      : [
          yaml({ source }),
          ...("git" in source
            ? [
                "  # Of a private repository: what reads it, by its name in Coolify.",
                "  # githubApp: acme-github"
              ]
            : []),
          ...(port === undefined || !answers ? [] : [yaml({ port })])
        ],
    [
      ...comment("Variables of the application, nothing secret."),
      ...(Object.keys(env).length === 0
        ? example({ env: spec.variables.length === 0 ? { LOG_LEVEL: "info" } : examples })
        : [yaml({ env })])
    ],
    [
      ...comment("Names alone, never values: those come from the environment or from .env."),
      ...(secrets.length === 0
        ? example({ secrets: { API_KEY: "required", SESSION_SECRET: "generate" } })
        : [yaml({ secrets: Object.fromEntries(secrets) })])
    ],
    answers
      ? [
          ...comment("What has to answer with 200 before a deployment counts as done."),
          yaml({ healthcheck: { path: healthPath } })
        ]
      : [],
    answers
      ? [
          ...comment(
            "Where a wildcard or another record leads to the server already, fabrik needs no DNS account."
          ),
          ...example({ dns: "none" })
        ]
      : []
  ]
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`
}

/** What a spec would object to of `key`, were it `value`. */
export const problemOf = (
  key: "name" | "domain" | "server" | "project" | "port",
  value: string
): string | undefined =>
  objection({ [key]: key === "port" && /^\d+$/.test(value) ? Number(value) : value }, key)

/** What a spec would object to of `source`. */
export const problemOfSource = (source: Source): string | undefined => objection({ source }, "source")

/** What a spec would object to of a secret of that name. */
export const problemOfSecret = (name: string): string | undefined =>
  objection({ secrets: { [name]: "required" } }, "secrets")

const objection = (keys: object, key: string): string | undefined => {
  const whole = { name: "app", domain: "app.example.com", source: { image: "nginx:1" }, port: 80, ...keys }
  const read = parseSpec(yaml(whole), "spec")
  if (Either.isRight(read)) return undefined
  const problem = read.left.problems.find(({ path }) => path === key || path.startsWith(`${key}.`))
  return problem === undefined ? undefined : told(problem)
}

export const told = ({ hint, message }: SpecProblem): string =>
  `${message}${hint === undefined ? "" : `; ${hint}`}`

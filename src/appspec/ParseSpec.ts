import * as Either from "effect/Either"
import { asciiDomain } from "./Domain.ts"
import {
  type Field,
  type Fields,
  onlyOne,
  readChecked,
  readInteger,
  readMap,
  readPattern,
  type Shape
} from "./Fields.ts"
import { environmentPattern, namePattern, portOf, projectPattern, ranges } from "./Limits.ts"
import type { Environment } from "./Interpolate.ts"
import { nearest } from "./Nearest.ts"
import { readBuild } from "./ReadBuild.ts"
import { readDns } from "./ReadDns.ts"
import { readHealthcheck } from "./ReadHealthcheck.ts"
import { readSource } from "./ReadSource.ts"
import { readSecrets, rulesOf } from "./ReadSecrets.ts"
import { type EnvEntry, readEnv, refuseBoth, type SecretEntry } from "./ReadVariables.ts"
import { type Complaint, quote, Report } from "./Report.ts"
import type { Source, Spec } from "./Spec.ts"
import { SpecError, type SpecProblem } from "./SpecError.ts"
import type { Starter, Template } from "./templates/Template.ts"
import { findTemplate, templates } from "./templates/Templates.ts"
import { parseYaml } from "./YamlTree.ts"

/** The largest spec, in bytes of UTF-8. */
export const maxSpecBytes = 65_536

/** Said of a text over {@link maxSpecBytes}. */
export const tooLarge: SpecProblem = {
  line: 0,
  column: 0,
  path: "",
  message: `the file is larger than ${maxSpecBytes / 1024} KiB`,
  hint: "a spec is a page of text: is this the right file?"
}

const shape: Shape = {
  keys: [
    "name",
    "template",
    "domain",
    "server",
    "project",
    "environment",
    "source",
    "build",
    "port",
    "env",
    "secrets",
    "dns",
    "healthcheck"
  ],
  aliases: new Map([
    ["id", "name"],
    ["health", "healthcheck"],
    ["kind", "kind"],
    ["expose", "expose"],
    ["coolify", "coolify"]
  ]),
  later: ["resources", "volumes", "depends", "needs", "hooks"],
  elsewhere: new Map([
    ["image", "write it under `source`: `source: { image: nginx:1.27 }`"],
    ["git", "write it under `source`: `source: { git: https://... }`"],
    ["dockerfile", "write it under `source`"],
    ["variables", "did you mean `env`?"],
    ["provider", "write it under `dns`"],
    ["path", "write it under `healthcheck`"]
  ])
}

const nameRule: Complaint = {
  message: "`name` must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
  hint: "e.g. test-api"
}

const projectRule: Complaint = {
  message: "a project's name has 3 to 255 letters, digits, spaces and - _ . @ / & ( ) # , : +"
}

const environmentRule: Complaint = {
  message: "`environment` must be 3 to 63 lower-case letters, digits, `.`, `_` and `-`",
  hint: "e.g. production"
}

// Line breaks, tabs and the like: such a name could forge lines of the output, and no server has it.
const serverPattern = /^[^\p{Cc}\u2028\u2029]{1,255}$/u

const serverRule: Complaint = { message: "`server` has at most 255 characters, without line breaks and tabs" }

const templateRule = (name: string): Either.Either<Template, Complaint> => {
  const names = templates.map((template) => template.name)
  const near = nearest(name, names)
  return Either.fromNullable(findTemplate(name), () => ({
    message: `unknown template ${quote(name)}`,
    hint:
      near === undefined
        ? `templates: ${names.join(", ")}`
        : `did you mean \`${near}\`? (templates: ${names.join(", ")})`
  }))
}

/** Reads a spec's top level; every method reports what is wrong and answers with what it could read. */
class SpecReader {
  private readonly report: Report
  private readonly environment: Environment | undefined
  private readonly root: Field
  private readonly fields: Fields
  private readonly expose: Fields
  private readonly coolify: Fields

  constructor(report: Report, root: Field, environment: Environment | undefined) {
    this.report = report
    this.environment = environment
    this.root = root
    this.fields = readMap(report, root, shape) ?? new Map()
    this.coolify = this.nested("coolify", { keys: ["project", "server"] })
    this.expose = this.readExpose()
    const kind = this.fields.get("kind")
    if (kind !== undefined) {
      readPattern(report, kind, /^(service|app)$/, {
        message: "`kind` is `service` or `app`",
        hint: "or leave it out"
      })
    }
  }

  spec(): Spec | undefined {
    const name = this.required("name", "`name: test-api`", this.fields.get("name"), (field) =>
      readPattern(this.report, field, namePattern, nameRule)
    )
    const domain = this.required(
      "domain",
      "`domain: app.example.com`",
      this.either("domain", this.expose),
      (field) => readChecked(this.report, field, asciiDomain)
    )
    const template = this.optional("template", (field) => readChecked(this.report, field, templateRule))
    const given = this.optional("source", (field) => readSource(this.report, field))
    const starter = this.usesStarter(given) ? template?.starter : undefined
    const source = given ?? this.starterSource(starter, name)

    const env =
      this.optional("env", (field) => readEnv(this.report, field, this.environment)) ??
      new Map<string, EnvEntry>()
    const secrets =
      this.optional("secrets", (field) => readSecrets(this.report, field)) ?? new Map<string, SecretEntry>()
    refuseBoth(this.report, env, secrets)
    const port = this.port(template, env, starter !== undefined)

    const environment = this.fields.get("environment")
    const project = this.either("project", this.coolify)
    const server = this.either("server", this.coolify)
    const settings = {
      project:
        project === undefined ? "fabrik" : readPattern(this.report, project, projectPattern, projectRule),
      environment:
        environment === undefined
          ? "production"
          : readPattern(this.report, environment, environmentPattern, environmentRule),
      server: server === undefined ? undefined : readPattern(this.report, server, serverPattern, serverRule)
    }
    const dns = readDns(this.report, this.fields.get("dns"), domain)
    const healthcheck = readHealthcheck(this.report, this.fields.get("healthcheck"), {
      path: template?.healthPath ?? "/",
      container: starter !== undefined,
      release: starter?.release
    })
    const variables = this.variables(template, port ?? 0, env, secrets)
    const build = readBuild(this.report, this.fields.get("build"), source, [
      ...Object.keys(variables),
      ...secrets.keys()
    ])
    if (
      this.report.problems.length > 0 ||
      name === undefined ||
      domain === undefined ||
      source === undefined ||
      port === undefined ||
      settings.project === undefined ||
      settings.environment === undefined
    ) {
      return undefined
    }
    return {
      name,
      project: settings.project,
      environment: settings.environment,
      server: settings.server,
      domain,
      template: template?.name,
      source,
      build,
      port,
      env: variables,
      ...interpolatedIn(env),
      secrets: [...secrets.keys()],
      secretRules: rulesOf(secrets),
      dns,
      healthcheck
    }
  }

  private optional<A>(key: string, read: (field: Field) => A | undefined): A | undefined {
    const field = this.fields.get(key)
    return field === undefined ? undefined : read(field)
  }

  private required<A>(
    key: string,
    example: string,
    field: Field | undefined,
    read: (field: Field) => A | undefined
  ): A | undefined {
    return field === undefined
      ? this.report.add(this.root.keyAt, key, { message: `\`${key}\` is missing`, hint: `e.g. ${example}` })
      : read(field)
  }

  private nested(key: string, keys: Shape): Fields {
    return this.optional(key, (field) => readMap(this.report, field, keys)) ?? new Map()
  }

  /** `expose: 8000` or `expose: { domain, port }`. */
  private readExpose(): Fields {
    const field = this.fields.get("expose")
    return field?.node._tag === "Scalar"
      ? new Map([["port", field]])
      : this.nested("expose", { keys: ["domain", "port"] })
  }

  /** A top-level key, or the same key inside a map of the older form. */
  private either(key: string, older: Fields): Field | undefined {
    return onlyOne(this.report, this.fields.get(key), older.get(key))
  }

  /** Without a source of its own a spec deploys its template's starter; a bad source is not the lack of one. */
  private usesStarter(given: Source | undefined): boolean {
    return given === undefined && this.report.problems.every(({ path }) => !path.startsWith("source"))
  }

  private starterSource(starter: Starter | undefined, name: string | undefined): Source | undefined {
    if (starter !== undefined) {
      return name === undefined ? undefined : { _tag: "Dockerfile", text: starter.dockerfile(name) }
    }
    if (this.fields.has("template") || !this.usesStarter(undefined)) return undefined
    return this.report.add(this.root.keyAt, "source", {
      message: "nothing to deploy: `source` and `template` are both missing",
      hint: `give \`source: { image: nginx:1.27 }\`, or a template: ${templates.map(({ name }) => name).join(", ")}`
    })
  }

  private port(template: Template | undefined, env: ReadonlyMap<string, EnvEntry>, starter: boolean) {
    const field = this.either("port", this.expose)
    const variable = env.get("PORT")
    const byVariable = variable === undefined ? undefined : portOf(variable.value)
    const port =
      field === undefined ? (byVariable ?? template?.port) : readInteger(this.report, field, ranges.port)
    if (starter && port !== undefined && variable !== undefined && byVariable !== port) {
      return this.report.add(variable.field.node.at, variable.field.path, {
        message: "`env.PORT` is not the port of the application",
        hint: `the starter listens on it: write ${port}, or remove it`
      })
    }
    if (field === undefined && port === undefined && !this.fields.has("template")) {
      return this.report.add(this.root.keyAt, "port", {
        message: "`port` is missing",
        hint: "the port the application listens on inside its container, e.g. `port: 8000`"
      })
    }
    return port
  }

  private variables(
    template: Template | undefined,
    port: number,
    env: ReadonlyMap<string, EnvEntry>,
    secrets: ReadonlyMap<string, SecretEntry>
  ): Readonly<Record<string, string>> {
    const defaults = template === undefined ? [] : Object.entries({ ...template.env, PORT: String(port) })
    return Object.fromEntries([
      ...defaults.filter(([name]) => !secrets.has(name)),
      ...[...env].map(([name, { value }]) => [name, value] as const)
    ])
  }
}

const interpolatedIn = (env: ReadonlyMap<string, EnvEntry>): Pick<Spec, "interpolated"> => {
  const names = [...env].flatMap(([name, { refers }]) => (refers ? [name] : []))
  return names.length === 0 ? {} : { interpolated: names }
}

const start = { line: 1, column: 1 }

/**
 * The spec that `text` holds, or everything wrong with it at once. Pure: no file, no clock, no network.
 * `file` is only for the messages.
 * @param environment what `${env.NAME}` stands for; without it such values stay as they are written.
 */
export const parseSpec = (
  text: string,
  file: string,
  environment?: Environment
): Either.Either<Spec, SpecError> => {
  const fail = (problems: ReadonlyArray<SpecProblem>) => Either.left(new SpecError({ file, problems }))
  if (text.length > maxSpecBytes || Buffer.byteLength(text) > maxSpecBytes) return fail([tooLarge])
  const report = new Report()
  const node = parseYaml(text, report)
  if (node === undefined) return fail(report.problems)
  if (node._tag !== "Map") {
    const message = node._tag === "Null" ? "the file is empty" : "a spec is a map of keys"
    report.add(start, "", { message, hint: "it starts with `name:` and `domain:`" })
    return fail(report.problems)
  }
  const spec = new SpecReader(report, { path: "", keyAt: start, node }, environment).spec()
  return spec === undefined ? fail(report.problems) : Either.right(spec)
}

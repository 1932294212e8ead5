/**
 * The Schema of a spec, and what the keys mean together. A key is one file in `sections`: its Schema, its rules with other
 * keys, and how it is written back. Here is the one place where it is registered: in `Written`, `Spec`, `specIn` and
 * `writtenOf`. The decoder, the JSON Schema, the writer and the reference in docs/spec.md all come from `Written`.
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { isCompose } from "../coolify/Source.ts"
import type { Check } from "./Decode.ts"
import { defaulted, map, oneOf, optional, record, section, wrongKind } from "./Form.ts"
import type { Environment as Variables, TextTemplate } from "./Interpolate.ts"
import { processPattern } from "./Limits.ts"
import type { Process as ProcessOf } from "./Processes.ts"
import { quote } from "./Report.ts"
import {
  Domain,
  Domains,
  domainsOut,
  Name,
  Port,
  portIn,
  Redirect,
  TemplateName
} from "./sections/Application.ts"
import { type BasicAuth, basicAuthIn, basicAuthOut, BasicAuthSection } from "./sections/BasicAuth.ts"
import { Build, buildIn, buildOut, type BuildSettings, servesFiles } from "./sections/Build.ts"
import { Command, commandIn, Release, releaseIn } from "./sections/Command.ts"
import { answersIn, checkAnswers, checkCompose, type Route, Routes, routesOut } from "./sections/Compose.ts"
import {
  type Database,
  Databases,
  databasesIn,
  databasesOut,
  type SharedDatabase,
  sharedDatabasesIn
} from "./sections/Databases.ts"
import { type Beside, Files, filesIn, filesOut, type SpecFile } from "./sections/Files.ts"
import { Dns, dnsIn, dnsOut, type DnsSettings } from "./sections/Dns.ts"
import {
  type Healthcheck,
  healthcheckIn,
  healthcheckOut,
  HealthcheckSection
} from "./sections/Healthcheck.ts"
import { Needs, needsIn } from "./sections/Needs.ts"
import { otherKeys } from "./OtherKeys.ts"
import { Environment, Project, Server } from "./sections/Place.ts"
import { Ports, portsIn, type Resources, ResourcesSection } from "./sections/Resources.ts"
import {
  AutoDeploy,
  NetworkAliases,
  RunOptions,
  runtimeIn,
  runtimeOut,
  StopGracePeriod
} from "./sections/Runtime.ts"
import { type Schedule, Schedules, schedulesIn, schedulesOut } from "./sections/Schedules.ts"
import { type SecretRule, Secrets, secretsIn, secretsOut } from "./sections/Secrets.ts"
import { Source, sourceIn } from "./sections/Source.ts"
import {
  checkSecretsOf,
  Variables as Env,
  variablesIn,
  variablesOut,
  withDefaults
} from "./sections/Variables.ts"
import { type Volume, Volumes, volumesIn } from "./sections/Volumes.ts"
import type { Command as CommandGiven } from "./ShellCommand.ts"
import { findTemplate } from "./templates/Templates.ts"

const fields = {
  name: optional(Name),
  template: optional(TemplateName),
  domain: optional(Domain),
  domains: optional(
    oneOf([Domains, Routes], ({ node }) => (node._tag === "Map" ? 1 : 0), {
      description:
        "In the place of `domain`: all public host names, the main one first, each with its own record and verified; with a compose file a map of its containers to their names"
    })
  ),
  redirect: optional(Redirect),
  basicAuth: section(BasicAuthSection),
  server: optional(Server),
  project: defaulted(Project, "fabrik"),
  environment: defaulted(Environment, "production"),
  needs: section(Needs),
  source: section(Source),
  build: section(Build),
  command: optional(Command),
  release: optional(Release),
  port: optional(Port),
  env: section(Env),
  secrets: section(Secrets),
  volumes: section(Volumes),
  files: section(Files),
  resources: section(ResourcesSection),
  ports: section(Ports),
  networkAliases: section(NetworkAliases),
  stopGracePeriod: optional(StopGracePeriod),
  autoDeploy: optional(AutoDeploy),
  runOptions: section(RunOptions),
  databases: section(Databases),
  schedules: section(Schedules),
  dns: section(Dns),
  healthcheck: Schema.optionalWith(HealthcheckSection, {
    exact: true,
    nullable: true,
    default: () => Schema.decodeSync(HealthcheckSection)({})
  })
}

const Process = map(Struct.omit(fields, "name", "template", "server", "project", "environment", "needs"), {
  ...otherKeys,
  description: "What one process has of its own, with the keys of a spec"
})

/** A spec as it is written. */
export const Written = map(
  {
    ...fields,
    processes: section(
      record(processPattern, Schema.NullOr(Process), {
        description:
          "Several applications of one source, each with a name: `web` keeps the name of the spec, and has what stands at the top under `domain`, `port`, `command`, `release`, `volumes`, `schedules` and `healthcheck`; `worker` is called NAME-worker. `env`, `secrets`, `files`, `resources`, `databases` and `build` at the top are those of all",
        keyForm: "lower case letters, digits and `-`, the first a letter",
        value: (field) => wrongKind(field, "a map"),
        key: (name) => ({ message: `${quote(name)} cannot name a process` })
      })
    )
  },
  { ...otherKeys, title: "fabrik spec", description: "What `fabrik apply` deploys" }
)
export type Written = typeof Written.Type

/**
 * The one normalised form of a specification. Everything behind the loader sees this and nothing else: template defaults
 * are filled in, names are ASCII, durations are `Duration`s.
 */
export interface Spec {
  readonly name: string
  readonly project: string
  readonly environment: string
  /** Names of specs that are applied before it, and destroyed after it, where one command has them all. */
  readonly needs?: ReadonlyArray<string>
  /** Which one it is of a spec with several; `undefined`: it is the only one. */
  readonly process?: ProcessOf
  /** Name, uuid or address of the Coolify server; `undefined`: the only one there is. */
  readonly server: string | undefined
  /** The main one first; empty: it answers nowhere. ASCII (punycode), lower case, no final dot. */
  readonly domains: ReadonlyArray<string>
  /** Of a compose file: which of its containers answers at which of them. */
  readonly routes?: ReadonlyArray<Route>
  /** Which of them lead to another one. */
  readonly redirect?: Redirect
  /** What visitors are asked for. */
  readonly basicAuth?: BasicAuth
  readonly template: string | undefined
  readonly source: Source
  readonly build: BuildSettings
  /** What is started in place of what the image starts. */
  readonly command?: CommandGiven
  /** What has to succeed in a new container before the command. */
  readonly release?: string
  /** The port the application listens on inside its container; `undefined`: none is known, and it has no domain. */
  readonly port: number | undefined
  readonly env: Readonly<Record<string, string>>
  /** The names in `env` whose value comes from the environment of whoever runs fabrik. */
  readonly interpolated?: ReadonlyArray<string>
  /** Names only: values come from the SecretStore. */
  readonly secrets: ReadonlyArray<string>
  /** By name; a name of the list form has none: it is supplied, else kept, else generated. */
  readonly secretRules: ReadonlyMap<string, SecretRule>
  readonly volumes: ReadonlyArray<Volume>
  readonly files?: ReadonlyArray<SpecFile>
  readonly resources?: Resources
  /** `8080:80`: the server's, and the container's. */
  readonly ports?: ReadonlyArray<string>
  readonly networkAliases?: ReadonlyArray<string>
  /** In seconds. */
  readonly stopGracePeriod?: number
  /** Whether Coolify deploys by itself what is pushed. */
  readonly autoDeploy?: boolean
  /** Of `docker run`, without the entrypoint. */
  readonly runOptions?: ReadonlyArray<string>
  readonly databases: ReadonlyArray<Database>
  /** Those that are there without it. */
  readonly sharedDatabases?: ReadonlyArray<SharedDatabase>
  /** Variables whose value is made of secrets or of what a database tells, by name. */
  readonly references: Readonly<Record<string, TextTemplate>>
  /** What is run in the container over and over. */
  readonly schedules?: ReadonlyArray<Schedule>
  readonly dns: DnsSettings
  readonly healthcheck: Healthcheck
}

/**
 * What the keys mean together. Complains to `check` of all that does not fit; `undefined` where something essential is
 * missing.
 */
export const specIn = (
  written: Written,
  variables: Variables | undefined,
  check: Check,
  beside?: Beside
): Spec | undefined => {
  if (!check.isWritten("name")) {
    check.missing("name", { message: "`name` is missing", hint: "e.g. `name: test-api`" })
  }
  const { name, project, environment } = written
  const { redirect } = written
  const answers = answersIn(written, check)
  const { domains, routes } = answers
  const isNowhere = domains?.length === 0
  const template = written.template === undefined ? undefined : findTemplate(written.template)
  // A bad source is not the lack of one.
  const starter = written.source === undefined && !check.isFaulty("source") ? template?.starter : undefined
  const isStarter = starter !== undefined
  const source = sourceIn(written.source, starter, name, beside, check)
  const given = source ?? written.source
  const hasContainers = given !== undefined && isCompose(given)
  checkCompose(source, check)
  checkAnswers(answers, source, check)
  const databases = databasesIn(written.databases, check)
  const sharedDatabases = sharedDatabasesIn(written.databases)
  const names = [...databases, ...sharedDatabases].map((one) => one.name)
  const { env, interpolated, references } = variablesIn(written.env, names, variables, check)
  const secrets = secretsIn(written.secrets, { ...env, ...references }, check)
  checkSecretsOf(references, secrets.secrets, check)
  const auth = basicAuthIn(written.basicAuth, { isNowhere, ...secrets }, check)
  const isServed = servesFiles(written.build, source)
  const served = isServed && !isNowhere && !check.isWritten("port") ? 80 : undefined
  const port = portIn(
    written.port ?? served,
    env["PORT"],
    template,
    isStarter,
    !isNowhere && !hasContainers,
    check
  )
  const all = withDefaults(env, template, port ?? 0, secrets.secrets)
  const build = buildIn(
    written.build,
    source,
    // With those that a complaint has kept out.
    [...Object.keys({ ...all, ...references, ...written.env }), ...secrets.secrets],
    check
  )
  const command = commandIn(written.command, source, check)
  const release = releaseIn(written.release, command, source, check)
  const volumes = volumesIn(written.volumes, check)
  const files = filesIn(written.files, volumes, beside, check)
  const ports = portsIn(written.ports, check)
  const runtime = runtimeIn(written, source, check)
  const dns = dnsIn(written.dns, domains, check)
  const healthcheck = healthcheckIn(written.healthcheck, template, { isStarter, isNowhere, release }, check)
  return name === undefined ||
    domains === undefined ||
    source === undefined ||
    (port === undefined && !isNowhere && !hasContainers)
    ? undefined
    : {
        name,
        project,
        environment,
        ...needsIn(written.needs),
        server: written.server,
        domains,
        ...(routes === undefined ? {} : { routes }),
        ...(redirect === undefined ? {} : { redirect }),
        ...auth,
        template: written.template,
        source,
        build,
        ...(command === undefined ? {} : { command }),
        ...(release === undefined ? {} : { release }),
        port,
        env: all,
        ...(interpolated.length === 0 ? {} : { interpolated }),
        ...secrets,
        volumes,
        ...(files.length === 0 ? {} : { files }),
        ...(Object.keys(written.resources ?? {}).length === 0 ? {} : { resources: written.resources ?? {} }),
        ...(ports.length === 0 ? {} : { ports }),
        ...runtime,
        databases,
        ...(sharedDatabases.length === 0 ? {} : { sharedDatabases }),
        references,
        ...schedulesIn(written.schedules),
        dns,
        healthcheck
      }
}

const databasesSection = (all: Parameters<typeof databasesOut>[0]) =>
  all.length === 0 ? {} : { databases: databasesOut(all) }

/** The spec with everything written out: `specIn` reads it as itself, but for what was interpolated, which stays as it is. */
export const writtenOf = (spec: Spec): Written => ({
  name: spec.name,
  ...(spec.template === undefined ? {} : { template: spec.template }),
  ...(spec.routes === undefined
    ? domainsOut(spec.domains, spec.redirect)
    : { domains: routesOut(spec.routes) }),
  ...(spec.redirect === undefined ? {} : { redirect: spec.redirect }),
  ...basicAuthOut(spec.basicAuth),
  ...(spec.server === undefined ? {} : { server: spec.server }),
  project: spec.project,
  environment: spec.environment,
  ...needsIn(spec.needs),
  source: spec.source,
  ...buildOut(spec.build),
  ...(spec.command === undefined ? {} : { command: spec.command }),
  ...(spec.release === undefined ? {} : { release: spec.release }),
  ...(spec.port === undefined ? {} : { port: spec.port }),
  env: variablesOut(spec),
  secrets: secretsOut(spec),
  ...(spec.volumes.length === 0 ? {} : { volumes: spec.volumes }),
  ...filesOut(spec.files),
  ...(spec.resources === undefined ? {} : { resources: spec.resources }),
  ...(spec.ports === undefined ? {} : { ports: spec.ports }),
  ...runtimeOut(spec),
  ...databasesSection([...spec.databases, ...(spec.sharedDatabases ?? [])]),
  ...schedulesOut(spec.schedules),
  dns: dnsOut(spec.dns),
  healthcheck: healthcheckOut(spec.healthcheck, spec.domains.length === 0)
})

/**
 * What a deployment will do, settled when its job starts: later changes of the application do not reach it.
 */
import * as Either from "effect/Either"
import { createHash } from "node:crypto"
import * as Behaviour from "./Behaviour.ts"
import * as Columns from "./Columns.ts"
import * as Dotenv from "./Dotenv.ts"
import { envFile } from "./EnvFile.ts"
import { isCompose } from "./ContainerDomains.ts"
import type { Application, Container, CoolifyState, Deployment } from "./CoolifyState.ts"
import * as GitCompose from "./GitCompose.ts"
import * as Labels from "./Labels.ts"
import type { Mount } from "./StorageState.ts"

export interface DeploymentPlan {
  readonly application: Application
  /** The commit that the row shows from now on: git builds replace `HEAD`. */
  readonly commit: string
  readonly behaviour: Behaviour.Behaviour
  /** The value of `SANDBOX_APP`, when it is none of the known ones. */
  readonly unknownBehaviour: string | undefined
  /** A restart whose image is there already does not build. */
  readonly builds: boolean
  /** Host ports, fixed names and addresses: the old container goes first, and nobody waits for health. */
  readonly stopFirst: boolean
  /** `undefined`: no health check. `budgetMillis`: how long the container may take to get healthy. */
  readonly healthCheck:
    | { readonly passes: boolean; readonly budgetMillis: number; readonly intervalMillis: number }
    | undefined
  /** The `.env` that Coolify writes. */
  readonly envFile: string
  /** Why Compose cannot read it, in Compose's words. */
  readonly envFileProblem: string | undefined
  /** Why Compose cannot read its own file, in Compose's words. */
  readonly composeProblem: string | undefined
  readonly container: Started
  /** Of a compose file the other containers too. */
  readonly others: ReadonlyArray<Started>
  /** Whatever goes wrong, what ran before is gone. */
  readonly isGone: boolean
}

type Started = Omit<Container, "started_at" | "health" | "files">

const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex")

export const configHash = (application: Application): string =>
  sha1(JSON.stringify([application.columns, application.settings])).slice(0, 32)

/**
 * What the container gets by way of the `.env`: production rows for run time; of rows with one key the last wins. Without
 * what Coolify adds to every application's.
 */
const runtimeVariables = (state: CoolifyState, application: Application) => {
  const rows = state.variables.filter(
    (row) => row.application_id === application.id && !row.is_preview && row.is_runtime
  )
  const { text, added } = envFile(application, application.uuid, rows)
  const read = Dotenv.read(text)
  const given = Object.entries(Either.getOrElse(read, () => ({})))
  return {
    text,
    env: Object.fromEntries(given.filter(([name]) => !added.has(name))),
    problem: Either.isLeft(read) ? read.left.detail : undefined
  }
}

/** Of two at one path the later one wins. */
const mountsOf = (state: CoolifyState, application: Application): ReadonlyArray<Mount> => {
  const isOwn = (row: { readonly application_id: number }) => row.application_id === application.id
  const all = [
    ...state.storages.filter(isOwn).map((row) => mountOf(row.host_path ?? row.name, row.mount_path)),
    ...state.files.filter(isOwn).map((row) => mountOf(row.fs_path, row.mount_path))
  ]
  return [...new Map(all.map((mount) => [mount.path, mount])).values()]
}

/** Compose reads what stands behind a path's colon as options. */
const mountOf = (source: string, mountPath: string): Mount => ({
  source,
  path: mountPath.replace(/:.*/, ""),
  ...(/:(?:.*,)?ro(?:,|$)/.test(mountPath) ? { read_only: true } : {})
})

/** The API takes any text as a limit (recorded: settings 43 to 50, 264). */
const limitProblem = ({ columns, uuid }: Application): string | undefined => {
  const memory = Columns.string(columns, "limits_memory")
  return /^\d+(?:\.\d+)* ?[kmgtp]?i?b?$/i.test(memory)
    ? undefined
    : `decoding failed due to the following error(s):\n\nerror decoding 'services[${uuid}].mem_limit': invalid size: '${memory}'`
}

/** The server's side of `SERVER:CONTAINER,...`. */
const published = (columns: Application["columns"]): ReadonlyArray<number> =>
  Columns.string(columns, "ports_mappings")
    .split(",")
    .flatMap((mapping) => (mapping === "" ? [] : [Number.parseInt(mapping, 10)]))

/** Whether what is started before anything else fails: a subshell with `false` or an `exit`. */
const exitsAtOnce = (columns: Application["columns"]): boolean =>
  /\((?:false|exit [1-9]\d*)\) &&/.test(
    `${Columns.string(columns, "start_command")} ${Columns.string(columns, "custom_docker_run_options")}`
  )

export const plan = (state: CoolifyState, row: Deployment, application: Application): DeploymentPlan => {
  const { columns, settings } = application
  const pack = Columns.string(columns, "build_pack")
  const inline = Columns.string(columns, "dockerfile")
  const git = pack !== "dockerimage" && inline === ""
  const repository = GitCompose.short(Columns.string(columns, "git_repository"))
  const branch = `${repository}#${Columns.string(columns, "git_branch")}`
  const pushes = state.pushes.filter((one) => one === branch)
  const commit = git && row.commit === "HEAD" ? sha1([branch, ...pushes].join("\n")) : row.commit
  const tag =
    row.docker_registry_image_tag ?? (Columns.string(columns, "docker_registry_image_tag") || "latest")
  const name = Columns.string(columns, "docker_registry_image_name")
  const registryImage = name.endsWith("@sha256") ? `${name}:${tag.replace(/^sha256:/, "")}` : `${name}:${tag}`
  const builtImage = `${application.uuid}:${git ? commit : "latest"}`
  const image = pack === "dockerimage" ? registryImage : builtImage
  const built = state.deployments.some(
    (one) => one.application_id === application.id && one.status === "finished" && one.commit === commit
  )

  const { env: given, text, problem } = runtimeVariables(state, application)
  const env = exitsAtOnce(columns) ? { ...given, SANDBOX_APP: "crash" } : given
  const chosen = env["SANDBOX_APP"] ?? ""
  const parsed = Behaviour.parse(chosen)
  const behaviour = parsed ?? Behaviour.ok
  const exposed = Columns.firstPort(columns)
  const ownPort = /^\d{1,5}$/.test(env["PORT"] ?? "") ? Number(env["PORT"]) : null
  const listens = ownPort ?? exposed

  const inFile = /^\s*HEALTHCHECK\s+(?!NONE)/im.test(inline)
  const checked = Columns.flag(columns, "health_check_enabled") || inFile
  const probed = Number(Columns.string(columns, "health_check_port")) || exposed
  const intervalMillis = 1000 * Columns.integer(columns, "health_check_interval")
  const budgetMillis =
    1000 * Columns.integer(columns, "health_check_start_period") +
    Columns.integer(columns, "health_check_retries") * intervalMillis
  const inTime =
    behaviour._tag === "Slow"
      ? behaviour.seconds * 1000 <= budgetMillis
      : behaviour._tag !== "Flap" || behaviour.seconds * 1000 > intervalMillis
  const command =
    Columns.string(columns, "health_check_type") === "cmd"
      ? Columns.string(columns, "health_check_command")
      : ""
  const reachable = inFile || command !== "" || probed === null || listens === null || probed === listens

  const ofFile = isCompose(application)
    ? GitCompose.containersOf(state, application, {
        commit,
        deployment: row.deployment_uuid,
        envFile: text
      })
    : undefined
  const [first, ...others] = ofFile === undefined ? [] : Either.getOrElse(ofFile, () => [])
  const notUp = ofFile !== undefined && Either.isLeft(ofFile) ? ofFile.left : undefined

  return {
    application,
    commit,
    behaviour,
    unknownBehaviour: parsed === undefined ? chosen : undefined,
    builds: !(git && row.restart_only && built),
    stopFirst:
      Columns.string(columns, "ports_mappings") !== "" ||
      Columns.flag(settings, "is_consistent_container_name_enabled") ||
      Columns.string(settings, "custom_internal_name") !== "" ||
      /--ip6?\b/.test(Columns.string(columns, "custom_docker_run_options")),
    healthCheck: checked
      ? {
          passes: Behaviour.isHealthy(behaviour) && inTime && reachable && !/^false(?: |$)/.test(command),
          budgetMillis,
          intervalMillis
        }
      : undefined,
    envFile: text,
    envFileProblem: problem,
    composeProblem: notUp?.detail ?? limitProblem(application),
    others,
    isGone: notUp?.isGone ?? false,
    container: first ?? {
      application_uuid: application.uuid,
      deployment_uuid: row.deployment_uuid,
      name: Columns.string(columns, "name"),
      image,
      commit,
      env,
      mounts: mountsOf(state, application),
      routes: Labels.routes(Columns.string(columns, "custom_labels")),
      listens,
      publishes: published(columns)
    }
  }
}

/**
 * An application as Coolify answers it, read loosely: unknown fields pass, `null` and a missing field mean the column's
 * default, and only what fabrik cannot do without is required. Shapes from app/Http/Controllers/Api at 4.3.11.
 */
import * as Option from "effect/Option"
import * as EffectRecord from "effect/Record"
import * as Schema from "effect/Schema"
import { containerUrl, isMadeUp } from "../ContainerUrls.ts"
import { fromStoredImage } from "../ImageReference.ts"
import { repositoryUrl } from "../Repository.ts"
import { composePack } from "../Source.ts"
import type { Application, ApplicationSource, ListedApplication } from "./Applications.ts"
import { basicAuthColumns, basicAuthIn } from "./BasicAuth.ts"
import { orElse, text, Uuid, Whole } from "./Fields.ts"
import { plainColumns, plainIn, publishes } from "./PlainSettings.ts"

export const ApplicationRow = Schema.Struct({
  uuid: Uuid,
  name: Schema.String,
  description: text,
  fqdn: text,
  status: orElse(Schema.String, "exited"),
  restart_count: orElse(Whole, 0),
  build_pack: Schema.String,
  ...plainColumns,
  ...basicAuthColumns,
  settings: Schema.optionalWith(
    Schema.Struct({
      ...plainColumns,
      is_consistent_container_name_enabled: orElse(Schema.Boolean, false),
      custom_internal_name: text
    }),
    { nullable: true }
  ),
  ports_exposes: orElse(Schema.Union(Schema.String, Schema.Number), ""),
  git_repository: text,
  git_branch: text,
  private_key_id: Schema.optional(Schema.NullOr(Whole)),
  source_id: Schema.optional(Schema.NullOr(Whole)),
  source_type: text,
  git_commit_sha: orElse(Schema.String, "HEAD"),
  docker_compose_location: orElse(Schema.String, "/docker-compose.yaml"),
  docker_compose_domains: text,
  docker_compose_raw: Schema.optional(Schema.NullOr(Schema.String)),
  base_directory: orElse(Schema.String, "/"),
  dockerfile: text,
  dockerfile_location: orElse(Schema.String, "/Dockerfile"),
  docker_registry_image_name: text,
  docker_registry_image_tag: orElse(Schema.String, "latest"),
  health_check_enabled: orElse(Schema.Boolean, false),
  health_check_type: orElse(Schema.String, "http"),
  health_check_command: text,
  health_check_path: orElse(Schema.String, "/"),
  health_check_port: orElse(Schema.Union(Schema.String, Schema.Number), ""),
  health_check_return_code: orElse(Whole, 200),
  health_check_interval: orElse(Whole, 5),
  health_check_timeout: orElse(Whole, 5),
  health_check_retries: orElse(Whole, 10),
  health_check_start_period: orElse(Whole, 5)
})

type ApplicationRow = typeof ApplicationRow.Type

/** What Coolify writes into `git_repository` of an application that has none. */
const noRepository = "coollabsio/coolify"

const toSource = (row: ApplicationRow): ApplicationSource => {
  if (row.build_pack === "dockerimage") {
    return {
      _tag: "Image",
      ...fromStoredImage({ name: row.docker_registry_image_name, tag: row.docker_registry_image_tag })
    }
  }
  // The text is hidden without `read:sensitive`; then only the stand-in repository tells an inline Dockerfile.
  if (row.build_pack === "dockerfile" && (row.dockerfile !== "" || row.git_repository === noRepository)) {
    return { _tag: "Dockerfile", text: row.dockerfile === "" ? undefined : row.dockerfile }
  }
  return {
    _tag: "Git",
    repository: repositoryUrl(row.git_repository),
    branch: row.git_branch,
    commit: row.git_commit_sha,
    buildPack: row.build_pack,
    baseDirectory: row.base_directory,
    dockerfile: row.dockerfile_location,
    ...(row.build_pack === composePack ? { compose: row.docker_compose_location } : {}),
    ...accessIn(row)
  }
}

/** Coolify's own entry for all public repositories has the number 0. */
const accessIn = ({ git_repository, private_key_id, source_id, source_type }: ApplicationRow) => {
  if (source_type.endsWith("GithubApp") && (source_id ?? 0) !== 0) {
    return { access: { kind: "githubApp" as const, id: source_id ?? 0 } }
  }
  if (typeof private_key_id === "number")
    return { access: { kind: "deployKey" as const, id: private_key_id } }
  // A token without `read:sensitive` is not told of keys.
  const isHidden = private_key_id === undefined && /^(?:git@|ssh:)/.test(git_repository)
  return isHidden ? { access: { kind: "deployKey" as const } } : {}
}

const listed = (urls: string): ReadonlyArray<string> =>
  urls
    .split(",")
    .map((url) => url.trim())
    .filter((url) => url !== "")

const ContainerDomains = Schema.parseJson(
  Schema.Record({ key: Schema.String, value: Schema.Struct({ domain: text }) })
)

/** It is sent as a list, and told as a JSON text of a map (recorded: compose-app 10, 11); no map is that of none. */
const containerDomains = ({ docker_compose_domains, uuid }: ApplicationRow): ReadonlyArray<string> =>
  Object.entries(
    Option.getOrElse(Schema.decodeOption(ContainerDomains)(docker_compose_domains), () => ({}))
  ).flatMap(([container, { domain }]) =>
    listed(domain)
      .filter((url) => !isMadeUp(url, uuid))
      .map((url) => containerUrl(url, container))
  )

/** `ports_exposes` is a comma list; without one Coolify's own default, 80, is what the proxy labels say. */
const toPort = (exposed: string | number): number => {
  const first = Number.parseInt(String(exposed), 10)
  return Number.isSafeInteger(first) ? first : 80
}

export const toApplication = (row: ApplicationRow): Application => {
  const plain = plainIn(row, row.settings)
  const { custom_internal_name = "", is_consistent_container_name_enabled = false } = row.settings ?? {}
  const isOfContainers = row.build_pack === composePack
  const hasFixedName = is_consistent_container_name_enabled || custom_internal_name !== ""
  return {
    uuid: row.uuid,
    name: row.name,
    description: row.description,
    domains: isOfContainers ? containerDomains(row) : listed(row.fqdn),
    port: toPort(row.ports_exposes),
    status: row.status,
    restartCount: row.restart_count,
    stopsFirst: hasFixedName || publishes(plain),
    ...(hasFixedName ? { hasFixedName } : {}),
    ...(Object.keys(plain).length === 0 ? {} : { plain }),
    ...basicAuthIn(row),
    ...(isOfContainers && row.docker_compose_raw !== undefined
      ? { composeText: row.docker_compose_raw }
      : {}),
    source: toSource(row),
    healthcheck: {
      enabled: row.health_check_enabled,
      path: row.health_check_path,
      port: String(row.health_check_port),
      status: row.health_check_return_code,
      interval: row.health_check_interval,
      timeout: row.health_check_timeout,
      retries: row.health_check_retries,
      startPeriod: row.health_check_start_period,
      ...(row.health_check_type === "cmd" ? { command: row.health_check_command } : {})
    }
  }
}

/** Settings that fabrik has no word for, and what they are when nobody has touched them. */
const otherSettings = {
  watch_paths: "",
  pre_deployment_command: "",
  post_deployment_command: "",
  custom_nginx_configuration: "",
  health_check_host: "localhost",
  health_check_method: "GET",
  health_check_scheme: "http",
  health_check_response_text: "",
  limits_memory_swap: "0",
  limits_memory_swappiness: "60",
  limits_memory_reservation: "0",
  limits_cpuset: "",
  limits_cpu_shares: "1024"
}

const ListedRow = Schema.Struct({
  ...EffectRecord.map(otherSettings, () => Schema.optional(Schema.Unknown)),
  ...ApplicationRow.fields,
  environment_id: Whole,
  destination: orElse(
    Schema.Struct({
      server: Schema.optionalWith(Schema.Struct({ uuid: Uuid, name: Schema.String }), { nullable: true })
    }),
    {}
  )
})

export const ListedRows = Schema.Array(ListedRow)

const isTouched = (value: unknown, untouched: string): boolean =>
  value !== null && value !== undefined && value !== "" && String(value) !== untouched

export const toListedApplication = (row: typeof ListedRow.Type): ListedApplication => ({
  ...toApplication(row),
  environmentId: row.environment_id,
  server: row.destination.server,
  otherSettings: [
    ...(String(row.ports_exposes).includes(",") ? ["ports_exposes"] : []),
    ...EffectRecord.toEntries(otherSettings)
      .filter(([name, untouched]) => isTouched(row[name], untouched))
      .map(([name]) => name)
  ]
})

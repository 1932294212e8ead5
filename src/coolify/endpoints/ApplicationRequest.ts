/** The bodies of an application. Any field Coolify does not know fails the whole request, so nothing optional is added. */
import { urlsOf } from "../ContainerUrls.ts"
import { toStoredImage } from "../ImageReference.ts"
import { repositoryUrl, storedRepository } from "../Repository.ts"
import { isCompose } from "../Source.ts"
import type { Body } from "../Transport.ts"
import type {
  ApplicationPatch,
  ApplicationSettings,
  ApplicationSource,
  ContainerHealthcheck,
  CreateApplication
} from "./Applications.ts"
import { basicAuthBody } from "./BasicAuth.ts"
import { plainBody } from "./PlainSettings.ts"

/** @param before what it was: only then is the kind of check sent that is Coolify's own. */
const healthcheck = (check: ContainerHealthcheck, before?: ContainerHealthcheck): Body => ({
  health_check_enabled: check.enabled,
  health_check_path: check.path,
  health_check_port: check.port === "" ? null : check.port,
  health_check_return_code: check.status,
  health_check_interval: check.interval,
  health_check_timeout: check.timeout,
  health_check_retries: check.retries,
  health_check_start_period: check.startPeriod,
  ...(check.command === undefined && before?.command === undefined
    ? {}
    : {
        health_check_type: check.command === undefined ? "http" : "cmd",
        health_check_command: check.command === "" ? null : (check.command ?? null)
      })
})

const gitFields = (source: Extract<ApplicationSource, { _tag: "Git" }>): Body => ({
  git_branch: source.branch,
  git_commit_sha: source.commit,
  build_pack: source.buildPack,
  base_directory: source.baseDirectory,
  ...(source.compose === undefined ? {} : { docker_compose_location: source.compose }),
  ...(source.buildPack === "dockerfile" ? { dockerfile_location: source.dockerfile } : {})
})

type Variant = "dockerimage" | "public" | "private-deploy-key" | "private-github-app" | "dockerfile"

/** A GitHub App knows repositories as `owner/repository`, a deploy key by the address over ssh. */
const createRepository = ({
  access,
  repository
}: Extract<ApplicationSource, { _tag: "Git" }>): { readonly variant: Variant; readonly fields: Body } => {
  switch (access?.kind) {
    case "deployKey":
      return {
        variant: "private-deploy-key",
        fields: { git_repository: repository, private_key_uuid: access.uuid ?? "" }
      }
    case "githubApp":
      return {
        variant: "private-github-app",
        fields: { git_repository: storedRepository(repository), github_app_uuid: access.uuid ?? "" }
      }
    case undefined:
      return { variant: "public", fields: { git_repository: repositoryUrl(repository) } }
  }
}

/** A compose file is a service's. */
type OwnSource = Exclude<ApplicationSource, { readonly _tag: "Compose" }>

export type CreateOwn = Omit<CreateApplication, "source"> & { readonly source: OwnSource }

const createSource = (source: OwnSource): { readonly variant: Variant; readonly fields: Body } => {
  switch (source._tag) {
    case "Image": {
      const { name, tag } = toStoredImage(source)
      // `name@sha256:<hex>` is parsed into name and tag; the two apart would fail the tag's own rule for a digest.
      const fields =
        tag === source.tag
          ? { docker_registry_image_name: name, docker_registry_image_tag: tag }
          : { docker_registry_image_name: `${name}:${tag}` }
      return { variant: "dockerimage", fields }
    }
    case "Git": {
      const { fields, variant } = createRepository(source)
      return { variant, fields: { ...fields, ...gitFields(source) } }
    }
    case "Dockerfile":
      return {
        variant: "dockerfile",
        fields: { dockerfile: Buffer.from(source.text ?? "", "utf8").toString("base64") }
      }
  }
}

/** It has no port and no check of its own, and takes no `domains` (recorded: compose-app 4, 32): each container has its own. */
const ownBody = (application: CreateOwn): Body =>
  isCompose(application.source)
    ? containerDomainsBody(application.domains)
    : {
        ...(application.domains.length === 0 ? {} : { domains: application.domains.join(",") }),
        ports_exposes: String(application.port),
        ...healthcheck(application.healthcheck)
      }

/** A container that is named without a URL loses the one it has (recorded: compose-app 23 to 26). */
const containerDomainsBody = (wanted: ReadonlyArray<string>, before: ReadonlyArray<string> = []): Body => {
  const all = urlsOf(wanted, before)
  // An empty list would change nothing (recorded: compose-app 21, 22).
  return all.length === 0
    ? {}
    : {
        docker_compose_domains: all.map(({ container, urls }) => ({
          name: container,
          domain: urls.join(",")
        }))
      }
}

/** `instant_deploy` is never sent: it answers nothing about the deployment and needs no `deploy` ability. */
export const createApplicationBody = (application: CreateOwn) => {
  const { variant, fields } = createSource(application.source)
  const body: Body = {
    project_uuid: application.projectUuid,
    server_uuid: application.serverUuid,
    environment_name: application.environmentName,
    name: application.name,
    description: application.description,
    ...ownBody(application),
    autogenerate_domain: false,
    ...fields,
    ...plainBody(application.plain ?? {}, "create")
  }
  return { variant, body }
}

/**
 * The proxy labels are rebuilt only when `domains` is in the request, so a change of port or redirect carries the domains
 * along (coolify#11074).
 */
export const routingBody = (port: number, domains: ReadonlyArray<string>): Body => ({
  ports_exposes: String(port),
  domains: domains.join(",")
})

const patchSource = (source: ApplicationSource): Body => {
  switch (source._tag) {
    case "Image": {
      const { name, tag } = toStoredImage(source)
      return { docker_registry_image_name: name, docker_registry_image_tag: tag }
    }
    case "Git":
      return { git_repository: storedRepository(source.repository), ...gitFields(source) }
    case "Dockerfile":
    case "Compose":
      return {}
  }
}

/** Where it answers. */
const routesBody = (patch: ApplicationPatch, current: ApplicationSettings): Body => {
  if (isCompose(current.source)) {
    return patch.domains === undefined ? {} : containerDomainsBody(patch.domains, current.domains)
  }
  return patch.port === undefined && patch.domains === undefined && patch.plain?.redirect === undefined
    ? {}
    : routingBody(patch.port ?? current.port, patch.domains ?? current.domains)
}

/** Empty when there is nothing to change. */
export const patchApplicationBody = (patch: ApplicationPatch, current: ApplicationSettings): Body => ({
  ...(patch.name === undefined ? {} : { name: patch.name }),
  ...(patch.description === undefined ? {} : { description: patch.description }),
  ...routesBody(patch, current),
  ...(patch.healthcheck === undefined ? {} : healthcheck(patch.healthcheck, current.healthcheck)),
  ...(patch.source === undefined ? {} : patchSource(patch.source)),
  ...(patch.plain === undefined ? {} : plainBody(patch.plain)),
  ...(patch.basicAuth === undefined ? {} : basicAuthBody(patch.basicAuth))
})

/**
 * The POST variants that create an application. From ApplicationsController::create_application at 4.3.11.
 */
import * as Either from "effect/Either"
import { buildPacks, imageTag, initialColumns } from "./ApplicationFields.ts"
import { checkFields, labelled, written } from "./ApplicationWrite.ts"
import type { Application, Column, Columns, CoolifyState, Server, Token } from "./CoolifyState.ts"
import * as ContainerDomains from "./ContainerDomains.ts"
import { takeId, type Fresh } from "./Database.ts"
import { configHash } from "./DeploymentPlan.ts"
import * as Domains from "./Domains.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, type Refusal } from "./Reply.ts"
import type { Fields } from "./Route.ts"
import { githubApp, privateKey } from "./SourceRoutes.ts"
import * as Tags from "./Tags.ts"
import { check, isEmpty, isTrue, text, type Rules } from "./Validation.ts"
import { addVariable } from "./VariableRoutes.ts"

export type Variant = "public" | "private-github-app" | "private-deploy-key" | "dockerfile" | "dockerimage"

const required = (type: "string" = "string") => ({ type, required: true })
const gitRules: Rules = {
  git_repository: required(),
  git_branch: required(),
  build_pack: { ...required(), oneOf: buildPacks }
}

const rulesOf: Readonly<Record<Variant, Rules>> = {
  public: gitRules,
  "private-github-app": { ...gitRules, github_app_uuid: required() },
  "private-deploy-key": { ...gitRules, private_key_uuid: required() },
  dockerfile: { dockerfile: required() },
  dockerimage: { docker_registry_image_name: required() }
}

/** A repository on github.com is kept as `owner/repo`; any other keeps its URL, and with a deploy key as it was sent. */
const repository = (variant: Variant, sent: string): Either.Either<string, Refusal> => {
  if (variant === "private-deploy-key") return Either.right(sent)
  if (variant === "private-github-app" && /^[\w.-]+\/[\w.-]+$/.test(sent)) return Either.right(sent)
  if (!/^(https?|git|ssh):\/\//.test(sent) || !URL.canParse(sent)) {
    return Either.left(invalid({ git_repository: ["The git repository must be a valid URL."] }))
  }
  const { hostname, pathname } = new URL(sent)
  const [, owner = "", repo = ""] = pathname.split("/")
  return Either.right(hostname === "github.com" ? `${owner}/${repo}` : sent)
}

/** `name`, `name:tag` or `name@sha256:…`; a digest is kept as `name@sha256` and the hex digits. */
const image = (sent: string, sentTag: string): Either.Either<Record<string, Column>, Refusal> => {
  const digest = /^(.+)@sha256:([0-9a-f]{64})$/.exec(sent)
  if (digest?.[1] !== undefined && digest[2] !== undefined) {
    return Either.right({
      docker_registry_image_name: `${digest[1]}@sha256`,
      docker_registry_image_tag: digest[2]
    })
  }
  const tagged = /^(.+):([^:/]+)$/.exec(sent)
  const name = tagged?.[1] ?? sent
  const tag = sentTag || tagged?.[2] || "latest"
  const hash = /^sha256[:-]([0-9a-f]{64})$/.exec(tag)?.[1]
  if (hash !== undefined) {
    return Either.right({
      docker_registry_image_name: name.endsWith("@sha256") ? name : `${name}@sha256`,
      docker_registry_image_tag: hash
    })
  }
  return imageTag.test(tag)
    ? Either.right({ docker_registry_image_name: name, docker_registry_image_tag: tag })
    : Either.left(
        invalid({ docker_registry_image_tag: ["The docker registry image tag field format is invalid."] })
      )
}

/** What the variant itself makes of the columns. */
const columnsOf = (
  variant: Variant,
  columns: Columns,
  body: Fields,
  uuid: string
): Either.Either<Columns, Refusal> =>
  Either.gen(function* () {
    if (variant === "dockerimage") {
      const parts = yield* image(
        text(body["docker_registry_image_name"]),
        text(body["docker_registry_image_tag"])
      )
      const name = `docker-image-${uuid}`
      return {
        name,
        ...columns,
        ...parts,
        build_pack: "dockerimage",
        git_branch: "main",
        dockerfile_location: null
      }
    }
    if (variant === "dockerfile") {
      // EXPOSE is looked for in the text while it is still encoded, so it is never found.
      return { name: `dockerfile-${uuid}`, ...columns, build_pack: "dockerfile", ports_exposes: "80" }
    }
    const git_repository = yield* repository(variant, text(body["git_repository"]))
    const compose = columns["build_pack"] === "dockercompose" ? { ports_exposes: "80" } : {}
    const name = `${git_repository.split("/").at(-1)}:${text(body["git_branch"])}-${uuid}`
    return { name, ...columns, git_repository, ...compose }
  })

const serverFor = (state: CoolifyState, token: Token, body: Fields): Either.Either<Server, Refusal> =>
  Either.flatMap(Lookup.server(state, token, body["server_uuid"]), (server) =>
    server.is_build_server
      ? Either.left(refuse(422, "A build server cannot run applications."))
      : Either.right(server)
  )

const placeFor = (state: CoolifyState, token: Token, body: Fields) =>
  Either.gen(function* () {
    const wanted = text(body["environment_name"]) || text(body["environment_uuid"])
    if (wanted === "") {
      const message = "You need to provide at least one of environment_name or environment_uuid."
      return yield* Either.left(refuse(422, message))
    }
    const project = yield* Lookup.project(state, token, body["project_uuid"])
    const byName = Lookup.environment(state, project, body["environment_name"])
    const environment = yield* Either.orElse(byName, () =>
      Lookup.environment(state, project, text(body["environment_uuid"]) || wanted)
    )
    return { environment, server: yield* serverFor(state, token, body) }
  })

const tagsIn = (body: Fields): Either.Either<ReadonlyArray<string>, Refusal> => {
  const sent: unknown = body["tags"]
  return Either.all((Array.isArray(sent) ? sent : []).map((name) => Tags.normalise("tags", name)))
}

const domainsFor = (
  state: CoolifyState,
  token: Token,
  server: Server,
  body: Fields,
  uuid: string
): Either.Either<string | null, Refusal> =>
  Either.gen(function* () {
    const inContainers = yield* ContainerDomains.sent(body)
    const named = Object.values(inContainers ?? {}).flatMap(({ domain }) => Domains.list(domain ?? ""))
    if (server.proxy !== "NONE" && !isTrue(body["force_domain_override"])) {
      yield* Domains.checkFree(named, Lookup.domainHolders(state, token))
    }
    const domains = yield* Domains.normalise(text(body["domains"]))
    if (domains.length === 0) {
      const wanted = !("autogenerate_domain" in body) || isTrue(body["autogenerate_domain"])
      return wanted ? Domains.generated(uuid, server) : null
    }
    if (server.proxy !== "NONE" && !isTrue(body["force_domain_override"])) {
      yield* Domains.checkFree(domains, Lookup.domainHolders(state, token))
    }
    return domains.join(",")
  })

/** Everything is checked before anything is written, but for tags: those come after the row. */
export const create = (
  state: CoolifyState,
  fresh: Fresh,
  variant: Variant,
  body: Fields,
  token: Token
): Either.Either<readonly [Application, CoolifyState], Refusal> =>
  Either.gen(function* () {
    yield* checkFields(body, "create", ["project_uuid", "server_uuid"])
    const { environment, server } = yield* placeFor(state, token, body)
    const errors = check(body, rulesOf[variant])
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    const key =
      variant === "private-deploy-key" ? yield* privateKey(state, token, body["private_key_uuid"]) : undefined
    const app =
      variant === "private-github-app" ? yield* githubApp(state, token, body["github_app_uuid"]) : undefined
    if ("docker_compose_domains" in body && body["build_pack"] !== "dockercompose") {
      const message = "The docker compose domains field needs the build pack dockercompose."
      return yield* Either.left(invalid({ docker_compose_domains: [message] }))
    }
    if (body["build_pack"] === "dockercompose") yield* ContainerDomains.refuseDomains(body)
    const sent = yield* written(body)
    const uuid = fresh.uuid()
    const fqdn = yield* domainsFor(state, token, server, body, uuid)
    const tags = yield* tagsIn(body)
    const compose = {
      docker_compose: null,
      docker_compose_raw: null,
      docker_compose_domains: ContainerDomains.stored((yield* ContainerDomains.sent(body)) ?? {})
    }
    const columns = yield* columnsOf(variant, sent.columns, body, uuid)
    const [id, next] = takeId(state)
    const row = labelled({
      id,
      uuid,
      environment_id: environment.id,
      server_id: server.id,
      status: "exited",
      restart_count: 0,
      last_restart_at: null,
      config_hash: null,
      private_key_id: key?.id ?? null,
      github_app_id: app?.id ?? null,
      columns: { ...initialColumns("columns"), ...columns, fqdn, ...compose },
      settings: { ...initialColumns("settings"), is_build_server_enabled: false, ...sent.settings },
      tag_ids: [],
      created_at: fresh.now,
      updated_at: fresh.now
    })
    const application: Application = { ...row, config_hash: configHash(row) }
    let done: CoolifyState = { ...next, applications: [...next.applications, application] }
    if (columns["build_pack"] === "nixpacks") {
      const variable = { key: "NIXPACKS_NODE_VERSION", value: "22", is_preview: false, is_runtime: false }
      done = addVariable(done, fresh, { id: application.id, hasPreviews: true }, variable)[1]
    }
    return Tags.attach(done, fresh, token.team_id, application, tags)
  })

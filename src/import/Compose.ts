/**
 * Compose files, Coolify's one-click templates among them. What only starts images becomes one spec with the file as it
 * is, a service of Coolify's; what is built becomes one application for each of its services ({@link split}).
 *
 * Facts: docs.docker.com/reference/compose-file, and for Coolify 4.3.11 its recorded answers: it names each container
 * itself, gives each its own network and `.env`, and makes an empty directory of a relative path that is mounted.
 */
import {
  type Answering,
  answering,
  dotenvOf,
  environmentOf,
  isDatabase,
  isMagic,
  portsOf,
  routedBy,
  store,
  usesIn
} from "./ComposeParts.ts"
import { chosenIn, clearSecrets, withoutSecrets } from "./ComposeSecrets.ts"
import { split } from "./ComposeSplit.ts"
import { fixed } from "./ComposeText.ts"
import type { Cursor } from "./Cursor.ts"
import { type Draft, label, literal, type Value } from "./Draft.ts"
import { ImportError } from "./ImportError.ts"
import { besideOf, draftOf, type Job } from "./Input.ts"
import { isSecret, namesSecret, ruleOf, secret } from "./Plain.ts"

export const readCompose = (job: Job): ImportError | undefined => {
  const { input, root } = job
  const services = root.key("services").pairs()
  const fail = (at: Cursor, detail: string, next: string) =>
    new ImportError({ file: input.file, ...at.at, detail, next })
  if (services.length === 0) {
    return fail(root.key("services"), "the compose file has no services", "name the file that has them")
  }
  const overlay = services.find(
    (one) => !["image", "build", "extends", "provider"].some((key) => one.has(key))
  )
  if (overlay !== undefined) {
    return fail(
      overlay,
      `${overlay.name} has neither \`image\` nor \`build\`: this file is laid over another one`,
      `merge them first: docker compose -f BASE.yml -f ${input.base} config > merged.yml, and import that`
    )
  }
  if (services.some((one) => one.has("build"))) {
    split(job, services)
    return undefined
  }
  const bare = services.find((one) => !one.has("image"))
  if (bare !== undefined) {
    return fail(
      bare,
      `${bare.name} has no \`image\`, and Coolify starts images alone`,
      bare.has("extends")
        ? `write it out first: docker compose -f ${input.base} config > merged.yml, and import that`
        : "take it out of the file"
    )
  }
  asItIs(job, services)
  return undefined
}

/** What Coolify's template parser reads from the head of a file (`# port: 3000`). */
const headerOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^# (documentation|slogan|category|tags|logo|port|minversion|ignore): *(.*)$/gm)].map(
      ([, key = "", value = ""]) => [key, value.trim()] as const
    )
  )

export const isTemplate = (text: string): boolean =>
  headerOf(text).has("slogan") || headerOf(text).has("documentation")

const asItIs = (job: Job, services: ReadonlyArray<Cursor>): void => {
  const { input, root } = job
  const header = headerOf(input.text)
  const given = dotenvOf(job, ".env") ?? new Map<string, string>()
  const named = fixed(root.key("name").peek() ?? "", given) ?? ""
  const usual = isTemplate(input.text) ? input.base.replace(/\..*$/, "") : input.folder
  const name = named === "" ? usual : named
  const draft = draftOf(job, name, undefined)
  root.for(draft)
  for (const key of ["slogan", "documentation"] as const) {
    const text = header.get(key)
    if (text !== undefined) draft.comment("name", text)
  }
  const plain = services.flatMap((service) => clearSecrets(service))
  const chosen = chosenIn(services)
  const { replaced, text } = withoutSecrets(input.text, plain, input.self === undefined)
  for (const { from, isReplaced, name, own } of replaced) {
    if (!isReplaced) {
      from.warn(
        `the value of ${own} looks secret and stands in clear in the compose file: write \${${own}} there, and \`${own}: required\` under \`secrets\` here`,
        "source"
      )
    } else {
      secret(draft, name, from, ruleOf(name, chosen))
      from.warn(
        `the value of ${own} looks secret: in the text it is \${${name}} now, ${ruleOf(name, chosen) === "generate" ? "and a new one is generated unless `.env` or the environment has it" : "and `.env` or the environment has to give it"}`,
        "secrets"
      )
    }
  }
  draft.put("source", "compose", sourceOf(job, text))
  namedIn(job, draft, services)
  for (const service of services) lint(job, service.for(draft))
  const networks = root.key("networks").pairs()
  for (const network of networks) {
    const external = network.key("external").peek()
    if (external === "true" || network.key("external").kind === "Pairs") {
      network.warn("this network has to be on the server already", "source")
    }
  }
  for (const kind of ["configs", "secrets"]) {
    for (const one of root.key(kind).pairs()) {
      one
        .key("file")
        .leave(
          "Coolify gets the text of the compose file alone, and not the files that it names: write its text there as `content`",
          "source"
        )
      if (one.key("external").peek() === "true")
        one.leave("only Docker's swarm keeps them: write its text there as `content`", "source")
    }
  }
  root
    .key("include")
    .leave("Coolify gets this file alone: merge them first with `docker compose config`", "source")
  for (const { cursor } of places(job, draft, services, header.get("port"))) cursor.take()
  // As it is, its text is the spec's.
  root.take()
}

/** Where the spec finds the text: the file itself, a copy beside the spec, or the spec. */
const sourceOf = ({ copies, input }: Job, text: string): string => {
  if (input.self !== undefined) return input.self
  if (input.copy === undefined) return text
  copies.push({ file: input.copy, text })
  return `./${input.copy}`
}

interface PassedOn {
  readonly name: string
  /** Docker makes a file of it, and stops without. */
  readonly isFile: boolean
  readonly from: Cursor
}

/** Names whose values compose takes from where it runs: `- NAME`, and `environment` of `secrets` and `configs`. */
const passedOn = ({ root }: Job, services: ReadonlyArray<Cursor>): ReadonlyArray<PassedOn> =>
  [
    ...services.flatMap((service) =>
      environmentOf(service).flatMap(({ from, name, value }) =>
        value === undefined ? [{ name, isFile: false, from }] : []
      )
    ),
    ...["secrets", "configs"].flatMap((kind) =>
      root
        .key(kind)
        .pairs()
        .map((one) => one.key("environment"))
        .map((from) => ({ name: from.peek() ?? "", isFile: true, from }))
    )
  ].filter(({ name }) => name !== "" && !isMagic(name))

/** `env` and `secrets` for what the text leaves open. */
const namedIn = (job: Job, draft: Draft, services: ReadonlyArray<Cursor>): void => {
  const chosen = chosenIn(services)
  const given = dotenvOf(job, ".env") ?? new Map<string, string>()
  const rest = ["volumes", "networks", "configs", "secrets"].map((key) => job.root.key(key))
  const uses = usesIn([...services, ...rest])
  for (const { from, isFile, name } of passedOn(job, services)) {
    if (uses.has(name)) continue
    if (isFile || given.has(name) || namesSecret(name))
      uses.set(name, { bare: true, required: false, defaulted: false, from })
    else
      from.warn(
        `compose takes the value of ${name} from where it runs: it is not set, unless it stands under \`env\` here`,
        "env"
      )
  }
  for (const [name, { bare, defaulted, from, required }] of uses) {
    const value = given.get(name)
    if (value !== undefined && !isSecret(name, value)) draft.put("env", name, literal(value), from)
    else if (value !== undefined || required || bare) secret(draft, name, from, ruleOf(name, chosen))
    else if (defaulted && namesSecret(name))
      secret(draft, name, from, ruleOf(name, chosen) === "generate" ? "generate" : "required")
    else continue
    if (value === undefined && !defaulted && ruleOf(name, chosen) === "required") {
      draft.comment(
        "secrets",
        'The compose file leaves these open; what may be empty, write under `env` as "".'
      )
    }
  }
}

const isFileName = (path: string): boolean =>
  /\.[A-Za-z0-9]{1,8}$|(?:Caddyfile|Dockerfile|\.htpasswd)$/.test(path)

/** What is worth a line before such a service is sent. */
const lint = (job: Job, service: Cursor): void => {
  const { name } = service
  const image = service.key("image").peek() ?? ""
  if (!image.includes("$") && !image.includes("@") && !/:(?!latest$)[\w.-]+$/.test(image)) {
    service
      .key("image")
      .warn(`${quoted(image)} is whatever is the latest when it is pulled: name a version`, "source")
  }
  service
    .key("container_name")
    .warn("Coolify names the container itself, so nobody finds it by this name", "source")
  for (const { from, host } of portsOf(service)) {
    if (host === "80" || host === "443") {
      from.warn(
        "Coolify's proxy has this port of the server already, and the container cannot start with it: take it out, and name a domain",
        "source"
      )
    } else if (host !== "") {
      from.warn(
        "a port of the server, past Coolify's proxy and its certificates: two applications cannot share it",
        "source"
      )
    }
  }
  if (service.key("privileged").peek() === "true")
    service.key("privileged").warn("the container gets all rights on the server", "source")
  for (const volume of service.key("volumes").items()) {
    const source =
      volume.kind === "Pairs"
        ? (volume.key("source").peek() ?? "")
        : (volume.peek() ?? "").replace(/:.*$/s, "")
    const hasContent = volume.kind === "Pairs" && (volume.has("content") || volume.has("is_directory"))
    if (source.endsWith("docker.sock"))
      volume.warn("whoever gets into the container has the whole server by docker.sock", "source")
    if (!/^\.{1,2}(?:\/|$)|^~/.test(source) || hasContent) continue
    const isFile = isFileName(source) || besideOf(job, source) !== undefined
    if (isFile) {
      volume.leave(
        "Coolify gets the text of the compose file alone, and makes an empty directory of this file: write its text there as `content`, or build it into an image",
        "source"
      )
    } else
      volume.warn(
        "a directory of the server that is empty at first: what lies beside the compose file is not sent",
        "source"
      )
  }
  for (const file of service.key("env_file").items()) {
    const path = file.kind === "Pairs" ? (file.key("path").peek() ?? "") : (file.peek() ?? "")
    // Coolify puts a `.env` of its own there, with the variables of the service.
    if (/^(?:\.\/)?\.env$/.test(path)) {
      file.warn("the container gets the variables of this spec instead of those of the file", "source")
      continue
    }
    file.leave(
      "Coolify gets the text of the compose file alone, and Docker does not find this file on the server: write its variables under `environment`",
      "source"
    )
  }
  service
    .key("extends")
    .leave("Coolify gets this file alone: merge them first with `docker compose config`", "source")
  service.key("profiles").warn("it starts with this profile alone, and Coolify asks for none", "source")
  for (const replicas of [service.key("scale"), service.key("deploy").key("replicas")])
    if (!["0", "1"].includes(replicas.peek() ?? "1"))
      replicas.leave("Coolify names each container, so that there is one of it", "source")
  if (isDatabase(service) && environmentOf(service).some(({ name }) => /^SERVICE_(?:FQDN|URL)_/.test(name))) {
    service.warn("Coolify takes its image for a database, and gives those no domain", "source")
  }
  if (!service.has("healthcheck")) {
    service.warn(`${name} has no \`healthcheck\`, so that it counts as well as soon as it runs`, "source")
  }
}

const quoted = (text: string): string => `\`${text.replace(/[^\x20-\x7e]/g, "?")}\``

/** `domains`: container to host. */
const places = (
  job: Job,
  draft: Draft,
  services: ReadonlyArray<Cursor>,
  header: string | undefined
): ReadonlyArray<Answering> => {
  const all = answering(services, header)
  const entry = ({ port }: Answering, [first = "", ...more]: ReadonlyArray<string>): Value => {
    const host = more.length === 0 ? first : [first, ...more]
    return port === undefined ? host : { host, port: Number(port) }
  }
  const { domain } = job.input
  if (all.length === 0 && domain !== undefined) {
    const [only, ...others] = services.filter(
      (one) => !isDatabase(one) && !store.test(one.key("image").peek() ?? "")
    )
    if (only !== undefined && others.length === 0) draft.put("domains", only.name, domain, only)
    else {
      job.reading.note(
        0,
        `${draft.name}: no container of the file publishes a port, so that it is not known which one answers at ${domain}: write it under \`domains\``
      )
    }
  }
  const own = (index: number) => (index === 0 && job.input.domain !== undefined ? [job.input.domain] : [])
  const named = all.map((one, index) => ({ ...one, hosts: one.hosts.length > 0 ? one.hosts : own(index) }))
  for (const one of named) {
    if (one.hosts.length > 0) draft.put("domains", one.service, entry(one, one.hosts), one.cursor)
    for (const { from, isNarrow } of routedBy(one.cursor).hosts) {
      if (isNarrow)
        from.warn(
          "of this rule the host is a domain now, at which the container answers whatever the path is; the label stays, and Traefik reads both",
          "domains"
        )
    }
  }
  const open = named.filter(({ hosts }) => hosts.length === 0)
  if (open.length > 0 || named.length === 0) {
    if (open.length === named.length && draft.get("domains") === undefined) draft.set("domain", "none")
    const lines = open.map((one) => {
      const host = `${label(one.service)}.example.com`
      return `  ${one.service}: ${one.port === undefined ? host : `{ host: ${host}, port: ${one.port} }`}`
    })
    if (lines.length > 0) draft.suggest("domains", ["domains:", ...lines])
    if (open.length === named.length && named.length > 0) {
      job.reading.note(
        0,
        `${draft.name}: the file names no domain, so it answers nowhere until its spec has one (\`domains\`, or --domain)`
      )
    }
  }
  return named
}

/**
 * A compose file that builds: Coolify's services start images only, so each service becomes an application, built from
 * the repository, that the others reach by its old name in Coolify's network.
 */
import { publicAddress } from "./Address.ts"
import { type Answering, answering, dotenvOf, isMagic, labelsOf, portsOf, routedBy } from "./ComposeParts.ts"
import { fixed, shellLine } from "./ComposeText.ts"
import { readHealth, readLimits } from "./ComposeLimits.ts"
import { leaveUnsaid, leaveUnsaidBuild, readKernel } from "./ComposeUnsaid.ts"
import { readVolumes } from "./ComposeMounts.ts"
import { readNeeds } from "./ComposeNeeds.ts"
import { type Common, readEnvironment, setVariable } from "./ComposeVariables.ts"
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import { answersAt, builtFrom, draftOf, type Job } from "./Input.ts"
import { asLine } from "./Words.ts"

export const split = (job: Job, all: ReadonlyArray<Cursor>): void => {
  const { input, root } = job
  const started = all.filter((one) => one.key("profiles").items().length === 0)
  // Where all have a profile, one of them is always given.
  const services = started.length === 0 ? all : started
  const given: ReadonlyMap<string, string> = dotenvOf(job, ".env") ?? new Map()
  const project = fixed(root.key("name").text() ?? input.folder, given) ?? input.folder
  const answers = answering(services, undefined)
  const [main] = answers
  const ordered =
    main === undefined ? services : [main.cursor, ...services.filter((one) => one.name !== main.service)]
  const common: Common = {
    job,
    given,
    volumes: new Map(),
    hosts: new Map(),
    names: services.map(({ name }) => name)
  }
  for (const [
    index,
    {
      hosts: [host = index === 0 ? input.domain : undefined],
      service
    }
  ] of answers.entries())
    if (host !== undefined) common.hosts.set(service, host)
  const drafts = ordered.map((service) => {
    const draft = draftOf(job, services.length === 1 ? project : `${project}-${service.name}`, project)
    return { draft, service: service.for(draft) }
  })
  const first = drafts[0]?.draft
  const whole = first === undefined ? root : root.for(first)
  whole.key("version").needless("compose itself ignores it")
  for (const { draft, service } of drafts) {
    const place = answers.find((one) => one.service === service.name)
    readService(common, draft, service, { isMain: place !== undefined && place === main, place })
    readNeeds(draft, service, new Map(drafts.map((one) => [one.service.name, one.draft.name])))
  }
  for (const one of all) {
    if (services.includes(one)) continue
    const out = first === undefined ? one : one.for(first)
    out.leave(
      "it starts with its profile alone, which Coolify does not ask for: take `profiles` out for a spec of it"
    )
  }
  readRest(whole, common.volumes)
}

/** What stands beside `services`. */
const readRest = (root: Cursor, used: ReadonlyMap<string, string>): void => {
  for (const one of root.pairs()) if (one.name.startsWith("x-")) one.take()
  root
    .key("include")
    .leave(
      "merge the files first: `docker compose config` writes what they say together, and that can be imported"
    )
  for (const key of ["secrets", "configs"])
    for (const one of root.key(key).pairs())
      one.leave(
        "Coolify mounts no such file: give what it holds as a variable under `secrets`, or as a file under `files`",
        "files"
      )
  for (const volume of root.key("volumes").pairs()) {
    const driver = volume.key("driver")
    if (driver.peek() === "local") driver.needless("Docker's own driver of volumes")
    for (const one of [...(driver.peek() === "local" ? [] : [driver]), volume.key("driver_opts")])
      one.leave("Coolify makes volumes on the server's own disk", "volumes")
    volume
      .key("name")
      .leave("Coolify names a volume after its application: what it holds has to be copied", "volumes")
    volume
      .key("external")
      .leave("Coolify names a volume after its application: what it holds has to be copied", "volumes")
    if (!used.has(volume.name)) volume.leave("no service mounts it", "volumes")
    else if (volume.pairs().length === 0) volume.take()
  }
  for (const network of root.key("networks").pairs()) {
    const driver = network.key("driver").peek() ?? "bridge"
    if (network.key("internal").peek() === "true" || !["bridge", "overlay"].includes(driver))
      network.leave("Coolify's applications are all in one network, which leads to the outside")
    else network.needless("Coolify's applications are all in one network")
  }
}

/** How a service answers visitors: the main one, another one, or none of them (`place` is absent). */
interface Answers {
  readonly isMain: boolean
  readonly place: Answering | undefined
}

const readService = (common: Common, draft: Draft, service: Cursor, answers: Answers): void => {
  draft.add("networkAliases", service.name, service)
  readSource(common, draft, service)
  readPlace(common, draft, service, answers)
  readEnvironment(common, draft, service)
  readCommand(common, draft, service)
  readVolumes(common, draft, service)
  readLimits(draft, service)
  readHealth(common, draft, service)
  const restart = service.key("restart")
  if (/^(?:always|unless-stopped|on-failure)/.test(restart.peek() ?? ""))
    restart.needless("Coolify restarts what exits")
  else
    restart.leave(
      "Coolify keeps an application running, and restarts what exits: what is to run once is a `release` command",
      "command"
    )
  const name = service.key("container_name")
  if (name.exists) draft.add("networkAliases", name.text() ?? "", name)
  for (const key of ["tty", "stdin_open"]) service.key(key).needless("nobody is at its terminal")
  service.key("platform").needless("Coolify runs what the server's processor can run", "source")
  service.key("pull_policy").needless("Coolify pulls an image with each deployment", "source")
  leaveUnsaid(service)
  readKernel(draft, service)
  const networks = service.key("networks")
  for (const network of networks.pairs())
    for (const alias of network.key("aliases").items()) draft.add("networkAliases", alias.text() ?? "", alias)
  networks.needless("Coolify's applications are all in one network", "networkAliases")
}

/** `https://github.com/owner/repo.git#branch:folder`, over ssh too, as Docker takes it for a context. */
const remote =
  /^((?:(?:https?|git|ssh):\/\/|git@[\w.-]+:|(?=github\.com\/))[^#\s]+?)(?:\.git)?(?:#([^:]*)(?::(.*))?)?$/

const readSource = (common: Common, draft: Draft, service: Cursor): void => {
  const { given, job } = common
  const build = service.key("build")
  const image = service.key("image")
  if (!build.exists) {
    const text = fixed(image.peek() ?? "", given)
    if (text === undefined) return image.leave("its name is open: write it under `source.image`", "source")
    image.take()
    draft.put("source", "image", text, image)
    if (!/[@:][\w.-]+$/.test(text) || text.endsWith(":latest"))
      image.warn("this is whatever is the latest when it is pulled: name a version", "source")
    return undefined
  }
  image.needless("the name that the built image gets; Coolify gives it its own", "source")
  const context = build.kind === "Leaf" ? build : build.key("context")
  const inline = build.key("dockerfile_inline")
  if (inline.exists) draft.put("source", "dockerfile", inline.text() ?? "", inline)
  else {
    const place = fixed(context.peek() ?? ".", given) ?? "."
    const [, address, reference = "", folder] = remote.exec(place) ?? []
    const branch = reference.replace(/^refs\/heads\//, "")
    const dockerfile = build.key("dockerfile")
    const path = fixed(dockerfile.text() ?? "Dockerfile", given) ?? "Dockerfile"
    if (address !== undefined) context.take()
    builtFrom(job, draft, {
      from: build,
      ...(address === undefined ? { context, contextPath: place } : {}),
      dockerfile: { path, from: dockerfile.exists ? dockerfile : build },
      ...(address === undefined
        ? {}
        : {
            repository: {
              address: publicAddress(address.replace(/^(?=github\.com\/)/, "https://")),
              from: context,
              ...(branch === "" ? {} : { branch }),
              ...(folder === undefined ? {} : { folder })
            }
          })
    })
  }
  leaveUnsaidBuild(build)
  const target = build.key("target")
  const stage = fixed(target.peek() ?? "", given)
  if (stage === undefined) target.leave("its name is open: write it under `build.target`", "build")
  else if (target.text() !== undefined) draft.put("build", "target", stage, target)
  const args = build.key("args")
  const all =
    args.kind === "Pairs"
      ? args.pairs().map((from) => ({ name: from.name, value: from.text(), from }))
      : argsIn(args)
  for (const { from, name, value } of all) {
    setVariable(common, draft, name, value, from)
    if ((draft.at("env", name) ?? draft.at("secrets", name)) !== undefined) buildReads(draft, name)
  }
  return undefined
}

const argsIn = (args: Cursor) =>
  args.items().map((from) => {
    const text = from.text() ?? ""
    const at = text.indexOf("=")
    return { name: at < 0 ? text : text.slice(0, at), value: at < 0 ? undefined : text.slice(at + 1), from }
  })

const buildReads = (draft: Draft, name: string): void => {
  const known = draft.at("build", "env")
  const names = Array.isArray(known) ? known : []
  if (!names.includes(name)) draft.put("build", "env", [...names, name])
}

const readPlace = (common: Common, draft: Draft, service: Cursor, { isMain, place }: Answers): void => {
  const { hosts, port: routed } = routedBy(service)
  const [ports, expose] = [portsOf(service), service.key("expose").items()]
  const tcp = ports.find(({ protocol }) => protocol === "tcp")
  const inside = [
    routed,
    place?.port,
    tcp === undefined ? undefined : fixed(tcp.container, common.given),
    expose[0]?.peek()
  ].find((one) => one !== undefined && /^\d+$/.test(one))
  for (const { key, from } of labelsOf(service)) {
    if (
      /^traefik\.(?:enable$|docker\.network$|http\.(?:routers\.[^.]+\.(?:rule|entrypoints|tls|tls\.certresolver|service)|services\.[^.]+\.loadbalancer\.server\.port)$)/.test(
        key
      )
    ) {
      if (hosts.some((one) => one.from.path === from.path && one.isNarrow))
        from.leave("of this rule only the host is taken: a path is written behind it, `HOST/PATH`", "domain")
      else from.needless("Coolify's proxy has routes of its own for the domains", "domain")
    } else if (key.startsWith("coolify.")) from.needless("Coolify labels what it manages itself")
    else from.leave("Coolify's labels are its own: what they switch on has to be set there")
  }
  if (place !== undefined || hosts.length > 0) answersAt(common.job, draft, hosts, isMain)
  else draft.set("domain", "none")
  for (const one of expose) one.take()
  if (place !== undefined || hosts.length > 0) {
    for (const { from } of ports) {
      if (from === tcp?.from)
        from.needless("Coolify's proxy leads the domain to the container's port", "port")
      else publish(draft, common, from)
    }
  } else for (const { from } of ports) publish(draft, common, from)
  if (inside !== undefined) draft.set("port", Number(inside), tcp?.from ?? expose[0] ?? service)
}

const publish = (draft: Draft, { given }: Common, from: Cursor): void => {
  const [address, outside, inside, protocol = "tcp"] = ["host_ip", "published", "target", "protocol"].map(
    (key) => from.key(key).peek()
  )
  const long =
    from.kind === "Pairs"
      ? `${[address, outside, inside].filter((one) => one !== undefined && one !== "").join(":")}/${protocol}`
      : from.peek()
  const text = fixed(long ?? "", given)?.replace(/\/tcp$/, "")
  if (text === undefined) return from.leave("its number is open: write it under `ports`", "ports")
  const all = text.replace(/^(?:0\.0\.0\.0|\[::\]):/, "")
  if (!all.includes(":"))
    return from.needless("it leads to a port of the server that Docker chooses", "ports")
  if (/^(?:127\.|localhost:|\[?::1\]?:)/.test(text))
    return from.leave(
      "Coolify publishes a port on all addresses of the server, and this one is meant for the server itself",
      "ports"
    )
  if (/^(?:80|443):/.test(all)) return from.leave("Coolify's proxy has this port of the server", "ports")
  from.take()
  for (const one of eachOf(all)) draft.add("ports", one, from)
  return undefined
}

/** `3000-3001:3000-3001` as a pair for each; whatever else as it is. */
const eachOf = (text: string): ReadonlyArray<string> => {
  const [whole, a, b, c, d] = (/^(\d+)-(\d+):(\d+)-(\d+)$/.exec(text) ?? []).map(Number)
  if (whole === undefined || a === undefined || b === undefined || c === undefined || d === undefined)
    return [text]
  const count = b - a + 1
  return count !== d - c + 1 || count < 1 || count > 50
    ? [text]
    : Array.from({ length: count }, (_, index) => `${a + index}:${c + index}`)
}

/** Where a line of a shell's goes on with the next, and between words, a break is a blank. */
const withoutBreaks = (text: string): string =>
  /['"]/.test(text)
    ? text.replace(/(?:\\|(&&|\|\|?)[ \t]*)\r?\n\s*/g, (_, sign = "") => `${sign} `)
    : text.replace(/\s*\n\s*/g, " ").trim()

const readCommand = (common: Common, draft: Draft, service: Cursor): void => {
  const [entrypoint, command] = [service.key("entrypoint"), service.key("command")]
  // An empty one takes the image's own away.
  const isSaid = (one: Cursor) => one.items().length > 0 && one.peek() !== ""
  for (const one of [entrypoint, command]) if (!isSaid(one)) one.take()
  const said = [entrypoint, command].filter(isSaid)
  const from = said.at(-1)
  if (from === undefined) return
  const open = new Set<string>()
  const lineOf = (one: Cursor) => {
    const { line, open: names } = shellLine(one.text() ?? "", common.given)
    for (const name of names) open.add(name)
    return withoutBreaks(line)
  }
  const lines = said.map((one) => (one.kind === "Items" ? one.items().map(lineOf) : lineOf(one)))
  // Only a shell puts values into it.
  const isList = open.size === 0 && lines.every((line) => typeof line !== "string")
  draft.set("command", isList ? lines.flat() : lines.map(asLine).join(" "), from)
  for (const name of open) {
    if (!isMagic(name)) setVariable(common, draft, name, undefined, from)
    else from.leave(`Coolify gives ${name} to compose files alone: name a secret in its place`, "command")
  }
  if (!entrypoint.exists)
    draft.comment(
      "command",
      "compose keeps the image's ENTRYPOINT in front of this; fabrik's `command` replaces it too: where the image has one, write it in front."
    )
}

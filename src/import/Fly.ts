/** `fly.toml`. Facts: fly.io/docs/reference/configuration, and what flyctl takes of older versions (`[[services]]`). */
import type { Cursor } from "./Cursor.ts"
import { completeCommand } from "./Dockerfile.ts"
import type { Draft } from "./Draft.ts"
import { ranges } from "../appspec/Limits.ts"
import { answersAt, builtFrom, checkedAt, draftOf, type Job, secondsOf, within } from "./Input.ts"
import { variableAt } from "./Plain.ts"

/** A process group, which on Fly has machines of its own. */
interface Group {
  readonly name: string
  readonly draft: Draft
  readonly command: Cursor | undefined
}

const scaleToZero = "Coolify has no scale to zero: it is always on"
const oneContainer = "Coolify runs one container of an application"

export const readFly = (job: Job): undefined => {
  const { input, root } = job
  const name = root.key("app").text() ?? input.folder
  const processes = root.key("processes").pairs()
  for (const one of root.key("processes").items()) one.leave("it names no command")
  const names = processes.length === 0 ? ["app"] : processes.map((one) => one.name)
  const web = webGroup(root) ?? names[0] ?? "app"
  const ordered = names.toSorted((a, b) => Number(b === web) - Number(a === web))
  const groups = ordered.map((group): Group => {
    const command = processes.find((one) => one.name === group)
    const draft = draftOf(job, group === web ? name : `${name}-${group}`, names.length > 1 ? name : undefined)
    return { name: group, draft, command: command?.for(draft) }
  })
  job.processes.push(...groups)
  const [main] = groups
  if (main === undefined) return undefined
  const whole = root.for(main.draft)
  for (const group of groups) readBuild(job, whole, group)
  readPlaces(job, whole, groups)
  readEnvironment(whole, groups)
  readVolumes(whole, groups)
  readMachines(whole, groups)
  readRest(whole, groups)
  readRelease(job, whole, groups)
  return undefined
}

/** The first group that a service leads to. */
const webGroup = (root: Cursor): string | undefined =>
  [root.key("http_service"), ...root.key("services").items()].flatMap((one) =>
    one
      .key("processes")
      .items()
      .map((group) => group.peek())
  )[0]

/** Of those that are named, all where none is. */
const chosen = (from: Cursor, groups: ReadonlyArray<Group>): ReadonlyArray<Group> => {
  const named = from.key("processes").items()
  const names = named.map((one) => one.text())
  for (const one of named)
    if (!groups.some(({ name }) => name === one.peek())) one.leave("the file has no such process group")
  return names.length === 0 ? groups : groups.filter(({ name }) => names.includes(name))
}

const readBuild = (job: Job, root: Cursor, { command, draft }: Group): void => {
  const build = root.key("build")
  build.pairs()
  const image = build.key("image")
  if (image.exists) draft.put("source", "image", image.text(), image)
  else {
    const dockerfile = build.key("dockerfile")
    const path = dockerfile.text() ?? "Dockerfile"
    const builders = [build.key("builder"), build.key("buildpacks")].filter((one) => one.exists)
    for (const one of builders) one.leave("Coolify builds with nixpacks in the place of buildpacks", "source")
    builtFrom(job, draft, {
      from: dockerfile.exists ? dockerfile : build.exists ? build : root.key("app"),
      ...(builders.length === 0
        ? { dockerfile: { path, from: dockerfile.exists ? dockerfile : root.key("app") } }
        : { buildPack: "nixpacks" })
    })
    for (const arg of build.key("args").pairs()) {
      variableAt(draft, arg.name, arg)
      const known = draft.at("build", "env")
      draft.put("build", "env", [...(Array.isArray(known) ? known : []), arg.name])
    }
    for (const key of ["build-target", "target"]) {
      const target = build.key(key)
      draft.put("build", "target", target.text(), target)
    }
  }
  const text = command?.text()
  if (text !== undefined && command !== undefined) draft.set("command", text, command)
}

/** After everything else, as it needs a command. */
const readRelease = (job: Job, root: Cursor, groups: ReadonlyArray<Group>): void => {
  const deploy = root.key("deploy")
  deploy.pairs()
  const release = deploy.key("release_command")
  const dockerfile = root.key("build").key("dockerfile").peek() ?? "Dockerfile"
  const [main] = groups
  if (release.exists && main !== undefined) main.draft.set("release", release.text() ?? "", release)
  for (const { command, draft } of groups) completeCommand(job, draft, dockerfile, command ?? release)
  const strategy = deploy.key("strategy")
  if (["rolling", "bluegreen", "canary"].includes(strategy.peek() ?? "")) {
    strategy.needless("fabrik takes a new version over only once it works")
  } else strategy.leave("fabrik takes a new version over only once it works")
  for (const key of ["release_command_timeout", "wait_timeout", "max_unavailable"])
    deploy.key(key).leave("fabrik has its own pace: there is one container, and it waits for the deployment")
}

const readEnvironment = (root: Cursor, groups: ReadonlyArray<Group>): void => {
  for (const one of root.key("env").pairs()) for (const { draft } of groups) variableAt(draft, one.name, one)
}

const readVolumes = (root: Cursor, groups: ReadonlyArray<Group>): void => {
  const mounts = root.key("mounts")
  for (const mount of mounts.kind === "Pairs" ? [mounts] : mounts.items()) {
    const [source, target] = [mount.key("source"), mount.key("destination")]
    const [holder, ...others] = chosen(mount, groups)
    const volume = `${source.text() ?? "data"}:${target.text() ?? ""}`
    holder?.draft.add("volumes", volume, target)
    for (const { name } of others)
      mount.leave(`${name} does not get this volume: an application's volumes are its own`, "volumes")
    for (const key of [
      "initial_size",
      "snapshot_retention",
      "auto_extend_size_threshold",
      "auto_extend_size_increment",
      "auto_extend_size_limit",
      "scheduled_snapshots"
    ])
      mount
        .key(key)
        .leave(
          "a volume of Docker's has no size of its own and no snapshots: back up the server's disk",
          "volumes"
        )
  }
}

/** Machines have sizes by name: fly.io/docs/about/pricing, in MB for each processor. */
const sizes = /^(shared|performance)(?:-cpu)?-(\d+)x$/

const readMachines = (root: Cursor, groups: ReadonlyArray<Group>): void => {
  const all = root.key("vm")
  for (const vm of all.kind === "Pairs" ? [all] : all.items()) {
    const [size, memory, megabytes, cpus] = ["size", "memory", "memory_mb", "cpus"].map((key) => vm.key(key))
    if (size === undefined || memory === undefined || megabytes === undefined || cpus === undefined) continue
    const [whole, kind, count = "1"] = sizes.exec(size.peek() ?? "") ?? []
    if (whole === undefined) size.leave("this size is not known: write `resources`", "resources")
    const own = whole === undefined ? undefined : `${Number(count) * (kind === "performance" ? 2048 : 256)}M`
    if (memory.exists) megabytes.leave("the memory is given twice, and `memory` is taken", "resources")
    const given = memory.text() ?? megabytes.text() ?? own
    const amount = /^\d+$/.test(given ?? "") ? `${given}M` : given
    const from = memory.exists ? memory : megabytes.exists ? megabytes : size
    const number = cpus.text() ?? (whole === undefined ? undefined : count)
    if (memory.exists && cpus.exists) size.needless("`memory` and `cpus` say it", "resources")
    size.text()
    for (const { draft } of chosen(vm, groups)) {
      draft.put("resources", "memory", amount, from)
      draft.put("resources", "cpus", number, cpus.exists ? cpus : size)
    }
    const shared = vm.key("cpu_kind")
    if (shared.peek() === "shared")
      shared.needless("the processors of a server are shared by all on it", "resources")
    else shared.leave("the processors of a server are shared by all on it", "resources")
    for (const key of ["gpu_kind", "gpus", "kernel_args", "host_dedication_id"])
      vm.key(key).leave("Coolify has no machines: what the server has stands in its own settings")
  }
}

const readPlaces = (job: Job, root: Cursor, groups: ReadonlyArray<Group>): void => {
  const http = root.key("http_service")
  const services = root.key("services").items()
  const web = new Set<Group>()
  if (http.exists) {
    for (const group of chosen(http, groups).slice(0, 1)) {
      web.add(group)
      answersAt(job, group.draft, [], group === groups[0])
      setPort(group, http.key("internal_port"))
      readChecks(group.draft, http.key("checks").items(), "s")
    }
    readBalance(http)
  }
  for (const service of services) {
    const [group] = chosen(service, groups)
    const ports = service.key("ports").items()
    const isWeb = ports.some((one) =>
      one
        .key("handlers")
        .items()
        .some((handler) => handler.peek() === "http")
    )
    if (group === undefined) continue
    if (isWeb && !web.has(group)) {
      web.add(group)
      answersAt(job, group.draft, [], group === groups[0])
    }
    if (isWeb) setPort(group, service.key("internal_port"))
    for (const port of ports) readPort(group.draft, service, port, isWeb)
    service.key("internal_port").text()
    const protocol = service.key("protocol")
    if (protocol.peek() === "tcp") protocol.needless("as Coolify publishes each port")
    else protocol.leave("Coolify's API takes no protocol: all ports are TCP's", "ports")
    readChecks(group.draft, service.key("http_checks").items(), "ms")
    for (const key of ["tcp_checks", "script_checks"]) {
      if (service.key(key).items().length > 0)
        service.key(key).leave("Coolify asks by http, or by a command in the container", "healthcheck")
    }
    readBalance(service)
  }
  for (const group of groups) if (!web.has(group)) group.draft.set("domain", "none")
  for (const check of root.key("checks").pairs()) {
    if (check.key("type").text() === "http" && groups[0] !== undefined) {
      check.key("port").text()
      readChecks(groups[0].draft, [check], "s")
    } else check.leave("Coolify asks by http, or by a command in the container", "healthcheck")
  }
}

const setPort = ({ draft }: Group, port: Cursor): void => {
  const number = Number(port.text() ?? Number.NaN)
  if (Number.isInteger(number)) draft.set("port", number, port)
}

/** A port of Fly's edge: the web's are the proxy's, others become ports of the server. */
const readPort = (draft: Draft, service: Cursor, port: Cursor, isWeb: boolean): void => {
  const edge = port.key("port")
  readForced(port)
  if (isWeb) {
    edge.needless("Coolify's proxy has the ports of the web", "domain")
    port.key("handlers").needless("Coolify's proxy ends TLS", "domain")
    return
  }
  const [handlers, inside] = [port.key("handlers"), service.key("internal_port").peek() ?? ""]
  if (handlers.items().length > 0)
    handlers.leave("a port of the server leads to the container as it is, without TLS of a proxy", "ports")
  if (!edge.exists) return
  const protocol = service.key("protocol").peek() ?? "tcp"
  if (protocol === "tcp") draft.add("ports", `${edge.text() ?? ""}:${inside}`, edge)
  else edge.leave("Coolify's API takes no protocol: all ports are TCP's", "ports")
}

const readForced = (from: Cursor): void => {
  const forced = from.key("force_https")
  if (forced.peek() === "false") forced.leave("Coolify's proxy leads http to https", "domain")
  else forced.needless("Coolify's proxy leads http to https", "domain")
}

const readBalance = (service: Cursor): void => {
  readForced(service)
  const stop = service.key("auto_stop_machines")
  if (["false", "off"].includes(stop.peek() ?? "")) stop.needless("Coolify keeps it running")
  else stop.leave(scaleToZero)
  service.key("auto_start_machines").needless("Coolify keeps it running")
  for (const key of ["min_machines_running", "max_machines_running"]) {
    const count = service.key(key)
    if (Number(count.peek() ?? 0) <= 1) count.needless(oneContainer)
    else count.leave(oneContainer)
  }
  service.key("concurrency").leave("Coolify's proxy limits no requests")
}

const readChecks = (draft: Draft, checks: ReadonlyArray<Cursor>, unit: "s" | "ms"): void => {
  for (const [index, check] of checks.entries()) {
    if (index > 0) {
      check.leave("an application has one health check, and the first is taken", "healthcheck")
      continue
    }
    const path = check.key("path")
    const seconds = (key: string, name: string, min: number, max: number) => {
      const from = check.key(key)
      const value = secondsOf(from.text(), unit)
      return [name, value === undefined ? undefined : within(value, min, max), from] as const
    }
    checkedAt(draft, [
      ["path", path.text(), path],
      seconds("interval", "interval", ranges.interval.min, ranges.interval.max),
      seconds("timeout", "timeout", ranges.timeout.min, ranges.timeout.max),
      seconds("grace_period", "startPeriod", ranges.startPeriod.min, ranges.startPeriod.max)
    ])
    const method = check.key("method")
    if (method.peek()?.toUpperCase() === "GET") method.needless("as every health check", "healthcheck")
    else method.leave("a health check asks by GET", "healthcheck")
    for (const key of ["protocol", "tls_skip_verify"])
      check.key(key).needless("Coolify asks the container by http", "healthcheck")
    const headers = check.key("headers")
    if (headers.pairs().length > 0 || headers.items().length > 0)
      headers.leave("a health check sends no headers of its own", "healthcheck")
  }
}

const readRest = (root: Cursor, groups: ReadonlyArray<Group>): void => {
  root.key("primary_region").leave("it runs where the server is: `server` names one of Coolify's")
  const signal = root.key("kill_signal")
  if (signal.peek() === "SIGTERM") signal.needless("as Docker stops a container")
  else signal.leave("Docker sends SIGTERM: write `STOPSIGNAL` into the Dockerfile", "stopGracePeriod")
  const timeout = root.key("kill_timeout")
  const seconds = secondsOf(timeout.text())
  for (const { draft } of groups) draft.set("stopGracePeriod", seconds, timeout)
  root.key("console_command").leave("it is for `fly console` alone")
  for (const one of root.key("statics").items()) one.leave("the application serves its files itself")
  for (const key of ["metrics", "experimental", "swap_size_mb"])
    root.key(key).leave("Coolify has nothing of the kind")
  for (const one of root.key("files").items()) {
    const [path, raw] = [one.key("guest_path"), one.key("raw_value")]
    if (!raw.exists) {
      one.leave("put the file beside the spec, and name it under `files`", "files")
      continue
    }
    const target = path.text() ?? ""
    const text = Buffer.from(raw.text() ?? "", "base64").toString("utf8")
    for (const { draft } of groups) draft.put("files", target, { content: text }, raw)
  }
  const restart = root.key("restart")
  for (const one of restart.kind === "Pairs" ? [restart] : restart.items())
    if (one.key("policy").peek() === "never") one.leave("Coolify restarts what exits")
    else one.needless("Coolify restarts what exits")
}

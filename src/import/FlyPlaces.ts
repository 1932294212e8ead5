/** Where the process groups of fly.toml answer, and how they are asked whether they work. */
import { ranges } from "../appspec/Limits.ts"
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import { answersAt, checkedAt, type Job, secondsOf, within } from "./Input.ts"

/** A process group, which on Fly has machines of its own. */
export interface Group {
  readonly name: string
  readonly draft: Draft
  readonly command: Cursor | undefined
}

const scaleToZero = "Coolify has no scale to zero: it is always on"
const ofProxy = "Coolify's proxy has its own settings"
const oneContainer = "Coolify runs one container of an application"

/** Of those that are named, all where none is. */
export const chosen = (from: Cursor, groups: ReadonlyArray<Group>): ReadonlyArray<Group> => {
  const named = from.key("processes").items()
  const names = named.map((one) => one.text())
  for (const one of named)
    if (!groups.some(({ name }) => name === one.peek())) one.leave("the file has no such process group")
  return names.length === 0 ? groups : groups.filter(({ name }) => names.includes(name))
}

export const readPlaces = (job: Job, root: Cursor, groups: ReadonlyArray<Group>): void => {
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
    const [group] = chosen(check, groups)
    if (check.key("type").text() === "http" && group !== undefined) {
      const port = check.key("port")
      if (group.draft.get("port") === undefined) setPort(group, port)
      else if (port.peek() === String(group.draft.get("port"))) port.take()
      else port.leave("Coolify asks at the port that the domain leads to", "healthcheck")
      readChecks(group.draft, [check], "s")
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
  for (const key of ["tls_options", "http_options", "proxy_proto_options"])
    port.key(key).leave(ofProxy, "domain")
  for (const key of ["start_port", "end_port"])
    port
      .key(key)
      .leave("a port of the server leads to one of the container: write each under `ports`", "ports")
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
  for (const key of ["tls_options", "http_options", "compress"]) service.key(key).leave(ofProxy, "domain")
  service
    .key("machine_checks")
    .leave(
      "fabrik starts no machine beside the application to check it: `healthcheck` asks it",
      "healthcheck"
    )
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

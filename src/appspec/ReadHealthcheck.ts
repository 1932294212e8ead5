import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import {
  type Field,
  type Fields,
  readBoolean,
  readChecked,
  readInteger,
  readMap,
  readPattern,
  type Shape
} from "./Fields.ts"
import { healthPath } from "./HealthPath.ts"
import { headerPattern, type Range, ranges } from "./Limits.ts"
import type { Complaint, Report } from "./Report.ts"
import type { Healthcheck, ReleaseProbe } from "./Spec.ts"

const shape: Shape = {
  keys: ["path", "status", "timeout", "interval", "retries", "startPeriod", "settle", "container", "release"],
  elsewhere: new Map([["port", "the port is the application's: write it under `port`"]])
}

const jsonPath = (text: string): Either.Either<ReadonlyArray<string>, Complaint> => {
  const steps = text.split(".")
  return steps.length <= 16 &&
    steps.every((step) => /^[A-Za-z0-9_-]{1,64}$/.test(step) && step !== "__proto__")
    ? Either.right(steps)
    : Either.left({
        message: "this is not a path into a JSON object",
        hint: "keys joined by dots, e.g. build.release"
      })
}

const readRelease = (report: Report, field: Field): ReleaseProbe | undefined => {
  const fields = readMap(report, field, { keys: ["header", "json"] })
  if (fields === undefined) return undefined
  const header = fields.get("header")
  const json = fields.get("json")
  if (header === undefined && json === undefined) {
    if (field.node._tag === "Map" && field.node.entries.length > 0) return undefined
    return report.add(field.keyAt, field.path, {
      message: `\`${field.path}\` does not say where to look`,
      hint: "give `header: X-Release` or `json: release`"
    })
  }
  if (header !== undefined && json !== undefined) {
    return report.add(field.keyAt, field.path, {
      message: "`header` and `json` exclude each other",
      hint: "the release id is read from one place"
    })
  }
  if (header !== undefined) {
    const name = readPattern(report, header, headerPattern, {
      message: "this is not the name of a header",
      hint: "at most 64 letters, digits and hyphens, e.g. X-Release"
    })
    return name === undefined ? undefined : { _tag: "Header", name: name.toLowerCase() }
  }
  const path = json === undefined ? undefined : readChecked(report, json, jsonPath)
  return path === undefined ? undefined : { _tag: "Json", path }
}

/** What holds where the spec says nothing. */
export interface HealthDefaults {
  readonly path: string
  readonly container: boolean
  readonly release: ReleaseProbe | undefined
}

/** Coolify probes in the container with `curl -f` or `wget`, which fail on each status from 400. */
const refuseFailingProbe = (report: Report, fields: Fields, status: number, container: boolean): void => {
  const field = fields.get("status")
  if (!container || status < 400 || field === undefined) return
  report.add(field.node.at, field.path, {
    message: `a check inside the container can never see ${status}: Coolify's probe there fails on each status from 400`,
    hint: fields.has("container")
      ? "name a `path` that answers 2xx or 3xx, or take `container: true` away"
      : "name a `path` that answers 2xx or 3xx, or write `container: false`"
  })
}

/** The health check. A bad value was reported and reads as its default. */
export const readHealthcheck = (
  report: Report,
  field: Field | undefined,
  defaults: HealthDefaults
): Healthcheck => {
  const fields = (field === undefined ? undefined : readMap(report, field, shape)) ?? new Map<string, Field>()
  const or = <A>(key: string, read: (own: Field) => A | undefined, absent: A): A => {
    const own = fields.get(key)
    return (own === undefined ? undefined : read(own)) ?? absent
  }
  const integer = (key: string, range: Range, absent: number) =>
    or(key, (own) => readInteger(report, own, range), absent)
  const status = integer("status", ranges.status, 200)
  const container = or("container", (own) => readBoolean(report, own), defaults.container)
  refuseFailingProbe(report, fields, status, container)
  return {
    path: or("path", (own) => readChecked(report, own, healthPath), defaults.path),
    status,
    timeout: Duration.seconds(integer("timeout", ranges.timeout, 5)),
    interval: Duration.seconds(integer("interval", ranges.interval, 5)),
    retries: integer("retries", ranges.retries, 10),
    startPeriod: Duration.seconds(integer("startPeriod", ranges.startPeriod, 5)),
    settle: Duration.seconds(integer("settle", ranges.settle, 10)),
    container,
    release: or("release", (own) => readRelease(report, own), defaults.release)
  }
}

/**
 * What the standard `OTEL_*` variables ask for (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables
 * and .../protocol/exporter). Without an endpoint there is no telemetry: the standard's default of a collector on this machine
 * is not assumed.
 */
import * as Redacted from "effect/Redacted"

type Environment = Readonly<Record<string, string | undefined>>

export interface Signal {
  readonly url: string
  readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
}

/** The span that a CI job has told of: what fabrik does is part of it. */
export interface Parent {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

export interface TelemetrySettings {
  /** `undefined`: not wanted. */
  readonly traces: Signal | undefined
  readonly metrics: Signal | undefined
  readonly timeoutMillis: number
  readonly resource: ReadonlyMap<string, string>
  readonly parent: Parent | undefined
  /** 1: what was counted since the last export; 2: since the start. One process exports once, so that they are the same. */
  readonly temporality: 1 | 2
  /** What cannot be done as asked for. */
  readonly warnings: ReadonlyArray<string>
}

/** A variable that is set to nothing counts as not set. */
const at = (env: Environment, name: string): string | undefined => {
  const text = env[name]?.trim()
  return text === "" ? undefined : text
}

/** Whether {@link telemetrySettings} has anything to say, without the cost of reading it. */
export const wantsTelemetry = (env: Environment): boolean =>
  at(env, "OTEL_SDK_DISABLED")?.toLowerCase() !== "true" &&
  [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
  ].some((name) => at(env, name) !== undefined)

/** `a=1,b=two%20words`, as W3C Baggage writes lists; what has no `=` is no entry. */
const pairs = (text: string | undefined): ReadonlyArray<readonly [string, string]> =>
  (text ?? "").split(",").flatMap((entry) => {
    const index = entry.indexOf("=")
    const key = entry.slice(0, index).trim()
    return index < 1 || key === "" ? [] : [[key, decoded(entry.slice(index + 1).trim())] as const]
  })

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `00-<trace id>-<span id>-<flags>` (W3C Trace Context); anything else is none. */
const parentIn = (text: string | undefined): Parent | undefined => {
  const [, version = "ff", traceId = "", spanId = "", flags = "0"] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/.exec(text?.trim() ?? "") ?? []
  return version === "ff" || /^0+$/.test(traceId) || /^0+$/.test(spanId)
    ? undefined
    : { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

const names = { traces: "TRACES", metrics: "METRICS" } as const

export const telemetrySettings = (env: Environment): TelemetrySettings => {
  const warnings: Array<string> = []
  const signal = (which: keyof typeof names): Signal | undefined => {
    const exporter = at(env, `OTEL_${names[which]}_EXPORTER`)?.toLowerCase() ?? "otlp"
    if (exporter === "none") return undefined
    const own = at(env, `OTEL_EXPORTER_OTLP_${names[which]}_ENDPOINT`)
    const base = at(env, "OTEL_EXPORTER_OTLP_ENDPOINT")
    const url = own ?? (base === undefined ? undefined : `${base.replace(/\/+$/, "")}/v1/${which}`)
    if (url === undefined) return undefined
    const lacking = (what: string) => {
      warnings.push(`no ${which} are sent: ${what}`)
      return undefined
    }
    if (exporter !== "otlp") return lacking(`OTEL_${names[which]}_EXPORTER can be otlp or none here`)
    const protocol =
      at(env, `OTEL_EXPORTER_OTLP_${names[which]}_PROTOCOL`) ?? at(env, "OTEL_EXPORTER_OTLP_PROTOCOL")
    if (protocol === "grpc")
      return lacking("OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and OTLP goes over HTTP here")
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      return lacking("the endpoint is no http or https URL")
    }
    const { password, username } = new URL(url)
    if (username !== "" || password !== "") {
      return lacking("the endpoint holds a user or a password; these go into OTEL_EXPORTER_OTLP_HEADERS")
    }
    const headers = [
      ...pairs(at(env, "OTEL_EXPORTER_OTLP_HEADERS")),
      ...pairs(at(env, `OTEL_EXPORTER_OTLP_${names[which]}_HEADERS`))
    ]
    const odd = headers.find(
      ([name, value]) => !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e]/.test(value)
    )
    if (odd !== undefined) return lacking("OTEL_EXPORTER_OTLP_HEADERS holds what no header can")
    return {
      url,
      headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), Redacted.make(value)]))
    }
  }
  const timeout = Number(at(env, "OTEL_EXPORTER_OTLP_TIMEOUT") ?? 10_000)
  const resource = new Map(pairs(at(env, "OTEL_RESOURCE_ATTRIBUTES")))
  const service = at(env, "OTEL_SERVICE_NAME") ?? resource.get("service.name") ?? "fabrik"
  const parent = parentIn(at(env, "TRACEPARENT"))
  const isDelta = at(env, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")?.toLowerCase() === "delta"
  const [traces, metrics] = [signal("traces"), signal("metrics")]
  return {
    // As the standard's usual sampler has it: a parent that is not sampled has no sampled children.
    traces: parent?.sampled === false ? undefined : traces,
    metrics,
    timeoutMillis: Number.isFinite(timeout) && timeout > 0 ? Math.min(timeout, 60_000) : 10_000,
    resource: resource.set("service.name", service),
    parent,
    temporality: isDelta ? 1 : 2,
    warnings
  }
}

/** All that is to be kept out of what fabrik shows. */
export const telemetryHeaders = (env: Environment): ReadonlyArray<Redacted.Redacted<string>> =>
  ["", "TRACES_", "METRICS_"].flatMap((which) =>
    pairs(at(env, `OTEL_EXPORTER_OTLP_${which}HEADERS`)).flatMap(([, value]) =>
      value.length < 4 ? [] : [Redacted.make(value)]
    )
  )

/**
 * OTLP in its JSON form (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): ids in hex, 64-bit numbers as strings.
 * Pure.
 */
import type { Attribute, Collector, Measurement, Span } from "./Collector.ts"

interface Facts {
  readonly resource: ReadonlyMap<string, Attribute>
  readonly version: string
  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string
}

type Collected = ReturnType<Collector["end"]>

const nanos = (millis: number): string => `${BigInt(Math.round(millis)) * 1_000_000n}`

const attributesOf = (attributes: ReadonlyMap<string, Attribute>, hide: Facts["hide"]) =>
  [...attributes].map(([key, value]) => ({
    key,
    value:
      typeof value === "string"
        ? { stringValue: hide(value) }
        : typeof value === "boolean"
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: `${value}` }
            : { doubleValue: value }
  }))

const scopeOf = ({ version }: Facts) => ({ name: "fabrik", version })

const kinds = { internal: 1, client: 3 } as const

export const encodeTraces = ({ dropped, spans, traceId }: Collected, facts: Facts): string => {
  const { hide } = facts
  const encoded = (span: Span) => ({
    traceId,
    spanId: span.spanId,
    ...(span.parentId === undefined ? {} : { parentSpanId: span.parentId }),
    name: hide(span.name),
    kind: kinds[span.kind],
    startTimeUnixNano: nanos(span.began),
    endTimeUnixNano: nanos(span.ended ?? span.began),
    attributes: attributesOf(span.attributes, hide),
    status: span.error === undefined ? { code: 0 } : { code: 2, message: hide(span.error) }
  })
  const resource =
    dropped === 0 ? facts.resource : new Map([...facts.resource, ["fabrik.spans.dropped", dropped]])
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource, hide) },
        scopeSpans: [{ scope: scopeOf(facts), spans: spans.map(encoded) }]
      }
    ]
  })
}

/** Those of the standard's own durations of HTTP requests, and longer ones: seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800]

const grouped = <A>(all: ReadonlyArray<A>, key: (one: A) => string): ReadonlyArray<ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const one of all) {
    const group = groups.get(key(one))
    if (group === undefined) groups.set(key(one), [one])
    else group.push(one)
  }
  return [...groups.values()]
}

export const encodeMetrics = (
  { measurements }: Collected,
  {
    began,
    ended,
    temporality,
    ...facts
  }: Facts & {
    readonly began: number
    readonly ended: number
    readonly temporality: 1 | 2
  }
): string => {
  const times = { startTimeUnixNano: nanos(began), timeUnixNano: nanos(ended) }
  const points = (all: ReadonlyArray<Measurement>) =>
    grouped(all, ({ attributes }) => JSON.stringify([...attributes])).flatMap((group) => {
      const [first] = group
      return first === undefined
        ? []
        : [
            {
              attributes: attributesOf(first.attributes, facts.hide),
              values: group.map(({ value }) => value)
            }
          ]
    })
  const histogram = (all: ReadonlyArray<Measurement>) => ({
    aggregationTemporality: temporality,
    dataPoints: points(all).map(({ attributes, values }) => ({
      ...times,
      attributes,
      count: `${values.length}`,
      sum: values.reduce((sum, value) => sum + value, 0),
      min: Math.min(...values),
      max: Math.max(...values),
      explicitBounds: bounds,
      bucketCounts: [...bounds, Infinity].map((bound, index) => {
        const above = index === 0 ? -Infinity : (bounds[index - 1] ?? Infinity)
        return `${values.filter((value) => value > above && value <= bound).length}`
      })
    }))
  })
  const sum = (all: ReadonlyArray<Measurement>) => ({
    aggregationTemporality: temporality,
    isMonotonic: true,
    dataPoints: points(all).map(({ attributes, values }) => ({
      ...times,
      attributes,
      asInt: `${values.reduce((total, value) => total + value, 0)}`
    }))
  })
  const metrics = grouped(measurements, ({ name }) => name).flatMap((all) => {
    const [first] = all
    if (first === undefined) return []
    const { name, unit } = first
    return [unit === "s" ? { name, unit, histogram: histogram(all) } : { name, unit, sum: sum(all) }]
  })
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(facts.resource, facts.hide) },
        scopeMetrics: [{ scope: scopeOf(facts), metrics }]
      }
    ]
  })
}

/** Traces and metrics of commands, received by an OTLP/HTTP server that takes nothing but what the protocol has. */
import { it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { startHere } from "../support/InThisProcess.ts"

const hex = (digits: number) => Schema.String.pipe(Schema.pattern(new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`)))
const Whole = Schema.String.pipe(Schema.pattern(/^\d+$/))
const Attributes = Schema.Array(
  Schema.Struct({
    key: Schema.String,
    value: Schema.Union(
      Schema.Struct({ stringValue: Schema.String }),
      Schema.Struct({ boolValue: Schema.Boolean }),
      Schema.Struct({ intValue: Whole }),
      Schema.Struct({ doubleValue: Schema.Number })
    )
  })
)
const Resource = Schema.Struct({ attributes: Attributes })
const Scope = Schema.Struct({ name: Schema.Literal("fabrik"), version: Schema.String })
const Span = Schema.Struct({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: Schema.optional(hex(16)),
  name: Schema.String,
  kind: Schema.Literal(1, 3),
  startTimeUnixNano: Whole,
  endTimeUnixNano: Whole,
  attributes: Attributes,
  status: Schema.Struct({ code: Schema.Literal(0, 2), message: Schema.optional(Schema.String) })
})
const Traces = Schema.Struct({
  resourceSpans: Schema.Array(
    Schema.Struct({
      resource: Resource,
      scopeSpans: Schema.Array(Schema.Struct({ scope: Scope, spans: Schema.Array(Span) }))
    })
  )
})
const times = { startTimeUnixNano: Whole, timeUnixNano: Whole, attributes: Attributes }
const Metric = Schema.Struct({
  name: Schema.String,
  unit: Schema.String,
  sum: Schema.optional(
    Schema.Struct({
      aggregationTemporality: Schema.Literal(1, 2),
      isMonotonic: Schema.Boolean,
      dataPoints: Schema.Array(Schema.Struct({ ...times, asInt: Whole }))
    })
  ),
  histogram: Schema.optional(
    Schema.Struct({
      aggregationTemporality: Schema.Literal(1, 2),
      dataPoints: Schema.Array(
        Schema.Struct({
          ...times,
          count: Whole,
          sum: Schema.Number,
          min: Schema.Number,
          max: Schema.Number,
          explicitBounds: Schema.Array(Schema.Number),
          bucketCounts: Schema.Array(Whole)
        })
      )
    })
  )
})
const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(
    Schema.Struct({
      resource: Resource,
      scopeMetrics: Schema.Array(Schema.Struct({ scope: Scope, metrics: Schema.Array(Metric) }))
    })
  )
})
const exact = { onExcessProperty: "error" } as const

interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const factsOf = (attributes: typeof Attributes.Type): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

const text = [
  "name: shop",
  "domain: shop.example.com",
  "server: vps1",
  'source: { image: "nginx:1.27" }',
  "port: 8080",
  "secrets: { API_KEY: required, SESSION: generate }",
  "healthcheck: { path: /, startPeriod: 0, settle: 0, interval: 1, container: true }",
  ""
].join("\n")

describe("telemetry", () => {
  const root = mkdtempSync(join(tmpdir(), "fabrik-otel-"))
  const spec = join(root, "app.yaml")
  const received: Array<Received> = []
  let answer = 200
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body })
      response.writeHead(answer, { "content-type": "application/json" }).end("{}")
    })
  })
  let endpoint = ""
  const fabrik = async (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) => {
    received.length = 0
    const { done, output } = startHere([...args, "--sandbox", "--sandbox-dir", join(root, "sandbox")], {
      env
    })
    const code = await done
    return { code, ...output }
  }
  const asked = () => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=key%20of%20nobody,x-team=a",
    OTEL_SERVICE_NAME: "deployments",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=ci",
    API_KEY: "value-of-the-secret"
  })
  const bodyAt = (path: string) => received.find((one) => one.path === path)?.body ?? "{}"
  const traces = () => {
    const { resourceSpans } = Schema.decodeUnknownSync(Schema.parseJson(Traces), exact)(bodyAt("/v1/traces"))
    const [first] = resourceSpans
    return { resource: factsOf(first?.resource.attributes ?? []), spans: first?.scopeSpans[0]?.spans ?? [] }
  }

  beforeAll(async () => {
    writeFileSync(spec, text)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.close()
    rmSync(root, { recursive: true, force: true })
  })

  it("has a span for the command, its run, each step, resource and request, below the one of the CI", async () => {
    const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }
    const env = { ...asked(), TRACEPARENT: `00-${parent.traceId}-${parent.spanId}-01` }
    const { code, err, out } = await fabrik(env, "apply", spec, "--yes")
    assert.strictEqual(code, 0, err)
    assert.deepStrictEqual(received.map(({ path }) => path).toSorted(), ["/v1/metrics", "/v1/traces"])
    for (const { headers } of received) {
      assert.include(headers, {
        "x-api-key": "key of nobody",
        "x-team": "a",
        "content-type": "application/json"
      })
      assert.notProperty(headers, "traceparent")
    }
    const { resource, spans } = traces()
    assert.include(resource, { "service.name": "deployments", "deployment.environment": "ci" })
    assert.isTrue(spans.every(({ traceId }) => traceId === parent.traceId))
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    assert.strictEqual(byId.size, spans.length)
    const path = (span: typeof Span.Type): ReadonlyArray<string> => {
      const above = byId.get(span.parentSpanId ?? "")
      if (above === undefined) assert.strictEqual(span.parentSpanId, parent.spanId)
      else assert.isAtMost(Number(BigInt(above.startTimeUnixNano) - BigInt(span.startTimeUnixNano)), 0)
      return [...(above === undefined ? [] : path(above)), span.name]
    }
    const paths = spans.map(path).map((names) => names.join(" > "))
    for (const wanted of [
      "fabrik apply",
      "fabrik apply > run shop",
      ...["validate", "secrets", "provision", "deploy", "verify"].map(
        (step) => `fabrik apply > run shop > step ${step}`
      ),
      "fabrik apply > run shop > step provision > coolify/application shop",
      "fabrik apply > run shop > step provision > coolify/application shop > Coolify createApplication",
      "fabrik apply > run shop > step secrets > Coolify listServers"
    ]) {
      assert.include(paths, wanted)
    }
    assert.isTrue(
      paths.some((one) => /step provision > dns\/record .* > powerdns/.test(one)),
      paths.join("\n")
    )
    const created = spans.find(({ name }) => name === "Coolify createApplication")
    assert.include(factsOf(created?.attributes ?? []), {
      "http.request.method": "POST",
      "http.response.status_code": "201",
      "server.address": "127.0.0.1"
    })
    const run = spans.find(({ name }) => name === "run shop")
    assert.include(factsOf(run?.attributes ?? []), { "fabrik.outcome": "complete", "fabrik.mode": "sandbox" })
    // A request may be refused on the way, and what it is for come about all the same.
    assert.isTrue(spans.every(({ kind, status }) => kind === 3 || status.code === 0))
    const sent = received.map(({ body }) => body).join("\n") + out + err
    assert.notMatch(sent, /value-of-the-secret|key of nobody/)
  })

  it("measures runs, steps, changes and requests", async () => {
    const { code, err } = await fabrik({ ...asked(), OTEL_TRACES_EXPORTER: "none" }, "plan", spec)
    assert.strictEqual(code, 0, err)
    assert.deepStrictEqual(
      received.map(({ path }) => path),
      ["/v1/metrics"]
    )
    const decoded = Schema.decodeUnknownSync(Schema.parseJson(Metrics), exact)(bodyAt("/v1/metrics"))
    const metrics = decoded.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? []
    const named = (name: string) => metrics.find((one) => one.name === name)
    assert.strictEqual(named("fabrik.runs")?.sum?.dataPoints[0]?.asInt, "1")
    const requests = named("http.client.request.duration")?.histogram?.dataPoints ?? []
    assert.isAbove(requests.length, 0)
    for (const { bucketCounts, count, explicitBounds } of requests) {
      assert.strictEqual(bucketCounts.length, explicitBounds.length + 1)
      assert.strictEqual(
        bucketCounts.reduce((sum, one) => sum + Number(one), 0),
        Number(count)
      )
    }
  })

  it("tells of a failure and of what is put back", async () => {
    writeFileSync(spec, text.replace("1.27", "1.28"))
    const { code } = await fabrik(
      asked(),
      "apply",
      spec,
      "--yes",
      "--sandbox-fault",
      "coolify POST /deploy status=422"
    )
    assert.strictEqual(code, 10)
    const { spans } = traces()
    const told = (name: string) => spans.find((span) => span.name === name)
    assert.deepStrictEqual(told("fabrik apply")?.status, { code: 2, message: "exit code 10" })
    assert.deepStrictEqual(told("run shop")?.status, { code: 2, message: "rolled-back" })
    assert.strictEqual(told("step deploy")?.status.code, 2)
    assert.isTrue(spans.some(({ name }) => name.startsWith("undo ")))
    writeFileSync(spec, text)
  })

  it("is off unless asked for, and never changes how a command ends", async () => {
    for (const [env, paths] of [
      [{ API_KEY: "value-of-the-secret" }, []],
      [{ ...asked(), OTEL_SDK_DISABLED: "true" }, []],
      [
        { ...asked(), TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00" },
        ["/v1/metrics"]
      ]
    ] as const) {
      const { code, err } = await fabrik(env, "plan", spec)
      assert.deepStrictEqual([code, received.map(({ path }) => path)], [0, paths], err)
      assert.notInclude(err, "telemetry")
    }
    answer = 503
    const refused = await fabrik(asked(), "plan", spec)
    assert.strictEqual(refused.code, 0)
    assert.match(
      refused.err.replace(/\s+/g, " "),
      /telemetry could not be sent to 127\.0\.0\.1:\d+: it answers 503/
    )
    const grpc = await fabrik({ ...asked(), OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "plan", spec)
    assert.deepStrictEqual([grpc.code, received.length], [0, 0])
    assert.include(grpc.err, "no traces are sent")
  })
})

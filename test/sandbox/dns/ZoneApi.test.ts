import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { testSandbox } from "../TestSandbox.ts"
import { overUdp, question } from "./DnsQuery.ts"

/**
 * A conversation with a real PowerDNS 4.7.3, recorded request by request (times and serials blanked). `words`: the
 * sandbox refuses the same content in other words.
 */
const Recording = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      method: Schema.String,
      path: Schema.String,
      body: Schema.optional(Schema.Unknown),
      key: Schema.optional(Schema.String),
      status: Schema.Number,
      answer: Schema.Unknown,
      words: Schema.optional(Schema.Literal("differ"))
    })
  )
)
const recording = Schema.decodeSync(Recording)(
  readFileSync(new URL("PowerDns473.json", import.meta.url), "utf8")
)

const zonePath = "/api/v1/servers/localhost/zones"

/** Order means nothing in what PowerDNS lists. */
const settled = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    return value.map(settled).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, one]) => [key, settled(one)])
    )
  }
  return value
}

const blanked = (text: string): unknown => {
  if (text === "") return ""
  return JSON.parse(text.replaceAll(/("modified_at":)\d{9,}/g, '$1"T"').replaceAll(/\b20\d{8}\b/g, "0"))
}

const call = (
  base: string,
  key: string,
  request: { readonly method: string; readonly path: string; readonly body?: unknown }
) =>
  Effect.promise(async () => {
    const { method, path, body } = request
    const response = await fetch(base + path, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
    return { status: response.status, answer: blanked(await response.text()) as { readonly error?: string } }
  })

it.scopedLive("answers a whole conversation as PowerDNS 4.7.3 did", () =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox()
    assert.isAbove(recording.length, 100)
    for (const step of recording) {
      const { status, answer } = yield* call(sandbox.dnsApiUrl, step.key ?? sandbox.dnsApiKey, step)
      const label = `${step.method} ${step.path} ${JSON.stringify(step.body)}`
      assert.strictEqual(status, step.status, label)
      if (step.words === undefined) assert.deepStrictEqual(settled(answer), settled(step.answer), label)
      else assert.isString(answer.error, label)
    }
  })
)

const rrset = (changes: object) => ({
  name: "api.example.test.",
  type: "A",
  ttl: 60,
  changetype: "REPLACE",
  records: [{ content: "192.0.2.10", disabled: false }],
  ...changes
})

const withZone = Effect.gen(function* () {
  const sandbox = yield* testSandbox({ seed: { zones: ["example.test"] } })
  const path = `${zonePath}/example.test.`
  return {
    sandbox,
    read: call(sandbox.dnsApiUrl, sandbox.dnsApiKey, { method: "GET", path }),
    patch: (...rrsets: ReadonlyArray<unknown>) =>
      call(sandbox.dnsApiUrl, sandbox.dnsApiKey, { method: "PATCH", path, body: { rrsets } }),
    /** The serial as the name server tells it. */
    serial: Effect.map(overUdp(sandbox.dnsServer.port, question("example.test", "SOA")), ({ packet }) => {
      const [soa] = packet.answers ?? []
      return soa?.type === "SOA" ? soa.data.serial : undefined
    })
  }
})

describe("a change", () => {
  it.scopedLive("is on the wire at once, with a higher serial", () =>
    Effect.gen(function* () {
      const { patch, sandbox, serial } = yield* withZone
      const ask = overUdp(sandbox.dnsServer.port, question("api.example.test", "A"))
      const before = yield* serial
      assert.strictEqual((yield* ask).rcode, "NXDOMAIN")
      assert.strictEqual((yield* patch(rrset({}))).status, 204)
      assert.deepStrictEqual((yield* ask).answers, ["api.example.test 60 A 192.0.2.10"])
      assert.strictEqual(yield* serial, (before ?? 0) + 1)
      assert.strictEqual((yield* patch(rrset({ changetype: "DELETE" }))).status, 204)
      assert.strictEqual((yield* ask).rcode, "NXDOMAIN")
    })
  )

  it.scopedLive("is all or nothing", () =>
    Effect.gen(function* () {
      const { patch, sandbox } = yield* withZone
      const before = yield* sandbox.world
      const refused = yield* patch(
        rrset({}),
        rrset({ name: "other.example.test.", records: [{ content: "x" }] })
      )
      assert.strictEqual(refused.status, 422)
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("undone leaves an equal world, whatever the serial and the times of comments", () =>
    Effect.gen(function* () {
      const { patch, sandbox } = yield* withZone
      const first = rrset({ comments: [{ content: "mine", account: "fabrik", modified_at: 5 }] })
      yield* patch(first)
      const before = yield* sandbox.world
      yield* patch(rrset({ records: [{ content: "192.0.2.99" }], comments: [] }))
      assert.notDeepEqual(yield* sandbox.world, before)
      yield* patch({ ...first, comments: [{ content: "mine", account: "fabrik" }] })
      assert.deepStrictEqual(yield* sandbox.world, before)
      const set = before.zones[0]?.rrsets.find(({ name }) => name === "api.example.test.")
      assert.deepStrictEqual(set, {
        name: "api.example.test.",
        type: "A",
        ttl: 60,
        records: ["192.0.2.10"],
        comments: ["fabrik: mine"]
      })
    })
  )

  it.scopedLive("side by side with others loses none", () =>
    Effect.gen(function* () {
      const { patch, sandbox } = yield* withZone
      const names = Array.from({ length: 20 }, (_, i) => `n${i}.example.test.`)
      yield* Effect.forEach(names, (name) => patch(rrset({ name })), { concurrency: "unbounded" })
      const { zones } = yield* sandbox.world
      const found = zones[0]?.rrsets.map((set) => set.name) ?? []
      assert.includeMembers(found, names)
    })
  )
})

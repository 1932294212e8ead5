import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { type FaultRule, HttpFaultRule, DnsServerFaultRule } from "../../src/sandbox/Faults.ts"
import * as Faults from "../../src/sandbox/Faults.ts"
import { format, parse } from "../../src/sandbox/FaultText.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { overTcp, overUdp, question } from "./dns/DnsQuery.ts"
import { testSandbox } from "./TestSandbox.ts"

interface Outcome {
  readonly status: number | undefined
  readonly body: string
  readonly headers: http.IncomingHttpHeaders
  /** `ECONNRESET`, `timeout`, `aborted`; `undefined`: a whole answer. */
  readonly broken: string | undefined
}

/** One request over its own connection; whatever becomes of it is an outcome. Gives up after `patience` ms, by default far more than a loaded machine takes. */
const send = (
  base: string,
  headers: Record<string, string>,
  method: string,
  path: string,
  body?: unknown,
  patience = 15_000
): Effect.Effect<Outcome> =>
  Effect.async((resume) => {
    let status: number | undefined
    let complete = () => true
    let text = ""
    let received: http.IncomingHttpHeaders = {}
    let broken: string | undefined
    const request = http.request(
      base + path,
      {
        method,
        headers: { ...headers, "content-type": "application/json" },
        agent: false,
        timeout: patience
      },
      (response) => {
        status = response.statusCode
        received = response.headers
        complete = () => response.complete
        response.on("data", (chunk) => (text += String(chunk)))
        response.on("error", () => undefined)
      }
    )
    request.on("timeout", () => {
      broken = "timeout"
      request.destroy()
    })
    request.on("error", (error: NodeJS.ErrnoException) => (broken ??= error.code ?? error.message))
    request.on("close", () => {
      if (!complete()) broken ??= "aborted"
      resume(Effect.succeed({ status, body: text, headers: received, broken }))
    })
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })

const coolify = (sandbox: SandboxHandle, method: string, path: string, body?: unknown, patience?: number) =>
  send(sandbox.apiUrl, { authorization: `Bearer ${sandbox.token}` }, method, `/api/v1${path}`, body, patience)

const patchZone = (sandbox: SandboxHandle, content: string) =>
  send(
    sandbox.dnsApiUrl,
    { "x-api-key": sandbox.dnsApiKey },
    "PATCH",
    "/api/v1/servers/localhost/zones/example.test.",
    {
      rrsets: [
        { name: "api.example.test.", type: "A", ttl: 60, changetype: "REPLACE", records: [{ content }] }
      ]
    }
  )

const withFaults = (...faults: ReadonlyArray<string>) =>
  testSandbox({ faults, seed: { zones: ["example.test"] } })

const projectNames = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.world, ({ coolify }) => coolify.projects.map(({ name }) => name))

/** The requests with their outcomes, without the times. */
const logged = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.requests, (all) =>
    all.map(
      ({ method, path, status, fault }) =>
        `${method} ${path} ${status}${fault === undefined ? "" : ` ${fault}`}`
    )
  )

const create = (sandbox: SandboxHandle, name: string, patience?: number) =>
  coolify(sandbox, "POST", "/projects", { name }, patience)

describe("faults of the HTTP APIs", () => {
  it.scopedLive("status before: no effect, then the next request is itself again", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults("coolify POST /projects status=503 x1 retry-after=7")
      const first = yield* create(sandbox, "one")
      assert.strictEqual(first.status, 503)
      assert.strictEqual(first.headers["retry-after"], "7")
      assert.deepStrictEqual(JSON.parse(first.body), { message: "Server Error" })
      assert.deepStrictEqual(yield* projectNames(sandbox), [])
      assert.strictEqual((yield* create(sandbox, "two")).status, 201)
      assert.deepStrictEqual(yield* projectNames(sandbox), ["two"])
      assert.deepStrictEqual(yield* logged(sandbox), [
        "POST /api/v1/projects 503 status",
        "POST /api/v1/projects 201"
      ])
    })
  )

  it.scopedLive("status after: the effect took place behind the 500", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults('coolify POST /projects status=500 after body={"message":"boo hoo"}')
      const lost = yield* create(sandbox, "one")
      assert.strictEqual(lost.status, 500)
      assert.deepStrictEqual(JSON.parse(lost.body), { message: "boo hoo" })
      assert.deepStrictEqual(yield* projectNames(sandbox), ["one"])
      assert.deepStrictEqual(yield* logged(sandbox), ["POST /api/v1/projects 201 status"])
    })
  )

  it.scopedLive("reset before and after", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults(
        "coolify POST /projects reset #1",
        "coolify POST /projects reset after #2"
      )
      assert.strictEqual((yield* create(sandbox, "never")).broken, "ECONNRESET")
      assert.strictEqual((yield* create(sandbox, "done")).broken, "ECONNRESET")
      assert.deepStrictEqual(yield* projectNames(sandbox), ["done"])
      assert.deepStrictEqual(yield* logged(sandbox), [
        "POST /api/v1/projects 0 reset",
        "POST /api/v1/projects 201 reset"
      ])
    })
  )

  it.scopedLive("hang before and after", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults("coolify POST * hang #1", "coolify POST * hang after #2")
      assert.strictEqual((yield* create(sandbox, "never", 300)).broken, "timeout")
      assert.strictEqual((yield* create(sandbox, "done", 1000)).broken, "timeout")
      assert.deepStrictEqual(yield* projectNames(sandbox), ["done"])
    })
  )

  it.scopedLive("a delay lands the effect late, even when the client has given up", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults("coolify POST /projects delay=1500 x1")
      const given = yield* create(sandbox, "late", 200)
      assert.strictEqual(given.broken, "timeout")
      assert.deepStrictEqual(yield* projectNames(sandbox), [])
      yield* projectNames(sandbox).pipe(
        Effect.delay("20 millis"),
        Effect.repeat({ until: (names) => names.includes("late") }),
        Effect.timeout("15 seconds")
      )
    })
  )

  it.scopedLive("a delay after only holds the answer back", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults("coolify POST /projects delay=100 after")
      assert.strictEqual((yield* create(sandbox, "slow")).status, 201)
    })
  )

  it.scopedLive("garbage is a success that is no JSON", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults(
        "coolify POST /projects garbage x1",
        "coolify GET /projects garbage before x1"
      )
      const spoilt = yield* create(sandbox, "one")
      assert.strictEqual(spoilt.status, 201)
      assert.throws(() => JSON.parse(spoilt.body))
      assert.deepStrictEqual(yield* projectNames(sandbox), ["one"])
      const read = yield* coolify(sandbox, "GET", "/projects")
      assert.strictEqual(read.status, 200)
      assert.throws(() => JSON.parse(read.body))
    })
  )

  it.scopedLive("truncate announces more than it sends", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults("coolify POST /projects truncate x1", "dns PATCH * truncate x1")
      const cut = yield* create(sandbox, "one")
      assert.strictEqual(cut.status, 201)
      assert.strictEqual(cut.broken, "aborted")
      assert.isAbove(cut.body.length, 0)
      assert.isBelow(cut.body.length, Number(cut.headers["content-length"]))
      const bodiless = yield* patchZone(sandbox, "192.0.2.1")
      assert.isUndefined(bodiless.status)
      assert.isDefined(bodiless.broken)
      assert.deepStrictEqual(yield* projectNames(sandbox), ["one"])
    })
  )

  it.scopedLive("the zone API has its own, and the path may be an expression", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults("dns * ~/zones/[a-z]+\\.test reset after #2")
      assert.strictEqual((yield* patchZone(sandbox, "192.0.2.1")).status, 204)
      assert.strictEqual((yield* patchZone(sandbox, "192.0.2.2")).broken, "ECONNRESET")
      const reply = yield* overUdp(sandbox.dnsServer.port, question("api.example.test", "A"))
      assert.deepStrictEqual(reply.answers, ["api.example.test 60 A 192.0.2.2"])
      assert.strictEqual((yield* coolify(sandbox, "GET", "/projects")).status, 200)
    })
  )

  it.scopedLive("are added and cleared while it runs, over the control endpoint too", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox()
      const read = coolify(sandbox, "GET", "/projects")
      yield* sandbox.faults.add("coolify GET /projects status=502")
      assert.strictEqual((yield* read).status, 502)
      yield* sandbox.faults.clear
      assert.strictEqual((yield* read).status, 200)

      const control = (method: string, body?: unknown, token = sandbox.token) =>
        send(sandbox.apiUrl, { authorization: `Bearer ${token}` }, method, "/_sandbox/faults", body)
      assert.strictEqual(
        (yield* control("POST", { rules: ["coolify GET /projects status=504"] })).status,
        204
      )
      assert.strictEqual((yield* read).status, 504)
      assert.strictEqual((yield* control("DELETE")).status, 204)
      assert.strictEqual((yield* read).status, 200)
      assert.strictEqual((yield* control("POST", { rules: ["nonsense"] })).status, 422)
      assert.strictEqual((yield* control("POST", { rules: 1 })).status, 422)
      assert.strictEqual((yield* control("DELETE", undefined, "1|wrong")).status, 401)
      const paths = (yield* sandbox.requests).map(({ path }) => path)
      assert.deepStrictEqual([...new Set(paths)], ["/api/v1/projects"])
    })
  )
})

describe("faults of the name server", () => {
  it.scopedLive("servfail, refuse and drop, over UDP and TCP", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults(
        "dns-server A api.example.test servfail x2",
        "dns-server AAAA * refuse",
        "dns-server TXT * drop #1"
      )
      const { port } = sandbox.dnsServer
      const ask = (type: string, patience?: number) =>
        overUdp(port, question("api.example.test", type), patience)
      assert.strictEqual((yield* ask("A")).rcode, "SERVFAIL")
      assert.strictEqual((yield* overTcp(port, [question("api.example.test", "A")]))[0]?.rcode, "SERVFAIL")
      assert.strictEqual((yield* ask("A")).rcode, "NXDOMAIN")
      assert.strictEqual((yield* ask("AAAA")).rcode, "REFUSED")
      assert.strictEqual(yield* Effect.flip(ask("TXT", 300)), "no reply")
      assert.strictEqual((yield* ask("TXT")).rcode, "NXDOMAIN")
    })
  )

  it.scopedLive("stale answers with the past, until that is the present", () =>
    Effect.gen(function* () {
      const sandbox = yield* withFaults("dns-server * * stale=2000")
      const ask = overUdp(sandbox.dnsServer.port, question("api.example.test", "A"))
      yield* patchZone(sandbox, "192.0.2.1")
      const first = yield* ask
      assert.strictEqual(first.rcode, "NXDOMAIN")
      const later = yield* ask.pipe(
        Effect.delay("20 millis"),
        Effect.repeat({ until: (reply) => reply.answers.length > 0 }),
        Effect.timeout("15 seconds")
      )
      assert.deepStrictEqual(later.answers, ["api.example.test 60 A 192.0.2.1"])
    })
  )
})

describe("counting", () => {
  const rule = (when: FaultRule["when"], path = "/a"): FaultRule => ({
    api: "coolify",
    method: "GET",
    path,
    when,
    effect: "before",
    kind: { _tag: "reset" }
  })
  const struck = (rules: ReadonlyArray<FaultRule>, paths: ReadonlyArray<string>) =>
    Effect.flatMap(Faults.make(rules), (faults) =>
      Effect.forEach(paths, (path) => faults.forHttp("coolify", "get", path))
    ).pipe(Effect.map((found) => found.map((one) => (one === undefined ? "-" : one.path)).join("")))

  it.effect("always, the nth, the first n; requests that do not match do not count", () =>
    Effect.gen(function* () {
      const paths = ["/a", "/b", "/a", "/a", "/a"]
      assert.strictEqual(yield* struck([rule({ _tag: "Always" })], paths), "/a-/a/a/a")
      assert.strictEqual(yield* struck([rule({ _tag: "Nth", n: 2 })], paths), "--/a--")
      assert.strictEqual(yield* struck([rule({ _tag: "First", n: 2 })], paths), "/a-/a--")
    })
  )

  it.effect("the first rule that is due strikes, all that match count", () =>
    Effect.gen(function* () {
      const rules = [rule({ _tag: "First", n: 1 }, "/a"), rule({ _tag: "First", n: 2 }, "/")]
      assert.strictEqual(yield* struck(rules, ["/a", "/a", "/a"]), "/a/-")
    })
  )
})

describe("the text form", () => {
  const read = (text: string) => Either.getOrThrow(parse(text))

  it("has defaults", () => {
    assert.deepStrictEqual(read("coolify POST /deploy reset after x1"), {
      api: "coolify",
      method: "POST",
      path: "/deploy",
      when: { _tag: "First", n: 1 },
      effect: "after",
      kind: { _tag: "reset" }
    })
    assert.deepStrictEqual(read("dns PATCH /zones status=500"), {
      api: "dns",
      method: "PATCH",
      path: "/zones",
      when: { _tag: "Always" },
      effect: "before",
      kind: { _tag: "status", status: 500 }
    })
    assert.deepStrictEqual(read("  dns-server  A  * stale=5000 #3 "), {
      api: "dns-server",
      method: "A",
      path: "*",
      when: { _tag: "Nth", n: 3 },
      kind: { _tag: "stale", millis: 5000 }
    })
    assert.propertyVal(read("coolify * * truncate"), "effect", "after")
  })

  it("says what is wrong", () => {
    const bad: ReadonlyArray<readonly [text: string, part: string]> = [
      ["", "expected `<api> <method> <path> <kind>`"],
      ["coolify POST /deploy", "expected"],
      ["coolfy POST /deploy reset", "the API is coolify, dns or dns-server"],
      ["coolify POST /deploy explode", "kinds are"],
      ["coolify POST /deploy servfail", "kinds are"],
      ["dns-server A * reset", "kinds are"],
      ["coolify POST /deploy status=99", "kinds are"],
      ["coolify POST /deploy delay", "kinds are"],
      ["coolify POST /deploy delay=soon", "kinds are"],
      ["coolify POST /deploy reset twice", "`twice` is not known"],
      ["coolify POST /deploy reset x0", "kinds are"],
      ["coolify POST /deploy reset body={}", "only `status=`"],
      ["coolify POST ~( reset", "`(` is no regular expression"]
    ]
    for (const [text, part] of bad) {
      const result = parse(text)
      assert.isTrue(Either.isLeft(result), text)
      if (Either.isLeft(result)) {
        assert.strictEqual(result.left.reason, "BadFault")
        assert.include(result.left.message, part)
      }
    }
  })

  it("reads back every rule that it writes", () => {
    const word = FastCheck.stringMatching(/^[A-Za-z0-9/_.*-]{1,12}$/)
    const rules = FastCheck.oneof(Arbitrary.make(HttpFaultRule), Arbitrary.make(DnsServerFaultRule))
    FastCheck.assert(
      FastCheck.property(
        rules,
        word,
        word,
        FastCheck.option(FastCheck.nat(9999)),
        (drawn, method, path, after) => {
          const limited = {
            ...drawn.kind,
            ...("millis" in drawn.kind ? { millis: drawn.kind.millis % 1e6 } : {})
          }
          const kind =
            limited._tag === "status"
              ? {
                  _tag: "status" as const,
                  status: limited.status,
                  ...(limited.body === undefined ? {} : { body: limited.body.trim() }),
                  ...(after === null ? {} : { headers: { "retry-after": String(after) } })
                }
              : limited
          const when = "n" in drawn.when ? { ...drawn.when, n: (drawn.when.n % 1000) + 1 } : drawn.when
          const rule = { ...drawn, method, path, kind, when } as FaultRule
          assert.deepStrictEqual(read(format(rule)), rule)
        }
      ),
      { numRuns: 500 }
    )
  })
})

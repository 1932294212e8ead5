import { it } from "@effect/vitest"
import { assert, describe } from "vitest"
import { CoolifyError, CoolifyErrorReason } from "../../src/coolify/CoolifyError.ts"
import { AuthoritativeDnsError } from "../../src/dns/AuthoritativeDns.ts"
import { PropagationTimeout } from "../../src/dns/AwaitAuthoritative.ts"
import { DnsError, DnsErrorReason } from "../../src/dns/DnsError.ts"
import { UnhealthyError } from "../../src/health/AwaitHealthy.ts"
import { DeadlineError, DeploymentFailedError, RefusedError } from "../../src/engine/DeployError.ts"
import type { Answer, RunFinished } from "../../src/engine/DeploymentEvent.ts"
import { IllegalTransition } from "../../src/engine/DeploymentState.ts"
import { RunError, type StepError } from "../../src/orchestrator/RunError.ts"
import { SecretError } from "../../src/secrets/SecretStore.ts"
import { SpecError } from "../../src/appspec/SpecError.ts"
import { deploymentAdvice, refusedAdvice, secretAdvice, unhealthyAdvice } from "../../src/ui/Advice.ts"
import { explain } from "../../src/ui/Explain.ts"
import { renderInterrupted, renderRunError, renderSpecError } from "../../src/ui/Failure.ts"
import { widthOf } from "../../src/ui/Layout.ts"
import { plainStyle } from "../../src/ui/Style.ts"

const keys = <K extends string>(table: { readonly [R in K]: unknown }) => Object.keys(table) as Array<K>

const report = (partial: Partial<typeof RunFinished.Type> = {}): typeof RunFinished.Type => ({
  _tag: "RunFinished",
  outcome: "nothing-changed",
  url: null,
  undone: [],
  leftovers: [],
  interrupted: false,
  millis: 1000,
  ...partial
})

const hostile = `\u001b[2J${"x".repeat(120)} \n::error::y`

/** One error of every reason there is. */
const everyError: ReadonlyArray<StepError> = [
  ...CoolifyErrorReason.literals.map(
    (reason) =>
      new CoolifyError({
        method: "createApplication",
        reason,
        detail: hostile,
        problems: [{ field: "port", message: hostile }],
        conflicts: [{ domain: hostile, resourceName: hostile, resourceUuid: null, resourceType: null }]
      })
  ),
  ...DnsErrorReason.literals.map(
    (reason) =>
      new DnsError({ provider: "powerdns", method: "put", reason, detail: hostile, found: [hostile] })
  ),
  ...keys(secretAdvice).map((reason) => new SecretError({ reason, subject: ".env", detail: hostile })),
  ...keys(refusedAdvice).map((reason) => new RefusedError({ reason, detail: hostile, next: hostile })),
  ...keys(deploymentAdvice).map(
    (reason) => new DeploymentFailedError({ reason, detail: hostile, deployment: "d1", log: [hostile] })
  ),
  ...keys(unhealthyAdvice).map(
    (reason) =>
      new UnhealthyError({
        host: "a.example.com",
        stage: "origin",
        attempts: 3,
        gaveUp: "Retries",
        reason,
        detail: hostile
      })
  ),
  new AuthoritativeDnsError({ name: hostile, detail: hostile }),
  new PropagationTimeout({
    name: "a.example.com",
    type: "A",
    wanted: ["192.0.2.1"],
    answers: [{ server: hostile, outcome: "no-data", values: [] }]
  }),
  new DeadlineError({ seconds: 1800 }),
  new IllegalTransition({ from: "PENDING", to: "COMPLETE" })
]

const recover = "fabrik recover --sandbox"

const look = (changes: Partial<Answer>): Answer => ({
  url: "https://b.io",
  ok: true,
  status: 200,
  detail: "answered 200",
  release: null,
  ofThisRun: false,
  ...changes
})

describe("Failure", () => {
  it("has a cause or a detail, and a next step, for every reason there is", () => {
    for (const error of everyError) {
      const { next, what } = explain(error)
      assert.isAbove(what.length, 10, error.message)
      assert.isAbove(next.length, 10, error.message)
      if (error._tag !== "RefusedError") assert.match(next, /[.!?0-9]$/u)
    }
  })

  it("gives a next step that fits the cause", () => {
    const coolify = (reason: CoolifyErrorReason, status?: number) =>
      explain(new CoolifyError({ method: "version", reason, detail: "x", status }))
    const gateway = coolify("ServerError", 502)
    assert.match(gateway.causes.join(), /proxy before Coolify answers/)
    assert.notMatch(gateway.next, /token|credential/i)
    assert.match(coolify("ServerError", 500).causes.join(), /error of its own/)
    assert.match(coolify("Blocked", 403).next, /exception for paths that begin with \/api/)
    assert.match(coolify("Redirected", 302).next, /login page/)

    const dns = (provider: string, reason: "Unauthorized" | "Forbidden" | "ZoneNotFound") =>
      explain(new DnsError({ provider, method: "findZone", reason, detail: "x" })).next
    for (const reason of ["Unauthorized", "Forbidden", "ZoneNotFound"] as const) {
      assert.notMatch(dns("cloudflare", reason), /PDNS|webserver/)
      assert.notMatch(dns("powerdns", reason), /CLOUDFLARE|Zone \/ DNS/)
    }

    const unserved = (...outcomes: ReadonlyArray<string>) =>
      explain(
        new PropagationTimeout({
          name: "a.example.com",
          type: "A",
          wanted: ["192.0.2.1"],
          answers: outcomes.map((outcome) => ({ server: "ns1", outcome, values: [] }))
        })
      ).next
    assert.match(unserved("answer", "not-authoritative"), /at the registrar/)
    assert.match(unserved("answer", "no-reply"), /port 53/)
    assert.match(unserved("server-failure"), /fails on the zone/)
    assert.notMatch(unserved("no-reply"), /registrar/)

    const names = (reason: AuthoritativeDnsError["reason"]) =>
      explain(new AuthoritativeDnsError({ name: "example.com", detail: "x", reason }))
    assert.match(names("NoResolver").next, /resolv\.conf/)
    assert.match(names("NotDelegated").next, /registrar/)
    assert.notMatch(names("Differ").what, /could be asked/)
  })

  it("fits 80 columns and stays harmless, whatever the world said", () => {
    for (const error of everyError) {
      for (const line of renderRunError(
        new RunError({ step: "deploy", error, report: report() }),
        plainStyle,
        recover
      )) {
        assert.isAtMost(widthOf(line), 80, line)
        assert.notInclude(line, "\u001b")
        assert.notMatch(line, /^\s*::/u)
      }
    }
  })

  it("tells where, why, what was put back, what is left and what to do", () => {
    const error = new RunError({
      step: "deploy",
      error: new CoolifyError({
        method: "createApplication",
        reason: "Conflict",
        detail: "Domain conflicts detected.",
        status: 409,
        conflicts: [
          {
            domain: "https://a.example.com",
            resourceName: "other",
            resourceUuid: "abc",
            resourceType: "application"
          }
        ]
      }),
      report: report({
        outcome: "leftovers",
        undone: ["record a.example.com A", "application a", "variables of b", "deployment of b"],
        removed: ["record a.example.com A", "application a"],
        restored: ["variables of b"],
        answers: [
          look({ release: "0123456789ab" }),
          look({ release: "0123456789ab", ofThisRun: true }),
          look({}),
          look({ ok: false, status: null, detail: "refused" }),
          look({ url: null, status: null, detail: "a container of it runs" })
        ],
        leftovers: [
          {
            what: "project p",
            why: "Coolify: no connection",
            next: "fabrik destroy app.yaml",
            recoverable: true
          }
        ]
      })
    })
    assert.deepStrictEqual(renderRunError(error, plainStyle, recover), [
      "✗ [4/5] Deploy failed: Coolify: could not create the application: Domain",
      "  conflicts detected. (HTTP 409)",
      "  The name or the domain is taken in Coolify.",
      "  - https://a.example.com is held by application other (abc)",
      "  Removed again: record a.example.com A and application a.",
      "  Restored: variables of b.",
      "  Cancelled: deployment of b.",
      "  Now: https://b.io answered 200 with release 0123456789ab",
      "  Now: https://b.io answered 200 with release 0123456789ab, that of the run",
      "       which has failed",
      "  Now: https://b.io answered 200; with which release it does not say",
      "       (`healthcheck.release` would read it)",
      "  Now: https://b.io does not answer as it should: refused",
      "  Now: a container of it runs; of which release is not to be seen",
      "",
      "Left behind, and yours to finish:",
      "  - project p: Coolify: no connection",
      "    to finish: fabrik destroy app.yaml",
      "  Or try again: fabrik recover --sandbox",
      "  Next: Take the domain away from its present holder, or use another one in the",
      "        spec."
    ])
  })

  it("shows the end of a long log, where nothing has shown it before", () => {
    const log = Array.from({ length: 50 }, (_, index) => `line ${index}`)
    const error = new DeploymentFailedError({ reason: "Failed", detail: "it failed", deployment: null, log })
    const failure = new RunError({ step: "deploy", error, report: report() })
    assert.notInclude(renderRunError(failure, plainStyle, recover).join(), "line 49")
    const lines = renderRunError(failure, plainStyle, recover, true)
    assert.include(lines, "  The last 30 lines of the log:")
    assert.include(lines, "  | line 49")
    assert.include(lines, "  | line 20")
    assert.notInclude(lines, "  | line 19")
  })

  it("tells an interrupted run", () => {
    const undone = ["application a"]
    assert.deepStrictEqual(
      renderInterrupted(
        report({ outcome: "rolled-back", undone, removed: undone, interrupted: true }),
        plainStyle,
        recover
      ),
      ["Interrupted after 1.0 s: everything was put back.", "  Removed again: application a."]
    )
    assert.deepStrictEqual(renderInterrupted(report({ interrupted: true }), plainStyle, recover), [
      "Interrupted after 1.0 s: nothing was changed."
    ])
  })

  it("gives every problem of a spec its place", () => {
    const error = new SpecError({
      file: "app.yaml",
      problems: [
        { line: 2, column: 3, path: "prot", message: "unknown key `prot`", hint: "did you mean `port`?" },
        { line: 0, column: 0, path: "", message: "there is no such file" }
      ]
    })
    assert.deepStrictEqual(renderSpecError(error, plainStyle), [
      "app.yaml:2:3: unknown key `prot`",
      "  did you mean `port`?",
      "app.yaml: there is no such file"
    ])
  })
})

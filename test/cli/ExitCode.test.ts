import { it } from "@effect/vitest"
import { assert, describe } from "vitest"
import { ofCause, ofInterrupted, ofReport, ofRunError } from "../../src/cli/ExitCode.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { DnsError } from "../../src/dns/DnsError.ts"
import { DeadlineError, RefusedError } from "../../src/engine/DeployError.ts"
import type { Outcome, RunFinished } from "../../src/engine/DeploymentEvent.ts"
import { IllegalTransition } from "../../src/engine/DeploymentState.ts"
import { RunError, type StepError } from "../../src/orchestrator/RunError.ts"
import { SecretError } from "../../src/secrets/SecretStore.ts"

const report = (outcome: Outcome): typeof RunFinished.Type => ({
  _tag: "RunFinished",
  outcome,
  url: null,
  undone: [],
  leftovers: [],
  interrupted: false,
  millis: 0
})

const coolify = (reason: CoolifyError["reason"]) => new CoolifyError({ method: "deploy", reason, detail: "" })

describe("ExitCode", () => {
  it.each<[Outcome, number]>([
    ["complete", 0],
    ["unchanged", 0],
    ["planned", 0],
    ["declined", 3],
    ["nothing-changed", 10],
    ["rolled-back", 10],
    ["leftovers", 11]
  ])("a run that ends %s exits %i", (outcome, code) => {
    assert.strictEqual(ofReport(report(outcome)), code)
  })

  it.each<[string, StepError, number]>([
    ["foreign", new RefusedError({ reason: "Foreign", detail: "", next: "" }), 3],
    ["a secrets file", new SecretError({ reason: "BadFile", subject: "", detail: "" }), 4],
    ["a bad token", coolify("Unauthenticated"), 5],
    ["a weak token", coolify("MissingAbility"), 5],
    ["the API switched off", coolify("ApiDisabled"), 5],
    ["a taken domain", coolify("Conflict"), 3],
    ["no connection", coolify("Unreachable"), 10],
    [
      "bad DNS credentials",
      new DnsError({ provider: "p", method: "m", reason: "Unauthorized", detail: "" }),
      5
    ],
    ["a foreign record", new DnsError({ provider: "p", method: "m", reason: "Conflict", detail: "" }), 3],
    ["the deadline", new DeadlineError({ seconds: 1 }), 10],
    ["a fault of ours", new IllegalTransition({ from: "PENDING", to: "COMPLETE" }), 1]
  ])("%s, before anything was changed, exits as its cause", (_, error, code) => {
    assert.strictEqual(ofCause(error), code)
    assert.strictEqual(
      ofRunError(new RunError({ step: "deploy", error, report: report("nothing-changed") })),
      code
    )
    assert.strictEqual(ofRunError(new RunError({ step: "deploy", error, report: report("rolled-back") })), 10)
    assert.strictEqual(ofRunError(new RunError({ step: "deploy", error, report: report("leftovers") })), 11)
  })

  it("a signal exits as a shell would say, unless something is left", () => {
    assert.strictEqual(ofInterrupted("SIGINT", report("rolled-back")), 130)
    assert.strictEqual(ofInterrupted("SIGTERM", report("nothing-changed")), 143)
    assert.strictEqual(ofInterrupted("SIGHUP", undefined), 129)
    assert.strictEqual(ofInterrupted("SIGINT", report("leftovers")), 11)
  })

  it("a signal that comes after the end changes nothing about it", () => {
    assert.strictEqual(ofInterrupted("SIGHUP", report("complete")), 0)
    assert.strictEqual(ofInterrupted("SIGINT", report("unchanged")), 0)
    assert.strictEqual(ofInterrupted("SIGINT", report("declined")), 3)
  })
})

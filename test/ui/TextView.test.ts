import { it } from "@effect/vitest"
import { assert, describe } from "vitest"
import type { DeploymentEvent } from "../../src/engine/DeploymentEvent.ts"
import { widthOf } from "../../src/ui/Layout.ts"
import { makeStyle, plainStyle } from "../../src/ui/Style.ts"
import { emptyView, makeTextView, type TextOptions } from "../../src/ui/TextView.ts"

/** All lines of a run, errors and results marked apart. */
const show = (
  events: ReadonlyArray<DeploymentEvent>,
  options: Partial<TextOptions> = {},
  style = plainStyle
) => {
  const next = makeTextView({ quiet: false, verbose: false, told: "all", ...options }, style, style)
  const lines: Array<string> = []
  let view = emptyView
  events.forEach((event, index) => {
    const shown = next(view, { at: index * 1000, run: "0123456789ab", state: "PENDING", event })
    view = shown.view
    lines.push(...shown.err.map((line) => `err|${line}`), ...shown.out.map((line) => `out|${line}`))
  })
  return { lines, view }
}

const started = (command = "apply", mode: "live" | "dry-run" = "live"): DeploymentEvent => ({
  _tag: "RunStarted",
  command,
  name: "test-api",
  domain: "test-api.example.com",
  domains: ["test-api.example.com"],
  mode
})

const health = (stage: "origin" | "name", ok: boolean, detail: string): DeploymentEvent => ({
  _tag: "HealthAttempted",
  stage,
  attempt: 1,
  ok,
  detail
})

const finished = (
  outcome: Extract<DeploymentEvent, { _tag: "RunFinished" }>["outcome"],
  url: string | null = "https://test-api.example.com/"
): DeploymentEvent => ({
  _tag: "RunFinished",
  outcome,
  url,
  undone: [],
  leftovers: [],
  interrupted: false,
  millis: 41_200
})

const run: ReadonlyArray<DeploymentEvent> = [
  started(),
  { _tag: "StateChanged", from: "PENDING", to: "VALIDATING" },
  { _tag: "StepStarted", step: "validate" },
  { _tag: "StepFinished", step: "validate", millis: 3 },
  { _tag: "StepStarted", step: "provision" },
  { _tag: "ResourceChanged", system: "coolify", kind: "application", name: "test-api", action: "created" },
  { _tag: "DnsChecked", name: "test-api.example.com", right: 1, total: 2, detail: "ns2: no-such-name" },
  { _tag: "DnsChecked", name: "test-api.example.com", right: 1, total: 2, detail: "ns2: no-such-name" },
  { _tag: "DnsChecked", name: "test-api.example.com", right: 2, total: 2, detail: "" },
  { _tag: "DnsChecked", name: "test-api.example.com", right: 2, total: 2, detail: "" },
  { _tag: "StepFinished", step: "provision", millis: 2100 },
  { _tag: "StepStarted", step: "deploy" },
  { _tag: "DeploymentProgress", deployment: "d1", status: "queued" },
  { _tag: "DeploymentLog", stream: "stdout", text: "building\u001b[2J\n::set-output name=x::y" },
  { _tag: "DeploymentProgress", deployment: "d1", status: "finished" },
  { _tag: "Warning", message: "the queue is long" },
  { _tag: "StepFinished", step: "deploy", millis: 30_000 },
  { _tag: "StepStarted", step: "verify" },
  health("origin", false, "answered 502, expected 200"),
  health("origin", true, "answered 200 in 12 ms"),
  health("origin", true, "answered 200 in 9 ms"),
  health("name", true, "answered 200 in 9 ms"),
  {
    _tag: "Verified",
    url: "https://test-api.example.com/health",
    status: 200,
    certificateDaysLeft: 89,
    release: "0123456789ab"
  },
  { _tag: "StepFinished", step: "verify", millis: 5000 },
  finished("complete")
]

describe("TextView", () => {
  it("tells a run in lines, each change of fact once", () => {
    assert.deepStrictEqual(show(run).lines, [
      "err|test-api -> https://test-api.example.com (apply)",
      "err|[1/5] Validate ✓ 0.0 s",
      "err|[3/5] Provision",
      "err|      + application test-api",
      "err|      1 of 2 name servers know test-api.example.com (ns2: no-such-name)",
      "err|      2 of 2 name servers know test-api.example.com",
      "err|      ✓ 2.1 s",
      "err|[4/5] Deploy",
      "err|      deployment is queued",
      "err|      deployment finished",
      "err|Warning: the queue is long",
      "err|      ✓ 30.0 s",
      "err|[5/5] Verify",
      "err|      not healthy at the server itself: answered 502, expected 200",
      "err|      healthy at the server itself",
      "err|      healthy at the domain",
      "err|      HTTP 200, certificate valid for 89 days, release 0123456789ab answers",
      "err|      ✓ 5.0 s",
      "err|✓ test-api is live and verified, 41.2 s",
      "out|https://test-api.example.com/"
    ])
  })

  it("folds a step into a line with what has come of it, where it is shown while it runs", () => {
    assert.deepStrictEqual(show(run, { told: "ends" }).lines, [
      "err|test-api -> https://test-api.example.com (apply)",
      "err|[1/5] Validate ✓ 0.0 s",
      "err|[3/5] Provision ✓ 2.1 s",
      "err|      1 created",
      "err|      2 of 2 name servers know test-api.example.com",
      "err|[4/5] Deploy",
      "err|Warning: the queue is long",
      "err|      ✓ 30.0 s",
      "err|[5/5] Verify ✓ 5.0 s",
      "err|      HTTP 200, certificate valid for 89 days, release 0123456789ab answers",
      "err|✓ test-api is live and verified, 41.2 s",
      "out|https://test-api.example.com/"
    ])
  })

  it("folds what does not come to its end, and its rollback, with their times", () => {
    const undo = (what: string, how: "removed" | "restored"): DeploymentEvent => ({
      _tag: "UndoFinished",
      what,
      how
    })
    const { lines } = show(
      [
        started(),
        { _tag: "StepStarted", step: "provision" },
        { _tag: "ResourceChanged", system: "coolify", kind: "project", name: "shop", action: "created" },
        { _tag: "StateChanged", from: "PROVISIONING", to: "ROLLING_BACK" },
        undo("record", "removed"),
        undo("project", "removed"),
        undo("settings", "restored"),
        { _tag: "StateChanged", from: "ROLLING_BACK", to: "ROLLED_BACK" }
      ],
      { told: "ends" }
    )
    assert.deepStrictEqual(lines.slice(1), [
      "err|[3/5] Provision ✗ 2.0 s   1 created",
      "err|Rolling back",
      "err|      ✓ 4.0 s  2 removed again and 1 restored"
    ])
  })

  it("shows the deployment's log with --verbose, made harmless", () => {
    const { lines } = show(run, { verbose: true })
    assert.include(lines, "err|      | building")
    assert.include(lines, "err|      | : :set-output name=x::y")
  })

  it("shows how the logs end before it rolls back, also with --quiet, and no log twice", () => {
    const tails = (step: "deploy" | "verify", container: ReadonlyArray<string> | null): DeploymentEvent => ({
      _tag: "LogTails",
      step,
      deployment: Array.from({ length: 12 }, (_, index) => `built ${index}`),
      container
    })
    const back: DeploymentEvent = { _tag: "StateChanged", from: "VERIFYING", to: "ROLLING_BACK" }
    const shown = (event: DeploymentEvent, options = {}) => show([started(), event, back], options).lines
    assert.deepStrictEqual(shown(tails("verify", ["no\u001b[2J port", "bye"]), { quiet: true }), [
      "err|      The last 10 lines of the deployment's log:",
      ...Array.from({ length: 10 }, (_, index) => `err|      | built ${index + 2}`),
      "err|      The container's log:",
      "err|      | no port",
      "err|      | bye",
      "err|Rolling back"
    ])
    const failed = shown(tails("deploy", null))
    assert.strictEqual(failed[1], "err|      The deployment's log:")
    assert.lengthOf(failed, 15)
    assert.deepStrictEqual(shown(tails("deploy", []), { verbose: true }).slice(1), [
      "err|      No line of the container's log was seen: it wrote none, or did not run",
      "err|      when it was asked.",
      "err|Rolling back"
    ])
  })

  it("with --quiet leaves the URL and the warnings", () => {
    assert.deepStrictEqual(show(run, { quiet: true }).lines, [
      "err|Warning: the queue is long",
      "out|https://test-api.example.com/"
    ])
  })

  it("never speaks of a URL where there is no domain", () => {
    const nowhere: DeploymentEvent = {
      _tag: "RunStarted",
      command: "apply",
      name: "worker",
      domain: null,
      domains: [],
      mode: "live"
    }
    for (const [said, millis] of [
      ["its container runs, and has stayed up for 10.0 s", 10_000],
      ["its container runs", 0]
    ] as const) {
      const { lines } = show([nowhere, { _tag: "SeenRunning", millis }, finished("complete", null)])
      assert.include(lines, "err|worker, no domain (apply)")
      assert.include(lines, `err|      ${said}`)
      assert.include(lines.at(-1), "worker is deployed and runs (no domain)")
      assert.notMatch(lines.join(), /https|live|answers|out\|/)
    }
  })

  it("tells several domains apart, and the one that redirects", () => {
    const asked = (host: string, leadsTo?: string): DeploymentEvent => ({
      _tag: "HealthAttempted",
      host,
      ...(leadsTo === undefined ? {} : { leadsTo }),
      stage: "name",
      attempt: 1,
      ok: true,
      detail: ""
    })
    const domains = ["www.a.de", "a.de"]
    const { lines } = show([
      { _tag: "RunStarted", command: "apply", name: "a", domain: "www.a.de", domains, mode: "live" },
      asked("www.a.de"),
      asked("a.de", "www.a.de")
    ])
    assert.deepStrictEqual(lines, [
      "err|a -> https://www.a.de and 1 more (apply)",
      "err|      healthy at www.a.de",
      "err|      redirects at a.de"
    ])
  })

  it("shows the plan and not the walk through it when planning", () => {
    const plan: DeploymentEvent = {
      _tag: "Planned",
      plan: {
        name: "test-api",
        domain: "test-api.example.com",
        project: "p",
        environment: "e",
        server: "s",
        basis: "observed",
        changes: [],
        notes: []
      }
    }
    const events = [
      started("plan", "dry-run"),
      ...run.slice(1, 4),
      plan,
      ...run.slice(4, 8),
      finished("planned")
    ]
    assert.deepStrictEqual(show(events).lines, [
      "err|test-api -> https://test-api.example.com (plan, dry run)",
      "out|",
      "out|No changes. test-api is as its specification says.",
      "out|",
      "err|Nothing was sent."
    ])
  })

  it("tells a rollback", () => {
    const events: ReadonlyArray<DeploymentEvent> = [
      started(),
      { _tag: "StateChanged", from: "DEPLOYING", to: "ROLLING_BACK" },
      { _tag: "UndoStarted", what: "application test-api" },
      { _tag: "UndoFinished", what: "application test-api", how: "removed" },
      { _tag: "UndoStarted", what: "record test-api.example.com A" },
      {
        _tag: "UndoFailed",
        leftover: {
          what: "record test-api.example.com A",
          why: "no connection",
          next: "remove it",
          recoverable: false
        }
      },
      finished("leftovers", null)
    ]
    assert.deepStrictEqual(show(events).lines.slice(1), [
      "err|Rolling back",
      "err|      ✓ application test-api removed again",
      "err|      ✗ record test-api.example.com A: no connection"
    ])
  })

  it("tells each command's success in its own words", () => {
    const ending = (command: string, outcome: "complete" | "unchanged") =>
      show([started(command), finished(outcome)]).lines.slice(1)
    assert.deepStrictEqual(ending("apply", "unchanged"), [
      "err|✓ test-api is up to date and answers, 41.2 s",
      "out|https://test-api.example.com/"
    ])
    assert.deepStrictEqual(ending("destroy", "unchanged"), ["out|https://test-api.example.com/"])
    assert.include(ending("destroy", "complete")[0], "is gone")
    assert.include(ending("verify", "complete")[0], "answers as it should")
  })

  it("fits 80 columns, whatever the names", () => {
    const long = "very-long-name-".repeat(12)
    const events: ReadonlyArray<DeploymentEvent> = [
      {
        _tag: "RunStarted",
        command: "apply",
        name: long,
        domain: `${long}.example.com`,
        domains: [`${long}.example.com`],
        mode: "dry-run"
      },
      { _tag: "StepStarted", step: "provision" },
      { _tag: "ResourceChanged", system: "dns", kind: "record", name: long, action: "updated" },
      { _tag: "DnsChecked", name: long, right: 0, total: 2, detail: long },
      { _tag: "Retrying", what: long, why: long, delayMillis: 1000 },
      { _tag: "ApiAway", why: long, limitMillis: 300_000 },
      { _tag: "ApiBack", millis: 14_000 },
      { _tag: "RequestsSpaced", limit: 200, left: 99, everyMillis: 560 },
      { _tag: "ChangeProgress", what: long, done: 10, total: 218 },
      { _tag: "DeploymentLog", stream: "stderr", text: long },
      { _tag: "LogTails", step: "deploy", deployment: [long], container: [long] },
      health("name", false, long),
      { _tag: "Warning", message: long },
      { _tag: "UndoFinished", what: long, how: "restored" },
      { _tag: "UndoFailed", leftover: { what: long, why: long, next: long, recoverable: true } }
    ]
    const style = makeStyle({ color: true, unicode: false, columns: 300 })
    for (const line of show(events, { verbose: true }, style).lines) assert.isAtMost(widthOf(line) - 4, 80)
  })
})

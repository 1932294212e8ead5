/** The report of runs: where the time went, and a page in which no text becomes markup. */
import * as Option from "effect/Option"
import { assert, describe, it } from "vitest"
import type { DeploymentEvent, Emitted } from "../../src/engine/DeploymentEvent.ts"
import { begin, withEvent } from "../../src/engine/RunRecord.ts"
import { eventLine, readEventLine } from "../../src/ui/Json.ts"
import { pageHead, renderPage, type ReportedRun } from "../../src/ui/report/Page.ts"
import { marksOf, spent, timelineOf } from "../../src/ui/report/Timeline.ts"

const at = (millis: number, event: DeploymentEvent): Emitted => ({
  at: 1_700_000_000_000 + millis,
  run: "0123456789ab",
  state: "DEPLOYING",
  event
})

const dns = (right: number): DeploymentEvent => ({
  _tag: "DnsChecked",
  name: "a.io",
  right,
  total: 2,
  detail: ""
})
const deployment = (status: "queued" | "in_progress" | "finished", id = "d1"): DeploymentEvent => ({
  _tag: "DeploymentProgress",
  deployment: id,
  status
})
const health = (ok: boolean): DeploymentEvent => ({
  _tag: "HealthAttempted",
  stage: "origin",
  attempt: 1,
  ok,
  detail: "answered 502"
})
const report = (outcome: "complete" | "rolled-back", more = {}): DeploymentEvent => ({
  _tag: "RunFinished",
  outcome,
  url: null,
  undone: [],
  leftovers: [],
  interrupted: false,
  millis: 9000,
  ...more
})

const failing: ReadonlyArray<Emitted> = [
  at(0, { _tag: "StepStarted", step: "validate" }),
  at(10, { _tag: "StepFinished", step: "validate", millis: 10 }),
  at(1000, { _tag: "StepStarted", step: "provision" }),
  at(1000, { _tag: "ChangeStarted", what: "record a.io A", id: 1 }),
  at(1200, { _tag: "ChangeFinished", id: 1, address: "dns/record a.io A", made: true }),
  at(1300, dns(0)),
  at(1800, dns(1)),
  at(2300, dns(2)),
  at(2300, { _tag: "StepFinished", step: "provision", millis: 1300 }),
  at(2300, { _tag: "StepStarted", step: "deploy" }),
  at(2400, deployment("queued")),
  at(3400, deployment("in_progress")),
  at(5400, deployment("finished")),
  at(5400, { _tag: "StepFinished", step: "deploy", millis: 3100 }),
  at(5400, { _tag: "StepStarted", step: "verify" }),
  at(5500, health(false)),
  at(6500, health(false)),
  at(7000, { _tag: "StateChanged", from: "VERIFYING", to: "ROLLING_BACK" }),
  at(7000, { _tag: "UndoStarted", what: "record a.io A" }),
  at(7500, { _tag: "UndoFinished", what: "record a.io A", how: "removed" }),
  at(9000, report("rolled-back"))
]

/** Times from the beginning on. */
const drawn = (events: ReadonlyArray<Emitted>) => {
  const { from: origin, lanes } = timelineOf(events)
  return lanes.map(({ bars, ended, from, title, to }) => [
    title,
    [from - origin, to - origin, ended],
    ...bars.map(({ label, segments }) => [
      label,
      ...segments.map(({ ended, from, kind, to }) => [from - origin, to - origin, kind, ended])
    ])
  ])
}

describe("the timeline of a run", () => {
  it("tells what was worked on from what was waited for, in its step", () => {
    assert.deepStrictEqual(drawn(failing), [
      ["[1/5] Validate", [0, 10, true]],
      ["Plan, and the answer to it", [10, 1000, true]],
      [
        "[3/5] Provision",
        [1000, 2300, true],
        ["record a.io A", [1000, 1200, "working", true]],
        ["name servers of a.io", [1300, 2300, "waiting", true]]
      ],
      [
        "[4/5] Deploy",
        [2300, 5400, true],
        ["deployment", [2400, 3400, "waiting", true], [3400, 5400, "working", true]]
      ],
      ["[5/5] Verify", [5400, 7000, false], ["answer at the server itself", [5500, 7000, "waiting", false]]],
      ["Rolling back", [7000, 9000, true], ["record a.io A", [7000, 7500, "working", true]]]
    ])
  })

  it("says of a run that was killed that nothing more was seen", () => {
    assert.deepStrictEqual(drawn(failing.slice(0, 4)).at(-1), [
      "[3/5] Provision",
      [1000, 1000, false],
      ["record a.io A", [1000, 1000, "working", false]]
    ])
    assert.deepStrictEqual(timelineOf([]).lanes, [])
  })

  it("claims no queue that was not seen", () => {
    const [lane = assert.fail()] = timelineOf([
      at(0, { _tag: "StepStarted", step: "deploy" }),
      at(0, deployment("queued")),
      at(900, deployment("finished"))
    ]).lanes
    assert.strictEqual(lane.bars[0]?.segments[0]?.says, "queued when it was looked at, then finished")
  })

  it("counts what overlaps once, and marks its axis in round numbers", () => {
    const of = (from: number, to: number) => ({ from, to, kind: "waiting", says: "", ended: true }) as const
    assert.strictEqual(spent({ label: "", segments: [of(5, 9), of(0, 6), of(1, 2)] }, "waiting"), 9)
    for (const [length, says] of [
      [9000, ["0", "2.0 s", "4.0 s", "6.0 s", "8.0 s"]],
      [240_000, ["0", "50.0 s", "1 min 40 s", "2 min 30 s", "3 min 20 s"]],
      [0, ["0", "0.0 s", "0.0 s", "0.0 s", "0.0 s"].slice(0, 1)]
    ] as const) {
      assert.deepStrictEqual(
        marksOf(length).map((mark) => mark.says),
        [...says]
      )
    }
  })
})

const reported = (events: ReadonlyArray<Emitted>, changes: Partial<ReportedRun> = {}): ReportedRun => {
  const [first = assert.fail("no event")] = events
  const facts = {
    command: "apply",
    file: "app.yaml",
    application: "shop",
    project: "p",
    environment: "production",
    coolify: "https://coolify.example.com",
    owner: "default",
    user: "ann",
    machine: "here",
    process: 1,
    fabrik: "0.1.0"
  }
  const record = { ...events.reduce(withEvent, begin(facts, first)), exit: 10 }
  return { record, standing: "ended", events, unread: 0, buildLog: [], containerLog: [], ...changes }
}

const tags = (page: string) => [...page.matchAll(/<(\/?[a-z0-9!-]+)((?:[^>"]|"[^"]*")*)>/gi)]

describe("the page of a report", () => {
  const hostile = `</pre><script src="https://evil.example/x.js"></script>' onmouseover='x' "><img src=x>&amp;\u202e\u001b[31m`

  it("lets no text become markup, and asks nobody for anything", () => {
    const events: ReadonlyArray<Emitted> = [
      at(0, { _tag: "StepStarted", step: "deploy" }),
      at(1, { _tag: "ChangeStarted", what: hostile, id: 1 }),
      at(2, { _tag: "Retrying", what: hostile, why: hostile, delayMillis: 5 }),
      at(3, { _tag: "Warning", message: hostile }),
      at(4, { _tag: "ResourceChanged", system: "dns", kind: hostile, name: hostile, action: "created" }),
      at(5, { _tag: "LogTails", step: "deploy", deployment: [hostile], container: [hostile] }),
      at(
        6,
        report("rolled-back", {
          url: hostile,
          removed: [hostile],
          restored: [hostile],
          deleted: [hostile],
          kept: { made: [hostile], perhaps: [], pages: [] },
          answers: [
            { url: hostile, ok: true, status: 200, detail: hostile, release: hostile, ofThisRun: true }
          ],
          leftovers: [{ what: hostile, why: hostile, next: hostile, recoverable: true }]
        })
      )
    ]
    const run = reported(events, { buildLog: [hostile], containerLog: [hostile] })
    const texts = { application: hostile, project: hostile, file: hostile, coolify: hostile, user: hostile }
    const failure = { step: "deploy", cause: "x", message: hostile, next: hostile } as const
    const record = { ...run.record, ...texts, machine: hostile, fabrik: hostile, failure }
    const page = renderPage([
      { ...run, record },
      { ...run, record }
    ])
    const plain = renderPage([reported(events.slice(0, 1))])
    const known = new Set(
      "!doctype !-- html head meta title style body nav ul li a span main article header h1 small p dl div dt dd section h2 h3 strong pre i table thead tbody tr th td details summary".split(
        " "
      )
    )
    for (const [all, name = "", attributes = ""] of tags(page)) {
      assert.isTrue(known.has(name.replace("/", "")), all)
      for (const [, attribute = ""] of attributes.matchAll(/\s([a-z-]+)="[^"]*"/g)) {
        assert.include(
          [
            "class",
            "id",
            "style",
            "title",
            "href",
            "lang",
            "charset",
            "name",
            "content",
            "http-equiv",
            "scope",
            "colspan"
          ],
          attribute,
          all
        )
      }
    }
    assert.isAbove(tags(page).length, tags(plain).length)
    for (const [, to = ""] of page.matchAll(/href="([^"]*)"/g)) assert.match(to, /^#[0-9a-f]{12}$/)
    for (const none of ["url(", "@import", "\u001b", "\u202e"]) assert.notInclude(page, none)
    assert.include(page, "default-src 'none'")
    assert.include(page, "&lt;/pre&gt;&lt;script src=&quot;https://evil.example/x.js&quot;&gt;")
    assert.isTrue(page.startsWith(pageHead))
  })

  it("shows how it ended, its failure with its logs, and what each thing took", () => {
    const run = reported(failing, {
      buildLog: ["step 1", "step 2"],
      containerLog: ["  fatal: no port"],
      unread: 2
    })
    const failure = { step: "verify", cause: "x", message: "it is not healthy", next: "Mend it." } as const
    const page = renderPage([{ ...run, record: { ...run.record, failure } }])
    const text = page.replace(/<style>[^]*<\/style>/, "").replace(/<[^>]*>/g, " ")
    for (const said of ["failed, put back", "[5/5] Verify failed", "it is not healthy", "Mend it."]) {
      assert.include(text, said)
    }
    assert.match(page, /<pre>\s*  fatal: no port<\/pre\s*>/)
    assert.match(text, /deployment\s+2\.0 s\s+1\.0 s/)
    assert.match(text, /20 events|21 events/)
    assert.include(text, "2 lines of another kind left out")
    assert.include(page, "prefers-color-scheme: dark")
    assert.include(page, 'title="name servers of a.io: 0 of 2 name servers know a.io, 1.0 s"')
  })

  it("is made of what was kept: each event is read as it was written", () => {
    for (const emitted of failing) {
      assert.deepStrictEqual(Option.getOrThrow(readEventLine(eventLine(emitted, "shop"))), emitted)
    }
    for (const line of ["", "{", '{"type":"Cut","why":"more is not kept"}', '{"type":"Error"}', "[1]"]) {
      assert.isTrue(Option.isNone(readEventLine(line)), line)
    }
  })
})

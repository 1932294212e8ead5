/** What a terminal shows of a run while it runs: real screens, and the rules that hold for every state and window. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { assert, describe, expect } from "vitest"
import { Progress, type DeploymentEvent } from "../../src/engine/DeploymentEvent.ts"
import type { Plan } from "../../src/engine/Plan.ts"
import { widthOf } from "../../src/ui/Layout.ts"
import { makeStyle, plainStyle } from "../../src/ui/Style.ts"
import * as Text from "../../src/ui/Text.ts"
import { batchLines } from "../../src/ui/tree/BatchLines.ts"
import { treeLines } from "../../src/ui/tree/Lines.ts"
import { grow, noTree } from "../../src/ui/tree/Tree.ts"
import { makeLiveScreen } from "../support/LiveScreen.ts"
import { failing } from "./Story.ts"

const sizes = [60, 80, 140] as const

/** Plays events at their times, and keeps the screen of each second. */
const played = (
  story: ReadonlyArray<readonly [second: number, event: DeploymentEvent]>,
  size: { readonly columns: number; readonly rows: number }
) =>
  Effect.gen(function* () {
    const { layer, terminal, writes } = makeLiveScreen(size)
    const screens: Array<string> = []
    yield* Effect.gen(function* () {
      const { emit } = yield* Progress
      let now = 0
      for (const [second, event] of story) {
        while (now < second) {
          yield* TestClock.adjust("1 second")
          now += 1
          screens.push(`--- ${now} s\n${terminal.screen().join("\n").trimEnd()}`)
        }
        yield* emit({ at: now * 1000, run: "0123456789ab", state: "DEPLOYING", event })
      }
    }).pipe(Effect.provide(Layer.provide(Text.layer({ quiet: false, verbose: false }), layer)))
    screens.push(`--- the end\n${terminal.everything().join("\n")}`)
    return { text: `${screens.join("\n")}\n`, writes, terminal }
  })

describe("a run on a terminal", () => {
  for (const columns of sizes) {
    it.effect(`is a tree of what runs at ${columns} columns, and is folded to lines`, () =>
      Effect.gen(function* () {
        const { text } = yield* played(failing, { columns, rows: 24 })
        for (const line of text.split("\n")) assert.isBelow(widthOf(line), columns + 1)
        yield* Effect.promise(() =>
          expect(text).toMatchFileSnapshot(`../../fixtures/screens/apply-${columns}.txt`)
        )
      })
    )
  }

  it.effect("draws ten frames a second at most, however much is heard, and none where nothing changes", () =>
    Effect.gen(function* () {
      const { layer, writes } = makeLiveScreen({ columns: 80, rows: 24 })
      yield* Effect.gen(function* () {
        const { emit } = yield* Progress
        const say = (event: DeploymentEvent, at = 0) =>
          emit({ at, run: "0123456789ab", state: "DEPLOYING", event })
        yield* say({ _tag: "StepStarted", step: "deploy" })
        yield* say({ _tag: "DeploymentProgress", deployment: "d", status: "in_progress" })
        const before = writes.length
        for (let line = 0; line < 1000; line += 1) {
          yield* say({ _tag: "DeploymentLog", stream: "stdout", text: `line ${line}` })
          if (line % 100 === 99) yield* TestClock.adjust("100 millis")
        }
        assert.isAtMost(writes.length - before, 11)
        const drawn = writes.length
        yield* TestClock.adjust("400 millis")
        assert.isAtMost(writes.length - drawn, 1)
      }).pipe(Effect.provide(Layer.provide(Text.layer({ quiet: false, verbose: false }), layer)))
    })
  )

  it("hides a secret before its line is cut", () => {
    const style = makeStyle({ color: false, unicode: true, columns: 80 })
    const events: ReadonlyArray<DeploymentEvent> = [
      { _tag: "StepStarted", step: "deploy" },
      { _tag: "DeploymentProgress", deployment: "d", status: "in_progress" },
      { _tag: "DeploymentLog", stream: "stdout", text: `${"x".repeat(20)} hunter2-hunter2` }
    ]
    const tree = events.reduce(
      (seen, event) => grow(seen, { at: 0, run: "r", state: "DEPLOYING", event }),
      noTree
    )
    const hide = (text: string) => text.replaceAll("hunter2-hunter2", "[redacted]")
    for (let columns = 20; columns < 100; columns += 1) {
      const lines = treeLines(tree, { window: { columns, rows: 20 }, now: 5000, style, hide })
      assert.notInclude(lines.join("\n"), "hunter")
    }
  })
})

const planOf = (changes: Plan["changes"]): Plan => ({
  name: "shop",
  domain: null,
  project: "acme",
  environment: "production",
  server: "vps1",
  basis: "observed",
  changes,
  notes: []
})

const text = FastCheck.oneof(
  FastCheck.string({ maxLength: 60 }),
  FastCheck.string({ unit: "binary", maxLength: 60 }),
  FastCheck.constantFrom("✅ built", "日本語のログ", "⚠️ careful", "🇩🇪 🏳️‍🌈", "\u001b[31mred\u001b[0m", "a\nb")
)
const id = FastCheck.integer({ min: 1, max: 40 })
const event: FastCheck.Arbitrary<DeploymentEvent> = FastCheck.oneof(
  FastCheck.constantFrom("validate" as const, "provision" as const, "deploy" as const, "verify" as const).map(
    (step) => ({ _tag: "StepStarted", step, next: ["deploy", "verify"] }) as const
  ),
  FastCheck.array(text, { maxLength: 60 }).map(
    (names) =>
      ({
        _tag: "Planned",
        plan: planOf(
          names.map((name) => ({ system: "dns", kind: "record", name, action: "create", fields: [] }))
        )
      }) as const
  ),
  FastCheck.record({ what: text, id, address: text }).map(
    (one) => ({ _tag: "ChangeStarted", ...one }) as const
  ),
  FastCheck.record({ id, address: text, made: FastCheck.boolean() }).map(
    (one) => ({ _tag: "ChangeFinished", ...one }) as const
  ),
  FastCheck.record({ name: text, right: id, total: id, detail: text, behind: FastCheck.array(text) }).map(
    (one) => ({ _tag: "DnsChecked", ...one }) as const
  ),
  FastCheck.record({ name: text, status: text, ready: FastCheck.boolean() }).map(
    (one) => ({ _tag: "DatabaseChecked", ...one }) as const
  ),
  FastCheck.record({
    deployment: text,
    status: FastCheck.constantFrom(
      "queued" as const,
      "in_progress" as const,
      "finished" as const,
      "failed" as const
    ),
    ahead: id
  }).map((one) => ({ _tag: "DeploymentProgress", ...one }) as const),
  text.map((said) => ({ _tag: "DeploymentLog", stream: "stdout", text: said }) as const),
  FastCheck.record({ host: text, attempt: id, ok: FastCheck.boolean(), detail: text, left: id }).map(
    (one) => ({ _tag: "HealthAttempted", stage: "origin", ...one }) as const
  ),
  FastCheck.record({ what: text, why: text, delayMillis: id }).map(
    (one) => ({ _tag: "Retrying", ...one }) as const
  ),
  FastCheck.record({ what: text, id }).map((one) => ({ _tag: "UndoStarted", ...one }) as const),
  FastCheck.record({ millis: FastCheck.integer({ min: 0, max: 10_000_000 }) }).map(
    (one) => ({ _tag: "Settling", ...one }) as const
  )
)

describe("the lines of the tree", () => {
  it("are never wider than the window, nor more than it has, and tell how many are left out", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(event, { maxLength: 80 }),
        FastCheck.integer({ min: 20, max: 200 }),
        FastCheck.integer({ min: 6, max: 40 }),
        FastCheck.integer({ min: 0, max: 10_000_000 }),
        FastCheck.boolean(),
        (events, columns, rows, now, color) => {
          const tree = events.reduce(
            (seen, event, at) => grow(seen, { at, run: "r", state: "DEPLOYING", event }),
            noTree
          )
          const style = makeStyle({ color, unicode: true, columns })
          const look = { window: { columns, rows }, now, style, hide: (text: string) => text }
          const member = { label: "shop", group: undefined, tree, state: "busy", since: 0 } as const
          const members = Array.from({ length: 50 }, (_, index) => ({
            ...member,
            label: `shop-${index}`,
            group: index % 3 === 0 ? "specs/日本.yaml" : undefined
          }))
          for (const lines of [treeLines(tree, look), batchLines(members, look)]) {
            assert.isBelow(lines.length, rows)
            for (const line of lines) {
              assert.isBelow(widthOf(line), columns)
              assert.notMatch(line, /[\r\n]/)
            }
          }
        }
      ),
      { numRuns: 300 }
    )
  })

  it("leave out what is done before what runs, and say how much", () => {
    const style = makeStyle({ color: false, unicode: true, columns: 80 })
    let tree = grow(noTree, {
      at: 0,
      run: "r",
      state: "PROVISIONING",
      event: { _tag: "StepStarted", step: "provision" }
    })
    const say = (event: DeploymentEvent) => {
      tree = grow(tree, { at: 0, run: "r", state: "PROVISIONING", event })
    }
    for (let id = 1; id <= 30; id += 1) {
      say({ _tag: "ChangeStarted", what: `record ${id}`, id, address: `dns/record ${id}` })
      if (id > 3) say({ _tag: "ChangeFinished", id, address: `dns/record ${id}`, made: true })
    }
    const lines = treeLines(tree, { window: { columns: 80, rows: 10 }, now: 0, style, hide: (text) => text })
    assert.deepStrictEqual(
      lines.map((line) => line.trim().replace(/ {2,}.*/, "")),
      [
        "[3/5] Provision",
        "• record 1",
        "• record 2",
        "• record 3",
        "✓ record 28",
        "✓ record 29",
        "✓ record 30",
        "… and 24 more"
      ]
    )
  })

  it("show what is still to come where there is room for it, and let it go first", () => {
    const record = (name: string) =>
      ({ system: "dns", kind: "record", name, action: "create", fields: [] }) as const
    const told: ReadonlyArray<DeploymentEvent> = [
      {
        _tag: "Planned",
        plan: planOf([
          record("a"),
          record("b"),
          { ...record("c"), action: "unchanged" },
          { ...record("d"), action: "delete" },
          { ...record("PORT"), system: "coolify", kind: "variable" }
        ])
      },
      { _tag: "StepStarted", step: "provision", next: ["deploy", "verify"] }
    ]
    const began: DeploymentEvent = { _tag: "ChangeStarted", what: "record b", id: 1, address: "dns/record b" }
    const linesOf = (events: ReadonlyArray<DeploymentEvent>, rows: number) =>
      treeLines(
        events.reduce((seen, event) => grow(seen, { at: 0, run: "r", state: "PROVISIONING", event }), noTree),
        { window: { columns: 80, rows }, now: 0, style: plainStyle, hide: (one) => one }
      ).map((line) => line.trim())
    const steps = ["[4/5] Deploy ○", "[5/5] Verify ○"]
    const title = "[3/5] Provision"
    assert.deepStrictEqual(linesOf(told, 24), [
      `${title}  comparing with Coolify and DNS`,
      "○ record a",
      "○ record b",
      ...steps
    ])
    // In its place.
    assert.deepStrictEqual(linesOf([...told, began], 24), [title, "○ record a", "• record b", ...steps])
    assert.deepStrictEqual(linesOf([...told, began], 6), [title, "○ record a", "• record b"])
    const more = [2, 3].map((id) => ({ ...began, id, what: `record ${id}`, address: `dns/record ${id}` }))
    assert.deepStrictEqual(linesOf([...told, began, ...more], 6), [
      title,
      "• record b",
      "• record 2",
      "… and 2 more"
    ])
    const undoes: DeploymentEvent = { _tag: "StateChanged", from: "PROVISIONING", to: "ROLLING_BACK" }
    assert.deepStrictEqual(linesOf([...told, began, undoes], 24), ["Rolling back  looking at what is there"])
  })

  it("follow a change by its id, whatever it is called", () => {
    const start = (id: number): DeploymentEvent => ({
      _tag: "ChangeStarted",
      what: "record a.example.com A",
      id,
      address: "dns/record a.example.com A"
    })
    const over: DeploymentEvent = {
      _tag: "ChangeFinished",
      id: 1,
      address: "dns/record a.example.com A",
      made: true
    }
    const tree = [start(1), start(2), over].reduce(
      (seen, event) => grow(seen, { at: 0, run: "r", state: "PROVISIONING", event }),
      noTree
    )
    assert.deepStrictEqual(
      tree.rows.map(({ key, state }) => [key, state]),
      [
        ["#1", "done"],
        ["#2", "running"]
      ]
    )
  })
})

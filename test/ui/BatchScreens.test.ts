/** What a terminal shows of several specs while they run, and once all have come to their end. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { assert, describe, expect } from "vitest"
import type { DeploymentEvent, Outcome, RunFinished } from "../../src/engine/DeploymentEvent.ts"
import { makeBatchText } from "../../src/ui/BatchText.ts"
import { type BatchRow, renderBatch, renderCounts } from "../../src/ui/BatchView.ts"
import { widthOf } from "../../src/ui/Layout.ts"
import { plainStyle } from "../../src/ui/Style.ts"
import { makeLiveScreen } from "../support/LiveScreen.ts"

type Moment = readonly [second: number, label: string, event: DeploymentEvent]

const opening = (label: string): DeploymentEvent => ({
  _tag: "RunStarted",
  command: "apply",
  name: label,
  domain: `${label}.example.com`,
  domains: [`${label}.example.com`],
  mode: "live"
})
const planOf = (label: string): DeploymentEvent => ({
  _tag: "Planned",
  plan: {
    name: label,
    domain: `${label}.example.com`,
    project: "acme",
    environment: "production",
    server: "vps1",
    basis: "observed",
    changes: [{ system: "coolify", kind: "application", name: label, action: "create", fields: [] }],
    notes: []
  }
})
const provisioned = (second: number, label: string, until: number): ReadonlyArray<Moment> => [
  [second, label, { _tag: "StepStarted", step: "provision", next: ["deploy", "verify"] }],
  [
    second,
    label,
    { _tag: "ChangeStarted", id: 1, what: `application ${label}`, address: `coolify/application ${label}` }
  ],
  [
    until,
    label,
    {
      _tag: "ResourceChanged",
      system: "coolify",
      kind: "application",
      name: label,
      action: "created",
      address: `coolify/application ${label}`
    }
  ],
  [until, label, { _tag: "StepFinished", step: "provision", millis: (until - second) * 1000 }],
  [until, label, { _tag: "StepStarted", step: "deploy", next: ["verify"] }],
  [until, label, { _tag: "DeploymentProgress", deployment: label, status: "queued", ahead: 1 }]
]
const finished = (outcome: Outcome, millis: number): typeof RunFinished.Type => ({
  _tag: "RunFinished",
  outcome,
  url: outcome === "complete" ? "https://api.example.com/" : null,
  undone: [],
  leftovers: [],
  interrupted: false,
  millis
})
const labels = ["api", "docs", "a-shop-with-a-long-name", "admin"]
const [api = "", docs = "", shop = "", admin = ""] = labels

/** `admin` needs the shop, which fails. */
const story: ReadonlyArray<Moment> = [
  ...labels.map((label): Moment => [0, label, opening(label)]),
  ...labels.map((label): Moment => [1, label, planOf(label)]),
  ...provisioned(2, api, 4),
  ...provisioned(2, docs, 3),
  ...provisioned(3, shop, 4),
  [4, docs, { _tag: "DeploymentProgress", deployment: docs, status: "in_progress" }],
  [4, docs, { _tag: "DeploymentLog", stream: "stdout", text: "#8 [4/7] RUN npm ci --omit=dev" }],
  [5, docs, { _tag: "StepFinished", step: "deploy", millis: 2000 }],
  [5, docs, { _tag: "StepStarted", step: "verify" }],
  [
    5,
    docs,
    {
      _tag: "HealthAttempted",
      stage: "origin",
      attempt: 1,
      ok: false,
      detail: "answered 502 (Bad Gateway), expected 200",
      left: 9
    }
  ],
  [6, docs, { _tag: "StepFinished", step: "verify", millis: 1000 }],
  [6, docs, finished("complete", 4000)],
  [6, shop, { _tag: "DeploymentProgress", deployment: shop, status: "failed" }],
  [6, shop, { _tag: "Warning", message: "the build ran out of memory" }],
  [6, shop, { _tag: "StateChanged", from: "DEPLOYING", to: "ROLLING_BACK" }],
  [
    6,
    shop,
    { _tag: "UndoStarted", what: `application ${shop}`, id: 1, address: `coolify/application ${shop}` }
  ],
  [
    8,
    shop,
    {
      _tag: "UndoFinished",
      what: `application ${shop}`,
      how: "removed",
      id: 1,
      address: `coolify/application ${shop}`
    }
  ],
  [8, shop, { _tag: "StateChanged", from: "ROLLING_BACK", to: "ROLLED_BACK" }],
  [8, shop, finished("rolled-back", 5000)],
  [9, api, { _tag: "StepFinished", step: "deploy", millis: 5000 }],
  [9, api, { _tag: "StepStarted", step: "verify" }],
  [10, api, { _tag: "StepFinished", step: "verify", millis: 1000 }],
  [10, api, finished("complete", 8000)]
]

const rows: ReadonlyArray<BatchRow> = labels.map((label) => {
  const report = {
    ...finished(label === shop ? "rolled-back" : "complete", 8000),
    _tag: "RunFinished" as const
  }
  return {
    label,
    removes: false,
    result:
      label === admin
        ? { _tag: "Skipped", why: `needs ${shop}, which does not stand` }
        : label === shop
          ? { _tag: "Failed", report, step: "deploy" }
          : { _tag: "Ended", report, answers: true, changes: 1 }
  }
})

describe("several specs on a terminal", () => {
  for (const columns of [60, 80, 140]) {
    it.scoped(`are a row each at ${columns} columns, and a table in the end`, () =>
      Effect.gen(function* () {
        const { layer, region, terminal } = makeLiveScreen({ columns, rows: 24 })
        const screens: Array<string> = []
        yield* Effect.gen(function* () {
          const text = yield* makeBatchText(
            labels.map((label) => ({ label, group: undefined })),
            { quiet: false, verbose: false }
          )
          let now = 0
          for (const [second, label, event] of story.toSorted(([a], [b]) => a - b)) {
            while (now < second) {
              yield* TestClock.adjust("1 second")
              now += 1
              screens.push(`--- ${now} s\n${terminal.screen().join("\n").trimEnd()}`)
              if (now === 2) yield* text.showPlans(new Set(labels))
            }
            yield* text
              .progress(label)
              .emit({ at: now * 1000, run: "0123456789ab", state: "DEPLOYING", event })
          }
        }).pipe(Effect.scoped, Effect.provide(layer))
        region.write(
          `\n${renderBatch(rows, "apply", plainStyle).join("\n")}\n${renderCounts(rows, "apply")}\n`
        )
        screens.push(`--- the end\n${terminal.everything().join("\n")}`)
        const shown = `${screens.join("\n")}\n`
        for (const line of shown.split("\n")) assert.isBelow(widthOf(line), columns + 1)
        yield* Effect.promise(() =>
          expect(shown).toMatchFileSnapshot(`../../fixtures/screens/batch-${columns}.txt`)
        )
      })
    )
  }
})

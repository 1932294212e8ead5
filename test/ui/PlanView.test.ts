import { it } from "@effect/vitest"
import { assert, describe } from "vitest"
import type { Change, Plan } from "../../src/engine/Plan.ts"
import { widthOf } from "../../src/ui/Layout.ts"
import { renderPlan } from "../../src/ui/PlanView.ts"
import { makeStyle, plainStyle } from "../../src/ui/Style.ts"

const change = (partial: Partial<Change>): Change => ({
  system: "coolify",
  kind: "variable",
  name: "LOG_LEVEL",
  action: "create",
  fields: [],
  ...partial
})

const plan = (changes: ReadonlyArray<Change>, more: Partial<Plan> = {}): Plan => ({
  name: "test-api",
  domain: "test-api.example.com",
  project: "fabrik",
  environment: "production",
  server: "vps1",
  basis: "observed",
  changes,
  notes: [],
  ...more
})

const value = (before: string | null, after: string | null, secret = false) => [
  { field: "value", before, after, secret }
]

describe("PlanView", () => {
  it("shows a plan like a diff, with one closing count", () => {
    const lines = renderPlan(
      plan(
        [
          change({ kind: "project", name: "fabrik" }),
          change({
            kind: "application",
            name: "test-api",
            action: "update",
            fields: [
              { field: "port", before: "8000", after: "9000", secret: false },
              { field: "image", before: null, after: "nginx:1.27", secret: false }
            ]
          }),
          change({ fields: value("info", "debug"), action: "update" }),
          change({ name: "API_KEY", fields: value("set", "set", true), action: "update" }),
          change({ name: "DATABASE_URL", fields: value(null, "set", true) }),
          change({ name: "EMPTY", fields: value(null, "") }),
          change({ name: "OLD", action: "delete", fields: value("x", null) }),
          change({ system: "dns", kind: "record", name: "test-api.example.com A", action: "unchanged" })
        ],
        { notes: ["Its volumes are kept."] }
      ),
      [
        { name: "API_KEY", origin: "environment" },
        { name: "DATABASE_URL", origin: "generated" }
      ],
      plainStyle
    )
    assert.deepStrictEqual(lines, [
      "Plan for test-api: project fabrik, environment production, server vps1",
      "",
      "  + project      fabrik",
      "  ~ application  test-api",
      "        port   8000 -> 9000",
      "        image  nginx:1.27",
      "  ~ variable     LOG_LEVEL     info -> debug",
      "  ~ variable     API_KEY       (secret, changed)",
      "  + variable     DATABASE_URL  (secret)",
      '  + variable     EMPTY         ""',
      "  - variable     OLD",
      "",
      "Secrets:",
      "  API_KEY       from the environment",
      "  DATABASE_URL  generated",
      "",
      "Note: Its volumes are kept.",
      "",
      "Plan: 3 to create, 3 to update, 1 to delete."
    ])
  })

  it("says of each secret where its value comes from", () => {
    const said = renderPlan(
      plan([change({})]),
      [
        { name: "A", origin: "env-file" },
        { name: "B", origin: "env-file", file: "deploy/.env" },
        { name: "C", origin: "kept" },
        { name: "D", origin: "kept-unseen" },
        { name: "E", origin: "generated" },
        { name: "F", origin: "missing" }
      ],
      plainStyle
    )
    const from = said.indexOf("Secrets:") + 1
    assert.deepStrictEqual(said.slice(from, from + 6), [
      "  A  from .env",
      "  B  from deploy/.env",
      "  C  kept as the application has it",
      "  D  kept as the application has it (it could not be looked at)",
      "  E  generated",
      "  F  must be given, or stand in the application already"
    ])
  })

  it("says in a sentence that there is nothing to do", () => {
    const nothing = plan([change({ action: "unchanged" })])
    assert.deepStrictEqual(renderPlan(nothing, [], plainStyle), [
      "No changes. test-api is as its specification says."
    ])
    assert.deepStrictEqual(renderPlan(nothing, [], plainStyle, "destroy"), [
      "No changes. There is nothing of test-api that fabrik made."
    ])
  })

  it("says that it assumes", () => {
    const lines = renderPlan(plan([change({})], { basis: "assumed" }), [], plainStyle)
    assert.include(lines.join("\n"), "No credentials are set")
  })

  it("never shows the values of a secret, even if it is handed them", () => {
    const fields = value("hunter1", "hunter2", true)
    const text = (["create", "update", "delete"] as const)
      .flatMap((action) => renderPlan(plan([change({ action, fields })]), [], plainStyle))
      .join("\n")
    assert.notInclude(text, "hunter")
  })

  it("fits 80 columns and lets nothing out of a value", () => {
    const hostile = `\u001b[2J${"long ".repeat(60)}\n::error::${"x".repeat(200)}`
    const style = makeStyle({ color: true, unicode: true, columns: 200 })
    const lines = renderPlan(
      plan(
        [change({ name: hostile, fields: value(null, hostile) }), change({ kind: "record", name: hostile })],
        {
          project: hostile,
          notes: [hostile]
        }
      ),
      [],
      style
    )
    for (const line of lines) {
      assert.isAtMost(widthOf(line), 80)
      assert.notInclude(line, "\u001b[2J")
    }
  })
})

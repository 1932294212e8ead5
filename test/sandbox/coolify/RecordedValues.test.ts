/** Every row of the table that was measured on a real Coolify, against the sandbox. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Harness from "./Harness.ts"

const table = fileURLToPath(new URL("../../../../shared/data/coolify-recorded/values.tsv", import.meta.url))

interface Row {
  readonly name: string
  readonly sent: string
  readonly stored: string | null
  /** Without flags, and literal; `null`: not looked at. */
  readonly real: readonly [string | null, string | null]
  /** No flag, literal, multiline, both: `exact`, another value in quotes, `!BREAKS`, or nothing where it was not tried. */
  readonly arrived: ReadonlyArray<string>
}

const isLong = (cell: string) => /…\(\d+ characters\)$/.test(cell)

const rows: ReadonlyArray<Row> = !existsSync(table)
  ? []
  : readFileSync(table, "utf8")
      .split("\n")
      .slice(1)
      .filter((line) => line !== "")
      .map((line) => line.split("\t"))
      .filter((cells) => !cells.slice(1, 9).some(isLong))
      .map(([name = "", sent = "", stored = "", plain = "", literal = "", ...arrived]) => ({
        name,
        sent: JSON.parse(sent) as string,
        stored: JSON.parse(stored) as string | null,
        real: [JSON.parse(plain) as string | null, JSON.parse(literal) as string | null],
        arrived: arrived.slice(0, 4)
      }))

const flags = [
  { is_literal: false, is_multiline: false },
  { is_literal: true, is_multiline: false },
  { is_literal: false, is_multiline: true },
  { is_literal: true, is_multiline: true }
]

if (rows.length === 0) process.stderr.write(`RecordedValues: skipped, there is no ${table}\n`)

const keyOf = (name: string) => `V_${name}`

interface Shown {
  readonly key: string
  readonly value: string | null
  readonly real_value: string | null
  readonly is_preview: boolean
}

describe.skipIf(rows.length === 0)("a value that a real Coolify was sent", () => {
  const setUp = Effect.gen(function* () {
    const harness = yield* Harness.make()
    const { send, api, application } = harness
    const put = (uuid: string, some: ReadonlyArray<Row>, flag: (typeof flags)[number]) =>
      Effect.gen(function* () {
        const data = some.map(({ name, sent }) => ({ key: keyOf(name), value: sent, ...flag }))
        const answer = yield* send("PATCH", `/applications/${uuid}/envs/bulk`, { body: { data } })
        assert.strictEqual(answer.status, 201)
        const shown: ReadonlyArray<Shown> = (yield* send("GET", `/applications/${uuid}/envs`)).json
        return new Map(shown.filter((row) => !row.is_preview).map((row) => [row.key, row]))
      })
    const container = (uuid: string) =>
      Effect.map(api.world, ({ containers }) => containers.find((one) => one.application === uuid))
    return { ...harness, put, container, application: application() }
  })

  for (const [index, flag] of flags.entries()) {
    const tried = rows.filter(({ arrived }) => (arrived[index] ?? "") !== "")
    const named = `${flag.is_literal ? "literal" : "not literal"}, ${flag.is_multiline ? "multiline" : "not multiline"}`

    it.scoped(`is stored, shown and read by the sandbox as there: ${named}`, () =>
      Effect.gen(function* () {
        const { put, container, application, deploy, outcome, settle } = yield* setUp
        const good = tried.filter(({ arrived }) => !arrived[index]?.startsWith("!BREAKS"))
        assert.isAbove(good.length, 40)
        const uuid = yield* application
        const shown = yield* put(uuid, good, flag)
        for (const { name, stored, real } of good) {
          const row = shown.get(keyOf(name))
          // That row was not looked at before it was deleted, so that null stands for it.
          if (name !== "w_var_req") assert.strictEqual(row?.value, stored, name)
          const expected = real[index === 0 ? 0 : 1]
          if (expected !== null) assert.strictEqual(row?.real_value, expected, name)
        }
        const deployment = yield* deploy(uuid)
        yield* settle
        assert.strictEqual(yield* outcome(deployment), "finished")
        const env = (yield* container(uuid))?.env
        for (const { name, sent, arrived } of good) {
          const expected = arrived[index] ?? ""
          assert.strictEqual(env?.[keyOf(name)], expected === "exact" ? sent : JSON.parse(expected), name)
        }
      })
    )

    it.scoped(`fails a deployment of the sandbox as there: ${named}`, () =>
      Effect.gen(function* () {
        const { put, container, application, deploy, outcome, settle, send } = yield* setUp
        const uuid = yield* application
        const bad = tried.filter(({ arrived }) => arrived[index]?.startsWith("!BREAKS") === true)
        assert.isAbove(bad.length, 2)
        for (const row of bad) {
          const [key = ""] = (yield* put(uuid, [row], flag)).keys()
          const deployment = yield* deploy(uuid)
          yield* settle
          assert.strictEqual(yield* outcome(deployment), "failed", row.name)
          assert.isUndefined(yield* container(uuid), row.name)
          const logs = (yield* send("GET", `/deployments/${deployment}`)).json.logs
          const visible = (JSON.parse(logs) as ReadonlyArray<{ output: string; hidden: boolean }>)
            .filter(({ hidden }) => !hidden)
            .map(({ output }) => output)
            .join("\n")
          const [, text] = /^!BREAKS the deployment: (.*)$/.exec(row.arrived[index] ?? "") ?? []
          const said = /\/\.env: (.*)$/m.exec(visible)?.[1]
          if (text === undefined) assert.isDefined(said, row.name)
          else assert.strictEqual(said, text, row.name)
          for (const one of (yield* send("GET", `/applications/${uuid}/envs`)).json) {
            if (one.key === key) yield* send("DELETE", `/applications/${uuid}/envs/${one.uuid}`)
          }
        }
      })
    )
  }
})

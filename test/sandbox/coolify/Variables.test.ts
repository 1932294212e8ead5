import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Harness from "./Harness.ts"

interface Row {
  readonly uuid: string
  readonly key: string
  readonly value?: string | null
  readonly is_preview: boolean
  readonly is_literal: boolean
  readonly is_buildtime: boolean
  readonly comment: string | null
}

const setup = Effect.gen(function* () {
  const harness = yield* Harness.make()
  const path = `/applications/${yield* harness.application()}/envs`
  const list = Effect.map(harness.send("GET", path), (answer): ReadonlyArray<Row> => answer.json)
  const own = (key: string) =>
    Effect.map(list, (rows) => rows.find((row) => row.key === key && !row.is_preview)!)
  return { ...harness, path, list, own }
})

describe("environment variables", () => {
  it.scoped("bring a preview twin along that later changes do not reach", () =>
    Effect.gen(function* () {
      const { send, path, list, own } = yield* setup
      const made = yield* send("POST", path, { body: { key: "A", value: "1", comment: "why" } })
      assert.strictEqual(made.status, 201)
      assert.deepStrictEqual(Object.keys(made.json), ["uuid"])
      yield* send("POST", path, { body: { key: "B", value: "2" } })
      const shown = (rows: ReadonlyArray<Row>) => rows.map((row) => [row.key, row.value, row.is_preview])
      assert.deepStrictEqual(shown(yield* list), [
        ["A", "1", false],
        ["B", "2", false],
        ["A", "1", true],
        ["B", "2", true]
      ])
      assert.deepInclude(yield* own("A"), { comment: "why", is_buildtime: true, is_literal: false })
      yield* send("PATCH", path, { body: { key: "A", value: "9" } })
      yield* send("DELETE", `${path}/${(yield* own("B")).uuid}`)
      assert.deepStrictEqual(shown(yield* list), [
        ["A", "9", false],
        ["A", "1", true],
        ["B", "2", true]
      ])
      yield* send("POST", path, { body: { key: "C", value: "p", is_preview: true } })
      assert.strictEqual((yield* list).filter((row) => row.key === "C").length, 1)
    })
  )

  it.scoped("leave values out for a token without read:sensitive, and shown-once ones even for root", () =>
    Effect.gen(function* () {
      const { send, path } = yield* setup
      yield* send("POST", path, { body: { key: "A", value: "canary", comment: "v1" } })
      yield* send("POST", path, { body: { key: "ONCE", value: "canary", is_shown_once: true } })
      const plain = yield* send("GET", path, { token: Harness.bearer.plain })
      assert.notInclude(plain.text, "canary")
      assert.notProperty(plain.json[0], "value")
      assert.notProperty(plain.json[0], "real_value")
      assert.strictEqual(plain.json[0].comment, "v1")
      const root = (yield* send("GET", path, { token: Harness.bearer.root })).json
      assert.strictEqual(root[0].value, "canary")
      assert.notProperty(root[1], "value")
      const patched = yield* send("PATCH", path, {
        body: { key: "A", value: "canary2" },
        token: Harness.bearer.write
      })
      assert.strictEqual(patched.status, 201)
      assert.notInclude(patched.text, "canary")
    })
  )

  it.scoped("refuse a key that is there, one that is not, and bad fields", () =>
    Effect.gen(function* () {
      const { send, path } = yield* setup
      yield* send("POST", path, { body: { key: "A", value: "1" } })
      const again = yield* send("POST", path, { body: { key: "A", value: "1" } })
      assert.deepStrictEqual(
        [again.status, again.json.message],
        [409, "Environment variable already exists. Use PATCH request to update it."]
      )
      assert.strictEqual((yield* send("PATCH", path, { body: { key: "Z", value: "1" } })).status, 404)
      assert.strictEqual((yield* send("DELETE", `${path}/nope`)).status, 404)
      const bad: ReadonlyArray<readonly [object, string]> = [
        [{ value: "1" }, "key"],
        [{ key: "1A", value: "1" }, "key"],
        [{ key: "A-B", value: "1" }, "key"],
        [{ key: "A", value: 1 }, "value"],
        [{ key: "A", comment: "x".repeat(257) }, "comment"],
        [{ key: "A", is_build_time: true }, "is_build_time"],
        [{ key: "A", uuid: "x" }, "uuid"]
      ]
      for (const [body, field] of bad) {
        for (const method of ["POST", "PATCH"]) {
          const answer = yield* send(method, path, { body })
          assert.strictEqual(answer.status, 422, `${method} ${field}`)
          assert.deepStrictEqual(Object.keys(answer.json.errors), [field])
        }
      }
      const bulk = yield* send("PATCH", `${path}/bulk`, { body: { data: [{ key: "no good" }] } })
      assert.strictEqual(bulk.status, 422)
      assert.strictEqual((yield* send("PATCH", `${path}/bulk`, { body: { dta: [] } })).status, 400)
    })
  )

  it.scoped("lose what PATCH does not send, but for comment and the two scopes", () =>
    Effect.gen(function* () {
      const { send, path, own } = yield* setup
      const body = { key: "A", value: "1", is_literal: true, is_buildtime: false, comment: "kept" }
      yield* send("POST", path, { body })
      const changed = yield* send("PATCH", path, { body: { key: "A" } })
      assert.strictEqual(changed.status, 201)
      assert.deepInclude(yield* own("A"), {
        value: null,
        is_literal: false,
        is_buildtime: false,
        comment: "kept"
      })
      yield* send("POST", path, { body: { key: "M", value: "a\nb", is_multiline: true } })
      assert.strictEqual((yield* send("PATCH", path, { body: { key: "M", value: "c" } })).status, 500)
      assert.strictEqual((yield* own("M")).value, "a\nb")
      const full = { key: "M", value: "c", is_multiline: true }
      assert.strictEqual((yield* send("PATCH", path, { body: full })).status, 201)
    })
  )

  it.scoped("are upserted in bulk, in order, until the first bad one", () =>
    Effect.gen(function* () {
      const { send, path, list } = yield* setup
      yield* send("POST", path, { body: { key: "A", value: "1" } })
      const data = [
        { key: "B", value: "2", is_build_time: true },
        { key: "A", value: "3" }
      ]
      const done = yield* send("PATCH", `${path}/bulk`, { body: { data } })
      assert.strictEqual(done.status, 201)
      assert.deepStrictEqual(
        done.json.map((row: Row) => [row.key, row.value]),
        [
          ["B", "2"],
          ["A", "3"]
        ]
      )
      const broken = [
        { key: "C", value: "4" },
        { key: "bad key", value: "5" },
        { key: "D", value: "6" }
      ]
      assert.strictEqual((yield* send("PATCH", `${path}/bulk`, { body: { data: broken } })).status, 422)
      const keys = (yield* list).filter((row) => !row.is_preview).map((row) => row.key)
      assert.deepStrictEqual(keys, ["A", "B", "C"])
      const twice = [
        { key: "E", value: "1" },
        { key: "E", value: "2" }
      ]
      yield* send("PATCH", `${path}/bulk`, { body: { data: twice } })
      const rows = (yield* list).filter((row) => row.key === "E")
      assert.deepStrictEqual(
        rows.map((row) => [row.value, row.is_preview]),
        [
          ["1", false],
          ["2", false],
          ["1", true]
        ]
      )
    })
  )
})

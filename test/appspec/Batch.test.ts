import * as Either from "effect/Either"
import { assert, describe, it } from "vitest"
import { link, targeted } from "../../src/appspec/Batch.ts"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"

const subject = (file: string, text: string) => ({
  file,
  text,
  spec: Either.getOrThrow(parseSpec(text, file))
})

const worker = (name: string, more = "") =>
  subject(`${name}.yaml`, `name: ${name}\ndomain: none\nsource: { image: "nginx:1.27" }\n${more}`)

const linked = (...subjects: ReadonlyArray<ReturnType<typeof subject>>) => Either.getOrThrow(link(subjects))

const refused = (...subjects: ReadonlyArray<ReturnType<typeof subject>>) =>
  Either.getOrThrow(Either.flip(link(subjects))).map(({ message }) => message.split("\n")[0])

describe("several specs", () => {
  it("go after what they need, in whatever order they were given", () => {
    const all = linked(worker("web", "needs: [api, db]\n"), worker("api", "needs: [db]\n"), worker("db"))
    assert.deepStrictEqual(
      all.map(({ after, label }) => [label, after]),
      [
        ["web", [1, 2]],
        ["api", [2]],
        ["db", []]
      ]
    )
  })

  it("may need one that is not among them, which is told with a name that is near", () => {
    const [web] = linked(worker("web", "needs: [apl]\n"), worker("api"))
    assert.deepStrictEqual(web?.missing, [{ name: "apl", near: "api" }])
  })

  it("tell namesakes apart, and need the one that is nearby", () => {
    const all = linked(
      worker("api"),
      worker("api", "environment: staging\n"),
      worker("web", "environment: staging\nneeds: [api]\n")
    )
    assert.deepStrictEqual(
      all.map(({ after, label }) => [label, after]),
      [
        ["production/api", []],
        ["staging/api", []],
        ["web", [1]]
      ]
    )
  })

  it("go after those whose databases they use", () => {
    const all = linked(
      worker("worker", "databases: { main: { use: api-main } }\n"),
      worker("api", "databases: { main: postgres:17 }\n")
    )
    assert.deepStrictEqual(all[0]?.uses, [{ of: 1, database: "api-main" }])
    assert.deepStrictEqual(all[0]?.after, [1])
  })

  it("are refused with the place where they clash", () => {
    assert.deepStrictEqual(refused(worker("api"), { ...worker("api"), file: "b.yaml" }), [
      "b.yaml:1:1: `api.yaml` is the same application: fabrik/production/api"
    ])
    const at = (name: string) =>
      subject(
        `${name}.yaml`,
        `name: ${name}\ndomain: x.example.com\nsource: { image: "nginx:1.27" }\nport: 80\n`
      )
    assert.deepStrictEqual(refused(at("a"), at("b")), ["b.yaml:2:1: `a.yaml` answers at x.example.com too"])
    assert.deepStrictEqual(
      refused(
        worker("api"),
        worker("api", "environment: staging\n"),
        worker("web", "project: other\nneeds: [api]\n")
      ),
      ["web.yaml:5:1: several specs are called api: api.yaml, api.yaml"]
    )
  })

  it("are refused with the way of a round", () => {
    assert.deepStrictEqual(
      refused(worker("a", "needs: [b]\n"), worker("b", "needs: [c]\n"), worker("c", "needs: [b]\n")),
      ["b.yaml:4:1: what the specs need goes round: b -> c -> b"]
    )
    assert.deepStrictEqual(refused(worker("a", "needs: [a]\n")), ["a.yaml:4:1: a cannot need itself"])
  })

  it("are chosen together with all that they need", () => {
    const all = linked(
      worker("web", "needs: [api]\n"),
      worker("api", "needs: [db]\n"),
      worker("db"),
      worker("cron")
    )
    assert.deepStrictEqual([...Either.getOrThrow(targeted(all, ["web"]))].toSorted(), [0, 1, 2])
    assert.deepStrictEqual(targeted(all, ["wep"]), Either.left("wep"))
  })
})

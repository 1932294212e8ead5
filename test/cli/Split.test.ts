import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import type { Linked, Subject } from "../../src/appspec/Batch.ts"
import { filesOf, split } from "../../src/cli/remote/Split.ts"
import { spec } from "../orchestrator/Samples.ts"

const linked = (
  name: string,
  file: string,
  more: Partial<Pick<Linked<Subject>, "after" | "uses" | "together">> = {}
): Linked<Subject> => ({
  subject: { file, text: `name: ${name}\n`, spec: { ...spec, name } },
  label: name,
  after: [],
  uses: [],
  together: [],
  missing: [],
  ...more
})

const labels = (parts: ReturnType<typeof split<Subject>>) =>
  parts.map(({ links }) => links.map(({ label }) => label))

describe("specs that are handed over", () => {
  const links = [
    linked("web", "a/web.yaml", { after: [2] }),
    linked("lone", "b.yaml"),
    linked("api", "a/api.yaml", { uses: [{ of: 4, database: "main" }] }),
    linked("job", "c.yaml"),
    linked("data", "d.yaml"),
    linked("job-worker", "c.yaml")
  ]

  it("go alone, but for those that one another needs", () => {
    assert.deepStrictEqual(labels(split(links, false)), [
      ["web", "api", "data"],
      ["lone"],
      ["job", "job-worker"]
    ])
  })

  it("go all together where they are to stand or fall", () => {
    assert.deepStrictEqual(labels(split(links, true)), [links.map(({ label }) => label)])
  })

  it("take the files beside them along, each from its own folder", () => {
    const beside = (name: string, file: string, content: string): Subject => ({
      file,
      text: `name: ${name}\n`,
      spec: {
        ...spec,
        name,
        files: [
          { path: "/etc/app.conf", from: "conf/app.conf", content: Redacted.make(content), losesBreak: false }
        ]
      }
    })
    const found = filesOf([beside("a", "../x/app.yaml", "one"), beside("b", "/y/app.yaml", "two")])
    assert.deepStrictEqual(found.specs, ["1/app.yaml", "2/app.yaml"])
    assert.deepStrictEqual(found.files, [
      { path: "1/app.yaml", text: "name: a\n" },
      { path: "1/conf/app.conf", text: "one" },
      { path: "2/app.yaml", text: "name: b\n" },
      { path: "2/conf/app.conf", text: "two" }
    ])
  })
})

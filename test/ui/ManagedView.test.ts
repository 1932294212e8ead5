import { assert, describe, it } from "@effect/vitest"
import { renderManaged, renderOthers } from "../../src/ui/ManagedView.ts"
import { renderReleases } from "../../src/ui/ReleasesView.ts"
import { makeStyle, plainStyle } from "../../src/ui/Style.ts"
import type { Managed } from "../../src/orchestrator/Managed.ts"

const api: Managed = {
  project: "fabrik",
  environment: "production",
  name: "api",
  uuid: "u1",
  domains: ["https://api.example.com"],
  status: "running:healthy",
  server: "vps1",
  key: "0123456789abcdef",
  createdBy: "000000000001",
  ours: true
}
const long: Managed = {
  ...api,
  name: "a-rather-long-name-of-an-application",
  status: "exited",
  project: null
}

describe("renderManaged", () => {
  it("is a table where it fits", () => {
    assert.deepStrictEqual(renderManaged([api, { ...api, name: "worker", domains: [] }], plainStyle), [
      "NAME    WHERE              STATUS           URL",
      "api     fabrik/production  running:healthy  https://api.example.com",
      "worker  fabrik/production  running:healthy  (no domain)"
    ])
    assert.deepStrictEqual(renderManaged([], plainStyle), [])
  })

  it("is told in lines where it does not, and never wider than the screen", () => {
    const narrow = makeStyle({ color: false, unicode: true, columns: 40 })
    const lines = renderManaged([api, { ...long, name: "x\u001b[2Jy" }], narrow)
    assert.deepStrictEqual(lines, [
      "api",
      "  fabrik/production",
      "  running:healthy",
      "  https://api.example.com",
      "xy",
      "  ?",
      "  exited",
      "  https://api.example.com"
    ])
  })

  it("counts what is left out", () => {
    assert.match(renderOthers(1), /^1 application more carries .* it\.$/)
    assert.match(renderOthers(2), /^2 applications more carry .* them\.$/)
  })
})

describe("renderReleases", () => {
  it("lists the newest first, with what each deployed", () => {
    const text = (tag: string) =>
      `name: a\ndomain: a.example.com\nport: 80\nsource: { image: "nginx:${tag}" }\n`
    const one = { release: "000000000001", at: 0, text: text("1") }
    const two = { release: "000000000002", at: 60_000, text: text("2"), backTo: "000000000001" }
    assert.deepStrictEqual(renderReleases([one, two, { ...one, text: "{" }], one, plainStyle), [
      "000000000001  1970-01-01 00:00 UTC  a spec that this fabrik does not understand",
      "                                    (present)",
      "000000000002  1970-01-01 00:01 UTC  nginx:2 (back to 000000000001)",
      "000000000001  1970-01-01 00:00 UTC  nginx:1 (`fabrik rollback` goes here)"
    ])
  })
})

import { assert, describe, it } from "@effect/vitest"
import type { Spec } from "../../src/appspec/Spec.ts"
import { planNotes } from "../../src/orchestrator/PlanNotes.ts"
import { desired, empty, spec, zone } from "./Samples.ts"

const notes = (changes: Partial<Spec>, provider = "cloudflare") =>
  planNotes(
    desired({ ...spec, ...changes }),
    {
      ...empty,
      dns: (changes.domains ?? []).map((name) => ({ name, provider, comments: true, zone, recordSets: [] }))
    },
    { deploys: true, replaces: false, drifted: false }
  ).join()

describe("planNotes", () => {
  it("says before anything is sent that a deep name has no certificate at Cloudflare's proxy", () => {
    const proxied = { ...spec.dns, proxied: true }
    const deep = notes({ domains: ["a.b.example.com"], dns: proxied })
    assert.match(deep, /covers example\.com and one label below it, not a\.b\.example\.com/)
    assert.match(deep, /a domain like a-b\.example\.com/)
    for (const domain of ["example.com", "a.example.com"]) {
      assert.notMatch(notes({ domains: [domain], dns: proxied }), /Universal SSL/)
    }
    assert.notMatch(notes({ domains: ["a.b.example.com"] }), /Universal SSL/)
    assert.notMatch(notes({ domains: ["a.b.example.com"], dns: proxied }, "memory"), /Universal SSL/)
  })
})

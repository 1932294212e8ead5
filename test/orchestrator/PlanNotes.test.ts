import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import type { Spec } from "../../src/appspec/Spec.ts"
import { planNotes } from "../../src/orchestrator/PlanNotes.ts"
import type { Observed } from "../../src/orchestrator/Observe.ts"
import { application, desired, empty, spec, variable, zone } from "./Samples.ts"

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

  it("says that an update brings what a branch has by now", () => {
    const of = (
      commit: string,
      deploys: boolean,
      observed: Partial<Observed> = { application: application() }
    ) =>
      planNotes(
        desired({
          ...spec,
          source: {
            _tag: "Git",
            repository: "https://github.com/acme/shop",
            branch: "main",
            commit,
            buildPack: "nixpacks",
            baseDirectory: "/",
            dockerfile: "/Dockerfile"
          }
        }),
        { ...empty, dns: [], ...observed },
        { deploys, replaces: false, drifted: false }
      ).join("\n")
    const newest = /The newest commit of main is deployed/
    assert.match(of("HEAD", true), newest)
    assert.notMatch(of("HEAD", false), newest)
    assert.match(of("HEAD", false), /New commits on main are not looked for/)
    assert.notMatch(of("0123456789abcdef0123456789abcdef01234567", true), newest)
    assert.notMatch(of("HEAD", true, {}), newest, "a first one has no other")
  })

  it("says what can be seen without a domain, and what cannot without credentials", () => {
    const said = (observed: Partial<Observed>, changes: Partial<Spec> = { domains: [] }) =>
      planNotes(
        desired({ ...spec, healthcheck: { ...spec.healthcheck, container: false }, ...changes }),
        { ...empty, dns: [], ...observed },
        { deploys: true, replaces: false, drifted: false }
      ).join("\n")
    assert.match(said({}), /^It has no domain: nobody outside can ask it/)
    assert.notMatch(said({}), /healthcheck\.container|DNS provider/)
    assert.match(said({ recordsUnseen: true }), /whether it left a record could not be looked at/)
    const update = said({ application: application({ ...spec, domains: [] }) })
    assert.match(update, /Should the new one crash, none runs until/)
    assert.notMatch(update, /the site|off the air/)
    assert.match(said({ application: application() }), /https:\/\/api\.example\.com goes off the air/)
    assert.notMatch(said({ application: application() }, {}), /off the air/)
  })

  it("says where Coolify puts shared variables in, and shows nothing of a secret", () => {
    const holding = (key: string, text: string) => ({
      ...variable(key, text, ""),
      value: Redacted.make(text)
    })
    const said = planNotes(
      desired(
        { ...spec, secrets: ["PASSWORD"] },
        {
          variables: [
            holding("MAIL", "smtp://{{team.SMTP_HOST}}:{{ project.PORT }}"),
            holding("PASSWORD", "{{team.MINE}}"),
            holding("TEXT", "{{ user.name }} {{.Env.HOME}}")
          ]
        }
      ),
      { ...empty, dns: [] },
      { deploys: true, replaces: false, drifted: false }
    ).join("\n")
    assert.include(said, "Coolify puts its own team.SMTP_HOST, project.PORT into MAIL with each deployment.")
    assert.include(said, "Coolify puts its own shared variables into PASSWORD")
    assert.notMatch(said, /MINE|TEXT/)
  })
})

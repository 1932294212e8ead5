import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { applicationMark, recordMark, specDigest, releaseVariable } from "../../src/orchestrator/Desired.ts"
import { releaseComment } from "../../src/kinds/VariableComment.ts"
import type { Observed } from "../../src/orchestrator/Observe.ts"
import { countActions, hasChanges } from "../../src/engine/Plan.ts"
import { reconcile, type ReconcileOptions } from "../../src/orchestrator/Reconcile.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import {
  domain,
  application,
  desired,
  empty,
  firstRun,
  secondRun,
  server,
  spec,
  variable
} from "./Samples.ts"

const options: ReconcileOptions = { offline: false, skipDeploy: false, redeploy: false }
const comment = (digit: string) => `fabrik ${digit.repeat(32)}`

const variables = [
  { ...variable("API_KEY", "k", comment("a")), value: Redacted.make("k") },
  { ...variable("LOG_LEVEL", "info", comment("b")), value: Redacted.make("info") }
]
const wanted = desired(spec, { variables })

const releaseRow = (digest: string) =>
  variable("FABRIK_RELEASE", firstRun, releaseComment(firstRun, digest, false))

/** The world that a first apply of `spec` leaves. */
const settled: Observed = {
  ...empty,
  project: { uuid: "prj", id: 1, name: "fabrik", description: "" },
  environmentExists: true,
  application: application(),
  variables: [...variables, releaseRow("0".repeat(16))],
  dns: empty.dns.map((found) => ({
    ...found,
    recordSets: [
      {
        name: domain,
        type: "A",
        ttl: undefined,
        values: [server.ip],
        proxied: false,
        comment: recordMark("default", spec, firstRun)
      }
    ]
  }))
}

const plan = (observed: Observed, of = wanted, opts = options) =>
  Either.getOrThrow(reconcile(of, observed, opts))
const refusal = (observed: Observed, of = wanted) =>
  Either.getOrThrow(Either.flip(reconcile(of, observed, options)))

it("refuses more volumes than the comment of a release can name", () => {
  const named = (count: number): Spec => ({
    ...spec,
    volumes: Array.from({ length: count }, (_, index) => ({ name: `v${index}`, path: `/v${index}` }))
  })
  plan(empty, desired(named(30)))
  assert.match(
    refusal(empty, desired(named(60))).message,
    /more volumes, files, schedules and settings than fabrik can note down/
  )
})

describe("a first apply", () => {
  it("creates everything and sets the release to the run", () => {
    const first = plan(empty)
    assert.deepStrictEqual(countActions(first.plan), {
      create: 7,
      update: 0,
      replace: 0,
      delete: 0,
      unchanged: 0
    })
    assert.isTrue(first.createProject)
    assert.isFalse(first.createEnvironment, "a new project brings its production environment")
    assert.isTrue(first.deploy)
    assert.strictEqual(first.release, secondRun)
    assert.deepStrictEqual(
      first.variables.put.map(({ key }) => key),
      ["API_KEY", "LOG_LEVEL", "FABRIK_RELEASE"]
    )
  })

  it("shows plain values and never secret ones", () => {
    const text = JSON.stringify(plan(empty).plan)
    assert.include(text, '"info"')
    assert.notInclude(text, '"k"')
  })
})

describe("a second apply", () => {
  it("finds nothing to do and keeps the release", () => {
    const second = plan(settled)
    assert.isFalse(hasChanges(second.plan))
    assert.isFalse(second.deploy)
    assert.strictEqual(second.release, firstRun)
    assert.deepStrictEqual(second.variables, { put: [], remove: [] })
    assert.strictEqual(second.application._tag, "Keep")
    assert.strictEqual(second.records[0]?._tag, "Keep")
  })

  it("compares by the digest in the comment when values are hidden", () => {
    const hidden = { ...settled, variables: settled.variables.map((row) => ({ ...row, value: undefined })) }
    assert.isFalse(hasChanges(plan(hidden).plan))
    const rotated = desired(spec, { variables: [{ ...variables[0]!, comment: comment("c") }, variables[1]!] })
    assert.strictEqual(refusal(hidden, rotated).reason, "Unrestorable")
  })

  it("takes a value that differs in a blank for another one", () => {
    const row = { ...variables[1]!, value: Redacted.make("info ") }
    const observed = { ...settled, variables: [variables[0]!, row, ...settled.variables.slice(2)] }
    assert.deepStrictEqual(
      plan(observed).variables.put.map(({ key }) => key),
      ["LOG_LEVEL", "FABRIK_RELEASE"]
    )
  })

  it("refuses a secret that would not arrive, with where it comes from and without showing it", () => {
    const origins = [
      ["given", "API_KEY (from the command line)"],
      ["environment", "API_KEY (from the environment)"],
      ["env-file", "API_KEY (from the env file)"],
      ["stored", "API_KEY (kept by an earlier run)"]
    ] as const
    for (const [origin, named] of origins) {
      for (const value of [
        "hunter2's",
        "hunter2\n",
        " hunter2",
        "hunter2\\",
        '{"hunter2":"$HOME"}',
        "hunter2\0"
      ]) {
        const secret = { ...variables[0]!, value: Redacted.make(value) }
        const wanted = desired(spec, {
          variables: [secret, variables[1]!],
          secrets: [{ name: "API_KEY", value: secret.value, origin }]
        })
        const { reason, detail, next } = refusal(settled, wanted)
        assert.strictEqual(reason, "Unsendable")
        assert.isTrue(detail.startsWith(`${named} `), detail)
        assert.notInclude(detail + next, "hunter2")
      }
    }
  })

  it("leaves a value alone that would not arrive, when nobody gave it and the application has it already", () => {
    const secret = { ...variables[0]!, value: Redacted.make('{"a":"$HOME"}') }
    const wanted = desired(spec, {
      variables: [secret, variables[1]!],
      secrets: [{ name: "API_KEY", value: secret.value, origin: "stored" }]
    })
    const observed = { ...settled, variables: [secret, ...settled.variables.slice(1)] }
    assert.isFalse(hasChanges(plan(observed, wanted).plan))
  })

  it("deploys again only when asked, or when it was stopped", () => {
    assert.isTrue(plan(settled, wanted, { ...options, redeploy: true }).deploy)
    assert.isTrue(plan({ ...settled, application: application(spec, { status: "exited:unhealthy" }) }).deploy)
  })
})

describe("an update", () => {
  it("names exactly the fields that differ, old and new", () => {
    const observed = {
      ...settled,
      application: application({ ...spec, source: { _tag: "Image", name: "nginx", tag: "1.26" } })
    }
    const update = plan(observed)
    const change = update.plan.changes.find(({ kind }) => kind === "application")
    assert.deepStrictEqual(change?.fields, [
      { field: "image", before: "nginx:1.26", after: "nginx:1.27", secret: false }
    ])
    assert.deepStrictEqual(
      update.application._tag === "Update" ? Object.keys(update.application.patch) : undefined,
      ["source"]
    )
  })

  it("removes what the spec no longer names, with its preview twin, and leaves what others added", () => {
    const observed = {
      ...settled,
      variables: [
        ...settled.variables,
        variable("OLD", "x", comment("d")),
        { ...variable("OLD", "x", ""), uuid: "row-OLD-preview", isPreview: true },
        variable("BY_HAND", "y", "")
      ]
    }
    assert.deepStrictEqual(
      plan(observed).variables.remove.map(({ uuid }) => uuid),
      ["row-OLD-preview", "row-OLD"]
    )
  })

  it("writes only the variable that differs, and the release", () => {
    const of = desired(spec, {
      variables: [variables[0]!, { ...variables[1]!, value: Redacted.make("debug") }]
    })
    assert.deepStrictEqual(
      plan(settled, of).variables.put.map(({ key }) => key),
      ["LOG_LEVEL", releaseVariable(of, false).key]
    )
  })

  it("moves our own record when the server has another address", () => {
    const of = desired(spec, { variables, target: { type: "A", value: "192.0.2.99" } })
    const [record] = plan(settled, of).records
    assert.strictEqual(record?._tag === "Put" ? record.before?.values[0] : undefined, server.ip)
  })

  it("replaces our own record of another type", () => {
    const of = desired(spec, { variables, target: { type: "CNAME", value: "vps1.example.com" } })
    const [record] = plan(settled, of).records
    assert.strictEqual(record?._tag === "Put" ? record.stale[0]?.type : undefined, "A")
  })
})

describe("a hand edit", () => {
  const lastApplied = { ...settled, variables: [...variables, releaseRow(specDigest(wanted))] }
  const edited = { ...lastApplied, application: application(spec, { port: 9090 }) }

  it("is told from a change of the spec", () => {
    const drifted = plan(edited).plan
    assert.isTrue(drifted.changes.find(({ kind }) => kind === "application")?.drifted)
    assert.isTrue(drifted.notes.some((note) => note.includes("outside fabrik")))
    const changed = plan(edited, desired({ ...spec, port: 7070 }, { variables })).plan
    assert.isUndefined(changed.changes.find(({ kind }) => kind === "application")?.drifted)
  })

  it("is put right like any other difference", () => {
    const { application: action } = plan(edited)
    assert.deepStrictEqual(action._tag === "Update" && action.patch, { port: 8080 })
  })
})

describe("what is not ours", () => {
  const foreignRecord = (type: string, value: string, comment: string | undefined): Observed => ({
    ...empty,
    dns: empty.dns.map((found) => ({
      ...found,
      recordSets: [{ name: domain, type, ttl: 300, values: [value], proxied: false, comment }]
    }))
  })

  it("refuses an application of the same name without the mark", () => {
    const error = refusal({ ...empty, foreign: application(spec, { description: "by hand" }) })
    assert.strictEqual(error.reason, "Foreign")
    assert.include(error.detail, "app")
  })

  it("refuses a different record, a look-alike mark and another owner's", () => {
    for (const comment of [undefined, "managed by fabrik", recordMark("other", spec, firstRun)]) {
      const error = refusal(foreignRecord("A", "198.51.100.1", comment))
      assert.strictEqual(error.reason, "Foreign")
      assert.include(error.detail, "198.51.100.1")
    }
    assert.strictEqual(refusal(foreignRecord("CNAME", "elsewhere.example.net", undefined)).reason, "Foreign")
  })

  it("uses an equal record and never claims it", () => {
    assert.strictEqual(plan(foreignRecord("A", server.ip, undefined)).records[0]?._tag, "Keep")
  })
})

describe("what Coolify cannot change in place", () => {
  const inline = { ...spec, source: { _tag: "Dockerfile", text: "FROM a" } as const }
  const changed = desired({ ...inline, source: { _tag: "Dockerfile", text: "FROM b" } }, { variables })
  const hidden = application(inline, {
    source: { _tag: "Dockerfile", text: undefined },
    description: applicationMark("default", inline, firstRun)
  })

  it("replaces an application of another kind of source, and says so", () => {
    const { application: action, plan: shown } = plan(settled, desired(inline, { variables }))
    assert.strictEqual(action._tag, "Replace")
    assert.strictEqual(shown.changes.find(({ kind }) => kind === "application")?.action, "replace")
    assert.isTrue(shown.notes.some((note) => note.includes("new application")))
  })

  it("tells another Dockerfile by its text, or by the digest in the mark when the text is hidden", () => {
    for (const before of [application(inline), hidden]) {
      const observed = { ...settled, application: before }
      assert.strictEqual(plan(observed, changed).application._tag, "Replace")
      assert.isFalse(hasChanges(plan(observed, desired(inline, { variables })).plan))
    }
  })

  it("takes along what others added to the old one, and refuses when it cannot be read", () => {
    const byHand = variable("BY_HAND", "y", "")
    const observed = { ...settled, application: hidden, variables: [...settled.variables, byHand] }
    assert.deepStrictEqual(
      plan(observed, changed).variables.put.map(({ key }) => key),
      ["API_KEY", "LOG_LEVEL", "BY_HAND", "FABRIK_RELEASE"]
    )
    const unreadable = { ...observed, variables: [...settled.variables, { ...byHand, value: undefined }] }
    assert.strictEqual(refusal(unreadable, changed).reason, "Unrestorable")
  })
})

describe("what a build reads", () => {
  const git: Spec = {
    ...spec,
    source: {
      _tag: "Git",
      repository: "https://github.com/example/api",
      branch: "main",
      commit: "HEAD",
      buildPack: "nixpacks",
      baseDirectory: "/",
      dockerfile: "/Dockerfile"
    }
  }
  const rows = (isBuildtime: boolean) =>
    [...variables, releaseRow("0".repeat(16))].map((row) => ({ ...row, isBuildtime }))
  const runs = (isBuildtime: boolean): Observed => ({
    ...settled,
    application: application(git),
    variables: rows(isBuildtime)
  })

  it("is nothing that the spec does not name", () => {
    const of = desired(git, { variables })
    assert.isFalse(releaseVariable(of, false).isBuildtime)
    assert.isFalse(hasChanges(plan(runs(false), of).plan))
  })

  it("is taken from an application whose every variable it read", () => {
    const { plan: converging, variables: writes } = plan(runs(true), desired(git, { variables }))
    assert.deepStrictEqual(
      writes.put.map(({ key, isBuildtime }) => [key, isBuildtime]),
      [
        ["API_KEY", false],
        ["LOG_LEVEL", false],
        ["FABRIK_RELEASE", false]
      ]
    )
    const change = converging.changes.find(({ name }) => name === "API_KEY")
    assert.deepStrictEqual(change?.fields, [
      { field: "build", before: "read by the build", after: "not read by the build", secret: false }
    ])
  })

  it("deploys once more for a release that it read", () => {
    const [release] = rows(true).filter(({ key }) => key === "FABRIK_RELEASE")
    const observed = {
      ...runs(false),
      variables: [...variables, ...(release === undefined ? [] : [release])]
    }
    const one = plan(observed, desired(git, { variables }))
    assert.isTrue(one.deploy)
    assert.deepStrictEqual(
      one.variables.put.map(({ key, isBuildtime }) => [key, isBuildtime]),
      [["FABRIK_RELEASE", false]]
    )
  })

  it("is said of a secret that it reads", () => {
    const notes = (env: ReadonlyArray<string>) =>
      plan(empty, desired({ ...git, build: { env } }, { variables })).plan.notes.join("\n")
    assert.include(notes(["API_KEY"]), "The build reads API_KEY (build.env)")
    assert.notInclude(notes(["LOG_LEVEL"]), "The build reads")
  })
})

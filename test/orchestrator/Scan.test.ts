import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { recordMark } from "../../src/orchestrator/Desired.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { scan } from "../../src/orchestrator/Scan.ts"
import { renderScan } from "../../src/ui/ScanView.ts"
import { makeStyle } from "../../src/ui/Style.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { application, firstRun, server, spec, zone } from "./Samples.ts"

const lost: Spec = { ...spec, name: "lost", domains: ["lost.example.com"] }

const row = (of: Spec, uuid: string, changes: Partial<ReturnType<typeof application>> = {}) => ({
  ...application(of, changes),
  uuid,
  projectUuid: "ours",
  environmentName: "production",
  serverUuid: server.uuid,
  gone: undefined
})

const project = (uuid: string, name: string, of: string) => ({
  uuid,
  name,
  description: Marker.render({ key: Marker.projectKey("default", of), run: firstRun, source: undefined })
})

const record = (of: Spec, comment: string | undefined) => ({
  name: of.domains[0] ?? "",
  type: "A",
  ttl: 300,
  values: [server.ip],
  proxied: false,
  comment
})

const world = Layer.mergeAll(
  coolifyMemory({
    servers: [server],
    world: {
      projects: [
        project("ours", "fabrik", "fabrik"),
        project("empty", "empty", "empty"),
        project("renamed", "x", "y")
      ],
      environments: [{ projectUuid: "ours", uuid: "e", name: "production" }],
      applications: [
        row(spec, "beside", { domains: [] }),
        row(spec, "holder"),
        row({ ...spec, name: "half" }, "half", { status: "exited", domains: ["https://half.example.com"] })
      ]
    }
  }),
  dnsMemory(
    [zone],
    [
      record(spec, recordMark("default", spec, firstRun)),
      record(lost, recordMark("default", lost, firstRun)),
      record({ ...spec, domains: ["hand.example.com"] }, "made by hand")
    ]
  )
)

it.effect("finds all that bears the mark, with a word on what is wrong with it", () =>
  Effect.gen(function* () {
    const found = yield* scan
    assert.deepStrictEqual(
      found.map(({ kind, name, id, state }) => [kind, name, id, state]),
      [
        ["application", "api", "beside", "beside another"],
        ["application", "api", "holder", "in use"],
        ["application", "half", "half", "never deployed"],
        ["record", "api.example.com A", null, "in use"],
        ["record", "lost.example.com A", null, "alone"],
        ["project", "fabrik", "ours", "in use"],
        ["project", "empty", "empty", "alone"],
        ["project", "x", "renamed", "not ours"]
      ]
    )
    const lines = renderScan(found, makeStyle({ color: false, unicode: true, columns: 80 }))
    assert.isTrue(
      lines.every((line) => line.length <= 80),
      lines.join("\n")
    )
    assert.strictEqual(
      lines[0],
      `application api in fabrik/production: beside another (run ${firstRun}, beside)`
    )
    assert.include(lines.join(" ").replace(/\s+/g, " "), "`fabrik destroy` of its spec removes it")
  }).pipe(Effect.provide(world))
)

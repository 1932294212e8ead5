import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { printable } from "../support/Printable.ts"
import { CoolifyMemory, layerMemory } from "../support/coolify/CoolifyMemory.ts"
import { desiredApplication } from "../../src/orchestrator/Desired.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { listManaged, specName } from "../../src/orchestrator/Managed.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { namePattern } from "../../src/appspec/Limits.ts"
import { firstRun, server, spec } from "./Samples.ts"
import * as FastCheck from "effect/FastCheck"

const projectMark = (name: string) =>
  Marker.render({ key: Marker.projectKey("default", name), run: firstRun, source: undefined })

const one = (of: Spec, owner: string, uuid: string, environmentName: string, projectUuid: string) => ({
  ...desiredApplication(owner, of, firstRun),
  uuid,
  status: "running:healthy",
  stopsFirst: false,
  restartCount: 0,
  projectUuid,
  environmentName,
  serverUuid: server.uuid,
  gone: undefined
})

const world = (byHand: boolean) =>
  layerMemory({
    servers: [server],
    world: {
      projects: [
        { uuid: "ours", name: "fabrik", description: projectMark("fabrik") },
        { uuid: "hand", name: "by hand", description: "" }
      ],
      environments: [
        { projectUuid: "ours", uuid: "e1", name: "production" },
        { projectUuid: "hand", uuid: "e2", name: "production" },
        { projectUuid: "hand", uuid: "e3", name: "staging" }
      ],
      applications: [
        one(spec, "default", "app1", "production", "ours"),
        { ...one({ ...spec, name: "hand-made" }, "default", "app2", "production", "ours"), description: "" },
        ...(byHand
          ? [
              one(
                { ...spec, project: "by hand", environment: "staging", name: "web" },
                "default",
                "app3",
                "staging",
                "hand"
              ),
              one({ ...spec, name: "theirs" }, "somebody", "app4", "production", "ours"),
              { ...one({ ...spec, name: "old" }, "default", "app5", "production", "ours"), name: "renamed" }
            ]
          : [])
      ]
    }
  })

describe("listManaged", () => {
  it.effect("finds what bears the mark, and asks for no more than it needs", () =>
    Effect.gen(function* () {
      const found = yield* listManaged
      assert.deepStrictEqual(found, [
        {
          project: "fabrik",
          environment: "production",
          name: "api",
          uuid: "app1",
          domains: ["https://api.example.com"],
          status: "running:healthy",
          server: "vps1",
          key: Marker.applicationKey("default", spec),
          createdBy: firstRun,
          ours: true
        }
      ])
      assert.sameMembers(
        [...(yield* (yield* CoolifyMemory).calls)],
        ["listApplications", "listProjects", "listEnvironments"]
      )
    }).pipe(Effect.provide(world(false)))
  )

  it.effect("finds it in any environment, and tells what is not this owner's or was renamed", () =>
    Effect.gen(function* () {
      const found = yield* listManaged
      assert.deepStrictEqual(
        found.map(({ project, environment, name, ours }) => [`${project}/${environment}/${name}`, ours]),
        [
          ["by hand/staging/web", true],
          ["fabrik/production/api", true],
          ["fabrik/production/renamed", false],
          ["fabrik/production/theirs", false]
        ]
      )
    }).pipe(Effect.provide(world(true)))
  )
})

describe("specName", () => {
  it("makes a DNS label of a name", () => {
    assert.strictEqual(specName("My API (old)"), "my-api-old")
    assert.strictEqual(specName("test-api"), "test-api")
  })
  it.prop("of any name, or nothing", [FastCheck.string({ unit: printable })], ([name]) => {
    const made = specName(name)
    assert.isTrue(made === "" || namePattern.test(made), made)
  })
})

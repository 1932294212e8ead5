import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { filesSeen, loadSubject, refuseOtherWorld, savePlan } from "../../src/cli/PlanFile.ts"

const text = `name: web
domain: web.example.com
source: { image: "nginx:1.27" }
port: 80
healthcheck: { path: / }
`

const saved = {
  file: "web.yaml",
  spec: text,
  skipDns: false,
  skipDeploy: false,
  redeploy: false,
  owner: "us",
  target: "https://coolify.example.com",
  plan: {
    name: "web",
    domain: "web.example.com",
    project: "fabrik",
    environment: "production",
    server: "vps1",
    basis: "observed",
    changes: [],
    notes: []
  }
} as const

const inFolder = <A, E>(
  use: (file: (name: string) => string) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fs.makeTempDirectoryScoped()
    return yield* use((name) => path.join(directory, name))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("a saved plan", () => {
  it.effect("is its owner's alone, also where a file stood that others could read", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const out = file("web.plan")
        yield* fs.writeFileString(out, "old", { mode: 0o644 })
        yield* savePlan(out, saved)
        assert.strictEqual((yield* fs.stat(out)).mode & 0o777, 0o600)
        assert.strictEqual((yield* loadSubject(out)).reviewed?.owner, "us")
      })
    )
  )

  it.effect("goes through no link, neither out nor in", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString(file("precious"), "precious")
        yield* fs.symlink(file("precious"), file("link"))
        const refused = yield* Effect.flip(savePlan(file("link"), saved))
        assert.include(refused.message, "through a link")
        assert.strictEqual(yield* fs.readFileString(file("precious")), "precious")
        yield* savePlan(file("web.plan"), saved)
        yield* fs.symlink(file("web.plan"), file("linked.plan"))
        const unread = yield* Effect.flip(loadSubject(file("linked.plan")))
        assert.include(unread.message, "through a link")
      })
    )
  )

  it.effect("is that of the spec as it was reviewed, whatever has become of its file since", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* savePlan(file("web.plan"), { ...saved, file: file("web.yaml") })
        yield* fs.writeFileString(file("web.yaml"), text.replace("nginx:1.27", "nginx:1.28"))
        const subject = yield* loadSubject(file("web.plan"))
        assert.deepStrictEqual(subject.specs[0].source, { _tag: "Image", name: "nginx", tag: "1.27" })
        assert.strictEqual(subject.text, text)
        yield* fs.remove(file("web.yaml"))
        assert.strictEqual((yield* loadSubject(file("web.plan"))).text, text)
      })
    )
  )

  it.effect("is refused for another owner and at another Coolify", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        yield* savePlan(file("web.plan"), saved)
        const { reviewed } = yield* loadSubject(file("web.plan"))
        const { owner, target } = saved
        yield* refuseOtherWorld("web.plan", reviewed, { owner, target })
        const theirs = yield* Effect.flip(refuseOtherWorld("web.plan", reviewed, { owner: "they", target }))
        assert.include(theirs.message, "for the owner us, not for they")
        const elsewhere = yield* Effect.flip(
          refuseOtherWorld("web.plan", reviewed, { owner, target: "https://other.example.com" })
        )
        assert.include(elsewhere.message, "https://other.example.com")
      })
    )
  )

  it.effect("is refused once a file beside its spec has changed, whose text it does not hold", () =>
    inFolder((file) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const spec = `${text}files: { /etc/app.conf: ./app.conf }\n`
        yield* fs.writeFileString(file("web.yaml"), spec)
        yield* fs.writeFileString(file("app.conf"), "password = hunter2")
        const seen = yield* filesSeen((yield* loadSubject(file("web.yaml"))).specs[0])
        yield* savePlan(file("web.plan"), { ...saved, ...seen, spec, file: file("web.yaml") })
        assert.notInclude(yield* fs.readFileString(file("web.plan")), "hunter2")
        const [found] = (yield* loadSubject(file("web.plan"))).specs[0].files ?? []
        assert.strictEqual(found?.content && Redacted.value(found.content), "password = hunter2")
        yield* fs.writeFileString(file("app.conf"), "password = hunter3")
        const refused = yield* Effect.flip(loadSubject(file("web.plan")))
        assert.include(refused.message, "./app.conf is no longer as it was when the plan was made")
      })
    )
  )
})

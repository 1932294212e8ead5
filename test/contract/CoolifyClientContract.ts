/** What every implementation of CoolifyClient must do, as anybody behind the contract sees it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { connectionOf, type DatabaseEngine } from "../../src/coolify/DatabaseEngine.ts"
import type { ApplicationSource, CreateApplication } from "../../src/coolify/endpoints/Applications.ts"
import type { CreateService, Service } from "../../src/coolify/endpoints/Services.ts"
import { isOwnFile } from "../../src/coolify/endpoints/Derived.ts"
import type { ObservedVariable, Variable } from "../../src/coolify/endpoints/Variables.ts"
import type { CoolifyError, CoolifyErrorReason } from "../../src/coolify/CoolifyError.ts"

const healthcheck = {
  enabled: true,
  path: "/health",
  port: "8000",
  status: 200,
  interval: 5,
  timeout: 5,
  retries: 10,
  startPeriod: 5
}

const image: ApplicationSource = { _tag: "Image", name: "ghcr.io/example/api", tag: "1.4.0" }
const digest: ApplicationSource = {
  _tag: "Image",
  name: "ghcr.io/example/api",
  tag: `sha256:${"59e02939b1bf39f16c93138a28727aec".repeat(2)}`
}
const dockerfile: ApplicationSource = {
  _tag: "Dockerfile",
  text: "FROM python:3.12-slim\nEXPOSE 8000\n# größer\n"
}
const git = {
  _tag: "Git",
  repository: "https://github.com/example/api",
  branch: "release",
  commit: "0123456789abcdef0123456789abcdef01234567",
  buildPack: "dockerfile",
  baseDirectory: "/api",
  dockerfile: "/docker/Dockerfile"
} as const satisfies ApplicationSource
const otherGit: ApplicationSource = { ...git, repository: "https://git.example.org/team/api", commit: "HEAD" }

const variable = (key: string, value: string, more: Partial<Variable> = {}): Variable => ({
  key,
  value: Redacted.make(value),
  isPreview: false,
  isLiteral: true,
  isMultiline: false,
  isShownOnce: false,
  isRuntime: true,
  isBuildtime: false,
  comment: "",
  ...more
})

const production = (rows: ReadonlyArray<ObservedVariable>) => rows.filter((row) => !row.isPreview)
const valueOf = (row: ObservedVariable | undefined) =>
  row?.value === undefined ? undefined : Redacted.value(row.value)

const refused = <A>(effect: Effect.Effect<A, CoolifyError>, reason: CoolifyErrorReason) =>
  Effect.matchEffect(effect, {
    onFailure: (error) => Effect.sync(() => (assert.strictEqual(error.reason, reason), error)),
    onSuccess: () => Effect.dieMessage(`it should have been refused as ${reason}`)
  })

/** Looks again until it is as wanted, ten seconds at most. */
const until = <A>(look: Effect.Effect<A, CoolifyError>, wanted: (seen: A) => boolean) =>
  look.pipe(
    Effect.repeat(
      Schedule.spaced("20 millis").pipe(
        Schedule.zipRight(Schedule.identity<A>()),
        Schedule.untilInput(wanted),
        Schedule.upTo("10 seconds")
      )
    ),
    Effect.tap((seen) => Effect.sync(() => assert.isTrue(wanted(seen), JSON.stringify(seen))))
  )

const untilGone = (look: Effect.Effect<unknown, CoolifyError>) =>
  until(
    look.pipe(
      Effect.as(false),
      Effect.catchIf(
        ({ reason }) => reason === "NotFound",
        () => Effect.succeed(true)
      )
    ),
    (gone) => gone
  )

const setting = Effect.gen(function* () {
  const client = yield* CoolifyClient
  const [server] = yield* client.servers.list
  assert.isDefined(server)
  const { uuid } = yield* client.projects.create({ name: "test-api", description: "managed by fabrik" })
  const application = (more: Partial<CreateApplication> = {}): CreateApplication => ({
    projectUuid: uuid,
    serverUuid: server?.uuid ?? "",
    environmentName: "production",
    name: "test-api",
    description: "managed by fabrik - test-api",
    domains: ["https://test-api.example.com"],
    port: 8000,
    healthcheck,
    source: image,
    ...more
  })
  return { client, projectUuid: uuid, application }
})

/** `layer` is built anew for every test and starts with at least one usable server. */
export const coolifyClientContract = (name: string, layer: Layer.Layer<CoolifyClient>): void => {
  const test = (title: string, body: Effect.Effect<void, CoolifyError, CoolifyClient>) =>
    it.live(title, () => Effect.provide(body, layer))

  describe(`CoolifyClient: ${name}`, () => {
    test(
      "says what it is",
      Effect.gen(function* () {
        const client = yield* CoolifyClient
        assert.isString(yield* client.version)
        const servers = yield* client.servers.list
        assert.isTrue(servers.some(({ reachable, usable }) => reachable && usable))
      })
    )

    test(
      "tells the names that it serves, and that it may deploy",
      Effect.gen(function* () {
        const { client } = yield* setting
        const [server] = yield* client.servers.list
        assert.isArray(yield* client.servers.domains(server?.uuid ?? ""))
        assert.isUndefined(yield* client.deployments.mayStart)
      })
    )

    test(
      "an application tells what its private repository is read with, which stays",
      Effect.gen(function* () {
        const { application, client } = yield* setting
        const [key] = yield* client.sources.deployKeys
        const [app] = yield* client.sources.githubApps
        assert.strictEqual(key?.name, "acme")
        assert.strictEqual(app?.name, "acme")
        const { dockerfile, ...rest } = git
        const over = {
          deployKey: { ...rest, dockerfile, repository: "git@git.example.org:acme/api.git" },
          githubApp: { ...rest, dockerfile, repository: "https://github.com/acme/api" }
        } as const
        for (const [kind, one] of [
          ["deployKey", key],
          ["githubApp", app]
        ] as const) {
          const access = { kind, name: "acme", id: one?.id ?? 0, uuid: one?.uuid ?? "" }
          const wanted = application({ name: kind, domains: [], source: { ...over[kind], access } })
          const { uuid } = yield* client.applications.create(wanted)
          const told = { ...over[kind], access: { kind, id: access.id } }
          assert.deepStrictEqual((yield* client.applications.get(uuid)).source, told)
          const moved = { ...over[kind], repository: over[kind].repository.replace("acme/api", "acme/other") }
          yield* client.applications.update(uuid, { source: { ...moved, access } }, wanted)
          assert.deepStrictEqual((yield* client.applications.get(uuid)).source, {
            ...moved,
            access: told.access
          })
          const nobody = { ...access, uuid: "nobody" }
          yield* refused(
            client.applications.create({ ...wanted, source: { ...over[kind], access: nobody } }),
            "NotFound"
          )
        }
      })
    )

    test(
      "a new project has the environment production, and its name is not unique",
      Effect.gen(function* () {
        const { client, projectUuid } = yield* setting
        const twin = yield* client.projects.create({ name: "test-api", description: "" })
        assert.notStrictEqual(twin.uuid, projectUuid)
        const named = (yield* client.projects.list)
          .filter((project) => project.name === "test-api")
          .toSorted((a, b) => a.id - b.id)
        assert.deepStrictEqual(
          named.map(({ id: _, ...project }) => project),
          [
            { uuid: projectUuid, name: "test-api", description: "managed by fabrik" },
            { uuid: twin.uuid, name: "test-api", description: "" }
          ],
          "the older one has the smaller number"
        )
        const found = yield* client.environments.inventory(projectUuid, "production")
        assert.deepStrictEqual(found.applications, [])
        assert.deepStrictEqual(
          yield* client.environments.inventory(projectUuid, found.environmentUuid),
          found
        )
      })
    )

    test(
      "environments",
      Effect.gen(function* () {
        const { client, projectUuid } = yield* setting
        yield* refused(client.environments.inventory(projectUuid, "staging"), "NotFound")
        const { uuid } = yield* client.environments.create(projectUuid, "staging")
        assert.strictEqual(
          (yield* client.environments.inventory(projectUuid, "staging")).environmentUuid,
          uuid
        )
        yield* refused(client.environments.create(projectUuid, "staging"), "Conflict")
        yield* client.environments.create(projectUuid, "other")
        const to = { name: "staging", description: "managed by fabrik" }
        yield* refused(client.environments.update(projectUuid, "other", to), "Conflict")
        yield* client.environments.update(projectUuid, "other", { ...to, name: "renamed" })
        assert.strictEqual(
          (yield* client.environments.inventory(projectUuid, "renamed")).description,
          "managed by fabrik"
        )
        yield* refused(client.environments.inventory(projectUuid, "other"), "NotFound")
        yield* refused(client.environments.update(projectUuid, "other", to), "NotFound")
        yield* client.environments.remove(projectUuid, "renamed")
        yield* client.environments.remove(projectUuid, "staging")
        yield* refused(client.environments.inventory(projectUuid, "staging"), "NotFound")
        yield* client.projects.remove(projectUuid)
        assert.isFalse((yield* client.projects.list).some((project) => project.uuid === projectUuid))
        yield* refused(client.environments.inventory(projectUuid, "production"), "NotFound")
      })
    )

    for (const [kind, source] of Object.entries({ image, digest, git, otherGit, dockerfile })) {
      test(
        `reads back what it created: ${kind}`,
        Effect.gen(function* () {
          const { client, projectUuid, application } = yield* setting
          const wanted = application({ source, domains: ["https://b.example.com", "https://a.example.com"] })
          const { uuid } = yield* client.applications.create(wanted)
          const read = yield* client.applications.get(uuid)
          const { projectUuid: _, serverUuid: __, environmentName: ___, ...settings } = wanted
          assert.deepStrictEqual(read, {
            ...settings,
            uuid,
            status: read.status,
            stopsFirst: false,
            restartCount: 0
          })
          assert.match(read.status, /^exited/)
          const { applications } = yield* client.environments.inventory(projectUuid, "production")
          assert.deepStrictEqual(applications, [read])
        })
      )
    }

    test(
      "reads back what it created: a compose file in a repository",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const wanted: Pick<CreateApplication, "domains" | "source"> = {
          source: { ...git, buildPack: "dockercompose", dockerfile: "/Dockerfile", compose: "/shop.yml" },
          domains: [
            "https://a.example.com:8080#web",
            "https://b.example.com#web",
            "https://c.example.com#api"
          ]
        }
        const { uuid } = yield* client.applications.create(application(wanted))
        const { domains, source } = yield* client.applications.get(uuid)
        assert.deepStrictEqual({ domains, source }, wanted)
        const other = application({ domains: ["https://c.example.com"] })
        assert.include(yield* refused(client.applications.create(other), "Conflict"), { status: 409 })
      })
    )

    test(
      "lists every application, with the id of its environment",
      Effect.gen(function* () {
        const { client, projectUuid, application } = yield* setting
        yield* client.environments.create(projectUuid, "staging")
        const other = yield* client.projects.create({ name: "other", description: "" })
        const one = yield* client.applications.create(application())
        const two = yield* client.applications.create(
          application({ name: "b", environmentName: "staging", domains: [] })
        )
        const three = yield* client.applications.create(
          application({ name: "c", projectUuid: other.uuid, domains: [] })
        )
        const [server] = yield* client.servers.list
        const all = yield* client.applications.list
        const idOf = (project: string, name: string) =>
          Effect.map(client.environments.list(project), (rows) => rows.find((row) => row.name === name)?.id)
        for (const [{ uuid }, project, environment] of [
          [one, projectUuid, "production"],
          [two, projectUuid, "staging"],
          [three, other.uuid, "production"]
        ] as const) {
          const listed = all.find((row) => row.uuid === uuid)
          assert.isDefined(listed)
          if (listed === undefined) continue
          const { environmentId, server: on, otherSettings, ...rest } = listed
          assert.deepStrictEqual(rest, yield* client.applications.get(uuid))
          assert.strictEqual(environmentId, yield* idOf(project, environment))
          assert.deepStrictEqual(otherSettings, [])
          if (on !== undefined) assert.deepStrictEqual(on, { uuid: server?.uuid, name: server?.name })
        }
        assert.lengthOf(new Set(all.map(({ environmentId }) => environmentId)), 3)
        yield* refused(client.environments.list("nothing00000000000000000"), "NotFound")
      })
    )

    test(
      "an application without a domain gets none",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application({ domains: [] }))
        assert.deepStrictEqual((yield* client.applications.get(uuid)).domains, [])
      })
    )

    test(
      "names are not unique",
      Effect.gen(function* () {
        const { client, projectUuid, application } = yield* setting
        const one = yield* client.applications.create(application())
        const two = yield* client.applications.create(application({ domains: ["https://b.example.com"] }))
        assert.notStrictEqual(one.uuid, two.uuid)
        const { applications } = yield* client.environments.inventory(projectUuid, "production")
        assert.sameMembers(
          applications.map(({ uuid }) => uuid),
          [one.uuid, two.uuid]
        )
      })
    )

    test(
      "a domain is",
      Effect.gen(function* () {
        const { client, projectUuid, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        const again = yield* refused(client.applications.create(application({ name: "thief" })), "Conflict")
        assert.isFalse(again.outcomeUnknown)
        assert.strictEqual(again.conflicts[0]?.resourceUuid, uuid)
        assert.strictEqual(again.conflicts[0]?.domain, "https://test-api.example.com")
        const other = application({ domains: ["https://b.example.com"] })
        const two = yield* client.applications.create(other)
        yield* refused(
          client.applications.update(two.uuid, { domains: ["https://test-api.example.com"] }, other),
          "Conflict"
        )
        assert.deepStrictEqual((yield* client.applications.get(two.uuid)).domains, ["https://b.example.com"])
        assert.lengthOf((yield* client.environments.inventory(projectUuid, "production")).applications, 2)
      })
    )

    test(
      "a patch changes what it names and nothing else",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        const before = yield* client.applications.get(uuid)
        yield* client.applications.update(uuid, { port: 9000 }, before)
        const ported = yield* client.applications.get(uuid)
        assert.deepStrictEqual(ported, { ...before, port: 9000 })
        yield* client.applications.update(uuid, { domains: [] }, ported)
        yield* client.applications.update(uuid, { description: "", name: "renamed" }, ported)
        yield* client.applications.update(uuid, { source: digest }, ported)
        yield* client.applications.update(
          uuid,
          { healthcheck: { ...healthcheck, enabled: false, port: "" } },
          ported
        )
        assert.deepStrictEqual(yield* client.applications.get(uuid), {
          ...ported,
          domains: [],
          name: "renamed",
          description: "",
          source: digest,
          healthcheck: { ...healthcheck, enabled: false, port: "" }
        })
        yield* client.applications.update(uuid, before, ported)
        assert.deepStrictEqual(yield* client.applications.get(uuid), before)
      })
    )

    test(
      "what visitors are asked for is switched on, over and off, and stays through other patches",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        const before = yield* client.applications.get(uuid)
        const basicAuth = { username: "admin", password: Redacted.make("first-of-all") }
        yield* client.applications.update(uuid, { basicAuth }, before)
        const asking = yield* client.applications.get(uuid)
        assert.deepStrictEqual(asking, { ...before, basicAuth })
        yield* client.applications.update(uuid, { port: 9000 }, asking)
        const other = { username: "root", password: Redacted.make("second") }
        yield* client.applications.update(uuid, { basicAuth: other }, asking)
        assert.deepStrictEqual(yield* client.applications.get(uuid), {
          ...before,
          port: 9000,
          basicAuth: other
        })
        yield* client.applications.update(uuid, { basicAuth: "off" }, asking)
        assert.deepStrictEqual(yield* client.applications.get(uuid), { ...before, port: 9000 })
      })
    )

    test(
      "a repository can change, the kind of source cannot",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application({ source: otherGit }))
        const before = yield* client.applications.get(uuid)
        yield* client.applications.update(uuid, { source: git }, before)
        assert.deepStrictEqual((yield* client.applications.get(uuid)).source, git)
        const after = yield* client.applications.get(uuid)
        yield* refused(client.applications.update(uuid, { source: image }, after), "Invalid")
        assert.deepStrictEqual(yield* client.applications.get(uuid), after)
      })
    )

    test(
      "variables are written by key, with a preview twin",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        const before = yield* client.variables.list(uuid)
        const own = (rows: ReadonlyArray<ObservedVariable>) =>
          rows.filter((row) => before.every((old) => old.uuid !== row.uuid))
        const port = variable("PORT", "8000", { comment: "fabrik hash=1f" })
        const text = variable("TEXT", 'a "quoted" $VALUE\nin two lines', {
          isMultiline: true,
          isBuildtime: true
        })
        yield* client.variables.put(uuid, [port, text])
        const rows = own(yield* client.variables.list(uuid))
        assert.deepStrictEqual(
          rows.map(({ key, isPreview }) => [key, isPreview]),
          [
            ["PORT", false],
            ["TEXT", false],
            ["PORT", true],
            ["TEXT", true]
          ]
        )
        for (const wanted of [port, text]) {
          const row = production(rows).find(({ key }) => key === wanted.key)
          assert.strictEqual(valueOf(row), Redacted.value(wanted.value))
          const aside = { uuid: "", value: "", updatedAt: 0 }
          assert.deepStrictEqual({ ...row, ...aside }, { ...wanted, ...aside })
        }
        // Coolify drops the blanks around whatever it is sent.
        yield* client.variables.put(uuid, [variable("PORT", " 9000\n")])
        const again = own(yield* client.variables.list(uuid))
        assert.lengthOf(again, 4)
        assert.strictEqual(valueOf(production(again).find(({ key }) => key === "PORT")), "9000")
        assert.strictEqual(valueOf(again.find(({ key, isPreview }) => isPreview && key === "PORT")), "8000")
        const gone = production(again).find(({ key }) => key === "TEXT")
        yield* client.variables.remove(uuid, gone?.uuid ?? "")
        assert.sameDeepMembers(
          own(yield* client.variables.list(uuid)).map(({ key, isPreview }) => [key, isPreview]),
          [
            ["PORT", false],
            ["PORT", true],
            ["TEXT", true]
          ]
        )
        yield* refused(client.variables.remove(uuid, gone?.uuid ?? ""), "NotFound")
        yield* refused(client.variables.put(uuid, [port, port]), "Invalid")
      })
    )

    test(
      "a deployment runs to its end",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(
          application({ healthcheck: { ...healthcheck, enabled: false } })
        )
        assert.deepStrictEqual(yield* client.deployments.list(uuid, 10), [])
        const ticket = yield* client.deployments.start(uuid, { force: false })
        assert.isString(ticket.deploymentUuid)
        const deployment = ticket.deploymentUuid ?? ""
        const done = yield* until(
          client.deployments.get(deployment),
          ({ status }) => status !== "queued" && status !== "in_progress"
        )
        assert.strictEqual(done.status, "finished")
        assert.isFalse(Number.isNaN(Date.parse(done.createdAt)))
        assert.isArray(done.logs)
        yield* until(client.applications.get(uuid), ({ status }) => status.startsWith("running"))
        yield* refused(client.deployments.cancel(deployment), "Refused")
        assert.deepStrictEqual(yield* client.deployments.underWay, [])
        const second = yield* client.deployments.start(uuid, { force: true })
        const [active] = yield* client.deployments.underWay
        assert.strictEqual(active?.uuid, second.deploymentUuid)
        assert.isArray(active?.logs)
        const listed = yield* client.deployments.list(uuid, 10)
        assert.deepStrictEqual(
          listed.map((one) => one.uuid),
          [second.deploymentUuid, deployment]
        )
        assert.lengthOf(yield* client.deployments.list(uuid, 1), 1)
        assert.isString(yield* client.applications.logs(uuid, 10))
        const timed = (yield* client.applications.logs(uuid, 10, { timestamps: true })).split("\n")
        for (const line of timed.filter((text) => text !== "")) {
          assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /)
        }
      })
    )

    test(
      "volumes: named after their application, moved and given up one by one",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        const other = yield* client.applications.create(application({ name: "other", domains: [] }))
        const volumes = (of: string) => Effect.map(client.storages.list(of), (stored) => stored.volumes)
        assert.deepStrictEqual(yield* client.storages.list(uuid), { volumes: [], files: [] })
        const data = yield* client.storages.create(uuid, { name: "data", mountPath: "/var/lib/app" })
        const cache = yield* client.storages.create(uuid, { name: "cache", mountPath: "/tmp/cache" })
        yield* client.storages.create(other.uuid, { name: "data", mountPath: "/var/lib/app" })
        yield* refused(client.storages.create(uuid, { name: "data", mountPath: "/data" }), "ServerError")
        yield* client.storages.update(uuid, data.uuid, { mountPath: "/data" })
        yield* client.storages.remove(uuid, cache.uuid)
        assert.deepStrictEqual(yield* volumes(uuid), [
          { uuid: data.uuid, name: `${uuid}-data`, mountPath: "/data", hostPath: undefined }
        ])
        assert.lengthOf(yield* volumes(other.uuid), 1)
        yield* client.storages.create(uuid, { name: "host", mountPath: "/x:ro", hostPath: "/srv/data" })
        assert.include((yield* volumes(uuid))[1], { mountPath: "/x:ro", hostPath: "/srv/data" })
        yield* refused(client.storages.remove(uuid, cache.uuid), "NotFound")
        yield* refused(client.storages.remove(other.uuid, data.uuid), "NotFound")
        yield* refused(client.storages.update(other.uuid, data.uuid, { mountPath: "/x" }), "NotFound")
      })
    )

    test(
      "files: each at its path once, trimmed at both ends, made anew to be changed",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        const other = yield* client.applications.create(application({ name: "other", domains: [] }))
        const put = (mountPath: string, content: string) =>
          client.storages.createFile(uuid, { mountPath, content: Redacted.make(content) })
        const files = Effect.map(client.storages.list(uuid), (stored) => stored.files)
        const made = yield* put("/etc/app.conf", "\ta=1\nb=$HOME\n")
        yield* put("/etc/empty", "")
        yield* refused(put("/etc/app.conf", "again"), "ServerError")
        const [conf, empty] = (yield* files).filter(isOwnFile)
        if (conf === undefined || empty === undefined) return assert.fail("no files")
        const { content, ...rest } = conf
        assert.deepStrictEqual(rest, {
          uuid: made.uuid,
          mountPath: "/etc/app.conf",
          type: "file",
          serverPath: `/data/coolify/applications/${uuid}/etc/app.conf`
        })
        assert.strictEqual(content && Redacted.value(content), "a=1\nb=$HOME")
        assert.strictEqual(empty.content && Redacted.value(empty.content), "")
        yield* refused(client.storages.removeFile(other.uuid, conf), "NotFound")
        yield* client.storages.removeFile(uuid, conf)
        yield* refused(client.storages.removeFile(uuid, conf), "NotFound")
        yield* put("/etc/app.conf", "a=2")
        const texts = (yield* files).map((file) => file.content && Redacted.value(file.content))
        assert.deepStrictEqual(texts, ["", "a=2"])
      })
    )

    test(
      "scheduled tasks: any number of one name, by name, each of its own application",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        const other = yield* client.applications.create(
          application({ name: "other", domains: ["https://other.example.com"] })
        )
        const { scheduledTasks } = client
        assert.deepStrictEqual(yield* scheduledTasks.list(uuid), [])
        const nightly = {
          name: "nightly",
          command: "echo a && echo b | cat; echo $HOME",
          frequency: "0 3 * * *",
          timeout: 60,
          enabled: true
        }
        const made = yield* scheduledTasks.create(uuid, nightly)
        const twin = yield* scheduledTasks.create(uuid, nightly)
        yield* scheduledTasks.create(uuid, { ...nightly, name: "before", frequency: "@daily" })
        yield* scheduledTasks.create(other.uuid, nightly)
        yield* scheduledTasks.update(uuid, made.uuid, { frequency: "hourly", enabled: false })
        yield* scheduledTasks.update(uuid, made.uuid, {})
        yield* scheduledTasks.remove(uuid, twin.uuid)
        assert.deepStrictEqual(
          (yield* scheduledTasks.list(uuid)).map(({ uuid: _, ...task }) => task),
          [
            { ...nightly, name: "before", frequency: "@daily", container: "" },
            { ...nightly, frequency: "hourly", enabled: false, container: "" }
          ]
        )
        assert.lengthOf(yield* scheduledTasks.list(other.uuid), 1)
        yield* refused(scheduledTasks.remove(uuid, twin.uuid), "NotFound")
        yield* refused(scheduledTasks.remove(other.uuid, made.uuid), "NotFound")
        yield* refused(scheduledTasks.update(other.uuid, made.uuid, { timeout: 1 }), "NotFound")
      })
    )

    test(
      "backups: any number of a database, each of its own alone, and of some engines none",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { environmentName, projectUuid, serverUuid } = application()
        const place = { projectUuid, serverUuid, environmentName, description: "mine" }
        const make = (engine: DatabaseEngine) =>
          client.databases.create({
            ...place,
            name: `db-${engine}`,
            engine,
            image: `${engine}:1`,
            password: Redacted.make("s3cret")
          })
        // The first of its engine each: they have one number in Coolify.
        const main = yield* make("postgresql")
        const other = yield* make("mysql")
        const cache = yield* make("redis")
        const { backups } = client
        assert.deepStrictEqual(yield* backups.storages, [])
        const nightly = { frequency: "0 3 * * *", enabled: true, keep: 7, s3: undefined }
        const made = yield* backups.create(main.uuid, nightly)
        const twin = yield* backups.create(main.uuid, nightly)
        yield* backups.create(other.uuid, { ...nightly, frequency: "hourly" })
        yield* backups.update(main.uuid, made.uuid, { enabled: false, keep: 3 })
        assert.strictEqual(yield* backups.runs(main.uuid, made.uuid), 0)
        yield* backups.remove(main.uuid, twin.uuid)
        assert.deepStrictEqual(yield* backups.list(main.uuid, "postgresql"), [
          { uuid: made.uuid, frequency: "0 3 * * *", enabled: false, keep: 3, savesToS3: false }
        ])
        yield* refused(backups.create(cache.uuid, nightly), "Invalid")
        yield* refused(backups.create(main.uuid, { ...nightly, s3: "nowhere" }), "Invalid")
        yield* refused(backups.update(main.uuid, made.uuid, { s3: "nowhere" }), "Invalid")
        yield* refused(backups.remove(main.uuid, twin.uuid), "NotFound")
        yield* refused(backups.update(main.uuid, twin.uuid, { keep: 1 }), "NotFound")
        yield* refused(backups.runs(main.uuid, twin.uuid), "NotFound")
      })
    )

    test(
      "databases: each in its environment, started and stopped, with a URL made of what is known",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { environmentName, projectUuid, serverUuid } = application()
        const place = { projectUuid, serverUuid, environmentName, description: "mine" }
        const secret = Redacted.make("s3cret")
        const asked = (engine: DatabaseEngine, image: string) =>
          client.databases.create({ ...place, name: `db-${engine}`, engine, image, password: secret })
        const main = yield* asked("postgresql", "postgres:17")
        const cache = yield* asked("dragonfly", "docker.dragonflydb.io/dragonflydb/dragonfly:v1.34")
        const running = (uuid: string, engine: DatabaseEngine) =>
          until(client.databases.get(uuid, engine), ({ status }) => status === "running:healthy")
        const made = yield* running(main.uuid, "postgresql")
        yield* running(cache.uuid, "dragonfly")
        const { url, ...rest } = made
        assert.deepStrictEqual(rest, {
          uuid: main.uuid,
          name: "db-postgresql",
          engine: "postgresql",
          description: "mine",
          image: "postgres:17",
          status: "running:healthy",
          isPublic: false,
          publicPort: undefined
        })
        const wanted = connectionOf("postgresql", main.uuid, secret).url
        assert.strictEqual(url && Redacted.value(url), Redacted.value(wanted))
        const { databases, others } = yield* client.environments.inventory(projectUuid, environmentName)
        assert.deepStrictEqual(
          databases.map(({ engine, uuid }) => [engine, uuid]),
          [["postgresql", main.uuid]]
        )
        assert.isAtLeast(others, 1)
        const listed = yield* client.databases.list
        assert.sameMembers(
          listed.map(({ engine, uuid }) => `${engine} ${uuid}`),
          [`postgresql ${main.uuid}`, `dragonfly ${cache.uuid}`]
        )
        const access = { isPublic: true, publicPort: 25_432 }
        yield* client.databases.update(main.uuid, { access })
        assert.deepInclude(yield* client.databases.get(main.uuid, "postgresql"), access)
        yield* refused(client.databases.update(cache.uuid, { access }), "Refused")
        const all = yield* client.databases.list
        assert.deepInclude(
          all.find(({ uuid }) => uuid === main.uuid),
          { ...access, server: serverUuid }
        )
        const shut = { isPublic: false, publicPort: undefined }
        yield* client.databases.update(main.uuid, { access: shut })
        assert.deepInclude(yield* client.databases.get(main.uuid, "postgresql"), shut)
        yield* refused(client.databases.start(main.uuid), "Refused")
        yield* client.databases.stop(main.uuid)
        yield* until(client.databases.get(main.uuid, "postgresql"), ({ status }) =>
          status.startsWith("exited")
        )
        yield* refused(client.environments.remove(projectUuid, environmentName), "Refused")
        yield* client.databases.update(main.uuid, { image: "postgres:17.4" })
        assert.strictEqual((yield* client.databases.get(main.uuid, "postgresql")).image, "postgres:17.4")
        yield* client.databases.remove(main.uuid, { deleteVolumes: true })
        yield* untilGone(client.databases.get(main.uuid, "postgresql"))
      })
    )

    test(
      "services: their containers, URLs and variables, from a first start to their end",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { environmentName, projectUuid, serverUuid } = application()
        const place = { projectUuid, serverUuid, environmentName, description: "mine" }
        const url = "https://web.example.com:8080"
        const compose = [
          "# of the office",
          "services:",
          "  web:",
          "    image: acme/web:1",
          "    environment:",
          "      - LEVEL=${LEVEL:-info}",
          "      - TOKEN=${TOKEN:?is missing}",
          "    healthcheck: { test: [CMD, 'true'] }",
          "  cache:",
          "    image: redis:7.2"
        ].join("\n")
        const asked = { ...place, name: "office", compose, urls: [{ container: "web", urls: [url] }] }
        const { uuid } = yield* client.services.create(asked)
        const made = yield* client.services.get(uuid)
        const told = ({ containers }: Service) =>
          containers.map(({ image, kind, name, status, urls }) => [name, kind, image, status, ...urls])
        assert.deepStrictEqual(told(made), [
          ["web", "application", "acme/web:1", "exited", url],
          ["cache", "database", "redis:7.2", "exited"]
        ])
        assert.deepInclude(made, { uuid, name: "office", description: "mine", status: "exited" })
        assert.notInclude(made.compose ?? "", "office")
        assert.include(made.compose ?? "", "acme/web:1")

        const values = (rows: ReadonlyArray<ObservedVariable>) =>
          Object.fromEntries(rows.map((row) => [row.key, valueOf(row)]))
        const before = yield* client.serviceVariables.list(uuid)
        assert.deepStrictEqual(values(before), { LEVEL: "info", TOKEN: "is missing" })
        yield* client.serviceVariables.put(uuid, [
          variable("TOKEN", "t0ken", { comment: "hash" }),
          variable("MORE", "1")
        ])
        const after = yield* client.serviceVariables.list(uuid)
        assert.deepStrictEqual(values(after), { LEVEL: "info", TOKEN: "t0ken", MORE: "1" })
        assert.isTrue(after.every((row) => !row.isPreview && row.isRuntime && row.isBuildtime))
        assert.strictEqual(after.find(({ key }) => key === "TOKEN")?.comment, "hash")
        const more = after.find(({ key }) => key === "MORE")?.uuid ?? ""
        yield* client.serviceVariables.remove(uuid, more)
        yield* refused(client.serviceVariables.remove(uuid, more), "NotFound")

        yield* refused(client.services.stop(uuid), "Refused")
        yield* refused(client.services.logs(uuid, "web", 10), "NotFound")
        yield* client.services.start(uuid)
        const runs = yield* until(client.services.get(uuid), ({ status }) => status === "running:unknown")
        assert.deepStrictEqual(
          runs.containers.map(({ status }) => status),
          ["running:healthy", "running:unknown"]
        )
        yield* refused(client.services.start(uuid), "Refused")
        assert.include(yield* client.services.logs(uuid, "web", 10), "web")
        yield* refused(client.services.logs(uuid, "none", 10), "NotFound")

        const inventory = yield* client.environments.inventory(projectUuid, environmentName)
        assert.deepStrictEqual(inventory.services.map(told), [told(runs)])
        assert.strictEqual(inventory.others + inventory.applications.length, 1)
        assert.include(
          (yield* client.services.list).map((one) => one.uuid),
          uuid
        )

        const other = "https://other.example.com"
        yield* client.services.update(uuid, {
          name: "desk",
          description: "yours",
          compose: compose.replace("cache:", "store:"),
          urls: [{ container: "web", urls: [url, other] }],
          sharesNetwork: true
        })
        yield* client.services.update(uuid, {})
        const changed = yield* client.services.get(uuid)
        assert.deepInclude(changed, { name: "desk", description: "yours", sharesNetwork: true })
        assert.deepStrictEqual(
          changed.containers.map(({ name, urls }) => [name, ...urls]),
          [["web", url, other], ["cache"], ["store"]]
        )
        yield* client.services.restart(uuid)
        const partly = yield* until(client.services.get(uuid), ({ containers }) =>
          containers.some(({ name, status }) => name === "store" && status.startsWith("running"))
        )
        assert.strictEqual(partly.status, "degraded:unhealthy")
        assert.deepStrictEqual(
          partly.containers.map(({ name, status }) => `${name} ${status}`),
          ["web running:healthy", "cache exited", "store running:unknown"]
        )
        yield* client.services.update(uuid, { urls: [{ container: "web", urls: [] }] })
        assert.deepStrictEqual((yield* client.services.get(uuid)).containers[0]?.urls, [])
        yield* client.services.stop(uuid)
        yield* until(client.services.get(uuid), ({ status }) => status === "exited")

        yield* refused(client.environments.remove(projectUuid, environmentName), "Refused")
        yield* client.services.remove(uuid, { deleteVolumes: true })
        yield* untilGone(client.services.get(uuid))
      })
    )

    test(
      "a service is refused for a text without services, a container that is not there and a domain that is held",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { environmentName, projectUuid, serverUuid } = application()
        const compose = "services:\n  web:\n    image: acme/web:1\n"
        const asked = (more: Partial<CreateService> = {}) =>
          client.services.create({
            projectUuid,
            serverUuid,
            environmentName,
            name: "office",
            description: "",
            compose,
            urls: [],
            ...more
          })
        const urls = (container: string, url: string) => [{ container, urls: [url] }]
        yield* refused(asked({ compose: "services:\n  a: [" }), "ServerError")
        yield* refused(asked({ compose: "volumes: {}" }), "Invalid")
        yield* refused(asked({ environmentName: "none" }), "Invalid")
        yield* refused(asked({ urls: urls("none", "https://a.example.com") }), "Invalid")
        assert.deepStrictEqual(yield* client.services.list, [])
        yield* client.applications.create(application())
        const [held = ""] = application().domains
        const conflict = yield* refused(asked({ urls: urls("web", held) }), "Conflict")
        assert.isFalse(conflict.outcomeUnknown)
        const { uuid } = yield* asked({ urls: urls("web", "https://a.example.com") })
        const other = application({ name: "other", domains: ["https://a.example.com"] })
        const [holder] = (yield* refused(client.applications.create(other), "Conflict")).conflicts
        assert.strictEqual(holder?.resourceType, "service")
        yield* refused(client.services.update(uuid, { urls: urls("web", held) }), "Conflict")
        const served = yield* client.servers.domains(serverUuid)
        assert.include(
          served.flatMap(({ domains }) => domains),
          "a.example.com"
        )
      })
    )

    test(
      "a stopped application is exited, until it is deployed again",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(
          application({ healthcheck: { ...healthcheck, enabled: false } })
        )
        const runs = Effect.gen(function* () {
          const { deploymentUuid = "" } = yield* client.deployments.start(uuid, { force: true })
          yield* until(client.deployments.get(deploymentUuid), ({ status }) => status === "finished")
          yield* until(client.applications.get(uuid), ({ status }) => status.startsWith("running"))
        })
        yield* runs
        yield* client.applications.stop(uuid)
        yield* until(client.applications.get(uuid), ({ status }) => status.startsWith("exited"))
        yield* runs
      })
    )

    test(
      "an application is deleted in its own time, and its project after it",
      Effect.gen(function* () {
        const { client, projectUuid, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        yield* client.applications.remove(uuid, { deleteVolumes: true })
        yield* untilGone(client.applications.get(uuid))
        assert.deepStrictEqual(
          (yield* client.environments.inventory(projectUuid, "production")).applications,
          []
        )
        yield* client.applications.create(application({ name: "heir" }))
        yield* refused(client.projects.remove(projectUuid), "Refused")
        yield* refused(client.environments.remove(projectUuid, "production"), "Refused")
      })
    )

    test(
      "what does not exist is not found",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const nothing = "nothing00000000000000000"
        yield* refused(client.environments.inventory(nothing, "production"), "NotFound")
        yield* refused(client.applications.create(application({ environmentName: "none" })), "NotFound")
        yield* refused(client.applications.create(application({ projectUuid: nothing })), "NotFound")
        yield* refused(client.applications.get(nothing), "NotFound")
        yield* refused(client.applications.update(nothing, { name: "x" }, application()), "NotFound")
        yield* refused(client.applications.remove(nothing, { deleteVolumes: false }), "NotFound")
        yield* refused(client.databases.get(nothing, "redis"), "NotFound")
        yield* refused(client.databases.start(nothing), "NotFound")
        yield* refused(client.databases.update(nothing, { image: "redis:7" }), "NotFound")
        yield* refused(client.databases.stop(nothing), "NotFound")
        yield* refused(client.databases.remove(nothing, { deleteVolumes: false }), "NotFound")
        yield* refused(client.services.get(nothing), "NotFound")
        yield* refused(client.services.update(nothing, { name: "x" }), "NotFound")
        yield* refused(client.services.start(nothing), "NotFound")
        yield* refused(client.services.stop(nothing), "NotFound")
        yield* refused(client.services.restart(nothing), "NotFound")
        yield* refused(client.services.remove(nothing, { deleteVolumes: false }), "NotFound")
        yield* refused(client.services.logs(nothing, "web", 10), "NotFound")
        yield* refused(client.serviceVariables.list(nothing), "NotFound")
        yield* refused(client.serviceVariables.put(nothing, [variable("A", "1")]), "NotFound")
        yield* refused(client.serviceVariables.remove(nothing, nothing), "NotFound")
        yield* refused(client.storages.list(nothing), "NotFound")
        yield* refused(client.storages.create(nothing, { name: "a", mountPath: "/a" }), "NotFound")
        yield* refused(client.storages.update(nothing, nothing, { mountPath: "/a" }), "NotFound")
        yield* refused(client.storages.remove(nothing, nothing), "NotFound")
        const file = { mountPath: "/a", content: Redacted.make("a") }
        yield* refused(client.storages.createFile(nothing, file), "NotFound")
        const there = { mountPath: "/a", uuid: nothing, type: "file" } as const
        yield* refused(client.storages.removeFile(nothing, there), "NotFound")
        yield* refused(client.scheduledTasks.list(nothing), "NotFound")
        const task = { name: "a", command: "a", frequency: "daily", timeout: 1, enabled: true }
        yield* refused(client.scheduledTasks.create(nothing, task), "NotFound")
        yield* refused(client.scheduledTasks.update(nothing, nothing, { timeout: 1 }), "NotFound")
        yield* refused(client.scheduledTasks.remove(nothing, nothing), "NotFound")
        const daily = { frequency: "daily", enabled: true, keep: 1, s3: undefined }
        yield* refused(client.backups.list(nothing, "postgresql"), "NotFound")
        yield* refused(client.backups.create(nothing, daily), "NotFound")
        yield* refused(client.backups.update(nothing, nothing, { keep: 1 }), "NotFound")
        yield* refused(client.backups.remove(nothing, nothing), "NotFound")
        yield* refused(client.backups.runs(nothing, nothing), "NotFound")
        yield* refused(client.variables.list(nothing), "NotFound")
        yield* refused(client.variables.put(nothing, [variable("A", "1")]), "NotFound")
        yield* refused(client.variables.remove(nothing, nothing), "NotFound")
        yield* refused(client.deployments.start(nothing, { force: false }), "NotFound")
        yield* refused(client.deployments.get(nothing), "NotFound")
        yield* refused(client.deployments.list(nothing, 10), "NotFound")
        yield* refused(client.deployments.cancel(nothing), "NotFound")
        yield* refused(client.applications.logs(nothing, 10), "NotFound")
      })
    )

    test(
      "an application that does not run has no logs",
      Effect.gen(function* () {
        const { client, application } = yield* setting
        const { uuid } = yield* client.applications.create(application())
        yield* refused(client.applications.logs(uuid, 10), "Refused")
      })
    )
  })
}

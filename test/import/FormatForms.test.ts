/** What people write less often in the files of Render, Fly, Kamal, Railway and Heroku. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { parse } from "yaml"
import { parseSpecs } from "../../src/appspec/ParseSpec.ts"
import { imported } from "./Samples.ts"

const read = (base: string, text: string, given: Parameters<typeof imported>[2] = {}) => {
  const { copies, leftOut, specs } = imported(base, text, { domain: "shop.example.com", ...given })
  for (const { text } of specs) assert.isTrue(Either.isRight(parseSpecs(text, "app.yaml")), text)
  return {
    copies,
    specs: specs.map(({ text }) => parse(text) as Record<string, unknown>),
    texts: specs.map(({ text }) => text),
    left: new Map(leftOut.map(({ path, reason }) => [path, reason])),
    unknown: leftOut.flatMap(({ path, reason }) => (/does not know it/.test(reason) ? [path] : []))
  }
}

const git = "https://github.com/acme/shop"

describe("render.yaml", () => {
  const workers = (more = "") => `services:
  - type: web
    name: shop
    runtime: python
    buildCommand: pip install .
    startCommand: gunicorn app
    envVars:
      - { key: KEY, generateValue: true }
      - { key: BROKER, fromService: { type: redis, name: broker, property: connectionString } }
  - type: worker
    name: shop-mail
    runtime: python
    buildCommand: pip install .
    startCommand: celery worker
    ${more}
    envVars:
      - { key: KEY, fromService: { type: web, name: shop, envVarKey: KEY } }
      - { key: BROKER, fromService: { type: redis, name: broker, property: connectionString } }
  - { type: worker, name: beat, runtime: python, buildCommand: pip install ., startCommand: celery beat }
  - { type: redis, name: broker, ipAllowList: [] }
`
  it("has workers of the same source as processes, which share what all have", () => {
    const { specs } = read("render.yaml", workers())
    const broker = { env: { BROKER: "${databases.broker.url}" }, secrets: { KEY: "generate" } }
    assert.deepStrictEqual(specs, [
      {
        name: "shop",
        domain: "shop.example.com",
        project: "shop",
        source: { git, buildPack: "nixpacks" },
        build: { command: "pip install ." },
        port: 10_000,
        processes: {
          web: {
            command: "gunicorn app",
            ...broker,
            env: { PORT: "10000", ...broker.env },
            databases: { broker: "redis:7" }
          },
          mail: {
            command: "celery worker",
            networkAliases: ["shop-mail"],
            ...broker,
            databases: { broker: { use: "shop-broker" } }
          },
          beat: { command: "celery beat", networkAliases: ["beat"] }
        }
      }
    ])
  })

  it("has a worker of another source as a spec of its own, under its own name", () => {
    const { specs } = read("render.yaml", workers("branch: next"))
    assert.deepStrictEqual(
      specs.map(({ name, processes }) => [name, Object.keys(processes ?? {})]),
      [
        ["shop", ["web", "beat"]],
        ["shop-mail", []]
      ]
    )
    assert.deepInclude(specs[1], {
      databases: { broker: { use: "shop-broker" } },
      secrets: { KEY: "required" }
    })
  })

  it("gives a cron job's variables to the container that it runs in, but for those that mean another value there", () => {
    const { left, specs } = read(
      "render.yaml",
      `services:
  - { type: web, name: shop, runtime: node, startCommand: a, envVars: [{ key: A, value: 1 }, { key: B, value: 1 }] }
  - type: cron
    name: nightly
    runtime: node
    schedule: 0 3 * * *
    startCommand: b
    envVars: [{ key: A, value: 1 }, { key: B, value: 2 }, { fromGroup: g }]
envVarGroups: [{ name: g, envVars: [{ key: C, value: 3 }, { key: TOKEN, sync: false }] }]
`
    )
    assert.deepInclude(specs[0], {
      env: { PORT: "10000", A: "1", B: "1", C: "3" },
      secrets: { TOKEN: "required" },
      schedules: { nightly: { cron: "0 3 * * *", command: "b" } }
    })
    assert.deepStrictEqual([...left.keys()], ["services[1].envVars[1]"])
  })

  it("has cron jobs alone in a container that waits for them", () => {
    const { left, specs } = read(
      "render.yaml",
      `services:
  - { type: cron, name: report, runtime: node, schedule: "*/5 * * * *", startCommand: node a.js, envVars: [{ key: TOKEN, sync: false }] }
  - { type: cron, name: other, runtime: node, schedule: 0 4 * * *, startCommand: node b.js }
  - { type: cron, name: lost, runtime: docker, schedule: 0 5 * * * }
`
    )
    assert.deepStrictEqual(specs, [
      {
        name: "report",
        domain: "none",
        source: { git, buildPack: "nixpacks" },
        command: "tail -f /dev/null",
        secrets: { TOKEN: "required" },
        networkAliases: ["report"],
        schedules: {
          report: { cron: "*/5 * * * *", command: "node a.js" },
          other: { cron: "0 4 * * *", command: "node b.js" }
        }
      }
    ])
    assert.deepStrictEqual([...left.keys()], ["services[2]"])
  })

  it("begins all paths at `rootDir`, also where the file writes it once more", () => {
    const source = (more: string) =>
      read(
        "render.yaml",
        `services: [{ type: web, name: shop, runtime: docker, rootDir: services/api, ${more} }]\n`
      ).specs[0]?.["source"]
    const built = { git, baseDirectory: "/services/api", buildPack: "dockerfile" }
    assert.deepStrictEqual(source("dockerfilePath: ./Dockerfile, dockerContext: ."), built)
    assert.deepStrictEqual(source("dockerfilePath: ./services/api/Dockerfile"), built)
    assert.deepStrictEqual(source("dockerContext: ./services/api, dockerfilePath: docker/Prod"), {
      ...built,
      dockerfile: "/docker/Prod"
    })
    assert.deepStrictEqual(source("dockerContext: cmd, dockerfilePath: cmd/Dockerfile"), {
      ...built,
      baseDirectory: "/services/api/cmd"
    })
  })

  it("has a reason for each key that Coolify knows nothing of", () => {
    const { unknown } = read(
      "render.yaml",
      `services:
  - { type: web, name: shop, runtime: node, startCommand: a, renderSubdomainPolicy: disabled, secretFiles: [{ name: .npmrc }] }
  - { type: keyvalue, name: kv, persistenceMode: "off" }
projects: [{ name: p, environments: [{ name: e, networkIsolation: enabled, protectedStatus: protected }] }]
`
    )
    assert.deepStrictEqual(unknown, [])
  })
})

describe("fly.toml", () => {
  it("has the words of `experimental` as the command, a file beside it, and a check of the group that it names", () => {
    const { copies, left, specs, unknown } = read(
      "fly.toml",
      `app = "game"
[build]
image = "ghcr.io/acme/game:3"
ignorefile = ".x"
[experimental]
entrypoint = ["/wrap"]
cmd = ["./server", "--tick", "30"]
auto_rollback = true
[deploy]
release_command = ""
[[files]]
guest_path = "/etc/app.conf"
local_path = "./conf/app.conf"
[[files]]
guest_path = "/etc/other.conf"
local_path = "../other.conf"
[http_service]
internal_port = 8000
[http_service.tls_options]
alpn = ["h2"]
[[http_service.machine_checks]]
image = "x"
[[services]]
protocol = "tcp"
internal_port = 9
[[services.ports]]
start_port = 10
end_port = 20
[checks.other]
type = "http"
port = 9000
path = "/ping"
`,
      { beside: new Map([["conf/app.conf", "a"]]), self: undefined, copy: "fly.toml" }
    )
    assert.deepInclude(specs[0], {
      command: ["/wrap", "./server", "--tick", "30"],
      files: { "/etc/app.conf": "./conf/app.conf" },
      port: 8000
    })
    assert.deepStrictEqual(copies, [{ file: "conf/app.conf", text: "a" }])
    assert.deepStrictEqual(unknown, [])
    for (const path of [
      "files[1]",
      "experimental.auto_rollback",
      "services[0].ports[0].start_port",
      "checks.other.port"
    ])
      assert.isTrue(left.has(path), path)
  })

  it("asks the group that a check is of", () => {
    const { texts } = read(
      "fly.toml",
      `app = "queue"
[processes]
a = "run a"
b = "run b"
[checks.health]
type = "http"
port = 9000
path = "/healthz"
processes = ["b"]
`
    )
    const [a, b] = texts
    assert.notInclude(a, "/healthz")
    assert.include(b, "/healthz")
    assert.include(b, "port: 9000")
  })
})

describe("Kamal's deploy.yml", () => {
  it("has an accessory at the domain of its proxy, and a role's own time to stop", () => {
    const { specs, unknown } = read(
      "deploy.yml",
      `service: shop
image: acme/shop
drain_timeout: 45
servers:
  web: { hosts: [192.0.2.1] }
  job: { hosts: [192.0.2.1], cmd: bin/jobs, stop_wait_time: 60 }
proxy: { host: shop.example.org, run: { http_port: 80 } }
builder: { arch: amd64, ssh: default, provenance: mode=max, sbom: true, pack: { builder: x } }
accessories:
  search: { image: "search:2", host: 192.0.2.1, port: "9200", proxy: { host: search.example.org, app_port: 9201 } }
  plain: { image: "plain:1", host: 192.0.2.1, proxy: true }
healthcheck: { path: /up, exposed_port: 3999, log_lines: 50 }
`
    )
    const [shop, search, plain] = specs
    assert.deepInclude(shop, {
      processes: { web: { stopGracePeriod: 45 }, job: { command: "bin/jobs", stopGracePeriod: 60 } }
    })
    assert.deepInclude(search, { domain: "search.example.org", port: 9201 })
    assert.deepInclude(plain, { domain: "none" })
    assert.deepStrictEqual(unknown, [])
  })
})

describe("railway.json", () => {
  it("has a cron job in a container that waits for it, and what it may use", () => {
    const { specs, unknown } = read(
      "railway.json",
      JSON.stringify({
        build: { builder: "NIXPACKS", nixpacksPlan: {}, buildEnvironment: "V3" },
        deploy: {
          startCommand: "node job.js",
          cronSchedule: "0 0 * * *",
          restartPolicyType: "never",
          requiredMountPath: "/data",
          limitOverride: { containers: { cpu: 2, memoryBytes: 1_073_741_824 } },
          overlapSeconds: 30,
          ipv6EgressEnabled: false
        }
      })
    )
    assert.deepStrictEqual(specs[0], {
      name: "shop",
      domain: "none",
      source: { git, buildPack: "nixpacks" },
      command: "tail -f /dev/null",
      volumes: ["data:/data"],
      resources: { memory: "1024M", cpus: "2" },
      schedules: { job: { cron: "0 0 * * *", command: "node job.js" } }
    })
    assert.deepStrictEqual(unknown, [])
  })
})

describe("app.json", () => {
  it("has a reason for what Heroku alone has", () => {
    const { unknown } = read(
      "app.json",
      JSON.stringify({ name: "shop", features: ["x"], scripts: { "test-setup": "a", test: "b" } })
    )
    assert.deepStrictEqual(unknown, [])
  })
})

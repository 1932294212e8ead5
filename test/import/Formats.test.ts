import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { basename } from "node:path"
import { parse } from "yaml"
import { parseSpecs } from "../../src/appspec/ParseSpec.ts"
import {
  answering,
  filesOf,
  imported,
  importPath,
  importText,
  silentKeys,
  silentLines,
  takenApart
} from "./Samples.ts"

const specsOf = (base: string, text: string, given: Parameters<typeof imported>[2] = {}) => {
  const { leftOut, notes, specs } = imported(base, text, given)
  for (const { text } of specs) assert.isTrue(Either.isRight(parseSpecs(text, "spec.yaml")), text)
  return {
    specs: specs.map(({ text }) => parse(text) as Record<string, unknown>),
    texts: specs.map(({ text }) => text).join("\n"),
    left: leftOut.map(({ line, path }) => `${line} ${path}`),
    notes: notes.map(({ text }) => text)
  }
}

const git = "https://github.com/acme/shop"

describe("fly.toml", () => {
  const text = `app = "Shop App"
primary_region = "fra"
kill_timeout = "1m30s"
[build]
dockerfile = "Dockerfile.prod"
[env]
PORT = "8080"
TOKEN = "abcdefgh12345678"
[deploy]
release_command = "bin/migrate"
[processes]
app = "bin/web"
worker = "bin/work"
[[mounts]]
source = "data"
destination = "/data"
processes = ["app"]
[http_service]
internal_port = 8_080
auto_stop_machines = "stop"
min_machines_running = 2
processes = ["app"]
[[http_service.checks]]
path = "/up"
interval = "30s"
grace_period = "500ms"
[[vm]]
size = "shared-cpu-2x"
`
  it("becomes a spec with a process for each process group", () => {
    const { left, specs, texts } = specsOf("fly.toml", text, { domain: "shop.example.com" })
    assert.deepStrictEqual(specs, [
      {
        name: "shop-app",
        domain: "shop.example.com",
        project: "Shop App",
        source: { git, buildPack: "dockerfile", dockerfile: "/Dockerfile.prod" },
        port: 8080,
        env: { PORT: "8080" },
        secrets: { TOKEN: "required" },
        volumes: ["data:/data"],
        resources: { memory: "512M", cpus: "2" },
        stopGracePeriod: 90,
        healthcheck: { path: "/up", interval: 30, startPeriod: 1 },
        processes: {
          web: { command: "bin/web", release: "bin/migrate" },
          worker: { command: "bin/work" }
        }
      }
    ])
    assert.deepStrictEqual(left, [
      "2 primary_region",
      "20 http_service.auto_stop_machines",
      "21 http_service.min_machines_running"
    ])
    assert.notInclude(texts, "abcdefgh12345678")
  })

  it("has the command of its Dockerfile where a release command needs one, and else tells that it has none", () => {
    const small = 'app = "shop"\n[deploy]\nrelease_command = "bin/migrate"\n'
    const dockerfile =
      'FROM a AS build\nCMD ["no"]\nFROM b\nENTRYPOINT ["bin/entry", "--now"]\nCMD bin/server \\\n--all\n'
    const { specs } = specsOf("fly.toml", small, { beside: new Map([["Dockerfile", dockerfile]]) })
    assert.deepInclude(specs[0], { command: "bin/entry --now bin/server  --all", release: "bin/migrate" })
    assert.deepStrictEqual(specsOf("fly.toml", small).left, ["3 deploy.release_command"])
  })

  it("is refused at the place where it is no TOML", () => {
    const read = importText("fly.toml", 'app = "a"\nb = = 1\n')
    assert.isTrue(Either.isLeft(read) && read.left.line === 2, String(read))
  })
})

describe("render.yaml", () => {
  it("has the files of a static site served by Coolify itself, built or as they lie there", () => {
    const site = (more: string) =>
      specsOf(
        "render.yaml",
        `services:\n- type: web\n  name: site\n  runtime: static\n  rootDir: web\n${more}`,
        { git, domain: "shop.example.com" }
      )
    const built = site(
      "  buildCommand: npm run build\n  staticPublishPath: ./dist\n  routes: [{ type: rewrite, source: /*, destination: /index.html }, { type: redirect, source: /a, destination: /b }]\n"
    )
    assert.deepStrictEqual(built.left, ["8 services[0].routes[1]"])
    assert.deepInclude(built.specs[0], {
      source: { git, baseDirectory: "/web", buildPack: "nixpacks" },
      build: { command: "npm run build", publish: "dist", spa: true }
    })
    assert.notProperty(built.specs[0], "command")
    const plain = site("  staticPublishPath: public\n")
    assert.deepInclude(plain.specs[0], {
      source: { git, baseDirectory: "/web/public", buildPack: "static" }
    })
    assert.notProperty(plain.specs[0], "build")
  })

  it("has databases that the first service makes and the others use", () => {
    const { left, specs } = specsOf(
      "render.yaml",
      `services:
  - type: web
    name: api
    runtime: docker
    dockerContext: ./server
    dockerfilePath: ./server/Dockerfile
    domains: [api.example.com]
    healthCheckPath: /up
    envVars:
      - { key: DATABASE_URL, fromDatabase: { name: Main_DB, property: connectionString } }
      - { key: KEY, generateValue: true }
      - { key: STRIPE_KEY, sync: false }
      - fromGroup: shared
  - type: worker
    name: jobs
    runtime: node
    buildCommand: npm ci
    startCommand: npm run jobs
    envVars:
      - { key: VITE_LEVEL, value: 3 }
      - { key: DB_HOST, fromDatabase: { name: Main_DB, property: host } }
      - { key: API, fromService: { type: web, name: api, envVarKey: RENDER_EXTERNAL_URL } }
      - { key: KEY, fromService: { type: web, name: api, envVarKey: KEY } }
  - { type: cron, name: nightly, runtime: node, schedule: "0 3 * * *", startCommand: npm run clean }
databases:
  - { name: Main_DB, postgresMajorVersion: 16, plan: free }
envVarGroups:
  - { name: shared, envVars: [{ key: LEVEL, value: 3 }] }
`
    )
    assert.deepStrictEqual(specs, [
      {
        name: "api",
        domain: "api.example.com",
        project: "api",
        source: { git, baseDirectory: "/server", buildPack: "dockerfile" },
        port: 10000,
        env: { PORT: "10000", DATABASE_URL: "${databases.main-db.url}", LEVEL: "3" },
        secrets: { KEY: "required", STRIPE_KEY: "required" },
        databases: { "main-db": "postgres:16" },
        healthcheck: { path: "/up" }
      },
      {
        name: "jobs",
        domain: "none",
        project: "api",
        source: { git, buildPack: "nixpacks" },
        build: { command: "npm ci", env: ["VITE_LEVEL"] },
        command: "npm run jobs",
        env: { VITE_LEVEL: "3", DB_HOST: "${databases.main-db.host}", API: "https://api.example.com" },
        secrets: { KEY: "required" },
        databases: { "main-db": { use: "api-main-db" } },
        networkAliases: ["jobs"],
        schedules: { nightly: { cron: "0 3 * * *", command: "npm run clean" } }
      }
    ])
    assert.deepStrictEqual(left, ["26 databases[0].plan"])
  })
})

describe("Kamal's deploy.yml", () => {
  it("becomes the roles and the accessories, with what Ruby reads from the environment", () => {
    const { left, specs, texts } = specsOf(
      "deploy.yml",
      `service: shop
image: acme/shop
servers:
  web:
    - <%= ENV["WEB_HOST"] %>
  job:
    hosts: [203.0.113.1]
    cmd: bin/jobs
proxy: { host: shop.example.com, app_port: 3000, ssl: true, healthcheck: { path: /up, interval: 3 } }
registry: { username: me, password: [KAMAL_REGISTRY_PASSWORD] }
env:
  clear:
    LEVEL: <%= ENV.fetch("LEVEL", "info") %>
    REDIS_URL: redis://<%= ENV["REDIS"] %>:6379/0
    OTHER: <%= Time.now %>
    DATABASE_URL: postgres://shop:hunter2@shop-db/shop
  secret: [RAILS_MASTER_KEY, KEY:SHOP_KEY]
volumes: ["data:/data"]
accessories:
  db:
    image: postgres:17
    host: 203.0.113.1
    port: "127.0.0.1:5432:5432"
    env: { clear: { POSTGRES_DB: shop }, secret: [POSTGRES_PASSWORD] }
    directories: ["data:/var/lib/postgresql/data"]
`
    )
    const [web, db] = specs
    assert.deepInclude(web, {
      name: "shop",
      domain: "shop.example.com",
      port: 3000,
      env: { LEVEL: "info", REDIS_URL: "redis://${env.REDIS}:6379/0", KEY: "${secrets.SHOP_KEY}" },
      secrets: {
        OTHER: "required",
        DATABASE_URL: "required",
        RAILS_MASTER_KEY: "required",
        SHOP_KEY: "required"
      },
      volumes: ["data:/data"],
      healthcheck: { path: "/up", interval: 3 },
      processes: { web: {}, job: { command: "bin/jobs" } }
    })
    assert.deepStrictEqual(db, {
      name: "shop-db",
      domain: "none",
      project: "shop",
      source: { image: "postgres:17" },
      port: 5432,
      env: { POSTGRES_DB: "shop" },
      secrets: { POSTGRES_PASSWORD: "required" },
      volumes: ["data:/var/lib/postgresql/data"],
      networkAliases: ["shop-db"]
    })
    assert.notInclude(texts, "hunter2")
    assert.deepStrictEqual(
      new Set(left.map((one) => one.replace(/^\d+ /, ""))),
      new Set([
        "servers.web[0]",
        "servers.job.hosts[0]",
        "env.clear.OTHER",
        "volumes[0]",
        "accessories.db.host",
        "accessories.db.port"
      ])
    )
  })
})

describe("app.json", () => {
  it("takes its commands from the Procfile beside it, and its databases from the add-ons", () => {
    const app = JSON.stringify({
      name: "Shop!",
      repository: "https://github.com/acme/heroku-shop",
      addons: ["heroku-postgresql:mini", { plan: "heroku-redis", as: "QUEUE" }, "papertrail"],
      env: {
        SECRET_KEY: { generator: "secret" },
        LEVEL: { value: "info" },
        NEEDED: {},
        MAYBE: { required: false }
      },
      formation: { web: { quantity: 2 } }
    })
    const { left, specs } = specsOf("app.json", app, {
      beside: new Map([
        ["Procfile", "release: bin/migrate\nweb: bin/web -p $PORT\nworker: bin/work\nwatch: bin/watch\n"]
      ])
    })
    const databases = { postgres: "postgres:17", queue: "redis:7" }
    assert.deepInclude(specs[0], {
      name: "shop",
      project: "shop",
      source: { git: "https://github.com/acme/heroku-shop", buildPack: "nixpacks" },
      port: 8080,
      env: {
        LEVEL: "info",
        DATABASE_URL: "${databases.postgres.url}",
        QUEUE_URL: "${databases.queue.url}"
      },
      secrets: { SECRET_KEY: "generate", NEEDED: "required" },
      databases,
      processes: {
        web: { command: "bin/web -p $PORT", release: "bin/migrate", env: { PORT: "8080" } },
        worker: { command: "bin/work" }
      }
    })
    assert.lengthOf(specs, 1)
    assert.deepStrictEqual(
      new Set(left.map((one) => one.replace(/^\d+ /, ""))),
      new Set(["watch", "addons[2]", "formation.web.quantity"])
    )
  })

  it("need not be there: a Procfile is enough", () => {
    const { specs } = specsOf("Procfile", "web: bin/web\nsidekiq: bin/sidekiq\n")
    assert.deepStrictEqual(
      specs.map(({ processes }) => processes),
      [{ web: { command: "bin/web", env: { PORT: "8080" } }, sidekiq: { command: "bin/sidekiq" } }]
    )
  })

  it("becomes a spec for each process where none is the web's", () => {
    const { specs, texts } = specsOf("Procfile", "worker: bin/work\nclock: bin/clock\n")
    assert.deepStrictEqual(
      specs.map(({ command, name }) => [name, command]),
      [
        ["shop", "bin/work"],
        ["shop-clock", "bin/clock"]
      ]
    )
    assert.notInclude(texts, "processes:")
  })
})

describe("what is unusual", () => {
  it("is told of a Procfile's lines, and a Procfile without web runs what it has", () => {
    const { left, specs } = specsOf("Procfile", "# a\nworker : bin/work\nnot a process\n")
    assert.deepInclude(specs[0], { name: "shop", domain: "none", command: "bin/work" })
    assert.deepStrictEqual(left, ["3 line"])
  })

  it("is told of a heroku.yml that cannot be read, and a repository over ssh is taken over https", () => {
    const { left, specs } = specsOf(
      "app.json",
      '{ "name": "a", "repository": "git@github.com:acme/a.git", "env": { "PORT": { "value": "5000" } } }',
      { beside: new Map([["heroku.yml", "run: [\n"]]) }
    )
    assert.deepInclude(specs[0], {
      source: { git: "https://github.com/acme/a", buildPack: "nixpacks" },
      port: 8080
    })
    assert.deepStrictEqual(left, ["2 "])
  })

  it("is told of Fly's process groups that are none, of UDP, and of values that are no text", () => {
    const { left, specs } = specsOf(
      "fly.toml",
      'app = "a"\n[env]\nLIST = ["a"]\n[[services]]\ninternal_port = 53\nprotocol = "udp"\n[[services.ports]]\nport = 53\n[[vm]]\nmemory = 256\nprocesses = ["none"]\n'
    )
    assert.notProperty(specs[0], "ports")
    assert.notProperty(specs[0], "env")
    assert.deepStrictEqual(left, [
      "3 env.LIST",
      "6 services[0].protocol",
      "8 services[0].ports[0].port",
      "11 vm[0].processes[0]"
    ])
  })

  it("is told of a value that two of Render's services share, so that none of them makes its own", () => {
    const { notes, specs } = specsOf(
      "render.yaml",
      `services:
  - { type: web, name: a, runtime: docker, envVars: [{ key: KEY, generateValue: true }] }
  - { type: worker, name: b, runtime: node, envVars: [{ key: OF_A, fromService: { type: web, name: a, envVarKey: KEY } }] }
  - { type: workflow, name: c }
`
    )
    for (const spec of specs) assert.deepStrictEqual(spec["secrets"], { KEY: "required" })
    assert.isTrue(notes.some((text) => text.startsWith("KEY: b and a need the same value")))
  })

  it("is no file of those when nothing of it runs", () => {
    for (const [base, text] of [
      ["render.yaml", "services: []\n"],
      ["render.yaml", "databases: [{ name: a }]\n"],
      ["app.json", "[]"],
      ["package.json", '{ "name": "a", "scripts": { "start": "b" } }'],
      ["Procfile", ""],
      ["fly.toml", "# a\n"]
    ] as const)
      assert.isTrue(Either.isLeft(importText(base, text)), text)
  })
})

describe("railway.json and .env", () => {
  it("become an application each", () => {
    const { specs } = specsOf(
      "railway.json",
      '{ "build": { "builder": "DOCKERFILE" }, "deploy": { "startCommand": "bin/web" } }'
    )
    assert.deepInclude(specs[0], { command: "bin/web", source: { git, buildPack: "dockerfile" } })
    const env = specsOf(
      ".env.example",
      'PORT=4000\nLEVEL=info\nAPI_KEY=<your key>\nTOKEN=abcdefgh12345678\nNAME="${LEVEL}"\n??\n'
    )
    assert.deepInclude(env.specs[0], { port: 4000, env: { PORT: "4000", LEVEL: "info" } })
    assert.deepStrictEqual(env.specs[0]?.["secrets"], {
      API_KEY: "required",
      TOKEN: "required",
      NAME: "required"
    })
    assert.deepStrictEqual(env.left, ["5 NAME", "6 line"])
    assert.notInclude(env.texts, "abcdefgh12345678")
  })
})

describe("what people write", () => {
  const kinds = ["render", "fly", "kamal", "app-json", "railway", "env-example"]
  it("becomes specs that the reader of specs takes", () => {
    for (const path of kinds.flatMap((kind) => filesOf(`public/${kind}`))) {
      if (/\.(?:heroku\.yml|Procfile)$/.test(path)) continue
      const read = importPath(path)
      if (Either.isLeft(read)) return assert.fail(read.left.message)
      for (const { text } of read.right.specs)
        assert.isTrue(Either.isRight(parseSpecs(text, "spec.yaml")), `${path}\n${text}`)
    }
  })

  // What is so without it: no list, no type, no sync, the usual path, and the usual property.
  const usual =
    /^removed (?:processes|services\.\w+|http_service\.processes|services\[\d+\]\.(?:type|runtime|buildCommand|dockerfilePath|staticPublishPath|ipAllowList|envVars\[\d+\]\.(?:sync|from\w+\.(?:type|property)))|databases\[\d\]\.ipAllowList|proxy\.healthcheck\.path|mounts\.source|build(?:er)?\.dockerfile|services\.http_checks\.headers|env\.\w+\.required|scripts|buildpacks)$|^renamed processes\.app$/
  const few = /\/(?:08-fastapi|17-go|09-heroku.*json|01-node-cron)|\/fly\/(?:01|12)-/
  const all = kinds.flatMap((kind) => filesOf(`public/${kind}`))

  for (const path of takenApart(all, few)) {
    it(`loses no key of ${basename(path)} without a line`, async () => {
      await answering()
      const silent = /\.toml$|\.env\./.test(path) ? silentLines(path) : silentKeys(path)
      assert.deepStrictEqual(
        silent.filter((key) => !usual.test(key)),
        []
      )
    })
  }
})

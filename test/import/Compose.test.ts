import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { parse } from "yaml"
import { parseSpecs } from "../../src/appspec/ParseSpec.ts"
import { answering, filesOf, imported, importPath, importText, silentKeys, takenApart } from "./Samples.ts"

const specOf = (text: string) => parse(text) as Record<string, unknown>
const images = `services:
  web:
    image: ghcr.io/acme/web:1.4
    environment:
      API: http://api:8080
      GREETING: \${GREETING:-hello}
      HOST: \${HOST:?say which}
      DB_PASSWORD: \${DB_PASSWORD}
    ports: ["8080:80"]
    healthcheck: { test: [CMD, "true"] }
  api:
    image: ghcr.io/acme/api
    container_name: api
    environment: [TOKEN=abcdefgh12345678, MODE=fast]
    volumes: [./nginx.conf:/etc/nginx.conf:ro, data:/data, /var/run/docker.sock:/x]
  db:
    image: postgres:17
    environment: { POSTGRES_PASSWORD: "\${DB_PASSWORD}" }
volumes: { data: }
`

describe("a compose file that starts images", () => {
  it("is the source of one spec, as it is, and what is open in it is named", () => {
    const { leftOut, notes, specs } = imported("docker-compose.yml", images, { domain: "shop.example.com" })
    assert.deepStrictEqual(
      specs.map(({ file }) => file),
      ["app.yaml"]
    )
    const spec = specOf(specs[0]?.text ?? "")
    assert.deepStrictEqual(spec["source"], { compose: "./docker-compose.yml" })
    assert.deepStrictEqual(spec["domains"], { web: { host: "shop.example.com", port: 80 } })
    assert.deepStrictEqual(spec["secrets"], { HOST: "required", DB_PASSWORD: "generate" })
    const left = leftOut.filter(({ path }) => path !== "")
    assert.deepStrictEqual(
      left.map(({ line, path }) => [line, path]),
      [[15, "services.api.volumes[0]"]]
    )
    for (const word of ["container_name", "docker.sock", "TOKEN", "past Coolify's proxy", "latest"]) {
      assert.isTrue(
        notes.some(({ text }) => text.includes(word)),
        word
      )
    }
  })

  it("keeps no secret in a text that is written anew", () => {
    const { copies, specs } = imported("docker-compose.yml", images, {
      self: undefined,
      copy: "docker-compose.yml"
    })
    const inline = imported("docker-compose.yml", images, { self: undefined })
    for (const text of [...copies, ...specs, ...inline.specs].map((one) => one.text))
      assert.notInclude(text, "abcdefgh12345678")
    assert.include(copies[0]?.text, "TOKEN=$TOKEN,")
    assert.strictEqual(copies[0]?.text.replace("$TOKEN", "abcdefgh12345678"), images)
  })

  it("replaces a secret that is a common word where it is the secret alone", () => {
    const text = `services:
  db:
    image: postgres:17
    environment: { POSTGRES_USER: postgres, POSTGRES_PASSWORD: postgres }
  web:
    image: nginx:1.27
    environment:
      - DB_PASSWORD=postgres
      - OLD_TOKEN
      - LEVEL
    secrets: [key]
secrets: { key: { environment: WEB_KEY } }
`
    const { copies, notes, specs } = imported("docker-compose.yml", text, {
      self: undefined,
      copy: "compose.yml"
    })
    assert.isTrue(notes.some((one) => one.text.includes("takes the value of LEVEL from where it runs")))
    assert.strictEqual(
      copies[0]?.text,
      text
        .replace("PASSWORD: postgres", "PASSWORD: $POSTGRES_PASSWORD")
        .replace("DB_PASSWORD=postgres", "DB_PASSWORD=${POSTGRES_PASSWORD}")
    )
    assert.deepStrictEqual(specOf(specs[0]?.text ?? "")["secrets"], {
      POSTGRES_PASSWORD: "generate",
      OLD_TOKEN: "required",
      WEB_KEY: "required"
    })
  })

  it("is refused, with its place, when it is laid over another file, has no services, or is no YAML", () => {
    for (const [text, place, detail] of [
      ["services:\n  web:\n    restart: always\n", "2:3", /neither `image` nor `build`/],
      ["services: {}\n", "1:1", /no services/],
      ["# nothing\n", "1:1", /says nothing/],
      ["web: { image: nginx }\n", "1:1", /first version/],
      ["services: { a: { image: b }, c: { provider: { type: d } } }\n", "1:30", /c has no `image`/],
      ["services:\n  web: [\n", "3:1", /not YAML/],
      ["a: 1\na: 2\n", "2:1", /not YAML/]
    ] as const) {
      const read = importText("docker-compose.yml", text)
      if (Either.isRight(read)) return assert.fail(text)
      assert.strictEqual(`${read.left.line}:${read.left.column}`, place)
      assert.match(read.left.detail, detail)
    }
  })

  it("cannot be made large by its aliases", () => {
    const bomb = Array.from(
      { length: 30 },
      (_, n) => `b${n}: &b${n} [${n === 0 ? "1, 1" : `*b${n - 1}, *b${n - 1}`}]`
    )
    const read = importText("docker-compose.yml", `${bomb.join("\n")}\nservices: {}\n`)
    assert.isTrue(Either.isLeft(read) && /more than 50000 values/.test(read.left.detail))
  })

  it("has its magic variables as the containers that answer", () => {
    const files = filesOf("coolify-templates")
    const grafana = files.find((path) => basename(path).startsWith("grafana"))
    if (grafana === undefined) return
    const read = Either.getOrThrow(importPath(grafana, undefined, { domain: "g.example.com" }))
    assert.deepStrictEqual(specOf(read.specs[0]?.text ?? "")["domains"], {
      grafana: { host: "g.example.com", port: 3000 }
    })
    for (const path of files) assert.isTrue(Either.isRight(importPath(path)), path)
  })
})

describe("a compose file that builds", () => {
  const built = `name: shop
services:
  web:
    build: { context: ./web, args: { API_URL: /api }, target: prod }
    ports: ["3000:3000"]
    depends_on: [api]
    labels: ["traefik.http.routers.web.rule=Host(\`shop.example.com\`)"]
    volumes: [media:/media:ro]
  api:
    build: { context: https://github.com/acme/api.git#stable:server, dockerfile: Dockerfile.prod }
    command: npm start
    environment:
      DATABASE_URL: postgres://app:\${DB_PASSWORD}@db:5432/app
      LEVEL: \${LEVEL:-info}
    volumes: [media:/app/media, ./api.conf:/etc/api.conf]
    healthcheck: { test: [CMD, curl, -f, "http://localhost:8080/health"], interval: 1m30s, retries: 3 }
  db:
    image: postgres:17
    environment: { POSTGRES_PASSWORD: "\${DB_PASSWORD}", POSTGRES_DB: app }
    deploy: { resources: { limits: { memory: 512M, cpus: "0.5" } }, replicas: 2 }
volumes: { media: , unused: }
`
  const { leftOut, specs } = imported("compose.yaml", built, {
    beside: new Map([["./api.conf", "a\n"]])
  })
  const [web, api, db] = specs.map(({ text }) => specOf(text))

  it("becomes an application for each service, which the others reach by its name", () => {
    assert.deepStrictEqual(
      specs.map(({ file }) => file),
      ["app.yaml", "shop-api.yaml", "shop-db.yaml"]
    )
    assert.deepStrictEqual(web, {
      name: "shop-web",
      needs: ["shop-api"],
      domain: "shop.example.com",
      project: "shop",
      source: { git: "https://github.com/acme/shop", baseDirectory: "/web", buildPack: "dockerfile" },
      build: { target: "prod", env: ["API_URL"] },
      port: 3000,
      env: { API_URL: "/api" },
      volumes: ["media:/media:ro"],
      networkAliases: ["web"]
    })
    assert.deepStrictEqual(api, {
      name: "shop-api",
      domain: "none",
      project: "shop",
      source: {
        git: "https://github.com/acme/api",
        branch: "stable",
        baseDirectory: "/server",
        buildPack: "dockerfile",
        dockerfile: "/Dockerfile.prod"
      },
      port: 8080,
      command: "npm start",
      env: { DATABASE_URL: "postgres://app:${secrets.DB_PASSWORD}@db:5432/app", LEVEL: "info" },
      secrets: { DB_PASSWORD: "required" },
      files: { "/etc/api.conf": "./api.conf" },
      networkAliases: ["api"],
      healthcheck: { path: "/health", container: true, interval: 90, retries: 3 }
    })
    assert.deepStrictEqual(db?.["env"], { POSTGRES_DB: "app", POSTGRES_PASSWORD: "${secrets.DB_PASSWORD}" })
    assert.deepStrictEqual(db?.["resources"], { memory: "512M", cpus: "0.5" })
  })

  it("leaves out what applications cannot have, each at its place", () => {
    assert.deepStrictEqual(
      leftOut.map(({ line, path }) => [line, path]),
      [
        [15, "services.api.volumes[0]"],
        [20, "services.db.deploy.replicas"],
        [21, "volumes.unused"]
      ]
    )
  })

  it("gives a shell what compose would put into a command, and shows no secret there", () => {
    const text = `services:
  web:
    build: .
    ports: ["3000"]
    command: [serve, --port, "\${PORT:-3000}", --name, "a b"]
  cache:
    image: redis:7
    command: redis-server --requirepass \${REDIS_PASSWORD:-foobared1} --say $$HOME
  job:
    image: alpine:3
    command: sh -c "echo hi; sleep 10"
    ports: [{ target: 80, published: 8080, host_ip: 127.0.0.1 }, "3000-3001:4000-4001", "0.0.0.0:90:90"]
    healthcheck: { test: NONE }
`
    const { leftOut, specs } = imported("compose.yaml", text, { beside: new Map([[".env", "PORT=4000\n"]]) })
    const [web, cache, job] = specs.map((one) => specOf(one.text))
    assert.deepStrictEqual(web?.["command"], ["serve", "--port", "4000", "--name", "a b"])
    assert.strictEqual(cache?.["command"], "redis-server --requirepass ${REDIS_PASSWORD} --say $HOME")
    assert.deepStrictEqual(cache?.["secrets"], { REDIS_PASSWORD: "required" })
    assert.deepStrictEqual(job?.["command"], ["sh", "-c", "echo hi; sleep 10"])
    assert.deepStrictEqual(job?.["ports"], ["3000:4000", "3001:4001", "90:90"])
    assert.notProperty(job, "healthcheck")
    assert.deepStrictEqual(
      leftOut.map(({ path }) => path),
      ["services.job.ports[0]"]
    )
  })

  it("has in a service what the one that it extends has", () => {
    const { leftOut, specs } = imported(
      "compose.yaml",
      `services:
  web:
    build: .
    ports: ["3000:3000"]
    environment: [MODE=web, LEVEL=info]
    command: serve
  worker:
    extends: { service: web }
    ports: !reset []
    environment: { MODE: worker }
    command: work
  a: { extends: b }
  b: { extends: a }
`
    )
    const [web, worker] = specs.map(({ text }) => specOf(text))
    assert.deepInclude(web, { command: "serve", env: { MODE: "web", LEVEL: "info" } })
    assert.deepInclude(worker, { command: "work", env: { MODE: "worker", LEVEL: "info" } })
    assert.deepStrictEqual(worker?.["source"], web?.["source"])
    assert.deepStrictEqual(
      new Set(leftOut.map(({ path }) => path).filter((path) => path !== "")),
      new Set(["services.a.extends", "services.b.extends"])
    )
  })

  it("has no spec for a service without a source, and says so beside the others", () => {
    const { leftOut, specs } = imported(
      "compose.yaml",
      'services:\n  web:\n    build: .\n    colour: red\n    environment: { "A B": x, "C D": y }\n  job: { extends: { file: base.yml, service: job } }\n'
    )
    assert.deepStrictEqual(
      specs.map(({ file }) => file),
      ["app.yaml"]
    )
    assert.isTrue(Either.isRight(parseSpecs(specs[0]?.text ?? "", "app.yaml")))
    const told = leftOut.map(({ path, reason }) => `${path} ${reason}`).join("\n")
    for (const words of [
      "services.web.colour fabrik import does not know it",
      "environment.A this is not the name",
      "environment.C this is not",
      "shop-job has no spec"
    ])
      assert.include(told, words)
  })

  it("says what no reader of specs refuses, in all that people write", () => {
    for (const path of [...filesOf("public/coolify"), ...filesOf("public/compose-prod")]) {
      const read = importPath(path)
      if (Either.isLeft(read)) {
        assert.match(read.left.detail, /neither `image` nor `build`/, path)
        continue
      }
      for (const { text } of read.right.specs) {
        assert.isTrue(Either.isRight(parseSpecs(text, "spec.yaml")), `${path}\n${text}`)
      }
    }
  })

  // What is so without it: usual paths and names, and what only anchors are for.
  const same =
    /\.build\.(?:context|dockerfile)$|^removed volumes|^removed services\.\w+\.(?:expose|container_name)$|^removed (?:volumes|networks)\.\w+$|^(?:removed|renamed) x-/

  /** One variable, which the build gets as an argument too, or another one is made of. */
  const isTwice = (text: string, key: string) => {
    const [, service = "", name] =
      /^removed services\.([\w-]+)\.(?:environment|build\.args)(?:\.(\w+))?$/.exec(key) ?? []
    const { build, environment = {} } = parse(text, { merge: true }).services[service] ?? {}
    const names = name === undefined ? Object.keys(environment) : [name]
    const args = build?.args ?? {}
    return (
      names.length > 0 &&
      names.every((one) => one in environment && (one in args || text.split(`\${${one}}`).length > 2))
    )
  }

  for (const path of takenApart(
    [...filesOf("public/coolify"), ...filesOf("public/compose-prod")],
    /\/coolify\/15-/
  )) {
    it(`drops no key of ${basename(path)} without a line`, async () => {
      await answering()
      const text = readFileSync(path, "utf8")
      assert.deepStrictEqual(
        silentKeys(path).filter((key) => !same.test(key) && !isTwice(text, key)),
        []
      )
    })
  }
})

/** What people write in compose files less often: several hosts, magic variables in one value, builds from afar. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { parse } from "yaml"
import { parseSpecs } from "../../src/appspec/ParseSpec.ts"
import { imported } from "./Samples.ts"

const read = (text: string, given: Parameters<typeof imported>[2] = {}) => {
  const { leftOut, notes, specs } = imported("compose.yaml", text, given)
  for (const { text } of specs) assert.isTrue(Either.isRight(parseSpecs(text, "app.yaml")), text)
  return {
    specs: specs.map(({ text }) => parse(text) as Record<string, unknown>),
    texts: specs.map(({ text }) => text),
    left: new Map(leftOut.map(({ path, reason }) => [path, reason])),
    notes: notes.map(({ text }) => text)
  }
}

describe("a compose file as it is", () => {
  it("has the name that it is interpolated to, and a default where that is open", () => {
    const of = (name: string) => read(`name: ${name}\nservices: { a: { image: "x:1" } }\n`).specs[0]?.["name"]
    assert.deepStrictEqual(["${STACK:-shop}", "${STACK}", "plain"].map(of), ["shop", "shop", "plain"])
  })

  it("has all hosts of a container's rules, and tells where a rule asks for more than the host", () => {
    const { notes, specs } = read(`services:
  shop:
    image: acme/shop:2
    labels:
      traefik.http.routers.a.rule: Host(\`a.example.net\`) || Host(\`www.a.example.net\`)
      traefik.http.routers.b.rule: Host(\`b.example.net\`)
      traefik.http.services.a.loadbalancer.server.port: "3000"
  ui:
    image: acme/ui:2
    labels: ["traefik.http.routers.ui.rule=Host(\`a.example.net\`) && PathPrefix(\`/ui\`)"]
`)
    assert.deepStrictEqual(specs[0]?.["domains"], {
      shop: { host: ["a.example.net", "www.a.example.net", "b.example.net"], port: 3000 }
    })
    assert.isTrue(notes.some((text) => text.startsWith("services.ui.labels[0]: of this rule")))
  })

  it("asks for no value of a name in a file's content, which Coolify writes as it is", () => {
    const mount = (content: string) => `services:
  caddy:
    image: caddy:2
    volumes: [{ type: bind, source: ./Caddyfile, target: /etc/caddy/Caddyfile, content: "${content}" }]
configs: { motd: { content: "hello \${WHO:?}" } }
`
    assert.deepStrictEqual(read(mount("respond {$NAME}")).specs[0]?.["secrets"], { WHO: "required" })
  })
})

describe("--domain", () => {
  const one = (services: string) => read(services, { domain: "x.example.com" })
  it("is the only container's that could answer, and told where there is none or several", () => {
    const web = "  web: { image: nginx:1 }\n"
    const alone = one(`services:\n${web}  db: { image: postgres:17 }\n`)
    assert.deepStrictEqual(alone.specs[0]?.["domains"], { web: "x.example.com" })
    const database = one("services:\n  db: { image: influxdb:2.7 }\n")
    assert.strictEqual(database.specs[0]?.["domain"], "none")
    const two = one(`services:\n${web}  api: { image: api:1 }\n`)
    assert.strictEqual(two.specs[0]?.["domain"], "none")
    assert.isTrue(two.notes.some((text) => text.includes("which one answers at x.example.com")))
  })

  it("gives way to the rules of a swarm", () => {
    const { left, specs } = one(`services:
  web: { image: nginx:1, deploy: { labels: ["traefik.http.routers.web.rule=Host(\`web.example.com\`)"] } }
configs: { site: { external: true } }
`)
    assert.deepStrictEqual(specs[0]?.["domains"], { web: "web.example.com" })
    assert.include(left.get("configs.site"), "swarm")
  })
})

describe("a compose file that builds", () => {
  it("has no spec of what starts with its profile alone, unless all do", () => {
    const services = (profile: string) => `services:
  web: { build: { context: "\${DIR:-./web}", dockerfile: "\${FILE:-Prod}", target: "\${T:-last}" }${profile} }
  test: { build: ., command: npm test, profiles: [test] }
`
    const { left, specs } = read(services(""))
    assert.deepStrictEqual(
      specs.map(({ name }) => name),
      ["shop"]
    )
    assert.deepInclude(specs[0], {
      source: {
        git: "https://github.com/acme/shop",
        baseDirectory: "/web",
        buildPack: "dockerfile",
        dockerfile: "/Prod"
      },
      build: { target: "last" }
    })
    assert.include(left.get("services.test"), "with its profile alone")
    assert.lengthOf(read(services(", profiles: [all]")).specs, 2)
  })

  it("has a command over several lines as one, where a shell reads it so", () => {
    const command = (block: string) => {
      const { left, specs } = read(`services:\n  web:\n    build: .\n    command: ${block}\n`)
      return specs[0]?.["command"] ?? left.get("services.web.command")
    }
    assert.strictEqual(
      command("|\n      gunicorn app\n        --bind 0.0.0.0:80"),
      "gunicorn app --bind 0.0.0.0:80"
    )
    assert.deepStrictEqual(command('|\n      sh -c "a &&\n             b \\\n      c"'), [
      "sh",
      "-c",
      "a && b  c"
    ])
    assert.include(command('|\n      sh -c "a\n             b"'), "Coolify hands a command")
  })

  const text = `services:
  app:
    build: { context: ., args: { SOURCE_COMMIT: "\${SOURCE_COMMIT}", API: "\${SERVICE_URL_API}" } }
    exclude_from_hc: true
    environment:
      - SERVICE_URL_APP_3000
      - COOLIFY_BRANCH
      - DATABASE_URL=postgres://\${SERVICE_USER_PG}:\${SERVICE_PASSWORD_PG}@db/\${DB:-app}
      - OWN=\${SERVICE_URL_APP}
  api:
    build: git@github.com:acme/api.git#refs/heads/release/2.x:server
    environment: { SERVICE_FQDN_API_8000: /v1 }
    deploy: { update_config: { order: start-first }, resources: { limits: { pids: 9 } } }
`
  const { left, notes, specs, texts } = read(text, { domain: "shop.example.com" })
  const [app, api] = specs

  it("has each of several magic values in one variable, and what Coolify sets anyway in none", () => {
    assert.deepInclude(app, {
      domain: "shop.example.com",
      env: {
        DATABASE_URL: "postgres://${secrets.GENERATED_USER_PG}:${secrets.GENERATED_PASSWORD_PG}@db/app",
        OWN: "https://shop.example.com"
      },
      secrets: { GENERATED_USER_PG: "generate", GENERATED_PASSWORD_PG: "generate", API: "required" },
      build: { env: ["API"] }
    })
    assert.include(texts[0], "COOLIFY_BRANCH`: Coolify gives it")
    assert.include(left.get("services.app.build.args.API"), "is not known yet")
  })

  it("tells that another service answers visitors too, and builds from where its context says", () => {
    assert.deepInclude(api, {
      domain: "none",
      port: 8000,
      source: {
        git: "https://github.com/acme/api",
        branch: "release/2.x",
        baseDirectory: "/server",
        buildPack: "dockerfile"
      }
    })
    assert.include(texts[1], "# domain: shop-api.example.com")
    assert.isTrue(notes.some((text) => text.startsWith("shop-api: the file names no domain")))
  })

  it("gives a reason for all that applications have no key for", () => {
    const expected = [
      "services.app.exclude_from_hc",
      "services.api.deploy.update_config",
      "services.api.deploy.resources.limits.pids"
    ]
    for (const path of expected)
      assert.notInclude(left.get(path) ?? "does not know it", "does not know it", path)
  })
})

describe("a list that a map merges", () => {
  it("is the list, as Coolify reads it", () => {
    const { specs } = read(`services:
  a: { build: ., volumes: &all ["data:/data"] }
  b: { image: "x:1", volumes: { <<: *all } }
`)
    assert.include(JSON.stringify(specs[0]), "data:/data")
    const { left } = read(`services:
  a: { build: ., volumes: &all ["data:/data"] }
  b: { image: "x:1", volumes: { <<: *all } }
`)
    assert.include(left.get("services.b.volumes[0]"), "an application's volumes are its own")
  })
})

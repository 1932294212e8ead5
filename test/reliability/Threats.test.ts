/**
 * The table of threats, row by row, where no other suite covers one. Elsewhere are
 * - SSRF, path: test/appspec/HealthPath.test.ts; host: test/appspec/Domain.test.ts, test/health/SpecialAddress.test.ts and
 *   HttpsHealthProbe.test.ts
 * - YAML that is hostile, and `__proto__` at every depth: test/appspec/HostileYaml.test.ts
 * - secrets in errors and in argv: Canary.test.ts, test/coolify/CoolifyHttp.test.ts, test/coolify/HostileAnswers.test.ts
 * - .env and vault, their modes, links and races: test/secrets/FileSecretStore.test.ts
 * - redirects of Coolify and of the application: CoolifyHttp.test.ts, HttpsHealthProbe.test.ts
 * - escapes and CI commands, as a function: test/ui/Sanitize.test.ts; in an adopted spec: test/orchestrator/SpecText.test.ts
 */
import { randomBytes } from "node:crypto"
import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { spawnSync } from "node:child_process"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { afterAll, assert, beforeAll, describe } from "vitest"
import * as Cloudflare from "../../src/dns/cloudflare/Cloudflare.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import * as PowerDns from "../../src/dns/powerdns/PowerDns.ts"
import { maxSpecBytes, parseSpec } from "../../src/appspec/ParseSpec.ts"
import { scriptedServer } from "../coolify/ScriptedServer.ts"
import { makeAuthority } from "../health/TestCertificates.ts"
import { runHere, startHere } from "../support/InThisProcess.ts"
import { buildFabrik, type BuiltFabrik, type Result } from "./BuiltFabrik.ts"
import { assertNoSecret, filesBelow, leaksIn } from "./Leak.ts"
import { isFull } from "./Scale.ts"

const root = join(import.meta.dirname, "../..")

let fabrik: BuiltFabrik
beforeAll(() => {
  fabrik = buildFabrik()
  process.chdir(fabrik.cwd)
})
afterAll(() => {
  process.chdir(root)
  fabrik.dispose()
})

/** In this process, where the threat is not what leaves one, how much memory it takes or what Node does by itself. */
const here = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const ran = await runHere(args, { FABRIK_LATE_EFFECTS: "5", ...env })
  assertNoSecret(join(fabrik.cwd, ".fabrik"), ran.stdout + ran.stderr)
  return ran
}

const write = (name: string, text: string, mode = 0o600) => {
  const file = join(fabrik.cwd, name)
  rmSync(file, { force: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
  return name
}

const base = (more: string) =>
  `name: app\ndomain: app.example.com\nserver: vps1\nport: 8080\nsource: { image: "registry.example/api:1" }\n${more}\n`

const flat = (text: string): string => text.replace(/\s+/g, " ")

const sent = ({ watched }: Result) => watched.filter(({ what }) => what !== "memory")

describe("PR spec in CI", () => {
  const canary = () => `canary${randomBytes(12).toString("hex")}`
  const environment = Object.fromEntries(
    [
      "AWS_SECRET_ACCESS_KEY",
      "GITHUB_TOKEN",
      "NPM_TOKEN",
      "CLOUDFLARE_API_TOKEN",
      "CF_DNS_API_TOKEN",
      "PDNS_API_KEY",
      "COOLIFY_TOKEN",
      "FABRIK_OWNER"
    ].map((name) => [name, canary()])
  )
  const naming = Object.keys(environment).filter((name) => !/^(?:COOLIFY|FABRIK)_/.test(name))
  const hostile: ReadonlyArray<readonly [string, string]> = [
    ["names every secret of the runner", base(`secrets: [${naming.join(", ")}]`)],
    ["names fabrik's own token", base("secrets: [COOLIFY_TOKEN]")],
    ["has another host's path", base('healthcheck: { path: "@169.254.169.254/" }')],
    ["points at the cloud", base("dns: { target: 169.254.169.254 }")],
    ["is served from an address", base("").replace("app.example.com", "169.254.169.254")],
    [
      "fetches from the attacker",
      base("").replace(/source:.*/, "source: { git: 'https://evil.example/a/b' }")
    ],
    ["expands variables", base('env: { A: "${GITHUB_TOKEN}", B: "$(cat /proc/self/environ)" }')],
    ["includes a file", base("env: { A: !include /etc/passwd }")],
    ["names a template by path", base("template: ../../../etc/passwd")],
    ["asks another provider", base("dns: { provider: powerdns }")],
    ["is no YAML", "{{{{"]
  ]

  const assertSilent = (result: Result) => {
    assert.deepStrictEqual(sent(result), [])
    assert.deepStrictEqual(leaksIn(environment, result.stdout + result.stderr), [])
    assert.include([0, 4, 5], result.status)
    assert.deepStrictEqual(
      filesBelow(fabrik.cwd).filter(([name]) => name.startsWith(".fabrik")),
      []
    )
  }

  it("whatever is in it: validate opens no socket and shows nothing", async () => {
    const files = hostile.map(([, text], index) => write(`pr${index}.yaml`, text))
    for (const form of [[], ["--json"]]) {
      const result = await fabrik.run(["validate", ...form, ...files], environment)
      assertSilent(result)
      // It has looked at each.
      for (const file of files) assert.include(result.stdout + result.stderr, file)
    }
  })

  for (const [index, [what, text]] of hostile.entries()) {
    it(`that ${what}: an offline plan opens no socket and shows nothing`, async () => {
      write("pr.yaml", text)
      const { CLOUDFLARE_API_TOKEN, CF_DNS_API_TOKEN, PDNS_API_KEY, COOLIFY_TOKEN, ...runner } = environment
      // Each in one form, and in full in both.
      for (const form of isFull ? [[], ["--json"]] : [index % 2 === 0 ? [] : ["--json"]]) {
        const result = await fabrik.run(["plan", ...form, "pr.yaml"], runner)
        assertSilent(result)
        assert.isAbove(result.stdout.length + result.stderr.length, 0)
      }
    })
  }

  it("is told apart from one that does open a socket", async () => {
    write("pr.yaml", base(""))
    const result = await fabrik.run(["list"], {
      COOLIFY_ENDPOINT: "http://127.0.0.1:47999",
      COOLIFY_TOKEN: environment["COOLIFY_TOKEN"]!
    })
    assert.isAbove(sent(result).length, 0)
  })

  it("gets no credential of fabrik's, and of the rest what is allowed", async () => {
    const plan = (names: ReadonlyArray<string>, env: Record<string, string>) => {
      write("pr.yaml", base(`secrets: [${names.join(", ")}]`))
      return here(["apply", "--dry-run", "--skip-dns", "pr.yaml"], env)
    }
    for (const name of ["CLOUDFLARE_API_TOKEN", "CF_DNS_API_TOKEN", "PDNS_API_KEY"]) {
      const { status, stderr } = await plan([name], { [name]: canary() })
      assert.strictEqual(status, 4, stderr)
      assert.include(flat(stderr), `${name}: is fabrik's own in the environment`)
      // Who owns the machine may say otherwise.
      write(".env", `${name}=given-on-purpose\n`)
      assert.strictEqual((await plan([name], {})).status, 0)
      rmSync(join(fabrik.cwd, ".env"))
    }
    const runner = { API_KEY: canary(), AWS_SECRET_ACCESS_KEY: canary() }
    const both = Object.keys(runner)
    assert.strictEqual((await plan(both, runner)).status, 0)
    const limited = await plan(both, { ...runner, FABRIK_ENV_SECRETS: "API_KEY, OTHER" })
    assert.strictEqual(limited.status, 4)
    assert.include(flat(limited.stderr), "AWS_SECRET_ACCESS_KEY: is in the environment, but not in")
    assert.strictEqual(
      (await plan(["API_KEY"], { ...runner, FABRIK_ENV_SECRETS: "API_KEY, OTHER" })).status,
      0
    )
    assert.strictEqual((await plan(["API_KEY"], { ...runner, FABRIK_ENV_SECRETS: "" })).status, 4)
  })
})

describe("YAML bomb", () => {
  const fill = (unit: string) => unit.repeat(Math.floor(maxSpecBytes / unit.length))
  const bombs: ReadonlyArray<readonly [string, string]> = [
    [
      "a billion laughs",
      ["a: &a [x, x]", ...Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [*a, *a, *a, *a]`)].join("\n")
    ],
    ["many keys", Array.from({ length: 9_000 }, (_, i) => `k${i}: 1`).join("\n")],
    ["many keys of one map", `env: {${Array.from({ length: 8_000 }, (_, i) => `K${i}: 1`).join(", ")}}`],
    ["one key over and over", fill("k: 1\n")],
    ["depth in brackets", fill("[")],
    ["depth in dashes", fill("- ")],
    ["depth in question marks", fill("? ")],
    ["one long text", `name: "${"a".repeat(65_000)}"`],
    ["many anchors", fill("&a ")],
    ["many documents", fill("---\n")],
    ["a gigabyte that is announced", `name: !!binary ${"A".repeat(65_000)}`],
    ["20 MB", "a: 1\n".repeat(4_000_000)]
  ]

  it.each(bombs)("%s is refused soon, in 256 MB", async (_, text) => {
    const began = process.cpuUsage()
    assert.isTrue(Either.isLeft(parseSpec(text, "bomb.yaml")))
    // Of the processor's time, and far above what any machine needs: a bomb that goes off takes minutes.
    const { user, system } = process.cpuUsage(began)
    assert.isBelow(user + system, 20_000_000)
    write("bomb.yaml", text)
    const { status, stderr, watched } = await fabrik.run(["validate", "bomb.yaml"])
    assert.strictEqual(status, 4)
    assert.isBelow(stderr.length, 100_000)
    const peak = Number(watched.find(({ what }) => what === "memory")?.detail)
    assert.isBelow(peak, 256 * 1024)
    assert.isAbove(peak, 1024)
  })
})

describe("Template path", () => {
  const paths = [
    "../../etc/passwd",
    "..",
    ".",
    "/etc/passwd",
    "./python-api",
    "python-api/",
    "python-api/../python-api",
    "python-api\\..\\x",
    "PYTHON-API",
    " python-api",
    "file:///etc/passwd",
    "https://evil.example/x",
    "constructor",
    "__proto__",
    "toString",
    "python-api\u0000.yaml",
    "%2e%2e%2f",
    "python‐api"
  ]
  it.each(paths)("%j is no template", (path) => {
    const text = `name: a\ndomain: a.example.com\ntemplate: ${JSON.stringify(path)}\n`
    assert.isTrue(Either.isLeft(parseSpec(text, "spec.yaml")))
    assert.isTrue(Either.isRight(parseSpec(text.replace(JSON.stringify(path), "python-api"), "spec.yaml")))
  })
})

describe(".env and vault", () => {
  const spec = base("secrets: [API_KEY, OTHER]")
  const apply = () => here(["apply", "--sandbox", "--yes", "vault.yaml"])

  it("a .env is warned of, or refused, as loosely as it is kept", async () => {
    write("vault.yaml", spec)
    const plan = () => here(["plan", "vault.yaml"])
    write(".env", "API_KEY=from-the-file\n", 0o600)
    assert.notInclude((await plan()).stderr, "chmod")
    write(".env", "API_KEY=from-the-file\n", 0o644)
    assert.include(
      (await plan()).stderr,
      "Warning: .env can be read by other users; make it private: chmod 600 .env"
    )
    write(".env", "API_KEY=from-the-file\n", 0o666)
    assert.strictEqual((await plan()).status, 4)
    rmSync(join(fabrik.cwd, ".env"))
    write("elsewhere", "API_KEY=from-the-file\n", 0o600)
    symlinkSync(join(fabrik.cwd, "elsewhere"), join(fabrik.cwd, ".env"))
    const linked = await plan()
    assert.strictEqual(linked.status, 4)
    assert.include(linked.stderr, "symbolic link")
    rmSync(join(fabrik.cwd, ".env"))
  })

  it("what fabrik keeps is its owner's alone, and out of git", async () => {
    write("vault.yaml", spec)
    const { status, stderr } = await apply()
    assert.strictEqual(status, 0, stderr)
    const dir = join(fabrik.cwd, ".fabrik/sandbox")
    const kept = filesBelow(dir).map(([file]) => file)
    for (const file of ["key", "secrets/fabrik/production/app/API_KEY.env", "coolify.json", "sandbox.json"]) {
      assert.include(kept, file)
      assert.strictEqual(statSync(join(dir, file)).mode & 0o777, 0o600, file)
      assert.strictEqual(statSync(join(dir, file, "..")).mode & 0o777, 0o700, file)
    }
    const git = (...args: ReadonlyArray<string>) =>
      spawnSync("git", args, {
        cwd: fabrik.cwd,
        encoding: "utf8",
        env: { PATH: process.env["PATH"], HOME: "/" }
      })
    assert.strictEqual(git("init", "--quiet").status, 0)
    git("add", "--all")
    assert.notInclude(git("ls-files").stdout, ".fabrik")
    assert.include(git("ls-files").stdout, "vault.yaml")
    rmSync(join(fabrik.cwd, ".git"), { recursive: true })
    rmSync(join(fabrik.cwd, ".fabrik"), { recursive: true })
  })
})

describe("Token scope", () => {
  it("a token that may only read changes nothing, and is told what it lacks", async () => {
    write("scope.yaml", base(""))
    const serve = ["sandbox", "--server", "vps1", "--zone", "example.com"]
    const dir = join(fabrik.cwd, ".fabrik/sandbox")
    // Made once, so that it can be given a second token.
    const made = await here(["destroy", "--sandbox", "--yes", "scope.yaml"])
    assert.strictEqual(made.status, 0, made.stderr)
    const state = JSON.parse(readFileSync(join(dir, "coolify.json"), "utf8"))
    const database = "value" in state ? state.value : state
    const [first] = database.tokens
    database.tokens.push({ ...first, id: 2, secret: "readonlyreadonly", abilities: ["read"] })
    database.tokens.push({ ...first, id: 3, secret: "deploydeploydeploy", abilities: ["read", "deploy"] })
    writeFileSync(join(dir, "coolify.json"), JSON.stringify(state))
    const server = startHere(serve)
    await server.until("Stop it with Ctrl-C.")
    const url = /export COOLIFY_URL=(\S+)/.exec(server.output.out)?.[1] ?? ""
    for (const [token, lacks] of [
      ["2|readonlyreadonly", "deploy"],
      ["3|deploydeploydeploy", "write"]
    ] as const) {
      const env = { COOLIFY_ENDPOINT: url, COOLIFY_TOKEN: token }
      const listed = await here(["list"], env)
      assert.strictEqual(listed.status, 0, listed.stderr)
      const result = await here(["apply", "--yes", "--skip-dns", "scope.yaml"], env)
      assert.strictEqual(result.status, 5, result.stderr)
      assert.include(result.stderr, `It needs the ability \`${lacks}\`.`)
    }
    const requests = readFileSync(join(dir, "requests.ndjson"), "utf8").trimEnd().split("\n")
    const writes = requests.map((line) => JSON.parse(line)).filter(({ method }) => method !== "GET")
    assert.isAbove(writes.length, 0)
    // The other one asks whether a token may deploy: the deployment that it would cancel is nobody's.
    for (const { status } of writes) assert.include([403, 404], status)
    server.interrupt("SIGTERM")
    await server.done
    rmSync(join(fabrik.cwd, ".fabrik"), { recursive: true })
  })
})

describe("TLS", () => {
  it("a server whose certificate is not good sees no token", async () => {
    const authority = await makeAuthority("the team's CA")
    const stranger = await makeAuthority("somebody")
    const day = 24 * 60 * 60 * 1000
    write("ca.pem", authority.pem)
    const certificates = {
      good: await authority.issue({ names: ["localhost"] }),
      expired: await authority.issue({ names: ["localhost"], notAfter: Date.now() - day }),
      early: await authority.issue({ names: ["localhost"], notBefore: Date.now() + day }),
      misnamed: await authority.issue({ names: ["coolify.example.com"] }),
      foreign: await stranger.issue({ names: ["localhost"] }),
      own: await authority.issue({ names: ["localhost"], selfSigned: true })
    }
    for (const [name, { cert, key }] of Object.entries(certificates)) {
      const seen: Array<string> = []
      const server = createServer({ cert, key }, (request, response) => {
        seen.push(`${request.headers.authorization ?? ""}${String(request.headers["x-api-key"] ?? "")}`)
        response.writeHead(401, { "content-type": "application/json" }).end('{"message":"Unauthenticated."}')
      })
      server.on("tlsClientError", () => undefined)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo
      const env = {
        NODE_EXTRA_CA_CERTS: join(fabrik.cwd, "ca.pem"),
        COOLIFY_ENDPOINT: `https://localhost:${port}`,
        COOLIFY_TOKEN: "1|tls-canary-token",
        PDNS_API_URL: `https://localhost:${port}`,
        PDNS_API_KEY: "tls-canary-key"
      }
      write("tls.yaml", base(""))
      const listed = await fabrik.run(["list"], env)
      const verified = await fabrik.run(["verify", "--spec", "dns", "tls.yaml"], env)
      server.close()
      if (name === "good") {
        assert.include(seen, "Bearer 1|tls-canary-token")
        assert.include(seen, "tls-canary-key")
        assert.strictEqual(listed.status, 5, listed.stderr)
      } else {
        assert.deepStrictEqual(seen, [], name)
        assert.include(listed.stderr, "TLS failed", name)
        assert.notStrictEqual(verified.status, 0, name)
      }
    }
  })
})

describe("Redirect leaks token", () => {
  const key = Redacted.make("redirect-canary")
  const providers = {
    powerdns: (origin: string) => PowerDns.layer({ apiUrl: origin, apiKey: key, serverName: "localhost" }),
    cloudflare: (origin: string) => Cloudflare.layer({ apiToken: key, baseUrl: origin })
  }
  for (const [name, layer] of Object.entries(providers)) {
    for (const status of [301, 302, 303, 307, 308]) {
      it.live(`${name} is not followed to another origin (${status})`, () =>
        Effect.gen(function* () {
          const other = yield* scriptedServer(() => ({ status: 200, body: [] }))
          const server = yield* scriptedServer(() => ({
            status,
            body: "",
            headers: { location: `${other.origin}/x` }
          }))
          const error = yield* Effect.flatMap(DnsClient, (dns) => dns.findZone("app.example.com")).pipe(
            Effect.flip,
            Effect.provide(layer(server.origin)),
            Effect.provide(FetchHttpClient.layer)
          )
          assert.strictEqual(error.reason, "BadResponse")
          assert.isAbove(server.seen.length, 0)
          assert.deepStrictEqual(other.seen, [])
        }).pipe(Effect.scoped)
      )
    }
  }
})

describe("Escapes in logs, CI commands and prompt spoofing", () => {
  const bytes = String.fromCodePoint(...Array.from({ length: 256 }, (_, code) => code))
  const hostile = [
    bytes,
    "\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007",
    "\u001b]52;c;ZXZpbA==\u0007",
    "\u001b]52;c;ZXZpbA==\u001b\\",
    "\u009d52;c;ZXZpbA==\u009c",
    "\u001bP$q\u001b\\",
    "\u001b[2J\u001b[H\u001b[?1049h",
    "\u009b2J",
    "\u202eevil\u202c\u2066x\u2069\u200b\ufeff",
    "::set-env name=PATH::/evil",
    "  ::add-mask::x",
    "a\r::warning::x",
    "##vso[task.setvariable variable=PATH]/evil",
    "a ##[error]b ##teamcity[buildStop]",
    "Carry this plan out? [y/N] y",
    "\u001b[1A\u001b[2KCarry this plan out? [y/N] y",
    ...Array.from(bytes, (byte) => `x${byte}y`)
  ]
  const body = JSON.stringify({
    message: hostile.join("\n"),
    error: hostile.join("\n"),
    errors: Object.fromEntries(hostile.map((text) => [text, [text]])),
    conflicts: hostile.map((text) => ({ domain: text, resource_name: text, resource_uuid: text }))
  })
  const server = { uuid: "a".repeat(24), ip: "192.0.2.1", is_usable: true, is_reachable: true }
  const servers = JSON.stringify(hostile.map((name) => ({ ...server, name, description: name })))

  const assertHarmless = ({ stdout, stderr }: Pick<Result, "stdout" | "stderr">) => {
    for (const seen of [stdout, stderr]) {
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(seen, /[\p{Cs}\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u)
      assert.notMatch(seen, /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u)
      assert.notMatch(seen, /^\s*::/m)
      assert.notMatch(seen, /##\w*\[/)
    }
  }

  it("whatever is in a log, an error or a name, it stays text", async () => {
    write(
      "loud.yaml",
      base(
        [
          "env:",
          "  SANDBOX_ECHO: LOUD",
          `  LOUD: ${JSON.stringify("x\n::set-env name=A::b\n  ::warning::x\n##vso[task]y\nCarry this plan out? [y/N] y")}`,
          "healthcheck: { interval: 1, timeout: 1, retries: 1, startPeriod: 0, settle: 0, container: true }"
        ].join("\n")
      )
    )
    const sandbox = (command: string, ...args: ReadonlyArray<string>) =>
      here([command, "--sandbox", "loud.yaml", ...args])
    const fault = (rule: string) => ["--sandbox-fault", rule]
    const loud = [
      await sandbox("apply", "--yes", ...fault(`coolify GET /servers status=200 body=${servers}`)),
      await sandbox("apply", "--yes", ...fault(`coolify POST /projects status=422 body=${body}`)),
      await sandbox("apply", "--yes", "--json", ...fault(`coolify POST /projects status=422 body=${body}`)),
      await sandbox("apply", "--yes", ...fault(`coolify POST /applications status=409 body=${body}`)),
      await sandbox("apply", "--yes", ...fault(`dns PATCH /zones status=422 body=${body}`))
    ]
    for (const result of loud) {
      assertHarmless(result)
      assert.notStrictEqual(result.status, 0)
      // It did arrive.
      assert.match(result.stdout + result.stderr, /evil|x!y/, result.stderr)
    }
    const applied = await sandbox("apply", "--yes", "--verbose")
    assertHarmless(applied)
    assert.strictEqual(applied.status, 0, applied.stderr)
    assert.include(applied.stderr, "| : :set-env name=A::b")
    // A question that the log asks stands behind the bar that all of the log stands behind.
    assert.notMatch(applied.stderr, /^Carry this plan out/m)
    const logs = fault(`coolify GET ~/logs status=200 body=${JSON.stringify({ logs: hostile.join("\n") })}`)
    for (const result of [
      await sandbox("logs", ...logs),
      await sandbox("logs", "--json", ...logs),
      await sandbox("status")
    ]) {
      assertHarmless(result)
      assert.strictEqual(result.status, 0, result.stderr)
    }
  })

  it("nobody at a terminal is nobody who agrees, whatever stdin says", async () => {
    write(
      "ask.yaml",
      base('env: { A: "x\\nCarry this plan out? [y/N] y" }')
        .replace("name: app", "name: ask")
        .replace("app.example.com", "ask.example.com")
    )
    const { status, stderr, stdout } = await fabrik.run(["apply", "--sandbox", "ask.yaml"])
    assert.strictEqual(status, 4, stdout)
    assert.include(stderr, "nobody can be asked")
    assert.notMatch(stdout, /^\s*Carry this plan out/m)
    const gone = await fabrik.run(["destroy", "--sandbox", "loud.yaml"])
    assert.strictEqual(gone.status, 4, gone.stdout)
  })
})

describe("Compose and label injection", () => {
  const values = {
    NEWLINE: "a\nINJECTED=1",
    QUOTES: `"\\"\\$"`,
    EXPANSION: "${HOME} $HOME $$ ${X:-y} {{ .Env.HOME }} {{environment.X}}",
    COMMAND: "$(id) `id` ; id && id | id > /tmp/x",
    LABEL: "traefik.enable=true, traefik.http.routers.x.rule=Host(`evil.example`)",
    YAML: "- a: b\n  privileged: true\nservices:\n  x: y",
    BLANKS: "in the  middle\t alone",
    EMPTY: "",
    UNICODE: "é✓\u{1f511}"
  }

  it("values arrive as they are, and as nothing else", async () => {
    const env = Object.entries(values).map(
      ([key, value]) => `  ${key}: ${JSON.stringify(value).replaceAll("${", () => "$${")}`
    )
    write("inject.yaml", base(["env:", ...env, "secrets: [GENERATED, TRICKY]"].join("\n")))
    const tricky = `"\\$(id)\${X}\nTRICKY2=1`
    rmSync(join(fabrik.cwd, ".fabrik"), { recursive: true, force: true })
    const { status, stderr } = await here(["apply", "--sandbox", "--yes", "inject.yaml"], {
      TRICKY: tricky
    })
    assert.strictEqual(status, 0, stderr)
    const text = readFileSync(join(fabrik.cwd, ".fabrik/sandbox/coolify.json"), "utf8")
    const state = JSON.parse(text)
    const { containers } = "value" in state ? state.value : state
    assert.strictEqual(containers.length, 1)
    const [{ env: arrived }] = containers
    const { FABRIK_RELEASE, GENERATED, ...rest } = arrived
    assert.match(FABRIK_RELEASE, /^[0-9a-f]{12}$/)
    assert.match(GENERATED, /^[A-Za-z0-9]{32}$/)
    const ours = Object.fromEntries(
      Object.entries(rest).filter(([key]) => !/^(?:COOLIFY|SERVICE)_/.test(key))
    )
    const { PORT, HOST, ...given } = ours
    assert.deepStrictEqual(given, { ...values, TRICKY: tricky })
    const again = await here(["apply", "--sandbox", "inject.yaml"], { TRICKY: tricky })
    assert.include(again.stdout, "No changes.")
    assert.include([undefined, "8080"], PORT)
    assert.include([undefined, "0.0.0.0"], HOST)
  })

  const names = [
    "A B",
    "A=B",
    "A\nB",
    'A"B',
    "A'B",
    "${A}",
    "$(id)",
    "A;B",
    "A-B",
    "1A",
    "",
    "é",
    "A\u0000",
    "{{A}}"
  ]
  it.each(names)("%j names no variable, no secret and no application", (name) => {
    const text = JSON.stringify(name)
    for (const more of [
      `env: { ${text}: x }`,
      `secrets: [${text}]`,
      `project: ${JSON.stringify(`${name}\n`)}`
    ]) {
      assert.isTrue(Either.isLeft(parseSpec(base(more), "spec.yaml")), more)
    }
    assert.isTrue(Either.isLeft(parseSpec(base("").replace("name: app", `name: ${text}`), "spec.yaml")))
  })
})

describe("Hostile reply", () => {
  it.live("of a DNS provider is read up to a limit", () =>
    Effect.gen(function* () {
      const server = yield* scriptedServer(() => "flood")
      const error = yield* Effect.flatMap(DnsClient, (dns) => dns.findZone("app.example.com")).pipe(
        Effect.flip,
        Effect.provide(
          PowerDns.layer({ apiUrl: server.origin, apiKey: Redacted.make("x"), serverName: "localhost" })
        ),
        Effect.provide(FetchHttpClient.layer)
      )
      assert.strictEqual(error.reason, "BadResponse")
      // It ends with the first byte that no JSON has; test/http holds the limits of what is JSON.
      assert.include(error.detail, "not JSON")
      assert.isBelow(server.flooded(), 1600 * 64 * 1024)
    }).pipe(Effect.scoped)
  )
})

describe("Supply chain", () => {
  const read = (file: string) => readFileSync(join(root, file), "utf8")
  const lock: {
    packages: Record<
      string,
      { integrity?: string; resolved?: string; link?: boolean; hasInstallScript?: boolean }
    >
  } = JSON.parse(read("package-lock.json"))
  const packages = Object.entries(lock.packages).filter(([name]) => name !== "")

  it("every package is known by its digest", () => {
    assert.isAbove(packages.length, 100)
    for (const [name, { integrity, link, resolved }] of packages) {
      assert.match(integrity ?? "", /^sha512-[A-Za-z0-9+/]{86}==$/, name)
      assert.isUndefined(link, name)
      // Wherever it comes from, its digest decides.
      assert.isUndefined(resolved, name)
    }
  })

  it("no install script runs, and a new package that has one is noticed", () => {
    assert.match(read(".npmrc"), /^ignore-scripts=true$/m)
    assert.match(read("scripts/install"), /^ *npm ci --ignore-scripts /m)
    const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([name]) => name)
    assert.deepStrictEqual(scripted, [
      "node_modules/@parcel/watcher",
      "node_modules/esbuild",
      "node_modules/msgpackr-extract"
    ])
    const { scripts, ...manifest } = JSON.parse(read("package.json"))
    const hooks = ["preinstall", "install", "postinstall", "prepare", "prepublish", "prepack"]
    // An install from git and a package are built, by nothing but what stands here.
    assert.deepStrictEqual(
      Object.entries(scripts).filter(([name]) => hooks.includes(name)),
      [
        ["prepare", "npm run --silent build"],
        ["prepack", "./scripts/install"]
      ]
    )
    assert.isUndefined(manifest.dependencies)
  })

  it("nothing else is fetched or executed to build it", () => {
    for (const file of ["scripts/install", "scripts/build.mjs", "scripts/test", ".ci/run"]) {
      assert.notMatch(read(file), /\bcurl\b|\bwget\b|\bnpx --yes\b|\beval\b/, file)
    }
  })
})

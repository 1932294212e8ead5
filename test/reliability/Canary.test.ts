/**
 * Secrets of which nothing may ever be seen, in every place a secret can stand, and a world that repeats them wherever it
 * can: in the application's log, in the build's log, and in the errors of both APIs.
 */
import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { it } from "@effect/vitest"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { redactedMark } from "../../src/ui/Redactor.ts"
import { buildFabrik, type BuiltFabrik, type Result } from "./BuiltFabrik.ts"
import { assertNoSecret, filesBelow, leaksIn } from "./Leak.ts"
import { note, sample } from "./Scale.ts"

const random = () => randomBytes(12).toString("hex")

const token = `canary${random()}`
const canaries = {
  environment: `env ${random()} "q&=+/%20\\~`,
  file: `file-${random()}\nsecond-${random()}${random()}${random()}${random()}`,
  flag: `flag-${random()}+/==`,
  stored: `stored${random()}`,
  url: `postgres://app:pw-${random()}%2F@db.internal:5432/app`,
  long: random().repeat(6),
  token,
  dnsKey: `dns${random()}`,
  fresh: `fresh-${random()}`,
  cloudflare: `cf-${random()}`,
  userinfo: `user-${random()}`
}

const names = ["ENVIRONMENT", "FILE", "FLAG", "STORED", "DATABASE_URL", "LONG"]

const specOf = (behaviour: string) => `
name: canary
domain: canary.example.com
server: vps1
source: { image: "registry.example/api:1" }
port: 8080
env: { SANDBOX_APP: "${behaviour}", SANDBOX_ECHO: "${names.join(",")}" }
secrets: [${names.join(", ")}]
healthcheck: { path: /health, interval: 1, timeout: 1, retries: 1, startPeriod: 0, settle: 0, container: true }
`

const given = {
  ENVIRONMENT: canaries.environment,
  DATABASE_URL: canaries.url,
  LONG: canaries.long
}
const flags = ["-s", `FLAG=${canaries.flag}`]

/** In all forms: of those that an API can know. */
const inAllForms = (secrets: ReadonlyArray<string>) =>
  secrets.flatMap((canary) => [
    canary,
    Buffer.from(`x${canary}`).toString("base64"),
    Buffer.from(canary).toString("hex"),
    encodeURIComponent(canary),
    JSON.stringify(canary),
    // In whatever case, and more of it than has to be.
    Array.from(Buffer.from(canary), (byte, index) => {
      const digits = byte.toString(16).padStart(2, "0")
      return `%${index % 2 === 0 ? digits : digits.toUpperCase()}`
    }).join(""),
    Array.from(canary, (character) =>
      /\w/.test(character) ? character : `&#${character.codePointAt(0)};`
    ).join("")
  ])
/** What an API says that repeats all that it knows. */
const bodyOf = (texts: ReadonlyArray<string>) =>
  JSON.stringify({
    message: `refused: ${texts.join(" ")}`,
    error: texts.join(" "),
    errors: Object.fromEntries(texts.map((text, index) => [`field${index}`, [text]])),
    conflicts: texts.map((text) => ({ domain: text, resource_name: text, resource_uuid: null }))
  })
const { cloudflare, dnsKey, fresh, userinfo, ...ofTheApplication } = canaries
const encoded = inAllForms([...Object.values(ofTheApplication), dnsKey])
const echo = bodyOf(encoded)

let fabrik: BuiltFabrik
let runs = 0
/** Kept events in which something was taken out. */
let kept = 0

beforeAll(() => {
  fabrik = buildFabrik()
  freshSandbox()
  writeFileSync(join(fabrik.cwd, "app.yaml"), specOf("ok"))
  writeFileSync(join(fabrik.cwd, "bad.yaml"), specOf("unhealthy"))
  writeFileSync(join(fabrik.cwd, ".env"), `FILE="${canaries.file}"\n`, { mode: 0o600 })
})
afterAll(() => fabrik.dispose())

/** An empty sandbox that has the canaries for its credentials, and a secret that an earlier run generated. */
const freshSandbox = () => {
  const dir = join(fabrik.cwd, ".fabrik/sandbox")
  const vault = join(dir, "secrets/fabrik/production/canary")
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(vault, { recursive: true, mode: 0o700 })
  const settings = { version: 1, token: `1|${token}`, dnsApiKey: dnsKey, ports: {} }
  writeFileSync(join(dir, "sandbox.json"), JSON.stringify(settings), { mode: 0o600 })
  writeFileSync(join(vault, "STORED.env"), `STORED=${canaries.stored}\n`, { mode: 0o600 })
}

/** Where secrets belong: fabrik's vault, and the sandbox's own memory, which stands for Coolify's database. */
const isPlaceForSecrets = (file: string) =>
  /(?:^|\/)(?:secrets\/.*|key)$/.test(file) || /^sandbox\/(?:coolify|sandbox)\.json$/.test(file)

const assertNothingLeaks = (result: Result) => {
  const { status, stdout, stderr, watched } = result
  const seen = { stdout, stderr, programs: JSON.stringify(watched.filter(({ what }) => what === "program")) }
  for (const [where, text] of Object.entries(seen)) {
    assert.deepStrictEqual(leaksIn(canaries, text), [], `${where} (exit ${status}):\n${text}`)
  }
  for (const [file, text] of filesBelow(join(fabrik.cwd, ".fabrik"))) {
    if (/runs\/\w+\/.*\.ndjson$/.test(file) && text.includes(redactedMark)) kept++
    if (!isPlaceForSecrets(file)) assert.deepStrictEqual(leaksIn(canaries, text), [], `${file}:\n${text}`)
  }
  runs++
}

interface Case {
  readonly args: ReadonlyArray<string>
  readonly status: number
  readonly env?: Readonly<Record<string, string>>
  /** That something was there to be taken out. */
  readonly echoes?: "stdout" | "stderr"
}

const sandbox = (command: string, ...args: ReadonlyArray<string>) => [command, "--sandbox", ...args]
const faulty = (fault: string) => ["--sandbox-fault", fault]
const apply = (...args: ReadonlyArray<string>) => sandbox("apply", "--yes", ...flags, ...args)

const story: Readonly<Record<string, Case>> = {
  "a dry run": { args: apply("--dry-run", "app.yaml"), status: 0 },
  "an apply whose server list is refused": {
    args: apply("app.yaml", ...faulty(`coolify GET /servers status=401 body=${echo}`)),
    status: 5
  },
  "an apply whose variables are refused": {
    args: apply("app.yaml", ...faulty(`coolify PATCH /envs status=422 body=${echo}`)),
    status: 10,
    echoes: "stderr"
  },
  "an apply whose variables are refused, in JSON": {
    args: apply("app.yaml", "--json", ...faulty(`coolify PATCH /envs status=422 body=${echo}`)),
    status: 10,
    echoes: "stdout"
  },
  "an apply that cannot look before it rolls back": {
    args: apply("app.yaml", ...faulty(`coolify * /envs status=422 body=${echo}`)),
    status: 11,
    echoes: "stderr"
  },
  "an apply that cannot look at what is left, in JSON": {
    args: apply("app.yaml", "--json", ...faulty(`coolify * /envs status=422 body=${echo}`)),
    status: 4,
    echoes: "stdout"
  },
  "an apply that meets a broken Coolify": {
    args: apply("app.yaml", ...faulty(`coolify POST /deploy status=400 body=${echo}`)),
    status: 10,
    echoes: "stderr"
  },
  "an apply whose record is refused": {
    args: apply("app.yaml", ...faulty(`dns PATCH /zones status=422 body=${echo}`)),
    status: 10,
    echoes: "stderr"
  },
  "an apply whose conflict is told": {
    args: apply("app.yaml", ...faulty(`coolify POST /applications status=409 body=${echo}`)),
    status: 10,
    echoes: "stderr"
  },
  "an apply that fails, with the build's log": {
    args: apply("--report", ".fabrik/sandbox/report.html", "bad.yaml"),
    status: 10,
    echoes: "stderr"
  },
  "an apply that fails, in JSON": { args: apply("--json", "bad.yaml"), status: 10 },
  "an apply --verbose": {
    args: apply("--verbose", "app.yaml"),
    status: 0,
    echoes: "stderr"
  },
  "an apply --json": { args: apply("--json", "--redeploy", "app.yaml"), status: 0, echoes: "stdout" },
  "an apply that is being debugged": {
    args: apply("--verbose", "--redeploy", "app.yaml", ...faulty("coolify GET /servers garbage x1")),
    status: 10,
    env: { FABRIK_DEBUG: "1" }
  },
  "a log": { args: sandbox("logs", "app.yaml"), status: 0, echoes: "stdout" },
  "a log in JSON": { args: sandbox("logs", "--json", "app.yaml"), status: 0, echoes: "stdout" },
  "a log that repeats all of it in every form": {
    args: sandbox(
      "logs",
      "app.yaml",
      ...faulty(`coolify GET ~/logs status=200 body=${JSON.stringify({ logs: encoded.join("\n") })}`)
    ),
    status: 0,
    echoes: "stdout"
  },
  "a log that has a secret which Coolify does not know yet": {
    args: sandbox(
      "logs",
      "app.yaml",
      ...faulty(
        `coolify GET ~/logs status=200 body=${JSON.stringify({ logs: inAllForms([fresh]).join("\n") })}`
      )
    ),
    status: 0,
    env: { LONG: fresh },
    echoes: "stdout"
  },
  "a plan in JSON, of other secrets": {
    args: sandbox("plan", "--json", "app.yaml"),
    status: 0,
    env: { FLAG: canaries.stored }
  },
  "a saved plan": {
    args: sandbox("plan", "--out", ".fabrik/sandbox/saved.plan", ...flags, "bad.yaml"),
    status: 0
  },
  "a status": { args: sandbox("status", "app.yaml"), status: 0 },
  "a status in JSON": { args: sandbox("status", "--json", "app.yaml"), status: 0 },
  "a list": { args: sandbox("list", "--json", "--all"), status: 0 },
  "an adopt": { args: sandbox("adopt", "canary"), status: 0 },
  "a verify": { args: sandbox("verify", "--json", "app.yaml"), status: 0 },
  "the releases": { args: sandbox("rollback", "--list", "--json", "app.yaml"), status: 0 },
  "a destroy that is refused": {
    args: sandbox("destroy", "--yes", "app.yaml", ...faulty(`coolify DELETE * status=400 body=${echo}`)),
    status: 4,
    echoes: "stderr"
  },
  "a destroy": { args: sandbox("destroy", "--yes", "app.yaml"), status: 0 },
  "a wrong flag": { args: ["apply", "app.yaml", ...flags, "--secret", canaries.flag], status: 4 },
  "an address with a password in it": {
    args: ["apply", "--yes", "app.yaml"],
    status: 5,
    env: {
      COOLIFY_ENDPOINT: `https://x:${userinfo}@coolify.invalid`,
      COOLIFY_TOKEN: `1|${token}`
    }
  },
  "an address of PowerDNS with a password in it": {
    args: ["apply", "--yes", "app.yaml"],
    status: 5,
    env: {
      COOLIFY_ENDPOINT: "http://127.0.0.1:47999",
      COOLIFY_TOKEN: `1|${token}`,
      PDNS_API_URL: `https://x:${userinfo}@dns.invalid`,
      PDNS_API_KEY: dnsKey
    }
  },
  "a Coolify that does not answer": {
    args: ["list"],
    status: 6,
    env: {
      COOLIFY_ENDPOINT: "http://127.0.0.1:47999",
      COOLIFY_TOKEN: `1|${token}`,
      CLOUDFLARE_API_TOKEN: cloudflare,
      FABRIK_DEBUG: "1"
    }
  }
}

describe("no secret is seen", () => {
  for (const [name, { args, status, env, echoes }] of sample(Object.entries(story), 7)) {
    it(`in ${name}`, async () => {
      const result = await fabrik.run(args, { ...given, ...env })
      assertNothingLeaks(result)
      assert.strictEqual(result.status, status, result.stdout + result.stderr)
      if (echoes !== undefined) assert.include(result[echoes], redactedMark)
    })
  }

  it("[fault 19: two runs, signals, keys in logs] where the credentials are in the environment", async () => {
    freshSandbox()
    const faults = ["GET /projects", "GET /resources"].flatMap((what) => [
      "--fault",
      `coolify ${what} status=400 body=${bodyOf(inAllForms([token, `1|${token}`, dnsKey]))}`
    ])
    const printed = await fabrik.begin(
      ["sandbox", "--server", "vps1", "--zone", "example.com", ...faults],
      "Stop it with Ctrl-C."
    )
    // What was asked for is shown, also to one who has it in the environment.
    assert.include(printed, token)
    const url = (name: string) => new RegExp(`export ${name}=(\\S+)`).exec(printed)?.[1] ?? ""
    const env = {
      ...given,
      COOLIFY_ENDPOINT: url("COOLIFY_URL"),
      COOLIFY_TOKEN: `1|${token}`,
      PDNS_API_URL: url("PDNS_API_URL"),
      PDNS_API_KEY: dnsKey
    }
    for (const args of [
      ["list"],
      ["plan", "app.yaml"],
      ["plan", "--json", "app.yaml"],
      ["logs", "app.yaml"]
    ]) {
      const result = await fabrik.run(args, env)
      assertNothingLeaks(result)
      assert.include(result.stderr, redactedMark)
    }
    assert.isAbove(kept, 0, "what is kept of runs is among what is looked through")
    note({ suite: "canary", runs, invariants: "I5" })
  })
})

it("what all suites are looked through with finds what there is to be found", () => {
  const root = mkdtempSync(join(tmpdir(), "fabrik-leak-"))
  mkdirSync(join(root, "secrets/p/e/n"), { recursive: true })
  mkdirSync(join(root, "journal"))
  const [vault, key, password] = [random(), random().repeat(2), random()]
  writeFileSync(join(root, "secrets/p/e/n/A.env"), `A=${vault}\n`)
  writeFileSync(join(root, "key"), `${key}\n`)
  writeFileSync(join(root, "sandbox.json"), JSON.stringify({ token: `1|${token}`, dnsApiKey: password }))
  assertNoSecret(root, "nothing here, nor in bits and pieces")
  const wrapped = (text: string) => `${text.slice(0, 9)}\n    ${text.slice(9)}`
  for (const secret of [vault, key, token, password]) {
    for (const seen of [
      secret,
      secret.slice(3, 15),
      Buffer.from(`x${secret}`).toString("base64"),
      Buffer.from(secret).toString("hex"),
      [...Buffer.from(secret)].map((byte) => `%${byte.toString(16)}`).join(""),
      [...secret].map((char) => `\\u00${char.charCodeAt(0).toString(16)}`).join(""),
      wrapped(secret)
    ]) {
      assert.throws(() => assertNoSecret(root, `before ${seen} after`), /I5/, undefined, seen)
      writeFileSync(join(root, "journal/a.ndjson"), seen)
      assert.throws(() => assertNoSecret(root, ""), /I5: journal/, undefined, seen)
      rmSync(join(root, "journal/a.ndjson"))
    }
  }
  rmSync(root, { recursive: true })
})

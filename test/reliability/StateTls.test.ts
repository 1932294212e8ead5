/** A state behind TLS, as `fabrik doctor` tells of it: a real PostgreSQL with certificates of a CA of our own. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { builtFabrik, runProgram } from "../support/Built.ts"
import { postgresMissing, type RunningPostgres, startPostgres } from "../support/PostgresServer.ts"

const missing = postgresMissing !== undefined

let postgres: RunningPostgres
let folder = ""

/** A CA, and a certificate of it for `127.0.0.1` alone. */
const certificates = (place: string) => {
  const openssl = (...args: ReadonlyArray<string>) =>
    execFileSync("openssl", args, { cwd: place, stdio: "pipe" })
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
  openssl("req", "-x509", ...made, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=a CA of our own")
  openssl("req", ...made, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=database")
  writeFileSync(join(place, "names"), "subjectAltName=IP:127.0.0.1\n")
  openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    "names",
    "-out",
    "server.pem"
  )
  const read = (name: string) => readFileSync(join(place, name), "utf8")
  return { cert: read("server.pem"), key: read("server.key") }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fabrik-tls-"))
  if (missing) return
  postgres = await startPostgres(certificates(folder))
  postgres.sql("postgres", "CREATE DATABASE state")
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await postgres?.stop()
})

/** What it says of the state, in JSON. */
const looked = async (url: string, more: NodeJS.ProcessEnv = {}) => {
  const { stdout } = await runProgram(process.execPath, [builtFabrik(), "doctor", "--json"], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      FABRIK_STATE_URL: url,
      FABRIK_STATE_KEY: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG=",
      ...more
    }
  })
  assert.notInclude(stdout, postgres.password)
  return stdout
    .trim()
    .split("\n")
    .map(
      (line) => JSON.parse(line) as { readonly area: string; readonly state: string; readonly detail: string }
    )
    .filter(({ area }) => area === "shared state")
}

describe.skipIf(missing)("a state behind TLS", () => {
  const trusted = () => ({ NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") })

  it("is used where its CA is trusted, in every mode that asks for TLS", async () => {
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      const [first, ...rest] = await looked(`${postgres.url("state")}?sslmode=${mode}`, trusted())
      assert.strictEqual(first?.state, "passed", first?.detail)
      assert.match(first?.detail ?? "", /^PostgreSQL \d+\.\d+ at 127\.0\.0\.1:\d+\/state, over TLS$/)
      assert.deepStrictEqual(
        rest.map(({ state }) => state),
        ["passed"]
      )
    }
  })

  it("is refused where it is not, and under a name that its certificate does not have", async () => {
    const url = `${postgres.url("state")}?sslmode=require`
    for (const [address, env] of [
      [url, {}],
      [url.replace("127.0.0.1", "localhost"), trusted()]
    ] as const) {
      const [first] = await looked(address, env)
      assert.strictEqual(first?.state, "failed")
      assert.match(first?.detail ?? "", /has a certificate that cannot be trusted/)
    }
  })

  it("is told to be in clear where it is", async () => {
    const [first] = await looked(postgres.url("state"))
    assert.match(first?.detail ?? "", /in clear$/)
  })
})

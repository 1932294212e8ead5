/** A real PostgreSQL server on a free loopback port, for as long as a suite lasts. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process"
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"

const found = ((): { readonly bin: string } | { readonly missing: string } => {
  const script = new URL("../../scripts/postgres", import.meta.url).pathname
  const run = spawnSync(script, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  if (run.status === 0) return { bin: run.stdout.trim() }
  const missing = run.stderr?.trim().split("\n").at(-1) ?? String(run.error)
  if (process.env["CI"] === "true") throw new Error(`PostgreSQL is required here: ${missing}`)
  process.stderr.write(`skipping what needs a real PostgreSQL: ${missing}\n`)
  return { missing }
})()

/** `undefined`: PostgreSQL can be started; otherwise why not. Installs it on first use, where that is possible. */
export const postgresMissing = "missing" in found ? found.missing : undefined

export interface RunningPostgres {
  readonly port: number
  readonly user: string
  readonly password: string
  /** Of one of its databases, for its superuser. */
  readonly url: (database: string) => string
  /** Runs SQL as the superuser, past what is under test; answers the rows without decoration. */
  readonly sql: (database: string, sql: string) => string
  /** Ends it as a power cut does, and starts it again; what happens meanwhile finds none. */
  readonly restart: (meanwhile?: () => Promise<unknown>) => Promise<void>
  readonly stop: () => Promise<void>
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** @param tls a certificate and its key, as PEM: connections may use TLS then. */
export const startPostgres = async (tls?: {
  readonly cert: string
  readonly key: string
}): Promise<RunningPostgres> => {
  if (!("bin" in found)) throw new Error(found.missing)
  const { bin } = found
  const folder = mkdtempSync(join(tmpdir(), "fabrik-postgres-"))
  const data = join(folder, "data")
  const secret = join(folder, "password")
  const user = "team"
  // In an address it has to be escaped.
  const password = "p4ss/word of @tests"
  writeFileSync(secret, password, { mode: 0o644 })
  // It refuses to be run by root.
  const isRoot = process.geteuid?.() === 0
  const files = { cert: join(folder, "server.crt"), key: join(folder, "server.key") }
  if (tls !== undefined) {
    writeFileSync(files.cert, tls.cert)
    writeFileSync(files.key, tls.key, { mode: 0o600 })
  }
  if (isRoot) {
    const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }))
    for (const one of [folder, ...(tls === undefined ? [] : Object.values(files))]) {
      chownSync(one, id("-u"), id("-g"))
    }
  }
  const secure =
    tls === undefined
      ? []
      : ["-c", "ssl=on", "-c", `ssl_cert_file=${files.cert}`, "-c", `ssl_key_file=${files.key}`]
  const as = isRoot
    ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL"]
    : []
  const words = (program: string, args: ReadonlyArray<string>) => {
    const [first = "", ...rest] = [...as, join(bin, program), ...args]
    return [first, rest] as const
  }
  const options = { cwd: folder, env: { PATH: process.env["PATH"], LANG: "C.UTF-8" } }
  execFileSync(
    ...words("initdb", [
      "-D",
      data,
      "-U",
      user,
      `--pwfile=${secret}`,
      "-A",
      "scram-sha-256",
      "-N",
      "--no-instructions",
      "-E",
      "UTF8",
      "--no-locale"
    ]),
    { ...options, stdio: ["ignore", "ignore", "inherit"] }
  )
  const port = await freePort()
  const launch = async () => {
    const started = spawn(
      ...words("postgres", [
        "-D",
        data,
        "-p",
        String(port),
        "-k",
        folder,
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "fsync=off",
        "-c",
        "full_page_writes=off",
        "-c",
        "shared_buffers=16MB",
        "-c",
        "max_connections=40",
        ...secure
      ]),
      { ...options, stdio: ["ignore", "ignore", "pipe"] }
    )
    await new Promise<void>((resolve, reject) => {
      let said = ""
      started.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text
        if (said.includes("ready to accept connections")) resolve()
      })
      started.on("exit", (code) => reject(new Error(`postgres ended with ${code}: ${said}`)))
    })
    return started
  }
  let server: ChildProcess = await launch()
  const end = async () => {
    const over = new Promise((resolve) => server.once("exit", resolve))
    // Immediate: it ends as if the power had gone.
    server.kill("SIGQUIT")
    await over
  }
  return {
    port,
    user,
    password,
    url: (database) => `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`,
    sql: (database, sql) =>
      execFileSync(
        join(bin, "psql"),
        [
          "-X",
          "-q",
          "-At",
          "-v",
          "ON_ERROR_STOP=1",
          "-h",
          "127.0.0.1",
          "-p",
          String(port),
          "-U",
          user,
          "-d",
          database,
          "-c",
          sql
        ],
        {
          ...options,
          env: { ...options.env, PGPASSWORD: password },
          encoding: "utf8"
        }
      ).trim(),
    restart: async (meanwhile) => {
      await end()
      await meanwhile?.()
      server = await launch()
    },
    stop: async () => {
      await end()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

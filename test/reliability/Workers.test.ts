/** Workers that die while they carry out what was handed to them, on a real PostgreSQL. */
import { spawn, type ChildProcess } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { builtFabrik } from "../support/Built.ts"
import { postgresMissing, type RunningPostgres, startPostgres } from "../support/PostgresServer.ts"
import { Dice } from "./Dice.ts"
import { type Bench, type Case, eventually, expectCode, pause, startBench } from "./ProcessBench.ts"
import { isFull, note, size } from "./Scale.ts"

const key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG="
const database = "state"
const secret = "only-the-application-may-know-it"
const missing = postgresMissing !== undefined

let postgres: RunningPostgres
let bench: Bench
beforeAll(async () => {
  if (missing) return
  postgres = await startPostgres()
  postgres.sql("postgres", `CREATE DATABASE ${database}`)
  bench = await startBench({ slots: 1, versions: [] })
})
afterAll(async () => {
  bench?.stop()
  await postgres?.stop()
})

const environment = ({ slot }: Case): Record<string, string> => ({
  COOLIFY_ENDPOINT: slot.server.apiUrl,
  COOLIFY_TOKEN: slot.server.token,
  FABRIK_STATE_URL: postgres.url(database),
  FABRIK_STATE_KEY: key
})

interface Worker {
  readonly child: ChildProcess
  readonly said: () => string
  readonly over: Promise<void>
  /** With all that it has started, as when its machine dies. */
  readonly die: () => void
}

let machines = 0

const startWorker = async (it: Case, ...args: ReadonlyArray<string>): Promise<Worker> => {
  machines += 1
  const cwd = join(it.cwd, `machine-${machines}`)
  mkdirSync(cwd)
  const env = {
    PATH: process.env["PATH"],
    LANG: "C.UTF-8",
    FABRIK_LATE_EFFECTS: "5",
    TMPDIR: cwd,
    ...environment(it)
  }
  const child = spawn(process.execPath, [builtFabrik(), "worker", "--json", ...args], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"]
  })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (said += text))
  }
  const over = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  await eventually("a worker that is ready", () =>
    said.includes("WorkerReady")
      ? true
      : child.exitCode === null
        ? undefined
        : Promise.reject(new Error(said))
  )
  return {
    child,
    said: () => said,
    over,
    die: () => {
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL")
      } catch {
        // It is gone already.
      }
    }
  }
}

const specText = (project: string, name: string): string =>
  [
    `name: ${name}`,
    "domain: none",
    `project: ${project}`,
    "server: localhost",
    "source: { image: 'registry.example/api:1' }",
    "secrets: [API_KEY]",
    "healthcheck: { startPeriod: 0, settle: 0 }",
    ""
  ].join("\n")

const writeSpecs = (it: Case, count: number): ReadonlyArray<string> => {
  mkdirSync(join(it.cwd, "specs"))
  const names = Array.from({ length: count }, (_, index) => `app-${index + 1}`)
  for (const name of names) writeFileSync(join(it.cwd, "specs", `${name}.yaml`), specText(it.project, name))
  return names
}

const sql = (text: string): string => postgres.sql(database, text)

/** Each stands once, as it was verified, and nobody has anything left to do. */
const expectOnce = async (it: Case, names: ReadonlyArray<string>) => {
  const { coolify } = await it.ours()
  assert.lengthOf(coolify.projects, 1, "one project")
  assert.deepStrictEqual(
    coolify.applications.map(({ columns }) => String(columns["name"])).toSorted(),
    names.toSorted(),
    "one application each"
  )
  for (const { uuid, variables } of coolify.applications) {
    const running = coolify.containers.filter(({ application }) => application === uuid)
    assert.lengthOf(running, 1, "one container each")
    const value = (name: string) =>
      variables.find(({ key: one, is_preview }) => one === name && !is_preview)?.value
    assert.strictEqual(running[0]?.env["FABRIK_RELEASE"], value("FABRIK_RELEASE"))
    assert.strictEqual(value("API_KEY"), secret)
  }
  assert.strictEqual(sql("SELECT count(*) FROM fabrik.entry"), "0", "a journal is open")
  assert.strictEqual(
    sql("SELECT count(*) FROM fabrik.job WHERE exit IS DISTINCT FROM 0"),
    "0",
    "a job is open"
  )
  assert.strictEqual(
    sql("SELECT count(*) FROM fabrik.sealed WHERE place LIKE 'job %'"),
    "0",
    "a request is kept"
  )
}

describe.skipIf(missing)("workers", () => {
  it("die at random moments, and each spec is deployed once", async () => {
    await bench.once(async (it) => {
      const dice = new Dice(isFull ? Date.now() : 17)
      const count = size(6, 100)
      const names = writeSpecs(it, count)
      const workers = new Set<Worker>()
      for (let index = 0; index < 3; index++)
        workers.add(await startWorker(it, "--parallelism", "2", "--grace", "1"))
      const client = it.begin(["apply", "--remote", "specs", "--yes", "--json"], {
        env: { ...environment(it), API_KEY: secret }
      })
      const isOver = () => client.child.exitCode !== null
      // By what was sent: a moment of time would be another on another machine.
      const kills = { SIGKILL: 0, SIGTERM: 0 }
      for (let round = 0; !isOver() && round < size(2, 1000); round++) {
        const sent = it.writes().length
        const more = 1 + Math.floor(dice.next() * 12)
        await eventually("requests", () => (isOver() || it.writes().length >= sent + more ? true : undefined))
        if (isOver()) break
        const [...all] = workers
        const one = all[Math.floor(dice.next() * all.length)]
        if (one === undefined) break
        workers.delete(one)
        if (round % 2 === 0) {
          kills.SIGKILL += 1
          one.die()
        } else {
          kills.SIGTERM += 1
          one.child.kill("SIGTERM")
          await one.over
        }
        if (isFull) {
          workers.add(await startWorker(it, "--parallelism", "2", "--grace", "1"))
          await pause(dice.next() * 10_000)
        }
      }
      const ended = await client.ended
      for (const worker of workers) worker.die()
      expectCode(ended, 0)
      await expectOnce(it, names)
      // Neither in the rows nor in what anybody said.
      const rows = ["job", "job_line", "sealed", "entry"].map((table) =>
        sql(`SELECT t::text FROM fabrik.${table} t`)
      )
      for (const text of [...rows, ended.stdout, ended.stderr, ...[...workers].map(({ said }) => said())]) {
        for (const known of [secret, key, postgres.password]) assert.notInclude(text, known)
      }
      assert.isAtLeast(kills.SIGKILL + kills.SIGTERM, 2, "nobody was killed")
      note({
        suite: `workers, ${kills.SIGKILL} killed and ${kills.SIGTERM} stopped`,
        runs: count,
        invariants: "I1 I2 I3 I5"
      })
    })
  }, 3_600_000)
})

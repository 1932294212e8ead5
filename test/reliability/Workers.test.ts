/** Workers that die while they carry out what was handed to them, on a real PostgreSQL. */
import { spawn, type ChildProcess } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
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
  for (const die of started) die()
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
const started: Array<() => void> = []

const newMachine = (it: Case): string => {
  machines += 1
  const cwd = join(it.cwd, `machine-${machines}`)
  mkdirSync(cwd)
  return cwd
}

const startWorker = (it: Case, ...args: ReadonlyArray<string>): Promise<Worker> =>
  startWorkerOn(newMachine(it), it, ...args)

/** @param cwd its temporary files are there, too. */
const startWorkerOn = async (cwd: string, it: Case, ...args: ReadonlyArray<string>): Promise<Worker> => {
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
  const die = () => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL")
    } catch {
      // It is gone already.
    }
  }
  started.push(die)
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
    die
  }
}

/** Copies what anybody writes down in a journal: each is gone when its run is through. */
const keepEntries = () =>
  sql(`
    SET client_min_messages = warning;
    CREATE TABLE IF NOT EXISTS public.kept (number bigserial, name text, entry jsonb);
    TRUNCATE public.kept;
    CREATE OR REPLACE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.kept (name, entry) VALUES (NEW.name, NEW.entry::jsonb); RETURN NEW; END $$;
    CREATE OR REPLACE TRIGGER keep AFTER INSERT ON fabrik.entry FOR EACH ROW EXECUTE FUNCTION public.keep()`)

/**
 * What the journals of an application say, in order: its deployment is asked for, or a run is through, which Coolify has
 * noted beside the release. One that is killed before that note is deployed again.
 */
const milestones = (name: string): ReadonlyArray<"asked" | "through"> => {
  const rows = sql(
    `SELECT coalesce(entry->>'method', entry->>'_tag') FROM public.kept WHERE name LIKE '${name}-%' ORDER BY number`
  )
  let isCommitted = false
  return rows.split("\n").flatMap((row) => {
    if (row === "start the deployment") return ["asked" as const]
    const isThrough = isCommitted && row === "Answered"
    if (row === "Committed" || row === "Begun" || isThrough) isCommitted = row === "Committed"
    return isThrough ? ["through" as const] : []
  })
}

/** How many deployments Coolify has of each application. */
const deploymentsOf = (it: Case): ReadonlyMap<string, number> => {
  const state = JSON.parse(readFileSync(join(it.slot.dir, "coolify.json"), "utf8")) as {
    readonly applications: ReadonlyArray<{ readonly id: number; readonly columns: { readonly name: string } }>
    readonly deployments: ReadonlyArray<{ readonly application_id: number }>
  }
  return new Map(
    state.applications.map(({ columns, id }) => [
      columns.name,
      state.deployments.filter(({ application_id }) => application_id === id).length
    ])
  )
}

/**
 * Once for each run that came so far, and by none after one that was through: what is repeated is what its run was killed
 * over. Coolify has what was asked for, less what was skipped as one was under way, or never sent.
 */
const expectNoSettledRepeated = (it: Case, names: ReadonlyArray<string>): number => {
  let repeated = 0
  for (const name of names) {
    const all = milestones(name)
    assert.strictEqual(all.at(-1), "through", name)
    assert.lengthOf(
      all.filter((one) => one === "through"),
      1,
      `${name}: ${all.join(", ")}`
    )
    const had = deploymentsOf(it).get(name) ?? 0
    assert.isAtLeast(had, 1)
    assert.isAtMost(had, all.length - 1)
    repeated += all.length - 2
  }
  return repeated
}

const specText = (project: string, name: string, settle = 0): string =>
  [
    `name: ${name}`,
    "domain: none",
    `project: ${project}`,
    "server: localhost",
    "source: { image: 'registry.example/api:1' }",
    "secrets: [API_KEY]",
    `healthcheck: { startPeriod: 0, settle: ${settle} }`,
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
      keepEntries()
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
      const repeated = expectNoSettledRepeated(it, names)
      assert.isAtMost(repeated, 2 * (kills.SIGKILL + kills.SIGTERM), "more than was under way")
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

  it("that die over a deployment have it asked for again, and one that is through is not", async () => {
    await bench.once(async (it) => {
      mkdirSync(join(it.cwd, "specs"))
      const write = (name: string, settle: number) =>
        writeFileSync(join(it.cwd, "specs", `${name}.yaml`), specText(it.project, name, settle))
      write("slow", 12)
      write("quick", 0)
      const [one, other] = [newMachine(it), newMachine(it)]
      const first = await startWorkerOn(one, it)
      keepEntries()
      // That the quick one has ended cannot be noted.
      sql(`
        CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN IF NEW.exit IS NOT NULL THEN RAISE EXCEPTION 'not now'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE UPDATE ON fabrik.job FOR EACH ROW EXECUTE FUNCTION public.hold()`)
      const client = it.begin(["apply", "--remote", "specs", "--yes"], {
        env: { ...environment(it), API_KEY: secret }
      })
      await eventually("a deployment asked for, and another one through", () =>
        milestones("slow").length === 1 && milestones("quick").at(-1) === "through" ? true : undefined
      )
      assert.match(client.said(), /Handed over 2 specs in 2 jobs; [1-4] workers? (?:is|are) there[.]/)
      const folders = (machine: string) =>
        readdirSync(machine).filter((name) => name.startsWith("fabrik-job-"))
      const [left = ""] = folders(one)
      const mode = statSync(join(one, left)).mode & 0o777
      assert.strictEqual(mode, 0o700)
      first.die()
      await first.over
      assert.isNotEmpty(folders(one))
      // Somebody else's: of no worker that could be asked.
      mkdirSync(join(one, `${left}-of-another`))
      sql("DROP TRIGGER hold ON fabrik.job")
      const second = await startWorkerOn(one, it)
      assert.deepStrictEqual(folders(one), [`${left}-of-another`])
      const third = await startWorkerOn(other, it)
      const ended = await client.ended
      expectCode(ended, 0)
      assert.deepStrictEqual(milestones("quick"), ["asked", "through"])
      assert.deepStrictEqual(milestones("slow"), ["asked", "asked", "through"])
      assert.deepStrictEqual(
        [deploymentsOf(it).get("quick"), deploymentsOf(it).get("slow")],
        [1, 2],
        "deployments that Coolify has"
      )
      await expectOnce(it, ["quick", "slow"])
      for (const worker of [second, third]) worker.die()
    })
  }, 300_000)

  it("that are told to stop with all that they have started see their jobs through", async () => {
    await bench.once(async (it) => {
      mkdirSync(join(it.cwd, "specs"))
      writeFileSync(join(it.cwd, "specs", "app.yaml"), specText(it.project, "app", 5))
      const worker = await startWorker(it, "--grace", "200")
      keepEntries()
      const client = it.begin(["apply", "--remote", "specs", "--yes"], {
        env: { ...environment(it), API_KEY: secret }
      })
      await eventually("a deployment", () => (milestones("app").length === 1 ? true : undefined))
      // As Ctrl-C does at a terminal, and a service manager.
      process.kill(-(worker.child.pid ?? 0), "SIGINT")
      expectCode(await client.ended, 0)
      await worker.over
      assert.strictEqual(worker.child.exitCode, 0)
      assert.strictEqual(sql("SELECT count(*) FROM public.kept WHERE entry->>'_tag' = 'RollingBack'"), "0")
      await expectOnce(it, ["app"])
    })
  }, 300_000)

  it.skipIf(!isFull)(
    "that do not get at the state begin again once it is there",
    async () => {
      await bench.once(async (it) => {
        mkdirSync(join(it.cwd, "specs"))
        writeFileSync(join(it.cwd, "specs", "app.yaml"), specText(it.project, "app"))
        const worker = await startWorker(it)
        const client = it.begin(["apply", "--remote", "specs", "--yes"], {
          env: { ...environment(it), API_KEY: secret }
        })
        await eventually("a job", () => (worker.said().includes("JobTaken") ? true : undefined))
        // Before the process that carries it out has asked for anything.
        await postgres.restart(() => pause(14_000))
        const ended = await client.ended
        expectCode(ended, 0)
        assert.notInclude(ended.stdout + ended.stderr, "✗")
        assert.match(worker.said(), /StateAway.*StateBack/s)
        await expectOnce(it, ["app"])
        worker.die()
      })
    },
    300_000
  )
})

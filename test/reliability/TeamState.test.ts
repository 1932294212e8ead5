/**
 * What a team shares, on a real PostgreSQL: the contract that journals, histories and locks keep wherever they lie, what
 * the server may do to a run, and whole processes of two machines.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import * as FileHistory from "../../src/state/FileHistory.ts"
import * as FileJournals from "../../src/state/FileJournals.ts"
import * as FileLock from "../../src/state/FileLock.ts"
import { History, type Release, type Subject } from "../../src/state/History.ts"
import { Journals } from "../../src/state/Journals.ts"
import * as MemoryJournals from "../../src/state/MemoryJournals.ts"
import { make, readSettings } from "../../src/state/postgres/Postgres.ts"
import { rekey } from "../../src/state/postgres/Rekey.ts"
import { lockOf, type SharedState } from "../../src/state/SharedState.ts"
import { postgresMissing, type RunningPostgres, startPostgres } from "../support/PostgresServer.ts"
import { Dice } from "./Dice.ts"
import { type Bench, type Case, type Ended, expectCode, startBench } from "./ProcessBench.ts"
import { note, size } from "./Scale.ts"

const key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG="
const database = "state"
const missing = postgresMissing !== undefined

let postgres: RunningPostgres
let root = ""
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "fabrik-team-"))
  if (missing) return
  postgres = await startPostgres()
  postgres.sql("postgres", `CREATE DATABASE ${database}`)
})
afterAll(async () => {
  rmSync(root, { recursive: true, force: true })
  await postgres?.stop()
})

/** A machine of the team, with a connection of its own. */
const shared = (
  options: { readonly url?: string; readonly key?: string; readonly writes?: boolean } = {}
): Effect.Effect<SharedState, never, Scope.Scope> =>
  Effect.orDie(
    Effect.flatMap(
      readSettings(Redacted.make(options.url ?? postgres.url(database)), Redacted.make(options.key ?? key)),
      (settings) => make({ ...settings, writes: options.writes ?? true })
    )
  )

/** Nobody is to ask for them. */
const none = Effect.succeed<ReadonlyArray<string>>([])
const forward = { sync: true, reserved: false }
const places = ["memory", "file", "postgres"] as const
type Place = (typeof places)[number]

let fresh = 0
const unused = (what: string): string => `${what}${(fresh += 1)}`

/** Two machines that have their journals in common, each holding the locks that it writes under. */
const journalsIn = (place: Place, directory: string, world: string, names: ReadonlyArray<string>) => {
  switch (place) {
    case "memory":
      return Effect.map(Layer.build(MemoryJournals.layerMemory), (built) => built).pipe(
        Effect.flatMap((built) => Effect.provide(Journals, built))
      )
    case "file":
      return Effect.provide(Journals, FileJournals.layer({ directory, world })).pipe(
        Effect.provide(NodeContext.layer)
      )
    case "postgres":
      return Effect.gen(function* () {
        const state = yield* shared()
        for (const name of names) yield* Effect.orDie(state.lock(lockOf(world, name), "a test", 0))
        return state.journals(world, Effect.succeed(["srv"]))
      })
  }
}

describe.each(places)("journals in %s", (place) => {
  const test = missing && place === "postgres" ? it.scopedLive.skip : it.scopedLive

  test("hold what was appended, in order, and are gone when they are removed", () =>
    Effect.gen(function* () {
      const name = unused("api")
      const journals = yield* journalsIn(place, join(root, name), "here", [name])
      const journal = yield* journals.open(name)
      assert.deepStrictEqual(journal.entries, [])
      yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => journal.append({ n, text: "ö\u0000'\n" }, forward), {
        concurrency: "unbounded"
      })
      const again = yield* journals.open(name)
      assert.deepStrictEqual(
        again.entries,
        [1, 2, 3, 4, 5, 6].map((n) => ({ n, text: "ö\u0000'\n" }))
      )
      yield* again.append({ n: 7 }, forward)
      assert.deepStrictEqual((yield* journals.open(name)).entries.at(-1), { n: 7 })
      assert.include(yield* journals.list, name)
      yield* again.remove
      assert.deepStrictEqual((yield* journals.open(name)).entries, [])
      assert.notInclude(yield* journals.list, name)
      const anew = yield* journals.open(name)
      yield* anew.append({ n: 8 }, forward)
      assert.deepStrictEqual((yield* journals.open(name)).entries, [{ n: 8 }])
    }))

  const worlds = place === "memory" ? it.scopedLive.skip : test
  worlds("of two worlds are two, unless one tells that its server is the other's", () =>
    Effect.gen(function* () {
      const [name, told] = [unused("api"), unused("web")]
      const directory = join(root, name)
      const [here, there] = [unused("https://here"), unused("https://there")]
      const one = yield* journalsIn(place, directory, here, [name, told])
      const two = yield* journalsIn(place, directory, there, [name, told])
      yield* (yield* one.open(name)).append({ n: 1 }, forward)
      yield* (yield* two.open(name)).append({ n: 2 }, forward)
      assert.deepStrictEqual((yield* one.open(name)).entries, [{ n: 1 }])
      assert.deepStrictEqual((yield* two.open(name)).entries, [{ n: 2 }])
      const first = yield* one.open(told)
      yield* first.append({ _tag: "Begun", server: "srv" }, forward)
      const found = yield* two.open(told)
      assert.deepStrictEqual(found.entries, [{ _tag: "Begun", server: "srv" }])
      assert.strictEqual(found.id, first.id, "what is kept for it is found, too")
      yield* found.append({ n: 3 }, forward)
      assert.deepStrictEqual((yield* one.open(told)).entries.at(-1), { n: 3 })
      assert.include(yield* two.list, told)
      if (place === "file") return
      const elsewhere = (yield* shared()).journals(unused("https://elsewhere"), Effect.succeed(["another"]))
      assert.deepStrictEqual((yield* elsewhere.open(told)).entries, [], "another Coolify's")
      assert.deepStrictEqual(yield* elsewhere.list, [])
    })
  )
})

const subject: Subject = { project: "fabrik", environment: "production", name: "api" }
const release = (number: number): Release => ({
  release: number.toString(16).padStart(12, "0"),
  at: number,
  text: `name: api\n# ${number}\n`
})

describe.each(["file", "postgres"] as const)("a history in %s", (place) => {
  const test = missing && place === "postgres" ? it.scopedLive.skip : it.scopedLive
  const historyIn = (directory: string, world = "here") =>
    place === "file"
      ? Effect.provide(History, FileHistory.layer({ directory })).pipe(Effect.provide(NodeContext.layer))
      : Effect.map(shared(), (state) => state.history(directory, world))

  test("answers the newest 20, oldest first, also to another machine", () =>
    Effect.gen(function* () {
      const directory = join(root, unused("history"))
      const history = yield* historyIn(directory)
      assert.deepStrictEqual(yield* history.list(subject), [])
      for (let number = 1; number <= 22; number += 1) yield* history.record(subject, release(number))
      yield* history.record(subject, { ...release(23), backTo: release(22).release })
      const other = yield* historyIn(directory)
      const found = yield* other.list(subject)
      assert.deepStrictEqual(
        found.map(({ at }) => at),
        Array.from({ length: 20 }, (_, index) => index + 4)
      )
      assert.deepStrictEqual(found.at(-1), { ...release(23), backTo: release(22).release })
    }))

  test("tells specs of any place apart", () =>
    Effect.gen(function* () {
      const history = yield* historyIn(join(root, unused("history")))
      const projects = ["a/b", "..", ".", "A", "a", "ä".repeat(255), "%61", "'"]
      for (const [index, project] of projects.entries()) {
        yield* history.record({ ...subject, project }, release(index))
      }
      for (const [index, project] of projects.entries()) {
        const found = yield* history.list({ ...subject, project })
        assert.deepStrictEqual(
          found.map(({ at }) => at),
          [index],
          project
        )
      }
    }))
})

describe.each(["file", "postgres"] as const)("a lock in %s", (place) => {
  const test = missing && place === "postgres" ? it.scopedLive.skip : it.scopedLive
  const taker = (directory: string) =>
    place === "file"
      ? Effect.succeed((name: string, says: string, waitFor: number) =>
          FileLock.acquire(directory, name, says, waitFor)
        )
      : Effect.map(
          shared(),
          (state) => (name: string, says: string, waitFor: number) =>
            state.lock(`${directory} ${name}`, says, waitFor)
        )

  test("names its holder to a second taker, who gets it after the scope's end, and so does one who waits", () =>
    Effect.gen(function* () {
      const directory = join(root, unused("lock"))
      const [one, two] = [yield* taker(directory), yield* taker(directory)]
      const waiting = yield* Effect.scoped(
        Effect.gen(function* () {
          yield* one("it", "the first one", 0)
          for (const take of [two, one]) {
            const error = yield* Effect.flip(Effect.scoped(take("it", "the second one", 0)))
            assert.deepInclude(error, { _tag: "LockError", reason: "Held", holder: "the first one" })
          }
          yield* Effect.scoped(two("another", "the second one", 0))
          return yield* Effect.fork(Effect.scoped(two("it", "patient", 60_000)))
        })
      )
      yield* Fiber.join(waiting)
      yield* two("it", "the second one", 0)
    }))
})

describe.skipIf(missing)("a state in PostgreSQL", () => {
  const failure = (options: Parameters<typeof shared>[0]) =>
    Effect.flatMap(shared(options), (state) => Effect.flip(state.ready))

  it.scopedLive("is made once, however many come first at once, and by nobody who only reads", () =>
    Effect.gen(function* () {
      postgres.sql("postgres", "CREATE DATABASE first")
      const url = postgres.url("first")
      const reader = yield* shared({ url, writes: false })
      assert.deepStrictEqual(yield* reader.journals("here", none).list, [])
      assert.deepStrictEqual(yield* reader.sealed.get("a", "b"), Option.none())
      assert.strictEqual(
        postgres.sql("first", "SELECT count(*) FROM pg_namespace WHERE nspname = 'fabrik'"),
        "0"
      )
      yield* Effect.all(
        Array.from({ length: 6 }, () => Effect.flatMap(shared({ url }), ({ ready }) => ready)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(postgres.sql("first", "SELECT version FROM fabrik.state"), "1")
      postgres.sql("first", "UPDATE fabrik.state SET version = 99")
      assert.strictEqual((yield* failure({ url })).reason, "Newer")
    })
  )

  it.scopedLive("says what is wrong, and never the password", () =>
    Effect.gen(function* () {
      const url = postgres.url(database)
      postgres.sql("postgres", "CREATE ROLE poor LOGIN PASSWORD 'poor'")
      postgres.sql("postgres", "CREATE DATABASE closed")
      // A server that says it is of another version: what it is asked with is looked for here first.
      postgres.sql("postgres", "CREATE DATABASE older")
      postgres.sql(
        "older",
        `CREATE SCHEMA before; CREATE FUNCTION before.current_setting(text) RETURNS text LANGUAGE sql
           AS $$ SELECT CASE $1 WHEN 'server_version_num' THEN '140011' ELSE '14.11' END $$;
         CREATE ROLE old LOGIN PASSWORD 'old'; GRANT USAGE ON SCHEMA before TO old;
         ALTER ROLE old SET search_path = before, pg_catalog`
      )
      const older = yield* failure({ url: `postgres://old:old@127.0.0.1:${postgres.port}/older` })
      assert.deepStrictEqual(
        [older.reason, older.detail],
        ["TooOld", "is in PostgreSQL 14, and fabrik needs 15 or newer"]
      )
      const silent = createServer().listen(0, "127.0.0.1")
      yield* Effect.addFinalizer(() => Effect.sync(() => silent.close()))
      const found: Array<readonly [string, string]> = []
      for (const [wrong, reason] of [
        [url.replace("p4ss", "pass"), "Unauthenticated"],
        [url.replace(/:[^:@]*@/, "@"), "Unauthenticated"],
        [url.replace(postgres.user, "nobody"), "Unauthenticated"],
        [postgres.url("nowhere"), "Forbidden"],
        [`postgres://poor:poor@127.0.0.1:${postgres.port}/closed`, "Forbidden"],
        [url.replace(String(postgres.port), "1"), "Unreachable"],
        [`${url}?sslmode=require`, "Tls"]
      ] as const) {
        const error = yield* failure({ url: wrong })
        found.push([error.reason, reason])
        for (const text of [error.message, error.next, JSON.stringify(error), String(error)]) {
          assert.notInclude(text, postgres.password)
          assert.notInclude(text, "p4ss")
        }
      }
      assert.deepStrictEqual(
        found.map(([is]) => is),
        found.map(([, should]) => should)
      )
      for (const wrong of [
        "postgres://h:x/d",
        "mysql://h/d",
        "postgres://h/d?sslmode=no-verify",
        "postgres://u:%zz@h/d",
        "postgres://h/d?a=b"
      ]) {
        const error = yield* Effect.flip(readSettings(Redacted.make(wrong), Redacted.make(key)))
        assert.strictEqual(error.reason, "BadAddress", wrong)
      }
      for (const wrong of ["", "short"]) {
        const error = yield* Effect.flip(readSettings(Redacted.make(url), Redacted.make(wrong)))
        assert.deepStrictEqual([error.reason, /openssl rand -base64 32/.test(error.next)], ["BadKey", true])
      }
    })
  )

  it.scopedLive("keeps secrets that only the key opens, each in its place", () =>
    Effect.gen(function* () {
      const text = "the old secret of a rollback"
      const { sealed } = yield* shared()
      const place = unused("place")
      yield* sealed.put(place, "one", Redacted.make(text))
      const theirs = yield* sealed.put(place, "one", Redacted.make("another"))
      assert.strictEqual(Redacted.value(theirs), text, "the first one stays")
      const other = yield* shared()
      assert.deepStrictEqual(
        Option.map(yield* other.sealed.get(place, "one"), Redacted.value),
        Option.some(text)
      )
      assert.strictEqual(yield* other.sealed.digest(theirs), yield* sealed.digest(theirs))
      const dump = postgres.sql(database, "SELECT encode(sealed, 'escape') FROM fabrik.sealed")
      assert.notInclude(dump, "secret")
      postgres.sql(
        database,
        `INSERT INTO fabrik.sealed SELECT place, 'two', sealed FROM fabrik.sealed WHERE place = '${place}'`
      )
      assert.deepStrictEqual(yield* sealed.get(place, "two"), Option.none(), "in another's place")
      for (const wrong of ["another passphrase", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq="]) {
        assert.strictEqual((yield* failure({ key: wrong })).reason, "WrongKey")
      }
      yield* sealed.forget(place)
      assert.deepStrictEqual(yield* other.sealed.get(place, "one"), Option.none())
    })
  )

  it.scopedLive(
    "takes another key, with all that is sealed or nothing, and not while somebody is at work",
    () =>
      Effect.gen(function* () {
        postgres.sql("postgres", "CREATE DATABASE rekeyed")
        const url = postgres.url("rekeyed")
        const next = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq="
        const keys = { old: Redacted.make(key), next: Redacted.make(next) }
        const { address } = yield* readSettings(Redacted.make(url), keys.old)
        const change = Effect.scoped(rekey(address, keys))
        const texts = ["one", "two", "three"]
        const before = yield* shared({ url })
        for (const text of texts) yield* before.sealed.put("place", text, Redacted.make(text))
        const digest = yield* before.sealed.digest(Redacted.make("a secret"))
        const late = postgres.sql(
          "rekeyed",
          "SELECT encode(sealed, 'hex') FROM fabrik.sealed WHERE id = 'two'"
        )

        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* before.lock("it", "`fabrik apply` of api", 0)
            assert.include((yield* Effect.flip(change)).message, "is in use: `fabrik apply` of api")
          })
        )
        assert.strictEqual((yield* failure({ url, key: next })).reason, "WrongKey", "nothing was changed")

        assert.strictEqual(yield* change, 3)
        assert.strictEqual((yield* failure({ url })).reason, "WrongKey")
        const read = Effect.gen(function* () {
          const { sealed } = yield* shared({ url, key: next })
          assert.strictEqual(yield* sealed.digest(Redacted.make("a secret")), digest, "digests stay")
          return yield* Effect.forEach(texts, (text) => sealed.get("place", text)).pipe(
            Effect.map((found) => found.map((one) => Option.map(one, Redacted.value)))
          )
        })
        assert.deepStrictEqual(yield* read, texts.map(Option.some))
        // Who still has the old key writes nothing that nobody could read.
        assert.strictEqual(
          (yield* Effect.flip(before.sealed.put("place", "four", Redacted.make("four")))).reason,
          "Failed"
        )
        assert.strictEqual(
          postgres.sql("rekeyed", "SELECT count(*) FROM fabrik.sealed WHERE id = 'four'"),
          "0"
        )

        assert.strictEqual(yield* change, 0, "a second time there is nothing to do")
        // As if it had come in behind the first statement, and the process had been killed then.
        postgres.sql("rekeyed", `UPDATE fabrik.sealed SET sealed = decode('${late}', 'hex') WHERE id = 'two'`)
        assert.strictEqual(yield* change, 1)
        assert.deepStrictEqual(yield* read, texts.map(Option.some))
        const wrong = rekey(address, { old: Redacted.make("neither of the two keys"), next: keys.old })
        assert.strictEqual((yield* Effect.flip(Effect.scoped(wrong))).reason, "WrongKey")
      })
  )

  it.scopedLive("goes on with its lock when the server was away for a moment", () =>
    Effect.gen(function* () {
      const world = unused("world")
      const state = yield* shared()
      yield* state.lock(lockOf(world, "api"), "the holder", 0)
      const journal = yield* state.journals(world, none).open("api")
      yield* journal.append({ n: 1 }, forward)
      yield* Effect.promise(() => postgres.restart())
      yield* journal.append({ n: 2 }, forward)
      const other = yield* shared()
      const held = yield* Effect.flip(Effect.scoped(other.lock(lockOf(world, "api"), "another", 0)))
      assert.deepInclude(held, { reason: "Held", holder: "the holder" })
      assert.deepStrictEqual((yield* other.journals(world, none).open("api")).entries, [{ n: 1 }, { n: 2 }])
      yield* journal.remove
    })
  )

  it.scopedLive("tells who holds a lock, and takes it away from them", () =>
    Effect.gen(function* () {
      const world = unused("world")
      const name = lockOf(world, "api")
      const [one, two] = [yield* shared(), yield* shared()]
      assert.isUndefined(yield* two.holder(name))
      yield* one.lock(name, "the first one", 0)
      const journal = yield* one.journals(world, none).open("api")
      yield* journal.append({ n: 1 }, forward)
      for (const state of [one, two]) {
        const holder = yield* state.holder(name)
        assert.strictEqual(holder?.says, "the first one")
        assert.isBelow(holder?.silent ?? 60, 60)
      }
      yield* two.takeAway(name)
      assert.isUndefined(yield* two.holder(name))
      assert.strictEqual((yield* Effect.flip(journal.append({ n: 2 }, forward))).reason, "Lost")
      yield* two.lock(name, "the second one", 5_000)
      const theirs = yield* two.journals(world, none).open("api")
      assert.deepStrictEqual(theirs.entries, [{ n: 1 }])
      yield* theirs.append({ n: 3 }, forward)
      // It cannot know yet that there is a later epoch.
      postgres.sql(database, `UPDATE fabrik.lock SET epoch = nextval('fabrik.epoch') WHERE name = '${name}'`)
      assert.strictEqual((yield* Effect.flip(theirs.append({ n: 4 }, forward))).reason, "Lost")
      assert.deepStrictEqual((yield* one.journals(world, none).open("api")).entries, [{ n: 1 }, { n: 3 }])
    })
  )

  it.scopedLive("lets nobody write whose lock another has had since", () =>
    Effect.gen(function* () {
      const world = unused("world")
      const name = lockOf(world, "api")
      const [one, two] = [yield* shared(), yield* shared()]
      yield* one.lock(name, "the first one", 0)
      const journal = yield* one.journals(world, none).open("api")
      yield* journal.append({ n: 1 }, forward)
      // The server takes the first one's connection away, and another is there before it is back.
      yield* two.ready
      postgres.sql(database, `SELECT pg_terminate_backend(backend) FROM fabrik.lock WHERE name = '${name}'`)
      yield* two.lock(name, "the second one", 5_000)
      const theirs = yield* two.journals(world, none).open("api")
      for (const write of [journal.append({ n: 2 }, forward), journal.remove]) {
        assert.strictEqual((yield* Effect.flip(write)).reason, "Lost")
      }
      yield* theirs.append({ n: 3 }, forward)
      assert.strictEqual((yield* Effect.flip(journal.append({ n: 4 }, forward))).reason, "Lost")
      assert.deepStrictEqual((yield* one.journals(world, none).open("api")).entries, [{ n: 1 }, { n: 3 }])
    })
  )
})

// ---------------------------------------------------------------------------------------------------- processes

const specText = (project: string, greeting: string): string =>
  [
    "name: api",
    "domain: none",
    `project: ${project}`,
    "server: localhost",
    "source: { image: 'registry.example/api:1' }",
    `env: { GREETING: ${greeting} }`,
    "secrets: { API_KEY: generate }",
    "healthcheck: { path: /health, interval: 1, timeout: 2, retries: 2, startPeriod: 0, settle: 0, container: true }",
    ""
  ].join("\n")

/** A folder of its own, in which nothing but the spec lies, and what the team has in common. */
const machine = (it: Case, name: string) => {
  const cwd = join(it.cwd, name)
  mkdirSync(cwd, { recursive: true })
  const { apiUrl, token } = it.slot.server
  const env = {
    COOLIFY_ENDPOINT: apiUrl,
    COOLIFY_TOKEN: token,
    FABRIK_STATE_URL: postgres.url(database),
    FABRIK_STATE_KEY: key
  }
  return {
    cwd,
    write: (greeting: string) => writeFileSync(join(cwd, "app.yaml"), specText(it.project, greeting)),
    begin: (args: ReadonlyArray<string>, kill?: { readonly at: number; readonly when: "before" | "after" }) =>
      it.begin(args, { cwd, env, ...(kill === undefined ? {} : { kill: { on: "request", ...kill } }) })
  }
}

const secretOf = async (it: Case): Promise<string> => {
  const { coolify } = await it.ours()
  assert.lengthOf(coolify.projects, 1, "I3: one project")
  assert.lengthOf(coolify.applications, 1, "I3: one application")
  const [row] = (coolify.applications[0]?.variables ?? []).filter(
    ({ is_preview, key: name }) => name === "API_KEY" && !is_preview
  )
  return row?.value ?? ""
}

/** I5: neither the way in nor a secret is anywhere that others can read. */
const expectNoLeak = (cwd: string, secret: string, ended: ReadonlyArray<Ended>) => {
  const tables = ["lock", "journal", "entry", "release", "sealed", "state"]
  const dump = tables
    .map((table) => postgres.sql(database, `SELECT t::text FROM fabrik.${table} t`))
    .join("\n")
  assert.isAbove(secret.length, 10)
  assert.notInclude(dump, secret)
  assert.notInclude(dump, Buffer.from(secret).toString("hex"))
  const files = readdirSync(cwd, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const texts = [
    dump,
    ...ended.map(({ stderr, stdout }) => stdout + stderr),
    ...files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
  ]
  for (const text of texts) {
    for (const known of [postgres.password, encodeURIComponent(postgres.password), key, secret]) {
      assert.notInclude(text, known)
    }
  }
}

/** Two begin at once; then one is killed in an update, and the other, which has nothing of it but the state, goes on. */
const meet = async (it: Case, seed: number) => {
  const dice = new Dice(seed)
  const [a, b] = [machine(it, "a"), machine(it, "b")]
  for (const one of [a, b]) one.write("hello")
  const waits = dice.next() < 0.5
  const first = a.begin(["apply", "app.yaml", "--yes"])
  await new Promise((resolve) => setTimeout(resolve, Math.floor(dice.next() * 1500)))
  const second = b.begin(["apply", "app.yaml", "--yes", ...(waits ? ["--lock-timeout", "60"] : [])])
  const [one, two] = await Promise.all([first.ended, second.ended])
  expectCode(one, 0, 3)
  expectCode(two, 0, ...(waits ? [] : [3]))
  assert.isFalse(one.code === 3 && two.code === 3, "both were refused")
  for (const [refused, holder] of [
    [one, second],
    [two, first]
  ] as const) {
    if (refused.code !== 3) continue
    const said = refused.stderr.replace(/\s+/g, " ")
    assert.match(said, /under way: `fabrik apply` of api by \S+@\S+ \(process \d+, since 2/)
    assert.include(said, `process ${holder.child.pid},`)
  }
  const secret = await secretOf(it)
  const made = it.writes().filter((write) => /^POST \S+\/(?:projects|applications\/dockerimage)$/.test(write))
  assert.lengthOf(made, 2, `I3: ${made.join()}`)

  for (const machineOf of [a, b]) machineOf.write("goodbye")
  const killed = await a.begin(["apply", "app.yaml", "--yes"], {
    at: 1 + Math.floor(dice.next() * 3),
    when: dice.next() < 0.5 ? "before" : "after"
  }).ended
  assert.strictEqual(killed.signal, "SIGKILL", `it was not killed: ${killed.stderr}`)
  const back = dice.next() < 0.5
  const recovered = await b.begin(["recover", ...(back ? ["--rollback"] : [])]).ended
  expectCode(recovered, 0)
  const { coolify } = await it.ours()
  const greeting = coolify.applications[0]?.variables.find(({ key: name }) => name === "GREETING")?.value
  // The first request may only have asked what the token may do: then nothing had been begun.
  const isDone = !back && !recovered.stderr.includes("Nothing is open")
  assert.strictEqual(greeting, isDone ? "goodbye" : "hello")
  assert.strictEqual(await secretOf(it), secret, "I9: the secret is another")
  if (isDone) {
    const so = it.writes().length
    expectCode(await a.begin(["apply", "app.yaml", "--yes"]).ended, 0)
    assert.deepStrictEqual(it.writes().slice(so), [], "I6: a second apply writes")
  }
  assert.strictEqual(
    postgres.sql(database, `SELECT count(*) FROM fabrik.entry WHERE world LIKE '${it.slot.server.apiUrl}%'`),
    "0",
    "a journal is open"
  )
  expectNoLeak(it.cwd, secret, [one, two, killed, recovered])
}

describe.skipIf(missing)("two machines of a team", () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await startBench({ slots: size(1, 2), versions: [] })
  })
  afterAll(() => bench?.stop())

  it("take turns, and one goes on where the other was killed", async () => {
    const seeds = Array.from({ length: size(1, 50) }, (_, index) => index + 1)
    await bench.each(seeds, (seed) => `seed ${seed}`, meet)
    note({ suite: "two machines of a team", runs: seeds.length, invariants: "I1 I2 I3 I5 I6 I9 I12" })
  }, 3_600_000)
})

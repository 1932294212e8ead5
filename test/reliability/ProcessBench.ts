/**
 * Real `fabrik` processes against real sandboxes, for suites in which processes die, are interrupted, or meet. A bench
 * has a few slots, each a sandbox that keeps running and whose world is its own, so that a case compares whole worlds
 * and may take every request for its own.
 */
import * as Marker from "../../src/engine/Marker.ts"
import { build } from "esbuild"
import { spawn, type ChildProcess } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import { assert } from "vitest"
import { applicationMark, recordMark } from "../../src/orchestrator/Desired.ts"
import type { Latency } from "../../src/sandbox/coolify/Latency.ts"
import type { LoggedRequest } from "../../src/sandbox/RequestLog.ts"
import type { World } from "../../src/sandbox/SandboxWorld.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { builtFabrik } from "../support/Built.ts"
import { startHere } from "../support/InThisProcess.ts"
import { quick } from "../sandbox/TestSandbox.ts"
import { assertNoSecret } from "./Leak.ts"

const preload = pathToFileURL(join(import.meta.dirname, "KillPreload.mjs")).href

const zone = "example.com"
const domain = `api.${zone}`

/** How long anything may take that is waited for. */
const patience = 300_000

export const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

/** Asks until the answer is no longer `undefined`. */
export const eventually = async <A>(what: string, ask: () => A | undefined | Promise<A | undefined>) => {
  for (const ends = Date.now() + patience; Date.now() < ends;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await pause(10)
  }
  throw new Error(`waited in vain for ${what}`)
}

// ---------------------------------------------------------------------------------------------------- processes

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

interface Running {
  readonly child: ChildProcess
  readonly said: () => string
  readonly ended: Promise<Ended>
  /** Whether `found` held for what was said before the process ended; asked again with every piece. */
  readonly until: (found: (said: string) => boolean) => Promise<boolean>
}

const children = new Set<ChildProcess>()

const launch = (
  command: string,
  args: ReadonlyArray<string>,
  {
    stays = false,
    ...options
  }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly stays?: boolean }
): Running => {
  const child = spawn(command, args, options)
  children.add(child)
  let stdout = ""
  let stderr = ""
  let said = ""
  let over = false
  const watchers = new Set<() => void>()
  const tell = () => {
    for (const watcher of watchers) watcher()
  }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
    said += text
    tell()
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
    said += text
    tell()
  })
  // Who has ended reads no more.
  child.stdin.on("error", () => {})
  const ended = new Promise<Ended>((resolve, reject) => {
    const slow = stays
      ? undefined
      : setTimeout(() => {
          child.kill("SIGKILL")
          reject(new Error(`\`${args.join(" ")}\` did not end: ${said}`))
        }, patience)
    child.on("close", (code, signal) => {
      clearTimeout(slow)
      children.delete(child)
      over = true
      tell()
      resolve({ code, signal, stdout, stderr, at: Date.now() })
    })
  })
  // Whoever waits hears of it; a process that is only watched must not fail the whole run.
  ended.catch(() => {})
  return {
    child,
    said: () => said,
    ended,
    until: (found) =>
      new Promise((resolve) => {
        const look = () => {
          const yes = found(said)
          if (!yes && !over) return
          watchers.delete(look)
          resolve(yes)
        }
        watchers.add(look)
        look()
      })
  }
}

/** What KillPreload.mjs is told. */
export interface Kill {
  readonly on: "sync" | "request"
  readonly at: number
  readonly when: "before" | "after"
  /** Of the files whose syncs count; the journal's when absent. */
  readonly path?: string
}

/** What KillPreload.mjs tells. */
export type Traced = { readonly time: number } & (
  | {
      readonly kind: "sync" | "request"
      readonly number: number
      readonly moment: "before" | "after"
      readonly what: string
    }
  | { readonly kind: "start"; readonly pid: number }
  | { readonly kind: "exit"; readonly code: number }
)

export const readTrace = (file: string): ReadonlyArray<Traced> =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Traced)
    : []

/** Where a run can be killed, by the whole trace of one that was not. */
export const readKills = (file: string): ReadonlyArray<Kill> => {
  const all = readTrace(file)
  assert.lengthOf(
    all.filter(({ kind }) => kind === "exit"),
    1,
    "the trace is not whole"
  )
  return all.flatMap((entry) =>
    entry.kind === "request" || entry.kind === "sync"
      ? [{ on: entry.kind, at: entry.number, when: entry.moment } as const]
      : []
  )
}

// ---------------------------------------------------------------------------------------------------- specs

/**
 * What an application is to be. `first`, `second` and `third` differ in all that can be updated, `built` and `rebuilt`
 * in what cannot; `moved` is `first` at another domain.
 */
export type Version = "first" | "second" | "third" | "moved" | "built" | "rebuilt" | "unhealthy"

const versions: { readonly [V in Version]: ReadonlyArray<string> } = {
  first: ["source:", "  image: registry.example/api:1", "env: { GREETING: hello, GONE: soon }"],
  second: [
    "source:",
    "  image: registry.example/api:2",
    "env: { GREETING: goodbye, NEW: 'yes' }",
    "dns: { ttl: 120 }"
  ],
  third: ["source:", "  image: registry.example/api:3", "env: { GREETING: again }"],
  moved: ["source:", "  image: registry.example/api:1", "env: { GREETING: hello, GONE: soon }"],
  built: ["source:", "  dockerfile: FROM a", "env: { GREETING: hello }"],
  rebuilt: ["source:", "  dockerfile: FROM b", "env: { GREETING: goodbye }"],
  unhealthy: ["source:", "  image: registry.example/api:2", "env: { SANDBOX_APP: 'status:503' }"]
}

const domainOf = (version: Version): string => (version === "moved" ? `www.${zone}` : domain)

const specText = (project: string, version: Version): string =>
  [
    "name: api",
    `domain: ${domainOf(version)}`,
    `project: ${project}`,
    "server: localhost",
    ...versions[version],
    "port: 8080",
    "secrets: [API_KEY]",
    // Coolify's own probe, so that there is nothing to wait for once the deployment is through.
    "healthcheck: { path: /health, interval: 1, timeout: 2, retries: 2, startPeriod: 0, settle: 0, container: true }",
    ""
  ].join("\n")

// ---------------------------------------------------------------------------------------------------- the world

interface Server {
  readonly apiUrl: string
  readonly dnsApiKey: string
  readonly dnsApiUrl: string
  readonly edge: { readonly host: string; readonly port: number }
  readonly token: string
  readonly caPem: string
}

const call = async (
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown
): Promise<unknown> => {
  const response = await fetch(url, {
    method,
    headers: { ...headers, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await response.text()
  assert.isTrue(response.ok, `${method} ${url}: ${response.status} ${text}`)
  return text === "" ? undefined : JSON.parse(text)
}

/** A sandbox's APIs, past fabrik's clients. */
const byHand = ({ apiUrl, dnsApiKey, dnsApiUrl, token }: Server) => {
  const authorization = `Bearer ${token}`
  return {
    coolify: (method: string, path: string, body?: unknown) =>
      call(`${apiUrl}/api/v1${path}`, method, { authorization }, body),
    records: (rrsets: ReadonlyArray<unknown>) =>
      call(
        `${dnsApiUrl}/api/v1/servers/localhost/zones/${zone}.`,
        "PATCH",
        { "x-api-key": dnsApiKey },
        { rrsets }
      ),
    control: (method: string, path: string, body?: unknown) =>
      call(`${apiUrl}/_sandbox${path}`, method, { authorization }, body)
  }
}

type Hand = ReturnType<typeof byHand>

const runOfNobody = "0123456789ab"

/**
 * Fifty things that are not this case's: namesakes in other projects and environments, marks of others and marks that
 * only look like one, an owner's own application of the same spec, records beside and at the domain.
 */
const seedDecoys = async ({ coolify, records }: Hand): Promise<void> => {
  const [server] = (await coolify("GET", "/servers")) as ReadonlyArray<{ readonly uuid: string }>
  const spec = { name: "api", project: "other", environment: "production", source: { _tag: "Image" } } as Spec
  const theirs = applicationMark("them", spec, runOfNobody)
  const marks = [
    null,
    "by hand",
    theirs,
    applicationMark("default", spec, runOfNobody),
    `${theirs} and more`,
    theirs.toUpperCase(),
    "managed by fabrik",
    "managed by fabrik - key=0123456789abcdef"
  ]
  for (const [index, name] of ["other", "fabrik", "api"].entries()) {
    const description = [
      Marker.render({ key: Marker.projectKey("them", spec.project), run: runOfNobody, source: undefined }),
      null,
      "managed by fabrik"
    ][index]
    const project = (await coolify("POST", "/projects", { name, description })) as { readonly uuid: string }
    await coolify("POST", `/projects/${project.uuid}/environments`, { name: "staging" })
    for (const [number, mark] of marks.entries()) {
      const { uuid } = (await coolify("POST", "/applications/dockerimage", {
        project_uuid: project.uuid,
        server_uuid: server?.uuid,
        environment_name: number % 2 === 0 ? "production" : "staging",
        name: "api",
        description: mark,
        domains: `https://api-${index}-${number}.${zone}`,
        docker_registry_image_name: "nginx",
        docker_registry_image_tag: "1.27",
        ports_exposes: "80",
        instant_deploy: number === 0
      })) as { readonly uuid: string }
      if (number < 2)
        await coolify("POST", `/applications/${uuid}/envs`, { key: "GREETING", value: "theirs" })
    }
  }
  const record = (name: string, type: string, content: string, comment?: string | null) => ({
    name: `${name}.`,
    type,
    ttl: 600,
    changetype: "REPLACE",
    records: [{ content, disabled: false }],
    comments: typeof comment === "string" ? [{ content: comment, account: "fabrik" }] : []
  })
  await records([
    record(domain, "TXT", '"keep"'),
    record(domain, "MX", `10 mail.${zone}.`),
    record(`_dmarc.${domain}`, "TXT", '"keep"'),
    record(`*.${domain}`, "A", "127.0.0.9"),
    record(zone, "A", "127.0.0.9", recordMark("them", spec, runOfNobody)),
    ...marks.map((mark, number) => record(`x${number}.${domain}`, "A", "127.0.0.9", mark)),
    ...marks.map((mark, number) => record(`api${number}.${zone}`, "AAAA", "::9", mark))
  ])
}

/** The world, split into what a case may touch and what nobody may. */
interface Split {
  readonly ours: World
  readonly decoys: World
}

const split = ({ coolify, zones }: World, decoys: World): Split => {
  const projects = new Set(decoys.coolify.projects.map(({ uuid }) => uuid))
  const applications = new Set(decoys.coolify.applications.map(({ uuid }) => uuid))
  const records = new Set(
    decoys.zones.flatMap(({ rrsets }) => rrsets.map((set) => `${set.name} ${set.type}`))
  )
  const part = (isDecoy: boolean): World => ({
    coolify: {
      projects: coolify.projects.filter(({ uuid }) => projects.has(uuid) === isDecoy),
      applications: coolify.applications.filter(({ uuid }) => applications.has(uuid) === isDecoy),
      containers: coolify.containers.filter(({ application }) => applications.has(application) === isDecoy),
      databases: coolify.databases.filter(({ project }) => projects.has(project) === isDecoy),
      services: coolify.services.filter(({ project }) => projects.has(project) === isDecoy),
      volumes: coolify.volumes.filter((name) => decoys.coolify.volumes.includes(name) === isDecoy),
      disk: coolify.disk.filter(
        ({ path }) => decoys.coolify.disk.some((one) => one.path === path) === isDecoy
      )
    },
    zones: zones.map(({ name, rrsets }) => ({
      name,
      rrsets: rrsets.filter((set) => records.has(`${set.name} ${set.type}`) === isDecoy)
    }))
  })
  return { ours: part(false), decoys: part(true) }
}

/** Equal for two worlds that differ in ids, in the run that made what, and in the values of secrets. */
const shapeOf = (ours: World, project: string): unknown => {
  // A preview row shows what its production row was when it was made, which is nobody's concern.
  let text = JSON.stringify(ours, (key, value: unknown) =>
    key === "variables"
      ? (value as ReadonlyArray<{ is_preview: boolean }>).filter((row) => !row.is_preview)
      : key === "custom_labels" && typeof value === "string"
        ? Buffer.from(value, "base64").toString()
        : value
  )
  text = text
    .replaceAll(`"${project}"`, '"<project>"')
    .replace(/key=[0-9a-f]{16}/g, "key=*")
    .replace(/run=[0-9a-f]{12}/g, "run=*")
    .replace(/spec=[0-9a-f]{16}/g, "spec=*")
    .replace(/fabrik (secret (?:given |generated )?)?[0-9a-f]{32}(?: key=[0-9a-f]{8})?/g, "fabrik $1*")
  for (const [kind, uuids] of [
    ["project", ours.coolify.projects.map(({ uuid }) => uuid)],
    ["application", ours.coolify.applications.map(({ uuid }) => uuid)],
    ["server", ours.coolify.applications.map(({ server }) => server)]
  ] as const) {
    for (const [index, uuid] of uuids.entries()) text = text.replaceAll(uuid, `<${kind} ${index}>`)
  }
  for (const { variables } of ours.coolify.applications) {
    for (const { key, value } of variables) {
      if ((key === "API_KEY" || key === "FABRIK_RELEASE") && value !== null)
        text = text.replaceAll(value, `<${key}>`)
    }
  }
  return JSON.parse(text)
}

// ---------------------------------------------------------------------------------------------------- slots

/** A sandbox that keeps running, and the one case at a time that works with it. */
interface Slot {
  readonly dir: string
  readonly server: Server
  readonly hand: Hand
  readonly world: () => Promise<Split>
  /** What is nobody's to change, as it was at the start. */
  readonly decoys: string
}

const startSlot = async (bundle: string, latency: Partial<Latency>): Promise<Slot> => {
  const dir = mkdtempSync(join(tmpdir(), "fabrik-slot-"))
  const running = launch(process.execPath, [bundle, dir, zone, JSON.stringify(latency)], {
    cwd: dir,
    env: { PATH: process.env["PATH"] },
    stays: true
  })
  assert.isTrue(await running.until((said) => said.includes("\n")), running.said())
  const server = JSON.parse(running.said()) as Server
  const hand = byHand(server)
  await seedDecoys(hand)
  const raw = () => hand.control("GET", "/world") as Promise<World>
  /** Nothing is under way any more, and nothing is on its way in. */
  const settled = () =>
    eventually("the sandbox to settle", async () => {
      const before = JSON.stringify(await raw())
      const { deployments, jobs } = JSON.parse(readFileSync(join(dir, "coolify.json"), "utf8")) as {
        readonly deployments: ReadonlyArray<{ readonly status: string }>
        readonly jobs: ReadonlyArray<unknown>
      }
      const busy = deployments.some(({ status }) => status === "queued" || status === "in_progress")
      await pause(20)
      const after = await raw()
      return busy || jobs.length > 0 || JSON.stringify(after) !== before ? undefined : after
    })
  const decoys = await settled()
  const count =
    decoys.coolify.projects.length +
    decoys.coolify.applications.length +
    decoys.zones.flatMap(({ rrsets }) => rrsets).length
  assert.isAtLeast(count, 50)
  return {
    dir,
    server,
    hand,
    world: async () => split(await settled(), decoys),
    decoys: JSON.stringify(split(decoys, decoys).decoys)
  }
}

// ---------------------------------------------------------------------------------------------------- cases

interface RunOptions {
  readonly kill?: Kill
  readonly trace?: string
  /** Instead of the case's own. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** On a terminal of its own (`script`), with this around the command. */
  readonly terminal?: (command: string) => string
}

/** A state folder of its own. */
interface Machine {
  /** With `args` that name no world. */
  readonly run: (args: ReadonlyArray<string>, options?: RunOptions) => Promise<Ended>
  readonly openJournals: () => ReadonlyArray<string>
}

/** One case: an application of its own, in a directory of its own. */
export interface Case {
  readonly slot: Slot
  readonly project: string
  readonly cwd: string
  /** `app.yaml` becomes this. */
  readonly write: (version: Version, directory?: string) => void
  /** What `app.yaml` is. */
  readonly version: () => Version
  readonly begin: (args: ReadonlyArray<string>, options?: RunOptions) => Running
  readonly run: (args: ReadonlyArray<string>, options?: RunOptions) => Promise<Ended>
  /** Applies `app.yaml` in this process: for what stands before a case, and for a look at what it has left. */
  readonly apply: () => Promise<Ended>
  /** The flags that name this world. */
  readonly where: ReadonlyArray<string>
  /** The words to say for a command in this world. */
  readonly words: (command: "apply" | "destroy") => ReadonlyArray<string>
  /** Another machine on the same world: with journals, secrets and locks of its own, and without this one's. */
  readonly machine: () => Machine
  /** Runs a line that fabrik has printed, as it stands. */
  readonly runLine: (line: string) => Promise<Ended>
  /** What there is of ours, once nothing is under way; fails when a decoy is not as it was. */
  readonly ours: () => Promise<World>
  /** The requests that the sandbox has seen since the case began and that could change something. */
  readonly writes: () => ReadonlyArray<string>
  /** I1, I3: exactly what this version of the spec says, and it answers. */
  readonly expectVersion: (version: Version) => Promise<void>
  /** I1: what stood before, byte for byte, and it answers if it did. */
  readonly expectSame: (before: World) => Promise<void>
  /** I6, I9: another apply sends nothing and changes no secret. */
  readonly expectConverged: (version: Version) => Promise<void>
  /** The generated secrets and what they are digested with. */
  readonly secrets: () => string
  readonly journalFiles: () => ReadonlyArray<string>
  /** The text of those with an entry. */
  readonly openJournals: () => ReadonlyArray<string>
}

const told = ({ code, signal, stderr, stdout }: Ended): string =>
  `exit ${code ?? signal}\n${stdout.split("\n").slice(-3).join("\n")}\n${stderr}`

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

const answers = ({ edge, caPem }: Server, at = domain): Promise<number> =>
  new Promise((resolve) => {
    const asked = request(
      {
        host: edge.host,
        port: edge.port,
        servername: at,
        path: "/health",
        ca: caPem,
        headers: { host: at }
      },
      (response) => resolve(response.resume().statusCode ?? 0)
    )
    asked.on("error", () => resolve(0)).end()
  })

const filesBelow = (directory: string): ReadonlyArray<string> =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted()
    : []

let projects = 0

const openCase = (bench: BenchState, slot: Slot): Case => {
  projects += 1
  const project = `case-${projects}`
  const cwd = mkdtempSync(join(tmpdir(), "fabrik-case-"))
  const log = join(slot.dir, "requests.ndjson")
  const seen = readFileSync(log).length
  const where = ["--sandbox", "--sandbox-dir", slot.dir]
  const watched = (running: Running): Running => ({
    ...running,
    ended: running.ended.then((ended) => {
      assertNoSecret(slot.dir, ended.stdout + ended.stderr)
      return ended
    })
  })
  const begin = (
    args: ReadonlyArray<string>,
    { kill, trace, terminal, ...rest }: RunOptions = {}
  ): Running => {
    const env = {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      FABRIK_LATE_EFFECTS: "5",
      ...rest.env,
      ...(kill === undefined && trace === undefined ? {} : { NODE_OPTIONS: `--import=${preload}` }),
      ...(trace === undefined ? {} : { FABRIK_TRACE: trace }),
      ...(kill === undefined
        ? {}
        : {
            FABRIK_KILL_ON: kill.on,
            FABRIK_KILL_AT: String(kill.at),
            FABRIK_KILL_WHEN: kill.when,
            ...(kill.path === undefined ? {} : { FABRIK_KILL_PATH: kill.path })
          })
    }
    const command = [process.execPath, bench.fabrik, ...args]
    const options = { cwd: rest.cwd ?? cwd, env }
    if (terminal === undefined) return watched(launch(process.execPath, command.slice(1), options))
    const line = terminal(command.map(quote).join(" "))
    return watched(
      launch("script", ["-qec", line, "/dev/null"], { ...options, env: { ...env, TERM: "xterm" } })
    )
  }
  const run = (args: ReadonlyArray<string>, options?: RunOptions) => begin(args, options).ended
  const apply = async (): Promise<Ended> => {
    const { done, output } = startHere(["apply", join(cwd, "app.yaml"), "--yes", ...where], {
      env: { FABRIK_LATE_EFFECTS: "5" }
    })
    const code = await done
    assertNoSecret(slot.dir, output.out + output.err)
    return { code, signal: null, stdout: output.out, stderr: output.err, at: Date.now() }
  }
  const words = (command: "apply" | "destroy") => [command, "app.yaml", "--yes", ...where]
  const ours = async () => {
    const { decoys, ours } = await slot.world()
    assert.strictEqual(JSON.stringify(decoys), slot.decoys, "I2: what is not ours has changed")
    return ours
  }
  const secrets = () =>
    [...filesBelow(join(slot.dir, "secrets", project)), join(slot.dir, "key")]
      .map((file) => `${file} ${existsSync(file) ? readFileSync(file, "utf8") : ""}`)
      .join("\n")
  const writes = () =>
    readFileSync(log)
      .subarray(seen)
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LoggedRequest)
      .filter(({ method }) => method !== "GET")
      .map(({ method, path }) => `${method} ${path}`)
  let written: Version = "first"
  const write = (version: Version, directory = cwd) => {
    written = version
    writeFileSync(join(directory, "app.yaml"), specText(project, version))
  }
  const journalsIn = (state: string) =>
    filesBelow(join(state, "journal")).filter((file) => file.endsWith(".ndjson"))
  const journalFiles = () => journalsIn(slot.dir)
  // One without a whole entry is of a process that was killed before it wrote any.
  const openIn = (state: string) =>
    journalsIn(state)
      .map((file) => readFileSync(file, "utf8").trim())
      .filter((text) => text.split("\n").some((line) => line.endsWith("}")))
  const openJournals = () => openIn(slot.dir)

  let isElsewhere = false
  const machine = (): Machine => {
    isElsewhere = true
    const state = mkdtempSync(join(cwd, "machine-"))
    for (const file of ["server.json", "sandbox.json"]) copyFileSync(join(slot.dir, file), join(state, file))
    const there = ["--sandbox", "--sandbox-dir", state]
    return {
      run: async (args, options) => {
        const ended = await run([...args, ...there], options)
        assertNoSecret(state, ended.stdout + ended.stderr)
        return ended
      },
      openJournals: () => openIn(state)
    }
  }

  const expectVersion = async (version: Version) => {
    const now = await ours()
    const applications = now.coolify.applications.filter(({ columns }) =>
      String(columns["fqdn"]).includes(`//${domainOf(version)}`)
    )
    assert.lengthOf(applications, 1, "I3: one application of ours has the domain")
    const [application] = applications
    const value = (name: string) =>
      application?.variables.find(({ key, is_preview }) => key === name && !is_preview)?.value
    const [container] = now.coolify.containers
    assert.strictEqual(
      container?.env["FABRIK_RELEASE"],
      value("FABRIK_RELEASE"),
      "the version that runs is another"
    )
    // A machine that did not generate it need not keep it.
    if (!isElsewhere)
      assert.include(secrets(), `API_KEY=${value("API_KEY")}`, "I9: the secret is not the one that is kept")
    assert.deepStrictEqual(
      shapeOf(now, project),
      bench.shapes.get(version),
      `I1: it is not as ${version} says`
    )
    assert.strictEqual(await answers(slot.server, domainOf(version)), 200, "it does not answer")
  }

  return {
    slot,
    project,
    cwd,
    write,
    version: () => written,
    begin,
    run,
    apply,
    where,
    words,
    machine,
    runLine: (line) =>
      watched(
        launch("/bin/sh", ["-c", line], {
          cwd,
          env: { PATH: `${bench.bin}:${process.env["PATH"]}`, LANG: "C.UTF-8", FABRIK_LATE_EFFECTS: "5" }
        })
      ).ended,
    ours,
    writes,
    secrets,
    journalFiles,
    openJournals,
    expectVersion,
    expectSame: async (before) => {
      assert.deepStrictEqual(await ours(), before, "I1: it is not as it was before")
      const runs = before.coolify.containers.some(({ env }) => env["SANDBOX_APP"] === undefined)
      assert.strictEqual((await answers(slot.server)) === 200, runs, "it does not answer as before")
    },
    expectConverged: async (version) => {
      const kept = secrets()
      const so = writes().length
      const again = await apply()
      assert.strictEqual(again.code, 0, `a second apply: ${told(again)}`)
      assert.deepStrictEqual(writes().slice(so), [], "I6: a second apply writes")
      assert.strictEqual(secrets(), kept, "I9: a secret has changed")
      await expectVersion(version)
      assert.deepStrictEqual(openJournals(), [], "I1: a journal is open")
    }
  }
}

/** Fails with what the process said unless it ended so. */
export const expectCode = (ended: Ended, ...codes: ReadonlyArray<number>): void =>
  assert.include(codes, ended.code ?? -1, told(ended))

/** Takes away by hand all that is ours. */
const clear = async ({ dir, hand, world }: Slot, project: string): Promise<void> => {
  await hand.control("DELETE", "/faults")
  const { ours } = await world()
  for (const { uuid } of ours.coolify.applications) await hand.coolify("DELETE", `/applications/${uuid}`)
  await world()
  for (const { uuid } of ours.coolify.projects) await hand.coolify("DELETE", `/projects/${uuid}`)
  const rrsets = ours.zones.flatMap((one) => one.rrsets)
  if (rrsets.length > 0) {
    await hand.records(rrsets.map(({ name, type }) => ({ name, type, changetype: "DELETE", records: [] })))
  }
  for (const part of ["journal", `secrets/${project}`])
    rmSync(join(dir, part), { recursive: true, force: true })
}

// ---------------------------------------------------------------------------------------------------- the bench

interface BenchState {
  readonly fabrik: string
  /** Holds an executable `fabrik`. */
  readonly bin: string
  /** Of worlds in which a version was applied and nothing happened. */
  readonly shapes: ReadonlyMap<Version, unknown>
}

export interface Bench {
  /**
   * Runs `body` for every item, several at a time, each as a case of its own; tells all that failed at the end.
   * @param name tells the item; FABRIK_RELIABILITY_CASE=part of it runs that case alone.
   */
  readonly each: <A>(
    items: ReadonlyArray<A>,
    name: (item: A) => string,
    body: (it: Case, item: A) => Promise<void>
  ) => Promise<void>
  /** One case. */
  readonly once: <A>(body: (it: Case) => Promise<A>) => Promise<A>
  readonly stop: () => void
}

/**
 * @param versions those that cases will be compared with.
 * @param latency of the sandboxes; quick when absent.
 */
export const startBench = async (options: {
  readonly slots: number
  readonly versions: ReadonlyArray<Version>
  readonly latency?: Partial<Latency>
}): Promise<Bench> => {
  const bin = mkdtempSync(join(tmpdir(), "fabrik-bench-"))
  const bundle = join(bin, "sandbox.cjs")
  await build({
    entryPoints: [join(import.meta.dirname, "SandboxServer.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error"
  })
  const fabrik = builtFabrik()
  mkdirSync(join(bin, "path"))
  writeFileSync(
    join(bin, "path", "fabrik"),
    `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(fabrik)} "$@"\n`,
    { mode: 0o755 }
  )
  const slots = await Promise.all(
    Array.from({ length: options.slots }, () => startSlot(bundle, options.latency ?? quick))
  )
  const shapes = new Map<Version, unknown>()
  const state: BenchState = { fabrik, bin: join(bin, "path"), shapes }

  const inSlot = async <A>(slot: Slot, body: (it: Case) => Promise<A>): Promise<A> => {
    const it = openCase(state, slot)
    try {
      return await body(it)
    } finally {
      await clear(slot, it.project)
      rmSync(it.cwd, { recursive: true, force: true })
    }
  }
  /** Every slot takes the next item when it is done with one. */
  const share = async <A>(items: ReadonlyArray<A>, work: (slot: Slot, item: A) => Promise<void>) => {
    const queue = [...items]
    await Promise.all(
      slots.map(async (slot) => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(slot, item)
      })
    )
  }

  await share(options.versions, (slot, version) =>
    inSlot(slot, async (it) => {
      it.write(version)
      expectCode(await it.apply(), 0)
      shapes.set(version, shapeOf(await it.ours(), it.project))
      assert.strictEqual(await answers(slot.server, domainOf(version)), 200)
    })
  )

  return {
    each: async (all, name, body) => {
      const wanted = process.env["FABRIK_RELIABILITY_CASE"] ?? ""
      const items = all.filter((item) => name(item).includes(wanted))
      const failures: Array<string> = []
      await share(items, (slot, item) =>
        inSlot(slot, (it) => body(it, item)).catch((cause: unknown) => {
          failures.push(
            `${name(item)}: ${
              cause instanceof Error
                ? `${cause.message}${differences(cause)}\n${cause.stack
                    ?.split("\n")
                    .filter((line) => line.includes("reliability"))
                    .join("\n")}`
                : String(cause)
            }`
          )
        })
      )
      if (failures.length > 0) {
        throw new Error(`${failures.length} of ${items.length} failed\n\n${failures.toSorted().join("\n\n")}`)
      }
    },
    once: (body) => inSlot(slots[0]!, body),
    stop: () => {
      for (const child of children) child.kill("SIGKILL")
      for (const slot of slots) rmSync(slot.dir, { recursive: true, force: true })
      rmSync(bin, { recursive: true, force: true })
    }
  }
}

/** The lines in which what was found is not what was to be. */
const differences = (error: Error): string => {
  const lines = (of: "actual" | "expected") =>
    (JSON.stringify((error as unknown as Record<string, unknown>)[of], null, 1) ?? "").split("\n")
  const actual = lines("actual")
  const expected = lines("expected")
  if (actual.length < 2) return ""
  const only = (some: ReadonlyArray<string>, others: ReadonlyArray<string>, sign: string) =>
    some.filter((line) => !others.includes(line)).map((line) => `${sign} ${line.trim()}`)
  return `\n${[...only(actual, expected, "+"), ...only(expected, actual, "-")]
    .map((line) => line.slice(0, 200))
    .slice(0, 40)
    .join("\n")}`
}

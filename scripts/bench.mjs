// Measures the built dist/fabrik.js: start-up against `node -e 0`, API calls and peak memory of an apply in the sandbox.
// node scripts/bench.mjs [--runs N] [--fleet 1,10,100,200] [--starts-only | --kinds-only | --fleet-only | --health | --stranger] [--skip-memory] [--json]
// --starts-only: start-up and its peak memory alone. --against FILE: beside another build's dist/fabrik.js, in the same run.
// --kinds-only: the calls to Coolify by kind of spec alone; exits with 1 where a second apply makes more than its floor.
// --health: how soon a healthy application is seen to be that. --stranger: from `git clone` to an applied compose file.
// What many specs at once take is in scripts/bench/fleets.mjs; 1,000 of them take about twenty minutes, most of it for the memory.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import module from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { fleets, showFleets } from "./bench/fleets.mjs"
import { health, showHealth } from "./bench/health.mjs"
import { latency, showLatency } from "./bench/latency.mjs"
import { showStranger, stranger } from "./bench/stranger.mjs"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "21" },
    fleet: { type: "string", default: "1,10,100,200" },
    "fleet-only": { type: "boolean", default: false },
    "starts-only": { type: "boolean", default: false },
    against: { type: "string" },
    health: { type: "boolean", default: false },
    "kinds-only": { type: "boolean", default: false },
    stranger: { type: "boolean", default: false },
    "skip-memory": { type: "boolean", default: false },
    json: { type: "boolean", default: false }
  }
})
const counts = values.fleet.split(",").map(Number)
const root = fileURLToPath(new URL("..", import.meta.url))
const bundle = join(root, "dist/fabrik.js")
const spec = join(root, "fixtures/test-api.yaml")
if (!existsSync(bundle) && !values["skip-memory"]) {
  console.error("there is no dist/fabrik.js: npm run build")
  process.exit(1)
}

const dir = await mkdtemp(join(tmpdir(), "fabrik-bench-"))
// The process tells its own peak as it ends, so that no tool of the system is needed.
const meter = join(dir, "meter.mjs")
await writeFile(
  meter,
  `import { writeFileSync } from "node:fs"
process.on("exit", () => writeFileSync(process.env.FABRIK_BENCH_OUT, String(process.resourceUsage().maxRSS)))
`
)

/** The environment without anybody's credentials: nothing here may reach a real server. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:COOLIFY|PDNS|CLOUDFLARE|CF|FABRIK)_/.test(name))
  ),
  DATABASE_URL: "postgresql://app:only-for-the-bench@db/app"
}

/** Node starts faster where nothing names certificates to load or options to read. The compile cache lies in the home. */
const empty = { PATH: process.env.PATH, HOME: dir }

/** Runs node in a directory of its own. */
const run = (args, env = environment) =>
  new Promise((resolve, reject) => {
    const began = process.hrtime.bigint()
    const child = spawn(process.execPath, args, {
      cwd: dir,
      env,
      stdio: ["ignore", "ignore", "pipe"]
    })
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text))
    child.on("close", (code) => {
      const millis = Number(process.hrtime.bigint() - began) / 1e6
      if (code === 0) resolve(millis)
      else reject(new Error(`${args.join(" ")} exited ${code}\n${stderr}`))
    })
  })

/** What a start may take, in times of `node -e 0`: of its time, where there is a compile cache, and of its peak memory. */
const starts = { "--version": 1.1, "--help": 1.6, "apply --dry-run": 2.2 }
const mostMemory = 1.8
const hasCompileCache = typeof module.enableCompileCache === "function"
/** What it may take beside an earlier build. */
const mostAgainst = hasCompileCache ? 1 : 1.5

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** Alternating, so that whatever else the machine does falls on all alike. */
const startUp = async () => {
  const commands = {
    "--version": ["--version"],
    "--help": ["--help"],
    "apply --dry-run": ["apply", "--dry-run", "--quiet", spec]
  }
  const other = values.against === undefined ? undefined : resolve(values.against)
  const rows = Object.entries({ "this environment": environment, "an empty one": empty }).flatMap(
    ([where, env]) => [
      { where, name: "node -e 0", args: ["-e", "0"], env, times: [], before: [] },
      ...Object.entries(commands).map(([name, args]) => ({
        where,
        name,
        args: [bundle, ...args],
        otherArgs: other === undefined ? undefined : [other, ...args],
        env,
        times: [],
        before: []
      }))
    ]
  )
  // The first of -1 fills the compile cache.
  for (let index = -1; index < Number(values.runs); index++) {
    for (const { args, before, env, otherArgs, times } of rows) {
      times[Math.max(index, 0)] = await run(args, env)
      if (otherArgs !== undefined) before[Math.max(index, 0)] = await run(otherArgs, env)
    }
  }
  for (const row of rows) {
    const rounds = [await metered(row.args, row.env), await metered(row.args, row.env)]
    row.peaks = rounds.map(({ peakMiB }) => peakMiB)
  }
  return rows.map(({ before, name, peaks, times, where }) => {
    const base = rows.find((row) => row.where === where)
    const of = (mine, theirs) => Number((median(mine) / median(theirs)).toFixed(2))
    return {
      where,
      name,
      millis: Math.round(median(times)),
      ratio: of(times, base.times),
      peakMiB: Math.round(Math.min(...peaks)),
      peakRatio: Number((Math.min(...peaks) / Math.min(...base.peaks)).toFixed(2)),
      ...(before.length === 0 ? {} : { against: of(times, before) })
    }
  })
}

const showStarts = (rows) => {
  const told = (ratio, most) =>
    `${ratio.toFixed(2)}x${most === undefined ? "" : ` ${ratio <= most ? "held" : "MISSED"}: ${most}x`}`
  console.log(`start-up, median of ${values.runs}        time                       peak memory`)
  for (const { against, millis, name, peakMiB, peakRatio, ratio, where } of rows) {
    const isBase = name === "node -e 0"
    if (isBase) console.log(` in ${where}`)
    const isBound = where === "an empty one" && !isBase
    // The compile cache came with Node 22; without it there is nothing to hold a start to.
    const time = told(ratio, isBound && hasCompileCache ? starts[name] : undefined)
    const memory = told(peakRatio, isBound ? mostMemory : undefined)
    const beside = against === undefined ? "" : `  beside the other build ${told(against, mostAgainst)}`
    console.log(
      `  ${name.padEnd(16)} ${String(millis).padStart(5)} ms  ${time.padEnd(22)} ${String(peakMiB).padStart(4)} MiB  ${memory}${beside}`
    )
  }
}

const requests = async () => {
  const text = await readFile(join(dir, ".fabrik/sandbox/requests.ndjson"), "utf8")
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
}

/** Runs node with its peak memory kept. */
const metered = async (args, env = environment) => {
  const out = join(dir, "peak")
  const millis = await run(["--import", meter, ...args], { ...env, FABRIK_BENCH_OUT: out })
  return { millis: Math.round(millis), peakMiB: Number(await readFile(out, "utf8")) / 1024 }
}

// The fewest calls to Coolify that the job can take. First: servers, projects, one deployment, its end and its status to
// read, whether another machine's run came between (projects) and whether the end is its own (application, variables);
// project, application, its port (an inline Dockerfile's is ignored on creation), variables and deployment to
// write, and at its end that it was seen to run, which every machine has to know. Again: servers, projects, the environment's inventory and the application's variables, as no id is remembered.
const floors = { "first apply": "8 read, 6 written", "apply again": "4 read, 0 written" }

const applies = async () => {
  const rows = []
  let before = 0
  for (const name of Object.keys(floors)) {
    const { millis, peakMiB } = await metered([bundle, "apply", "--sandbox", "--yes", spec])
    const all = await requests()
    const own = all.slice(before)
    before = all.length
    const of = (api, writes) =>
      own.filter((request) => request.api === api && (request.method !== "GET") === writes).length
    rows.push({
      name,
      millis,
      peakMiB: Math.round(peakMiB),
      coolifyReads: of("coolify", false),
      coolifyWrites: of("coolify", true),
      dnsReads: of("dns", false),
      dnsWrites: of("dns", true)
    })
  }
  return rows
}

// A second apply reads the four that every spec needs, and one list more for each kind of thing that only a list of its
// own tells: the volumes and files of an application, its scheduled tasks, its details, a compose file of a service, the
// names of keys, the backups of a database, the variables of each process.
const kinds = {
  "basic-auth": 4,
  compose: 5,
  databases: 5,
  files: 5,
  "git-compose": 4,
  "old-form": 4,
  paths: 4,
  "private-git": 5,
  processes: 6,
  records: 4,
  redirect: 4,
  release: 4,
  schedules: 5,
  settings: 5,
  "static-image": 4,
  "test-api": 4,
  "two-hosts": 4,
  worker: 4
}

/** What is read above a floor, and why. */
const above = {
  // The servers, the project and its environment once more after the first process, which may have made them.
  processes: 3
}

/** No kinds of their own. */
const without = {
  "git-app": "its application tells its release in JSON, which the sandbox's does not",
  invalid: "it is refused"
}

/** Each fixture, with its floor. */
const fixtures = async () => {
  const names = (await readdir(join(root, "fixtures")))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length))
  const odd = [
    ...names.filter((name) => !(name in kinds) && !(name in without)).map((name) => `${name} has no floor`),
    ...[...Object.keys(kinds), ...Object.keys(without)]
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is no fixture`)
  ]
  if (odd.length > 0) throw new Error(`scripts/bench.mjs: ${odd.join(", ")}`)
  return Object.entries(kinds)
}

const requestsByKind = async () => {
  const rows = []
  for (const [kind, floor] of await fixtures()) {
    const place = join(dir, kind)
    const log = join(place, "requests.ndjson")
    const args = [
      bundle,
      "apply",
      "--sandbox",
      "--sandbox-dir",
      place,
      "--yes",
      join(root, `fixtures/${kind}.yaml`)
    ]
    const counts = []
    for (let seen = 0, round = 0; round < 2; round++) {
      await run(args)
      const all = (await readFile(log, "utf8"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
      const own = all.slice(seen).filter(({ api }) => api === "coolify")
      seen = all.length
      const reads = own.filter(({ method }) => method === "GET").length
      counts.push({ reads, writes: own.length - reads })
    }
    const [first, again] = counts
    rows.push({ kind, first, again, floor })
  }
  return rows
}

const isAbove = ({ again, floor, kind }) => again.writes > 0 || again.reads > floor + (above[kind] ?? 0)

const showKinds = (rows) => {
  console.log("\ncalls to Coolify by kind of spec    first apply          again       floor")
  for (const row of rows) {
    const said = ({ reads, writes }) => `${reads} read, ${writes} written`
    console.log(
      `  ${row.kind.padEnd(20)} ${said(row.first).padStart(22)} ${said(row.again).padStart(18)} ${`${row.floor} read`.padStart(10)}${isAbove(row) ? "  above it" : ""}`
    )
  }
}

/** What the journal costs a first apply: with it as it is, and with its syncs left out, as if it lay in memory. */
const journalCost = async () => {
  const unsynced = join(dir, "unsynced.mjs")
  await writeFile(
    unsynced,
    `import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
fs.fsync = (fd, done) => process.nextTick(done, null)
syncBuiltinESMExports()
`
  )
  const place = join(dir, "journal-cost")
  await mkdir(place)
  const sandbox = spawn(process.execPath, [bundle, "sandbox", "--sandbox-dir", place], {
    cwd: dir,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"]
  })
  try {
    await new Promise((resolve) => sandbox.stdout.once("data", resolve))
    const at = ["--sandbox", "--sandbox-dir", place, "--yes"]
    const slow = ["--sandbox-fault", "coolify * * delay=50", "--sandbox-fault", "dns * * delay=50"]
    const times = { journal: [], memory: [] }
    for (let index = 0; index < Math.ceil(Number(values.runs) / 3); index++) {
      for (const kind of index % 2 === 0 ? ["journal", "memory"] : ["memory", "journal"]) {
        const preload = kind === "memory" ? ["--import", unsynced] : []
        times[kind].push(await run([...preload, bundle, "apply", ...at, ...slow, spec]))
        await run([bundle, "destroy", ...at, spec])
      }
    }
    return {
      journal: Math.round(median(times.journal)),
      memory: Math.round(median(times.memory)),
      ratio: Number((median(times.journal) / median(times.memory)).toFixed(3))
    }
  } finally {
    sandbox.kill()
  }
}

const measured = async () => {
  if (values["kinds-only"]) {
    const rows = await requestsByKind()
    if (values.json) console.log(JSON.stringify({ kinds: rows }))
    else showKinds(rows)
    if (rows.some(isAbove)) process.exitCode = 1
    return
  }
  if (values["fleet-only"]) {
    const rows = await fleets(counts, { dir, root, bundle, memory: !values["skip-memory"] })
    if (values.json) console.log(JSON.stringify({ fleets: rows }))
    else showFleets(rows)
    return
  }
  if (values["starts-only"]) {
    const rows = await startUp()
    if (values.json) console.log(JSON.stringify({ node: process.version, startUp: rows }))
    else showStarts(rows)
    return
  }
  for (const [name, measure, show] of [
    ["health", health, showHealth],
    ["stranger", stranger, showStranger]
  ]) {
    if (!values[name]) continue
    const measured = await measure({ dir, root, bundle, environment })
    if (values.json) console.log(JSON.stringify({ [name]: measured }))
    else show(measured)
  }
  if (values.health || values.stranger) return
  const result = {
    node: process.version,
    startUp: await startUp(),
    applies: await applies(),
    kinds: await requestsByKind(),
    journal: await journalCost(),
    latency: await latency({ dir, root }),
    health: await health({ dir, bundle, environment }),
    stranger: await stranger({ dir, root, environment }),
    fleets: await fleets(counts, { dir, root, bundle, memory: !values["skip-memory"] })
  }
  if (values.json) console.log(JSON.stringify(result))
  else {
    showStarts(result.startUp)
    console.log(
      "\nagainst the sandbox     calls to Coolify              floor  calls to DNS     peak    time"
    )
    for (const row of result.applies) {
      const coolify = `${row.coolifyReads} read, ${row.coolifyWrites} written`
      const dns = `${row.dnsReads} read, ${row.dnsWrites} written`
      console.log(
        `  ${row.name.padEnd(14)} ${coolify.padStart(22)} ${floors[row.name].padStart(18)} ${dns.padStart(17)} ${String(row.peakMiB).padStart(4)} MiB ${(row.millis / 1000).toFixed(1).padStart(5)} s`
      )
    }
    showKinds(result.kinds)
    const { journal, memory, ratio } = result.journal
    console.log(
      `\na first apply at 50 ms a request: ${journal} ms with the journal, ${memory} ms with it in memory, ${ratio}x`
    )
    showLatency(result.latency)
    showHealth(result.health)
    showStranger(result.stranger)
    showFleets(result.fleets)
  }
}

try {
  await measured()
} finally {
  await rm(dir, { recursive: true, force: true })
}

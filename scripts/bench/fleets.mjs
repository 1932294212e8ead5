// Many specs at once, first and again. Time and requests: the whole of fabrik in this process over the sandbox in memory,
// on a clock that leaps over what nobody has to wait for. Memory: the built file as a process, beside a sandbox in another
// one whose limit of requests is lifted.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import { build } from "esbuild"

const perMinute = 200
const applying = ["apply", "specs", "--yes", "--quiet"]

/** What must hold, by what is measured. */
const bounds = {
  ratio: { of: 200, most: 1.1, says: "a first apply of 200 within 1.10x of the time that the limit allows" },
  requests: {
    of: 200,
    most: 10,
    says: "an apply again of 200 within 10 requests + one for each one's variables"
  },
  memory: { of: 1000, to: 100, most: 1.5, says: "1,000 specs within 1.5x of the memory of 100" }
}

const bundleOf = (root, entry, outfile, plugins = []) =>
  build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: "warning",
    plugins
  })

/** The peak of a process that applies the specs, in MiB: first and again. */
const peaks = async (count, specOf, { bundle, dir, root }) => {
  const server = join(dir, "sandbox.mjs")
  await bundleOf(root, "test/reliability/SandboxServer.ts", server)
  const place = join(dir, `fleet-${count}`)
  await mkdir(join(place, "specs"), { recursive: true })
  for (let index = 0; index < count; index++) {
    await writeFile(join(place, "specs", `app-${index}.yaml`), specOf(index))
  }
  const state = join(place, "state")
  const latency = JSON.stringify({ queue: 0, build: "20 millis", statusRefresh: 0 })
  const sandbox = spawn(process.execPath, [server, state, "example.com", latency], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const ended = once(sandbox, "close")
  try {
    await once(sandbox.stdout, "data")
    const rows = []
    for (let round = 0; round < 2; round++) {
      const peak = join(place, "peak")
      const child = spawn(
        process.execPath,
        ["--import", join(dir, "meter.mjs"), bundle, ...applying, "--sandbox", "--sandbox-dir", state],
        {
          cwd: place,
          env: { PATH: process.env.PATH, FABRIK_BENCH_OUT: peak },
          stdio: ["ignore", "ignore", "inherit"]
        }
      )
      const [code] = await once(child, "close")
      if (code !== 0) throw new Error(`an apply of ${count} specs exited ${code}`)
      rows.push(Math.round(Number(await readFile(peak, "utf8")) / 1024))
    }
    return rows
  } finally {
    sandbox.stdin.end()
    await ended
  }
}

/** Runs whole commands in this process over the sandbox in memory. */
export const inProcess = async ({ dir, root }) => {
  const inside = join(root, "test/fleet/FleetWorld.ts")
  const file = join(dir, "fleet.mjs")
  await bundleOf(root, "test/fleet/Fleet.ts", file, [
    {
      name: "in memory",
      setup: ({ onResolve }) =>
        onResolve({ filter: /(?:LiveLayers|sandbox\/Attach)\.ts$/ }, () => ({ path: inside }))
    }
  ])
  return import(pathToFileURL(file).href)
}

/** `ratio`: to the time in which the limit lets so many requests through. */
export const fleets = async (counts, places) => {
  const { runFleet, specOf } = await inProcess(places)
  const rows = []
  for (const count of counts) {
    const measured = await runFleet(count, [applying, applying], { perMinute })
    const memory = places.memory ? await peaks(count, specOf, places) : []
    for (const [index, { millis, requests, status, stderr, took }] of measured.entries()) {
      if (status !== 0) throw new Error(`an apply of ${count} specs exited ${status}\n${stderr}`)
      const row = {
        count,
        name: index === 0 ? "first apply" : "apply again",
        requests: requests.length,
        variables: requests.filter((one) => /^GET .*\/envs$/.test(one)).length,
        millis,
        took: Math.round(took),
        ratio: Number((millis / ((requests.length / perMinute) * 60_000)).toFixed(3)),
        ...(places.memory ? { peakMiB: memory[index] } : {})
      }
      rows.push(row)
      // A thousand keep the machine busy for long, and what is known until then is worth having.
      process.stderr.write(`${lineOf(row)}\n`)
    }
  }
  return rows
}

/** The bounds of which enough was measured, each with what was seen. */
const held = (rows) => {
  const row = (count, name) => rows.find((one) => one.count === count && one.name === name)
  const seen = {
    ratio: row(bounds.ratio.of, "first apply")?.ratio,
    requests: [row(bounds.requests.of, "apply again")].map((one) => one && one.requests - one.variables)[0],
    memory:
      (row(bounds.memory.of, "first apply")?.peakMiB ?? NaN) /
      (row(bounds.memory.to, "first apply")?.peakMiB ?? NaN)
  }
  return Object.entries(bounds).flatMap(([name, { most, says }]) =>
    seen[name] === undefined || Number.isNaN(seen[name])
      ? []
      : [{ says, seen: seen[name], holds: seen[name] <= most }]
  )
}

const lineOf = ({ count, millis, name, peakMiB, ratio, requests, took }) => {
  // What fits into one window of the limit waits for nothing.
  const part = requests > perMinute ? `${ratio.toFixed(2)}x` : "-"
  return `  ${String(count).padStart(4)} ${name.padEnd(12)} ${String(requests).padStart(15)} ${(millis / 1000).toFixed(1).padStart(8)} s ${part.padStart(14)} ${String(peakMiB ?? "-").padStart(6)} MiB ${(took / 1000).toFixed(0).padStart(7)} s`
}

export const showFleets = (rows) => {
  console.log("\nspecs at once         calls to Coolify       time  of the limit's       peak   measured in")
  for (const row of rows) console.log(lineOf(row))
  for (const { holds, says, seen } of held(rows)) {
    console.log(`  ${holds ? "held" : "MISSED"}: ${says}: ${Number(seen.toFixed(2))}`)
    if (!holds) process.exitCode = 1
  }
}

// How long it takes from the first moment at which an application answers well to fabrik's seeing that: the application is
// the sandbox's, which refuses connections for some seconds after its container has started.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import https from "node:https"
import { join } from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"

const most = 250
/** Seconds after the start of the container. */
const startsAfter = [1.3, 2.7, 4.1, 6.4]

const specOf = (name, seconds) => `name: ${name}
domain: ${name}.example.com
source: { image: "nginx:1.27" }
port: 80
env: { SANDBOX_APP: "slow:${seconds}" }
healthcheck: { path: /, settle: 0 }
`

/** When the address answers with 200 for the first time, by a question every few milliseconds. */
const firstAnswer = async (port, host, ended) => {
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false, servername: host })
  const status = () =>
    new Promise((resolve) => {
      const request = https.get({ port, agent, headers: { host } }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode))
      })
      request.once("error", () => resolve(undefined))
    })
  while (!ended()) {
    if ((await status()) === 200) break
    await sleep(5)
  }
  const at = Date.now()
  agent.destroy()
  return at
}

export const health = async ({ bundle, dir, environment }) => {
  const place = join(dir, "health")
  await mkdir(place)
  const state = join(place, "sandbox")
  const sandbox = spawn(process.execPath, [bundle, "sandbox", "--sandbox-dir", state, "--json"], {
    cwd: place,
    env: environment,
    stdio: ["ignore", "pipe", "ignore"]
  })
  try {
    await once(sandbox.stdout, "data")
    const { ports } = JSON.parse(await readFile(join(state, "sandbox.json"), "utf8"))
    const rows = []
    for (const [index, seconds] of startsAfter.entries()) {
      const name = `app-${index}`
      await writeFile(join(place, `${name}.yaml`), specOf(name, seconds))
      const args = ["apply", "--sandbox", "--sandbox-dir", state, "--yes", "--json", `${name}.yaml`]
      const child = spawn(process.execPath, [bundle, ...args], { cwd: place, env: environment })
      let out = ""
      child.stdout.setEncoding("utf8").on("data", (text) => (out += text))
      let code
      const closed = once(child, "close").then(([status]) => (code = status))
      const answered = await firstAnswer(ports.edge, `${name}.example.com`, () => code !== undefined)
      await closed
      if (code !== 0) throw new Error(`an apply exited ${code}\n${out}`)
      const events = out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
      const seen = Date.parse(events.find(({ ok, type }) => type === "HealthAttempted" && ok).at)
      const confirmed = Date.parse(events.find(({ type }) => type === "Verified").at)
      rows.push({ seconds, late: seen - answered, confirmed: confirmed - answered })
    }
    return rows
  } finally {
    sandbox.kill()
  }
}

export const showHealth = (rows) => {
  const late = Math.max(...rows.map((row) => row.late))
  const confirmed = Math.max(...rows.map((row) => row.confirmed))
  console.log(
    `\na healthy application, from its first good answer on: fabrik has seen one after ${rows.map((row) => row.late).join(", ")} ms, and with the second one that confirms it after at most ${confirmed} ms`
  )
  console.log(
    `  ${late <= most ? "held" : "MISSED"}: the first is seen within ${most} ms: at most ${late} ms`
  )
  if (late > most) process.exitCode = 1
}

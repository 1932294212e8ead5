// The way of somebody who has a compose file and nothing of fabrik yet: the commands of the README, in a shell.
import { spawn } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"

const most = 120

const composeOf = (web) => `services:
  web:
    ${web}
    ports: ["8080:3000"]
    environment:
      DATABASE_URL: postgres://shop:\${POSTGRES_PASSWORD}@db:5432/shop
    depends_on: [db]
  db:
    image: postgres:17
    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: "\${POSTGRES_PASSWORD}" }
    volumes: ["data:/var/lib/postgresql/data"]
volumes: { data: {} }
`

const files = {
  "images alone": {
    "docker-compose.yml": composeOf("image: ghcr.io/acme/shop:1.4"),
    ".env": "POSTGRES_PASSWORD=only-for-the-bench\n"
  },
  "one that is built": {
    "docker-compose.yml": composeOf("build: ."),
    Dockerfile: "FROM node:22\nEXPOSE 3000\n",
    ".env": "POSTGRES_PASSWORD=only-for-the-bench\n"
  }
}

/** Seconds. */
const timed = (command, cwd, env) =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn("bash", ["-c", command], { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
    let said = ""
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (said += text))
    child.on("close", (code) => {
      if (code === 0) resolve((performance.now() - began) / 1000)
      else reject(new Error(`${command} exited ${code}\n${said}`))
    })
  })

export const stranger = async ({ dir, environment, root }) => {
  const place = join(dir, "stranger")
  await mkdir(place)
  const fabrik = `node ${join(place, "fabrik/dist/fabrik.js")}`
  const setUp = [
    { command: `git clone -q ${root} fabrik`, cwd: place },
    { command: "npm ci --ignore-scripts && npm run build", cwd: join(place, "fabrik") }
  ]
  const done = []
  for (const { command, cwd } of setUp)
    done.push({ command, seconds: await timed(command, cwd, environment) })
  const rows = []
  for (const [what, own] of Object.entries(files)) {
    const cwd = join(place, what.replaceAll(" ", "-"))
    await mkdir(cwd)
    for (const [name, text] of Object.entries(own)) await writeFile(join(cwd, name), text)
    await timed("git init -q && git remote add origin https://github.com/acme/shop.git", cwd, environment)
    const command = `fabrik import docker-compose.yml --domain shop.example.com -o specs && fabrik apply --sandbox --yes specs`
    const seconds = await timed(command.replaceAll("fabrik ", `${fabrik} `), cwd, environment)
    rows.push({ what, commands: [...done, { command, seconds }] })
  }
  return rows
}

export const showStranger = (rows) => {
  console.log("\nfrom `git clone` to a compose file that is applied and answers in the sandbox")
  for (const { commands, what } of rows) {
    const all = commands.reduce((sum, { seconds }) => sum + seconds, 0)
    const parts = commands.map(({ seconds }) => `${seconds.toFixed(1)} s`).join(" + ")
    const isHeld = all <= most && commands.length <= 3
    console.log(
      `  ${isHeld ? "held" : "MISSED"}: ${what}: ${commands.length} commands, ${parts} = ${all.toFixed(1)} s, at most 3 and ${most} s`
    )
    if (!isHeld) process.exitCode = 1
  }
  for (const { command } of rows[0]?.commands ?? []) console.log(`    ${command}`)
}

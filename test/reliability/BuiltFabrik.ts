/** The built file, run as a user runs it: in a directory and an environment of its own. */
import { spawn, type ChildProcess } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { builtFabrik } from "../support/Built.ts"
import { assertNoSecret } from "./Leak.ts"

/** Notes what leaves the process: every program started, connection, look-up and datagram; and its peak memory in KiB. */
const watcher = `
const { appendFileSync } = require("node:fs")
const note = (what, detail) => appendFileSync(process.env.WATCHED, JSON.stringify({ what, detail: String(detail) }) + "\\n")
const before = (object, name, what, detail) => {
  const original = object[name]
  object[name] = function (...args) {
    note(what, detail(...args))
    return original.apply(this, args)
  }
}
const child = require("node:child_process")
for (const name of ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"])
  before(child, name, "program", (...args) => JSON.stringify(args))
const net = require("node:net")
before(net.Socket.prototype, "connect", "connection", (options) => JSON.stringify(options))
before(net.Server.prototype, "listen", "listener", (options) => JSON.stringify(options))
const dgram = require("node:dgram")
before(dgram, "createSocket", "datagrams", (options) => JSON.stringify(options))
const dns = require("node:dns")
for (const module of [dns, dns.promises])
  for (const name of ["lookup", "resolve", "resolve4", "resolve6"]) before(module, name, "look-up", (host) => host)
require("node:module").syncBuiltinESMExports()
process.on("exit", () => note("memory", process.resourceUsage().maxRSS))
`

export interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** What left the process. */
  readonly watched: ReadonlyArray<{ readonly what: string; readonly detail: string }>
}

export interface BuiltFabrik {
  readonly cwd: string
  /**
   * Runs to the end, with a stdin that says yes to everything, while this process goes on: to serve what it asks for, and
   * because a worker that stands still for a minute is given up.
   */
  readonly run: (args: ReadonlyArray<string>, env?: Readonly<Record<string, string>>) => Promise<Result>
  /** Starts; the promise is of what has been printed once `text` was. */
  readonly begin: (args: ReadonlyArray<string>, until: string) => Promise<string>
  /** Ends what has been begun, and waits for it. */
  readonly end: () => Promise<void>
  readonly dispose: () => void
}

export const buildFabrik = (): BuiltFabrik => {
  const home = mkdtempSync(join(tmpdir(), "fabrik-built-"))
  const cwd = mkdtempSync(join(tmpdir(), "fabrik-cwd-"))
  const children: Array<ChildProcess> = []
  const hook = join(home, "watcher.cjs")
  const watched = join(home, "watched.ndjson")
  writeFileSync(hook, watcher)
  const program = builtFabrik()
  const environment = {
    PATH: process.env["PATH"],
    LANG: "C.UTF-8",
    FABRIK_LATE_EFFECTS: "5",
    WATCHED: watched
  }
  const readWatched = (): Result["watched"] =>
    readFileSync(watched, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  return {
    cwd,
    run: (args, env = {}) =>
      new Promise((resolve) => {
        writeFileSync(watched, "")
        const child = spawn(process.execPath, ["--require", hook, program, ...args], {
          cwd,
          env: { ...environment, ...env }
        })
        children.push(child)
        // Who has ended reads no more.
        child.stdin.on("error", () => {}).end("y\ny\nyes\n")
        const seen = { stdout: "", stderr: "" }
        child.stdout.setEncoding("latin1").on("data", (text: string) => (seen.stdout += text))
        child.stderr.setEncoding("latin1").on("data", (text: string) => (seen.stderr += text))
        child.on("close", (status) => {
          assertNoSecret(join(cwd, ".fabrik"), seen.stdout + seen.stderr)
          resolve({ status, ...seen, watched: readWatched() })
        })
      }),
    begin: (args, until) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [program, ...args], { cwd, env: environment })
        children.push(child)
        let seen = ""
        const look = (chunk: Buffer) => {
          seen += chunk.toString("latin1")
          if (seen.includes(until)) resolve(seen)
        }
        child.stdout.on("data", look)
        child.stderr.on("data", look)
        child.on("close", () => reject(new Error(`ended without "${until}": ${seen}`)))
      }),
    end: async () => {
      for (const child of children.splice(0)) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        const closed = new Promise((resolve) => child.once("close", resolve))
        child.kill("SIGTERM")
        await closed
      }
    },
    dispose: () => {
      for (const child of children) child.kill("SIGKILL")
      rmSync(home, { recursive: true, force: true })
      rmSync(cwd, { recursive: true, force: true })
    }
  }
}

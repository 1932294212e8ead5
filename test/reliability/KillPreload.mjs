/**
 * Loaded before the program (`node --import`), which knows nothing of it. It counts what the program does at its two
 * borders with what outlives it, the syncs of files and the requests that change the world, and kills it where it is told:
 *
 * - FABRIK_TRACE: a file that gets one line for each of them before and after it, and one for the exit
 * - FABRIK_KILL_ON: `sync` or `request`
 * - FABRIK_KILL_AT: the how manieth, from 1
 * - FABRIK_KILL_WHEN: `before` it takes place, or `after` its answer has come
 * - FABRIK_KILL_PATH: syncs count for files with this in their path only; `/journal/` when absent
 */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import process from "node:process"

const {
  FABRIK_TRACE: trace,
  FABRIK_KILL_ON: on,
  FABRIK_KILL_AT: at,
  FABRIK_KILL_WHEN: when,
  FABRIK_KILL_PATH: part = "/journal/"
} = process.env
const { appendFileSync, readlinkSync } = fs

const tell = (entry) => {
  if (trace !== undefined) appendFileSync(trace, `${JSON.stringify({ ...entry, time: Date.now() })}\n`)
}

const die = () => {
  process.kill(process.pid, "SIGKILL")
  // The signal is on its way: nothing more is to happen until it is there.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const counts = { sync: 0, request: 0 }

/** To be called before something of this kind takes place; answers what is to be called after it. */
const reach = (kind, what) => {
  counts[kind] += 1
  const number = counts[kind]
  const point = (moment) => {
    tell({ kind, number, moment, what })
    if (kind === on && number === Number(at) && moment === when) die()
  }
  point("before")
  return () => point("after")
}

/** Where the kernel says that a descriptor leads; `undefined`: nowhere that counts. */
const counted = (descriptor) => {
  try {
    const path = readlinkSync(`/proc/self/fd/${descriptor}`)
    return path.includes(part) ? path : undefined
  } catch {
    return undefined
  }
}

for (const name of ["fsync", "fdatasync"]) {
  const original = fs[name]
  fs[name] = (descriptor, done) => {
    const path = counted(descriptor)
    if (path === undefined) return original(descriptor, done)
    const after = reach("sync", path)
    return original(descriptor, (error) => {
      after()
      done(error)
    })
  }
  const originalSync = fs[`${name}Sync`]
  fs[`${name}Sync`] = (descriptor) => {
    const path = counted(descriptor)
    const after = path === undefined ? () => {} : reach("sync", path)
    originalSync(descriptor)
    after()
  }
}

const open = fs.promises.open
fs.promises.open = async (...args) => {
  const handle = await open(...args)
  for (const name of ["sync", "datasync"]) {
    const original = handle[name].bind(handle)
    handle[name] = async () => {
      const path = counted(handle.fd)
      const after = path === undefined ? () => {} : reach("sync", path)
      await original()
      after()
    }
  }
  return handle
}

syncBuiltinESMExports()

const send = globalThis.fetch
globalThis.fetch = async (target, init) => {
  const method = init?.method ?? "GET"
  const { pathname } = new URL(String(target))
  // The sandbox's own door is no part of the world.
  if (method === "GET" || pathname.startsWith("/_sandbox/")) return send(target, init)
  const after = reach("request", `${method} ${pathname}`)
  try {
    return await send(target, init)
  } finally {
    after()
  }
}

tell({ kind: "start", pid: process.pid })
process.on("exit", (code) => tell({ kind: "exit", code }))

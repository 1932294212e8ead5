/** A real file system on which one call goes wrong, or all from one on. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** `write`: bytes into an open file; `make`: something new; `change`: of what is there; `sync`; `read`: all others. */
type Kind = "read" | "make" | "change" | "write" | "sync"

export interface DiskFault {
  readonly name: string
  readonly code: "ENOSPC" | "EIO" | "EROFS"
  /** Which calls it can befall. */
  readonly strikes: ReadonlyArray<Kind>
  /** Half of what was to be written is written before. */
  readonly torn?: boolean
}

export const diskFaults: ReadonlyArray<DiskFault> = [
  // Room that a file has already is not taken from it: that is what `grows` tells.
  { name: "the disk is full", code: "ENOSPC", strikes: ["make", "write"] },
  { name: "an input/output error", code: "EIO", strikes: ["read", "make", "change", "write", "sync"] },
  { name: "the disk is read-only", code: "EROFS", strikes: ["make", "change", "write"] },
  { name: "a short write", code: "EIO", strikes: ["write"], torn: true }
]

/** A call, as it was made: `open wx+ /tmp/x/journal/y`. */
interface Call {
  readonly what: string
  readonly kind: Kind
}

export interface Disk {
  /** All calls so far. */
  readonly calls: Array<Call>
  /** What befalls the nth call, from 1, and if it lasts all later ones that it can befall. */
  readonly planned: { readonly fault: DiskFault; readonly nth: number; readonly lasts: boolean } | undefined
}

export const healthy = (): Disk => ({ calls: [], planned: undefined })

const kinds: { readonly [method: string]: Kind } = {
  makeDirectory: "make",
  link: "make",
  rename: "change",
  remove: "change",
  writeFile: "write",
  writeFileString: "write"
}

type Method = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, PlatformError.PlatformError>

const failure = (method: string, { code }: DiskFault) =>
  Effect.fail(
    new PlatformError.SystemError({
      module: "FileSystem",
      method,
      reason: "Unknown",
      description: `${code}: scripted, ${method}`
    })
  )

/** @param grows whether a write takes room that its file has not yet. */
const strike = (disk: Disk, method: string, kind: Kind, path: string, grows = true) => {
  const nth = disk.calls.push({ what: `${method} ${path}`, kind })
  const { planned } = disk
  if (planned === undefined || !planned.fault.strikes.includes(kind)) return undefined
  if (planned.lasts ? nth < planned.nth : nth !== planned.nth) return undefined
  return planned.fault.code === "ENOSPC" && !grows ? undefined : planned.fault
}

const faultyFile = (disk: Disk, path: string, file: FileSystem.File): FileSystem.File => {
  let at = 0n
  const around = <A>(method: string, kind: Kind, call: Effect.Effect<A, PlatformError.PlatformError>) =>
    Effect.suspend(() => {
      const fault = strike(disk, method, kind, path)
      return fault === undefined ? call : failure(method, fault)
    })
  return {
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    fd: file.fd,
    stat: around("stat", "read", file.stat),
    seek: (offset, from) => {
      at = BigInt(offset)
      return file.seek(offset, from)
    },
    sync: around("sync", "sync", file.sync),
    read: (buffer) => around("read", "read", file.read(buffer)),
    readAlloc: (size) => around("readAlloc", "read", file.readAlloc(size)),
    truncate: (length) => around("truncate", "change", file.truncate(length)),
    write: (buffer) => around("write", "write", file.write(buffer)),
    writeAll: (bytes) =>
      Effect.gen(function* () {
        const { size } = yield* file.stat
        const end = at + BigInt(bytes.length)
        const fault = strike(disk, "writeAll", "write", path, end > size)
        if (fault === undefined) return yield* file.writeAll(bytes)
        if (fault.torn === true) yield* file.writeAll(bytes.subarray(0, Math.ceil(bytes.length / 2)))
        return yield* failure("writeAll", fault)
      })
  }
}

/** The file system of this machine, with what befalls it. */
export const layer = (disk: Disk): Layer.Layer<FileSystem.FileSystem> =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => {
      const faulty = Object.fromEntries(
        Object.entries(fs).map(([method, member]: [string, unknown]) => {
          if (typeof member !== "function" || method === "open") return [method, member]
          const call = member as Method
          return [
            method,
            (...args: ReadonlyArray<unknown>) =>
              Effect.suspend(() => {
                const fault = strike(disk, method, kinds[method] ?? "read", String(args[0]))
                if (fault === undefined) return call(...args)
                const [path, text, ...rest] = args
                const half = String(text).slice(0, Math.ceil(String(text).length / 2))
                return fault.torn === true
                  ? Effect.zipRight(call(path, half, ...rest), failure(method, fault))
                  : failure(method, fault)
              })
          ]
        })
      )
      const open: FileSystem.FileSystem["open"] = (path, options) => {
        const flag = options?.flag ?? "r"
        const kind = flag === "r" ? "read" : flag === "r+" ? "change" : "make"
        return Effect.suspend(() => {
          const fault = strike(disk, `open ${flag}`, kind, path)
          return fault === undefined
            ? Effect.map(fs.open(path, options), (file) => faultyFile(disk, path, file))
            : failure("open", fault)
        })
      }
      return { ...fs, ...faulty, open }
    })
  ).pipe(Layer.provide(NodeFileSystem.layer))

/** The repository that a folder is a work tree of, read from git's own files: git need not be installed. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { dirname, join, relative, sep } from "node:path"
import { publicAddress } from "./Address.ts"

const remoteIn = (config: string): string | undefined =>
  /^\s*\[remote "origin"\]\s*\n(?:(?!\s*\[).*\n)*?\s*url\s*=\s*(.+)$/m.exec(`${config}\n`)?.[1]?.trim()

/** The `origin` of the work tree around `folder` and its branch; `undefined`: there is none, or none over the network. */
export const originIn = Effect.fn("originIn")(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const text = (path: string) => Effect.orElseSucceed(fs.readFileString(path), () => "")
  for (let at = folder; ; at = dirname(at)) {
    const dot = join(at, ".git")
    const info = yield* Effect.option(fs.stat(dot))
    if (info._tag === "Some") {
      // A linked work tree: its own HEAD there, the configuration two folders above.
      const linked = info.value.type === "File" ? /^gitdir: (.+)$/m.exec(yield* text(dot))?.[1] : undefined
      const own =
        linked === undefined ? dot : join(at, linked.startsWith("/") ? relative(at, linked) : linked)
      const config = remoteIn(yield* text(join(linked === undefined ? dot : join(own, "../.."), "config")))
      if (config === undefined || !/^(?:[\w.-]+@[\w.-]+:|(?:ssh|https?|git):\/\/)/.test(config))
        return undefined
      const branch = /^ref: refs\/heads\/(.+)$/m.exec(yield* text(join(own, "HEAD")))?.[1]?.trim() ?? "main"
      return { repository: publicAddress(config), branch, folder: relative(at, folder).split(sep).join("/") }
    }
    if (dirname(at) === at) return undefined
  }
})

/** V8's code of what was compiled before, for a faster start. Loaded before all else, so it uses nothing of the rest. */
import { lstatSync, mkdirSync, statSync } from "node:fs"
import module from "node:module"
import { isAbsolute, join } from "node:path"

/**
 * A folder that nobody but this user can write to, as what lies there is run: `$XDG_CACHE_HOME/fabrik`, else
 * `~/.cache/fabrik`. `undefined`: there is none.
 */
export const cacheFolder = (
  env: Readonly<Record<string, string | undefined>>,
  uid: number | undefined
): string | undefined => {
  const given = env["XDG_CACHE_HOME"] ?? ""
  const home = env["HOME"] ?? ""
  const base = isAbsolute(given) ? given : isAbsolute(home) ? join(home, ".cache") : undefined
  if (base === undefined || uid === undefined) return undefined
  try {
    // `sudo` may leave HOME as it was: no file of root's is to lie in another user's home.
    if (statSync(isAbsolute(given) ? given : home).uid !== uid) return undefined
    const folder = join(base, "fabrik")
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const found = lstatSync(folder)
    return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0 ? folder : undefined
  } catch {
    return undefined
  }
}

/** Where Node has it (22.8) and nobody has said otherwise (NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE). */
export const enableCompileCache = (env: Readonly<Record<string, string | undefined>>): void => {
  const enable: unknown = Reflect.get(module, "enableCompileCache")
  if (typeof enable !== "function") return
  if (env["NODE_COMPILE_CACHE"] !== undefined || env["NODE_DISABLE_COMPILE_CACHE"] !== undefined) return
  const folder = cacheFolder(env, process.getuid?.())
  if (folder !== undefined) enable.call(module, folder)
}

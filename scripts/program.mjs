// Stands for src/cli/Start.ts in dist/fabrik.js: compiles the program, which the file carries as text, from V8's code
// cache where the build has left one beside the file. `carried` is what scripts/build.mjs gives.
import { readFileSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"
import { Script } from "node:vm"

/* global carried */
const { filename, id, nodeRequire, text } = carried

/** V8 itself refuses what another version or other flags made; of the source it compares no more than the length. */
const cache = () => {
  try {
    const bytes = readFileSync(join(dirname(filename ?? realpathSync(process.argv[1])), "fabrik.cache"))
    const made = `${id} ${process.version} ${process.arch}\n`
    return bytes.latin1Slice(0, made.length) === made ? bytes.subarray(made.length) : undefined
  } catch {
    return undefined
  }
}

const script = new Script(text(), {
  filename: "fabrik.js",
  lineOffset: 2,
  columnOffset: 21,
  cachedData: cache()
})
export const { start } = script.runInThisContext()(nodeRequire, { exports: {} })

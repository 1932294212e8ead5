// Bundles src/main.ts into one executable file without dependencies: dist/fabrik.js.
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const { values } = parseArgs({
  options: {
    outdir: { type: "string", default: `${root}dist` },
    analyse: { type: "boolean", default: false }
  }
})
const outfile = join(values.outdir, "fabrik.js")

await mkdir(values.outdir, { recursive: true })
await rm(outfile, { force: true })

// esbuild hoists imports of Node's own modules to the top of the file, where all would load at every start. As
// CommonJS each of them loads with the first module that needs it.
const nodeModulesOnUse = {
  name: "node-modules-on-use",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === "require-call" ? { path, external: true } : { path, namespace: "on-use" }
    )
    onLoad({ filter: /.*/, namespace: "on-use" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`
    }))
  }
}

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // Names stay: they are in stack traces, and cost little once whitespace is gone.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  metafile: true,
  plugins: [nodeModulesOnUse],
  logLevel: "warning",
  // CommonJS dependencies ask for Node's own modules with `require`.
  banner: {
    js: 'import{createRequire as fabrikRequire}from"node:module";const require=fabrikRequire(import.meta.url);'
  }
})

const text = await readFile(outfile, "utf8")
if (!text.startsWith("#!/usr/bin/env node\n")) await writeFile(outfile, `#!/usr/bin/env node\n${text}`)
await chmod(outfile, 0o755)

const { size } = await stat(outfile)
console.log(`${relative(process.cwd(), outfile)} ${Math.round(size / 1024)} KiB`)

if (values.analyse) {
  const [output] = Object.values(metafile.outputs)
  const sizes = new Map()
  for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
    const name =
      /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input.split("/").slice(0, 2).join("/")
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput)
  }
  for (const [name, bytes] of [...sizes].toSorted((a, b) => b[1] - a[1])) {
    console.log(`${String(Math.round(bytes / 1024)).padStart(6)} KiB  ${name}`)
  }
}

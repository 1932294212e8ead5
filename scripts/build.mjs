// Bundles src/main.ts into one executable file without dependencies: dist/fabrik.js.
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const outfile = `${root}dist/fabrik.js`
const analyse = process.argv.includes("--analyse")

await rm(`${root}dist`, { recursive: true, force: true })
await mkdir(`${root}dist`, { recursive: true })

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
console.log(`dist/fabrik.js ${Math.round(size / 1024)} KiB`)

if (analyse) {
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

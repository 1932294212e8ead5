// Bundles src/main.ts: dist/fabrik.js is the command, the chunks beside it what it loads when it is used. Nothing has
// to be installed for it.
import { spawnSync } from "node:child_process"
import { mkdir, rm, readFile, readdir, stat, writeFile } from "node:fs/promises"
import { join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { build } from "esbuild"
import { bundledPackages, licences, sbom } from "./bundled.mjs"
import { compileAhead } from "./eager.mjs"
import { joined } from "./layers.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const { values } = parseArgs({
  options: {
    outdir: { type: "string", default: `${root}dist` },
    analyse: { type: "boolean", default: false }
  }
})
const outdir = resolve(values.outdir)
await mkdir(outdir, { recursive: true })
// A chunk is named by its content: those of earlier builds would stay.
await rm(join(outdir, "chunks"), { recursive: true, force: true })

/**
 * What it is built from: told by whoever has no history at hand, as a container; `undefined` where nobody knows, and `-dirty`
 * behind it where the work tree was changed.
 */
const described = spawnSync("git", ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"], {
  cwd: root,
  encoding: "utf8"
})
const told = process.env["FABRIK_COMMIT"] ?? ""
const commit = told !== "" ? told : described.status === 0 ? described.stdout.trim() : undefined

/** For the packages that are CommonJS. */
const banner = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);'
const common = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  splitting: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // Names stay: they are in stack traces, and cost little once whitespace is gone.
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning"
}
const first = await build({
  ...common,
  entryPoints: { fabrik: "src/main.ts" },
  // The name alone is what the joined file is named by.
  chunkNames: "[hash]/[name]",
  // Its other form is CommonJS, of which nothing can be left out.
  alias: { yaml: join(root, "node_modules/yaml/browser/index.js") },
  define: { FABRIK_COMMIT: JSON.stringify(commit) ?? "undefined" },
  metafile: true,
  write: false
})
const { metafile } = first
const { metafile: written } = await build({
  ...common,
  entryPoints: { fabrik: "fabrik.js" },
  plugins: [joined({ ...first, outdir, root })],
  chunkNames: "chunks/[name]-[hash]",
  minifyWhitespace: true,
  banner: { js: banner },
  metafile: true
})
// To a shell a command, to Node a string and a comment. Behind `--` Node leaves the words to the program: else it would
// look for the file named behind --env-file itself, and end when there is none.
const command = join(outdir, "fabrik.js")
const text = await readFile(command, "utf8")
await writeFile(command, text.replace(/^#!.*\n/, '#!/bin/sh\n":" //; exec node -- "$0" "$@"\n'))
// What Node takes the files for depends on the nearest package.json.
await writeFile(join(outdir, "package.json"), '{ "type": "module" }\n')
const files = [
  command,
  ...(await readdir(join(outdir, "chunks"))).map((name) => join(outdir, "chunks", name))
]
for (const file of files) {
  const [before, after = ""] = (await readFile(file, "utf8")).split(`${banner}\n`)
  // Of no use where nothing is required.
  if (!/\brequire\b/.test(after)) await writeFile(file, before + after)
}
// Of what others call much is the same, and this one sends nothing and waits for nothing.
await compileAhead(command, ["apply", "--dry-run", join(root, "fixtures/test-api.yaml")], files)
const print = async (name, file) => {
  const printed = spawnSync(process.execPath, [command, name], {
    encoding: "utf8",
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" }
  })
  if (printed.status !== 0) throw new Error(`fabrik ${name}: ${printed.stderr}`)
  await writeFile(join(outdir, file), printed.stdout)
}
const packages = await bundledPackages(root, metafile)
const { license, name, version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
await writeFile(
  join(outdir, "sbom.cdx.json"),
  `${JSON.stringify(sbom(packages, { license, name, version }), null, 2)}\n`
)
await writeFile(join(outdir, "THIRD_PARTY_LICENSES.txt"), `${licences(packages)}\n`)
// For editors, which look for it in the package.
await print("schema", "fabrik.schema.json")
// For man, once the package is installed.
await print("man", "fabrik.1")

const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
const total = sizes.reduce((sum, size) => sum + size, 0)
console.log(`${relative(process.cwd(), outdir)}: ${files.length} files, ${Math.round(total / 1024)} KiB`)

if (values.analyse) {
  const before = new Map(
    Object.entries(metafile.outputs).map(([name, output]) => [relative(outdir, join(root, name)), output])
  )
  for (const [name, { bytes, inputs, imports }] of Object.entries(written.outputs)) {
    console.log(
      `${String(Math.round(bytes / 1024)).padStart(6)} KiB  ${name} <- ${imports.filter((i) => i.kind !== "dynamic-import" && !i.external).length}`
    )
    const packages = new Map()
    for (const built of Object.keys(inputs)) {
      const sources = before.get(built.replace(/^built:/, ""))?.inputs ?? {}
      for (const [input, { bytesInOutput }] of Object.entries(sources)) {
        const from =
          /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input.split("/").slice(0, 2).join("/")
        packages.set(from, (packages.get(from) ?? 0) + bytesInOutput)
      }
    }
    for (const [from, size] of [...packages].toSorted((a, b) => b[1] - a[1]).slice(0, 5)) {
      console.log(`${String(Math.round(size / 1024)).padStart(15)} KiB  ${from}`)
    }
  }
}

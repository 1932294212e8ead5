// Bundles src/main.ts into one executable file without dependencies, dist/fabrik.js, which runs as it is wherever it is
// copied. Beside it, for a faster start: V8's code cache of it, and the word that it is CommonJS. Both may be missing.
import { createHash } from "node:crypto"
import { chmod, mkdir, stat, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Script } from "node:vm"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const { values } = parseArgs({
  options: {
    outdir: { type: "string", default: `${root}dist` },
    analyse: { type: "boolean", default: false }
  }
})
const outdir = resolve(values.outdir)
const outfile = join(outdir, "fabrik.js")
const cachefile = join(outdir, "fabrik.cache")

// esbuild loads Node's own modules with the first module that imports them, which is nearly all of them at every start.
// So each is an empty object until one of its members is looked up, but for those which Node has loaded anyhow.
const loaded = new Set(["node:fs", "node:path", "node:process", "node:url", "node:vm"])
const nodeModulesOnUse = {
  name: "node-modules-on-use",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === "require-call" ? { path, external: true } : { path, namespace: "on-use" }
    )
    onLoad({ filter: /.*/, namespace: "on-use" }, ({ path }) => ({
      contents: loaded.has(path)
        ? `module.exports = require("${path}")`
        : `module.exports = Object.create(new Proxy({}, { get: (_, name) => require("${path}")[name] }))`
    }))
  }
}

// What answers --version is compiled without the rest.
const programAsText = {
  name: "program-as-text",
  setup({ onResolve }) {
    onResolve({ filter: /\/Start\.ts$/ }, () => ({ path: `${root}scripts/program.mjs` }))
  }
}

const bundle = async (entryPoint, plugins) => {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    write: false,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // Names stay: they are in stack traces, and cost little once whitespace is gone.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    metafile: true,
    plugins,
    logLevel: "warning"
  })
  return { metafile, text: outputFiles[0].text.replace(/^#!.*\n/, "").trimEnd() }
}

const launcher = await bundle("src/main.ts", [programAsText, nodeModulesOnUse])
const program = await bundle("src/cli/Start.ts", [nodeModulesOnUse])

// esbuild leaves other characters than ASCII in regular expressions only, where they may be escaped as well. One of
// them would double the memory of the whole text.
const ascii = program.text.replace(
  /[^\0-\x7F]/g,
  (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
)
const text = `(function(require,module){${ascii}\nreturn module.exports})`
const id = createHash("sha256").update(text).digest("hex").slice(0, 32)

// To a shell a command, to Node a string and a comment. Behind `--` Node leaves the words to the program: else it would
// look for the file named behind --env-file itself, and end when there is none.
const launch = '":" //; exec node -- "$0" "$@"'
const open = "function program(){/*"
// In a comment the text costs next to nothing until it is wanted. The file is CommonJS and an ES module alike, since
// what it is taken for depends on the package.json above it.
await mkdir(outdir, { recursive: true })
await writeFile(
  outfile,
  `#!/bin/sh
${launch}
${open}${text.replaceAll("*/", "*\x01")}*/}
(run=>typeof require=="function"?run(require,__filename):import("node:module").then(m=>run(m.createRequire(process.execPath))))((require,filename)=>{
const carried={id:"${id}",filename,nodeRequire:require,text:()=>String(program).slice(${open.length},-3).replaceAll("*\\x01","*/")};
${launcher.text}
});
`
)
await chmod(outfile, 0o755)
await writeFile(join(outdir, "package.json"), '{ "type": "commonjs" }\n')

// A cache holds what was compiled by the time it was made: here, whatever a dry run uses (in a directory without .env).
const cwd = process.cwd()
process.chdir(outdir)
const script = new Script(text, { filename: "fabrik.js", lineOffset: 2, columnOffset: open.length })
const { start } = script.runInThisContext()(createRequire(import.meta.url), { exports: {} })
const stream = { write: () => {}, onClose: () => () => {}, tty: false, columns: undefined }
const code = await start({
  argv: ["apply", "--dry-run", join(root, "fixtures/test-api.yaml")],
  env: { LANG: "C.UTF-8" },
  out: stream,
  err: stream,
  inTty: false,
  readLine: () => () => {}
}).done
if (code !== 0) throw new Error(`the dry run ended with ${code}`)
const cache = script.createCachedData()
await writeFile(cachefile, Buffer.concat([Buffer.from(`${id} ${process.version} ${process.arch}\n`), cache]))

for (const file of [outfile, cachefile]) {
  console.log(`${relative(cwd, file)} ${Math.round((await stat(file)).size / 1024)} KiB`)
}

if (values.analyse) {
  const [output] = Object.values(program.metafile.outputs)
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
